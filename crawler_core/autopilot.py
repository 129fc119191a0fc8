"""Who sets the numbers of workers when nobody does: measured steps, kept only if they gain.

`Autopilot` climbs: it looks at full seconds, takes a step, lets it settle, compares, and takes
it back if it brought nothing. What is clear is decided after a second or two, what is lost in
noise after eight. Pure: the time comes with what is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Literal

import msgspec

Kind = Literal["fetch", "parse"]
_Try = Literal["fetch", "parse", "fewer"]
"""What is tried: more or fewer fetch workers, more parse workers, fewer of them."""
_TRIES: tuple[_Try, ...] = ("fetch", "parse", "fewer")

WINDOW = 3
"""Full seconds that are compared where the difference is not clear at once."""
LONGEST = 8
"""And at the most, where noise hides the answer."""
GAIN = 0.04
"""A step up that brings less is taken back."""
LOSS = 0.03
"""A step down that costs more is taken back."""
SETTLE = 0.5
"""Seconds after a step that say nothing yet; slow answers make it longer."""
_LONGEST_SETTLE = 4.0
PARSE_SETTLE = 2.5
"""The same of parse workers: a pool of new processes starts."""
_LONGEST_START = 8.0
_STARTED = 0.3
"""Share of the pages of before that new processes read in a second once they have started."""
FIRST_WAIT, LAST_WAIT = 12.0, 60.0
"""Seconds until a step that failed is tried again, doubled each time."""
_LONGEST_WAIT = 600.0
"""Of fewer parse workers, each time that they turned out to be too few."""
_DOUBT = 1.3
"""A gain must be larger than so many standard errors of what is compared."""
_CLEAR = 2.5
"""Standard errors that make a difference clear before `WINDOW` seconds are full."""
_EXACT = 0.06
"""Two seconds are enough to start from if their mean is as exact as this."""
_CHANGED = 0.3
"""A rate that differs by so much from the one that was settled for: the site has changed."""
_BUSY = 0.85
_MOSTLY = 0.6
_FULL = 0.95
"""Share of its time that a parse worker is busy where nothing can make it do more."""
_WELL_USED = 0.7
"""Share of its time that a parse worker may be busy where there are to be fewer."""


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
    parse_busy: float = 1.0
    """Share of the parse workers that was busy, 0 to 1."""
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
    gauge: Kind
    """What is counted: pages that were read where reading is what holds the crawl back."""

    @property
    def what(self) -> _Try:
        return "fewer" if self.kind == "parse" and self.after < self.before else self.kind


class _Noise:
    """How much a rate differs from one second to the next while nothing is changed."""

    def __init__(self) -> None:
        self._squares, self._count = 0.01, 2  # as if two differences had been of a tenth

    def saw(self, before: float, now: float) -> None:
        """Two seconds, one after the other, of the same numbers of workers."""
        middle = (before + now) / 2
        if middle:
            self._count = min(LONGEST, self._count + 1)
            square = ((now - before) ** 2 / 2 - middle) / middle**2  # without that of counting
            self._squares += (max(0.0, square) - self._squares) / self._count

    def error(self, rate: float, seconds: int) -> float:
        """Standard error of the mean of so many seconds, that of counting included."""
        return sqrt((max(rate, 1.0) + self._squares * rate**2) / seconds)


class Autopilot:
    """The climber of one crawl. `look` is called with each full second."""

    def __init__(self) -> None:
        self.says = "autopilot: measures first"
        self.told = ""
        """The last decision, if `look` has just made one; it may come without an order."""
        self._seen: list[Sight] = []
        self._noise: dict[Kind, _Noise] = {"fetch": _Noise(), "parse": _Noise()}
        self._trial: _Trial | None = None
        self._changed: float | None = None
        self._factor = 2.0
        self._wait: dict[_Try, float] = dict.fromkeys(_TRIES, FIRST_WAIT)
        self._not_before: dict[_Try, float] = dict.fromkeys(_TRIES, -1e9)
        self._downwards = False
        self._peak = 0.0
        self._level = 0.0
        """The rate that was settled for."""

    def look(self, sight: Sight) -> Order | None:
        """What to do after one more second; None for nothing."""
        self.told = ""
        last = self._seen[-1] if self._seen else None
        if last is not None and (last.fetch, last.parse) != (sight.fetch, sight.parse):
            self._seen.clear()  # of another number of workers
        if self._changed is None:  # a crawl that begins is not yet what it will be
            self._changed = -1e9 if sight.good else None
            return None
        settled = self._changed + min(_LONGEST_SETTLE, SETTLE + 2 * sight.p50)
        if sight.is_void or sight.at - 1 < settled or self._is_starting(sight):
            return None
        if self._seen:
            for kind, noise in self._noise.items():
                noise.saw(_rate(kind, self._seen[-1]), _rate(kind, sight))
        self._seen = [*self._seen[1 - LONGEST :], sight]
        if self._trial:
            return self._judge(self._trial, sight)
        return self._try(sight) if self._is_base(sight) else None

    def disturbed(self) -> None:
        """Something else has changed, such as the parser: measure anew."""
        self._seen.clear()
        if self._trial is not None:
            self._trial = msgspec.structs.replace(self._trial, base=())

    def _is_starting(self, sight: Sight) -> bool:
        """Whether the processes of a step are yet to read their first pages."""
        if self._trial is None or self._trial.kind == "fetch" or self._seen:
            return False
        least = _STARTED * _mean_rate("parse", self._trial.base)
        since = sight.at - (self._changed or 0.0)
        return since < PARSE_SETTLE or (sight.parses < least and since < _LONGEST_START)

    # -- a step --------------------------------------------------------------------------

    def _is_base(self, now: Sight) -> bool:
        """Whether what was seen is enough to compare another number of workers with."""
        rate, seconds = _mean_rate("fetch", self._seen), len(self._seen)
        if seconds >= WINDOW:
            self._notice_change(rate, now.at)
            return True
        error = self._noise["fetch"].error(rate, seconds)
        return seconds > 1 and error <= _EXACT * rate

    def _notice_change(self, rate: float, at: float) -> None:
        """A site that has become another one is measured at once, not after the next rest."""
        error = self._noise["fetch"].error(rate, len(self._seen))
        if self._level and abs(rate - self._level) > max(_CHANGED * self._level, 3 * error):
            self._level, self._factor = rate, 2.0
            for what in ("fetch", "parse"):
                self._wait[what], self._not_before[what] = FIRST_WAIT, at

    def _try(self, now: Sight) -> Order | None:
        if self._downwards and now.fetch > 1:
            return self._step("fetch", max(1, min(now.fetch - 1, int(now.fetch * 0.7))), now.at)
        if self._is_short():
            if now.parse < now.parse_max:
                return self._try_parse(now)
            if self._parse_busy() >= _FULL:
                workers = (
                    "1 parse worker is" if now.parse == 1 else f"{now.parse} parse workers are"
                )
                self.says = f"autopilot: parsing is the limit, {workers} all that help here"
                return None
        return self._try_fetch(now) or self._try_fewer(now)

    def _try_fetch(self, now: Sight) -> Order | None:
        busy = _mean([each.fetch_busy for each in self._seen[-WINDOW:]]) >= _BUSY
        if not busy or now.waiting <= now.fetch:
            self.says = f"autopilot: {now.fetch} fetch workers are enough for what may be asked"
        elif now.fetch >= now.fetch_max:
            self.says = f"autopilot: {now.fetch} fetch workers are the most there may be"
        elif now.at < self._not_before["fetch"]:
            workers = f"{now.fetch} fetch and {now.parse} parse workers"
            self.says = f"autopilot: settled at {workers}, it measures again now and then"
        else:
            wanted = max(now.fetch + 1, int(now.fetch * self._factor))
            return self._step("fetch", min(now.fetch_max, wanted), now.at)
        return None

    def _try_parse(self, now: Sight) -> Order | None:
        if now.at < self._not_before["parse"]:
            return None
        return self._step("parse", now.parse + 1, now.at)

    def _try_fewer(self, now: Sight) -> Order | None:
        """Leave a CPU to others where fewer parse workers do the same."""
        used = now.parse * self._parse_busy()
        wanted = max(1, ceil(used / _WELL_USED))
        if len(self._seen) < WINDOW or wanted >= now.parse or now.at < self._not_before["fewer"]:
            return None
        return self._step("parse", wanted, now.at)

    def _step(self, kind: Kind, target: int, at: float) -> Order:
        now = self._seen[-1]
        before = now.fetch if kind == "fetch" else now.parse
        gauge: Kind = "parse" if self._is_short() else kind
        self._trial = _Trial(kind, before, target, tuple(self._seen), gauge)
        self._seen, self._changed = [], at
        self.says = f"autopilot: {before} → {target} {kind} workers, measuring…"
        return Order(kind, target)

    # -- and what it brought -------------------------------------------------------------

    def _judge(self, trial: _Trial, now: Sight) -> Order | None:
        if not trial.base:  # what it was to be compared with holds no more
            self._trial = None
            return None
        before, after = _mean_rate(trial.gauge, trial.base), _mean_rate(trial.gauge, self._seen)
        is_kept = self._verdict(trial, before, after, now.at)
        if is_kept is None:
            return None
        self._trial = None
        if not is_kept:
            return self._undone(trial, before, after, now.at)
        self._kept(trial, before, after, now.at)
        return None  # for a second one can read what it brought

    def _verdict(self, trial: _Trial, before: float, after: float, at: float) -> bool | None:
        """Whether a step is kept; None while that is not clear."""
        seconds, measure = len(self._seen), self._noise[trial.gauge]
        noise = sqrt(
            measure.error(before, len(trial.base)) ** 2 + measure.error(after, seconds) ** 2
        )
        is_short = self._is_short()
        if trial.what == "fewer" and is_short:
            return False
        if trial.what == "parse" and not is_short and seconds > 1 and after >= (1 - LOSS) * before:
            return True  # they are what was missing; what comes now is for the fetch workers
        if trial.after < trial.before:
            least = before if trial.kind == "parse" else max(before, self._peak * (1 - LOSS))
            line = least * (1 - LOSS)
        elif trial.kind == "fetch" and is_short and self._may_parse_more(at):
            return True  # it brought more than the parsers can take: they are next
        else:
            line = before + max(GAIN * before, _DOUBT * noise)
            if seconds < WINDOW and abs(after - before * (1 + GAIN)) >= _CLEAR * noise:
                return True if after > before else False if trial.kind == "fetch" else None
        if seconds < WINDOW or (abs(after - line) < noise and seconds < LONGEST):
            return None
        return after >= line

    def _is_short(self) -> bool:
        return _mean([each.parse_short for each in self._seen[-WINDOW:]]) >= _MOSTLY

    def _parse_busy(self) -> float:
        return _mean([each.parse_busy for each in self._seen[-WINDOW:]])

    def _may_parse_more(self, at: float) -> bool:
        now = self._seen[-1]
        return now.parse < now.parse_max and at >= self._not_before["parse"]

    def _kept(self, trial: _Trial, before: float, after: float, at: float) -> None:
        self._say(trial, before, after, "")
        self._level = _mean_rate("fetch", self._seen)
        if trial.after < trial.before:
            return
        if trial.kind == "parse":  # fewer are not tried soon again, each time later
            self._not_before["fewer"] = at + self._wait["fewer"]
            self._wait["fewer"] = min(_LONGEST_WAIT, 2 * self._wait["fewer"])
        self._downwards = False
        gain, hoped = after / before - 1 if before else 1.0, trial.after / trial.before - 1
        self._factor = 3.0 if gain > 0.8 * hoped else 2.0 if gain > 0.4 * hoped else 1.5
        self._wait[trial.what] = FIRST_WAIT

    def _undone(self, trial: _Trial, before: float, after: float, at: float) -> Order:
        wait = self._wait[trial.what]
        self._not_before[trial.what] = at + wait
        longest = _LONGEST_WAIT if trial.what == "fewer" else LAST_WAIT
        self._wait[trial.what] = min(longest, 2 * wait)
        self._factor = 1.5
        self._level = _mean_rate("fetch", trial.base)
        was_downwards, self._downwards = self._downwards, False
        if trial.kind == "fetch" and trial.after > trial.before and not was_downwards:
            old, new = (_mean([s.p50 for s in seen]) for seen in (trial.base, self._seen))
            # Slower by as much as there are more: they only wait for each other.
            self._downwards = new - old > 0.5 * old * (trial.after / trial.before - 1)
            self._peak = before
        self._say(trial, before, after, f": back to {trial.before}")
        self._seen, self._changed = [], at
        return Order(trial.kind, trial.before)

    def _say(self, trial: _Trial, before: float, after: float, end: str) -> None:
        noun = "fetches/s" if trial.gauge == "fetch" else "parses/s"
        gain = f" ({100 * (after / before - 1):+.0f} %)" if before else ""
        step = f"{trial.before} → {trial.after} {trial.kind} workers"
        self.says = self.told = (
            f"autopilot: {step}, {_short(before)} → {_short(after)} {noun}{gain}{end}"
        )


def _rate(kind: Kind, sight: Sight) -> float:
    return float(sight.good if kind == "fetch" else sight.parses)


def _mean_rate(kind: Kind, seen: Sequence[Sight]) -> float:
    return _mean([_rate(kind, each) for each in seen])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"
