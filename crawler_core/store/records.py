"""Between values and rows: what of a `PageRecord` goes into which column."""

from __future__ import annotations

from crawler_core.model import BROKEN, FetchResult, Heading, LinkRow, PageRecord, ParsedPage
from crawler_core.store.schema import NOFOLLOW, ONLY_FRAGMENT

Value = str | int | float | None

PAGE_COLUMNS = (
    *("serial", "url_id", "outcome", "status_code", "status", "broken"),
    *("indexability", "indexability_status", "redirect_url", "redirect_type"),
    *("x_robots_tag", "finished", "error"),
    *("content_type", "is_html", "size", "transferred", "response_time"),
    *("hash", "last_modified", "http_version"),
    *("parsed", "title", "title_length", "description", "description_length", "keywords"),
    *("h1_1", "h1_1_length", "h1_2", "h1_2_length"),
    *("h2_1", "h2_1_length", "h2_2", "h2_2_length"),
    *("meta_robots", "meta_refresh", "canonical", "word_count", "text_ratio"),
    *("language", "encoding", "parser", "links_cut"),
)

_LARGEST = 2**63 - 1
"""SQLite's integers end here, but a Content-Length header may claim anything."""
_NOT_FETCHED: tuple[Value, ...] = ("", 0, None, None, None, "", "", "")
_NOT_PARSED: tuple[Value, ...] = (
    *(0, "", None, "", None, ""),
    *("", None, "", None),
    *("", None, "", None),
    *("", "", "", None, None),
    *("", "", "", 0),
)


def page_values(serial: int, record: PageRecord) -> tuple[Value, ...]:
    """The row of `pages` for `record`, in the order of PAGE_COLUMNS."""
    return (
        serial,
        record.url_id,
        record.outcome.value,
        record.status_code,
        record.status,
        int(record.outcome in BROKEN),
        record.indexability,
        record.indexability_status,
        record.redirect_url,
        record.redirect_type,
        record.x_robots_tag,
        record.finished,
        record.error,
        *(_NOT_FETCHED if record.result is None else _fetched(record.result)),
        *(_NOT_PARSED if record.page is None else _parsed(record.page)),
    )


def link_values(source: int, position: int, link: LinkRow) -> tuple[Value, ...]:
    """The row of `links` for the `position`th link of page `source`."""
    flags = NOFOLLOW * link.nofollow | ONLY_FRAGMENT * link.only_fragment
    return (
        *(source, position, link.target_id, link.kind.value, flags),
        *(link.anchor, link.rel, link.fragment),
    )


def _fetched(result: FetchResult) -> tuple[Value, ...]:
    return (
        result.content_type,
        int(result.is_html),
        _whole(result.size),
        _whole(result.transferred),
        result.seconds,
        result.digest,
        result.header("last-modified"),
        result.http_version,
    )


def _parsed(page: ParsedPage) -> tuple[Value, ...]:
    h1, h2 = _two(page.h1), _two(page.h2)
    return (
        *(1, page.title.text, page.title.length),
        *(page.description.text, page.description.length, page.keywords),
        *(h1[0].text, h1[0].length, h1[1].text, h1[1].length),
        *(h2[0].text, h2[0].length, h2[1].text, h2[1].length),
        *(page.meta_robots, page.meta_refresh, page.canonical, page.word_count, page.text_ratio),
        *(page.language, page.encoding, page.parser, int(page.links_cut)),
    )


def _two(headings: tuple[Heading, ...]) -> tuple[Heading, Heading]:
    first, second = (*headings[:2], Heading(), Heading())[:2]
    return first, second


def _whole(number: int | None) -> int | None:
    return None if number is None else min(number, _LARGEST)
