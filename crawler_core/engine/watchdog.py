"""Which futures are stuck: older than nearly all of their kin ever got. Pure."""

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


class Kin:
    """How long the last finished futures of one kind took."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KIN)
        self._limit = _UNKNOWN
        self._stale = False

    def finished(self, seconds: float) -> None:
        """One more has finished, after so many seconds."""
        self._seconds.append(seconds)
        self._stale = True

    @property
    def limit(self) -> float:
        """Seconds from which on a running one is stuck: 3 × the 99th percentile, at least 5 s."""
        if self._stale:
            self._stale = False
            self._limit = limit_of(sorted(self._seconds))
        return self._limit


def limit_of(ordered: list[float]) -> float:
    """The limit that follows from how long finished futures took, shortest first."""
    if len(ordered) < _FEW:
        return max(_UNKNOWN, FACTOR * ordered[-1] if ordered else 0.0)
    return max(LEAST, FACTOR * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))])
