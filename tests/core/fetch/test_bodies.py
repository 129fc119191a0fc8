"""How much of a body is read, for which purpose, and what is recorded of it."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import time

import pytest

from crawler_core.config import PAGE_SNIFF_BYTES
from crawler_core.fetch import body
from crawler_core.fetch.body import ROBOTS_BYTES
from crawler_core.model import Outcome, Purpose
from tests.core.fetch.conftest import Get, MakeFetcher, request
from tests.core.fetch.faultserver import FaultServer, Route, Talk, chunked, response

PAGE = b"<title>A page</title>" * 50


def test_all_fields_of_a_page(server: FaultServer, get: Get) -> None:
    """A page is recorded with its sizes, digest, times, headers and worker."""
    packed = gzip.compress(PAGE)
    raw = response(packed, headers="Content-Encoding: gzip\nX-Thing: a\x1b[31mb\nx-thing: caf\xe9")
    before = time.time()
    result = get(server.serve("/page?x=1", raw))
    assert (result.outcome, result.status_code, result.error) == (Outcome.OK, 200, "")
    assert (result.body, result.body_read, result.is_html) == (PAGE, True, True)
    assert (result.size, result.transferred) == (len(PAGE), len(packed))
    assert result.wire_bytes == len(raw)
    assert result.digest == hashlib.md5(PAGE).hexdigest()
    assert result.header("x-thing") == "a\N{REPLACEMENT CHARACTER}[31mb, café"
    assert result.content_type == "text/html"
    assert result.http_version == "HTTP/1.1"
    assert result.worker == "T01"
    assert before <= result.started <= time.time()
    assert 0 < result.seconds < 10


def test_headers_are_bounded(server: FaultServer, get: Get) -> None:
    """At most 100 headers of 2,000 characters are kept; the first 100 count."""
    lines = "\n".join(f"X-{number}: {'v' * 300}" for number in range(200))
    url = server.serve("/", response(PAGE, headers=f"X-Long: {'x' * 5000}\n{lines}"))
    result = get(url)
    assert result.body == PAGE
    assert len(result.headers) == 100
    assert len(result.header("x-long")) == 2000


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "200 OK"])
def test_html_is_read_whatever_the_status(server: FaultServer, get: Get, status: str) -> None:
    """Error pages have sizes and digests, too."""
    result = get(server.serve("/", response(PAGE, status=status)))
    assert (result.status_code, result.size) == (int(status[:3]), len(PAGE))
    assert result.digest


def test_a_long_page_is_cut(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A page longer than the cap gives its first bytes; one of the cap's length is whole."""
    fetcher = make_fetcher(max_body=len(PAGE))
    url = server.serve("/long", response(PAGE + b"x"))
    result = fetcher.fetch(request(url))
    assert (result.outcome, result.status_code) == (Outcome.TOO_LARGE, 200)
    assert (result.body, result.size, result.body_read) == (PAGE, len(PAGE), True)
    assert result.is_html
    whole = fetcher.fetch(request(server.serve("/whole", response(PAGE))))
    assert (whole.outcome, whole.body) == (Outcome.OK, PAGE)


def test_a_long_error_page_is_still_an_error(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """The status of a page beyond the cap is not lost."""
    fetcher = make_fetcher(max_body=10)
    result = fetcher.fetch(request(server.serve("/", response(PAGE, status="404 Not Found"))))
    assert (result.outcome, result.size) == (Outcome.CLIENT_ERROR, 10)


def test_an_endless_page_ends_at_the_cap(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A body that never ends is left soon after the cap."""
    pieces = itertools.chain([response(b"", length=None)], itertools.repeat(b"<p>" * 1000))
    url = server.serve("/", lambda talk: talk.drip(pieces, 0))
    result = make_fetcher(max_body=100_000, timeout=5).fetch(request(url))
    assert result.outcome is Outcome.TOO_LARGE
    assert len(result.body) == 100_000
    assert result.wire_bytes < 400_000


@pytest.mark.parametrize(
    ("content_type", "is_html"),
    [
        ("text/html", True),
        ("TEXT/HTML; charset=x", True),
        ("application/xhtml+xml", True),
        ("text/plain, text/html", True),
        ("text/html, text/plain", False),
        ("text/htmlx", False),
        ("application/pdf", False),
        ("image/png", False),
        ("nonsense", False),
    ],
)
def test_only_html_is_kept(server: FaultServer, get: Get, content_type: str, is_html: bool) -> None:
    """The media type alone decides whether a body is read."""
    result = get(server.serve("/", response(PAGE, content_type=content_type)))
    assert (result.is_html, result.body_read) == (is_html, is_html)
    assert result.size == len(PAGE)
    assert result.transferred == (len(PAGE) if is_html else None)


@pytest.mark.parametrize(
    ("start", "is_html"),
    [
        (b"<html>", True),
        (b" \r\n\t<p>", True),
        (b"\xef\xbb\xbf\n<p>", True),
        (b"%PDF-1.4", False),
        (b"plain text <p>", False),
        (b"   ", False),
        (b"", False),
    ],
)
def test_an_undeclared_type_is_looked_at(
    server: FaultServer, get: Get, start: bytes, is_html: bool
) -> None:
    """Without a Content-Type, what begins with `<` is HTML."""
    for raw in (response(start, content_type=""), response(start, content_type=" ")):
        result = get(server.serve("/", raw))
        assert result.outcome is Outcome.OK
        assert (result.is_html, result.body_read) == (is_html, is_html)


def test_an_undeclared_compressed_page_is_looked_at(server: FaultServer, get: Get) -> None:
    """The look goes at the decoded start."""
    raw = response(gzip.compress(PAGE), content_type="", headers="Content-Encoding: gzip")
    assert get(server.serve("/", raw)).body == PAGE


def test_a_check_reads_no_page(server: FaultServer, get: Get) -> None:
    """A check has status, type and Content-Length, and no body."""
    result = get(server.serve("/", response(PAGE)), Purpose.CHECK)
    assert (result.outcome, result.is_html, result.size) == (Outcome.OK, True, len(PAGE))
    assert (result.body, result.body_read, result.transferred, result.digest) == (
        b"",
        False,
        None,
        "",
    )


KEPT: dict[str, bytes] = {
    "small": response(PAGE, content_type="image/png"),
    "empty": response(b"", content_type="image/png"),
    "204": response(b"", status="204 No Content", content_type="", length=None),
    "64 KB": response(bytes(PAGE_SNIFF_BYTES), content_type="image/png"),
    "chunked": chunked(PAGE, PAGE).replace(b"text/html", b"image/png"),
    "damaged gzip": response(b"junk", content_type="image/png", headers="Content-Encoding: gzip"),
    "not found": response(b"no", status="404 Not Found", content_type="text/plain"),
    "redirect": response(b"go", status="302 Found", content_type="", headers="Location: /x"),
}


@pytest.mark.parametrize("purpose", [Purpose.CHECK, Purpose.CRAWL])
@pytest.mark.parametrize("name", KEPT)
def test_small_bodies_are_drained_to_keep_the_connection(
    server: FaultServer, get: Get, name: str, purpose: Purpose
) -> None:
    """After a small body that is not wanted the same connection serves the next request."""
    url = server.serve("/", KEPT[name])
    for _ in range(3):
        assert get(url, purpose).status_code
    assert server.connections == 1


CLOSED: dict[str, bytes] = {
    "over 64 KB": response(bytes(PAGE_SNIFF_BYTES + 1), content_type="image/png"),
    "long chunked": chunked(*[bytes(9000)] * 20).replace(b"text/html", b"image/png"),
    "said so": response(b"x", content_type="image/png", headers="Connection: close"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_large_bodies_are_left(server: FaultServer, get: Get, name: str) -> None:
    """A large body that is not wanted is not read: its connection is closed instead."""
    url = server.serve("/", CLOSED[name])
    for _ in range(2):
        assert get(url).outcome is Outcome.OK
    assert server.connections == 2


def _stream_until(data: bytes) -> Route:
    def answer(talk: Talk) -> None:
        talk.send(data)
        talk.hold()

    return answer


@pytest.mark.parametrize(
    "data",
    [
        response(b"abc", content_type="image/png", length=9000),
        response(b"", content_type="video/mp4", length=10**12),
        chunked(b"data: 1", end=b"").replace(b"text/html", b"text/event-stream"),
        response(b"", content_type="audio/mpeg", length=None),
    ],
)
def test_an_unwanted_body_that_stalls_changes_nothing(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """The answer is known at its headers; a stall behind them costs little time."""
    monkeypatch.setattr(body, "DRAIN_SECONDS", 0.3)
    fetcher = make_fetcher(timeout=30)
    result = fetcher.fetch(request(server.serve("/", _stream_until(data))))
    assert (result.outcome, result.status_code) == (Outcome.OK, 200)
    assert result.seconds < 10


def test_robots_txt_is_read_whatever_its_type(server: FaultServer, get: Get) -> None:
    """The rules are read to 512 KiB (RFC 9309 §2.5: at least 500), and a cut is no fault."""
    rules = b"User-agent: *\nDisallow: /private\n"
    url = server.serve("/robots.txt", response(rules, content_type="application/octet-stream"))
    result = get(url, Purpose.ROBOTS)
    assert (result.body, result.body_read) == (rules, True)
    long = rules + b"#" * ROBOTS_BYTES
    result = get(server.serve("/robots.txt", response(long)), Purpose.ROBOTS)
    assert (result.outcome, result.error) == (Outcome.OK, "")
    assert result.body == long[:ROBOTS_BYTES]


def test_the_total_of_bytes_is_counted(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """`wire_bytes` sums what all exchanges received."""
    fetcher = make_fetcher()
    raw = response(PAGE)
    url = server.serve("/", raw)
    for _ in range(3):
        fetcher.fetch(request(url))
    assert fetcher.wire_bytes == 3 * len(raw)
