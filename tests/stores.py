"""Small crawls on disk, made up without any network: for tests of what reads a store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler_core.audit import judge, redirect_type, status_text
from crawler_core.config import CrawlConfig
from crawler_core.model import (
    FetchRequest,
    FetchResult,
    Heading,
    LinkKind,
    Outcome,
    PageRecord,
    ParsedPage,
    Purpose,
    Role,
    UrlRow,
    UrlState,
)
from crawler_core.store.linklists import Packed
from crawler_core.store.reader import StoreReader
from crawler_core.store.schema import NOFOLLOW, ONLY_FRAGMENT
from crawler_core.store.writer import Store

START = "http://site.test/"
AT = 1_700_000_000.0
"""Unix time of the first page: 2023-11-14 22:13:20 UTC."""

FAULTS = (
    (Outcome.OK, 200),
    (Outcome.OK, 200),
    (Outcome.OK, 200),
    (Outcome.REDIRECT, 301),
    (Outcome.CLIENT_ERROR, 404),
    (Outcome.OK, 200),
    (Outcome.SERVER_ERROR, 500),
    (Outcome.TIMEOUT, 0),
    (Outcome.BLOCKED, 403),
    (Outcome.ROBOTS, 0),
)
"""Outcome and status code of the pages after the first, over and over."""


def config(**options: object) -> CrawlConfig:
    """A configuration for START."""
    return CrawlConfig(start_urls=(START,), **options)  # type: ignore[arg-type]


def url_row(
    url_id: int,
    address: str,
    *,
    depth: int = 1,
    internal: bool = True,
    state: UrlState = UrlState.WAITING,
    source_id: int = 1,
    reason: str = "",
) -> UrlRow:
    """One known URL."""
    return UrlRow(
        url_id=url_id,
        address=address,
        depth=depth,
        hops=0,
        role=Role.CRAWL if internal else Role.CHECK,
        internal=internal,
        state=state,
        source_id=source_id,
        reason=reason,
    )


def parsed(title: str = "Title", **fields: object) -> ParsedPage:
    """What a parser found in a small page."""
    defaults: dict[str, object] = {
        "title": Heading(title, len(title)),
        "has_title": bool(title),
        "h1": (Heading("One", 3), Heading("Two", 3)),
        "word_count": 12,
        "text_ratio": 34.5,
        "language": "en",
        "encoding": "utf-8",
        "parser": "soup",
    }
    return ParsedPage(**(defaults | fields))  # type: ignore[arg-type]


def record(
    url_id: int,
    url: str,
    outcome: Outcome = Outcome.OK,
    status_code: int = 200,
    *,
    page: ParsedPage | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "text/html; charset=utf-8",
    redirect_url: str = "",
    seconds: float = 0.1234,
    attempts: int = 1,
    finished: float = AT,
    error: str = "",
) -> PageRecord:
    """One finished URL as the engine would hand it over."""
    body = b"" if page is None else page.title.text.encode(errors="replace")
    sent = outcome is not Outcome.ROBOTS
    answered = {"content-type": content_type, **(headers or {})} if status_code else {}
    indexability, reason = judge(outcome, status_code, page, answered.get("x-robots-tag", ""), url)
    result = FetchResult(
        request=FetchRequest(url_id, url_id, url, Purpose.CRAWL),
        outcome=outcome,
        status_code=status_code,
        headers=tuple(answered.items()),
        body_read=page is not None,
        is_html=status_code > 0 and content_type.startswith("text/html"),
        size=len(body) if status_code else None,
        transferred=len(body) if page is not None else None,
        seconds=seconds,
        started=finished - seconds,
        http_version="HTTP/1.1" if status_code else "",
        digest=hashlib.md5(body).hexdigest() if page is not None else "",
    )
    return PageRecord(
        url_id=url_id,
        url=url,
        outcome=outcome,
        status_code=status_code,
        status=status_text(outcome, status_code, error),
        indexability=indexability,
        indexability_status=reason,
        attempts=attempts,
        result=result if sent else None,
        page=page,
        x_robots_tag=answered.get("x-robots-tag", ""),
        redirect_url=redirect_url,
        redirect_type=redirect_type(outcome, page),
        finished=finished,
        error=error,
    )


def make_ready(reader: StoreReader) -> None:
    """Have a reader get ready for searches, all parts one after the other."""
    while not reader.prepare():
        pass


def link(
    source_id: int,
    target_id: int,
    kind: LinkKind = LinkKind.ANCHOR,
    anchor: str = "text",
    *,
    nofollow: bool = False,
    only_fragment: bool = False,
) -> Packed:
    """One edge; `source_id` is for the reader of the test."""
    del source_id
    return (target_id, kind, NOFOLLOW * nofollow | ONLY_FRAGMENT * only_fragment, anchor)


def fill(
    store: Store,
    pages: int = 20,
    *,
    titles: Sequence[str] = (),
    skipped: int = 3,
    waiting: int = 2,
) -> None:
    """Fill an empty store with a site: one start page that links to all others.

    Pages 2, 3, … have the outcomes FAULTS, over and over; those that answered 200 link to
    the start page, to themselves and to their two successors. Every tenth is on another
    host, where every second one is a 404. After them come `skipped` URLs kept out and
    `waiting` ones.
    """
    addresses = {1: START} | {n: _address(n) for n in range(2, pages + 1)}
    for url_id, address in addresses.items():
        internal = "//other.test" not in address
        depth = 0 if url_id == 1 else 1
        row = url_row(url_id, address, depth=depth, internal=internal, source_id=depth)
        store.add_url(row)
    for n in range(skipped):
        store.add_url(url_row(pages + 1 + n, f"{START}private/{n}"))
        store.keep_out(pages + 1 + n, "excluded by a pattern" if n else "too deep")
    for n in range(waiting):
        store.add_url(url_row(pages + 1 + skipped + n, f"{START}later/{n}"))
    start_links = [link(1, n, anchor=f"to {n}") for n in range(2, pages + 1)]
    store.finish(record(1, START, page=parsed(titles[0] if titles else "Start")), start_links)
    for url_id, address in list(addresses.items())[1:]:
        title = titles[(url_id - 1) % len(titles)] if titles else f"Page {url_id}"
        _finish(store, url_id, address, title, pages)


def build_store(
    path: Path,
    pages: int = 20,
    *,
    titles: Sequence[str] = (),
    skipped: int = 3,
    waiting: int = 2,
    state: str = "finished",
    options: CrawlConfig | None = None,
) -> Path:
    """Make a closed store at `path` as `fill` describes it, and return `path`."""
    store = Store.create(path, options or config(), version="0.0")
    fill(store, pages, titles=titles, skipped=skipped, waiting=waiting)
    store.set_meta("state", state)
    store.set_meta("started", str(AT))
    store.set_meta("finished", str(AT + pages))
    store.set_meta("elapsed", str(float(pages)))
    store.set_meta("sites", '["site.test"]')
    store.close()
    return path


def _address(n: int) -> str:
    return f"http://other.test/{n}" if n % 10 == 0 else f"{START}section/page-{n}.html"


def _finish(store: Store, url_id: int, address: str, title: str, pages: int) -> None:
    outcome, status_code = FAULTS[(url_id - 2) % len(FAULTS)]
    at = AT + url_id
    external = "//other.test" in address
    if external:
        outcome, status_code = FAULTS[0 if url_id % 20 else 4]
    if external or outcome is not Outcome.OK:
        moved = outcome is Outcome.REDIRECT
        edges = [link(url_id, 1, LinkKind.REDIRECT, "")] if moved else []
        target = START if moved else ""
        store.finish(
            record(url_id, address, outcome, status_code, redirect_url=target, finished=at), edges
        )
        return
    targets = [1, url_id, min(url_id + 1, pages), min(url_id + 2, pages)]
    edges = [link(url_id, target, anchor=f"{url_id} to {target}") for target in targets]
    store.finish(record(url_id, address, page=parsed(title), finished=at), edges)
