"""What holds the crawl back now, in one word and one sentence. Pure."""

from __future__ import annotations

import msgspec

from crawler_core.snapshot import HostView, PoolView, StageCounts


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


_FETCH_BUSY = 0.8
_PARSE_BUSY = 0.85
_QUEUE_LONG = 8
_RATE_USED = 0.8
"""From this share of a host's rate on the rate is what holds it back."""
_ASLEEP = 0.5
"""Seconds; a host that waits longer does so for more than its rate."""
_SHUT = frozenset({"skipped", "given up"})


def judge(facts: Facts) -> tuple[str, str]:
    """The word and the sentence; the sentence names only a key that helps."""
    if facts.state in {"finished", "stopped", "incomplete", "failed"}:
        return _at_the_end(facts)
    if facts.state == "stopping":
        return "STOPPING", "waits for what is in flight, then keeps the store"
    if facts.state == "paused":
        return "PAUSED", f"{facts.stages.waiting:,} URLs wait: press space to go on"
    return _parse_bound(facts) or _waiting_for_hosts(facts)


def _parse_bound(facts: Facts) -> tuple[str, str] | None:
    parse, queue = facts.parse, facts.stages.to_parse
    busy = parse.utilisation > _PARSE_BUSY or parse.busy >= parse.target
    if not facts.backlog_full and not (busy and queue > _QUEUE_LONG):
        return None
    counts = f"{min(parse.busy, parse.target)}/{parse.target} parse workers busy"
    has_room = parse.where == "processes" and parse.target < min(parse.maximum, facts.cpus)
    if facts.parser != "lexbor":
        advice = f"press {'> or ' if has_room else ''}P for lexbor"
    elif has_room:
        advice = "press >"
    elif parse.where != "processes":
        advice = "one interpreter lock for all, more would not help"
    else:
        advice = "every CPU has one, more would not help"
    return "PARSE-BOUND", f"{counts}, {_pages(queue)} to be parsed: {advice}"


def _waiting_for_hosts(facts: Facts) -> tuple[str, str]:
    shut = sum(host.waiting for host in facts.hosts if host.state in _SHUT)
    waiting = [host for host in facts.hosts if host.waiting and host.state not in _SHUT]
    asleep = [host for host in waiting if host.wait_seconds > _ASLEEP]
    if waiting and len(asleep) == len(waiting):
        return "THROTTLED", _sleep_sentence(asleep)
    if facts.done == 0:
        return "STARTING", "asks for robots.txt and the first page"
    if facts.stages.waiting <= shut:
        left = facts.stages.fetching + facts.stages.to_parse + facts.stages.parsing
        rest = f"; {shut:,} stay with hosts that are not asked" if shut else ""
        return "DRAINING", f"{left:,} left, oldest {facts.oldest_age:.0f} s{rest}"
    # Hosts that are not among those shown are unknown, so they may have room.
    unseen = facts.stages.waiting - sum(host.waiting for host in facts.hosts)
    held = [host for host in waiting if host not in asleep and _limit_of(host)]
    fetch = facts.fetch
    if unseen <= 0 and len(held) + len(asleep) >= len(waiting) and held:
        return "POLITE", _limit_sentence(max(held, key=lambda host: host.waiting))
    # Between two answers a worker is idle for a moment, so one look at `busy` would flicker.
    if fetch.busy >= fetch.target or fetch.utilisation > _FETCH_BUSY:
        share = f"parsers {facts.parse.utilisation:.0%} busy"
        advice = "press +" if fetch.target < fetch.maximum else "no more workers are allowed"
        busy = f"{fetch.busy}/{fetch.target} fetch workers wait for servers"
        return "FETCH-BOUND", f"{busy}, {share}: {advice}"
    return "RUNNING", f"{facts.stages.waiting:,} URLs wait"


def _limit_of(host: HostView) -> str:
    """What limits the host now: "delay", "rate", "at once", or "" where more is allowed."""
    if host.crawl_delay and not 0 < host.rate_limit < 1 / host.crawl_delay:
        return "delay"
    if host.rate_limit and host.per_second >= _RATE_USED * host.rate_limit:
        return "rate"
    return "at once" if host.at_once and host.in_flight >= host.at_once else ""


def _limit_sentence(host: HostView) -> str:
    match _limit_of(host):
        case "delay":
            limit = f"{host.crawl_delay:g} s between requests, as its robots.txt asks"
            advice = "+ has no effect"
        case "rate":
            limit = f"{host.rate_limit:g}/s is its limit"
            advice = "+ has no effect, . on tab 4 raises it"
        case _:
            limit = f"{host.at_once} at once is its limit now"
            advice = "+ has no effect"
    return f"{host.host}: {limit}: {advice}"


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
