"""One attempt at one URL while it runs: its deadline, its cancelling, its counts.

A kept-alive connection outlives an exchange, so a stream asks its `Seat` which exchange
it works for now. Only `cancel` is called from other threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from crawler_core.fetch.endings import DeadlinePassed, FetchCancelled


class Abortable(Protocol):
    """A connection that another thread can bring to an end."""

    def abort(self) -> None: ...


class Exchange:
    """The state of one attempt. `seconds` is what it may take in all.

    `count` is told of every number of bytes received.
    """

    __slots__ = (
        "_cancelled",
        "_count",
        "_lock",
        "_over",
        "_stream",
        "_woken",
        "begun",
        "closed_early",
        "deadline",
        "dialled",
        "received",
        "sent",
        "started",
    )

    def __init__(self, seconds: float, count: Callable[[int], None]) -> None:
        self.started = time.time()
        self.begun = time.monotonic()
        self.deadline = self.begun + seconds
        self.received = 0
        """Bytes of this exchange, headers included."""
        self.dialled = False
        """True once it opened a connection of its own: what fails then is not stale."""
        self.sent = False
        self.closed_early = False
        """True once the server closed the connection while more was awaited."""
        self._count = count
        self._lock = threading.Lock()
        self._woken: threading.Event | None = None
        self._cancelled = False
        self._over = False
        self._stream: Abortable | None = None

    @property
    def is_cancelled(self) -> bool:
        """True once `cancel` was heeded."""
        return self._cancelled

    @property
    def woken(self) -> threading.Event:
        """Set on cancelling, and by what a wait is for; few exchanges ever wait on it."""
        with self._lock:
            if self._woken is None:
                self._woken = threading.Event()
                if self._cancelled:
                    self._woken.set()
            return self._woken

    def left(self) -> float:
        """Seconds left, more than 0. Raises FetchCancelled or DeadlinePassed."""
        if self._cancelled:
            raise FetchCancelled
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left

    def hasten(self, seconds: float) -> None:
        """Allow at most `seconds` from now."""
        self.deadline = min(self.deadline, time.monotonic() + seconds)

    def use(self, stream: Abortable) -> None:
        """Work over `stream` from now on. Raises FetchCancelled if it is too late."""
        with self._lock:
            self._stream = stream
        if self._cancelled:
            raise FetchCancelled

    def mark_sent(self) -> None:
        """Start the clock that people read: the request goes out now."""
        if not self.sent:
            self.sent = True
            self.started = time.time()
            self.begun = time.monotonic()

    def take(self, number: int) -> None:
        """Count `number` received bytes; 0 says that the server closed."""
        if not number:
            self.closed_early = True
        self.received += number
        self._count(number)

    def begin_again(self) -> None:
        """Forget a connection that failed before it brought anything; the deadline stays."""
        self.sent = self.closed_early = False
        with self._lock:
            self._stream = None

    def drop_connection(self) -> None:
        """Do not keep the connection: what it still carries is not wanted."""
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()

    def cancel(self) -> bool:
        """End the attempt at once, from any thread. False if it had ended before."""
        with self._lock:
            if self._over:
                return False
            self._cancelled = True
            stream = self._stream
            if self._woken is not None:
                self._woken.set()
        if stream is not None:
            stream.abort()
        return True

    def end(self) -> bool:
        """Let nothing be cancelled from here on; return True if it has been."""
        with self._lock:
            self._over = True
            self._stream = None
            return self._cancelled
