"""Content codings undone in bounded memory: gzip, deflate and stacks of them. Pure.

A compressed body is hostile until proven otherwise: 1 MB of gzip can hold 1 GB, and a
gzip of a gzip far more. So every stage hands on pieces of at most `PIECE` bytes, lazily,
and the last one stops as soon as the limit is reached.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Protocol

from crawler_core.text import clean

PIECE = 64 * 1024
"""Bytes that one stage hands on at once."""
MAX_CODINGS = 5
"""Stages of one body; servers that stack by mistake stack two."""

TRUNCATED = "compressed body is truncated"

_PLAIN = frozenset({"", "identity", "none", "utf-8", "utf8", "binary"})
# Not codings, but sent by servers that confuse the header with another one; browsers
# show those pages as they are.
_GZIP_MAGIC = b"\x1f\x8b"


class DecodeError(Exception):
    """The body is not what its Content-Encoding says; the text is one short phrase."""


class Decoder:
    """Collects one body: raw bytes in by `feed`, at most `limit` decoded bytes in `body`.

    `content_encoding` is the header's value ("" without one).
    Raises DecodeError if it names a coding that was not asked for, or too many.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        self._stages = _stages(content_encoding) if content_encoding else []
        self._limit = limit
        self._only = b""  # most bodies are one piece, which is never copied
        self._more: io.BytesIO | None = None  # gives its bytes without a second copy
        self._length = 0
        self.cut = False
        """True when the body is longer than the limit: feed no more."""

    @property
    def body(self) -> bytes:
        """The decoded bytes so far."""
        return self._only if self._more is None else self._more.getvalue()

    def starts_with(self, prefix: bytes) -> bool | None:
        """Whether the first byte that is no space (nor UTF-8 mark) is `prefix`; None if unknown."""
        held = self._only if self._more is None else self._more.getbuffer()
        start = bytes(held[:PIECE]).removeprefix(b"\xef\xbb\xbf").lstrip()
        return start.startswith(prefix) if start else None

    def feed(self, data: bytes) -> bool:
        """Decode `data`; return True while more is wanted, False once the limit is passed.

        Raises DecodeError if the data is damaged.
        """
        if not self._stages:
            return self._take(data)
        return all(self._take(piece) for piece in self._through(0, data))

    def finish(self) -> None:
        """Say that the body has ended. Raises DecodeError if a stage waits for more."""
        if any(stage.is_waiting for stage in self._stages):
            raise DecodeError(TRUNCATED)

    def _take(self, piece: bytes) -> bool:
        room = self._limit - self._length
        if len(piece) > room:
            piece = piece[:room]
            self.cut = True
        if not self._length:
            self._only = piece
        elif piece:
            self._write(piece)
        self._length += len(piece)
        return not self.cut

    def _write(self, piece: bytes) -> None:
        if self._more is None:
            self._more = io.BytesIO()
            self._more.write(self._only)
            self._only = b""
        self._more.write(piece)

    def _through(self, number: int, data: bytes) -> Iterator[bytes]:
        if number == len(self._stages):
            yield data
            return
        for piece in self._stages[number].feed(data):
            yield from self._through(number + 1, piece)


class _Stage(Protocol):
    is_waiting: bool
    """True when data has come in and its end has not."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...


def _stages(content_encoding: str) -> list[_Stage]:
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name not in _PLAIN]
    if len(names) > MAX_CODINGS:
        raise DecodeError(f"{len(names)} content-encodings are stacked")
    return [_stage(name) for name in reversed(names)]  # RFC 9110 §8.4: last applied


def _stage(name: str) -> _Stage:
    if name in ("gzip", "x-gzip"):
        return _Gzip()
    if name == "deflate":
        return _Deflate()
    raise DecodeError(f"content-encoding {clean(name, 40)} was not asked for")


class _Gzip:
    """RFC 1952: one or more members, one after the other; what follows them is ignored."""

    def __init__(self) -> None:
        self.is_waiting = False
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._members = 0
        self._between = b""
        self._over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._over:
            if self._members and not self.is_waiting:
                data = self._next_member(data)
                if not data:
                    return
            self.is_waiting = True
            yield from _inflate(self._member, data, "gzip")
            data = b""
            if self._member.eof:
                data = self._member.unused_data
                self._members += 1
                self.is_waiting = False

    def _next_member(self, data: bytes) -> bytes:
        """Return the data of a further member, or b"" if none starts here (yet)."""
        self._between += data
        if len(self._between) < len(_GZIP_MAGIC) and _GZIP_MAGIC.startswith(self._between):
            return b""
        data, self._between = self._between, b""
        if not data.startswith(_GZIP_MAGIC):  # padding or garbage: gunzip and browsers skip it
            self._over = True
            return b""
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return data


class _Deflate:
    """RFC 9110 §8.4.1.2 means zlib by "deflate"; many servers send the raw format."""

    def __init__(self) -> None:
        self.is_waiting = False
        self._start = b""
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._stream is None:
            self.is_waiting = True
            self._start += data
            if len(self._start) < 2:
                return
            data, self._start = self._start, b""
            self._stream = zlib.decompressobj(_wbits(data))
        if not self._stream.eof:
            yield from _inflate(self._stream, data, "deflate")
            self.is_waiting = not self._stream.eof


def _wbits(start: bytes) -> int:
    is_zlib = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0  # RFC 1950 §2.2
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def _inflate(stream: zlib._Decompress, data: bytes, name: str) -> Iterator[bytes]:
    while True:
        try:
            piece = stream.decompress(data, PIECE)
        except zlib.error as error:
            text = str(error)
            if "header" in text:
                raise DecodeError(f"body is not {name}") from error
            raise DecodeError(f"{name} body is damaged") from error
        if piece:
            yield piece
        data = stream.unconsumed_tail
        # A full piece may leave output inside zlib after its input is used up.
        if stream.eof or (not data and len(piece) < PIECE):
            return
