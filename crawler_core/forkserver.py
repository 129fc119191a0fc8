"""The process that parse workers are forked from, with all that they need loaded.

Loading takes it some 0.2 s. Whoever is about to start a crawl lets it begin first, and
imports its own modules meanwhile.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.context import BaseContext

_WORKER = "crawler_core.parse.worker"
_READERS = {
    "soup": ("crawler_core.parse.soup",),
    "lexbor": ("crawler_core.parse.lexbor",),
    "auto": ("crawler_core.parse.soup", "crawler_core.parse.lexbor"),
}


def context(parser: str = "auto") -> BaseContext:
    """How to start processes: forked from a server where that exists, else spawned.

    Never forked from this process, which copies the locks that its threads hold. What the
    server loads is decided by the first call: what it takes to parse with `parser`.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    chosen = multiprocessing.get_context("forkserver")
    chosen.set_forkserver_preload(preloaded(parser))
    return chosen


def preloaded(parser: str = "auto") -> list[str]:
    """The modules that the server loads before it forks."""
    return ["__main__", _WORKER, *_READERS[parser]]


def begin(parser: str = "auto") -> None:
    """Start the server, where there is one and it does not run; does not wait until it is ready.

    Raises OSError where no process can be started.
    """
    if context(parser).get_start_method() == "forkserver":
        from multiprocessing import forkserver, resource_tracker

        resource_tracker.ensure_running()  # which ends by letting SIGINT through again
        with _deaf_to_the_terminal():
            forkserver.ensure_running()


@contextlib.contextmanager
def _deaf_to_the_terminal() -> Iterator[None]:
    """Processes started inside never get what a terminal sends to all: SIGINT and SIGHUP.

    Python's server ignores SIGINT only once it has loaded everything, and until then ends
    with a traceback. Of SIGHUP it would die, and all of its workers with it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
