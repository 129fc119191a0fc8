"""How futures ended, counted by what Python says of them.

A future that was cancelled before it started is CANCELLED. `cancel()` on one that runs returns
False: its connection is closed instead, and the future finishes with an outcome that says so.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from typing import Any

from crawler_core.engine.arrivals import Arrivals
from crawler_core.engine.watchdog import Kin
from crawler_core.model import NO_ANSWER, FetchResult, Outcome
from crawler_core.snapshot import RaisedView

_NAMES = 8
"""Names of exceptions that are told apart."""
_OTHERS = "others"


class Tally:
    """Counts of finished futures. Used by the engine thread only."""

    def __init__(self, timeout: float = float("inf")) -> None:
        """`timeout`: seconds after which a fetch ends by itself."""
        self.fetches = 0
        self.parses = 0
        self.cancelled = 0
        """Cancelled before they started: CANCELLED is their state."""
        self.closed = 0
        """Were running when they were cancelled."""
        self.fetch_kin = Kin(timeout)
        self.parse_kin = Kin()
        self.arrivals = Arrivals()
        self._raised: dict[tuple[str, str], Counter[str]] = {}

    @property
    def raised(self) -> tuple[RaisedView, ...]:
        """Exceptions that futures carried, by name, the most frequent first."""
        views = [
            RaisedView(name, kind, notes.total(), _noted(notes))
            for (name, kind), notes in self._raised.items()
        ]
        return tuple(sorted(views, key=lambda view: -view.count))

    def fetched(self, future: Future[Any], result: FetchResult) -> None:
        """A fetch future is done."""
        if future.cancelled():
            self.cancelled += 1
            return
        error = future.exception()
        if error is not None:
            self._raise(type(error).__name__, "fetch", "told as a protocol error")
            return
        self.fetches += 1
        if result.outcome is Outcome.CANCELLED:
            self.closed += 1
        elif result.outcome not in NO_ANSWER:
            self.fetch_kin.finished(result.seconds)

    def parsed(self, exception: str, again: int, seconds: float) -> None:
        """A parse future is done after `seconds`; `again` of its pages are sent again alone."""
        if exception == "CancelledError":
            self.cancelled += 1
        elif exception:
            note = "sent again alone" if again else "given up"
            self._raise(exception, "parse", note)
        else:
            self.parses += 1
            self.parse_kin.finished(seconds)

    def _raise(self, name: str, kind: str, note: str) -> None:
        key = (name, kind)
        if key not in self._raised and len(self._raised) >= _NAMES:
            key = (_OTHERS, kind)
        self._raised.setdefault(key, Counter())[note] += 1


def _noted(notes: Counter[str]) -> str:
    if len(notes) == 1:
        return next(iter(notes))
    return ", ".join(f"{count} {note}" for note, count in notes.most_common())
