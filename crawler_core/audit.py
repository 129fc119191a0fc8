"""What an answer means to people and to search engines: phrases and indexability. Pure.

The vocabulary is that of Screaming Frog's exports.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from crawler_core.model import Outcome, ParsedPage

INDEXABLE = "Indexable"
NON_INDEXABLE = "Non-Indexable"
ROBOTS_UNAVAILABLE = "robots.txt unavailable"
"""The `error` that tells a robots.txt out of reach from one that refuses."""
HTTP_REDIRECT = "HTTP Redirect"
META_REFRESH_REDIRECT = "Meta Refresh Redirect"

_NO_CODE = {
    Outcome.ROBOTS: "Blocked by robots.txt",
    Outcome.TIMEOUT: "Connection Timeout",
    Outcome.DNS: "DNS Lookup Failed",
    Outcome.REFUSED: "Connection Refused",
    Outcome.RESET: "Connection Reset",
    Outcome.TLS: "TLS Error",
    Outcome.PROTOCOL_ERROR: "Protocol Error",
    Outcome.CANCELLED: "Cancelled",
    Outcome.POLICY: "Refused by policy",
}
_PHRASES = {code.value: code.phrase for code in HTTPStatus}
# Where the standard library of some Python versions differs from RFC 9110, §15.
_PHRASES |= {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Content",
}
# No standard, but met on the web: LinkedIn's wall, nginx, and Cloudflare's own codes.
_PHRASES |= {
    444: "No Response",
    499: "Client Closed Request",
    520: "Web Server Returned an Unknown Error",
    521: "Web Server Is Down",
    522: "Connection Timed Out",
    523: "Origin Is Unreachable",
    524: "A Timeout Occurred",
    525: "SSL Handshake Failed",
    526: "Invalid SSL Certificate",
    530: "Origin DNS Error",
    999: "Request Denied",
}
_TOKEN = "crawltui"
_WITH_VALUE = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
)
"""Rules that hold a colon themselves, so that it does not name a crawler."""


def status_text(outcome: Outcome, status_code: int, error: str = "") -> str:
    """The standard phrase of `status_code`, or the words for an answer that never came.

    Codes that nobody has named get "". With code 0, `error` tells the two ways in which
    robots.txt keeps a URL from being asked for.
    """
    if status_code:
        return _PHRASES.get(status_code, "")
    if outcome is Outcome.ROBOTS and error == ROBOTS_UNAVAILABLE:
        return "robots.txt unavailable"
    return _NO_CODE.get(outcome, "")


def judge(
    outcome: Outcome,
    status_code: int,
    page: ParsedPage | None,
    x_robots_tag: str | Iterable[str],
    url: str,
) -> tuple[str, str]:
    """(Indexability, Indexability Status) of a URL: the first reason that holds.

    `x_robots_tag` is the header's value, or one value for each such header. A page that
    the parser could not read is judged by its status and headers alone: the fault is ours,
    not the page's. A body cut at the size cap is judged by what was read.
    """
    reason = _reason(outcome, status_code, page, x_robots_tag, url)
    return (NON_INDEXABLE, reason) if reason else (INDEXABLE, "")


def redirect_type(outcome: Outcome, page: ParsedPage | None) -> str:
    """`HTTP Redirect`, `Meta Refresh Redirect` or ""."""
    if outcome is Outcome.REDIRECT:
        return HTTP_REDIRECT
    return META_REFRESH_REDIRECT if page is not None and page.refresh_url else ""


def is_noindex(x_robots_tag: str | Iterable[str]) -> bool:
    """Whether X-Robots-Tag keeps a page out of the index for all crawlers or for this one.

    A rule list may begin with the name of a crawler, which then holds up to the next
    name or the end of the header (Google's description of the header, the only one).
    """
    return _header_says(x_robots_tag, "noindex")


def is_nofollow(x_robots_tag: str | Iterable[str]) -> bool:
    """Whether X-Robots-Tag says that no link of the page is to be followed."""
    return _header_says(x_robots_tag, "nofollow")


def _reason(
    outcome: Outcome,
    status_code: int,
    page: ParsedPage | None,
    x_robots_tag: str | Iterable[str],
    url: str,
) -> str:
    if outcome is Outcome.ROBOTS:
        return "Blocked by robots.txt"
    if status_code == 0:
        return "No Response"
    if redirect_type(outcome, page) or 300 <= status_code < 400:
        return "Redirected"
    if 500 <= status_code < 600:
        return "Server Error"
    if status_code >= 400:
        return "Client Error"
    if (page is not None and page.noindex) or is_noindex(x_robots_tag):
        return "noindex"
    if page is not None and page.canonical and page.canonical != url:
        return "Canonicalised"
    return ""


def _header_says(x_robots_tag: str | Iterable[str], rule: str) -> bool:
    if not x_robots_tag:
        return False
    values = [x_robots_tag] if isinstance(x_robots_tag, str) else x_robots_tag
    return any(rule in rules or "none" in rules for rules in map(_rules_for_us, values))


def _rules_for_us(value: str) -> set[str]:
    ours = True
    rules = set()
    for part in value.lower().split(","):
        name, colon, rule = part.partition(":")
        if colon and name.strip() not in _WITH_VALUE:
            ours = name.strip() == _TOKEN
            part = rule
        if ours:
            rules.add(part.strip())
    return rules
