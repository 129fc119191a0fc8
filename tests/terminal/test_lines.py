"""What goes over the line: little of it, nothing of a page's own, and keys get through."""

from __future__ import annotations

import os
import re
import select
import statistics
import time
from pathlib import Path

from tests.stores import build_store
from tests.terminal.terminal import Terminal

SLOW = 10_000
"""Bytes a second of a line that must still do."""
_SIP = 500
_TABS = (("2", "RESULTS"), ("1", "JUST FINISHED"), ("4", "429%"))
HOSTILE = (
    "\x1b]0;owned\x07bell",
    "\x1b[31;42mstolen colours",
    "\x1b[2J\x1b[H\x1bcall gone",
    "\x9b31m eight bit",
    "\x00nul\x08\x08\x08back",
    "left \u202e thgir \u2066 isolated",
    "\u2028line\u2029separators",
    "👩‍👩‍👧‍👦" * 40,
    "日本語のとても長い題名" * 20,
    "e\u0301" * 200,
    "long " * 2_000,
)
_OURS = re.compile(rb"\x1b(\[[0-9;?<>=]*[a-zA-Z$]+|[=>78]|\]22;[a-z]*\x07)")


class Answering(Terminal):
    """A terminal that tells where its cursor is, and takes only so much a second."""

    pace = 0
    """Bytes a second; 0 for all that comes."""
    _next = 0.0

    def _read(self, seconds: float) -> bool:
        if self.pace:
            time.sleep(max(0.0, self._next - time.monotonic()))
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._ours, _SIP if self.pace else 65_536)
        except OSError:
            return False
        if self.pace:
            self._next = time.monotonic() + len(data) / self.pace
        tail = self.output[-3:]
        self.output += data
        self._stream.feed(data)
        for _ in range((tail + data).count(b"\x1b[6n")):
            os.write(self._ours, b"\x1b[1;1R")
        return True


def _tour(terminal: Terminal) -> None:
    """Every tab, the details of some rows, the help."""
    for key, title in (("2", "RESULTS"), ("3", "BROKEN"), ("6", "LOG"), ("1", "JUST FINISHED")):
        terminal.press(key)
        terminal.wait_for(title)
    terminal.press("2")
    terminal.wait_for("RESULTS")
    terminal.press("g")
    for _ in HOSTILE:
        terminal.press("\r")
        terminal.wait_for("FIELDS")
        terminal.press("\x1b")
        terminal.wait_for("RESULTS")
        terminal.press("j")


def test_nothing_of_a_page_s_own_reaches_the_terminal(tmp_path: Path) -> None:
    """Titles full of control sequences leave no raw escape, control or bidi character."""
    store = build_store(tmp_path / "hostile.crawl", pages=40, titles=HOSTILE)
    with Terminal("view", str(store), columns=120, rows=40, home=tmp_path) as terminal:
        terminal.wait_for("JUST FINISHED")
        _tour(terminal)
        terminal.press("q")
        assert terminal.leave() == 0
        output = terminal.output
    assert b"owned" in output  # the titles were drawn, with what drives a terminal made plain
    for stolen in (b"\x1b]0;", b"\x1b[31;42m", b"\x1bc", b"\x1b[2J"):
        assert stolen not in output, stolen
    for mark in ("\x9b", "\u202e", "\u2066", "\u2028", "\u2029"):
        assert mark.encode() not in output, mark
    left = _OURS.sub(b"", output)
    assert set(left) & set(range(32)) <= set(b"\r\n"), left


def test_a_slow_line_leaves_room_for_keys(tmp_path: Path) -> None:
    """On a line of 10 kB a second, what a key brings about does not wait for a queue of frames."""
    arguments = ("demo", "--pages", "5000", "--store", str(tmp_path / "demo.crawl"))
    terminal = Answering(*arguments, columns=80, rows=24, home=tmp_path)
    with terminal:
        terminal.wait_for("JUST FINISHED")
        terminal.pace = SLOW
        end = time.monotonic() + 3.0
        while time.monotonic() < end:  # let the line fill
            terminal._read(0.1)
        needed = []
        for key, title in (*_TABS, *_TABS):
            before = len(terminal.output)
            terminal.press(key)
            terminal.wait_for(title)
            needed.append(len(terminal.output) - before)
        # One screen and what was drawn before it; frames that queue up are 30 kB.
        assert statistics.median(needed) < 2 * SLOW, needed
        terminal.pace = 0
        terminal.press("\x03\x03")
        terminal.leave()
        assert terminal.is_restored()
