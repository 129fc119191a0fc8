"""The engine as a process of its own: `python -m crawler_core.crawl.process`.

    stdin   one line: what to crawl (`Startup`); then one line for each command; its end
            means that the owner went away, and the crawl stops in good order
    stdout  one line: where the snapshots are (`Ready`), or why there is no crawl
    socket  snapshots, for the owner and for every other viewer

The parse workers import this module once more under another name, so that everything
heavy is imported inside `main`.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

    from crawler_core.crawl.local import Crawl
    from crawler_core.crawl.messages import Startup

_NICE = 5
"""How far the engine of a screen steps back behind that screen (nice(2)): at full speed on two
processors a tab then opens in half of the time."""


def main() -> int:
    """Run one crawl for the process at the other end of stdin; its exit code."""
    from crawler_core.crawl.journal import open_log

    open_log()
    _step_back()
    commands = sys.stdin.buffer
    answer = sys.stdout.buffer
    crawl = _open(commands.readline(), answer)
    if crawl is None:
        return 2
    _ignore_signals()
    crawl.start()
    try:
        _obey(commands, crawl)
    finally:
        _end(crawl)
    return 0


def _step_back() -> None:
    """Let the owner's screen go first where all processors are busy: it needs little, at once.

    Inherited by the parse workers, which are what keeps processors busy.
    """
    import os

    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICE)


def _open(line: bytes, answer: BinaryIO) -> Crawl | None:
    import logging

    import msgspec

    from crawler_core.crawl.messages import Ready, Startup
    from crawler_core.errors import CrawlError

    crawl: Crawl | None = None
    try:
        startup = msgspec.json.decode(line, type=Startup)
        _begin_workers(startup)
        from crawler_core.crawl.local import Crawl

        crawl = Crawl.begin(startup)
        ready = Ready(socket=str(crawl.socket or ""), store=str(crawl.path))
    except CrawlError as error:
        ready = Ready(error=str(error), exit_code=error.exit_code)
    except Exception as error:
        logging.getLogger(__name__).exception("no crawl could be made")
        ready = Ready(error=f"Internal error: {type(error).__name__}: {error}", exit_code=70)
    answer.write(msgspec.json.encode(ready) + b"\n")
    answer.flush()
    return crawl


def _begin_workers(startup: Startup) -> None:
    """Let parse workers get ready while the engine is still being imported."""
    from crawler_core import forkserver

    if startup.config is not None and startup.config.parse_in == "processes":
        with contextlib.suppress(OSError):  # the pool tells of it, in words
            forkserver.begin(startup.config.parser)


def _obey(commands: BinaryIO, crawl: Crawl) -> None:
    """Hand commands on until the owner closes its end."""
    import msgspec

    from crawler_core.commands import AnyCommand

    decode = msgspec.json.Decoder(AnyCommand).decode
    for line in iter(commands.readline, b""):
        try:
            crawl.send(decode(line))
        except msgspec.MsgspecError:
            continue  # a newer owner may know more commands


def _end(crawl: Crawl) -> None:
    """Close the crawl, and be gone: not even a page that hangs in a thread delays that."""
    import logging
    import os
    import signal

    from crawler_core.errors import CrawlError

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        crawl.close()
    except CrawlError:
        logging.getLogger(__name__).exception("the crawl did not close")
    logging.shutdown()
    os._exit(0)


def _ignore_signals() -> None:
    """Keys and a closed terminal are the owner's to handle; its end closes stdin."""
    import signal

    for name in ("SIGINT", "SIGHUP", "SIGTSTP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _close_stdin)


def _close_stdin(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
