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

import msgspec

from crawler_core import url as urls
from crawler_core.commands import AnyCommand
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.engine import intake, lines, surgery, view
from crawler_core.engine.choice import ParserChoice
from crawler_core.engine.fetching import FetchDesk, hosts_for_secrets
from crawler_core.engine.lanes import Lanes
from crawler_core.engine.ledger import Ledger
from crawler_core.engine.parsing import ParseDesk
from crawler_core.engine.pilot import Pilot
from crawler_core.engine.robots_desk import RobotsDesk
from crawler_core.engine.tally import Tally
from crawler_core.errors import CrawlError
from crawler_core.fetch import Fetcher
from crawler_core.frontier.claims import AskRobots, Claim, Fetch, Refused
from crawler_core.model import FetchRequest, Purpose, Role
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
_LONGEST_TURN = 0.05
"""Seconds of taking in: then free workers are sent out again, and screens hear of it."""
_LONGEST_NAP = 0.5
_NOTE_SECONDS = 1.0
"""How often the time spent is written down, for a resume after a kill."""

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
        self._fetcher = fetcher
        self.inbox: queue.SimpleQueue[Future[Any] | AnyCommand] = queue.SimpleQueue()
        self.started = clock()
        self.ledger = Ledger(store, config, now=self.started, wall=wall, chance=chance)
        self.frontier = self.ledger.frontier
        self.stats = self.ledger.stats
        self.parse = ParseDesk(parse_pool, ParserChoice(config.parser), self.inbox.put)
        self.fetch = FetchDesk(
            fetch_pool,
            fetcher,
            self.inbox.put,
            secret_hosts=hosts_for_secrets(config.start_urls) if secrets else (),
        )
        self.robots = RobotsDesk(self.frontier)
        self.lanes, self.tally = Lanes(), Tally(config.timeout)
        self.pilot = Pilot()
        self.state = "starting"
        self.stopped_by = ""
        self.error = ""
        self.exit_code = 0
        """Of a crawl that failed; the other ends follow from its state."""
        self.elapsed_before = float(store.meta("elapsed") or 0.0)
        self._oldest_write: float | None = None
        self._wanted = True
        self._published = 0.0
        self._noted = 0.0
        self._metered = self.started
        self._loaded = False
        self._stop_at: float | None = None
        self._sequence = 0
        self.latest: Snapshot = view.snapshot(self, 0)

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

    # -- the loop ------------------------------------------------------------------------

    def run(self) -> Snapshot:
        """Crawl to an end; the last snapshot. Never raises: failures are its `error`.

        A crawl that ended by itself goes on when it is run again after one of `commands.GOES_ON`.
        """
        try:
            while not self._loaded or self._has_more_to_do():
                self._begin()
                while not self._is_over():
                    self._turn()
                self._end()
                self._publish()
        except CrawlError as error:
            self._fail(str(error), error.exit_code)
        except Exception as error:
            _log.exception("the engine failed")
            self._fail(f"Internal error: {type(error).__name__}: {error}", 70)
        return self.latest

    def let_go(self) -> None:
        """Close pools and connections; what is still in flight ends as it can."""
        self.fetch.pool.close()
        self._fetcher.close()
        self.parse.pool.close()

    def close(self) -> None:
        """Let go of everything; call it when `run` has returned, or was never called."""
        self.let_go()
        if self.state == "failed":
            self.store.abandon()
        else:
            self.store.close()

    def _begin(self) -> None:
        now = self.clock()
        if self._loaded:
            self.elapsed_before, self.started = float(self.store.meta("elapsed") or 0.0), now
        else:
            self.ledger.load(now)
            self._restore_robots()
            if not self.store.meta("started"):
                self.store.set_meta("started", repr(self.wall()))
            self._loaded = True
        self.state = "running"
        self.store.set_meta("state", "running")
        self.store.commit()

    def _has_more_to_do(self) -> bool:
        """Obey what came in after the last turn; True if the crawl goes on because of it."""
        if self.state not in {"finished", "incomplete"} or self._stop_at is not None:
            return False
        self._take_in(0.0)
        return not self.ledger.is_done

    def _turn(self) -> None:
        now = self.clock()
        has_more = self._dispatch(now)
        if self.ledger.go_on(self.clock):
            self.wrote()
            has_more = True
        is_short, in_use = self.parse.is_short, (self.fetch.pool.busy, self.parse.pool.busy)
        self._take_in(0.0 if has_more else self._nap(now))
        now = self.clock()
        self._meter(now, is_held_back=is_short, in_use=in_use)
        if self._oldest_write is not None and (
            now - self._oldest_write >= COMMIT_SECONDS or self.store.pending >= COMMIT_PAGES
        ):
            self._commit(now)
        if self._wanted and now - self._published >= PUBLISH_SECONDS:
            self._publish()
        limit = self.config.max_time
        if limit is not None and self._stop_at is None and now - self.started >= limit:
            self.stop("--max-time")

    def _meter(self, now: float, *, is_held_back: bool, in_use: tuple[int, int]) -> None:
        """Note how busy the parsers are, by the clock: they may wait for a CPU as well."""
        pool, seconds = self.parse.pool, now - self._metered
        self._metered = now
        self.stats.parse.worked(now, min(pool.busy, pool.target) * seconds)
        self.stats.disk.worked(now, self.store.take_waited())
        self.pilot.turn(self, now, is_short=is_held_back, in_use=in_use)
        if self.parse.choice.metered(seconds, is_held_back=is_held_back):
            self.stats.tell(self.wall(), "info", lines.takes_over_line(self.parse))
            self.publish_soon()

    def _commit(self, now: float) -> None:
        if now - self._noted >= _NOTE_SECONDS:
            self._noted = now
            if told := surgery.hint(self.ledger):
                self.stats.tell(self.wall(), "warning", told)
            self.store.set_meta("elapsed", repr(self._elapsed()))
        self.store.commit()
        self._oldest_write = None

    def _elapsed(self) -> float:
        return self.elapsed_before + self.clock() - self.started

    def _nap(self, now: float) -> float:
        """Seconds to wait for news at the most."""
        moments = [now + _LONGEST_NAP, self._stop_at]
        if self._may_send:  # else they may lie in the past, and only news can help
            moments += [self.frontier.next_wake(), self.robots.next_due()]
        if self._oldest_write is not None:
            moments.append(self._oldest_write + COMMIT_SECONDS)
        if self._wanted:
            moments.append(self._published + PUBLISH_SECONDS)
        if self.config.max_time is not None and self._stop_at is None:
            moments.append(self.started + self.config.max_time)
        return max(0.0, min(moment for moment in moments if moment is not None) - now)

    def _take_in(self, nap: float) -> None:
        """Wait for one message, then take in all that are there, for as long as a turn lasts."""
        try:
            message = self.inbox.get(timeout=nap) if nap > 0 else self.inbox.get_nowait()
            until = self.clock() + _LONGEST_TURN
            intake.take(self, message)
            while self.clock() < until:
                intake.take(self, self.inbox.get_nowait())
        except queue.Empty:
            return

    def _is_over(self) -> bool:
        if self._stop_at is not None:
            quiet = self.fetch.is_idle and self.parse.is_idle
            return quiet or self.clock() >= self._stop_at
        is_quiet = self.fetch.is_idle and self.parse.is_idle and self.robots.is_idle
        return is_quiet and self.ledger.is_done

    # -- going out -----------------------------------------------------------------------

    @property
    def _may_send(self) -> bool:
        return self.state == "running" and self.fetch.pool.room > 0 and not self.is_backlog_full

    def _dispatch(self, now: float) -> bool:
        """Send what may be sent; True if there may be more of it at once."""
        for wait in self.parse.dispatch(now):
            self.stats.parse.waited(now, wait)
        for _ in range(_CLAIMS_A_TURN):
            if not self._may_send:
                return False
            if self._ask_robots(now):
                continue
            claim = self.frontier.claim(now)
            if claim is None:
                return False
            self._carry_out(claim)
        return True

    def _carry_out(self, claim: Claim) -> None:
        if isinstance(claim, Fetch):
            self._send(claim)
        elif isinstance(claim, AskRobots):
            self.robots.ask(claim.host)
        elif isinstance(claim, Refused):
            record = self.ledger.refused(claim)
            self.wrote()
            lines.refused(self.stats, record, self.wall())
        else:
            self.ledger.kept_out(claim)
            self.wrote()

    def _send(self, claim: Fetch) -> None:
        table = self.frontier.table
        crawl = table.role[claim.url_id] == Role.CRAWL
        request = FetchRequest(
            self.fetch.next_number(),
            claim.url_id,
            table.address(claim.url_id),
            Purpose.CRAWL if crawl else Purpose.CHECK,
            table.attempts[claim.url_id],
            self.fetch.may_see_secrets(claim.host),
        )
        self.fetch.submit(request, self.clock())

    def _ask_robots(self, now: float) -> bool:
        host = self.robots.peek_host(now)
        if host is None:
            return False
        secret = self.fetch.may_see_secrets(urls.host_key(host))
        request = self.robots.next_request(self.fetch.next_number(), now, secret)
        if request is not None:
            self.fetch.submit(request, self.clock())
        return request is not None

    # -- what intake and orders use ------------------------------------------------------

    @property
    def is_stopping(self) -> bool:
        """Told to stop: what is cancelled now was not cancelled by itself."""
        return self._stop_at is not None

    def publish_soon(self) -> None:
        """Let the effect of a key be seen at once."""
        self._wanted, self._published = True, 0.0

    def wrote(self) -> None:
        """Something was written: it is committed soon."""
        if self._oldest_write is None:
            self._oldest_write = self.clock()

    def stop(self, reason: str) -> None:
        """End in good order; a second call ends at once."""
        now = self.clock()
        if self.state in FINAL_STATES:
            return
        if self._stop_at is not None:
            self._stop_at = now
            return
        self.stopped_by = reason
        self.state = "stopping"
        self._stop_at = now + STOP_GRACE

    # -- the end -------------------------------------------------------------------------

    def _end(self) -> None:
        self._release_all()
        self.state = "finished"
        if self._stop_at is not None and not self.ledger.is_done:
            self.state = "incomplete" if self.stopped_by == "--max-time" else "stopped"
        elif self.frontier.waiting:
            self.state = "incomplete"
        else:
            self.stopped_by, self._stop_at = "", None  # told to, but there was nothing left to do
        self.store.set_meta("state", self.state)
        self.store.set_meta("finished", repr(self.wall()))
        self.store.set_meta("elapsed", repr(self._elapsed()))
        self.store.set_meta("stopped_by", self.stopped_by)
        self.store.commit()
        self._oldest_write = None

    def _release_all(self) -> None:
        """Give up what is still in flight; on disk it never left the queue (law 3)."""
        for item in self.parse.drop_all():
            self.frontier.release(item.job.url_id)
        for request in self.fetch.drop_all():
            if request.purpose is Purpose.ROBOTS:
                self.robots.drop(request.number)
            else:
                self.frontier.release(request.url_id)

    def _fail(self, why: str, exit_code: int) -> None:
        self.state, self.error, self.exit_code = "failed", why, exit_code
        try:
            self.fetch.cancel_all()
            self._publish()
        except Exception:  # whoever waits for the end must see it, however little it tells
            _log.exception("the last snapshot failed")
            self.latest = msgspec.structs.replace(
                self.latest, state="failed", error=why, verdict="FAILED", exit_code=exit_code
            )

    def _restore_robots(self) -> None:
        if self.config.ignore_robots:
            return
        for saved in self.store.hosts():
            if saved.host in self.frontier.hosts:
                age = self.wall() - saved.robots_fetched
                self.robots.restore(saved.host, saved.robots_text, age)

    def _publish(self) -> None:
        self._sequence += 1
        self.latest = view.snapshot(self, self._sequence)
        self._published = self.clock()
        self._wanted = self.state in FINAL_STATES
