"""The dashboard in a real pseudo-terminal: signals leave it as it was found."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEADLINE = 30.0
"""Seconds; it takes about one on an idle machine."""


def _read_until(terminal: int, wanted: bytes, seen: bytes = b"") -> bytes:
    until = time.monotonic() + DEADLINE
    while wanted not in seen and time.monotonic() < until:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                seen += os.read(terminal, 65_536)
            except OSError:
                break
    return seen


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGTERM, b"terminate, exit code 143"),
        (signal.SIGHUP, b"hangup, exit code 129"),
    ],
)
def test_signals_restore_the_terminal(number: signal.Signals, says: bytes) -> None:
    """SIGTERM and SIGHUP leave the alternate screen, show the cursor, and end in order."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.play"],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        seen = _read_until(ours, b"JUST FINISHED")
        assert b"\x1b[?1049h" in seen
        process.send_signal(number)
        rest = _read_until(ours, says)
        assert b"\x1b[?1049l" in rest
        assert b"\x1b[?25h" in rest
        assert says in rest
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
