"""The values that the store hands out: frozen, and free of SQLite."""

from __future__ import annotations

from typing import Literal

import msgspec

from crawler_core.model import LinkKind, Outcome, UrlState

ViewKind = Literal["all", "pages", "external", "broken", "redirects", "blocked", "documents"]
SortKey = Literal[
    "",
    "address",
    "status",
    "outcome",
    "type",
    "title",
    "depth",
    "size",
    "seconds",
    "indexability",
    "words",
    "title-length",
    "description",
    "h1",
    "canonical",
    "redirect",
]


class HostRow(msgspec.Struct, frozen=True):
    """What outlives the process about one host (scheme + host + port)."""

    host: str
    not_before: float = 0.0
    """Unix time before which nothing may be asked of it."""
    robots_text: str | None = None
    """The robots.txt that was read; None if there is none or it was not asked for yet."""
    robots_status: int = 0
    robots_fetched: float = 0.0
    """Unix time; 0 if robots.txt was not asked for yet."""
    requests: int = 0
    retries: int = 0
    state: str = ""
    note: str = ""
    rate: float | None = None
    """Requests a second as the driver set them; None if nobody did."""


class DoneRow(msgspec.Struct, frozen=True):
    """A finished page, as little of it as rebuilding the statistics needs."""

    url_id: int
    outcome: Outcome
    status_code: int
    is_html: bool
    content_type: str
    seconds: float | None
    transferred: int | None
    """Body bytes on the wire."""
    title: str


class View(msgspec.Struct, frozen=True):
    """Which finished URLs a table shows, and in what order.

    kind: all, pages (internal), external, broken, redirects, blocked (bot walls and
    throttling), documents (internal HTML). text: a filter in the language of
    `crawler_core.filters`. sort: "" is the order in which they finished.
    """

    kind: ViewKind = "pages"
    text: str = ""
    sort: SortKey = ""
    reverse: bool = False


class ResultRow(msgspec.Struct, frozen=True):
    """One line of the results table."""

    url_id: int
    address: str
    status_code: int
    status: str
    outcome: Outcome
    content_type: str
    title: str
    depth: int
    size: int | None
    seconds: float | None
    internal: bool
    indexability: str
    indexability_status: str
    redirect_url: str
    broken: bool
    title_length: int | None = None
    """Characters."""
    word_count: int | None = None
    description: str = ""
    h1: str = ""
    canonical: str = ""


class BrokenSource(msgspec.Struct, frozen=True):
    """A page that holds a broken link, and the text it shows there."""

    address: str
    anchor: str
    kind: LinkKind


class BrokenTarget(msgspec.Struct, frozen=True):
    """One broken URL with the first pages that lead to it."""

    url_id: int
    address: str
    status_code: int
    status: str
    outcome: Outcome
    internal: bool
    links: int
    """How many links lead to it."""
    sources: tuple[BrokenSource, ...]


class InLink(msgspec.Struct, frozen=True):
    """A link to the shown URL."""

    url_id: int
    address: str
    kind: LinkKind
    anchor: str
    nofollow: bool


class OutLink(msgspec.Struct, frozen=True):
    """A link of the shown page. `status_code` and `outcome` are None until it is done."""

    url_id: int
    address: str
    kind: LinkKind
    anchor: str
    fragment: str
    nofollow: bool
    state: UrlState
    status_code: int | None
    outcome: Outcome | None


class Hop(msgspec.Struct, frozen=True):
    """One step of a redirect chain; `status_code` is None while it was not asked for."""

    address: str
    status_code: int | None
    status: str


class Detail(msgspec.Struct, frozen=True):
    """All that is known of one URL."""

    url_id: int
    address: str
    state: UrlState
    reason: str
    """Why it was kept out; "" otherwise."""
    internal: bool
    depth: int
    source: str
    """The page that was first to name it; "" for a start URL."""
    error: str
    fields: tuple[tuple[str, str], ...]
    """The columns of the CSV with their values, in its order; empty while not done."""
    headers: tuple[tuple[str, str], ...]
    inlinks: tuple[InLink, ...]
    """The first ones; `inlink_count` is how many there are, of all kinds."""
    inlink_count: int
    outlinks: tuple[OutLink, ...]
    outlink_count: int
    chain: tuple[Hop, ...]
    """Where its redirects lead, itself first; empty if it does not redirect."""
    loop: bool
    """The chain comes back to one of its own URLs."""


class SkippedRow(msgspec.Struct, frozen=True):
    """A URL kept out of the crawl."""

    url_id: int
    address: str
    reason: str
    source: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A crawl in numbers; all but the times are counts of URLs."""

    state: str
    """running, finished, stopped, incomplete, failed; "" if never told."""
    start_urls: tuple[str, ...]
    started: float
    """Unix time."""
    finished: float
    """Unix time; 0 while it has not ended."""
    elapsed: float
    """Seconds of work, those of resumed runs added."""
    found: int
    done: int
    internal_done: int
    broken: int
    waiting: int
    kept_out: int
    outcomes: dict[str, int]
    statuses: dict[str, int]
    """Status code as text ("0" without an answer) to count."""
    skipped: dict[str, int]
    """Reason to count."""
    bytes: int
    """Body bytes received."""
