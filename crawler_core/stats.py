"""Counters and short windows over what happened. Pure: the time is an argument.

One bucket a second keeps the last two minutes; rates are means over the last few full
seconds, so a number on the screen does not flicker with every answer.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from crawler_core.model import BROKEN, FetchResult, Outcome, PageRecord
from crawler_core.snapshot import Completion, LogLine, Rates

HISTORY_SECONDS = 120
_RATE_SPAN = 3.0
_LATENCY_SPAN = 10.0
_KEPT_COMPLETIONS = 200
_KEPT_LOG = 500
_GRAIN = 0.1
"""Seconds of which a meter keeps one sum."""
_UNWILLING = frozenset(
    {
        Outcome.THROTTLED,
        Outcome.SERVER_ERROR,
        Outcome.TIMEOUT,
        Outcome.REFUSED,
        Outcome.RESET,
        Outcome.CANCELLED,
    }
)
"""Ends of requests that more of them would not have brought further."""
_SAMPLES = 256
"""Latencies kept of one second, the newest of it."""


class _Second:
    __slots__ = (
        *("_latencies", "_ordered", "_ordered_at"),
        *("at", "bytes", "fetches", "good", "new_urls", "parses"),
    )

    def __init__(self, at: int) -> None:
        self.at = at
        self.fetches = 0
        self.good = 0
        self.parses = 0
        self.bytes = 0
        self.new_urls = 0
        self._latencies: list[float] = []
        self._ordered: list[float] = []
        self._ordered_at = 0

    def fetched(self, seconds: float, size: int) -> None:
        """An answer of `size` bytes came after `seconds`."""
        if self.fetches < _SAMPLES:
            self._latencies.append(seconds)
        else:
            self._latencies[self.fetches % _SAMPLES] = seconds
        self.fetches += 1
        self.bytes += size

    def ordered(self) -> list[float]:
        """The latencies kept, sorted once for each time that there are new ones."""
        if self._ordered_at != self.fetches:
            self._ordered = sorted(self._latencies)
            self._ordered_at = self.fetches
        return self._ordered


class _Grain:
    """Sum and number of what happened within a moment."""

    __slots__ = ("at", "count", "seconds")

    def __init__(self, at: float) -> None:
        self.at = at
        self.seconds = 0.0
        self.count = 0


class Meter:
    """How busy a pool was, and how long its work waited, over the last seconds."""

    def __init__(self) -> None:
        self._waits: deque[_Grain] = deque()
        self._busy: deque[_Grain] = deque()

    def waited(self, now: float, seconds: float) -> None:
        """Note that a piece of work waited `seconds` for a free worker."""
        _add(self._waits, now, seconds)

    def worked(self, now: float, seconds: float) -> None:
        """Note that a worker was busy for `seconds` until now."""
        _add(self._busy, now, min(seconds, _RATE_SPAN))

    def wait_ms(self, now: float) -> float:
        """Mean wait in milliseconds."""
        recent = [grain for grain in self._waits if now - grain.at <= _RATE_SPAN]
        count = sum(grain.count for grain in recent)
        return 1000 * sum(grain.seconds for grain in recent) / count if count else 0.0

    def utilisation(self, now: float, workers: int) -> float:
        """Share of `workers` that was busy, 0 to 1."""
        spent = sum(
            min(grain.seconds, grain.count * (_RATE_SPAN - (now - grain.at)))
            for grain in self._busy
            if now - grain.at < _RATE_SPAN
        )
        return min(1.0, spent / (_RATE_SPAN * workers)) if workers else 0.0


class Pulse(msgspec.Struct, frozen=True):
    """One full second of a crawl."""

    good: int = 0
    """Answers, but those by which a server refused or failed."""
    parses: int = 0
    p50: float = 0.0
    """Median of its answers, seconds; 0 without any."""


class Stats:
    """Everything that is counted about one crawl."""

    def __init__(self, started: float) -> None:
        self._started = started
        self.outcomes: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.bytes = 0
        self.internal_done = 0
        self.broken = 0
        self.stored = 0
        self.fetch = Meter()
        self.parse = Meter()
        self.disk = Meter()
        """How long the engine's own thread waited for writes."""
        self.completions: deque[Completion] = deque(maxlen=_KEPT_COMPLETIONS)
        self.log: deque[LogLine] = deque(maxlen=_KEPT_LOG)
        self._serial = 0
        self._log_serial = 0
        self._seconds: deque[_Second] = deque(maxlen=HISTORY_SECONDS + 1)

    # -- what happened -------------------------------------------------------------------

    def fetched(self, result: FetchResult, now: float) -> None:
        """A request was answered, or failed."""
        second = self._second(now)
        second.fetched(result.seconds, result.wire_bytes)
        second.good += result.outcome not in _UNWILLING
        self.bytes += result.wire_bytes
        self.fetch.worked(now, result.seconds)

    def parsed(self, pages: int, seconds: float, now: float) -> None:
        """A batch of pages came back from a parser that worked `seconds` on it."""
        second = self._second(now)
        second.parses += pages
        self.parse.worked(now, seconds)

    def discovered(self, count: int, now: float) -> None:
        """New URLs were found."""
        self._second(now).new_urls += count

    def finished(self, record: PageRecord, internal: bool) -> None:
        """A URL has ended."""
        self.count(record.outcome, record.status_code, internal)

    def count(self, outcome: Outcome, status_code: int, internal: bool, by: int = 1) -> None:
        """Add an ended URL; `by` -1 takes it back when it is asked for again."""
        self.outcomes[outcome.value] += by
        self.statuses[str(status_code)] += by
        self.internal_done += by * internal
        self.stored += by
        self.broken += by * (outcome in BROKEN)

    def complete(
        self,
        now: float,
        kind: str,
        number: int,
        worker: str,
        what: str,
        outcome: str,
        ms: float,
        size: int | None,
        url: str,
        note: str = "",
    ) -> None:
        """A future finished: one line for the live panel. `now` is Unix time here."""
        self._serial += 1
        self.completions.append(
            Completion(self._serial, now, kind, number, worker, what, outcome, ms, size, url, note)
        )

    def tell(self, now: float, level: str, text: str) -> None:
        """A line for the log. `now` is Unix time here."""
        self._log_serial += 1
        self.log.append(LogLine(self._log_serial, now, level, text))

    # -- what it comes to ----------------------------------------------------------------

    def rates(self, now: float) -> Rates:
        """Means over the last full seconds."""
        current = int(now - self._started)
        span = min(_RATE_SPAN, max(1.0, float(current)))
        recent = [s for s in self._seconds if current - span <= s.at < current]
        if not recent and current < 1:
            recent = list(self._seconds)
        latencies: list[float] = []
        for second in self._seconds:
            if second.at >= current - _LATENCY_SPAN:
                latencies += second.ordered()
        latencies.sort()
        return Rates(
            fetches=sum(s.fetches for s in recent) / span,
            parses=sum(s.parses for s in recent) / span,
            bytes=sum(s.bytes for s in recent) / span,
            new_urls=sum(s.new_urls for s in recent) / span,
            p50_ms=_percentile(latencies, 0.50) * 1000,
            p95_ms=_percentile(latencies, 0.95) * 1000,
        )

    def second_of(self, now: float) -> int:
        """The number of the second that is under way: those before it are full."""
        return int(now - self._started)

    def pulse(self, number: int) -> Pulse:
        """What happened in one of the last seconds, by its number."""
        for second in reversed(self._seconds):
            if second.at == number:
                middle = _percentile(second.ordered(), 0.5)
                return Pulse(second.good, second.parses, middle)
            if second.at < number:
                break
        return Pulse()

    def history(self, now: float) -> tuple[tuple[float, float, float, float], ...]:
        """One row for each full second, oldest first: fetches, parses, p50 ms, bytes."""
        current = int(now - self._started)
        by_second = {second.at: second for second in self._seconds}
        rows = []
        for at in range(max(0, current - HISTORY_SECONDS), current):
            second = by_second.get(at)
            if second is None:
                rows.append((0.0, 0.0, 0.0, 0.0))
            else:
                middle = _percentile(second.ordered(), 0.5) * 1000
                rows.append(
                    (float(second.fetches), float(second.parses), middle, float(second.bytes))
                )
        return tuple(rows)

    def _second(self, now: float) -> _Second:
        at = int(now - self._started)
        if not self._seconds or self._seconds[-1].at != at:
            self._seconds.append(_Second(at))
        return self._seconds[-1]


def _add(grains: deque[_Grain], now: float, seconds: float) -> None:
    if not grains or now - grains[-1].at >= _GRAIN:
        grains.append(_Grain(now))
        while now - grains[0].at > _RATE_SPAN:
            grains.popleft()
    grains[-1].seconds += seconds
    grains[-1].count += 1


def _percentile(ordered: list[float], share: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
