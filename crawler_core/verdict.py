"""What holds the crawl back now, in one word and one sentence. Pure."""

from __future__ import annotations

import msgspec

from crawler_core.snapshot import HostView, PoolView, StageCounts


class Slowing(msgspec.Struct, frozen=True):
    """Answers that got slower by more workers, while there were no more of them."""

    before: int
    """Fetch workers before the step up."""
    after: int
    before_ms: float
    after_ms: float


class Trend:
    """Watches, second by second, what the last step up of the fetch workers brought."""

    def __init__(self) -> None:
        self._level: list[tuple[float, float]] = []
        """Rate and median answer in seconds, of the last seconds with this many workers."""
        self._workers = 0
        self._changed = 0.0
        self._base: tuple[int, float, float] | None = None
        """Workers, rate and median answer before the step."""

    def second(self, at: float, *, workers: int, rate: float, p50: float) -> Slowing | None:
        """Note a second that is over; what is wrong now, if anything is."""
        if workers != self._workers:
            self._step(at, workers)
        elif rate and p50:
            self._level = [*self._level[1 - _SECONDS :], (rate, p50)]
        if self._base is None or len(self._level) < _SECONDS or at - self._changed < _SETTLED:
            return None
        if at - self._changed > _FORGOTTEN:
            self._base = None
            return None
        before, old_rate, old_p50 = self._base
        new_rate, new_p50 = _means(self._level)
        if new_rate > _MORE * old_rate or new_p50 < _SLOWER * old_p50 + 0.01:
            return None
        return Slowing(before, workers, 1000 * old_p50, 1000 * new_p50)

    def _step(self, at: float, workers: int) -> None:
        is_up = workers > self._workers
        if not is_up:
            self._base = None
        elif len(self._level) >= _SECONDS - 1:  # else it belongs to the step before
            self._base = (self._workers, *_means(self._level))
        self._level, self._workers, self._changed = [], workers, at


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict is made of."""

    state: str
    fetch: PoolView
    parse: PoolView
    stages: StageCounts
    hosts: tuple[HostView, ...]
    oldest_age: float = 0.0
    """Seconds that the oldest request or batch has been under way."""
    broken: int = 0
    done: int = 0
    note: str = ""
    backlog_full: bool = False
    parser: str
    """The one that parses now."""
    cpus: int
    """CPUs that parse workers may use: with one worker for each, another is no help."""
    slowing: Slowing | None = None
    storing: float = 0.0
    """Share of its time that the engine waited for writes, 0 to 1."""
    autopilot: bool = False
    """Workers are set by the engine: no key for them is advised."""


_SECONDS = 3
_SETTLED = 4.0
"""Seconds after a step until answers to requests that were sent before it are gone."""
_FORGOTTEN = 60.0
_MORE = 1.05
_SLOWER = 1.3
_FETCH_BUSY = 0.8
_PARSE_BUSY = 0.85
_QUEUE_LONG = 8
_WAIT_LONG = 250.0
"""Milliseconds that a page waits for a parse worker, which is as telling as a long queue."""
_RATE_USED = 0.8
"""From this share of a host's rate on the rate is what holds it back."""
_ASLEEP = 0.5
"""Seconds; a host that waits longer does so for more than its rate."""
_DISK_SLOW = 0.5
_SHUT = frozenset({"skipped", "given up"})


def judge(facts: Facts) -> tuple[str, str]:
    """The word and the sentence; the sentence names only a key that helps."""
    if facts.state in {"finished", "stopped", "incomplete", "failed"}:
        return _at_the_end(facts)
    if facts.state == "stopping":
        return "STOPPING", "waits for what is in flight, then keeps the store"
    if facts.state == "paused":
        return "PAUSED", f"{facts.stages.waiting:,} URLs wait: press space to go on"
    return _storing(facts) or _parse_bound(facts) or _waiting_for_hosts(facts)


def _means(level: list[tuple[float, float]]) -> tuple[float, float]:
    rates, answers = zip(*level, strict=True)
    return sum(rates) / len(level), sum(answers) / len(level)


def _storing(facts: Facts) -> tuple[str, str] | None:
    if facts.storing < _DISK_SLOW:
        return None
    share = f"{facts.storing:.0%} of the time goes into waiting for the disk"
    return "STORING", f"{share}: no key helps, a crawl file on a faster disk would"


def _parse_bound(facts: Facts) -> tuple[str, str] | None:
    parse, queue = facts.parse, facts.stages.to_parse
    busy = parse.utilisation > _PARSE_BUSY or parse.busy >= parse.target
    long = queue > _QUEUE_LONG or (queue > 1 and parse.queue_wait_ms > _WAIT_LONG)
    if not facts.backlog_full and not (busy and long):
        return None
    counts = f"{min(parse.busy, parse.target)}/{parse.target} parse workers busy"
    return "PARSE-BOUND", f"{counts}, {_pages(queue)} to be parsed: {_parse_advice(facts)}"


def _parse_advice(facts: Facts) -> str:
    parse = facts.parse
    has_room = parse.where == "processes" and parse.target < min(parse.maximum, facts.cpus)
    if has_room and facts.autopilot:
        return "autopilot tries more"
    if facts.parser != "lexbor":
        return f"press {'> or ' if has_room else ''}P for lexbor"
    if has_room:
        return "press >"
    if parse.where != "processes":
        return "one interpreter lock for all, more would not help"
    return "every CPU has one, more would not help"


def _waiting_for_hosts(facts: Facts) -> tuple[str, str]:
    shut = sum(host.waiting for host in facts.hosts if host.state in _SHUT)
    waiting = [host for host in facts.hosts if host.waiting and host.state not in _SHUT]
    asleep = [host for host in waiting if _is_asleep(host)]
    if waiting and len(asleep) == len(waiting):
        return _sleep_verdict(asleep)
    if facts.done == 0:
        return "STARTING", "asks for robots.txt and the first page"
    if facts.stages.waiting <= shut:
        left = facts.stages.fetching + facts.stages.to_parse + facts.stages.parsing
        rest = f"; {shut:,} stay with hosts that are not asked" if shut else ""
        return "DRAINING", f"{left:,} left, oldest {facts.oldest_age:.0f} s{rest}"
    # Hosts that are not among those shown are unknown, so they may have room.
    unseen = facts.stages.waiting - sum(host.waiting for host in facts.hosts)
    held = [host for host in waiting if host not in asleep and _limit_of(host)]
    if unseen <= 0 and len(held) + len(asleep) >= len(waiting) and held:
        return "POLITE", _limit_sentence(max(held, key=lambda host: host.waiting))
    return _slowing(facts) or _fetch_bound(facts)


def _slowing(facts: Facts) -> tuple[str, str] | None:
    seen = facts.slowing
    if seen is None:
        return None
    slower = f"answers {seen.before_ms:,.0f} > {seen.after_ms:,.0f} ms"
    since = f"since {seen.before} > {seen.after} workers"
    advice = "autopilot takes some back" if facts.autopilot else "press -"
    return "SLOWING", f"{slower} {since}, and no more of them: {advice}"


def _fetch_bound(facts: Facts) -> tuple[str, str]:
    fetch = facts.fetch
    # Between two answers a worker is idle for a moment, so one look at `busy` would flicker.
    if fetch.busy < fetch.target and fetch.utilisation <= _FETCH_BUSY:
        return "RUNNING", f"{facts.stages.waiting:,} URLs wait"
    share = f"parsers {facts.parse.utilisation:.0%} busy"
    advice = "autopilot tries more" if facts.autopilot else "press +"
    if fetch.target >= fetch.maximum:
        advice = "no more workers are allowed"
    busy = f"{fetch.busy}/{fetch.target} fetch workers wait for servers"
    return "FETCH-BOUND", f"{busy}, {share}: {advice}"


def _is_asleep(host: HostView) -> bool:
    return host.wait_seconds > _ASLEEP or host.state == "paused"


def _limit_of(host: HostView) -> str:
    """What limits the host: "delay", "pace", "rate", "at once", or "" where more is allowed."""
    if host.crawl_delay and not 0 < host.rate_limit < 1 / host.crawl_delay:
        return "delay"
    if host.pace and host.per_second >= _RATE_USED * host.pace:
        return "rate" if 0 < host.rate_limit <= host.pace else "pace"
    if host.rate_limit and host.per_second >= _RATE_USED * host.rate_limit:
        return "rate"
    return "at once" if host.at_once and host.in_flight >= host.at_once else ""


def _limit_sentence(host: HostView) -> str:
    match _limit_of(host):
        case "delay":
            limit = f"{host.crawl_delay:g} s between requests, as its robots.txt asks"
            advice = "+ has no effect"
        case "pace":
            limit = f"{host.pace:.1f}/s is what it was found to bear"
            advice = "autopilot keeps to it"
        case "rate":
            limit = f"{host.rate_limit:g}/s is {'your' if host.is_rate_set else 'the'} limit"
            advice = "+ has no effect, . on tab 4 raises it"
            if 0 < host.ceiling <= host.rate_limit:
                advice = "+ has no effect, --max-rate allows no more"
        case _:
            limit = f"{host.at_once} at once is its limit now"
            advice = "+ has no effect"
    return f"{host.host}: {limit}: {advice}"


def _sleep_verdict(asleep: list[HostView]) -> tuple[str, str]:
    held = [host for host in asleep if host.state == "paused"]
    if len(held) == len(asleep):
        others = f" (and {len(held) - 1} more)" if len(held) > 1 else ""
        return "PAUSED", f"{held[0].host}{others} is held by you: . on tab 4 goes on"
    return "THROTTLED", _sleep_sentence([host for host in asleep if host.state != "paused"])


def _sleep_sentence(asleep: list[HostView]) -> str:
    first = min(asleep, key=lambda host: host.wait_seconds)
    why = first.note or "asked for fewer requests"
    others = f" (and {len(asleep) - 1} more wait)" if len(asleep) > 1 else ""
    return f"{first.host}: {why}, next try in {first.wait_seconds:.0f} s{others}"


def _pages(count: int) -> str:
    return f"{count:,} page waits" if count == 1 else f"{count:,} pages wait"


def _at_the_end(facts: Facts) -> tuple[str, str]:
    word = {"finished": "DONE", "failed": "FAILED"}.get(facts.state, facts.state.upper())
    if facts.state == "failed":
        return word, facts.note
    counts = f"{facts.done:,} URLs, {facts.broken:,} broken"
    keys = "3 shows them, s saves a CSV, q quits" if facts.broken else "s saves a CSV, q quits"
    if facts.state == "finished":
        return word, f"{counts}: {keys}"
    why = f" ({facts.note})" if facts.note else ""
    return word, f"{counts}, {facts.stages.waiting:,} still wait{why}: {keys}; it can be resumed"
