"""Who sets the numbers of workers when nobody does: measured steps, kept only if they gain.

`Autopilot` climbs: it looks at full seconds, takes a step, lets it settle, compares, and takes
it back if it brought nothing. `Pace` holds one host below the rate at which it refused. Both are
pure: the time comes with what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Literal

import msgspec

Kind = Literal["fetch", "parse"]

WINDOW = 3
"""Full seconds that are compared, at the least."""
LONGEST = 8
"""And at the most, where noise hides the answer."""
GAIN = 0.04
"""A step up that brings less is taken back."""
LOSS = 0.03
"""A step down that costs more is taken back."""
SETTLE = 1.0
"""Seconds after a step that say nothing yet; slow answers make it longer."""
_LONGEST_SETTLE = 4.0
FIRST_WAIT, LAST_WAIT = 12.0, 60.0
"""Seconds until a step that failed is tried again, doubled each time."""
_DOUBT = 1.3
"""A gain must be larger than so many standard errors of what is compared."""
_BUSY = 0.85
_MOSTLY = 0.6


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """One full second of a crawl."""

    at: float
    """When it ended."""
    fetch: int
    """Fetch workers wanted, and parse workers."""
    parse: int
    fetch_max: int
    parse_max: int
    """Parse workers that may be of use: with one for each CPU, another is none."""
    good: int
    """Requests answered, those not counted that a server refused or failed to answer."""
    parses: int
    p50: float = 0.0
    """Median of the answers, seconds."""
    fetch_busy: float = 1.0
    """Share of the fetch workers that was busy, 0 to 1."""
    parse_short: bool = False
    """Pages waited while all parse workers were busy."""
    waiting: int = 1_000_000
    """URLs that may be asked for."""
    is_void: bool = False
    """Hosts were left alone, or the crawl stood: the second tells nothing about workers."""


class Order(msgspec.Struct, frozen=True):
    """What the autopilot wants: a number of workers of a kind."""

    kind: Kind
    target: int


class _Trial(msgspec.Struct, frozen=True):
    """A step that is being measured."""

    kind: Kind
    before: int
    after: int
    base: tuple[Sight, ...]


class Autopilot:
    """The climber of one crawl. `look` is called with each full second."""

    def __init__(self) -> None:
        self.says = "autopilot: measures first"
        self.told = ""
        """The last decision, if `look` has just made one; it may come without an order."""
        self._seen: list[Sight] = []
        self._trial: _Trial | None = None
        self._changed = -1e9
        self._factor = 2.0
        self._wait: dict[Kind, float] = {"fetch": FIRST_WAIT, "parse": FIRST_WAIT}
        self._not_before: dict[Kind, float] = {"fetch": -1e9, "parse": -1e9}
        self._downwards = False
        self._peak = 0.0

    def look(self, sight: Sight) -> Order | None:
        """What to do after one more second; None for nothing."""
        self.told = ""
        last = self._seen[-1] if self._seen else None
        if last is not None and (last.fetch, last.parse) != (sight.fetch, sight.parse):
            self._seen.clear()  # of another number of workers
        settled = self._changed + min(_LONGEST_SETTLE, SETTLE + 2 * sight.p50)
        if sight.is_void or sight.at - 1 < settled:
            return None
        self._seen = [*self._seen[1 - LONGEST :], sight]
        if len(self._seen) < WINDOW:
            return None
        return self._judge(self._trial, sight.at) if self._trial else self._try(sight)

    def disturbed(self) -> None:
        """Something else has changed, such as the parser: measure anew."""
        self._seen.clear()
        if self._trial is not None:
            self._trial = msgspec.structs.replace(self._trial, base=())

    # -- a step --------------------------------------------------------------------------

    def _try(self, now: Sight) -> Order | None:
        seen = self._seen
        short = _share(seen, lambda each: each.parse_short) >= _MOSTLY
        if self._downwards and now.fetch > 1:
            return self._step("fetch", max(1, min(now.fetch - 1, int(now.fetch * 0.7))), now.at)
        if short:
            return self._try_parse(now)
        busy = _mean([each.fetch_busy for each in seen]) >= _BUSY
        if not busy or now.waiting <= now.fetch:
            self.says = f"autopilot: {now.fetch} fetch workers are enough for what may be asked"
            return None
        if now.fetch >= now.fetch_max:
            self.says = f"autopilot: {now.fetch} fetch workers are the most there may be"
            return None
        if now.at < self._not_before["fetch"]:
            return None
        wanted = max(now.fetch + 1, int(now.fetch * self._factor))
        return self._step("fetch", min(now.fetch_max, wanted), now.at)

    def _try_parse(self, now: Sight) -> Order | None:
        if now.parse >= now.parse_max:
            workers = "1 parse worker is" if now.parse == 1 else f"{now.parse} parse workers are"
            self.says = f"autopilot: parsing is the limit, {workers} all that help here"
            return None
        if now.at < self._not_before["parse"]:
            return None
        return self._step("parse", now.parse + 1, now.at)

    def _step(self, kind: Kind, target: int, at: float) -> Order:
        now = self._seen[-1]
        before = now.fetch if kind == "fetch" else now.parse
        self._trial = _Trial(kind, before, target, tuple(self._seen))
        self._seen, self._changed = [], at
        self.says = f"autopilot: {before} → {target} {kind} workers, measuring…"
        return Order(kind, target)

    # -- and what it brought -------------------------------------------------------------

    def _judge(self, trial: _Trial, at: float) -> Order | None:
        if not trial.base:  # what it was to be compared with holds no more
            self._trial = None
            return None
        rate = _good if trial.kind == "fetch" else _parses
        old, new = [rate(each) for each in trial.base], [rate(each) for each in self._seen]
        before, after = _mean(old), _mean(new)
        is_up = trial.after > trial.before
        noise = sqrt(_variance(old) / len(old) + _variance(new) / len(new))
        line = before + max(GAIN * before, _DOUBT * noise)
        if not is_up:
            line = max(before * (1 - LOSS), self._peak * (1 - 2 * LOSS))
        elif trial.kind == "fetch" and self._may_parse_more(at):
            line = 0.0  # it brought more than the parsers can take: they are next
        if abs(after - line) < noise and len(new) < LONGEST:
            return None
        self._trial = None
        if after >= line:
            self._kept(trial, before, after, is_up=is_up)
            return None
        return self._undone(trial, before, after, at, is_up=is_up)

    def _may_parse_more(self, at: float) -> bool:
        now = self._seen[-1]
        short = _share(self._seen, lambda each: each.parse_short) >= _MOSTLY
        return short and now.parse < now.parse_max and at >= self._not_before["parse"]

    def _kept(self, trial: _Trial, before: float, after: float, *, is_up: bool) -> None:
        self._say(trial, before, after, "")
        if not is_up:
            return
        self._downwards = False
        gain, hoped = after / before - 1 if before else 1.0, trial.after / trial.before - 1
        self._factor = 3.0 if gain > 0.8 * hoped else 2.0 if gain > 0.4 * hoped else 1.5
        self._wait[trial.kind] = FIRST_WAIT

    def _undone(
        self, trial: _Trial, before: float, after: float, at: float, *, is_up: bool
    ) -> Order:
        wait = self._wait[trial.kind]
        self._not_before[trial.kind] = at + wait
        self._wait[trial.kind] = min(LAST_WAIT, 2 * wait)
        self._factor = 1.5
        was_downwards, self._downwards = self._downwards, False
        if is_up and trial.kind == "fetch" and not was_downwards:
            old, new = (_mean([s.p50 for s in seen]) for seen in (trial.base, self._seen))
            # Slower by as much as there are more: they only wait for each other.
            self._downwards = new - old > 0.5 * old * (trial.after / trial.before - 1)
            self._peak = before
        self._say(trial, before, after, f": back to {trial.before}")
        self._seen, self._changed = [], at
        return Order(trial.kind, trial.before)

    def _say(self, trial: _Trial, before: float, after: float, end: str) -> None:
        noun = "fetches/s" if trial.kind == "fetch" else "parses/s"
        gain = f" ({100 * (after / before - 1):+.0f} %)" if before else ""
        step = f"{trial.before} → {trial.after} {trial.kind} workers"
        self.says = self.told = (
            f"autopilot: {step}, {_short(before)} → {_short(after)} {noun}{gain}{end}"
        )


class Pace(msgspec.Struct, frozen=True):
    """How often one host may be asked, as its own answers tell: additive increase,
    multiplicative decrease, and a long look before the rate that it refused is tried again."""

    rate: float = 0.0
    """Requests a second; 0 while it never refused."""
    refused: float = 0.0
    """The rate at which it refused last."""
    hit_at: float = -1e9
    wait: float = 10.0
    """Seconds of good answers before more than `refused` is tried."""


_DECREASE = 0.85
_INCREASE = 0.03
_NEAR = 0.95
_USED = 0.8
_LEAST = 0.2
"""Requests a second: a host that refuses more is left to its Retry-After and its breaker."""
_BURST = 3.0
"""Seconds within which refusals belong to one and the same burst."""


def paced(pace: Pace, at: float, *, seen: float, refuses: bool) -> Pace:
    """The pace after one more second; `seen` is the host's rate of good answers in it.

    `refuses`: it answered 429 or 503, or its answers got slower without getting more.
    """
    if refuses:
        if at - pace.hit_at < _BURST:
            return msgspec.structs.replace(pace, hit_at=at)
        limit = min(pace.rate or seen, max(seen, _LEAST)) if seen >= 1 else pace.rate or seen
        wait = min(LAST_WAIT, 2 * pace.wait) if pace.rate else pace.wait
        return Pace(max(_LEAST, limit * _DECREASE), max(_LEAST, limit), at, wait)
    if not pace.rate or at - pace.hit_at < _BURST or seen < _USED * pace.rate:
        return pace
    if pace.rate < _NEAR * pace.refused:
        grown = min(_NEAR * pace.refused, pace.rate + _INCREASE * pace.refused)
        return msgspec.structs.replace(pace, rate=grown)
    if at - pace.hit_at < pace.wait:
        return pace
    return msgspec.structs.replace(pace, rate=pace.rate + _INCREASE * pace.refused)


class Strain(msgspec.Struct, frozen=True):
    """The fastest that a host was, to tell whether it got slower for nothing."""

    p50: float = 0.0
    rate: float = 0.0
    slow: int = 0
    """Seconds in a row that were slower, without more answers."""


_SLOWER = 2.0
_SLOW_SECONDS = 3


def strained(strain: Strain, *, p50: float, seen: float) -> tuple[Strain, bool]:
    """The memory after one more second, and whether the host is asked for too much."""
    if not p50 or seen < 1:
        return strain, False
    if not strain.p50 or p50 < strain.p50:
        return Strain(p50, seen), False
    if seen > 1.05 * strain.rate or p50 < _SLOWER * strain.p50 + 0.02:
        # What it was long ago is forgotten little by little: other pages take another time.
        return Strain(strain.p50 * 1.01, max(strain.rate * 0.99, 0.5 * seen)), False
    slow = strain.slow + 1
    if slow < _SLOW_SECONDS:
        return msgspec.structs.replace(strain, slow=slow), False
    return msgspec.structs.replace(strain, slow=0, p50=strain.p50 * 1.1), True


def _good(sight: Sight) -> float:
    return float(sight.good)


def _parses(sight: Sight) -> float:
    return float(sight.parses)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _variance(numbers: Sequence[float]) -> float:
    middle = _mean(numbers)
    return sum((number - middle) ** 2 for number in numbers) / max(1, len(numbers) - 1)


def _share(seen: Sequence[Sight], holds: Callable[[Sight], bool]) -> float:
    return sum(map(holds, seen)) / len(seen)


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"
