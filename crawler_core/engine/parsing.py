"""The way of a body through the parse pool: backlog, batches, suspects.

One killed worker fails every pending future of its pool, guilty or not. So inputs are
kept until their future is done; when a pool breaks, everything that was in it is run
again alone, with nothing else in flight. Only a page that breaks the pool twice while
alone is given up, as `parser timeout` if its worker reached the deadline, else as
`parser crashed`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import msgspec

from crawler_core.engine.choice import ParserChoice
from crawler_core.model import FetchResult, Outcome, ParsedPage, ParseJob
from crawler_core.parse.worker import ParseFailure, parse_packed, unpack
from crawler_core.pools import ParsePool

BATCH_PAGES = 64
BATCH_BYTES = 384 * 1024
BATCH_SECONDS = 0.05
"""A batch is closed when it holds so much, or should take so long: a future costs some
0.3 ms whatever it carries, but a long one makes keys and the end of the crawl wait."""
_PACE = 0.5e-6
"""Seconds a byte that a parser is taken to need before it has been measured."""
_NEWEST = 0.3
"""Weight of the newest batch in the mean pace."""
_TIMER_SLACK = 0.9
_FORMER = 16
"""Workers of replaced pools that are still told of."""


AnyFuture = Future[Any]


class Item(msgspec.Struct):
    """One body on its way."""

    job: ParseJob
    result: FetchResult
    queued: float
    """When it came in, on the engine's clock."""
    breaks: int = 0
    """How often it broke the pool while it was alone."""
    timed_out: bool = False


class Batch(msgspec.Struct):
    """What one parse future carries."""

    number: int
    items: list[Item]
    generation: int
    started: float
    alone: bool


class Parsed(msgspec.Struct, frozen=True):
    """How one page came out: a page, or the outcome that stands for it."""

    result: FetchResult
    page: ParsedPage | None
    outcome: Outcome | None = None
    error: str = ""


class ParseDesk:
    """Feeds the parse pool and sorts what comes back. Used by the engine thread only."""

    def __init__(
        self, pool: ParsePool, choice: ParserChoice, done: Callable[[AnyFuture], None]
    ) -> None:
        self.pool = pool
        self.choice = choice
        self.backlog_bytes = 0
        self._done = done
        self._backlog: deque[Item] = deque()
        self._suspects: deque[Item] = deque()
        self._in_flight: dict[AnyFuture, Batch] = {}
        self._number = 0
        self._names: dict[int, str] = {}
        self._finished: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._has_parsed = False
        self._pace: dict[str, float] = {}
        """Seconds of CPU a byte, by parser."""

    @property
    def workers(self) -> list[tuple[str, int]]:
        """The workers of this pool that have answered, and how many batches each finished."""
        now = self.pool.generation
        return [(name, n) for name, n in self._finished.items() if self._seen[name] == now]

    @property
    def waits_since(self) -> float | None:
        """When the page came in that has waited longest for a parser; None if none waits."""
        first = [queue[0].queued for queue in (self._backlog, self._suspects) if queue]
        return min(first, default=None)

    @property
    def former_workers(self) -> list[tuple[str, int]]:
        """The last workers of replaced pools, and how many batches each finished."""
        now = self.pool.generation
        gone = [(name, n) for name, n in self._finished.items() if self._seen[name] != now]
        return gone[-_FORMER:]

    def workers_of(self, generation: int) -> list[str]:
        """The workers of that generation of the pool that have answered."""
        return [name for name, seen in self._seen.items() if seen == generation]

    def credit(self, batch: Batch, answers: list[Parsed]) -> str:
        """The name of the worker that finished a batch, which is counted for it."""
        ident = next((answer.page.worker for answer in answers if answer.page), 0)
        if not ident:
            return ""
        name = self._names.setdefault(ident, f"P{len(self._names) + 1}")
        self._finished[name] = self._finished.get(name, 0) + 1
        self._seen[name] = batch.generation
        return name

    @property
    def waiting(self) -> int:
        """Pages that wait for a parser."""
        return len(self._backlog) + len(self._suspects)

    @property
    def parsing(self) -> int:
        """Pages inside the pool."""
        return sum(len(batch.items) for batch in self._in_flight.values())

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is in flight."""
        return not (self._backlog or self._suspects or self._in_flight)

    @property
    def is_short(self) -> bool:
        """Pages wait although all workers, which have proved to work, are busy."""
        return self._has_parsed and bool(self._backlog) and self.pool.room == 0

    @property
    def batches(self) -> dict[AnyFuture, Batch]:
        """The futures in flight and what they carry."""
        return self._in_flight

    def add(self, job: ParseJob, result: FetchResult, now: float) -> None:
        """Queue a body. `result` should carry no body of its own."""
        self._backlog.append(Item(job, result, now))
        self.backlog_bytes += len(job.body)

    def dispatch(self, now: float) -> list[float]:
        """Submit what the pool has room for; how long each submitted page waited, in seconds."""
        waits: list[float] = []
        if self._suspects:
            if not self._in_flight and not self.pool.draining:
                self._submit([self._suspects.popleft()], now, alone=True)
            return waits
        while self._backlog and self.pool.room > 0:
            items = self._next_batch()
            waits.extend(now - item.queued for item in items)
            self._submit(items, now, alone=False)
        return waits

    def landed(self, future: AnyFuture, now: float) -> tuple[Batch, list[Parsed], str]:
        """A parse future is done: its batch, what came of it, and the exception's name."""
        batch = self._in_flight.pop(future)
        self.pool.landed(batch.generation)
        try:
            answers = unpack(future.result())
        except (BrokenProcessPool, CancelledError) as error:
            return batch, self._broke(batch, now), type(error).__name__
        except Exception as error:
            return batch, self._raised(batch, error), type(error).__name__
        self._has_parsed = True
        self._measure(batch, answers)
        return batch, [self._sort(*pair) for pair in zip(batch.items, answers, strict=True)], ""

    def drop_all(self) -> list[Item]:
        """Forget everything that waits or is in flight; the items, to be released."""
        lost = [*self._backlog, *self._suspects]
        for batch in self._in_flight.values():
            lost.extend(batch.items)
        self._backlog.clear()
        self._suspects.clear()
        self._in_flight.clear()
        self.backlog_bytes = 0
        return lost

    def _next_batch(self) -> list[Item]:
        # A small backlog is spread over the workers, a large one travels in full batches.
        share = -(-len(self._backlog) // max(1, self.pool.target))
        wanted = min(BATCH_PAGES, share)
        most = min(BATCH_BYTES, BATCH_SECONDS / self._pace.get(self.choice.name, _PACE))
        items: list[Item] = []
        size = 0
        while self._backlog and len(items) < wanted and size < most:
            item = self._backlog.popleft()
            size += len(item.job.body)
            items.append(item)
        return items

    def _submit(self, items: list[Item], now: float, *, alone: bool) -> None:
        self._number += 1
        jobs = tuple(item.job for item in items)
        future, generation = self.pool.submit(parse_packed, jobs, self.choice.name)
        self._in_flight[future] = Batch(self._number, items, generation, now, alone)
        future.add_done_callback(self._done)

    def _measure(self, batch: Batch, answers: Sequence[ParsedPage | ParseFailure]) -> None:
        """Learn from a batch how fast its parser is."""
        pages = [each for each in answers if isinstance(each, ParsedPage)]
        size = sum(len(item.job.body) for item in batch.items)
        if not size or not pages:
            return
        pace = max(1e-9, sum(page.seconds for page in pages) / size)
        before = self._pace.get(pages[0].parser, pace)
        self._pace[pages[0].parser] = before + _NEWEST * (pace - before)

    def _finish(self, item: Item) -> None:
        self.backlog_bytes -= len(item.job.body)

    def _sort(self, item: Item, answer: ParsedPage | ParseFailure) -> Parsed:
        self._finish(item)
        if isinstance(answer, ParseFailure):
            return Parsed(item.result, None, Outcome.PARSER_CRASHED, answer.error)
        return Parsed(item.result, answer)

    def _broke(self, batch: Batch, now: float) -> list[Parsed]:
        if batch.generation == self.pool.generation:
            self.pool.rebuild()
        given_up: list[Parsed] = []
        for item in batch.items:
            if batch.alone:
                item.breaks += 1
                item.timed_out = now - batch.started >= _TIMER_SLACK * item.job.deadline
            if item.breaks < 2:
                self._suspects.append(item)
                continue
            if not self._has_parsed:
                self.pool.prove()
            self._finish(item)
            if item.timed_out:
                why = f"parsing took more than {item.job.deadline:g} s"
                given_up.append(Parsed(item.result, None, Outcome.PARSER_TIMEOUT, why))
            else:
                why = "the parser died on this page"
                given_up.append(Parsed(item.result, None, Outcome.PARSER_CRASHED, why))
        return given_up

    def _raised(self, batch: Batch, error: Exception) -> list[Parsed]:
        if len(batch.items) > 1:
            self._suspects.extend(batch.items)
            return []
        (item,) = batch.items
        self._finish(item)
        return [Parsed(item.result, None, Outcome.PARSER_CRASHED, type(error).__name__)]
