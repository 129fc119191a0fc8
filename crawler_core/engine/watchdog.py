"""Which futures are stuck: older than nearly all of their kin ever got. Pure.

Kin are those that brought something: what failed at its deadline says nothing of what is usual.
"""

from __future__ import annotations

from collections import deque

KIN = 500
"""Finished futures that are remembered."""
FACTOR = 3.0
LEAST = 5.0
"""Seconds; nothing younger is called stuck."""
_FEW = 20
"""With fewer finished ones than this nothing is known of what is usual."""
_UNKNOWN = 15.0
"""Seconds that are allowed until then."""
_LATE = 0.8
"""Share of its deadline at which a future is stuck, whatever is usual."""


class Kin:
    """How long the last finished futures of one kind took."""

    def __init__(self, deadline: float = float("inf")) -> None:
        """`deadline`: seconds after which such a future ends by itself."""
        self._seconds: deque[float] = deque(maxlen=KIN)
        self._most = max(LEAST, _LATE * deadline)
        self._limit = min(_UNKNOWN, self._most)
        self._stale = False

    def finished(self, seconds: float) -> None:
        """One more has finished, after so many seconds."""
        self._seconds.append(seconds)
        self._stale = True

    @property
    def limit(self) -> float:
        """Seconds from which on a running one is stuck: 3 × the 99th percentile, at least 5 s.

        And at most 0.8 of its deadline, if that is more than those 5 s.
        """
        if self._stale:
            self._stale = False
            self._limit = min(limit_of(sorted(self._seconds)), self._most)
        return self._limit


def limit_of(ordered: list[float]) -> float:
    """The limit that follows from how long finished futures took, shortest first."""
    if len(ordered) < _FEW:
        return max(_UNKNOWN, FACTOR * ordered[-1] if ordered else 0.0)
    return max(LEAST, FACTOR * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))])
