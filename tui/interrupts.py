"""Signals of a crawl without a screen: the first one stops it in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import NoReturn

_WATCHED = ("SIGINT", "SIGTERM", "SIGHUP")
_TRACKER_WARNS = "ignore:resource_tracker:UserWarning"


class Interrupts:
    """Turns signals into `stop(name)`, as a context manager on the main thread.

    The first SIGINT, SIGTERM or SIGHUP stops the crawl, a second SIGINT ends the process at
    once (what is committed stays). After `finishing()` a signal raises KeyboardInterrupt:
    then there is nothing left to stop, only files being written. A signal that the parent
    has set to be ignored (nohup, a background job) stays ignored.
    """

    def __init__(self, stop: Callable[[str], None], last_words: str) -> None:
        self.number = 0
        """The first signal that came; 0 if none did."""
        self._stop = stop
        self._last_words = last_words
        self._finishing = False
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Interrupts:
        for name in _WATCHED:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) is signal.SIG_IGN:
                continue
            with contextlib.suppress(ValueError):  # not the main thread: signals go elsewhere
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def exit_code(self) -> int:
        """130, 143 or 129 after a signal, as shells have it; else 0."""
        return 128 + self.number if self.number else 0

    def finishing(self) -> None:
        """The crawl is over: from now on a signal breaks off what is being written."""
        self._finishing = True

    def _handle(self, number: int, _: FrameType | None) -> None:
        again = self.number == signal.SIGINT and number == signal.SIGINT
        self.number = self.number or number
        if self._finishing:
            raise KeyboardInterrupt
        if again:
            self._end_at_once()
        if number == signal.SIGINT:
            _say("Stopping; Ctrl-C again to end at once.")
        self._stop(signal.Signals(number).name)

    def _end_at_once(self) -> NoReturn:
        _say(self._last_words)
        os._exit(self.exit_code)


@contextlib.contextmanager
def sheltering_children() -> Iterator[None]:
    """Processes started inside never see SIGHUP: a closed terminal is this process's to handle.

    The kernel sends it to the whole group; a parse pool that died of it would lose time, and
    Python's resource tracker complain. Blocked, it is not lost: it comes when this ends.

    Nor does that tracker warn of what it cleans up after a process that was killed: the
    prompt of a shell is there by then.
    """
    sys.warnoptions.append(_TRACKER_WARNS)  # handed on to the interpreters that are started
    try:
        with _holding_back(getattr(signal, "SIGHUP", None)):
            yield
    finally:
        sys.warnoptions.remove(_TRACKER_WARNS)


@contextlib.contextmanager
def _holding_back(number: int | None) -> Iterator[None]:
    if number is None:  # not on every platform
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _say(text: str) -> None:
    # print() could meet itself: a handler may run in the middle of another print().
    with contextlib.suppress(OSError):
        os.write(2, f"\n{text}\n".encode(errors="replace"))
