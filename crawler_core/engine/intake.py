"""What each message in the inbox comes to: a fetch or a parse that is done, or an order."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from crawler_core.commands import AnyCommand
from crawler_core.engine import lines, orders, recording
from crawler_core.engine.parsing import Batch, Parsed
from crawler_core.model import FetchRequest, FetchResult, Outcome, ParseJob, Purpose

if TYPE_CHECKING:
    from crawler_core.engine.engine import Engine

AnyFuture = Future[Any]


def take(engine: Engine, message: AnyFuture | AnyCommand) -> None:
    """Take in one message. A future that nobody waits for any more changes nothing."""
    if not isinstance(message, Future):
        orders.obey(engine, message)
        engine.publish_soon()
    elif message in engine.fetch.in_flight:
        _fetched(engine, message)
    elif message in engine.parse.batches:
        _parsed(engine, message)


def _fetched(engine: Engine, future: AnyFuture) -> None:
    now = engine.clock()
    result, waited = engine.fetch.landed(future, now)
    engine.stats.fetched(result, now)
    engine.stats.fetch.waited(now, waited)
    engine.tally.fetched(future, result)
    engine.lanes.fetched(result.worker, now, result.seconds, result.outcome)
    is_put_off = engine.fetch.is_put_off(result)
    is_robots = result.request.purpose is Purpose.ROBOTS
    if engine.is_stopping and result.outcome is Outcome.CANCELLED:
        if is_robots:
            engine.robots.drop(result.request.number)
        else:
            engine.frontier.release(result.request.url_id)
    elif is_robots:
        _robots_answered(engine, result, now)
    elif is_put_off:
        engine.ledger.put_off(result, now)
        lines.fetched(engine.stats, result, "asked for again later", engine.wall())
        engine.wrote()
    else:
        _answered(engine, result, now)


def _answered(engine: Engine, result: FetchResult, now: float) -> None:
    to_parse, note = engine.ledger.answered(result, now)
    lines.fetched(engine.stats, result, note, engine.wall())
    engine.wrote()
    engine.stats.discovered(engine.ledger.new_urls, now)
    engine.ledger.new_urls = 0
    if to_parse:
        job = _job_of(engine, result.request, result)
        engine.parse.add(job, recording.without_body(result), now)


def _job_of(engine: Engine, request: FetchRequest, result: FetchResult) -> ParseJob:
    return ParseJob(
        request.url_id,
        request.url,
        result.body,
        result.content_type,
        engine.config.max_links,
        engine.config.parse_deadline,
    )


def _robots_answered(engine: Engine, result: FetchResult, now: float) -> None:
    verdict = engine.robots.answered(result, now, engine.chance())
    lines.fetched(engine.stats, result, "robots.txt", engine.wall())
    if verdict is not None:
        engine.ledger.robots_known(verdict)
        engine.wrote()


def _parsed(engine: Engine, future: AnyFuture) -> None:
    now, wall, stats = engine.clock(), engine.wall(), engine.stats
    batch, answers, exception = engine.parse.landed(future, now)
    fresh = 0
    for answer in answers:
        engine.ledger.record(answer.result, answer.page, outcome=answer.outcome, error=answer.error)
        fresh += engine.ledger.new_urls
    engine.ledger.new_urls = 0
    engine.wrote()
    stats.parsed(len(answers), 0.0, now)  # the engine itself meters how busy parsers are
    stats.discovered(fresh, now)
    worker = engine.parse.credit(batch, answers)
    _noted(engine, batch, answers, exception, worker, now)
    lines.parsed(stats, batch, answers, exception, worker, fresh, now, wall)
    if exception:
        stats.tell(wall, "warning", lines.broken_pool_line(batch, answers, exception))


def _noted(
    engine: Engine, batch: Batch, answers: list[Parsed], exception: str, worker: str, now: float
) -> None:
    """Write a parse future into lanes and counts."""
    lost = [answer.outcome for answer in answers if answer.outcome is not None]
    if exception:
        engine.lanes.died(engine.parse.workers_of(batch.generation), now, batch.started)
    computed = sum(answer.page.seconds for answer in answers if answer.page)
    outcome = lost[0] if lost else Outcome.OK
    took = now - max(batch.started, min(now, engine.lanes.ended(worker, batch.started)))
    engine.tally.parsed(exception, len(batch.items) - len(lost), took)
    engine.lanes.parsed(worker, now, batch.started, computed, outcome)
