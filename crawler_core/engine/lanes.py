"""What each worker did over the last half minute: one lane of short grains a worker.

A lane says for each quarter of a second how much of it the worker was at work, and how what it
worked on ended. The clock is an argument; the lanes that a screen is told of are bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crawler_core.model import BROKEN, NO_ANSWER, Outcome

GRAIN = 0.25
"""Seconds of one step of a lane."""
GRAINS = 120
"""Steps of a lane: half a minute."""
LEVELS = 8
_KEPT = 400
"""Lanes kept: every fetch thread that there may be, and parse workers of some replaced pools."""
_TONES = (
    dict.fromkeys(Outcome, "c")
    | dict.fromkeys(BROKEN, "b")
    | {
        Outcome.OK: "o",
        Outcome.REDIRECT: "r",
        Outcome.BLOCKED: "k",
        Outcome.THROTTLED: "w",
        Outcome.TOO_LARGE: "w",
        Outcome.PARSER_CRASHED: "x",
        Outcome.PARSER_TIMEOUT: "x",
    }
    | dict.fromkeys(NO_ANSWER, "x")
)
_SEVERE = "x"
"""What must be seen, however short it was."""
NOW = "n"
"""The tone of work that has not ended."""
NAMELESS = "P?"
"""A parse worker that has not answered so far: a worker gets its name with its first answer."""


def tone_of(outcome: Outcome) -> str:
    """One letter: o ok, r redirect, k blocked, w throttled, b broken, x failed, c cancelled."""
    return _TONES[outcome]


class Lane:
    """One worker: how busy each grain of the last half minute was."""

    __slots__ = ("_at", "_best", "_busy", "_levels", "_tones", "ended")

    def __init__(self, now: float) -> None:
        self.ended = now
        """When the worker last finished something, on the engine's clock."""
        self._at = int(now / GRAIN)
        self._busy = [0.0] * GRAINS
        self._best = [0.0] * GRAINS
        self._levels = bytearray(b"0" * GRAINS)
        self._tones = bytearray(b" " * GRAINS)

    def worked(self, start: float, end: float, share: float, tone: str) -> None:
        """It was occupied from `start` to `end`, and at work for `share` (0 to 1) of that."""
        self._advance(end)
        self.ended = max(self.ended, end)
        first, last = int(start / GRAIN), int(end / GRAIN)
        if first == last == self._at:  # as nearly always: this is done for each page
            self._add(last % GRAINS, (end - start) * share, tone)
            return
        for grain in range(max(first, self._at - GRAINS + 1), last + 1):
            part = min(end, (grain + 1) * GRAIN) - max(start, grain * GRAIN)
            if part > 0:
                self._add(grain % GRAINS, part * share, tone)

    def drawn(self, now: float, since: float | None = None) -> tuple[str, str]:
        """Levels ("0" to "8") and tones, the oldest first, up to the last whole grain.

        `since`: when the work began that it still does; None if it is idle.
        """
        self._advance(now)
        cut = (self._at + 1) % GRAINS
        levels = (self._levels[cut:] + self._levels[:cut])[:-1]
        tones = (self._tones[cut:] + self._tones[:cut])[:-1]
        if since is not None:
            running = min(len(levels), self._at - int(since / GRAIN))
            for place in range(len(levels) - running, len(levels)):
                if levels[place] == 48:  # what ended within this grain tells more
                    tones[place] = ord(NOW)
                levels[place] = 48 + LEVELS
        return levels.decode(), tones.decode()

    def load(self, now: float) -> float:
        """Seconds at work over the whole lane."""
        self._advance(now)
        return sum(self._busy)

    def _add(self, place: int, seconds: float, tone: str) -> None:
        busy = self._busy[place] = min(GRAIN, self._busy[place] + seconds)
        self._levels[place] = 48 + max(1, round(LEVELS * busy / GRAIN))
        severe = self._tones[place] == ord(_SEVERE)
        if tone == _SEVERE or (seconds > self._best[place] and not severe):
            self._best[place] = seconds
            self._tones[place] = ord(tone)

    def _advance(self, now: float) -> None:
        at = int(now / GRAIN)
        if at <= self._at:
            return
        for grain in range(max(self._at + 1, at - GRAINS + 1), at + 1):
            place = grain % GRAINS
            self._busy[place] = self._best[place] = 0.0
            self._levels[place], self._tones[place] = 48, 32
        self._at = at


class Lanes:
    """The lanes of all workers. Used by the engine thread only."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def fetched(self, worker: str, now: float, seconds: float, outcome: Outcome) -> None:
        """A fetch thread was busy for `seconds` until now."""
        if worker:
            self._lane(worker, now).worked(now - seconds, now, 1.0, tone_of(outcome))

    def parsed(
        self, worker: str, now: float, started: float, computed: float, outcome: Outcome
    ) -> None:
        """A worker is done with a batch that was submitted at `started`.

        It had it from then on, or from the end of what it did before: the rest of the time the
        batch waited inside the pool. `computed` are the seconds of CPU that it took: less than
        that where workers share a CPU, or one interpreter's lock.
        """
        if not worker:
            return
        known = self._lanes.get(worker)
        start = min(now, max(started, known.ended) if known else started)
        share = min(1.0, computed / (now - start)) if now > start else 1.0
        self._lane(worker, now).worked(start, now, share, tone_of(outcome))

    def died(self, workers: Sequence[str], now: float, started: float) -> None:
        """A pool broke: what its workers did has failed, guilty or not.

        A single one must have held the batch that was submitted at `started`.
        """
        for worker in workers or (NAMELESS,):
            start = started if len(workers) <= 1 else now - GRAIN
            self._lane(worker, now).worked(min(start, now - GRAIN), now, 1.0, _SEVERE)

    def ended(self, worker: str, now: float) -> float:
        """When a worker last finished something; now for one that never did."""
        known = self._lanes.get(worker)
        return known.ended if known else now

    def drawn(self, worker: str, now: float, since: float | None = None) -> tuple[str, str]:
        """Levels and tones of a worker's lane; see `Lane.drawn`."""
        return self._lane(worker, now).drawn(now, since)

    def busiest(self, workers: Collection[str], now: float, most: int) -> frozenset[str]:
        """At most `most` of these workers: those that were at work longest."""
        if len(workers) <= most:
            return frozenset(workers)
        loads = {name: self._load(name, now) for name in workers}
        return frozenset(sorted(workers, key=lambda name: -loads[name])[:most])

    def _load(self, worker: str, now: float) -> float:
        lane = self._lanes.get(worker)
        return lane.load(now) if lane else 0.0

    def _lane(self, worker: str, now: float) -> Lane:
        found = self._lanes.get(worker)
        if found is None:
            if len(self._lanes) >= _KEPT:  # the one that has been idle longest is surely gone
                del self._lanes[min(self._lanes, key=lambda name: self._lanes[name].ended)]
            found = self._lanes[worker] = Lane(now)
        return found
