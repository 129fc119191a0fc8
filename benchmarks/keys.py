"""How long a key takes to show: the dashboard in a terminal, on a crawl at full speed.

    python -m benchmarks.keys [--rows N] [--pages N] [--rounds N]

Makes a crawl file that holds `--rows` finished URLs already, goes on with it in the dashboard
(120 by 40, lexbor) against a generated site on loopback, presses keys, and reads the screen as
a terminal would, with pyte. A key's time is from the moment that it is written to the terminal
to the moment that its effect has been read from it. The engine, its parse workers, the server,
the dashboard and this reader share the machine's cores. Prints a table, and how much of the time of
the processors other machines on the same host took meanwhile, where that is known (Linux): a key
that met such a moment says nothing about the dashboard.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import queue
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.server import served
from benchmarks.site import Kind, generate
from crawler_core.audit import status_text
from crawler_core.config import CrawlConfig
from crawler_core.model import (
    FetchRequest,
    FetchResult,
    Heading,
    LinkKind,
    Outcome,
    PageRecord,
    ParsedPage,
    Purpose,
    Role,
    UrlRow,
    UrlState,
)
from crawler_core.store.writer import Store

COLUMNS, LINES = 120, 40
GOAL_MS, GOAL_GAP_MS = 100.0, 250.0
PATIENCE = 3.0
"""Seconds after which a key is taken to have had no effect."""
_TARGET = 6
"""The line of the overview that tells how many fetch workers are wanted."""
STILL = 8.0
"""Seconds of crawling without a key, to measure the time between frames."""
_HTML = 20_000
_BATCH = 500
Test = Callable[["Screen"], bool]


class Screen:
    """The terminal: what the program writes is read at once, and understood a moment later."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        import pyte

        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._read: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self.frames: list[float] = []
        """Moments at which something came."""
        self.bytes = 0
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        threading.Thread(target=self._listen, name="terminal", daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 65_536):
                self._read.put((time.monotonic(), data))

    def press(self, key: str) -> float:
        """Type a key; when that was."""
        at = time.monotonic()
        os.write(self._ours, key.encode())
        return at

    def wait(self, test: Test, patience: float = PATIENCE) -> float | None:
        """Read until the screen passes a test; when what made it pass was read."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            try:
                at, data = self._read.get(timeout=left)
            except queue.Empty:
                return None
            self.bytes += len(data)
            if not self.frames or at - self.frames[-1] > 0.01:
                self.frames.append(at)
            self._stream.feed(data)
            if test(self):
                return at
        return None

    def rest(self, seconds: float) -> None:
        """Read for some time."""
        self.wait(lambda _: False, seconds)

    def line(self, y: int) -> str:
        """A line as text: of this line alone, for the reader's time is the dashboard's as well."""
        cells = self._screen.buffer[y]
        return "".join(cells[x].data for x in range(COLUMNS))

    def text(self) -> str:
        """All lines."""
        return "\n".join(map(self.line, range(LINES)))

    def ground(self, y: int) -> str:
        """The colour behind the middle of a line: the cursor's row has one of its own."""
        return str(self._screen.buffer[y][COLUMNS // 2].bg)

    def end(self) -> None:
        """Leave the program: its own way, then by force."""
        self.press("q")
        self.rest(0.5)
        self.press("q")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(3)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Pressed(NamedTuple):
    """What one kind of key took, in milliseconds; None: no effect was seen."""

    name: str
    times: list[float | None]


def main() -> None:
    """Measure once and print the table."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.keys")
    options.add_argument("--rows", type=int, default=100_000, help="finished URLs at the start")
    options.add_argument("--pages", type=int, default=30_000, help="pages of the site")
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--fetch", type=int, default=16, help="fetch workers")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "site", Kind("keys", chosen.pages, 6_000, 20))
        with served(folder / "site") as server:
            store = folder / "keys.crawl"
            began = time.perf_counter()
            fill(store, server.url, chosen.rows, chosen.fetch)
            say(f"{chosen.rows:,} rows in {time.perf_counter() - began:.1f} s")
            measure(store, folder, chosen.rounds)


def measure(store: Path, folder: Path, rounds: int) -> None:
    """Go on with the crawl in a terminal, press keys, print what they took."""
    environment = os.environ | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_DATA_HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    screen = Screen([sys.executable, "-m", "tui", "resume", str(store)], environment)
    try:
        if screen.wait(lambda s: "RUNNING" in s.text() and "fetches/s" in s.text(), 30) is None:
            raise SystemExit(f"The dashboard did not start:\n{screen.text()}")
        screen.rest(3.0)
        screen.frames.clear()
        screen.bytes = 0
        screen.rest(STILL)
        gaps = [b - a for a, b in zip(screen.frames, screen.frames[1:], strict=False)]
        say(screen.line(0).strip())
        say(screen.line(2).strip())
        say(
            f"frames: {len(gaps) / STILL:.1f} a second, longest gap {max(gaps) * 1000:.0f} ms "
            f"(goal {GOAL_GAP_MS:.0f}), {screen.bytes / STILL / 1000:.0f} kB/s"
        )
        before = stolen()
        table(list(presses(screen, rounds)))
        if before:
            taken, all_ = (now - then for now, then in zip(stolen(), before, strict=True))
            say(f"taken by other machines: {taken / max(1, all_):.1%} of the processors' time")
        if "RUNNING" not in screen.line(0):
            say("The crawl ended meanwhile, so that some keys were too easy: take more --pages.")
    finally:
        screen.end()


def stolen() -> tuple[int, ...]:
    """Ticks of the processors that other machines took, and all ticks; empty if not known."""
    try:
        numbers = [int(one) for one in Path("/proc/stat").read_text().split()[1:9]]
    except (OSError, ValueError):
        return ()
    return numbers[7], sum(numbers)


def presses(screen: Screen, rounds: int) -> Iterator[Pressed]:
    """All kinds of keys, one after the other."""
    yield Pressed("+ (fetch workers)", [_more(screen) for _ in range(rounds)])
    heads = ("RESULTS", "BROKEN", "HOSTS", "FUTURES", "LOG", "URLS/S|OVER TIME")
    for number, head in enumerate(heads, 2):
        key = str(number)
        times = []
        for _ in range(rounds):
            times.append(_opened(screen, key, head))
            _opened(screen, "1", "FETCH pool")
            screen.rest(0.15)
        yield Pressed(f"{key} ({head.partition('|')[0].lower()})", times)
    _opened(screen, "2", "RESULTS")
    screen.rest(1.0)
    yield Pressed("arrow up, down", [_arrow(screen, n) for n in range(4 * rounds)])
    slashes: list[float | None] = []
    letters: list[float | None] = []
    for _ in range(rounds):
        slashes.append(_timed(screen, "/", lambda s: "filter" in s.line(4)))
        for place in range(4):
            word = "back"[: place + 1]
            letters.append(_timed(screen, word[-1], _echo(word)))
        screen.rest(0.4)
        screen.press("\x1b")
        screen.wait(lambda s: "RESULTS" in s.line(4))
        screen.rest(0.4)
    yield Pressed("/ (filter)", slashes)
    yield Pressed("typed letters", letters)


def table(rows: list[Pressed]) -> None:
    """Print the times; a key without effect counts as one of PATIENCE."""
    say(f"{'key':<20}{'times':>6}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'lost':>6}")
    everything: list[float] = []
    for row in rows:
        times = sorted(PATIENCE * 1000 if time is None else time for time in row.times)
        everything += times
        lost = sum(time is None for time in row.times)
        say(_row(row.name, times) + f"{lost:>6}")
    say(_row("all", sorted(everything)) + f"   goal: p99 below {GOAL_MS:.0f} ms")


def _row(name: str, times: list[float]) -> str:
    high = times[min(len(times) - 1, int(len(times) * 0.99))]
    return f"{name:<20}{len(times):>6}{times[len(times) // 2]:>9.0f}{high:>9.0f}{times[-1]:>9.0f}"


def _timed(screen: Screen, key: str, test: Test) -> float | None:
    began = screen.press(key)
    seen = screen.wait(test)
    return None if seen is None else 1000 * (seen - began)


def _echo(word: str) -> Test:
    return lambda screen: screen.line(4).startswith(word)


def _opened(screen: Screen, key: str, head: str) -> float | None:
    return _timed(screen, key, lambda s: bool(re.search(head, s.line(4))))


def _more(screen: Screen) -> float | None:
    target = _target(screen) + 1
    took = _timed(screen, "+", lambda s: _target(s) == target)
    screen.rest(0.3)
    return took


def _target(screen: Screen) -> int:
    found = re.search(r"(\d+) target", screen.line(_TARGET))
    return int(found[1]) if found else 0


def _arrow(screen: Screen, number: int) -> float | None:
    """The cursor's row is known by the ground that differs from that of its neighbours."""
    before = _cursor(screen)
    key = "\x1b[A" if number % 8 < 4 else "\x1b[B"
    took = _timed(screen, key, lambda s: _cursor(s) != before)
    screen.rest(0.05)
    return took


def _cursor(screen: Screen) -> int:
    grounds = [screen.ground(y) for y in range(6, LINES - 1)]
    usual = max(set(grounds), key=grounds.count)
    return next((y for y, ground in enumerate(grounds) if ground != usual), -1)


def fill(path: Path, url: str, rows: int, fetch: int) -> None:
    """A crawl that has finished so many URLs of an older part of the site, and goes on at `url`."""
    config = CrawlConfig(
        start_urls=(url,),
        parser="lexbor",
        fetch_workers=fetch,
        external=False,
        ignore_robots=True,
    )
    store = Store.create(path, config, version="0")
    store.add_url(UrlRow(1, url, 0, 0, Role.CRAWL, True, UrlState.WAITING, 0))
    at = time.time() - rows / 300
    for number in range(2, rows + 2):
        address = f"{url}archive/part-{number % 89:02}/page-{number:07}.html"
        store.add_url(UrlRow(number, address, 1, 0, Role.CRAWL, True, UrlState.WAITING, 1))
        store.finish(_record(number, address, at + number / 300), [(1, LinkKind.ANCHOR, 0, "up")])
        if number % _BATCH == 0:
            store.commit()
    store.set_meta("state", "stopped")
    store.close()


def _record(number: int, address: str, finished: float) -> PageRecord:
    outcome, code = (Outcome.OK, 200) if number % 20 else (Outcome.CLIENT_ERROR, 404)
    title = f"Page {number} of the archive"
    page = ParsedPage(title=Heading(title, len(title)), has_title=True, parser="lexbor")
    result = FetchResult(
        request=FetchRequest(number, number, address, Purpose.CRAWL),
        outcome=outcome,
        status_code=code,
        headers=(("content-type", "text/html"),),
        body_read=True,
        is_html=True,
        size=_HTML,
        transferred=_HTML,
        seconds=0.01 + number % 97 / 1000,
        started=finished,
    )
    return PageRecord(
        url_id=number,
        url=address,
        outcome=outcome,
        status_code=code,
        status=status_text(outcome, code, ""),
        indexability="Indexable",
        indexability_status="",
        attempts=1,
        result=result,
        page=page if code == 200 else None,
        x_robots_tag="",
        redirect_url="",
        redirect_type="",
        finished=finished,
        error="",
    )


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
