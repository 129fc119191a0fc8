"""The grammar of HTTP/1.1 answers (RFC 9112), as strict as browsers let it be. Pure.

Own code, because the answers of a crawl are hostile and its hot path at once: what is
read leniently (a bare LF, folded lines, a length said twice) and what is refused is a
promise of the fetcher, and servers send the same header lines again and again, so each
distinct line is looked at once.
"""

from __future__ import annotations

import enum
import re

from crawler_core.fetch.endings import Malformed, NotHttp
from crawler_core.fetch.heads import Field, Head, field_of

MAX_HEAD = 100 * 1024
"""Bytes of one answer's headers, interim answers and trailers included."""
MAX_CHUNK_LINE = 16 * 1024
"""Bytes of a chunk's size with its extensions."""

_START = b"HTTP/"
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/([0-9]\.[0-9]) ([1-9][0-9]{2})(?: [^\x00\r\v\f]*)?\r?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_NO_VALUE = re.compile(rb"[\x00\r\v\f]")  # other control characters are cleaned, not refused
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")
_BLANK = (b"\r", b"")

_MAX_KNOWN = 2048
_MAX_KNOWN_BYTES = 200
_known: dict[bytes, Field] = {}
"""Header lines read before. Shared by all threads: each step on it is atomic."""


class Ends(enum.Enum):
    """What marks the end of a body (RFC 9112 §6.3)."""

    AT_ONCE = 1
    BY_LENGTH = 2
    BY_CHUNKS = 3
    BY_CLOSING = 4


def check_start(data: bytes | bytearray) -> None:
    """Raise NotHttp as soon as `data`, the beginning of an answer, cannot be one."""
    if not data.startswith(_START[: len(data)]):
        raise NotHttp("the answer is not HTTP")


def end_of_head(data: bytes | bytearray, start: int = 0) -> int:
    """Where the body begins in `data`, looked for from `start`; -1 if not there yet."""
    found = _END_OF_HEAD.search(data, max(0, start - 3))
    return found.end() if found else -1


def read_head(data: bytes) -> Head:
    """Read status line and headers, up to and with the empty line. Raises Malformed."""
    lines = data.split(b"\n")
    found = _STATUS_LINE.fullmatch(lines[0])
    if found is None:
        raise Malformed("malformed status line")
    fields = []
    for line in lines[1:-2]:
        field = _known.get(line)
        if field is None:
            if line[:1] in b" \t":  # obsolete folding (RFC 9112 §5.2), rare
                return _read_folded(data)
            field = _read_line(line)
        fields.append(field)
    return Head(int(found[2]), f"HTTP/{found[1].decode()}", fields)


def body_end(head: Head) -> tuple[Ends, int]:
    """How the body of `head` ends, and its bytes if they were told. Raises Malformed."""
    ends, length = _framing(head)
    if head.has_no_body or head.status == 101:
        return Ends.AT_ONCE, 0
    return ends, length


def may_be_kept(head: Head, ends: Ends) -> bool:
    """True if the connection serves another request after this answer (RFC 9112 §9.3)."""
    if ends is Ends.BY_CLOSING or head.status == 101 or head.http_version < "HTTP/1.1":
        return False
    if ends is Ends.BY_CHUNKS and "content-length" in head:
        return False  # somebody on the way may have believed the other one (RFC 9112 §6.1)
    return head.keeps_connection


class Chunks:
    """A chunked body taken apart as it comes in (RFC 9112 §7.1)."""

    def __init__(self) -> None:
        self.is_over = False
        """True once the last chunk and the trailers were read."""
        self.rest = b""
        """What came after the end: nobody's bytes."""
        self._held = b""
        self._left = 0
        self._after_data = False
        self._in_trailers = False
        self._trailers = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the pieces of the body in `data`. Raises Malformed."""
        data = self._held + data if self._held else data
        pieces: list[bytes] = []
        at = 0
        while not self.is_over:
            if self._left:
                piece = data[at : at + self._left]
                if not piece:
                    break
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._after_data = not self._left
            else:
                end = data.find(b"\n", at)
                if end < 0:
                    break
                self._line(data[at:end])
                at = end + 1
        self._hold(data[at:])
        return pieces

    def _hold(self, rest: bytes) -> None:
        if self.is_over:
            self.rest, self._held = rest, b""
            return
        self._held = rest
        if self._after_data and rest not in _BLANK:
            raise Malformed("malformed chunk")
        if len(rest) > MAX_CHUNK_LINE:
            raise Malformed("malformed chunk")

    def _line(self, line: bytes) -> None:
        if self._in_trailers:
            self._trailer(line)
            return
        if not line.endswith(b"\r"):
            raise Malformed("malformed chunk")
        line = line[:-1]
        if self._after_data:
            if line:
                raise Malformed("malformed chunk")
            self._after_data = False
            return
        found = _CHUNK_LINE.fullmatch(line)
        if found is None or len(line) > MAX_CHUNK_LINE:
            raise Malformed("malformed chunk")
        self._left = int(found[1], 16)
        self._in_trailers = not self._left

    def _trailer(self, line: bytes) -> None:
        self._trailers += len(line) + 1
        if self._trailers > MAX_HEAD:
            raise Malformed("the headers are too long")
        if line in _BLANK:
            self.is_over = True
        else:
            _read_line(line)  # must be a header, and is not wanted


def _framing(head: Head) -> tuple[Ends, int]:
    if "transfer-encoding" in head:
        if head.get("transfer-encoding").lower() != "chunked":
            raise Malformed("unknown Transfer-Encoding")
        return Ends.BY_CHUNKS, 0
    if "content-length" not in head:
        return Ends.BY_CLOSING, 0
    text = head.get("content-length")
    if "," in text:  # one length said twice is read, two lengths are not (RFC 9112 §6.3)
        text, *others = {length.strip(" \t") for length in text.split(",")}
        if others:
            raise Malformed("contradicting Content-Length")
    if len(text) > 18 or not (text.isascii() and text.isdigit()):
        raise Malformed("contradicting Content-Length")
    return (Ends.BY_LENGTH, int(text)) if int(text) else (Ends.AT_ONCE, 0)


def _read_folded(data: bytes) -> Head:
    first, _, rest = data.partition(b"\n")
    if rest[:1] in b" \t":
        raise Malformed("malformed header line")
    return read_head(first + b"\n" + _FOLD.sub(b" ", rest))


def _read_line(line: bytes) -> Field:
    name, colon, value = line.removesuffix(b"\r").partition(b":")
    value = value.strip(b" \t")
    if not colon or not _NAME.fullmatch(name) or _NO_VALUE.search(value):
        raise Malformed("malformed header line")
    field = field_of(name, value)
    if len(line) <= _MAX_KNOWN_BYTES:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[line] = field
    return field
