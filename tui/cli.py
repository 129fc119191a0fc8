"""The console script. Parse workers import it again, so it is light at the top."""

from __future__ import annotations

import atexit
import gc
import os
import sys

_INTERRUPTED = 130
_GARBAGE = 50_000
"""New objects after which Python looks for circles of garbage. Its own 700 make it look a
hundred times while modules are loaded, which takes a tenth of that time."""


def main(argv: list[str] | None = None) -> int:
    """Run a command line (without the program's name) and return its exit code."""
    if argv is not None:
        return _run(argv)
    ending = _Ending()
    atexit.register(ending.come)  # the first to be registered is the last to be called
    ending.code = _run(sys.argv[1:])
    return ending.code


def _run(argv: list[str]) -> int:
    gc.set_threshold(_GARBAGE)
    try:
        from tui.commands import run_command_line

        return run_command_line(argv)
    except KeyboardInterrupt:  # while all of that is loaded, some 0.2 s
        sys.stderr.write("crawltui: Broken off.\n")
        return _INTERRUPTED


class _Ending:
    """Ends the process without taking the interpreter apart, which costs some 60 ms."""

    def __init__(self) -> None:
        self.code: int | None = None

    def come(self) -> None:
        """End here with the exit code; do nothing if there is none or a stream is broken."""
        if self.code is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):
            return  # Python's own ending tells of it
        os._exit(self.code)
