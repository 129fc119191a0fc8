"""Counters and short windows over what happened. Pure: the time is an argument.

One bucket a second keeps the last two minutes; rates are means over the last few full
seconds, so a number on the screen does not flicker with every answer.
"""

from __future__ import annotations

from collections import Counter, deque

from crawler_core.model import BROKEN, FetchResult, Outcome, PageRecord
from crawler_core.snapshot import Completion, LogLine, Rates

HISTORY_SECONDS = 120
_RATE_SPAN = 3.0
_LATENCY_SPAN = 10.0
_KEPT_COMPLETIONS = 200
_KEPT_LOG = 500


class _Second:
    __slots__ = ("_sorted", "at", "bytes", "fetches", "latencies", "new_urls", "parses")

    def __init__(self, at: int) -> None:
        self.at = at
        self.fetches = 0
        self.parses = 0
        self.bytes = 0
        self.new_urls = 0
        self.latencies: list[float] = []
        self._sorted = 0

    def ordered(self) -> list[float]:
        """The latencies, sorted once for each time that they have grown."""
        if self._sorted != len(self.latencies):
            self.latencies.sort()
            self._sorted = len(self.latencies)
        return self.latencies


class Meter:
    """How busy a pool was, and how long its work waited, over the last seconds."""

    def __init__(self) -> None:
        self._waits: deque[tuple[float, float]] = deque(maxlen=400)
        self._busy: deque[tuple[float, float]] = deque()

    def waited(self, now: float, seconds: float) -> None:
        """Note that a piece of work waited `seconds` for a free worker."""
        self._waits.append((now, seconds))

    def worked(self, now: float, seconds: float) -> None:
        """Note that a worker was busy for `seconds` until now."""
        self._busy.append((now, seconds))
        while now - self._busy[0][0] > _RATE_SPAN:
            self._busy.popleft()

    def wait_ms(self, now: float) -> float:
        """Mean wait in milliseconds."""
        recent = [seconds for at, seconds in self._waits if now - at <= _RATE_SPAN]
        return 1000 * sum(recent) / len(recent) if recent else 0.0

    def utilisation(self, now: float, workers: int) -> float:
        """Share of `workers` that was busy, 0 to 1."""
        spent = sum(
            min(seconds, _RATE_SPAN - (now - at))
            for at, seconds in self._busy
            if now - at < _RATE_SPAN
        )
        return min(1.0, spent / (_RATE_SPAN * workers)) if workers else 0.0


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
        self.completions: deque[Completion] = deque(maxlen=_KEPT_COMPLETIONS)
        self.log: deque[LogLine] = deque(maxlen=_KEPT_LOG)
        self._serial = 0
        self._log_serial = 0
        self._seconds: deque[_Second] = deque(maxlen=HISTORY_SECONDS + 1)

    # -- what happened -------------------------------------------------------------------

    def fetched(self, result: FetchResult, now: float) -> None:
        """A request was answered, or failed."""
        second = self._second(now)
        second.fetches += 1
        second.bytes += result.wire_bytes
        second.latencies.append(result.seconds)
        self.bytes += result.wire_bytes
        self.fetch.worked(now, result.seconds)

    def parsed(self, pages: int, seconds: float, now: float) -> None:
        """A batch of pages came back from a parser that worked `seconds` on it."""
        self._second(now).parses += pages
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
        latencies = sorted(
            seconds
            for second in self._seconds
            if second.at >= current - _LATENCY_SPAN
            for seconds in second.ordered()
        )
        return Rates(
            fetches=sum(s.fetches for s in recent) / span,
            parses=sum(s.parses for s in recent) / span,
            bytes=sum(s.bytes for s in recent) / span,
            new_urls=sum(s.new_urls for s in recent) / span,
            p50_ms=_percentile(latencies, 0.50) * 1000,
            p95_ms=_percentile(latencies, 0.95) * 1000,
        )

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


def _percentile(ordered: list[float], share: float) -> float:
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
