"""A reader of the crawl file that gets ready for many searches, a part at a time.

It belongs to whoever holds its turn: a thread that reads results, one that counts, or the one
that gets it ready. That one lets the others go first: what it is at is given up for a letter
that is typed, and gone on with when nobody has typed for a moment.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Literal, TypeVar

from crawler_core.errors import CrawlError
from tui.bridge import Rows
from tui.screens.reading import Reading

_QUIET = 0.5
"""Seconds without another wish, after which the next part is begun."""
_BREATH = 0.01
"""Seconds between two parts, in which others take their turn."""
_FAILURES = 50
"""Parts given up in a row, after which it is left as it is: something is wrong with the file."""
_BEHIND = 2_000
"""Finished URLs from which on what is new is taken in before it is asked for."""
_ONCE_MORE = 0.05
"""Seconds after which what is in the way is interrupted again: SQLite forgets it if no statement
ran at the moment."""

R = TypeVar("R", Rows, None)
What = Literal["part", "rows", "counts"]
"""What a thread has its turn for: to get ready a part, to read the table, to count views."""


class Preparing(Reading):
    """The part of the dashboard that keeps a reader ready."""

    _finder: Rows | None = None
    """The reader; whoever uses it holds `_turn`."""
    _ready = False
    """Whether it has once been ready; since then it only takes in what is new."""
    _preparing = False
    _held: tuple[Rows, What] | None = None
    """What a thread reads with now, and what for."""
    _left = False
    _wished_at = 0.0
    _ready_done = 0
    """URLs that were finished when it was last brought up."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def on_unmount(self) -> None:
        self._left = True
        self._interrupt("part", "rows", "counts")
        self._await_turn("part", "rows", "counts")
        finder, self._finder = self._finder, None
        self._turn.release()
        if finder is not None:
            finder.close()

    def prepare(self) -> None:
        """Let a reader get ready for the searches to come; until then they take longer."""
        done = self.latest.done if self.latest else 0
        if self._preparing or self._left or (self._ready and done - self._ready_done < _BEHIND):
            return
        self._preparing = True

        def run() -> None:
            try:
                self._bring_up()
            except CrawlError:
                pass  # searches say themselves what is wrong with the file
            finally:
                self._ready_done = done
                self._preparing = False

        self.run_worker(run, thread=True, group="prepare", exit_on_error=False)

    def _bring_up(self) -> None:
        if self._finder is None:
            finder = self.session.rows(self.client.store)
            with self._turn:
                if self._left:
                    finder.close()
                    return
                self._finder = finder
        failures = 0
        while failures < _FAILURES and not self._left:
            try:
                if self._prepare_part():
                    self._ready = True
                    return
                failures = 0
            except CrawlError:
                failures += 1
            time.sleep(_BREATH)

    def _prepare_part(self) -> bool:
        """Do a part, if nobody types; True when nothing is left to do."""
        with self._at_turn("part", None) as finder:
            if finder is None or self._left or time.monotonic() < self._wished_at + _QUIET:
                return False
            return finder.prepare()

    @contextlib.contextmanager
    def _at_turn(self, what: What, other: R, *over: What) -> Iterator[Rows | R]:
        """The reader for the thread that asks, once it is its turn; `other` if there is none.

        Who has it meanwhile for something in `over` gives it up.
        """
        self._await_turn(*over)
        try:
            reader = self._finder or other
            if reader is not None:
                self._held = reader, what
            yield reader
        finally:
            self._held = None
            self._turn.release()

    def _await_turn(self, *over: What) -> None:
        while not self._turn.acquire(timeout=_ONCE_MORE):
            self._interrupt(*over)

    def _make_way(self) -> None:
        """Something new is wished for: what is read or prepared now is given up."""
        self._wished_at = time.monotonic()
        self._interrupt("part", "rows", "counts")

    def _interrupt(self, *whats: What) -> None:
        held = self._held
        if held is not None and held[1] in whats:
            held[0].interrupt()
