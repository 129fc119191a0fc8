"""Every verdict, provoked on the demo site by a real crawl and read off the real screen."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.terminal.terminal import PATIENCE, Terminal
from tui.demo.hosts import Host
from tui.demo.server import DemoServer

_ONE_PAGE = ("--stay-under", "--no-external", "--no-resources")


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    """The demo site, served by a process of its own."""
    with DemoServer() as server:
        yield server


def _verdict(terminal: Terminal, word: str) -> str:
    """Wait for a word on the verdict's line; its sentence."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        terminal.wait_for(f" {word} ")
        shown, _, says = terminal.lines[1].strip().partition(" ")
        if shown == word:
            return says.removesuffix(" AUTO").strip()
    raise AssertionError("\n".join(terminal.lines))


@pytest.mark.timeout(150)
def test_starting_draining_done(demo: DemoServer, tmp_path: Path) -> None:
    """A page that takes a second to answer, then all six at once, then nothing."""
    url = demo.hosts.url(Host.MAIN, "/slow/tide-table-1.html")
    with Terminal(url, *_ONE_PAGE, columns=100, rows=30, home=tmp_path) as terminal:
        assert _verdict(terminal, "STARTING") == "asks for robots.txt and the first page"
        assert _verdict(terminal, "DONE").startswith("1 URL in 00:0")
    slow = demo.hosts.url(Host.MAIN, "/slow/")
    with Terminal(slow, *_ONE_PAGE, home=tmp_path) as terminal:
        assert re.match(r"[1-6] left, oldest [0-2] s", _verdict(terminal, "DRAINING"))
        assert "0 broken: w shows why 1" in _verdict(terminal, "DONE")


@pytest.mark.timeout(150)
def test_fetch_bound_and_paused(demo: DemoServer, tmp_path: Path) -> None:
    """Two workers on a site of 2,000 pages: + helps, and it is offered; so is the space bar."""
    url = demo.hosts.url(Host.MAIN)
    with Terminal(url, "--fetch-workers", "2", "--parser", "lexbor", home=tmp_path) as terminal:
        says = _verdict(terminal, "FETCH-BOUND")
        assert re.match(r"[12]/2 fetch workers wait for servers, parsers \d+% busy: press \+", says)
        terminal.press(" ")
        assert _verdict(terminal, "PAUSED").endswith("URLs wait: press space to go on")


@pytest.mark.timeout(150)
def test_parse_bound(demo: DemoServer, tmp_path: Path) -> None:
    """Sixty-four workers bring more than one process with the slow parser can read."""
    url = demo.hosts.url(Host.MAIN)
    options = ("--fetch-workers", "64", "--parse-workers", "1", "--parser", "soup")
    with Terminal(url, *options, home=tmp_path) as terminal:
        says = _verdict(terminal, "PARSE-BOUND")
        assert re.match(r"1/1 parse workers busy, [\d,]+ pages? waits? to be parsed: press ", says)
        assert says.endswith("P for lexbor")


@pytest.mark.timeout(150)
def test_polite_up_to_what_may_be(demo: DemoServer, tmp_path: Path) -> None:
    """A rate that we set: + has no effect, a full stop raises it until --max-rate is reached."""
    options = ("--rate", "3", "--max-rate", "5", "--no-external")
    url = demo.hosts.url(Host.MAIN)
    with Terminal(url, *options, home=tmp_path) as terminal:
        assert _verdict(terminal, "POLITE").endswith(
            "3/s is your limit: + has no effect, . on tab 4 raises it"
        )
        terminal.press("4.")
        terminal.wait_for("3/s → 5/s, ")
        terminal.press(".")
        terminal.wait_for("--max-rate allows 5 requests/s and no more")
        terminal.press("1")
        terminal.wait_for("5/s is your limit: + has no effect, --max-rate allows no more")
        assert "3/s → 5/s, " in terminal.wait_for(" fetches/s (+")


@pytest.mark.timeout(150)
def test_throttled(demo: DemoServer, tmp_path: Path) -> None:
    """A stall of the fish market asks to come back in three seconds."""
    url = demo.hosts.url(Host.MARKET, "/stall/20.html")
    with Terminal(url, *_ONE_PAGE, home=tmp_path) as terminal:
        says = _verdict(terminal, "THROTTLED")
        assert re.search(r": answered that it gets too many requests, next try in [123] s$", says)
        assert _verdict(terminal, "DONE").startswith("1 URL ")


@pytest.mark.timeout(150)
def test_slowing(demo: DemoServer, tmp_path: Path) -> None:
    """The ferry takes one at a time: four workers more make everybody wait, and - is advised."""
    url = demo.hosts.url(Host.MAIN, "/ferry/?crossings=2000")
    options = (*_ONE_PAGE, "--fetch-workers", "2", "--parser", "lexbor")
    with Terminal(url, *options, home=tmp_path) as terminal:
        _verdict(terminal, "FETCH-BOUND")
        _wait_for_rate(terminal, 15.0)  # of the 20 it carries: what is slower measured a stall
        terminal.press("++++")
        says = _verdict(terminal, "SLOWING")
        found = re.match(r"answers ([\d,]+) > ([\d,]+) ms since 2 > 6 workers, .*: press -$", says)
        assert found is not None, says
        assert int(found[2]) > 1.5 * int(found[1])
        terminal.press("----")
        _verdict(terminal, "FETCH-BOUND")


def _wait_for_rate(terminal: Terminal, least: float, seconds: int = 5) -> None:
    """Wait until so many fetches a second were on the screen for so many seconds on end."""
    end, good, last = time.monotonic() + 2 * PATIENCE, 0, ""
    while good < seconds and time.monotonic() < end:
        clock = re.search(r"RUNNING (\S+)", terminal.wait_for("RUNNING"))
        rate = re.search(r"fetches/s +([\d.]+)", terminal.wait_for("fetches/s  "))
        assert clock is not None
        assert rate is not None
        if clock[1] != last:
            good, last = good + 1 if float(rate[1]) >= least else 0, clock[1]
    assert good == seconds, "\n".join(terminal.lines)


@contextmanager
def _hogging(store: Path) -> Iterator[None]:
    """Hold a crawl file's write lock most of the time, as a disk that is slow to write does."""
    done = threading.Event()

    def hog() -> None:
        connection = sqlite3.connect(store, isolation_level=None, timeout=30)
        while not done.wait(0.05):
            connection.execute("BEGIN IMMEDIATE")
            done.wait(0.3)
            connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=hog)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.timeout(150)
def test_storing(demo: DemoServer, tmp_path: Path) -> None:
    """While the crawl file cannot be written the disk is blamed, and no key is advised."""
    store = tmp_path / "slow.crawl"
    url = demo.hosts.url(Host.MAIN)
    options = ("--fetch-workers", "4", "--store", str(store), "--parser", "lexbor")
    with Terminal(url, *options, home=tmp_path) as terminal:
        terminal.wait_for("FETCH-BOUND")
        with _hogging(store):
            says = _verdict(terminal, "STORING")
        assert re.match(r"\d\d0?% of the time goes into waiting for the disk: no key helps", says)
        terminal.wait_for("FETCH-BOUND")


@pytest.mark.timeout(150)
def test_the_autopilot_flies_and_gives_the_wheel_back(demo: DemoServer, tmp_path: Path) -> None:
    """a: steps with their gain on the screen and in the log; + ends it."""
    url = demo.hosts.url(Host.MAIN)
    options = ("--fetch-workers", "2", "--parser", "lexbor", "--no-external")
    with Terminal(url, *options, home=tmp_path) as terminal:
        _verdict(terminal, "FETCH-BOUND")
        terminal.press("a")
        terminal.wait_for(" AUTO ")
        terminal.wait_for("autopilot: 2 → 4 fetch workers, measuring…")
        line = terminal.wait_for("fetches/s (+")
        assert re.search(r"autopilot: 2 → 4 fetch workers, [\d.]+ → [\d.]+ fetches/s", line)
        terminal.press("6")
        terminal.wait_for("autopilot: 2 → 4 fetch workers, ")
        terminal.press("+")
        terminal.wait_for("autopilot is off: you set the workers")
        assert not terminal.shows(" AUTO ")
