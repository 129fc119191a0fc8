"""The grammar of HTTP/1.1, held against h11 and against every way of cutting bytes up."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import h11
import pytest

from crawler_core.fetch import framing
from crawler_core.fetch.endings import Malformed, NotHttp
from crawler_core.fetch.framing import Chunks, Ends, body_end, end_of_head, may_be_kept, read_head
from tests.core.fetch.faultserver import chunked

STARTS = [
    *[b"HTTP/1.1 200 OK"] * 6,
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1 204 No",
    b"HTTP/1.1 304 N",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1  200 OK",
    b"HTTP/1.1 99 x",
    b"HTTP/1.1 0200 x",
    b"HTTP/1.1 200OK",
    b"HTTP/11 200 OK",
    b"HTTP/1.1 200 \xff",
    b"HTTP/1.1 200 a\x00",
    b"HTTP/1.1 200 a\tb",
    b"HTTP/1.1 500 \x0b",
]
LINES = [
    b"Content-Length: 3",
    b"content-length:3 ",
    b"Content-Length: 3, 3",
    b"Content-Length: 5",
    b"Content-Length:",
    b"Content-Length: +3",
    b"Content-Length: 3_0",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: CHUNKED",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Connection: close",
    b"X: a\tb",
    b"X:",
    b"X : 1",
    b" folded",
    b"\tfolded too",
    b"X-\xff: 1",
    b"Y: \xff\xe4",
    b"Y: caf\xc3\xa9",
    b"Z: a\x00b",
    b"Z: a\x0bb",
    b"Z: a\rb",
    b"Z: \x1b[31m",
    b"nonsense",
    b":",
    b": x",
]
BODIES = [
    b"",
    b"abc",
    b"abcde",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
    b"3\r\nabcd\r\n0\r\n\r\n",
    b"03\r\nabc\r\n00\r\n\r\n",
    b"3 \r\nabc\r\n0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n",
    b"-3\r\nabc\r\n0\r\n\r\n",
    b"3\r\nabc\r\n0\r\nbad trailer\r\n\r\n",
    b"3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"fffffffffffffffffffff\r\nabc\r\n",
    b"3\r\nab",
    b"3\r\nabc\r\n0\r\n\r",
]

Answer = tuple[int, bytes] | None
"""Status and body; None for one that is refused or not whole."""


def _answers(count: int) -> Iterator[bytes]:
    chance = random.Random(7)
    for _ in range(count):
        eol = chance.choice([b"\r\n"] * 8 + [b"\n"])
        lines = [chance.choice(STARTS), *chance.choices(LINES, k=chance.randrange(5))]
        raw = eol.join(lines) + eol + eol + chance.choice(BODIES)
        if chance.random() < 0.1:
            at = chance.randrange(len(raw))
            raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        yield raw


def _ours(raw: bytes) -> Answer:
    try:
        framing.check_start(raw)
        end = end_of_head(raw)
        if end < 0:
            return None
        head, rest = read_head(raw[:end]), raw[end:]
        ends, length = body_end(head)
        if ends is Ends.BY_LENGTH:
            return (head.status, rest[:length]) if len(rest) >= length else None
        if ends is Ends.BY_CHUNKS:
            chunks = Chunks()
            body = b"".join(chunks.feed(rest))
            return (head.status, body) if chunks.is_over else None
        return head.status, rest if ends is Ends.BY_CLOSING else b""
    except Malformed:
        return None


def _reference(raw: bytes) -> Answer:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    connection.receive_data(b"")
    status, body = 0, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            else:
                return None
    except h11.RemoteProtocolError:
        return None


def _is_stricter(raw: bytes) -> bool:
    """What h11 refuses and we read, as browsers do: chunks in spite of a senseless length."""
    head = read_head(raw[: end_of_head(raw)])
    return "transfer-encoding" in head and "content-length" in head


def test_answers_are_read_as_h11_reads_them() -> None:
    """Of thousands of odd answers the same are read, alike, and the same are refused."""
    read = refused = 0
    for raw in _answers(6000):
        ours, reference = _ours(raw), _reference(raw)
        if ours != reference:
            assert reference is None, raw
            assert _is_stricter(raw), raw
        read += ours is not None
        refused += ours is None
    assert read > 1000
    assert refused > 1000


def _fed(raw: bytes, size: int) -> tuple[bytes, bytes]:
    """The body in `raw`, fed `size` bytes at a time, and what is left behind it."""
    chunks = Chunks()
    body, at = b"", 0
    while not chunks.is_over:
        assert at < len(raw)
        body += b"".join(chunks.feed(raw[at : at + size]))
        at += size
    return body, chunks.rest + raw[at:]


WHOLE = chunked(b"<p>one", b"x" * 300, end=b"0\r\nTrailer: x\r\n\r\nrest").partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1000])
def test_chunks_are_the_same_however_they_arrive(size: int) -> None:
    """No cut between two reads changes a body, its end, or what lies behind it."""
    body, rest = _fed(WHOLE, size)
    assert body == b"<p>one" + b"x" * 300
    assert rest == b"rest"


def test_a_chunk_longer_than_told_is_seen_at_once() -> None:
    """What stands in the place of a chunk's end is refused before anything more comes."""
    with pytest.raises(Malformed):
        Chunks().feed(b"2\r\nabcd")
    assert Chunks().feed(b"2\r\nab\r") == [b"ab"]


@pytest.mark.parametrize(
    "raw", [b"1" * 100_000, b"1;" + b"x" * 100_000, b"0\r\n" + b"X: y\r\n" * 30_000]
)
def test_what_stands_between_chunks_is_bounded(raw: bytes) -> None:
    """A chunk line or trailers without end are refused before they fill the memory."""
    with pytest.raises(Malformed):
        _fed(raw, 1000)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_end_of_a_head_is_found_across_reads(size: int) -> None:
    """The empty line is seen wherever it is cut."""
    for raw in (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", b"HTTP/1.1 200 OK\nA: b\n\nbody"):
        held = bytearray()
        found = -1
        for at in range(0, len(raw), size):
            seen = len(held)
            held += raw[at : at + size]
            found = end_of_head(held, seen)
            if found >= 0:
                break
        assert raw[found:] == b"body"


@pytest.mark.parametrize("start", [b"S", b"HTT\r", b"<html", b"\r\n", b"http/"])
def test_what_is_no_http_is_seen_at_its_first_bytes(start: bytes) -> None:
    """A server of something else is left at once, not after its seconds are over."""
    with pytest.raises(NotHttp):
        framing.check_start(start)
    for whole in (b"", b"H", b"HTTP", b"HTTP/1.1 200"):
        framing.check_start(whole)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 304 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.1 101 Switch\r\n\r\n", False),
    ],
)
def test_only_a_clear_end_keeps_a_connection(raw: bytes, kept: bool) -> None:
    """A connection serves again only if both sides surely agree where its answer ended."""
    head = read_head(raw)
    assert may_be_kept(head, body_end(head)[0]) is kept


def test_known_lines_are_few_and_change_nothing() -> None:
    """However many headers a site invents, few are remembered; each is read by its own bytes."""
    for number in itertools.chain(range(5000), range(5000)):
        name = b"X-%d" % (number % 100)
        head = read_head(b"HTTP/1.1 200 OK\r\n%b: v%d\r\n\r\n" % (name, number))
        assert head.get(name.decode().lower()) == f"v{number}"
    long = b"X-Long: " + b"v" * 5000
    assert len(read_head(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % long).get("x-long")) == 5000
    assert len(framing._known) <= 2048
    assert max(map(len, framing._known)) <= 200
