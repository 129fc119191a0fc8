"""What a screen sees: one frozen value a few times a second, built by the engine.

Times are seconds unless a name says otherwise; counts are of URLs.
"""

from __future__ import annotations

import msgspec


class PoolView(msgspec.Struct, frozen=True):
    """One pool of workers."""

    where: str = "threads"
    """threads, processes or main."""
    busy: int = 0
    target: int = 0
    maximum: int = 0
    draining: int = 0
    """Futures that a replaced pool still finishes."""
    queue_wait_ms: float = 0.0
    """Mean wait of the last seconds between ready and started."""
    rebuilt: int = 0
    """How often a broken pool was replaced."""
    utilisation: float = 0.0
    """Share of the target's time that was busy over the last seconds, 0 to 1."""


class StageCounts(msgspec.Struct, frozen=True):
    """Where pages are on their way: waiting > fetching > to parse > parsing > stored."""

    waiting: int = 0
    fetching: int = 0
    to_parse: int = 0
    parsing: int = 0
    stored: int = 0
    retry: int = 0
    """Of the waiting ones: those that wait for another attempt."""
    snoozed: int = 0
    """Of the waiting ones: those whose host waits for Retry-After or a breaker."""
    backlog_bytes: int = 0
    """Bodies that wait for the parser."""


class Rates(msgspec.Struct, frozen=True):
    """Per second, over the last few seconds."""

    fetches: float = 0.0
    parses: float = 0.0
    bytes: float = 0.0
    new_urls: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0


class HostView(msgspec.Struct, frozen=True):
    """One host (scheme + host + port) as politeness sees it."""

    host: str
    internal: bool
    in_flight: int = 0
    waiting: int = 0
    done: int = 0
    bad: int = 0
    """Broken, blocked or throttled answers."""
    per_second: float = 0.0
    p50_ms: float = 0.0
    rate_limit: float = 0.0
    """Requests a second; 0 is without limit."""
    at_once: int = 0
    """Requests at once now allowed; 0 is without limit."""
    state: str = "ok"
    """ok, paused, throttled, failing, given up, skipped, robots unavailable, unreachable."""
    wait_seconds: float = 0.0
    """Until the next request may be sent, when it waits for more than its rate."""
    robots: str = ""
    """unknown, ok, none, unavailable, ignored."""
    crawl_delay: float = 0.0
    note: str = ""
    """One phrase: why it waits or was given up."""
    p95_ms: float = 0.0
    answers: int = 0
    """Answers and failures of this run, those that were asked again included."""
    errors: int = 0
    """Of the answers: none at all, or a server error."""
    throttles: int = 0
    """Of the answers: requests for fewer requests."""
    interval: float = 0.0
    """Seconds between two requests now, by whatever asks for the most."""
    ceiling: float = 0.0
    """Requests a second that no key passes; 0 is without."""
    pace: float = 0.0
    """Requests a second to which the autopilot holds it; 0 is without."""
    is_rate_set: bool = False
    """A person has set its rate, by an option or a key; else it is what politeness grants."""


class Completion(msgspec.Struct, frozen=True):
    """One future that finished: a line of the live panel."""

    serial: int
    """Running number of completions; gaps mean that lines were left out."""
    at: float
    """Unix time."""
    kind: str
    """fetch or parse."""
    number: int
    """Number of the future."""
    worker: str
    what: str
    """"200 ok", "404 broken", "6 pages done", "BrokenProcessPool" …"""
    outcome: str
    ms: float
    size: int | None
    url: str
    """Empty for a batch of several pages."""
    note: str = ""


class FutureView(msgspec.Struct, frozen=True):
    """A future that has not finished, or the last one of a worker."""

    kind: str
    number: int
    state: str
    """Python's own: PENDING, RUNNING."""
    age: float
    url: str
    pages: int = 1
    worker: str = ""
    stuck: bool = False
    """Much older than its kin ever got; `FutureCounts` has the limit."""


class RaisedView(msgspec.Struct, frozen=True):
    """An exception that futures carried."""

    name: str
    kind: str
    """fetch or parse."""
    count: int
    note: str = ""
    """What came of it."""


class FutureCounts(msgspec.Struct, frozen=True, kw_only=True):
    """All futures of a run by Python's own states, and how old the oldest are. Seconds."""

    pending: int = 0
    running: int = 0
    fetches: int = 0
    """Finished with a value."""
    parses: int = 0
    cancelled: int = 0
    """Cancelled before they started."""
    closed: int = 0
    """Of the finished fetches: those whose connection was closed by a cancel."""
    raised: tuple[RaisedView, ...] = ()
    fetch_age: float = 0.0
    to_parse_age: float = 0.0
    parse_age: float = 0.0
    waiting_age: float = 0.0
    """Of a page that waits to be fetched."""
    fetch_limit: float = 0.0
    """From this age on a fetch is stuck."""
    parse_limit: float = 0.0


class WorkerView(msgspec.Struct, frozen=True):
    """One thread or process."""

    name: str
    kind: str
    """fetch or parse."""
    doing: str = ""
    """URL or batch; empty when idle."""
    since: float = 0.0
    """Seconds it has been doing so."""
    finished: int = 0
    """Futures it finished."""
    levels: str = ""
    """How busy it was in each quarter of a second, 0 to 8, the newest last; "" if not told."""
    tones: str = ""
    """How what it did then ended: o ok, r redirect, k blocked, w throttled, b broken, x failed,
    c cancelled, n runs."""
    ended: bool = False
    """A parse worker of a pool that was replaced."""


class LogLine(msgspec.Struct, frozen=True):
    """Something worth telling: a pool rebuilt, a host given up, a site taken in."""

    serial: int
    at: float
    level: str
    """info, warning, error."""
    text: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a crawl at one moment."""

    sequence: int = 0
    at: float = 0.0
    """Unix time."""
    state: str = "starting"
    """starting, running, paused, stopping, finished, stopped, incomplete, failed."""
    elapsed: float = 0.0
    start_urls: tuple[str, ...] = ()
    store: str = ""
    sites: tuple[str, ...] = ()
    """Internal sites, host:port as people write them."""
    found: int = 0
    """URLs known, those kept out included."""
    done: int = 0
    internal_done: int = 0
    broken: int = 0
    kept_out: int = 0
    outcomes: dict[str, int] = {}
    statuses: dict[str, int] = {}
    skipped: dict[str, int] = {}
    """Reason to count of URLs kept out."""
    stages: StageCounts = StageCounts()
    rates: Rates = Rates()
    history: tuple[tuple[float, float, float, float], ...] = ()
    """One row a second, oldest first, at most 120: fetches, parses, p50 ms, bytes."""
    fetch: PoolView = PoolView()
    parse: PoolView = PoolView()
    parser: str = "soup"
    """The parser of the next page."""
    parser_auto: bool = False
    """True while the engine may change it by itself."""
    bytes: int = 0
    eta: float | None = None
    """Seconds left at the least; None where it means nothing."""
    oldest: FutureView | None = None
    hosts: tuple[HostView, ...] = ()
    """The busiest first, at most 200."""
    host_count: int = 0
    completions: tuple[Completion, ...] = ()
    """The newest last, at most 200."""
    futures: tuple[FutureView, ...] = ()
    counts: FutureCounts = FutureCounts()
    workers: tuple[WorkerView, ...] = ()
    log: tuple[LogLine, ...] = ()
    memory: int = 0
    """Resident bytes of the main process."""
    verdict: str = ""
    """FETCH-BOUND, PARSE-BOUND, POLITE, THROTTLED, PAUSED, DRAINING, DONE, STARTING …"""
    advice: str = ""
    """One sentence: what holds the crawl back and which key helps."""
    autopilot: bool = False
    """True while the engine sets the numbers of workers."""
    pilot: str = ""
    """The last step of the autopilot and what it brought."""
    paused: bool = False
    stopped_by: str = ""
    gave_up: tuple[str, ...] = ()
    exit_code: int = 0
    error: str = ""
    """Why the crawl failed, for people; empty otherwise."""


FINAL_STATES = frozenset({"finished", "stopped", "incomplete", "failed"})
"""States after which a crawl changes no more."""
