"""Phrases and indexability: the first reason that holds, in the vocabulary of the trade."""

from __future__ import annotations

import pytest

from crawler_core.audit import is_noindex, judge, redirect_type, status_text
from crawler_core.model import NO_ANSWER, Outcome, ParsedPage

URL = "http://site.test/a"


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        (200, "OK"),
        (204, "No Content"),
        (301, "Moved Permanently"),
        (308, "Permanent Redirect"),
        (404, "Not Found"),
        (410, "Gone"),
        (413, "Content Too Large"),
        (418, "I'm a teapot"),
        (422, "Unprocessable Content"),
        (429, "Too Many Requests"),
        (451, "Unavailable For Legal Reasons"),
        (503, "Service Unavailable"),
        (999, "Request Denied"),
        (799, ""),
    ],
)
def test_phrases_of_codes(code: int, phrase: str) -> None:
    """A status code has its standard phrase on every Python version."""
    assert status_text(Outcome.OK, code) == phrase


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        (Outcome.ROBOTS, "", "Blocked by robots.txt"),
        (Outcome.ROBOTS, "robots.txt unavailable", "robots.txt unavailable"),
        (Outcome.TIMEOUT, "no answer in 30 s", "Connection Timeout"),
        (Outcome.DNS, "", "DNS Lookup Failed"),
        (Outcome.REFUSED, "", "Connection Refused"),
        (Outcome.RESET, "", "Connection Reset"),
        (Outcome.TLS, "", "TLS Error"),
        (Outcome.PROTOCOL_ERROR, "", "Protocol Error"),
        (Outcome.CANCELLED, "", "Cancelled"),
        (Outcome.POLICY, "", "Refused by policy"),
    ],
)
def test_words_for_code_0(outcome: Outcome, error: str, words: str) -> None:
    """An answer that never came says why."""
    assert status_text(outcome, 0, error) == words


def test_no_answer_is_always_named() -> None:
    """Every outcome without an answer has words."""
    assert all(status_text(outcome, 0) for outcome in NO_ANSWER)


@pytest.mark.parametrize(
    ("outcome", "code", "page", "header", "status"),
    [
        (Outcome.OK, 200, ParsedPage(), "", ""),
        (Outcome.OK, 200, None, "", ""),
        (Outcome.ROBOTS, 0, None, "", "Blocked by robots.txt"),
        (Outcome.TIMEOUT, 0, None, "", "No Response"),
        (Outcome.CANCELLED, 0, None, "", "No Response"),
        (Outcome.REDIRECT, 301, None, "noindex", "Redirected"),
        (Outcome.OK, 200, ParsedPage(refresh_url="http://site.test/b"), "", "Redirected"),
        (Outcome.CLIENT_ERROR, 404, ParsedPage(noindex=True), "", "Client Error"),
        (Outcome.BLOCKED, 403, None, "", "Client Error"),
        (Outcome.BLOCKED, 999, None, "", "Client Error"),
        (Outcome.THROTTLED, 429, None, "", "Client Error"),
        (Outcome.THROTTLED, 503, None, "", "Server Error"),
        (Outcome.SERVER_ERROR, 500, None, "", "Server Error"),
        (Outcome.OK, 200, ParsedPage(noindex=True, canonical="http://b.test/"), "", "noindex"),
        (Outcome.OK, 200, None, "NoIndex", "noindex"),
        (Outcome.OK, 200, ParsedPage(canonical="http://site.test/b"), "", "Canonicalised"),
        (Outcome.OK, 200, ParsedPage(canonical=URL), "", ""),
        (Outcome.TOO_LARGE, 200, ParsedPage(noindex=True), "", "noindex"),
        (Outcome.PARSER_CRASHED, 200, None, "", ""),
        (Outcome.PARSER_TIMEOUT, 200, None, "none", "noindex"),
    ],
)
def test_indexability(
    outcome: Outcome, code: int, page: ParsedPage | None, header: str, status: str
) -> None:
    """The first reason that holds is named; without one a URL is indexable."""
    expected = ("Non-Indexable", status) if status else ("Indexable", "")
    assert judge(outcome, code, page, header, URL) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noindex", True),
        ("none", True),
        ("nofollow, NOINDEX", True),
        ("nofollow", False),
        ("googlebot: noindex", False),
        ("googlebot: nofollow, noindex", False),
        ("crawltui: noindex", True),
        ("googlebot: nofollow, crawltui: noindex", True),
        ("crawltui: nofollow, otherbot: noindex", False),
        ("max-snippet: 20, noindex", True),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noindex", True),
        ("noindexing", False),
        ("", False),
        (("googlebot: nofollow", "noindex"), True),
        (("googlebot: noindex", "otherbot: none"), False),
    ],
)
def test_x_robots_tag(value: str | tuple[str, ...], expected: bool) -> None:
    """Only rules for all crawlers or for this one count; each header begins anew."""
    assert is_noindex(value) is expected


def test_redirect_types() -> None:
    """A redirect says whether the server or the page asked for it."""
    refresh = ParsedPage(refresh_url="http://site.test/b")
    assert redirect_type(Outcome.REDIRECT, None) == "HTTP Redirect"
    assert redirect_type(Outcome.OK, refresh) == "Meta Refresh Redirect"
    assert redirect_type(Outcome.OK, ParsedPage()) == ""
