"""A real pseudo-terminal with the real command in it, read through a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte

from tests.patience import PATIENCE


class Terminal:
    """`python -m tui ARGUMENTS` in a terminal of `columns` by `rows`, as a context manager."""

    def __init__(self, *arguments: str, columns: int = 120, rows: int = 40, home: Path) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.output = b""
        """Every byte that reached the terminal."""
        self._stream = pyte.ByteStream(self.screen)
        self._arguments = arguments
        self._size = (rows, columns)
        self._home = home
        self._is_unplugged = False

    def __enter__(self) -> Terminal:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        self.modes_before = termios.tcgetattr(theirs)
        self._theirs = theirs
        environment = os.environ | {
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(self._home / "config"),
            "XDG_DATA_HOME": str(self._home / "data"),
            "XDG_STATE_HOME": str(self._home / "state"),
        }
        for name in ("COLUMNS", "LINES", "NO_COLOR", "CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui", *self._arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self._home,
            env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if not self._is_unplugged:
            os.close(self._ours)
        os.close(self._theirs)

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return list(self.screen.display)

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen now."""
        return any(text in line for line in self.lines)

    def wait_for(self, text: str | re.Pattern[str], patience: float = PATIENCE) -> str:
        """Read until a text, or what a pattern finds, is on a line of the screen; that line."""
        pattern = re.compile(re.escape(text)) if isinstance(text, str) else text
        end = time.monotonic() + patience
        while time.monotonic() < end:
            self._read(0.1)
            for line in self.lines:
                if pattern.search(line):
                    return line
        raise AssertionError(f"{text!r} never came up:\n" + "\n".join(self.lines))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def unplug(self) -> None:
        """The terminal goes, and no signal tells of it: it controls no process."""
        os.close(self._ours)
        self._is_unplugged = True

    def leave(self, patience: float = PATIENCE) -> int:
        """Read until the process has ended; its exit code."""
        end = time.monotonic() + patience
        while self.process.poll() is None and time.monotonic() < end:
            self._read(0.1)
        while self._read(0.2):
            pass
        code = self.process.poll()
        assert code is not None, "it did not end:\n" + "\n".join(self.lines)
        return code

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: normal screen, cursor shown, same modes."""
        modes = termios.tcgetattr(self._theirs)
        return (
            self.output.rfind(b"\x1b[?1049l") > self.output.rfind(b"\x1b[?1049h")
            and self.output.rfind(b"\x1b[?25h") > self.output.rfind(b"\x1b[?25l")
            and modes[:4] == self.modes_before[:4]
        )

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._ours, 65_536)
        except OSError:
            return False
        self.output += data
        self._stream.feed(data)
        return bool(data)
