"""Between values and rows: what of a `PageRecord` goes into which column."""

from __future__ import annotations

from crawler_core.model import BROKEN, FetchResult, Heading, PageRecord, ParsedPage

Value = str | int | float | bytes | None

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


def _fetched(result: FetchResult) -> tuple[Value, ...]:
    content_type = last_modified = ""
    for name, value in result.headers:
        if name == "content-type":
            content_type = f"{content_type}, {value}" if content_type else value
        elif name == "last-modified":
            last_modified = f"{last_modified}, {value}" if last_modified else value
    return (
        content_type,
        int(result.is_html),
        _whole(result.size),
        _whole(result.transferred),
        result.seconds,
        result.digest,
        last_modified,
        result.http_version,
    )


def _parsed(page: ParsedPage) -> tuple[Value, ...]:
    title, description = page.title, page.description
    return (
        1,
        title.text,
        title.length,
        description.text,
        description.length,
        page.keywords,
        *_first_two(page.h1),
        *_first_two(page.h2),
        page.meta_robots,
        page.meta_refresh,
        page.canonical,
        page.word_count,
        page.text_ratio,
        page.language,
        page.encoding,
        page.parser,
        int(page.links_cut),
    )


def _first_two(headings: tuple[Heading, ...]) -> tuple[Value, ...]:
    """Text and length of two headings, empty where there is none."""
    if not headings:
        return ("", 0, "", 0)
    first = headings[0]
    if len(headings) == 1:
        return (first.text, first.length, "", 0)
    return (first.text, first.length, headings[1].text, headings[1].length)


def _whole(number: int | None) -> int | None:
    return None if number is None else min(number, _LARGEST)
