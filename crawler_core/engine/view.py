"""From the engine's state to what screens see: one frozen snapshot."""

from __future__ import annotations

import os
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

from crawler_core import verdict
from crawler_core.config import CrawlConfig, cpu_count
from crawler_core.engine.arrivals import waiting_age
from crawler_core.engine.board import Entry
from crawler_core.engine.lanes import NAMELESS
from crawler_core.frontier.host import Host
from crawler_core.snapshot import (
    FutureCounts,
    FutureView,
    HostView,
    PoolView,
    Rates,
    Snapshot,
    StageCounts,
    WorkerView,
)

if TYPE_CHECKING:
    from crawler_core.engine.engine import Engine

_HOSTS_SHOWN = 200
_FUTURES_SHOWN = 300
_LANES_SHOWN = 64
_STANDS = 0.5
"""Pages a second; what goes slower than this tells nothing of what is left."""
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def snapshot(engine: Engine, sequence: int) -> Snapshot:
    """Everything a screen shows, at this moment."""
    now, wall = engine.clock(), engine.wall()
    stats, frontier = engine.stats, engine.frontier
    futures = _futures(engine, now)
    oldest = max(futures, key=lambda future: future.age, default=None)
    hosts = sorted(
        frontier.hosts.values(),
        key=lambda host: (host.internal, len(host.in_flight), host.waiting, host.done),
        reverse=True,
    )
    shown = tuple(_host_view(host, engine.config, now) for host in hosts[:_HOSTS_SHOWN])
    stages = _stages(engine, now)
    rates = stats.rates(now)
    taken = Snapshot(
        sequence=sequence,
        at=wall,
        state=engine.state,
        elapsed=engine.elapsed_before + now - engine.started,
        start_urls=engine.config.start_urls,
        store=str(engine.store.path),
        sites=tuple(sorted(engine.ledger.scope.sites)),
        found=len(frontier.table),
        done=stats.stored,
        internal_done=stats.internal_done,
        broken=stats.broken,
        kept_out=frontier.kept_out,
        outcomes={key: count for key, count in stats.outcomes.items() if count},
        statuses={key: count for key, count in stats.statuses.items() if count},
        skipped={key: count for key, count in stats.skipped.items() if count},
        stages=stages,
        rates=rates,
        history=stats.history(now),
        fetch=_fetch_view(engine, now),
        parse=_parse_view(engine, now),
        parser=engine.parse.choice.name,
        parser_auto=engine.parse.choice.is_automatic,
        bytes=stats.bytes,
        eta=time_left(stages, rates, engine.state),
        oldest=oldest,
        hosts=shown,
        host_count=len(hosts),
        completions=tuple(stats.completions),
        futures=futures[:_FUTURES_SHOWN],
        counts=_counts(engine, futures, now),
        workers=_workers(engine, now),
        log=tuple(stats.log)[-200:],
        memory=_resident_bytes(),
        autopilot=engine.pilot.is_on,
        pilot=engine.pilot.says,
        paused=engine.state == "paused",
        stopped_by=engine.stopped_by,
        gave_up=tuple(h.key for h in frontier.hosts.values() if h.waiting and h.closed),
        exit_code=_exit_code(engine),
        error=engine.error,
    )
    return _judged(engine, taken)


def _judged(engine: Engine, taken: Snapshot) -> Snapshot:
    """The snapshot with the verdict on itself."""
    word, advice = verdict.judge(
        verdict.Facts(
            state=taken.state,
            fetch=taken.fetch,
            parse=taken.parse,
            stages=taken.stages,
            hosts=taken.hosts,
            oldest_age=taken.oldest.age if taken.oldest else 0.0,
            broken=taken.broken,
            done=taken.done,
            note=taken.error or taken.stopped_by,
            backlog_full=engine.is_backlog_full,
            parser=taken.parser,
            cpus=cpu_count(),
            slowing=engine.pilot.slowing,
            storing=engine.stats.disk.utilisation(engine.clock(), 1),
            autopilot=taken.autopilot,
        )
    )
    return msgspec.structs.replace(taken, verdict=word, advice=advice)


def _exit_code(engine: Engine) -> int:
    if engine.state == "failed":
        return engine.exit_code
    if engine.state == "incomplete":
        return 4
    if engine.state == "finished" and not engine.ledger.start_answered:
        return 3
    return 0


def _stages(engine: Engine, now: float) -> StageCounts:
    # Most of thousands of external hosts have nothing left to ask for.
    hosts = [host for host in engine.frontier.hosts.values() if host.waiting]
    return StageCounts(
        waiting=engine.frontier.waiting,
        fetching=len(engine.fetch.in_flight),
        to_parse=engine.parse.waiting,
        parsing=engine.parse.parsing,
        stored=engine.stats.stored,
        retry=sum(host.retry_count for host in hosts),
        snoozed=sum(host.waiting for host in hosts if _pause_of(host, now) > 0),
        backlog_bytes=engine.parse.backlog_bytes,
    )


def _pause_of(host: Host, now: float) -> float:
    """Seconds that a host is left alone for more than its rate."""
    return max(0.0, host.snoozed_until - now, host.breaker.probe_at - now)


def _fetch_view(engine: Engine, now: float) -> PoolView:
    pool = engine.fetch.pool
    return PoolView(
        where=pool.where,
        busy=pool.busy,
        target=pool.target,
        maximum=pool.maximum,
        draining=max(0, pool.busy - pool.target),
        queue_wait_ms=engine.stats.fetch.wait_ms(now),
        utilisation=engine.stats.fetch.utilisation(now, pool.target),
    )


def _parse_view(engine: Engine, now: float) -> PoolView:
    pool = engine.parse.pool
    return PoolView(
        where=pool.where,
        busy=min(pool.busy, pool.target),
        target=pool.target,
        maximum=pool.maximum,
        draining=pool.draining,
        queue_wait_ms=engine.stats.parse.wait_ms(now),
        rebuilt=pool.rebuilt,
        utilisation=engine.stats.parse.utilisation(now, pool.target),
    )


def _state_of(future: Future[Any]) -> str:
    if future.running():
        return "RUNNING"
    return "FINISHED" if future.done() else "PENDING"


def _futures(engine: Engine, now: float) -> tuple[FutureView, ...]:
    names = {entry.number: entry.name for entry in list(engine.fetch.board.entries.values())}
    fetch_limit, parse_limit = engine.tally.fetch_kin.limit, engine.tally.parse_kin.limit
    fetches = [
        FutureView(
            "fetch",
            sent.request.number,
            _state_of(future),
            now - sent.at,
            sent.request.url,
            1,
            names.get(sent.request.number, ""),
            now - sent.at > fetch_limit,
        )
        for future, sent in engine.fetch.in_flight.items()
    ]
    parses = [
        FutureView(
            "parse",
            batch.number,
            _state_of(future),
            now - batch.started,
            batch.items[0].job.url,
            len(batch.items),
            stuck=now - batch.started > parse_limit,
        )
        for future, batch in engine.parse.batches.items()
    ]
    return tuple(sorted(fetches + parses, key=lambda view: -view.age))


def _counts(engine: Engine, futures: tuple[FutureView, ...], now: float) -> FutureCounts:
    tally, since = engine.tally, engine.parse.waits_since
    tally.arrivals.mark(now, engine.frontier.next_id)
    ages = {
        kind: max((view.age for view in futures if view.kind == kind), default=0.0)
        for kind in ("fetch", "parse")
    }
    return FutureCounts(
        pending=sum(view.state == "PENDING" for view in futures),
        running=sum(view.state == "RUNNING" for view in futures),
        fetches=tally.fetches,
        parses=tally.parses,
        cancelled=tally.cancelled,
        closed=tally.closed,
        raised=tally.raised,
        fetch_age=ages["fetch"],
        to_parse_age=now - since if since is not None else 0.0,
        parse_age=ages["parse"],
        waiting_age=waiting_age(tally.arrivals, engine.frontier, now),
        fetch_limit=tally.fetch_kin.limit,
        parse_limit=tally.parse_kin.limit,
    )


def _workers(engine: Engine, now: float) -> tuple[WorkerView, ...]:
    entries = sorted(engine.fetch.board.entries.values(), key=lambda entry: entry.name)
    shown = engine.lanes.busiest([entry.name for entry in entries], now, _LANES_SHOWN)
    views = [_fetch_worker(engine, entry, now, told=entry.name in shown) for entry in entries]
    return (*views, *_parse_workers(engine, now))


def _fetch_worker(engine: Engine, entry: Entry, now: float, *, told: bool) -> WorkerView:
    number, since = entry.number, entry.since  # its thread may change them meanwhile
    lane = engine.lanes.drawn(entry.name, now, since if number else None) if told else ("", "")
    doing = entry.url if number else ""
    return WorkerView(
        entry.name, "fetch", doing, now - since if number else 0.0, entry.finished, *lane
    )


def _parse_workers(engine: Engine, now: float) -> list[WorkerView]:
    """The workers of the pool, and those of replaced ones while their lanes are not empty.

    Nobody tells which worker holds which batch before it is done. Only when there are as many
    batches as workers it is sure that each has one.
    """
    parse = engine.parse
    here, names = parse.pool.generation, dict(parse.workers)
    held = [batch.started for batch in parse.batches.values() if batch.generation == here]
    all_busy = len(held) >= len(names) == parse.pool.target
    views = []
    for name, finished in names.items():
        since = max(engine.lanes.ended(name, now), min(held)) if all_busy else None
        lane = engine.lanes.drawn(name, now, since)
        age = now - since if since is not None else 0.0
        doing = "a batch" if since is not None else ""
        views.append(WorkerView(name, "parse", doing, age, finished, *lane))
    if held and not names:
        lane = engine.lanes.drawn(NAMELESS, now, min(held))
        views.append(WorkerView(NAMELESS, "parse", "a batch", now - min(held), 0, *lane))
    nameless = [] if held and not names else [(NAMELESS, 0)]
    for name, finished in [*parse.former_workers, *nameless]:
        levels, tones = engine.lanes.drawn(name, now)
        if tones.strip():
            views.append(WorkerView(name, "parse", "", 0.0, finished, levels, tones, ended=True))
    return views


def _host_view(host: Host, config: CrawlConfig, now: float) -> HostView:
    pause = _pause_of(host, now)
    return HostView(
        host=host.key,
        internal=host.internal,
        in_flight=len(host.in_flight),
        waiting=host.waiting,
        done=host.done,
        bad=host.bad,
        per_second=host.per_second(now),
        p50_ms=host.median_latency() * 1000,
        rate_limit=host.rate,
        at_once=int(min(host.window, host.at_once)) if host.at_once else 0,
        state=_host_state(host, pause),
        wait_seconds=pause,
        robots=host.robots,
        crawl_delay=host.rules.crawl_delay if host.rules else 0.0,
        note=host.note,
        p95_ms=host.latency(0.95) * 1000,
        answers=host.answers,
        errors=host.errors,
        throttles=host.throttles,
        interval=host.interval,
        ceiling=host.ceiling,
        pace=host.pace,
        is_rate_set=host.is_rate_set or host.rate in {config.rate, config.max_rate},
    )


def _host_state(host: Host, pause: float) -> str:
    if host.skipped:
        return "skipped"
    if host.breaker.given_up:
        return "given up"
    if host.ending is not None:
        return "unreachable" if host.robots == "unreachable" else "robots unavailable"
    if host.paused:
        return "paused"
    if host.breaker.is_open:
        return "failing"
    return "throttled" if pause > 0 else "ok"


def time_left(stages: StageCounts, rates: Rates, state: str) -> float | None:
    """Seconds left at the least: new URLs may still be found; None where nobody can tell.

    What waits for servers and what waits for parsers goes on side by side: the longer counts.
    """
    to_fetch, to_parse = stages.waiting, stages.to_parse + stages.parsing
    if state != "running" or rates.new_urls > max(rates.fetches, 0.5):
        return None
    if (to_fetch and rates.fetches < _STANDS) or (to_parse and rates.parses < _STANDS):
        return None
    left = max(to_fetch / (rates.fetches or 1), to_parse / (rates.parses or 1))
    return left if to_fetch or left >= 1 else None


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * _PAGE_SIZE
    except OSError:
        return 0
