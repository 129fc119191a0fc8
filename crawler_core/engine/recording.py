"""From an answer to the record that is stored: status words, redirect target, verdict."""

from __future__ import annotations

import msgspec

from crawler_core import audit
from crawler_core import url as urls
from crawler_core.model import (
    FetchResult,
    Link,
    LinkKind,
    Outcome,
    PageRecord,
    ParsedPage,
    Role,
)
from crawler_core.text import clean

_PARSED = frozenset({Outcome.OK, Outcome.TOO_LARGE})


def is_to_parse(result: FetchResult, role: int) -> bool:
    """True when the body of this answer is to be parsed."""
    return (
        role == Role.CRAWL
        and result.outcome in _PARSED
        and 200 <= result.status_code < 300
        and result.is_html
        and result.body_read
    )


def without_body(result: FetchResult) -> FetchResult:
    """The answer as it is kept once its body is with the parser."""
    return msgspec.structs.replace(result, body=b"") if result.body else result


def fetched(
    url_id: int,
    url: str,
    result: FetchResult,
    page: ParsedPage | None,
    attempts: int,
    now: float,
    *,
    outcome: Outcome | None = None,
    error: str = "",
) -> PageRecord:
    """The record of a URL that was asked for; `now` is Unix time.

    `outcome` overrules that of the answer: a page whose parser crashed.
    """
    kind = outcome or result.outcome
    error = error or result.error
    target = ""
    if kind is Outcome.REDIRECT:
        target, _ = urls.split_link(result.location, url)  # the key of its row
        if not target:
            kind, error = Outcome.PROTOCOL_ERROR, "redirects to an invalid URL"
    elif page is not None:
        target = page.refresh_url
    x_robots = result.header("x-robots-tag")
    indexability, why = audit.judge(kind, result.status_code, page, x_robots, url)
    return PageRecord(
        url_id=url_id,
        url=url,
        outcome=kind,
        status_code=result.status_code,
        status=audit.status_text(kind, result.status_code, error),
        indexability=indexability,
        indexability_status=why,
        attempts=attempts,
        result=without_body(result),
        page=page,
        x_robots_tag=x_robots,
        redirect_url=clean(target),
        redirect_type=audit.redirect_type(kind, page),
        finished=now,
        error=error,
    )


def refused(url_id: int, url: str, outcome: Outcome, why: str, now: float) -> PageRecord:
    """The record of a URL that ended without being asked for."""
    indexability, reason = audit.judge(outcome, 0, None, "", url)
    return PageRecord(
        url_id=url_id,
        url=url,
        outcome=outcome,
        status_code=0,
        status=audit.status_text(outcome, 0, why),
        indexability=indexability,
        indexability_status=reason,
        attempts=0,
        result=None,
        page=None,
        finished=now,
        error=why,
    )


def links_of(record: PageRecord) -> list[Link]:
    """What the record leads to: its links, or where it redirects."""
    if record.outcome is Outcome.REDIRECT and record.result is not None:
        address, fragment = urls.split_link(record.result.location, record.url)
        return [Link(address, LinkKind.REDIRECT, fragment=fragment)]
    if record.page is None:
        return []
    if audit.is_nofollow(record.x_robots_tag):
        return [msgspec.structs.replace(link, nofollow=True) for link in record.page.links]
    return list(record.page.links)
