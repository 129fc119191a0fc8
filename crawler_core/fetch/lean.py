"""HTTP/1.1 over the thread's own few connections: the transport of every ordinary crawl.

An `httpx` transport that does what a crawl needs and no more: one GET at a time, one
kept connection for each origin, no pool to lock or to walk. (HTTP/2 and proxies go
through httpcore, see `classic`.) The headers of the answer travel as the extension
"head": httpx would parse Location and fail on some.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import httpx

from crawler_core.fetch.endings import ConnectionLost, Malformed
from crawler_core.fetch.framing import (
    MAX_HEAD,
    Chunks,
    Ends,
    body_end,
    check_start,
    end_of_head,
    may_be_kept,
    read_head,
)
from crawler_core.fetch.heads import Head
from crawler_core.fetch.stream import KEEP_ALIVE_SECONDS, Dialler, Stream

RECEIVE = 64 * 1024
"""Bytes asked for at once while the length of what comes is not known."""
RECEIVE_MOST = 256 * 1024
"""Bytes asked for at once of a body whose length was told."""


class LeanTransport(httpx.BaseTransport):
    """The connections of one thread, at most `connections` of them kept idle."""

    def __init__(self, dialler: Dialler, *, connections: int) -> None:
        self._dialler = dialler
        self._connections = connections
        self._kept: dict[str, tuple[Stream, float]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a prepared request (see `Seat.send`) and read the head of its answer."""
        origin: str = request.extensions["origin"]
        stream = self._taken(origin) or self._dialled(request.url)
        try:
            head, rest = _exchanged(stream, request)
            ends, length = body_end(head)
        except BaseException:
            stream.close()
            raise
        body = _Body(self, origin, stream, head, ends, length, rest)
        return httpx.Response(head.status, stream=body, extensions={"head": head})

    def keep(self, origin: str, stream: Stream) -> None:
        """Take back a connection on which nothing is left to read."""
        kept = self._kept
        if origin not in kept and len(kept) >= self._connections:
            oldest = next(iter(kept))
            kept.pop(oldest)[0].close()
        kept[origin] = stream, time.monotonic() + KEEP_ALIVE_SECONDS

    def close(self) -> None:
        """Close the idle connections; later requests open new ones."""
        kept, self._kept = self._kept, {}
        for stream, _ in kept.values():
            stream.close()

    def _taken(self, origin: str) -> Stream | None:
        stream, until = self._kept.pop(origin, (None, 0.0))
        if stream is None:
            return None
        # What is readable now is no answer: the end, or bytes that would be taken for one.
        if time.monotonic() < until and not stream.is_readable:
            return stream
        stream.close()
        return None

    def _dialled(self, url: httpx.URL) -> Stream:
        is_secure = url.scheme == "https"
        host = url.raw_host.decode("ascii")
        stream = self._dialler.connect(host, url.port or (443 if is_secure else 80))
        if is_secure:
            stream.start_tls(host)
        return stream


class _Body(httpx.SyncByteStream):
    """The body of one answer, undecoded; read to its end, its connection can be kept."""

    def __init__(
        self,
        transport: LeanTransport,
        origin: str,
        stream: Stream,
        head: Head,
        ends: Ends,
        length: int,
        rest: bytes,
    ) -> None:
        self._transport = transport
        self._origin = origin
        self._stream: Stream | None = stream
        self._head = head
        self._ends = ends
        self._length = length
        self._rest = rest
        self._is_over = ends is Ends.AT_ONCE

    def __iter__(self) -> Iterator[bytes]:
        stream = self._stream
        if stream is None or self._is_over:
            return
        if self._ends is Ends.BY_LENGTH:
            yield from self._by_length(stream)
        elif self._ends is Ends.BY_CHUNKS:
            yield from self._by_chunks(stream)
        else:
            if self._rest:
                yield self._rest
            while data := stream.read(RECEIVE):
                yield data
        self._is_over = True

    def close(self) -> None:
        """Give the connection back, or close it if anything is left on it."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if self._is_over and not self._rest and may_be_kept(self._head, self._ends):
            self._transport.keep(self._origin, stream)
        else:
            stream.close()

    def _by_length(self, stream: Stream) -> Iterator[bytes]:
        left = self._length
        data, self._rest = self._rest[:left], self._rest[left:]
        while True:
            left -= len(data)
            if data:
                yield data
            if not left:
                return
            data = _more(stream, min(left, RECEIVE_MOST))

    def _by_chunks(self, stream: Stream) -> Iterator[bytes]:
        chunks = Chunks()
        yield from chunks.feed(self._rest)
        while not chunks.is_over:
            yield from chunks.feed(_more(stream, RECEIVE))
        self._rest = chunks.rest


def _exchanged(stream: Stream, request: httpx.Request) -> tuple[Head, bytes]:
    """Send the request; the head of its final answer, and what came after it."""
    said = request.extensions
    # A server may answer and close before it has read: what it said counts.
    with contextlib.suppress(ConnectionLost):
        stream.write(b"GET %b HTTP/1.1\r\n%b" % (said["target"], said["fields"]))
    data = _more(stream, RECEIVE)
    spent = 0
    while True:
        data, end = _until_head(stream, data, MAX_HEAD - spent)
        head = read_head(data[:end])
        data = data[end:]
        if head.status >= 200 or head.status == 101:  # 101 is final: nothing was upgraded
            return head, data
        spent += end
        data = data or _more(stream, RECEIVE)


def _until_head(stream: Stream, data: bytes, most: int) -> tuple[bytes, int]:
    """Read on from `data` until it holds a whole head; where that ends."""
    check_start(data)
    end = end_of_head(data)
    if end < 0:
        held = bytearray(data)
        while end < 0 and len(held) <= most:
            seen = len(held)
            held += _more(stream, RECEIVE)
            check_start(held)
            end = end_of_head(held, seen)
        data = bytes(held)
    if end < 0 or end > most:
        raise Malformed("the headers are too long")
    return data, end


def _more(stream: Stream, max_bytes: int) -> bytes:
    """What comes next. Raises ConnectionLost at the end: more was awaited."""
    data = stream.read(max_bytes)
    if not data:
        raise ConnectionLost
    return data
