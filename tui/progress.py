"""What a crawl without a screen says while it runs, on standard error."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

from crawler_core.snapshot import LogLine, Snapshot
from crawler_core.text import clean
from tui import formats
from tui.streams import is_terminal, width

PLAIN_SECONDS = 5.0
"""Between two lines where there is no terminal."""
_LOG_LINES = 5
"""Of the log, at one time."""
_ERASE = "\r\x1b[K"


def progress_line(snapshot: Snapshot) -> str:
    """A crawl's state in one line."""
    stages, parts = snapshot.stages, []
    parts.append(f"{snapshot.state} {formats.clock(snapshot.elapsed)}")
    parts.append(f"{formats.count(snapshot.done)} done")
    parts.append(f"{formats.count(stages.waiting)} waiting")
    parts.append(f"{formats.count(stages.fetching + stages.to_parse + stages.parsing)} in work")
    parts.append(f"{formats.rate(snapshot.rates.fetches)}/s")
    if snapshot.broken:
        parts.append(f"{formats.count(snapshot.broken)} broken")
    if snapshot.verdict:
        parts.append(snapshot.verdict)
    return clean("  ".join(parts))


class Progress:
    """One live line on a terminal, else a plain line every PLAIN_SECONDS; silent if quiet."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._live = is_terminal(self._stream)
        self._line = False
        self._next: float | None = None
        self._serial = 0

    def note(self, text: str) -> None:
        """Say something once, on a line of its own."""
        if not self._quiet:
            self.tell(text)

    def tell(self, text: str) -> None:
        """Say something even if quiet: what went wrong."""
        self.clear()
        self._write(f"{clean(text)}\n")

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Say how far the crawl is, at `now` on a monotonic clock, and what is new in its log."""
        if self._quiet:
            return
        self._tell_log(snapshot.log)
        if self._live:
            line = formats.cut(progress_line(snapshot), width(self._stream) - 1)
            self._write(f"{_ERASE}{line}")
            self._line = True
        elif self._next is None or now >= self._next:
            if self._next is not None:
                self._write(f"{progress_line(snapshot)}\n")
            self._next = now + PLAIN_SECONDS

    def clear(self) -> None:
        """Take the live line away."""
        if self._line:
            self._write(_ERASE)
            self._line = False

    def _tell_log(self, log: tuple[LogLine, ...]) -> None:
        fresh = [line for line in log if line.serial > self._serial]
        if not fresh:
            return
        self._serial = fresh[-1].serial
        for line in fresh[:_LOG_LINES]:
            self.tell(f"{line.level}: {line.text}" if line.level != "info" else line.text)
        if len(fresh) > _LOG_LINES:
            self.tell(f"and {len(fresh) - _LOG_LINES} more such lines")

    def _write(self, text: str) -> None:
        # A closed terminal or pipe must not end the crawl.
        with contextlib.suppress(OSError, ValueError, AttributeError):  # None where closed
            self._stream.write(text)
            self._stream.flush()
