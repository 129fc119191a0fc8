"""Long works of the engine's thread, done in slices between its turns.

A work is a generator that yields wherever it may be interrupted. What it changes must be right
at every such place: pages come in, URLs are asked for and the crawl may be killed in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

SLICE_SECONDS = 0.005
"""How long the other work of the engine waits for a slice: less than for a turn of its own."""
STEP = 32
"""URLs that are passed over between two places where a work may be interrupted."""


class Works:
    """What is still to be done, in the order in which it was ordered. Engine thread only."""

    def __init__(self) -> None:
        self._queue: deque[Iterator[None]] = deque()
        self._newest: dict[str, int] = {}
        self._orders = 0

    @property
    def is_idle(self) -> bool:
        """True when nothing is left to do."""
        return not self._queue

    def ordered(self, subject: str) -> int:
        """Note a new order about `subject`; its number. Works for earlier ones may give up."""
        self._orders += 1
        self._newest[subject] = self._orders
        return self._orders

    def is_newest(self, subject: str, order: int) -> bool:
        """Whether no later order about `subject` has come meanwhile."""
        return self._newest.get(subject) == order

    def add(self, work: Iterator[None]) -> None:
        """Do this after all that is still to be done."""
        self._queue.append(work)

    def go_on(self, clock: Callable[[], float], seconds: float = SLICE_SECONDS) -> bool:
        """Work for about so many seconds; True if there was anything to do."""
        if not self._queue:
            return False
        until = clock() + seconds
        while self._queue:
            for _ in self._queue[0]:
                if clock() >= until:
                    return True
            self._queue.popleft()
        return True
