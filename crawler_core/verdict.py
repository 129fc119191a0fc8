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
    broken: int = 0
    done: int = 0
    note: str = ""
    backlog_full: bool = False


_PARSE_BUSY = 0.85
_QUEUE_LONG = 8


def judge(facts: Facts) -> tuple[str, str]:
    """The word and the sentence; the sentence names only a key that helps."""
    if facts.state in {"finished", "stopped", "incomplete", "failed"}:
        return _at_the_end(facts)
    if facts.state == "stopping":
        return "STOPPING", "waits for what is in flight, then keeps the store"
    if facts.state == "paused":
        return "PAUSED", f"{facts.stages.waiting:,} URLs wait: press space to go on"
    if facts.done == 0 and facts.state == "starting":
        return "STARTING", "asks for robots.txt and the first page"
    return _running(facts)


def _running(facts: Facts) -> tuple[str, str]:
    stages, fetch, parse = facts.stages, facts.fetch, facts.parse
    if facts.backlog_full or (parse.utilisation > _PARSE_BUSY and stages.to_parse > _QUEUE_LONG):
        busy = f"{min(parse.busy, parse.target)}/{parse.target} parse workers busy"
        advice = "press >" if parse.target < parse.maximum else "no more workers are allowed"
        return "PARSE-BOUND", f"{busy}, {stages.to_parse:,} pages wait to be parsed: {advice}"
    if fetch.target and fetch.busy >= fetch.target and stages.waiting:
        share = f"parsers {parse.utilisation:.0%} busy"
        advice = "press +" if fetch.target < fetch.maximum else "no more workers are allowed"
        return (
            "FETCH-BOUND",
            f"{fetch.busy}/{fetch.target} fetch workers wait for servers, {share}: {advice}",
        )
    waiting = [host for host in facts.hosts if host.waiting and host.state != "skipped"]
    asleep = [host for host in waiting if host.wait_seconds > 0.5]
    if waiting and len(asleep) == len(waiting):
        wait = min(host.wait_seconds for host in asleep)
        why = asleep[0].note or "asked for fewer requests"
        names = asleep[0].host if len(asleep) == 1 else f"{len(asleep)} hosts"
        return "THROTTLED", f"{names} {why}: next try in {wait:.0f} s"
    limited = [host for host in waiting if host.rate_limit or host.at_once or host.crawl_delay]
    if limited and stages.waiting:
        return "POLITE", _limit_sentence(max(limited, key=lambda host: host.waiting))
    if not stages.waiting:
        left = stages.fetching + stages.to_parse + stages.parsing
        return "DRAINING", f"{left} left, oldest {facts.oldest_age:.0f} s"
    return "RUNNING", f"{stages.waiting:,} URLs wait"


def _limit_sentence(host: HostView) -> str:
    if host.crawl_delay:
        limit = f"robots.txt asks for {host.crawl_delay:g} s between requests"
    elif host.rate_limit and host.at_once:
        limit = f"{host.rate_limit:g}/s and {host.at_once} at once is the limit"
    elif host.rate_limit:
        limit = f"{host.rate_limit:g}/s is the limit"
    else:
        limit = f"{host.at_once} at once is the limit"
    return f"{host.host} {limit}: + has no effect, . on panel 4 raises it"


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
