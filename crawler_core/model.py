"""The values that travel between threads, processes and the disk: frozen, and nothing else.

    FetchRequest -> (thread) -> FetchResult -> (process) -> ParsedPage -> PageRecord -> store

Texts in `FetchResult` and `ParsedPage` come from the web and are hostile; they are
cleaned where they enter (`crawler_core.text.clean`), so every reader may trust them to
hold no control character.
"""

from __future__ import annotations

import enum

import msgspec


class Outcome(enum.StrEnum):
    """How a URL ended. The value is the word that people read."""

    OK = "ok"
    REDIRECT = "redirect"
    CLIENT_ERROR = "client error"
    SERVER_ERROR = "server error"
    BLOCKED = "blocked"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    DNS = "dns"
    REFUSED = "refused"
    RESET = "reset"
    TLS = "tls"
    PROTOCOL_ERROR = "protocol error"
    TOO_LARGE = "too large"
    ROBOTS = "robots"
    POLICY = "refused by policy"
    CANCELLED = "cancelled"
    PARSER_CRASHED = "parser crashed"
    PARSER_TIMEOUT = "parser timeout"


BROKEN = frozenset(
    {
        Outcome.CLIENT_ERROR,
        Outcome.SERVER_ERROR,
        Outcome.TIMEOUT,
        Outcome.DNS,
        Outcome.REFUSED,
        Outcome.RESET,
        Outcome.TLS,
        Outcome.PROTOCOL_ERROR,
    }
)
"""Outcomes that make a link to the URL a broken link. A bot wall (`blocked`) is none."""

NO_ANSWER = frozenset(
    {
        Outcome.TIMEOUT,
        Outcome.DNS,
        Outcome.REFUSED,
        Outcome.RESET,
        Outcome.TLS,
        Outcome.PROTOCOL_ERROR,
        Outcome.POLICY,
        Outcome.CANCELLED,
    }
)
"""Outcomes that come without an HTTP status (`Status Code` 0), but for malformed answers."""


WORTH_ANOTHER_TRY = NO_ANSWER | {
    Outcome.SERVER_ERROR,
    Outcome.THROTTLED,
    Outcome.PARSER_CRASHED,
    Outcome.PARSER_TIMEOUT,
}
"""Outcomes that may be others the next time."""


TURNED_AWAY = frozenset({Outcome.BLOCKED, Outcome.THROTTLED, Outcome.ROBOTS})
"""What people call blocked: the site would not let the crawl have the URL."""


class Role(enum.IntEnum):
    """What is done with a URL. A greater role includes the smaller one."""

    CHECK = 1
    """Ask for the status, close after the headers: resources, external and nofollow links."""
    CRAWL = 2
    """Read the body, parse it, follow its links."""


class UrlState(enum.IntEnum):
    """Where a known URL stands on disk. "In flight" is never written (law 3)."""

    WAITING = 0
    DONE = 1
    KEPT_OUT = 2


class LinkKind(enum.IntEnum):
    """The element that a link comes from; the number is what the store holds."""

    ANCHOR = 1  # a[href]
    AREA = 2
    IFRAME = 3
    FRAME = 4
    REDIRECT = 5  # HTTP
    META_REFRESH = 6
    IMAGE = 7  # img src and srcset, picture source, input type=image
    SCRIPT = 8
    STYLESHEET = 9
    ICON = 10
    MEDIA = 11  # video, audio, source, track, embed, object
    CANONICAL = 12  # a fact about its page: never requested, and not stored among its links


FOLLOWED_KINDS = frozenset(
    {
        LinkKind.ANCHOR,
        LinkKind.AREA,
        LinkKind.IFRAME,
        LinkKind.FRAME,
        LinkKind.REDIRECT,
        LinkKind.META_REFRESH,
    }
)
RESOURCE_KINDS = frozenset(
    {LinkKind.IMAGE, LinkKind.SCRIPT, LinkKind.STYLESHEET, LinkKind.ICON, LinkKind.MEDIA}
)
HYPERLINK_KINDS = frozenset({LinkKind.ANCHOR, LinkKind.AREA})
"""The kinds that Inlinks and Outlinks count."""


class Purpose(enum.IntEnum):
    """Why a request is sent: it decides how much of the body is read."""

    CHECK = 1
    CRAWL = 2
    ROBOTS = 3


class FetchRequest(msgspec.Struct, frozen=True):
    """One HTTP GET to send. `url` is the WHATWG serialisation without fragment."""

    number: int
    """Running number of the future: unique within a run of the engine."""
    url_id: int
    """The URL's id in the store; 0 for robots.txt, which has no row."""
    url: str
    purpose: Purpose
    attempt: int = 1
    send_secrets: bool = False
    """True only for hosts of the start URLs: credentials and cookies go nowhere else."""


class FetchResult(msgspec.Struct, frozen=True):
    """What came back. Never an exception: faults of the web are the `outcome`."""

    request: FetchRequest
    outcome: Outcome
    status_code: int = 0
    """0 when no HTTP answer was read."""
    headers: tuple[tuple[str, str], ...] = ()
    """Cleaned, at most 100 headers of at most 2,000 characters each."""
    body: bytes = b""
    """Decoded (decompressed) body, at most the body cap; empty when not read to the end."""
    body_read: bool = False
    """True when the body was read to its end (or to the cap)."""
    is_html: bool = False
    size: int | None = None
    """Decoded bytes if the body was read, else Content-Length, else None."""
    transferred: int | None = None
    """Body bytes on the wire if the body was read, else None."""
    seconds: float = 0.0
    """From sending the request to the last byte read."""
    started: float = 0.0
    """Unix time at which the request was sent."""
    http_version: str = ""
    location: str = ""
    """The Location header as sent (latin-1 or UTF-8 decoded, not resolved)."""
    retry_after: float | None = None
    """Seconds to wait as asked by Retry-After (both of its forms), not capped."""
    digest: str = ""
    """MD5 (hex) of the decoded body if it was read."""
    error: str = ""
    """What went wrong, in one short phrase; empty for an ordinary answer."""
    worker: str = ""
    wire_bytes: int = 0
    """All bytes received on the socket for this exchange, headers included."""

    def header(self, name: str) -> str:
        """The values of header `name` (lower case), joined by ", "; empty if absent."""
        return ", ".join(value for key, value in self.headers if key == name)

    @property
    def content_type(self) -> str:
        """The Content-Type header as sent."""
        return self.header("content-type")


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One reference found in a page, already resolved against the page's base URL."""

    url: str
    """WHATWG serialisation without fragment and credentials; "" if it cannot be resolved."""
    kind: LinkKind
    anchor: str = ""
    """The text of the element (alt text for images), whitespace collapsed, cleaned."""
    rel: str = ""
    fragment: str = ""
    """What follows "#", percent-decoded as browsers look it up; "" without one."""
    nofollow: bool = False
    """rel contains nofollow, or the page's meta robots does."""
    raw: str = ""
    """The attribute as written; kept only when `url` is empty."""
    only_fragment: bool = False
    """href was only "#…": it names a place in the page itself and counts as no link."""


class Heading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A text of a page and its length in characters before any cut."""

    text: str = ""
    length: int = 0


class ParsedPage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a parser found in one HTML document. Both parsers must produce equal values."""

    title: Heading = Heading()
    has_title: bool = False
    description: Heading = Heading()
    keywords: str = ""
    h1: tuple[Heading, ...] = ()
    """The first two h1."""
    h2: tuple[Heading, ...] = ()
    meta_robots: str = ""
    """The contents of meta robots and meta crawltui, joined by ", "."""
    meta_refresh: str = ""
    """The content attribute of the meta refresh, as written."""
    refresh_url: str = ""
    """Resolved target of the meta refresh when it leads to another URL; "" if none."""
    canonical: str = ""
    """Resolved, with its fragment cut; "" if none."""
    base: str = ""
    language: str = ""
    links: tuple[Link, ...] = ()
    ids: tuple[str, ...] = ()
    """Values of id attributes and of a[name]: the targets of #fragments."""
    word_count: int = 0
    text_ratio: float = 0.0
    """Visible text as a percentage of the document's characters."""
    encoding: str = ""
    """WHATWG name, lower case."""
    parser: str = ""
    noindex: bool = False
    nofollow: bool = False
    """From meta robots only; the X-Robots-Tag header is judged in `audit`."""
    links_cut: bool = False
    """True when the page had more links than the cap."""
    seconds: float = 0.0
    """CPU seconds that parsing took."""
    worker: int = 0
    """Thread id of the worker; that of a process's main thread is its process id on Linux."""


class ParseJob(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One document to parse: value in."""

    url_id: int
    url: str
    body: bytes
    content_type: str
    max_links: int = 100_000
    deadline: float = 20.0
    """Seconds of wall time a worker may take for this page before it is killed."""


class PageRecord(msgspec.Struct, frozen=True):
    """One finished URL as it is stored and exported."""

    url_id: int
    url: str
    outcome: Outcome
    status_code: int
    status: str
    """The standard phrase of the code, or the words for code 0."""
    indexability: str
    indexability_status: str
    attempts: int
    result: FetchResult | None
    """The answer without its body; None when nothing was sent (robots.txt refused)."""
    page: ParsedPage | None
    x_robots_tag: str = ""
    redirect_url: str = ""
    redirect_type: str = ""
    finished: float = 0.0
    """Unix time."""
    error: str = ""


class UrlRow(msgspec.Struct, frozen=True):
    """One known URL as the store keeps it."""

    url_id: int
    address: str
    depth: int
    hops: int
    """Length of the redirect chain that led here; 0 for a URL that a page links to."""
    role: Role
    internal: bool
    state: UrlState
    source_id: int
    """The page that was first to name it; 0 for a start URL."""
    reason: str = ""
    """Why it was kept out; "" otherwise."""
    attempts: int = 0
    start_chain: int = 0
    """1 + hops for a start URL and its redirect chain, 0 for any other URL."""
    throttles: int = 0
    """How often the host asked to wait (429, 503) instead of answering."""
