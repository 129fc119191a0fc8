"""Whatever a server does to the connection or to HTTP, a fetch ends in time as a value."""

from __future__ import annotations

import itertools

import pytest

from crawler_core.fetch import faults
from crawler_core.fetch.verdicts import NO_LOCATION
from crawler_core.model import Outcome, Purpose
from tests.core.fetch.conftest import TIMEOUT, Get, MakeFetcher, request
from tests.core.fetch.faultserver import FaultServer, Route, Talk, chunked, response

OK = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def _then(data: bytes, end: str = "close") -> Route:
    def answer(talk: Talk) -> None:
        talk.send(data)
        if end == "hold":
            talk.hold()
        elif end == "reset":
            talk.reset()

    return answer


def _drip(start: bytes, pieces: object = None, every: float = 0.02) -> Route:
    def answer(talk: Talk) -> None:
        talk.send(start)
        talk.drip(pieces or itertools.repeat(b"x"), every)  # type: ignore[arg-type]

    return answer


def _headers_one_by_one() -> itertools.chain[bytes]:
    lines = (f"X-{number}: {'v' * 50}\r\n".encode() for number in itertools.count())
    return itertools.chain([OK.encode()], lines)


STALLS: dict[str, Route] = {
    "before the answer": _then(b"", "hold"),
    "in the status line": _then(b"HTTP/1.1 20", "hold"),
    "in the headers": _then(OK.encode(), "hold"),
    "in the body": _then(response(b"<p>", length=100), "hold"),
    "in a chunk": _then(chunked(b"<p>", end=b"ff\r\nabc"), "hold"),
    "after 100 Continue": _then(b"HTTP/1.1 100 Continue\r\n\r\n", "hold"),
    "headers drip": _drip(OK.encode() + b"X-Slow: "),
    "1xx without end": _drip(b"", itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n")),
    "body drips": _drip(response(b"<p>", length=10_000)),
    "chunks drip": _drip(chunked(end=b""), itertools.repeat(b"1\r\nx\r\n")),
}


@pytest.mark.parametrize("name", STALLS)
def test_a_deadline_ends_every_stall(server: FaultServer, get: Get, name: str) -> None:
    """A server that stalls or drips anywhere is left when the attempt's seconds are over."""
    result = get(server.serve("/", STALLS[name]))
    assert result.outcome is Outcome.TIMEOUT
    assert result.status_code == 0
    assert TIMEOUT * 0.9 < result.seconds < TIMEOUT + 5


RESETS: dict[str, tuple[Route, str]] = {
    "closed at once": (_then(b""), faults.CLOSED_UNANSWERED),
    "closed in the status line": (_then(b"HTTP/1.1 20"), faults.CLOSED_UNANSWERED),
    "closed in the headers": (_then(OK.encode()), faults.CLOSED_UNANSWERED),
    "reset at once": (_then(b"", "reset"), "connection reset by peer"),
    "reset in the body": (
        _then(response(b"<p>" * 10, length=10_000), "reset"),
        "connection reset by peer",
    ),
    "body shorter than told": (_then(response(b"<p>", length=9)), faults.CLOSED_EARLY),
    "last chunk missing": (_then(chunked(b"<p>one", end=b"")), faults.CLOSED_EARLY),
    "closed in a chunk": (_then(chunked(end=b"ff\r\nabc")), faults.CLOSED_EARLY),
}


@pytest.mark.parametrize("name", RESETS)
def test_a_broken_connection_is_a_reset(server: FaultServer, get: Get, name: str) -> None:
    """A connection that ends before its answer does is never a complete page."""
    route, phrase = RESETS[name]
    result = get(server.serve("/", route))
    assert (result.outcome, result.status_code) == (Outcome.RESET, 0)
    assert result.error == phrase
    assert (result.body, result.body_read, result.digest) == (b"", False, "")


MALFORMED: dict[str, bytes] = {
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html><title>old</title>",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "no status code": b"HTTP/1.1 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 099": b"HTTP/1.1 099 Low\r\n\r\n",
    "status 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "line break first": b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "header without colon": f"{OK}nonsense\r\n\r\n".encode(),
    "space before colon": f"{OK}X-Odd : 1\r\n\r\n".encode(),
    "NUL in a header": f"{OK}X-Odd: a\0b\r\n\r\n".encode(),
    "a header of 300 KB": f"{OK}X-Long: {'x' * 300_000}\r\n\r\n".encode(),
    "20,000 headers": OK.encode() + b"X-Many: 0123456789abcdef\r\n" * 20_000 + b"\r\n",
    "two lengths": f"{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab".encode(),
    "negative length": f"{OK}Content-Length: -1\r\n\r\nab".encode(),
    "length no number": f"{OK}Content-Length: ten\r\n\r\nab".encode(),
    "unknown transfer coding": f"{OK}Transfer-Encoding: magic\r\n\r\nab".encode(),
    "chunk size no number": chunked(end=b"zz\r\nab\r\n0\r\n\r\n"),
    "chunk longer than told": chunked(end=b"2\r\nabcdef\r\n0\r\n\r\n"),
    "chunk size too long": chunked(end=b"f" * 30 + b"\r\nab\r\n"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_http_is_a_protocol_error(server: FaultServer, get: Get, name: str) -> None:
    """What breaks the grammar of HTTP ends at once as a protocol error with a clean phrase."""
    result = get(server.serve("/", _then(MALFORMED[name], "hold")))
    assert result.outcome is Outcome.PROTOCOL_ERROR
    assert result.error.isprintable()
    assert 0 < len(result.error) <= 120
    assert result.seconds < TIMEOUT


def test_what_is_no_http_is_left_however_it_arrives(server: FaultServer, get: Get) -> None:
    """A greeting in pieces that only begins like HTTP is not waited for."""

    def greet(talk: Talk) -> None:
        talk.drip([b"HT", b"TQ/2"])
        talk.hold()

    result = get(server.serve("/", greet))
    assert result.outcome is Outcome.PROTOCOL_ERROR
    assert result.seconds < TIMEOUT


def test_interim_answers_are_bounded(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A flood of interim answers ends by its size, long before its time."""
    flood = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000
    fetcher = make_fetcher(timeout=30, http2=False)
    result = fetcher.fetch(request(server.serve("/", _then(flood, "hold"))))
    assert (result.outcome, result.error) == (Outcome.PROTOCOL_ERROR, "the headers are too long")
    assert result.seconds < 5


def test_headers_without_end_are_left(server: FaultServer, get: Get) -> None:
    """Endless headers end by size or by time, whichever comes first."""
    fast = get(server.serve("/", _drip(b"", _headers_one_by_one(), every=0)))
    assert fast.outcome in (Outcome.PROTOCOL_ERROR, Outcome.TIMEOUT)
    assert fast.wire_bytes < 400_000
    assert fast.seconds < TIMEOUT + 5


ODD_BUT_VALID: dict[str, bytes] = {
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 3\r\nContent-Type: text/html\r\n\r\n<p>",
    "HTTP/1.0 until close": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>",
    "folded header": f"{OK}X-Folded: a\r\n  b\r\nContent-Length: 3\r\n\r\n<p>".encode(),
    "bare LF": b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 3\n\n<p>",
    "same length twice": f"{OK}Content-Length: 3\r\nContent-Length: 3\r\n\r\n<p>".encode(),
    "length and chunks": chunked(b"<p>", headers="Content-Length: 999"),
    "early hints first": b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(b"<p>"),
    "chunk extension": chunked(end=b"3;a=b\r\n<p>\r\n0\r\nTrailer: x\r\n\r\n"),
}


@pytest.mark.parametrize("name", ODD_BUT_VALID)
def test_odd_but_valid_http_is_read(server: FaultServer, get: Get, name: str) -> None:
    """Forms that browsers accept and HTTP allows bring the page."""
    result = get(server.serve("/", _then(ODD_BUT_VALID[name])))
    assert (result.outcome, result.status_code, result.body) == (Outcome.OK, 200, b"<p>")
    assert result.body_read
    assert result.is_html


@pytest.mark.parametrize(
    "charset", ["rot13", "hex", "zip", "base64", "uu", "undefined", "idna", "utf-16", "x\x1b[31m"]
)
def test_a_hostile_charset_is_left_to_the_parser(
    server: FaultServer, get: Get, charset: str
) -> None:
    """No charset can make a fetch fail: bodies stay bytes, and the header is kept clean."""
    url = server.serve("/", response(b"<p>", content_type=f"text/html; charset={charset}"))
    result = get(url)
    assert (result.outcome, result.body) == (Outcome.OK, b"<p>")
    assert "\x1b" not in result.content_type


LOCATIONS = [
    "javascript:alert(1)",
    "data:text/html,x",
    "http://example.com:99999/",
    "file:///etc/passwd",
    "http://[::1",
    "//",
    "http://a b/",
    "/plain",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_no_location_can_break_a_redirect(server: FaultServer, get: Get, location: str) -> None:
    """A redirect is reported with its Location as sent, and is not followed."""
    url = server.serve("/", response(b"", status="302 Found", headers=f"Location: {location}"))
    result = get(url)
    assert (result.outcome, result.status_code) == (Outcome.REDIRECT, 302)
    assert result.location == location
    assert len(server.heads) == 1


@pytest.mark.parametrize("headers", ["", "Location:", "Location:  "])
def test_a_redirect_to_nowhere_is_a_protocol_error(
    server: FaultServer, get: Get, headers: str
) -> None:
    """Without a Location, or with an empty one, a 3xx does not lead back to itself."""
    result = get(server.serve("/", response(b"", status="301 Moved", headers=headers)))
    assert (result.outcome, result.status_code) == (Outcome.PROTOCOL_ERROR, 301)
    assert result.error == NO_LOCATION


def test_credentials_in_a_location_are_not_recorded_in_the_headers(
    server: FaultServer, get: Get
) -> None:
    """`user:secret@` of a redirect's target and cookies' values stay out of the record."""
    headers = "Location: http://user:secret@127.0.0.1/\nSet-Cookie: session=secret; Path=/"
    result = get(server.serve("/", response(b"", status="302 Found", headers=headers)))
    assert "secret" not in repr(result.headers)
    assert result.header("location") == "http://127.0.0.1/"
    assert result.header("set-cookie") == "session=…"


def test_an_error_page_that_breaks_off_is_still_that_error(server: FaultServer, get: Get) -> None:
    """The status of an error page holds even if its body does not come."""
    broken = response(b"<p>", status="404 Not Found", length=100)
    result = get(server.serve("/", _then(broken)))
    assert (result.outcome, result.status_code) == (Outcome.CLIENT_ERROR, 404)
    assert not result.body_read


def test_a_refused_connection_is_told(get: Get) -> None:
    """Nobody listening, and port 0, end as refused."""
    server = FaultServer()
    server.close()
    result = get(server.url("/"))
    assert (result.outcome, result.error) == (Outcome.REFUSED, "connection refused")
    assert get("http://127.0.0.1:0/").outcome is Outcome.REFUSED


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "javascript:x", "http://", "", "http://\xe4/"])
def test_what_is_no_http_url_is_a_protocol_error(get: Get, url: str) -> None:
    """A URL that cannot be asked for is an outcome, not an exception."""
    assert get(url).outcome is Outcome.PROTOCOL_ERROR


def test_the_next_fetch_works_after_every_fault(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """A fault leaves nothing behind that harms the thread's next answer."""
    fetcher = make_fetcher()
    good = server.serve("/good", response(b"<title>good"))
    routes = [route for route, _ in RESETS.values()]
    routes += [_then(data, "hold") for data in MALFORMED.values()]
    for number, route in enumerate(routes):
        fetcher.fetch(request(server.serve(f"/bad{number}", route)))
        assert fetcher.fetch(request(good)).body == b"<title>good"


@pytest.mark.parametrize("purpose", [Purpose.CHECK, Purpose.ROBOTS])
def test_other_purposes_have_the_same_deadline(
    server: FaultServer, get: Get, purpose: Purpose
) -> None:
    """A check or a robots.txt that stalls before its headers is a timeout, too."""
    result = get(server.serve("/", STALLS["in the headers"]), purpose)
    assert result.outcome is Outcome.TIMEOUT
