"""The shape of a crawl: how it went over time, how deep it is, how large and slow its answers.

All of it is counted inside SQLite, which lets other threads run meanwhile, and nothing is
counted twice: pages are numbered in the order in which they finished, so that a later look
reads only what came since. What is kept is small, however long the crawl is: at most
`COLUMNS` stretches of time of one width, which doubles when there would be more.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import add

import msgspec

from crawler_core.model import TURNED_AWAY, UrlState

COLUMNS = 240
"""Stretches of time that are kept at the most."""
GAP = 120.0
"""Seconds without any page that are shown as a gap: the crawl was paused, or resumed later."""
CLASSES = ("2xx", "3xx", "4xx", "5xx", "blocked", "no answer")
"""The kinds of answers, in the order of `Column.counts`."""
CHUNK = 20_000
"""Pages of one statement, so that its groups stay few."""
CHUNKS = 10
"""Statements of one call: the next call goes on."""
_DEPTHS = 64
_TIME_EDGES = tuple(m * 10**n / 1000 for n in range(5) for m in (1, 1.5, 2, 3, 5, 7))
"""Seconds between which times are counted: fine enough for a percentile within a fifth."""
_TIME_BARS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SIZE_EDGES = (1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7)
_BLOCKED = ", ".join(repr(each.value) for each in sorted(TURNED_AWAY))


class Bar(msgspec.Struct, frozen=True):
    """One bar of a histogram: how many values are at least `low` and below `high`."""

    low: float
    high: float | None
    """None: without end."""
    count: int


class DepthCount(msgspec.Struct, frozen=True):
    """The URLs of one depth; the broken ones are among the done ones."""

    depth: int
    done: int = 0
    waiting: int = 0
    broken: int = 0


class Column(msgspec.Struct, frozen=True):
    """What finished within a stretch of time."""

    at: float
    """Unix time of its begin."""
    seconds: float
    counts: tuple[int, ...] = (0,) * len(CLASSES)
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    is_gap: bool = False
    """A long time in which nothing finished, as long as it may have been."""

    @property
    def per_second(self) -> float:
        """URLs that finished in a second."""
        return sum(self.counts) / self.seconds


class Bucket(msgspec.Struct, frozen=True):
    """The counts of one stretch: by kind of answer, and by response time."""

    number: int
    """Unix time divided by the width of a stretch."""
    counts: tuple[int, ...]
    times: tuple[int, ...]


class Shape(msgspec.Struct, frozen=True):
    """What is known so far. `advance` leads from one to the next."""

    serial: int = 0
    """The last page that is counted in."""
    newest: int = 0
    """The last page there was: more than `serial` while there is more to read."""
    pages: int = 0
    width: float = 1.0
    """Seconds of a stretch."""
    last: float = 0.0
    """Unix time of the last page."""
    buckets: tuple[Bucket, ...] = ()
    sizes: tuple[int, ...] = (0,) * (len(_SIZE_EDGES) + 1)
    depths: tuple[DepthCount, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all pages are counted in."""
        return self.serial >= self.newest

    @property
    def counts(self) -> tuple[int, ...]:
        """Answers by kind, all of them."""
        return _sums((bucket.counts for bucket in self.buckets), len(CLASSES))

    def columns(self, most: int = COLUMNS) -> tuple[Column, ...]:
        """The crawl from its first page to its last, in at most `most` stretches."""
        shape = self
        while _length(shape.buckets, shape.width) > max(2, most):
            shape = _wider(shape)
        return tuple(_columns(shape))

    def time_bars(self) -> tuple[Bar, ...]:
        """Answers by response time in seconds."""
        fine = _sums((bucket.times for bucket in self.buckets), len(_TIME_EDGES) + 1)
        coarse = [0] * (len(_TIME_BARS) + 1)
        for place, count in enumerate(fine):
            # A stretch of the fine scale ends where the next begins.
            edge = _TIME_EDGES[place] if place < len(_TIME_EDGES) else float("inf")
            coarse[bisect_left(_TIME_BARS, edge)] += count
        return _bars(_TIME_BARS, coarse)

    def size_bars(self) -> tuple[Bar, ...]:
        """Answers by size in bytes, as far as it is known."""
        return _bars(_SIZE_EDGES, self.sizes)

    def percentile(self, share: float) -> float:
        """The time in seconds within which this share of all answers came."""
        fine = _sums((bucket.times for bucket in self.buckets), len(_TIME_EDGES) + 1)
        return _percentile(fine, share)


def advance(connection: sqlite3.Connection, known: Shape | None = None) -> Shape:
    """Count in what finished since `known`, at most CHUNKS × CHUNK pages of it.

    A page that was asked for again has left its old place: then all is counted anew.
    """
    shape = known or Shape()
    newest: int = connection.execute("SELECT coalesce(max(serial), 0) FROM pages").fetchone()[0]
    for _ in range(CHUNKS):
        if shape.serial >= newest:
            break
        shape = _with_chunk(connection, shape, min(newest, shape.serial + CHUNK))
    shape = msgspec.structs.replace(shape, newest=newest)
    if not shape.is_whole:
        return shape
    there = connection.execute("SELECT count(*) FROM pages").fetchone()[0]
    if there != shape.pages and shape.pages:
        return advance(connection)
    return msgspec.structs.replace(shape, depths=_depths(connection))


def _with_chunk(connection: sqlite3.Connection, shape: Shape, until: int) -> Shape:
    reach = (shape.serial, until)
    found: dict[int, tuple[list[int], list[int]]] = {
        bucket.number: (list(bucket.counts), list(bucket.times)) for bucket in shape.buckets
    }
    pages = 0
    for number, kind, time, count in connection.execute(_COURSE, (shape.width, *reach)):
        counts, times = found.setdefault(number, ([0] * len(CLASSES), [0] * _TIMES))
        counts[kind] += count
        pages += count
        if time is not None:
            times[time] += count
    sizes = list(shape.sizes)
    for place, count in connection.execute(_SIZES, reach):
        sizes[place] += count
    last = connection.execute(_LAST, reach).fetchone()[0] or 0.0
    grown = msgspec.structs.replace(
        shape,
        serial=until,
        pages=shape.pages + pages,
        last=max(shape.last, last),
        buckets=tuple(
            Bucket(number, tuple(counts), tuple(times))
            for number, (counts, times) in sorted(found.items())
        ),
        sizes=tuple(sizes),
    )
    while _length(grown.buckets, grown.width) > COLUMNS:
        grown = _wider(grown)
    return grown


def _wider(shape: Shape) -> Shape:
    """The same in stretches of twice the width."""
    buckets: list[Bucket] = []
    for one in shape.buckets:
        number = one.number // 2
        if buckets and buckets[-1].number == number:
            before = buckets.pop()
            counts = tuple(map(add, before.counts, one.counts))
            buckets.append(Bucket(number, counts, tuple(map(add, before.times, one.times))))
        else:
            buckets.append(Bucket(number, one.counts, one.times))
    return msgspec.structs.replace(shape, width=shape.width * 2, buckets=tuple(buckets))


def _length(buckets: Sequence[Bucket], width: float) -> int:
    """How many columns it takes to show them, a gap taking one."""
    between = sum(2 if gap else steps for steps, gap in _steps(buckets, width))
    return between + 1 if buckets else 0


def _steps(buckets: Sequence[Bucket], width: float) -> Iterator[tuple[int, bool]]:
    """From each to the next: how many stretches, and whether what lies between is a gap."""
    for before, after in pairwise(buckets):
        steps = after.number - before.number
        yield steps, (steps - 1) * width >= GAP and steps > 2


def _columns(shape: Shape) -> Iterator[Column]:
    steps = [(1, False), *_steps(shape.buckets, shape.width)]
    width, at = shape.width, 0.0
    for bucket, (away, gap) in zip(shape.buckets, steps, strict=False):
        if gap:
            yield Column(at + width, (away - 1) * width, is_gap=True)
        else:
            for empty in range(1, away):
                yield Column(at + empty * width, width)
        at = bucket.number * width
        # The last stretch has not ended: its rate is that of the time it has had so far.
        seconds = width if bucket is not shape.buckets[-1] else shape.last - at
        yield Column(
            at,
            min(width, max(seconds, width / 4)),
            bucket.counts,
            _percentile(bucket.times, 0.50) * 1000,
            _percentile(bucket.times, 0.95) * 1000,
        )


def _percentile(times: Sequence[int], share: float) -> float:
    """Seconds, by even spread within the stretch of the scale where it lies."""
    wanted = sum(times) * share
    for place, count in enumerate(times):
        if count and wanted <= count:
            low = _TIME_EDGES[place - 1] if place else 0.0
            high = _TIME_EDGES[place] if place < len(_TIME_EDGES) else low
            return low + (high - low) * wanted / count
        wanted -= count
    return 0.0


def _depths(connection: sqlite3.Connection) -> tuple[DepthCount, ...]:
    broken = dict(connection.execute(_BROKEN_DEPTHS).fetchall())
    return tuple(
        DepthCount(depth, done, waiting, broken.get(depth, 0))
        for depth, done, waiting in connection.execute(_DEPTH_COUNTS, (_DEPTHS,))
    )


def _sums(rows: Iterable[Sequence[int]], length: int) -> tuple[int, ...]:
    return tuple(map(sum, zip((0,) * length, *rows, strict=True)))


def _bars(edges: Sequence[float], counts: Sequence[int]) -> tuple[Bar, ...]:
    ends = (0.0, *edges, None)
    return tuple(
        Bar(low or 0.0, high, count)
        for low, high, count in zip(ends, ends[1:], counts, strict=False)
    )


def _scale(value: str, edges: Sequence[float], first: int = 0) -> str:
    """SQL that says between which edges a value lies: halving, as most values lie high."""
    if not edges:
        return str(first)
    middle = len(edges) // 2
    low = _scale(value, edges[:middle], first)
    high = _scale(value, edges[middle + 1 :], first + middle + 1)
    return f"CASE WHEN {value} < {edges[middle]!r} THEN {low} ELSE {high} END"


_TIMES = len(_TIME_EDGES) + 1
_REACH = "FROM pages WHERE serial > ? AND serial <= ?"
_KIND = (
    f"CASE WHEN outcome IN ({_BLOCKED}) THEN 4 "
    "WHEN status_code BETWEEN 200 AND 599 THEN status_code / 100 - 2 ELSE 5 END"
)
_TIME = f"CASE WHEN response_time IS NULL THEN NULL ELSE {_scale('response_time', _TIME_EDGES)} END"
_COURSE = (
    f"SELECT CAST(finished / ? AS INTEGER), {_KIND}, {_TIME}, count(*) {_REACH} GROUP BY 1, 2, 3"
)
_SIZES = f"SELECT {_scale('size', _SIZE_EDGES)}, count(*) {_REACH} AND size IS NOT NULL GROUP BY 1"
_LAST = f"SELECT max(finished) {_REACH}"
_DEPTH_COUNTS = (
    f"SELECT depth, sum(state = {UrlState.DONE:d}), sum(state = {UrlState.WAITING:d}) FROM urls "
    f"WHERE state <> {UrlState.KEPT_OUT:d} GROUP BY depth ORDER BY depth LIMIT ?"
)
_BROKEN_DEPTHS = (
    "SELECT u.depth, count(*) FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "WHERE p.broken = 1 GROUP BY u.depth"
)
