"""The demo site's server: a process of its own on loopback, and its owner's side.

`python -m tui.demo.server --pages N` binds one socket a host, writes one JSON line
(`{"hosts": [["127.0.0.1", 40001], …], "start": ["http://127.0.0.1:40001/", …]}`) to stdout, and
serves until its stdin ends, so that it goes away with its owner however that one dies, or until
SIGTERM. `DemoServer` starts that process and ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType

from crawler_core.errors import ConfigError, CrawlError, EnvironmentRefused
from tui.demo.exchange import MAX_CONNECTIONS, Server
from tui.demo.hosts import Host, Hosts
from tui.demo.site import DEFAULT_PAGES, MAX_PAGES, MIN_PAGES, Site

START_SECONDS = 20.0
STOP_SECONDS = 3.0


class DemoServer:
    """The running demo site, as a context manager.

    The server is a process of its own with no descriptor of this terminal, so it can be started
    inside a running dashboard too. It ends with the `with` block, or when this process dies.
    Raises ConfigError for a number of pages out of range, EnvironmentRefused when the server does
    not start.
    """

    def __init__(self, pages: int = DEFAULT_PAGES, at: Hosts | None = None) -> None:
        """`at`: the addresses of an earlier demo, so that its crawl can be resumed."""
        if not MIN_PAGES <= pages <= MAX_PAGES:
            raise ConfigError(
                f"The demo site has {MIN_PAGES} to {MAX_PAGES} pages, not {pages}: "
                "give --pages a number between them."
            )
        self.pages = pages
        self._at = at
        self._process: subprocess.Popen[bytes] | None = None
        self._hosts: Hosts | None = None

    def __enter__(self) -> DemoServer:
        self._process = subprocess.Popen(
            # -P: a file `json.py` in the current folder must not be taken for the library's.
            [sys.executable, "-P", "-m", "tui.demo.server", *self._arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            addresses = json.loads(self._first_line())["hosts"]
        except (ValueError, KeyError, TypeError):
            self.close()
            raise EnvironmentRefused(
                f"The demo site's server did not start within {START_SECONDS:.0f} seconds; run "
                f"'{sys.executable} -m tui.demo.server' to see why."
            ) from None
        except BaseException:
            self.close()
            raise
        self._hosts = Hosts(tuple((address, port) for address, port in addresses))
        return self

    @classmethod
    def again(cls, saved: str) -> DemoServer:
        """The server of an earlier demo, from what its `saved` said."""
        known = json.loads(saved)
        addresses = tuple((address, port) for address, port in known["hosts"])
        return cls(known["pages"], Hosts(addresses))

    @property
    def saved(self) -> str:
        """What it takes to serve the same site at the same addresses again: JSON."""
        return json.dumps({"pages": self.pages, "hosts": self.hosts.addresses})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def hosts(self) -> Hosts:
        """The addresses of the running site; CrawlError before it runs."""
        if self._hosts is None:
            raise CrawlError("The demo site is not running: enter its `with` block first.")
        return self._hosts

    @property
    def start_urls(self) -> tuple[str, ...]:
        """The URLs that the demo crawl starts from: main site, calendar, fish market."""
        return self.hosts.start_urls

    @cached_property
    def site(self) -> Site:
        """The same site as the server's, to ask what it would answer."""
        return Site(self.hosts, self.pages)

    def close(self) -> None:
        """End the server's process; does nothing the second time."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _arguments(self) -> list[str]:
        places = self._at.addresses if self._at else ()
        at = [f"--at={address}:{port}" for address, port in places]
        return ["--pages", str(self.pages), *at]

    def _first_line(self) -> bytes:
        """What the server writes when it is ready; ends early if it dies or time is up."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        line, end = b"", time.monotonic() + START_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n") and (left := end - time.monotonic()) > 0:
                ready = selector.select(left)
                piece = os.read(process.stdout.fileno(), 4_096) if ready else b""
                if not piece:
                    break
                line += piece
        return line


def bind() -> list[socket.socket]:
    """Listening sockets, one a host: 127.0.0.1 to 127.0.0.n on one port, else several ports.

    Some systems have no second loopback address, and a port that is free on the first one may be
    taken on another.
    """
    for _ in range(5):
        sockets = [_listen("127.0.0.1", 0)]
        port = sockets[0].getsockname()[1]
        try:
            for number in range(2, len(Host) + 1):
                sockets.append(_listen(f"127.0.0.{number}", port))
        except OSError as error:
            for made in sockets:
                made.close()
            if error.errno != errno.EADDRINUSE:
                break
        else:
            return sockets
    return [_listen("127.0.0.1", 0) for _ in Host]


def bind_again(places: list[str]) -> list[socket.socket]:
    """Listening sockets at addresses written as HOST:PORT."""
    split = (place.rpartition(":") for place in places)
    return [_listen(address, int(port)) for address, _, port in split]


def _listen(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A resumed demo binds the port again while connections of the last run are in TIME_WAIT,
        # which works only if the first run had said so too.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        # At once: bound but not listening, it would refuse a client that is told the address.
        listening.listen(MAX_CONNECTIONS)
    except OSError:
        listening.close()
        raise
    return listening


async def _run(pages: int, places: list[str]) -> None:
    sockets = bind_again(places) if places else bind()
    hosts = Hosts(tuple(made.getsockname() for made in sockets))
    server = Server(Site(hosts, pages))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if not os.isatty(0):
        # Both reach the whole process group; the owner decides when the crawl is over.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_await_owner, args=(loop, stop), daemon=True).start()
    sys.stdout.write(json.dumps({"hosts": hosts.addresses, "start": hosts.start_urls}) + "\n")
    sys.stdout.flush()
    await server.serve(sockets, stop)


def _await_owner(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait for the end of stdin, which comes when the owner closes it or dies."""
    with contextlib.suppress(OSError):
        while os.read(0, 4_096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed already
        loop.call_soon_threadsafe(stop.set)


def main() -> None:
    """Serve the demo site until stdin ends or SIGTERM comes."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.server", description=main.__doc__)
    parser.add_argument("--pages", type=int, default=DEFAULT_PAGES, metavar="N")
    parser.add_argument("--at", action="append", default=[], metavar="HOST:PORT")
    options = parser.parse_args()
    pages = options.pages
    if not MIN_PAGES <= pages <= MAX_PAGES:
        parser.error(f"--pages must be from {MIN_PAGES} to {MAX_PAGES}, not {pages}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(pages, options.at))


def _environment() -> dict[str, str]:
    """This environment, in which the child also finds the packages that this process runs from."""
    root = str(Path(__file__).parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (known, root)))}


if __name__ == "__main__":
    main()
