"""One host's queue and manners: pure state, the clock is an argument (monotonic seconds).

A host is scheme + host + port. It has a breadth-first queue, retries that come last,
a limit on requests at once, a rate, and reasons to be left alone for a while.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterator

import msgspec

from crawler_core import url as urls
from crawler_core.config import CrawlConfig
from crawler_core.frontier.breaker import FAILURES, Breaker
from crawler_core.model import Outcome
from crawler_core.robots import Rules

NORMAL_RATE = 10.0
NORMAL_AT_ONCE = 5
GENTLE_RATE = 1.0
_LATENCY_SAMPLES = 50
_SENT_KEPT = 512
_SLACK = 1024
"""Entries of a queue that are done with before they are cut off."""
_ERRORS = FAILURES - {Outcome.BLOCKED, Outcome.THROTTLED}
_SLOWER = 2.0
"""An answer that takes so many times the host's usual time is a sign of strain."""


class Limits(msgspec.Struct, frozen=True):
    """What politeness grants one host; 0 is without limit."""

    rate: float
    at_once: int
    ceiling: float = 0.0
    """Requests a second that neither a key nor the autopilot may pass."""


def limits_for(config: CrawlConfig, host: str, internal: bool) -> Limits:
    """The limits of a host before any robots.txt, answer or key has changed them."""
    loopback = urls.is_loopback(host)
    speed = config.speed or ("mine" if loopback else "normal")
    if not internal and speed == "mine" and not loopback:
        speed = "normal"  # "my own site" is said of the start URLs, not of what they link to
    rate, at_once = {
        "gentle": (GENTLE_RATE, 1),
        "normal": (NORMAL_RATE, NORMAL_AT_ONCE),
        "mine": (0.0, 0),
    }[speed]
    if config.rate is not None:
        rate = config.rate if internal or not rate else min(config.rate or rate, rate)
    if config.per_host is not None:
        at_once = config.per_host
    ceiling = config.max_rate or 0.0
    if ceiling:
        rate = min(rate or ceiling, ceiling)
    return Limits(rate, at_once if internal else 1, ceiling)


class Host:
    """The state of one host."""

    __slots__ = (
        *("key", "root", "number", "internal", "rate", "at_once", "window", "breaker"),
        *("rules", "cleared", "robots", "robots_tries", "ending", "note", "skipped"),
        *("ceiling", "pace", "paused", "answers", "errors", "throttles", "is_rate_set"),
        *("next_send", "snoozed_until", "throttle_streak", "ticket", "sleeps_until"),
        *("waiting", "in_flight", "requests", "retries", "done", "bad", "latencies", "sent"),
        *("_levels", "_depths", "_retries", "_late"),
    )

    def __init__(self, key: str, internal: bool, limits: Limits, number: int = 0) -> None:
        self.key = key
        self.root = f"{key}/"
        """What all its addresses start with."""
        self.number = number
        """From 1, in the order in which hosts became known."""
        self.internal = internal
        self.pace = 0.0
        """Requests a second that the autopilot found it to bear; 0 while it sets none."""
        self.is_rate_set = False
        """A key has set its rate."""
        self.limit(limits)
        self.breaker = Breaker()
        self.rules: Rules | None = None
        self.cleared = 0
        """The last URL that `rules` allowed: each waits for its turn more than once."""
        self.robots = "unknown"
        """unknown, asking, ok, none, unavailable, unreachable, ignored."""
        self.robots_tries = 0
        self.next_send = 0.0
        self.snoozed_until = 0.0
        self.throttle_streak = 0
        self.skipped = False
        self.paused = False
        """Held by hand: nothing is asked of it, but the crawl waits for it."""
        self.note = ""
        self.ending: tuple[Outcome, str] | None = None
        """How all its URLs end, when robots.txt or the host itself cannot be reached."""
        self.ticket = 0
        """Its entry in the frontier's ring or among the sleepers; 0 while it has none."""
        self.sleeps_until = 0.0
        """When it is woken; 0 while it is not among the sleepers."""
        self.waiting = 0
        self.in_flight: set[int] = set()
        self.requests = 0
        self.retries = 0
        self.done = 0
        self.bad = 0
        self.answers = 0
        """Answers and failures of this run, those to be asked again included."""
        self.errors = 0
        """Of these: no answer, or a server error."""
        self.throttles = 0
        """Of these: requests for fewer requests (429, or 503 with Retry-After)."""
        # Short lists, because a crawl may know very many hosts and a deque takes 700 bytes.
        self.latencies: list[float] = []
        """Seconds of the last answers."""
        self.sent: list[float] = []
        """When the last requests went out."""
        self._levels: dict[int, _Level] = {}
        self._depths: list[int] = []
        self._retries: list[tuple[float, int]] = []
        self._late: dict[int, float] = {}
        """Not-before time of each URL that waits as a retry: its one entry that counts."""

    # -- queue ---------------------------------------------------------------------------

    def push(self, url_id: int, depth: int, *, front: bool = False) -> None:
        """Queue a URL at its depth."""
        level = self._levels.get(depth)
        if level is None:
            level = self._levels[depth] = _Level()
            heapq.heappush(self._depths, depth)
        if front:
            level.push_front(url_id)
        else:
            level.ids.append(url_id)

    def push_retry(self, url_id: int, not_before: float) -> None:
        """Queue a URL behind all others, to be asked for at `not_before` or later."""
        heapq.heappush(self._retries, (not_before, url_id))
        self._late[url_id] = not_before

    def is_late(self, url_id: int) -> bool:
        """True for a URL that waits behind the others for another attempt."""
        return url_id in self._late

    def peek(self) -> tuple[int, int] | None:
        """The next (url id, depth) of the breadth-first queue, if any."""
        depths = self._depths
        while depths:
            level = self._levels[depths[0]]
            if level.first < len(level.ids):
                return level.ids[level.first], depths[0]
            del self._levels[heapq.heappop(depths)]
        return None

    def heads(self, counts: Callable[[int, int], bool]) -> Iterator[int]:
        """The url id at the head of each level; what stands before it and does not count is
        dropped, by (url id, depth)."""
        for depth, level in self._levels.items():
            while level.first < len(level.ids):
                if counts(level.ids[level.first], depth):
                    yield level.ids[level.first]
                    break
                level.pop()

    def pop(self) -> None:
        """Drop what `peek` showed."""
        self._levels[self._depths[0]].pop()

    def peek_retry(self) -> tuple[float, int] | None:
        """The next (not before, url id) of the retries, if any."""
        while self._retries:
            not_before, url_id = self._retries[0]
            if self._late.get(url_id) == not_before:
                return self._retries[0]
            heapq.heappop(self._retries)  # was forgotten
        return None

    def pop_retry(self) -> None:
        """Drop what `peek_retry` showed."""
        _, url_id = heapq.heappop(self._retries)
        del self._late[url_id]

    def forget_retry(self, url_id: int) -> None:
        """Let a URL wait behind the others no more."""
        self._late.pop(url_id, None)  # `peek_retry` drops its entry

    @property
    def retry_count(self) -> int:
        """URLs that wait for another attempt."""
        return len(self._late)

    # -- manners -------------------------------------------------------------------------

    def limit(self, limits: Limits) -> None:
        """Set both limits; where there is one at once, the window starts at 1.

        A rate that a key has set stays.
        """
        if not self.is_rate_set:
            self.rate = limits.rate
        self.at_once = limits.at_once
        self.ceiling = limits.ceiling
        self.window = 1.0 if limits.at_once else float("inf")
        """Requests at once that its answers have earned so far, at most `at_once`."""

    @property
    def closed(self) -> bool:
        """True when nothing more is asked of this host in this run."""
        return self.skipped or self.breaker.given_up

    @property
    def has_room(self) -> bool:
        """True when one more request may be in flight."""
        return len(self.in_flight) + 1 <= (1 if self.breaker.is_open else self.window)

    def wake_at(self) -> float:
        """When the next request may be sent, as far as time decides."""
        probe_at = self.breaker.probe_at
        if not self.snoozed_until and not probe_at:
            return self.next_send
        return max(self.next_send, self.snoozed_until, probe_at)

    @property
    def interval(self) -> float:
        """Seconds between two requests."""
        delay = self.rules.crawl_delay if self.rules else 0.0
        paced = 1.0 / self.pace if self.pace else 0.0
        return max(delay, 1.0 / self.rate if self.rate else 0.0, paced)

    def sending(self, url_id: int, now: float) -> None:
        """Note that a request goes out."""
        self.in_flight.add(url_id)
        self.requests += 1
        self.next_send = now + self.interval
        self.sent.append(now)
        if len(self.sent) >= 2 * _SENT_KEPT:
            del self.sent[:_SENT_KEPT]
        if self.breaker.is_open:
            self.breaker.probe = url_id

    def answered(self, seconds: float, *, good: bool) -> None:
        """Let the window grow while answers stay as fast as usual, shrink it otherwise.

        Additive increase, multiplicative decrease: one more request at once for each
        window of good answers, half after a bad one.
        """
        usual = self.median_latency() if self.at_once else 0.0
        self.latencies.append(seconds)
        if len(self.latencies) > _LATENCY_SAMPLES:
            del self.latencies[0]
        if not self.at_once:
            return
        if not good:
            self.window = max(1.0, self.window / 2)
        elif usual and seconds > _SLOWER * usual + 0.05:
            self.window = max(1.0, self.window * 0.8)
        else:
            self.window = min(float(self.at_once), self.window + 1.0 / self.window)

    def count(self, outcome: Outcome) -> None:
        """Count an answer, or the lack of one."""
        if outcome is Outcome.CANCELLED:
            return
        self.answers += 1
        self.throttles += outcome is Outcome.THROTTLED
        self.errors += outcome in _ERRORS

    def median_latency(self) -> float:
        """Median of the last answers in seconds; 0 before the third."""
        return self.latency(0.5)

    def latency(self, share: float) -> float:
        """Seconds within which that share of the last answers came; 0 before the third."""
        ordered = sorted(self.latencies)
        if len(ordered) < 3:
            return 0.0
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def throttled(self, now: float, wait: float) -> None:
        """Leave the host alone for `wait` seconds because it asked for fewer requests."""
        self.throttle_streak = self.streak_at(now)
        self.snoozed_until = max(self.snoozed_until, now + wait)
        self.note = "answered that it gets too many requests"

    def streak_at(self, now: float) -> int:
        """Throttling answers in a row, one at `now` included.

        Those that come in while the host is left alone belong to requests that were
        under way already: they count as one.
        """
        return self.throttle_streak + (now >= self.snoozed_until or not self.throttle_streak)

    def per_second(self, now: float, span: float = 5.0) -> float:
        """Requests a second over the last `span` seconds."""
        return sum(1 for moment in reversed(self.sent) if now - moment <= span) / span

    def set_rate(self, rate: float) -> None:
        """Limit the host to `rate` requests a second; 0 is without limit, where that may be."""
        if self.ceiling:
            rate = min(rate or self.ceiling, self.ceiling)
        self.rate, self.is_rate_set = max(0.0, rate), True
        self.space_out()

    def set_pace(self, pace: float) -> None:
        """Let the autopilot hold the host below `pace` requests a second; 0: not at all."""
        self.pace = pace
        self.space_out()

    def space_out(self) -> None:
        """Let the next request keep today's distance from the last one."""
        self.next_send = self.sent[-1] + self.interval if self.sent else 0.0


class _Level:
    """A queue of url ids in 4 bytes each: most of a large crawl waits here."""

    __slots__ = ("first", "ids")

    def __init__(self) -> None:
        self.ids = array("I")
        self.first = 0
        """Where the queue begins; what stands before is done with."""

    def push_front(self, url_id: int) -> None:
        if self.first:
            self.first -= 1
            self.ids[self.first] = url_id
        else:
            self.ids.insert(0, url_id)

    def pop(self) -> None:
        self.first += 1
        if self.first >= _SLACK and self.first * 2 >= len(self.ids):
            del self.ids[: self.first]
            self.first = 0
