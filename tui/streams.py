"""Standard input, output and error: whether people sit there, and what to do when they leave."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from crawler_core.errors import CrawlError
from crawler_core.text import clean


def is_terminal(stream: TextIO | None) -> bool:
    """Whether `stream` is a terminal that can move its cursor."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


def has_screen() -> bool:
    """Whether a dashboard can be shown and driven here."""
    return all(is_terminal(stream) for stream in (sys.stdin, sys.stdout, sys.stderr))


def width(stream: TextIO) -> int:
    """Columns of the terminal that `stream` is."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def say(*lines: str) -> None:
    """Lines on standard output, for people."""
    with until_closed():
        sys.stdout.write("".join(f"{clean(line)}\n" for line in lines))
        sys.stdout.flush()


def complain(text: str) -> None:
    """One line on standard error, under the product's name; a closed one is no matter."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"crawltui: {clean(text)}\n")
        sys.stderr.flush()


@contextlib.contextmanager
def until_closed() -> Iterator[None]:
    """Let the reader of standard output close its end (`… | head`) without an error."""
    try:
        yield
    except (BrokenPipeError, CrawlError) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(
            error.__cause__, BrokenPipeError
        ):
            raise
        # Python flushes stdout once more when it exits, and would complain then.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
