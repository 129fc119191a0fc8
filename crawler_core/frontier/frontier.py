"""The frontier: four questions, what is known, in flight, done, and what is next and when.

It never waits and never does I/O: `claim(now)` returns the next thing to do, or None,
and `next_wake()` says when to ask again. Hosts take turns, so a slow or failing host
never starves the others; within a host shallow URLs come first and retries last.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable

from crawler_core import robots, scope
from crawler_core import url as urls
from crawler_core.config import THROTTLE_TRIES, CrawlConfig
from crawler_core.frontier.claims import AskRobots, Claim, Fetch, KeptOut, Refused
from crawler_core.frontier.host import Host, limits_for
from crawler_core.frontier.table import Stage, UrlTable
from crawler_core.frontier.trap import Crowd, TrapGuard
from crawler_core.model import Outcome, Role, UrlRow, UrlState


class Frontier:
    """Known, ready, in flight, snoozed URLs of one crawl. Used by one thread."""

    def __init__(self, config: CrawlConfig) -> None:
        self._config = config
        self.table = UrlTable()
        self.trap = TrapGuard()
        self.crowd = Crowd()
        self.cut: Callable[[str], str] = lambda _: ""
        """Why an address is not to be asked for after all, "" if it is: rules made on the way."""
        self.hosts: dict[str, Host] = {}
        self._numbered: list[Host] = []
        self._last: Host | None = None
        self.waiting = 0
        self.in_flight = 0
        self.done = 0
        self.kept_out = 0
        self.pages_asked = 0
        """Internal URLs to be followed that were ever asked for (`--max-pages`).

        A retry keeps its place, so that a page that was begun is never kept out."""
        self._ring: deque[tuple[int, Host]] = deque()
        self._sleepers: list[tuple[float, int, Host]] = []
        self._ticket = 0

    # -- known ---------------------------------------------------------------------------

    @property
    def next_id(self) -> int:
        """The id of the next URL to accept."""
        return len(self.table) + 1

    def accept(self, row: UrlRow) -> None:
        """Take in a new URL: queue it if it waits. `row.url_id` must be `next_id`."""
        self.table.add(row)
        if row.state is UrlState.WAITING:
            host = self.host(row.address, row.internal)
            self.table.host[row.url_id] = host.number
            self._enqueue(row.url_id, host)
        elif row.state is UrlState.KEPT_OUT:
            self.kept_out += 1
        else:
            self.done += 1
        if row.attempts:
            self.pages_asked += self._was_asked_as_page(row.url_id)

    def reopen(self, url_id: int) -> None:
        """Queue a URL again that was done or kept out."""
        stage = self.table.stage[url_id]
        if stage == Stage.KEPT_OUT:
            self.kept_out -= 1
        elif stage == Stage.DONE:
            self.done -= 1
        else:
            return
        self.table.set_reason(url_id, "")
        self._enqueue(url_id, self.host_of(url_id))

    def keep_out(self, url_id: int, reason: str) -> bool:
        """Ask no more for a URL that waits; False for any other, and for a start URL."""
        if self.table.stage[url_id] != Stage.WAITING or self.table.start_chain[url_id]:
            return False
        host = self.host_of(url_id)
        host.forget_retry(url_id)
        self.table.stage[url_id] = Stage.KEPT_OUT  # its place in the queue is passed over
        self.table.set_reason(url_id, reason)
        self.waiting -= 1
        host.waiting -= 1
        self.kept_out += 1
        self.crowd.count(url_id, self.table.address, -1)
        return True

    def lower(self, url_id: int, depth: int) -> None:
        """Note a shorter path; a waiting URL moves up in its host's queue, a retry stays last."""
        self.table.depth[url_id] = depth
        if self.table.stage[url_id] == Stage.WAITING:
            self.host_of(url_id).push(url_id, depth)

    def promote(self, url_id: int, role: Role, internal: bool) -> None:
        """Give a URL a greater role; what was counted as a check may become a page."""
        before = self._was_asked_as_page(url_id)
        self.table.role[url_id] = role
        if internal and not self.table.internal[url_id]:
            self.table.internal[url_id] = True
            self.host(self.table.address(url_id), True)
        self.pages_asked += self._was_asked_as_page(url_id) - before

    # -- next ----------------------------------------------------------------------------

    def claim(self, now: float) -> Claim | None:
        """The next thing to do at `now`, or None while nothing is ready."""
        while self._sleepers and self._sleepers[0][0] <= now:
            _, ticket, host = heapq.heappop(self._sleepers)
            if host.ticket == ticket:
                self._ring.append((ticket, host))
        for _ in range(len(self._ring)):
            ticket, host = self._ring.popleft()
            if host.ticket != ticket:
                continue
            found = self._claim_from(host, now)
            if found is not None:
                return found
        return None

    def next_wake(self) -> float | None:
        """When a sleeping host may be asked again; None if none sleeps."""
        while self._sleepers and self._sleepers[0][2].ticket != self._sleepers[0][1]:
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    @property
    def oldest(self) -> int | None:
        """The lowest url id at the head of a queue: what was found first of what waits."""
        hosts = (host for host in self.hosts.values() if host.waiting)
        return min((head for host in hosts for head in host.heads(self._waits_at)), default=None)

    @property
    def is_done(self) -> bool:
        """Nothing is left that this run could still ask for."""
        return self.in_flight == 0 and self.waiting == self.shelved

    @property
    def shelved(self) -> int:
        """URLs that wait on hosts of which nothing more is asked in this run."""
        if self.waiting == 0:
            return 0
        return sum(host.waiting for host in self.hosts.values() if host.closed)

    # -- answers -------------------------------------------------------------------------

    def fetched(self, url_id: int) -> None:
        """The host has answered; the URL stays in flight until its page is parsed."""
        host = self.host_of(url_id)
        host.in_flight.discard(url_id)
        if not host.ticket and not host.closed and host.waiting:
            self._list(host, None)

    def finish(self, url_id: int) -> None:
        """A URL that was in flight has ended; its record is written."""
        self.table.stage[url_id] = Stage.DONE
        self.done += 1
        self._landed(url_id)

    def release(self, url_id: int) -> None:
        """Put a URL that was in flight back to the front of its place."""
        self._enqueue(url_id, self.host_of(url_id), front=True)
        self._landed(url_id)

    def retry(self, url_id: int, now: float, wait: float) -> None:
        """Ask again, behind the host's other URLs and not before `wait` seconds."""
        host = self.host_of(url_id)
        host.retries += 1
        self._count_waiting(host, url_id)
        host.push_retry(url_id, now + wait)
        if host.sleeps_until > now + wait:
            host.ticket = 0  # it sleeps because of a retry that is due later
        self._landed(url_id)

    def throttle(self, url_id: int, now: float, wait: float) -> bool:
        """The host asks to slow down: leave it alone for `wait` seconds.

        Returns True if the URL waits for another try; False if its tries are used up
        and it is still in flight, to be finished.
        """
        self.host_of(url_id).throttled(now, wait)
        self.table.throttles[url_id] = min(255, self.table.throttles[url_id] + 1)
        if self.table.throttles[url_id] > THROTTLE_TRIES:
            return False
        self.release(url_id)
        return True

    # -- hosts ---------------------------------------------------------------------------

    def host(self, address: str, internal: bool) -> Host:
        """The host of an address, made known if it is new."""
        last = self._last  # links of a page mostly stay at their host
        found = last if last is not None and address.startswith(last.root) else self._find(address)
        self._last = found
        if internal and not found.internal:
            found.internal = True
            found.limit(limits_for(self._config, found.key, True))
        return found

    def host_of(self, url_id: int) -> Host:
        """The host of a known URL, made known if it is new."""
        number = self.table.host[url_id]
        if number:
            return self._numbered[number - 1]
        found = self.host(self.table.address(url_id), bool(self.table.internal[url_id]))
        self.table.host[url_id] = found.number
        return found

    def set_robots(self, key: str, state: str, rules: robots.Rules | None) -> None:
        """robots.txt of a host is known: its URLs may be asked for."""
        host = self.hosts[key]
        host.robots, host.rules, host.cleared = state, rules, 0
        host.space_out()
        self.list_anew(host)

    def end_host(self, key: str, outcome: Outcome, why: str) -> None:
        """Every waiting URL of a host ends with `outcome`, nothing is asked of it."""
        host = self.hosts[key]
        host.robots = "unavailable" if outcome is Outcome.ROBOTS else "unreachable"
        host.ending, host.note = (outcome, why), why
        self.list_anew(host)

    def list_anew(self, host: Host) -> None:
        """Let a host take its turn at once: something about it has changed."""
        host.ticket = 0
        if not host.closed and host.waiting:
            self._list(host, None)

    def close_host(self, key: str, note: str) -> None:
        """Ask nothing more of a host; its URLs stay waiting."""
        host = self.hosts[key]
        host.skipped, host.note, host.ticket = True, note, 0

    def hold_host(self, key: str) -> None:
        """Ask nothing of a host until it is opened again; the crawl waits for it."""
        self.hosts[key].paused = True

    def open_host(self, key: str) -> None:
        """Take a host up again that was held, skipped, given up, or ended.

        What its server asked for holds on: a pause that it wants is kept to the second. So does
        the breaker of one that was only held or skipped.
        """
        host = self.hosts[key]
        is_held = (host.skipped or host.paused) and not host.breaker.given_up
        if is_held and host.ending is None:
            host.note = host.breaker.reason if host.skipped else host.note
            host.skipped = host.paused = False
            self.list_anew(host)
            return
        host.skipped, host.paused, host.note, host.ending = False, False, "", None
        host.breaker.reset()
        if host.robots in {"unavailable", "unreachable"}:
            host.robots, host.robots_tries = "unknown", 0
        self.list_anew(host)

    # -- inside --------------------------------------------------------------------------

    def _find(self, address: str) -> Host:
        key = urls.host_key(address)
        found = self.hosts.get(key)
        if found is None:
            limits = limits_for(self._config, key, internal=False)
            found = self.hosts[key] = Host(key, False, limits, len(self.hosts) + 1)
            self._numbered.append(found)
            if self._config.ignore_robots:
                found.robots = "ignored"
        return found

    def _count_waiting(self, host: Host, url_id: int) -> None:
        self.table.stage[url_id] = Stage.WAITING
        self.waiting += 1
        host.waiting += 1
        self.crowd.count(url_id, self.table.address, 1)

    def _enqueue(self, url_id: int, host: Host, *, front: bool = False) -> None:
        self._count_waiting(host, url_id)
        host.push(url_id, self.table.depth[url_id], front=front)
        # A host may sleep because of a retry; what is new need not wait for that.
        if host.ticket and host.sleeps_until <= host.wake_at():
            return
        if not host.closed and host.robots != "asking":
            self._list(host, None)

    def _landed(self, url_id: int) -> None:
        self.in_flight -= 1
        self.fetched(url_id)

    def _claim_from(self, host: Host, now: float) -> Claim | None:
        """What `host` has to do now; lists it for its next turn as fits."""
        host.ticket = 0
        if host.closed or host.paused or host.robots == "asking":
            return None
        url_id, ready_at = self._next_of(host)
        if not url_id:
            return None
        verdict = self._verdict_without_asking(host, url_id)
        if verdict is None:
            wake = max(host.wake_at(), ready_at)
            if wake > now:
                self._list(host, wake)
                return None
            if host.robots == "unknown":
                host.robots = "asking"
                return AskRobots(host.key)
            if not host.has_room:
                return None  # its next answer lists it again
            verdict = self._verdict_of_trap(host, url_id)
        self._take(host, url_id, verdict, now)
        if host.waiting:
            self._list(host, None)
        return verdict

    def _verdict_without_asking(self, host: Host, url_id: int) -> Claim | None:
        """How a URL ends for which nothing needs to be sent, or None."""
        if host.ending is not None:
            return Refused(url_id, *host.ending)
        if host.rules is not None and host.cleared != url_id:
            if not host.rules.allows(self.table.address(url_id)):
                return Refused(url_id, Outcome.ROBOTS, robots.DISALLOWED)
            host.cleared = url_id
        limit = self._config.max_pages
        capped = limit is not None and self.pages_asked >= limit
        if capped and self._is_new_page(url_id) and not self.table.start_chain[url_id]:
            return KeptOut(url_id, scope.MAX_PAGES)
        return None

    def _verdict_of_trap(self, host: Host, url_id: int) -> Claim:
        address = self.table.address(url_id)
        if not self.table.start_chain[url_id] and (why := self.cut(address)):
            return KeptOut(url_id, why)
        if self._is_new_page(url_id) and not self.trap.admits(address):
            return KeptOut(url_id, scope.TRAP)
        return Fetch(url_id, host.key)

    def _next_of(self, host: Host) -> tuple[int, float]:
        """(url id, not before) of the host's next live entry; id 0 if there is none."""
        while (entry := host.peek()) is not None:
            if self._waits_at(*entry):
                return entry[0], 0.0
            host.pop()
        late = host.peek_retry()
        return (late[1], late[0]) if late is not None else (0, 0.0)

    def _waits_at(self, url_id: int, depth: int) -> bool:
        """Whether an entry of a queue counts: else its URL moved up, or was taken or kept out."""
        if self.table.stage[url_id] != Stage.WAITING or self.table.depth[url_id] != depth:
            return False
        return not self.host_of(url_id).is_late(url_id)

    def _take(self, host: Host, url_id: int, verdict: Claim, now: float) -> None:
        """Take the next URL out of the queue, in the way that `verdict` says."""
        if host.peek() is not None:
            host.pop()
        else:
            host.pop_retry()
        self.waiting -= 1
        host.waiting -= 1
        self.crowd.count(url_id, self.table.address, -1)
        if isinstance(verdict, Fetch):
            self.table.stage[url_id] = Stage.IN_FLIGHT
            self.table.attempts[url_id] = min(255, self.table.attempts[url_id] + 1)
            self.in_flight += 1
            self.pages_asked += self._is_new_page(url_id)
            self.table.asked[url_id] = 1
            host.sending(url_id, now)
        elif isinstance(verdict, KeptOut):
            self.table.stage[url_id] = Stage.KEPT_OUT
            self.table.set_reason(url_id, verdict.reason)
            self.kept_out += 1
        else:
            self.table.stage[url_id] = Stage.DONE
            self.done += 1

    def _list(self, host: Host, wake: float | None) -> None:
        """Put a host into the ring, or to sleep until `wake`."""
        self._ticket += 1
        host.ticket = self._ticket
        host.sleeps_until = wake or 0.0
        if wake is None:
            self._ring.append((self._ticket, host))
        else:
            heapq.heappush(self._sleepers, (wake, self._ticket, host))

    def _is_page(self, url_id: int) -> bool:
        return self.table.role[url_id] == Role.CRAWL and bool(self.table.internal[url_id])

    def _is_new_page(self, url_id: int) -> bool:
        return self._is_page(url_id) and not self.table.asked[url_id]

    def _was_asked_as_page(self, url_id: int) -> bool:
        return self._is_page(url_id) and bool(self.table.asked[url_id])
