"""A crawl in another process, as a screen sees it: the newest snapshot, and commands."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from crawler_core.commands import AnyCommand
from crawler_core.crawl.messages import Ready, Startup
from crawler_core.errors import ConfigError, CrawlError, EnvironmentRefused
from crawler_core.snapshot import FINAL_STATES, Snapshot
from crawler_core.store.lock import read_owner

_START_TIMEOUT = 30.0
_CLOSE_WAIT = 10.0
_LOST = "The engine process ended unexpectedly: resume the crawl, nothing that was stored is lost."


class Feed:
    """Receives snapshots from a crawl's socket on a thread of its own."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(address))
        except OSError as error:
            self._socket.close()
            raise EnvironmentRefused(
                f"The running crawl does not answer at {address} ({error.strerror})."
            ) from error
        self.latest: Snapshot | None = None
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop receiving."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(1.0)
        self._socket.close()

    def _receive(self) -> None:
        decode = msgspec.json.Decoder(Snapshot).decode
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as lines:
            for line in lines:
                with contextlib.suppress(msgspec.MsgspecError):
                    self.latest = decode(line)
        self.ended.set()


class RemoteCrawl:
    """The owner's side of an engine process. Nothing blocks but `open` and `close`."""

    read_only = False

    def __init__(
        self, process: subprocess.Popen[bytes], store: Path, feed: Feed, note: str = ""
    ) -> None:
        self.store = store
        self.note = note
        self._process = process
        self._feed = feed
        self._commands: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="commands", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, startup: Startup, note: str = "") -> RemoteCrawl:
        """Start an engine process and its crawl.

        Raises what `Crawl.begin` would: ConfigError, StoreInUse, EnvironmentRefused.
        """
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawler_core.crawl.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            ready = _greet(process, startup)
            if ready.error:
                raise _error_of(ready)
            return cls(process, Path(ready.store), Feed(Path(ready.socket)), note)
        except BaseException:
            _end(process, 2.0)
            raise

    def snapshot(self) -> Snapshot | None:
        """The newest state; a `failed` one if the engine died."""
        latest = self._feed.latest
        if self._feed.ended.is_set() and (latest is None or latest.state not in FINAL_STATES):
            base = latest or Snapshot(store=str(self.store))
            return msgspec.structs.replace(
                base, state="failed", error=_LOST, verdict="FAILED", advice=_LOST, exit_code=70
            )
        return latest

    def send(self, command: AnyCommand) -> None:
        """Hand a command to the engine."""
        self._commands.put(msgspec.json.encode(command) + b"\n")

    def close(self, *, wait: float = _CLOSE_WAIT) -> None:
        """Let go: the engine stops in good order, within `wait` seconds or by force."""
        self._commands.put(None)
        self._writer.join(1.0)
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        _end(self._process, wait)
        self._feed.ended.wait(1.0)
        self._feed.close()

    def _write(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        while (line := self._commands.get()) is not None:
            try:
                stdin.write(line)
                stdin.flush()
            except (OSError, ValueError):
                return


class WatchedCrawl:
    """A crawl that another process owns: looked at, never driven."""

    read_only = True

    def __init__(self, store: Path, note: str = "") -> None:
        owner = read_owner(store) or {}
        address = str(owner.get("socket") or "")
        if not address:
            raise EnvironmentRefused(f"The process that crawls {store} cannot be watched.")
        self.store = store
        self.note = note or "read-only: another process runs this crawl"
        self._feed = Feed(Path(address))

    def snapshot(self) -> Snapshot | None:
        """The newest state."""
        latest = self._feed.latest
        if latest is not None and self._feed.ended.is_set() and latest.state not in FINAL_STATES:
            return msgspec.structs.replace(
                latest, state="stopped", verdict="STOPPED", advice="its process has ended"
            )
        return latest

    def send(self, command: AnyCommand) -> None:
        """Nothing: a viewer does not drive."""

    def close(self, *, wait: float = 0.0) -> None:
        """Stop looking."""
        self._feed.close()


def _environment() -> dict[str, str]:
    """The engine's environment: it must find this package wherever it was started from."""
    root = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, known]) if known else root}


def _greet(process: subprocess.Popen[bytes], startup: Startup) -> Ready:
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(_START_TIMEOUT, process.kill)
    timer.start()
    try:
        process.stdin.write(msgspec.json.encode(startup) + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        line = b""
    finally:
        timer.cancel()
    if not line:
        raise CrawlError("The engine process did not start: the log file tells why.")
    return msgspec.json.decode(line, type=Ready)


def _error_of(ready: Ready) -> CrawlError:
    kinds = {2: ConfigError, 3: EnvironmentRefused}
    return kinds.get(ready.exit_code, CrawlError)(ready.error)


def _end(process: subprocess.Popen[bytes], wait: float) -> None:
    deadline = time.monotonic() + wait
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()
    for harder in (process.terminate, process.kill, process.kill):
        try:
            process.wait(max(0.5, deadline - time.monotonic()))
            return
        except subprocess.TimeoutExpired:
            harder()
