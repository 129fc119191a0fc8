"""The console script. Parse workers import it again, so it is light at the top."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run a command line (without the program's name) and return its exit code."""
    from tui.commands import run_command_line

    return run_command_line(sys.argv[1:] if argv is None else argv)
