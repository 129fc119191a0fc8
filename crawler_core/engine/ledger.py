"""How URLs end, written down: frontier, statistics and store change here, together.

The engine's loop says what happened; the ledger decides what it means (ended, asked
again, waits for its host) and keeps memory and disk in step. Engine thread only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from crawler_core import retry, robots, scope
from crawler_core.config import MAX_REDIRECT_HOPS, CrawlConfig
from crawler_core.engine import recording, surgery
from crawler_core.engine.asking_again import ask_failed_again
from crawler_core.engine.discovery import Discovery
from crawler_core.engine.reconsidering import hear_all_again
from crawler_core.engine.robots_desk import Verdict
from crawler_core.engine.works import Works
from crawler_core.frontier.breaker import FAILURES
from crawler_core.frontier.claims import KeptOut, Refused
from crawler_core.frontier.frontier import Frontier
from crawler_core.frontier.host import Host
from crawler_core.frontier.table import Stage
from crawler_core.model import (
    FetchResult,
    Outcome,
    PageRecord,
    ParsedPage,
    Purpose,
    Role,
    UrlState,
)
from crawler_core.scope import Scope
from crawler_core.stats import Stats
from crawler_core.store.writer import Store

_UNHEARD = "unheard"
"""Of the store's meta: a site has become internal, and not all links to it have been heard."""
PUT_OFF_SECONDS = 15.0
"""How long a URL waits at least whose fetch was cancelled to be tried later."""


class Ledger:
    """Frontier, scope, statistics and store of one crawl."""

    def __init__(
        self,
        store: Store,
        config: CrawlConfig,
        *,
        now: float,
        wall: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.config = config
        self.store = store
        self.stats = Stats(now)
        self.frontier = Frontier(config)
        self.scope = Scope(
            config,
            json.loads(store.meta("sites") or "[]"),
            json.loads(store.meta("folders") or "[]"),
        )
        self.discovery = Discovery(self.frontier, self.scope, store, self.stats)
        self.discovery.chain_ended = self._chain_ended
        self.frontier.cut = self.scope.cut
        self.works = Works()
        self._wall = wall
        self._chance = chance
        self.start_answered = bool(store.meta("start_answered"))
        """A start URL got an HTTP answer."""

    # -- at the start --------------------------------------------------------------------

    def load(self, now: float) -> None:
        """Take up what the store knows, and the start URLs where they are new."""
        for row in self.store.urls():
            self.frontier.accept(row)
            if row.state is UrlState.KEPT_OUT:
                self.stats.skipped[row.reason] += 1
        table = self.frontier.table
        for done in self.store.done_rows():
            internal = bool(table.internal[done.url_id])
            self.stats.count(done.outcome, done.status_code, internal)
            self.stats.bytes += done.transferred or 0
            self._count_for(done.url_id, done.outcome)
            if done.is_html and table.role[done.url_id] == Role.CRAWL:
                address = table.address(done.url_id)
                self.frontier.trap.admits(address)
                self.frontier.trap.saw(address, done.title)
        self._reopen_what_the_options_now_allow()
        surgery.take_up(self)
        for saved in self.store.hosts():
            host = self.frontier.hosts.get(saved.host)
            if host is None:
                continue
            host.requests, host.retries = saved.requests, saved.retries
            host.snoozed_until = now + max(0.0, saved.not_before - self._wall())
            if saved.rate is not None:
                host.set_rate(saved.rate)
        self.discovery.start(self.config.start_urls)
        if self.store.meta(_UNHEARD):
            self._hear_all_again()

    def _reopen_what_the_options_now_allow(self) -> None:
        """A resume may raise --max-pages, --max-depth: take up what they had kept out."""
        table, config = self.frontier.table, self.config
        for url_id in range(1, len(table) + 1):
            if table.stage[url_id] != Stage.KEPT_OUT:
                continue
            reason = table.reason(url_id)
            pages = config.max_pages is None or self.frontier.pages_asked < config.max_pages
            depth = config.max_depth is None or table.depth[url_id] <= config.max_depth
            hops = table.hops[url_id] <= MAX_REDIRECT_HOPS
            if (reason == scope.MAX_PAGES and pages) or (
                reason == scope.TOO_DEEP and depth and hops
            ):
                self.stats.skipped[reason] -= 1
                self.frontier.reopen(url_id)
                self.store.update_url(table.row(url_id))

    @property
    def is_done(self) -> bool:
        """Nothing is left that this run could still do."""
        return self.works.is_idle and self.frontier.is_done

    def go_on(self, clock: Callable[[], float]) -> bool:
        """Do a slice of the long works; True if there was anything to do."""
        has_worked = self.works.go_on(clock)
        if has_worked:
            self.store.write_out()
        return has_worked

    # -- answers -------------------------------------------------------------------------

    def answered(self, result: FetchResult, now: float) -> tuple[bool, str]:
        """Take in an answer: (is its body to be parsed, a note for people).

        Everything else that the answer calls for is done: a retry, a wait of the host,
        or the record of a URL that ended.
        """
        url_id = result.request.url_id
        table = self.frontier.table
        host = self.frontier.host_of(url_id)
        failed = result.outcome in FAILURES
        host.answered(result.seconds, good=not failed)
        host.count(result.outcome)
        if result.outcome is Outcome.THROTTLED:
            note = self._throttled(result, host, now)
        elif self._may_retry(result, host):
            note = self._retry(result, host, now)
        else:
            if not failed:
                host.throttle_streak = 0
                host.note = "" if not host.ending else host.note
            if self._checked_but_wanted(result):
                self.frontier.release(url_id)  # while it was in flight a page linked to it
                return False, "asked for again to be read"
            if recording.is_to_parse(result, table.role[url_id]):
                self.frontier.fetched(url_id)
                self._judge_host(host, url_id, result.outcome, now)
                return True, ""
            note = self._note(result)
            self.record(result, None)
        self._judge_host(host, url_id, result.outcome, now)
        return False, note

    def put_off(self, result: FetchResult, now: float) -> None:
        """Ask again, behind the host's other URLs: its fetch was cancelled for that.

        Nobody failed, so that neither the URL's tries nor the host's retries become fewer.
        """
        url_id = result.request.url_id
        host = self.frontier.host_of(url_id)
        self.frontier.retry(url_id, now, PUT_OFF_SECONDS)
        host.retries -= 1
        self.frontier.table.attempts[url_id] -= 1
        self._keep_attempts(url_id)
        self._keep_host(host, now)

    def record(
        self,
        result: FetchResult,
        page: ParsedPage | None,
        *,
        outcome: Outcome | None = None,
        error: str = "",
    ) -> PageRecord:
        """Write down a URL that ended, and admit what it leads to."""
        url_id = result.request.url_id
        table = self.frontier.table
        address = table.address(url_id)
        record = recording.fetched(
            url_id,
            address,
            result,
            page,
            table.attempts[url_id],
            self._wall(),
            outcome=outcome,
            error=error,
        )
        self.frontier.finish(url_id)
        if page is not None:
            self.frontier.trap.saw(address, page.title.text)
        if table.start_chain[url_id]:
            self._start_answered(url_id, record)
        rows, fresh = self.discovery.follow(url_id, recording.links_of(record))
        self.store.finish(record, rows)
        self.stats.finished(record, bool(table.internal[url_id]))
        self.new_urls = fresh
        self._count_for(record.url_id, record.outcome)
        return record

    def refused(self, claim: Refused) -> PageRecord:
        """Write down a URL that ends without being asked for."""
        table = self.frontier.table
        record = recording.refused(
            claim.url_id, table.address(claim.url_id), claim.outcome, claim.why, self._wall()
        )
        if table.start_chain[claim.url_id] and claim.why == robots.DISALLOWED:
            self._note_start()  # its robots.txt did
        self.store.finish(record, ())
        self.stats.finished(record, bool(table.internal[claim.url_id]))
        self._count_for(record.url_id, record.outcome)
        return record

    def kept_out(self, claim: KeptOut) -> None:
        """Write down a URL that a cap keeps out."""
        self.store.keep_out(claim.url_id, claim.reason)
        self.stats.skipped[claim.reason] += 1
        if claim.reason == scope.TRAP:
            surgery.tell_of_trap(self, self.frontier.table.address(claim.url_id))

    def robots_known(self, verdict: Verdict) -> None:
        """Write down what a host's robots.txt turned out to be."""
        is_known = verdict.state in {"ok", "none"}
        self.store.save_host(
            verdict.host,
            robots_text=verdict.text,
            robots_status=verdict.status,
            robots_fetched=self._wall() if is_known else 0.0,
        )
        if not is_known and self.frontier.hosts[verdict.host].internal:
            why = verdict.error or str(verdict.status)
            self.tell("error", f"{verdict.host}: robots.txt {verdict.state} ({why})")

    def tell(self, level: str, text: str) -> None:
        """Write a line for people into the log."""
        self.stats.tell(self._wall(), level, text)

    def retry_failed(self) -> None:
        """Queue every URL again whose outcome may change; how many those are is told then."""
        self.works.add(ask_failed_again(self))

    def is_barred(self, url_id: int) -> bool:
        """Whether an exclude or a cap keeps a URL out that was asked for before."""
        if self.frontier.table.start_chain[url_id]:
            return False
        return bool(self.scope.barred(self.frontier.table.address(url_id)))

    # -- inside --------------------------------------------------------------------------

    new_urls = 0
    """URLs that the last record made known."""

    def _checked_but_wanted(self, result: FetchResult) -> bool:
        role = self.frontier.table.role[result.request.url_id]
        return (
            result.request.purpose is Purpose.CHECK
            and role == Role.CRAWL
            and result.is_html
            and 200 <= result.status_code < 300
        )

    def _throttled(self, result: FetchResult, host: Host, now: float) -> str:
        url_id = result.request.url_id
        wait = retry.throttle_wait(result.retry_after, host.streak_at(now), self._chance())
        if not self.frontier.throttle(url_id, now, wait):
            self._keep_host(host, now)
            self.record(result, None)
            return "its tries are used up"
        self._keep_attempts(url_id)
        self._keep_host(host, now)
        return f"{host.key} is left alone for {wait:.0f} s"

    def _may_retry(self, result: FetchResult, host: Host) -> bool:
        url_id = result.request.url_id
        table = self.frontier.table
        tries = table.attempts[url_id] - table.throttles[url_id]
        return (
            retry.is_retryable(result)
            and tries <= self.config.retries
            and retry.has_budget(host.requests, host.retries)
            and not host.breaker.is_open
        )

    def _retry(self, result: FetchResult, host: Host, now: float) -> str:
        url_id = result.request.url_id
        attempts = self.frontier.table.attempts[url_id]
        wait = retry.backoff(attempts, self._chance())
        self.frontier.retry(url_id, now, wait)
        self._keep_attempts(url_id)
        self._keep_host(host, now)
        return f"try {attempts + 1} of {self.config.retries + 1} in {wait:.0f} s or later"

    def _keep_attempts(self, url_id: int) -> None:
        table = self.frontier.table
        self.store.set_attempts(url_id, table.attempts[url_id], table.throttles[url_id])

    def _keep_host(self, host: Host, now: float) -> None:
        wait = max(0.0, host.snoozed_until - now)
        self.store.save_host(
            host.key,
            not_before=self._wall() + wait if wait else 0.0,
            requests=host.requests,
            retries=host.retries,
        )

    def _judge_host(self, host: Host, url_id: int, outcome: Outcome, now: float) -> None:
        """Let the breaker see an answer; tell and ask again if it opened, closed or gave up."""
        breaker = host.breaker
        was_open, had_given_up = breaker.is_open, breaker.given_up
        lost = breaker.record(url_id, outcome, now)
        for lost_id in lost:
            if not self.is_barred(lost_id):
                self.discovery.ask_again(lost_id)
        if breaker.given_up and not had_given_up:
            host.note = breaker.reason
            self.tell("error", f"{host.key} is {breaker.reason}; its URLs can be resumed")
        elif breaker.is_open and not was_open:
            host.note = breaker.reason
            self.tell("warning", f"{host.key} is left alone for 60 s: {breaker.reason}")
        elif was_open and not breaker.is_open:
            host.note = ""
            self.frontier.list_anew(host)
            self.tell("info", f"{host.key} answers again")

    def _count_for(self, url_id: int, outcome: Outcome) -> None:
        host = self.frontier.host_of(url_id)
        host.done += 1
        host.bad += outcome in FAILURES or outcome is Outcome.CLIENT_ERROR

    def _start_answered(self, url_id: int, record: PageRecord) -> None:
        if record.status_code:
            self._note_start()
        if record.outcome is not Outcome.REDIRECT and record.status_code:
            self._chain_ended(url_id)

    def _chain_ended(self, url_id: int) -> None:
        site = self.discovery.end_of_start_chain(url_id)
        if site is not None:
            self.store.set_meta("sites", json.dumps(sorted(self.scope.sites)))
            self.store.set_meta("folders", json.dumps(sorted(set(self.scope.folders))))
            self.tell("info", f"a start URL redirects to {site}: it is crawled as well")
            self._hear_all_again()

    def _hear_all_again(self) -> None:
        """Note that all links are to be heard once more, and begin with it."""
        self.store.set_meta(_UNHEARD, "1")
        self.works.add(self._hearing(self.works.ordered(_UNHEARD)))

    def _hearing(self, order: int) -> Iterator[None]:
        yield from hear_all_again(self.discovery)
        if self.works.is_newest(_UNHEARD, order):
            self.store.set_meta(_UNHEARD, "")

    def _note_start(self) -> None:
        if not self.start_answered:
            self.start_answered = True
            self.store.set_meta("start_answered", "1")

    def _note(self, result: FetchResult) -> str:
        if result.outcome is Outcome.REDIRECT:
            return f"to {result.location[:200]}"
        return result.error
