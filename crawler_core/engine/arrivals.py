"""When URLs were found, as well as a few marks can tell: for how long the oldest has waited."""

from __future__ import annotations

from bisect import bisect_right

from crawler_core.frontier.frontier import Frontier

MARKS = 240
"""Marks that are kept; when there are more, every second one is let go."""
_SPACING = 0.5
"""Seconds between two marks at first; it doubles each time that marks are let go."""


class Arrivals:
    """Marks of a time and of the ids that were known then: ids count up as URLs are found."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._next_ids: list[int] = []
        self._spacing = _SPACING

    def mark(self, now: float, next_id: int) -> None:
        """Note that at `now` all ids below `next_id` were known."""
        if self._times and now - self._times[-1] < self._spacing:
            return
        self._times.append(now)
        self._next_ids.append(next_id)
        if len(self._times) > MARKS:
            del self._times[1::2]
            del self._next_ids[1::2]
            self._spacing *= 2

    def age(self, url_id: int, now: float) -> float:
        """Seconds since a URL was found, at most one spacing of the marks too many.

        What is older than the first mark is as old as that: an earlier run found it.
        """
        place = bisect_right(self._next_ids, url_id) - 1
        return now - self._times[max(0, place)] if self._times else 0.0


def waiting_age(arrivals: Arrivals, frontier: Frontier, now: float) -> float:
    """Seconds that the oldest URL of the queues has waited; 0 if none waits there."""
    oldest = frontier.oldest
    return arrivals.age(oldest, now) if oldest is not None else 0.0
