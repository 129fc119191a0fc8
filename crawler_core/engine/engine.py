"""The loop: claim, submit, take in what is done, commit, publish.

Futures call back one thing only, `inbox.put`; everything else happens on this thread.

    frontier.claim -> fetch pool -> inbox -> parse desk -> parse pool -> inbox -> ledger
"""

from __future__ import annotations

import logging
import queue
import random
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from crawler_core import url as urls
from crawler_core.commands import (
    AnyCommand,
    Cancel,
    Pause,
    ReopenHost,
    Resume,
    RetryFailed,
    SetFetchWorkers,
    SetHostRate,
    SetParseWorkers,
    SkipHost,
    Stop,
)
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.engine import recording, view
from crawler_core.engine.board import FetchBoard, fetch_on_board
from crawler_core.engine.ledger import Ledger
from crawler_core.engine.parsing import Parsed, ParseDesk
from crawler_core.engine.robots_desk import RobotsDesk
from crawler_core.errors import CrawlError
from crawler_core.fetch import Fetcher
from crawler_core.frontier.frontier import AskRobots, Fetch, KeptOut, Refused
from crawler_core.model import FetchRequest, FetchResult, Outcome, ParseJob, Purpose, Role
from crawler_core.pools import FetchPool, ParsePool
from crawler_core.snapshot import FINAL_STATES, Snapshot
from crawler_core.store.writer import Store

COMMIT_SECONDS = 0.1
COMMIT_PAGES = 200
BACKLOG_BYTES = 48 * 1024 * 1024
"""Bodies that may wait for the parser before no new page is asked for."""
PUBLISH_SECONDS = 0.12
STOP_GRACE = 2.0
"""Seconds that a stop waits for what is in flight before it cancels it."""
_CLAIMS_A_TURN = 200
_ANSWERS_A_TURN = 200
_LONGEST_NAP = 0.5

_log = logging.getLogger(__name__)


class Engine:
    """One run of one crawl. `run()` is its thread; the other methods may be called from any."""

    def __init__(
        self,
        store: Store,
        config: CrawlConfig,
        secrets: Secrets,
        *,
        fetcher: Fetcher,
        fetch_pool: FetchPool,
        parse_pool: ParsePool,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.clock = clock
        self.wall = wall
        self.chance = chance
        self.store = store
        self.fetcher = fetcher
        self.fetch_pool = fetch_pool
        self.board = FetchBoard()
        self.inbox: queue.SimpleQueue[Future[Any] | AnyCommand] = queue.SimpleQueue()
        self.started = clock()
        self.ledger = Ledger(store, config, now=self.started, wall=wall, chance=chance)
        self.frontier = self.ledger.frontier
        self.stats = self.ledger.stats
        parser = "soup"  # what `auto` starts with, and the only one so far
        self.parse = ParseDesk(parse_pool, parser, self.inbox.put)
        self.robots = RobotsDesk(self.frontier)
        self.fetching: dict[Future[Any], FetchRequest] = {}
        self.state = "starting"
        self.stopped_by = ""
        self.error = ""
        self.elapsed_before = float(store.meta("elapsed") or 0.0)
        self._secret_hosts = {urls.host_key(start) for start in config.start_urls}
        self._has_secrets = bool(secrets)
        self._number = 0
        self._submitted: dict[int, float] = {}
        self._oldest_write: float | None = None
        self._wanted = True
        self._published = 0.0
        self._stop_at: float | None = None
        self._sequence = 0
        self.latest: Snapshot = Snapshot(
            start_urls=config.start_urls, store=str(store.path), at=wall()
        )

    # -- from any thread -----------------------------------------------------------------

    def send(self, command: AnyCommand) -> None:
        """Tell the crawl something; takes effect within a turn of the loop."""
        self.inbox.put(command)

    def snapshot(self) -> Snapshot:
        """The newest snapshot; asking for it makes the loop publish the next one."""
        self._wanted = True
        return self.latest

    @property
    def is_backlog_full(self) -> bool:
        """So many bodies wait for the parser that no new page is asked for."""
        return self.parse.backlog_bytes >= BACKLOG_BYTES

    def submitted_at(self, number: int, default: float) -> float:
        """When a fetch future was submitted, on the engine's clock."""
        return self._submitted.get(number, default)

    # -- the loop ------------------------------------------------------------------------

    def run(self) -> Snapshot:
        """Crawl to an end; the last snapshot. Never raises: failures are its `error`."""
        try:
            self.ledger.load(self.clock())
            self.store.set_meta("state", "running")
            if not self.store.meta("started"):
                self.store.set_meta("started", repr(self.wall()))
            self._restore_robots()
            self.store.commit()
            self.state = "running"
            while not self._is_over():
                self._turn()
            self._end()
        except CrawlError as error:
            self._fail(str(error))
        except Exception as error:
            _log.exception("the engine failed")
            self._fail(f"Internal error: {type(error).__name__}: {error}")
        self._publish()
        return self.latest

    def close(self) -> None:
        """Let go of pools, connections and store, in this order."""
        self.fetch_pool.close()
        self.fetcher.close()
        self.parse.pool.close()
        if self.state == "failed":
            self.store.abandon()
        else:
            self.store.close()

    def _turn(self) -> None:
        now = self.clock()
        self._dispatch(now)
        self._take_in(self._nap(now))
        now = self.clock()
        if self._oldest_write is not None and (
            now - self._oldest_write >= COMMIT_SECONDS or self.store.pending >= COMMIT_PAGES
        ):
            self.store.commit()
            self._oldest_write = None
        if self._wanted and now - self._published >= PUBLISH_SECONDS:
            self._publish()
        limit = self.config.max_time
        if limit is not None and self._stop_at is None and now - self.started >= limit:
            self._stop("--max-time")

    def _nap(self, now: float) -> float:
        """Seconds to wait for news at the most."""
        until = now + _LONGEST_NAP
        for moment in (self.frontier.next_wake(), self.robots.next_due(), self._stop_at):
            if moment is not None:
                until = min(until, moment)
        if self._oldest_write is not None:
            until = min(until, self._oldest_write + COMMIT_SECONDS)
        if self._wanted:
            until = min(until, self._published + PUBLISH_SECONDS)
        return max(0.0, until - now)

    def _take_in(self, nap: float) -> None:
        """Wait for one message, then take in all that are there, up to a turn's worth."""
        try:
            message = self.inbox.get(timeout=nap) if nap > 0 else self.inbox.get_nowait()
            for _ in range(_ANSWERS_A_TURN):
                self._handle(message)
                message = self.inbox.get_nowait()
            self._handle(message)
        except queue.Empty:
            return

    def _handle(self, message: Future[Any] | AnyCommand) -> None:
        if not isinstance(message, Future):
            self._obey(message)
        elif message in self.fetching:
            self._fetched(message)
        elif message in self.parse.batches:
            self._parsed(message)

    def _is_over(self) -> bool:
        if self._stop_at is not None:
            quiet = not self.fetching and self.parse.is_idle
            return quiet or self.clock() >= self._stop_at
        return (
            self.frontier.is_done
            and not self.fetching
            and self.parse.is_idle
            and self.robots.is_idle
        )

    # -- going out -----------------------------------------------------------------------

    def _dispatch(self, now: float) -> None:
        for wait in self.parse.dispatch(now):
            self.stats.parse.waited(now, wait)
        if self.state != "running":
            return
        for _ in range(_CLAIMS_A_TURN):
            if self.fetch_pool.room <= 0 or self.is_backlog_full:
                return
            if self._ask_robots(now):
                continue
            claim = self.frontier.claim(now)
            if claim is None:
                return
            if isinstance(claim, Fetch):
                self._send(claim)
            elif isinstance(claim, AskRobots):
                self.robots.ask(claim.host)
            elif isinstance(claim, Refused):
                record = self.ledger.refused(claim)
                self._wrote(now)
                view.refused(self.stats, record, self.wall())
            elif isinstance(claim, KeptOut):
                self.ledger.kept_out(claim)
                self._wrote(now)

    def _send(self, claim: Fetch) -> None:
        table = self.frontier.table
        crawl = table.role[claim.url_id] == Role.CRAWL
        self._number += 1
        request = FetchRequest(
            self._number,
            claim.url_id,
            table.address(claim.url_id),
            Purpose.CRAWL if crawl else Purpose.CHECK,
            table.attempts[claim.url_id],
            self._may_see_secrets(claim.host),
        )
        self._submit(request)

    def _ask_robots(self, now: float) -> bool:
        host = self.robots.peek_host(now)
        if host is None:
            return False
        self._number += 1
        secret = self._may_see_secrets(urls.host_key(host))
        request = self.robots.next_request(self._number, now, secret)
        if request is not None:
            self._submit(request)
        return request is not None

    def _submit(self, request: FetchRequest) -> None:
        self._submitted[request.number] = self.clock()
        future = self.fetch_pool.submit(fetch_on_board, self.board, self.fetcher, request)
        self.fetching[future] = request
        future.add_done_callback(self.inbox.put)

    def _may_see_secrets(self, host: str) -> bool:
        return self._has_secrets and host in self._secret_hosts

    # -- coming in -----------------------------------------------------------------------

    def _fetched(self, future: Future[Any]) -> None:
        request = self.fetching.pop(future)
        self.fetch_pool.landed()
        now = self.clock()
        submitted = self._submitted.pop(request.number)
        result = _result_of(future, request)
        self.stats.fetched(result, now)
        self.stats.fetch.waited(now, max(0.0, now - submitted - result.seconds))
        if request.purpose is Purpose.ROBOTS:
            self._robots_answered(result, now)
            return
        if self._stop_at is not None and result.outcome is Outcome.CANCELLED:
            self.frontier.release(request.url_id)
            return
        to_parse, note = self.ledger.answered(result, now)
        view.fetched(self.stats, result, note, self.wall())
        self._wrote(now)
        self.stats.discovered(self.ledger.new_urls, now)
        self.ledger.new_urls = 0
        if to_parse:
            job = ParseJob(
                request.url_id,
                request.url,
                result.body,
                result.content_type,
                self.config.max_links,
                self.config.parse_deadline,
            )
            self.parse.add(job, recording.without_body(result), now)

    def _robots_answered(self, result: FetchResult, now: float) -> None:
        if self._stop_at is not None and result.outcome is Outcome.CANCELLED:
            self.robots.drop(result.request.number)
            return
        verdict = self.robots.answered(result, now, self.chance())
        view.fetched(self.stats, result, "robots.txt", self.wall())
        if verdict is None:
            return
        self.store.save_host(
            verdict.host,
            robots_text=verdict.text,
            robots_status=verdict.status,
            robots_fetched=self.wall() if verdict.state in {"ok", "none"} else 0.0,
        )
        self._wrote(now)
        host = self.frontier.hosts[verdict.host]
        if verdict.state in {"unavailable", "unreachable"} and host.internal:
            why = f" ({verdict.error or verdict.status})"
            self.stats.tell(
                self.wall(), "error", f"{verdict.host}: robots.txt {verdict.state}{why}"
            )

    def _parsed(self, future: Future[Any]) -> None:
        now = self.clock()
        batch, answers, exception = self.parse.landed(future, now)
        fresh = 0
        seconds = 0.0
        for answer in answers:
            self._store_parsed(answer)
            fresh += self.ledger.new_urls
            seconds += answer.page.seconds if answer.page else 0.0
        self._wrote(now)
        self.stats.parsed(len(answers), min(seconds, now - batch.started), now)
        self.stats.discovered(fresh, now)
        self.ledger.new_urls = 0
        worker = self.parse.credit(batch, answers)
        view.parsed(self.stats, batch, answers, exception, worker, fresh, now, self.wall())
        if exception:
            self.stats.tell(
                self.wall(), "warning", view.broken_pool_line(batch, answers, exception)
            )

    def _store_parsed(self, answer: Parsed) -> None:
        self.ledger.record(answer.result, answer.page, outcome=answer.outcome, error=answer.error)

    def _wrote(self, now: float) -> None:
        if self._oldest_write is None:
            self._oldest_write = now

    # -- commands ------------------------------------------------------------------------

    def _obey(self, command: AnyCommand) -> None:
        now = self.clock()
        match command:
            case SetFetchWorkers(target=target):
                self.fetch_pool.resize(target)
            case SetParseWorkers(target=target):
                self.parse.pool.resize(target)
            case Pause() if self.state == "running":
                self.state = "paused"
            case Resume() if self.state == "paused":
                self.state = "running"
            case Stop(reason=reason):
                self._stop(reason)
            case Cancel(number=number):
                self.fetcher.cancel(number)
            case RetryFailed():
                count = self.ledger.retry_failed()
                self._wrote(now)
                self.stats.tell(self.wall(), "info", f"{count} failed URLs are asked for again")
            case SkipHost(host=host) if host in self.frontier.hosts:
                self.frontier.close_host(host, "skipped by you")
                self.stats.tell(self.wall(), "info", f"{host} is skipped; its URLs stay waiting")
            case ReopenHost(host=host) if host in self.frontier.hosts:
                self.frontier.open_host(host)
                self.stats.tell(self.wall(), "info", f"{host} is taken up again")
            case SetHostRate(host=host, rate=rate) if host in self.frontier.hosts:
                self.frontier.hosts[host].set_rate(rate)
                self.frontier.list_anew(self.frontier.hosts[host])
                self.store.save_host(host, rate=rate)
                self._wrote(now)
            case _:
                pass
        self._wanted, self._published = True, 0.0  # the effect of a key is shown at once

    def _stop(self, reason: str) -> None:
        """End in good order; a second call ends at once."""
        now = self.clock()
        if self._stop_at is not None:
            self._stop_at = now
            return
        self.stopped_by = reason
        self.state = "stopping"
        self._stop_at = now + STOP_GRACE

    # -- the end -------------------------------------------------------------------------

    def _end(self) -> None:
        if self._stop_at is not None and (self.fetching or not self.parse.is_idle):
            self.fetcher.cancel_all()  # law 3: what was in flight still waits on disk
            for item in self.parse.drop_all():
                self.frontier.release(item.job.url_id)
            for request in self.fetching.values():
                if request.url_id:
                    self.frontier.release(request.url_id)
            self.fetching.clear()
        if self._stop_at is not None and not self.frontier.is_done:
            self.state = "incomplete" if self.stopped_by == "--max-time" else "stopped"
        else:
            self.state = "incomplete" if self.frontier.waiting else "finished"
        self.store.set_meta("state", self.state)
        self.store.set_meta("finished", repr(self.wall()))
        self.store.set_meta("elapsed", repr(self.elapsed_before + self.clock() - self.started))
        self.store.set_meta("stopped_by", self.stopped_by)
        self.store.commit()

    def _fail(self, why: str) -> None:
        self.state = "failed"
        self.error = why
        self.fetcher.cancel_all()

    def _restore_robots(self) -> None:
        for saved in self.store.hosts():
            if saved.host in self.frontier.hosts and not self.config.ignore_robots:
                self.robots.restore(saved.host, saved.robots_text, saved.robots_fetched)

    def _publish(self) -> None:
        self._sequence += 1
        self.latest = view.snapshot(self, self._sequence)
        self._published = self.clock()
        self._wanted = self.state in FINAL_STATES


def _result_of(future: Future[Any], request: FetchRequest) -> FetchResult:
    """The future's value; an exception is a mistake of ours, shown by its name."""
    error = future.exception()
    if error is None:
        value = future.result()
        assert isinstance(value, FetchResult)
        return value
    _log.error("a fetch raised", exc_info=error)
    return FetchResult(
        request, Outcome.PROTOCOL_ERROR, error=f"{type(error).__name__}: {error}"[:200]
    )
