"""Standard input, output and error: whether people sit there, and what to do when they leave."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from crawler_core.errors import CrawlError, EnvironmentRefused
from crawler_core.text import clean


def fill_descriptors() -> None:
    """Open the null device in place of standard input, output and error where closed.

    Otherwise the next file or pipe takes their numbers, and what is meant for a stream, or
    a worker that redirects its own, lands in there.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


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
        sys.stdout.write(_text(lines))
        sys.stdout.flush()


def murmur(*lines: str) -> None:
    """Lines on standard error, for people; a closed one is no matter."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it is None where closed
        sys.stderr.write(_text(lines))
        sys.stderr.flush()


def complain(text: str) -> None:
    """One line on standard error, under the product's name; a closed one is no matter."""
    murmur(f"crawltui: {text}")


@contextlib.contextmanager
def until_closed() -> Iterator[None]:
    """Let the reader of standard output close its end (`… | head`) without an error.

    Raises EnvironmentRefused if it cannot be written for any other reason.
    """
    if sys.stdout is None:
        raise EnvironmentRefused("The standard output is closed: send it to a file or a pipe.")
    try:
        yield
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        raise EnvironmentRefused(
            f"The standard output cannot be written ({error.strerror or error}): "
            "choose another place."
        ) from error
    except CrawlError as error:
        if not isinstance(error.__cause__, BrokenPipeError):
            raise
        _forget_stdout()


def _forget_stdout() -> None:
    """Python flushes stdout once more when it exits, and would complain then."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def _text(lines: tuple[str, ...]) -> str:
    return "".join(f"{clean(line)}\n" for line in lines)
