"""Any sequence of events leaves the frontier exact: compared with a plain model of it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from crawler_core.frontier.claims import AskRobots, Fetch, KeptOut, Refused
from crawler_core.frontier.frontier import Frontier
from crawler_core.frontier.host import Host
from crawler_core.frontier.table import Stage
from crawler_core.model import Outcome, Role, UrlState
from crawler_core.robots import Rules
from tests.core.frontier.rows import FAR, LOCAL, REMOTE, add, frontier, rules

ORIGINS = (LOCAL, LOCAL, LOCAL, REMOTE, REMOTE, FAR)
FILES = (
    rules(),
    rules("Disallow: /private"),
    rules("Crawl-delay: 3"),
)
_picks = st.integers(0, 10_000)


class FrontierMachine(RuleBasedStateMachine):
    """Three hosts: without limit (loopback), with normal limits, and external."""

    frontier: Frontier

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.in_flight: set[int] = set()
        self.late: dict[int, float] = {}
        self.asked: set[int] = set()
        self.sent: dict[str, float] = {}

    @initialize(
        capped=st.booleans(),
        ignored=st.sampled_from([True, True, False]),
        speed=st.sampled_from([None, "gentle"]),
    )
    def start(self, capped: bool, ignored: bool, speed: str | None) -> None:
        self.frontier = frontier(
            max_pages=6 if capped else None, ignore_robots=ignored, speed=speed
        )

    # -- what happens --------------------------------------------------------------------

    @rule(
        origin=st.sampled_from(ORIGINS),
        depths=st.lists(st.integers(0, 4), min_size=1, max_size=4),
        name=st.sampled_from(["page", "page", "private/"]),
        role=st.sampled_from([Role.CRAWL, Role.CRAWL, Role.CHECK]),
        state=st.sampled_from([UrlState.WAITING] * 6 + [UrlState.DONE, UrlState.KEPT_OUT]),
        attempts=st.integers(0, 1),
    )
    def accept(
        self,
        origin: str,
        depths: list[int],
        name: str,
        role: Role,
        state: UrlState,
        attempts: int,
    ) -> None:
        for depth in depths:
            number = add(
                self.frontier,
                f"{origin}/{name}{self.frontier.next_id}",
                depth,
                role=role,
                state=state,
                attempts=attempts,
                reason="matches no --include" if state is UrlState.KEPT_OUT else "",
            )
            if attempts:
                self.asked.add(number)

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 7.0, 61.0]), times=st.integers(1, 12))
    def claim(self, seconds: float, times: int) -> None:
        self.now += seconds
        for _ in range(times):
            before = {key: len(host.in_flight) for key, host in self.frontier.hosts.items()}
            claim = self.frontier.claim(self.now)
            if claim is None:
                self._check_that_nothing_can_be_done()
                return
            if isinstance(claim, AskRobots):
                assert self.frontier.hosts[claim.host].robots == "asking"
                continue
            self._check_order(claim.url_id)
            self.late.pop(claim.url_id, None)
            if isinstance(claim, Fetch):
                self._check_sending(claim, before[claim.host])
            elif isinstance(claim, KeptOut):
                assert claim.url_id not in self.asked
                assert self._stage(claim.url_id) == Stage.KEPT_OUT
            else:
                assert isinstance(claim, Refused)
                assert self._stage(claim.url_id) == Stage.DONE

    @precondition(lambda self: self.in_flight)
    @rule(
        pick=_picks,
        how=st.sampled_from(["finish", "read", "slow", "release", "retry", "retry", "throttle"]),
        wait=st.sampled_from([0.0, 0.5, 4.0, 30.0]),
    )
    def land(self, pick: int, how: str, wait: float) -> None:
        url_id = sorted(self.in_flight)[pick % len(self.in_flight)]
        self.in_flight.discard(url_id)
        host = self._host(url_id)
        host.answered(5.0 if how == "slow" else 0.1, good=how != "retry")
        if how == "release":
            self.frontier.release(url_id)
        elif how == "retry":
            self.frontier.retry(url_id, self.now, wait)
            self.late[url_id] = self.now + wait
        elif how == "throttle" and self.frontier.throttle(url_id, self.now, wait):
            assert host.snoozed_until >= self.now + wait
        else:
            if how == "read":  # its page is parsed before it is finished
                self.frontier.fetched(url_id)
            self.frontier.finish(url_id)
        assert url_id not in host.in_flight

    @precondition(lambda self: len(self.frontier.table))
    @rule(
        pick=_picks,
        what=st.sampled_from(["lower", "lower", "promote", "reopen", "keep out"]),
        by=st.integers(1, 3),
    )
    def change(self, pick: int, what: str, by: int) -> None:
        table = self.frontier.table
        url_id = pick % len(table) + 1
        if what == "lower" and table.depth[url_id]:
            self.frontier.lower(url_id, max(0, table.depth[url_id] - by))
        elif what == "promote":
            self.frontier.promote(url_id, Role.CRAWL, bool(by % 2))
        elif what == "reopen":
            self.frontier.reopen(url_id)
        elif what == "keep out":
            waits = self._stage(url_id) == Stage.WAITING
            assert self.frontier.keep_out(url_id, "excluded by x") == waits
            self.late.pop(url_id, None)

    @precondition(lambda self: self.frontier.hosts)
    @rule(
        pick=_picks,
        what=st.sampled_from(["close", "open", "open", "rate", "fail", "mend"]),
        rate=st.sampled_from([0.0, 0.5, 20.0]),
    )
    def steer(self, pick: int, what: str, rate: float) -> None:
        hosts = list(self.frontier.hosts.values())
        host = hosts[pick % len(hosts)]
        if what == "close":
            self.frontier.close_host(host.key, "skipped by you")
        elif what == "open":
            self.frontier.open_host(host.key)
        elif what == "rate":
            host.set_rate(rate)
            self.frontier.list_anew(host)
        else:
            for _ in range(20):
                outcome = Outcome.OK if what == "mend" else Outcome.TIMEOUT
                host.breaker.record(host.breaker.probe, outcome, self.now)
            self.frontier.list_anew(host)

    @precondition(lambda self: self._asking())
    @rule(pick=_picks, file=st.sampled_from([*FILES, Outcome.ROBOTS, Outcome.DNS]))
    def robots_known(self, pick: int, file: Rules | Outcome) -> None:
        host = self._asking()[pick % len(self._asking())]
        if isinstance(file, Outcome):
            self.frontier.end_host(host.key, file, "no robots.txt to be had")
        else:
            self.frontier.set_robots(host.key, "ok", file)

    # -- what always holds ---------------------------------------------------------------

    @invariant()
    def counts_equal_a_recount(self) -> None:
        if not hasattr(self, "frontier"):
            return
        table, now = self.frontier.table, self.frontier
        ids = range(1, len(table) + 1)
        stages = [self._stage(url_id) for url_id in ids]
        assert now.waiting == stages.count(Stage.WAITING)
        assert now.in_flight == stages.count(Stage.IN_FLIGHT) == len(self.in_flight)
        assert now.done == stages.count(Stage.DONE)
        assert now.kept_out == stages.count(Stage.KEPT_OUT)
        assert {i for i in ids if table.asked[i]} == self.asked
        pages = [i for i in self.asked if table.internal[i] and table.role[i] == Role.CRAWL]
        assert now.pages_asked == len(pages)
        for key, host in now.hosts.items():
            mine = [i for i in ids if table.address(i).startswith(f"{key}/")]
            assert host.waiting == sum(self._stage(i) == Stage.WAITING for i in mine)
            assert host.retry_count == sum(i in self.late for i in mine)
            assert host.in_flight <= self.in_flight
        closed = sum(host.waiting for host in now.hosts.values() if host.closed)
        assert now.shelved == closed
        assert now.is_done == (not self.in_flight and now.waiting == closed)

    def teardown(self) -> None:
        """Nothing is lost: with all hosts open every URL that waits comes to its end."""
        if not hasattr(self, "frontier"):
            return
        for url_id in sorted(self.in_flight):
            self.frontier.finish(url_id)
        for key in self.frontier.hosts:
            self.frontier.open_host(key)
        for _ in range(20 * len(self.frontier.table) + 20):
            if self.frontier.is_done:
                break
            claim = self.frontier.claim(self.now)
            if isinstance(claim, Fetch):
                self.frontier.finish(claim.url_id)
            if self._asking():
                for host in self._asking():
                    self.frontier.set_robots(host.key, "none", None)
            elif claim is None and not self.frontier.is_done:
                wake = self.frontier.next_wake()
                assert wake is not None
                assert wake > self.now
                self.now = wake
        assert self.frontier.is_done
        assert self.frontier.waiting == 0

    # -- inside --------------------------------------------------------------------------

    def _stage(self, url_id: int) -> int:
        return self.frontier.table.stage[url_id]

    def _host(self, url_id: int) -> Host:
        address = self.frontier.table.address(url_id)
        return next(h for key, h in self.frontier.hosts.items() if address.startswith(f"{key}/"))

    def _asking(self) -> list[Host]:
        return [host for host in self.frontier.hosts.values() if host.robots == "asking"]

    def _waiting(self, host: Host) -> list[int]:
        ids = range(1, len(self.frontier.table) + 1)
        return [
            i
            for i in ids
            if (self._stage(i) == Stage.WAITING and self._host(i) is host and i not in self.late)
        ]

    def _check_order(self, url_id: int) -> None:
        """Shallow ones first, retries behind all others."""
        others = self._waiting(self._host(url_id))
        if url_id in self.late:
            assert not others
        else:
            depth = self.frontier.table.depth
            assert all(depth[url_id] <= depth[other] for other in others)

    def _check_sending(self, claim: Fetch, before: int) -> None:
        """One URL at a time, no faster and no more at once than its host allows."""
        host = self.frontier.hosts[claim.host]
        assert claim.url_id not in self.in_flight
        assert not host.closed
        assert host.ending is None
        assert host.robots in {"ok", "none", "ignored"}
        if host.rules is not None:
            assert host.rules.allows(self.frontier.table.address(claim.url_id))
        assert before < (1 if host.breaker.is_open else max(1, int(host.at_once or 10**9)))
        assert before + 1 <= (1 if host.breaker.is_open else host.window)
        assert self.now >= max(host.snoozed_until, host.breaker.probe_at)
        if claim.host in self.sent:
            assert self.now - self.sent[claim.host] >= host.interval - 1e-9
        self.sent[claim.host] = self.now
        self.in_flight.add(claim.url_id)
        self.asked.add(claim.url_id)

    def _check_that_nothing_can_be_done(self) -> None:
        """Every host with work has a reason to rest, and is woken when the reason is over."""
        for host in self.frontier.hosts.values():
            if host.closed or host.robots == "asking" or not host.waiting:
                continue
            assert host.ending is None
            full = host.robots != "unknown" and not host.has_room
            ready = [self.late[i] for i in self.late if self._host(i) is host]
            due = max(host.wake_at(), 0.0 if self._waiting(host) else min(ready))
            assert full or due > self.now, host.key
            if due > self.now and not full:
                wake = self.frontier.next_wake()
                assert wake is not None
                assert wake <= due


FrontierMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=50, deadline=None, derandomize=True
)
TestFrontierMachine = FrontierMachine.TestCase
