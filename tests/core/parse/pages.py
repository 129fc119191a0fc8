"""Small documents for the tests of the parser."""

from __future__ import annotations

from crawler_core.model import Link, LinkKind, ParsedPage, ParseJob
from crawler_core.parse.worker import parse_page

URL = "http://example.org/dir/page.html"

parser = "soup"
"""What `parse` parses with; the fixture `each_parser` sets it."""


def job(html: str | bytes, **changes: object) -> ParseJob:
    """A job for `html`, served as UTF-8."""
    body = html.encode("utf-8", "surrogatepass") if isinstance(html, str) else html
    values: dict[str, object] = {
        "url_id": 1,
        "url": URL,
        "body": body,
        "content_type": "text/html; charset=utf-8",
        **changes,
    }
    return ParseJob(**values)  # type: ignore[arg-type]


def parse(html: str | bytes, **changes: object) -> ParsedPage:
    """The page that `html` is."""
    return parse_page(job(html, **changes), parser)


def links(html: str, *kinds: LinkKind, **changes: object) -> list[str]:
    """The URLs of the links of the named kinds (all if none is named)."""
    return [link.url for link in parse(html, **changes).links if not kinds or link.kind in kinds]


def only(html: str, **changes: object) -> Link:
    """The one link of `html`."""
    (link,) = parse(html, **changes).links
    return link
