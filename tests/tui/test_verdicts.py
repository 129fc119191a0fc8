"""Every verdict, provoked by a real crawl, most on the demo site, and read off the real screen."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.engine.site import Ask, Reply, Site, page
from tests.patience import PATIENCE
from tests.terminal.terminal import Terminal
from tui.demo.hosts import Host
from tui.demo.server import DemoServer

_ONE_PAGE = ("--stay-under", "--no-external", "--no-resources")


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    """The demo site, served by a process of its own."""
    with DemoServer() as server:
        yield server


def _verdict(terminal: Terminal, word: str, patience: float = PATIENCE) -> str:
    """Wait for a word on the verdict's line; its sentence."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        terminal.wait_for(f" {word} ", patience)
        shown, _, says = terminal.lines[1].strip().partition(" ")
        if shown == word:
            return says.removesuffix(" AUTO").strip()
    raise AssertionError("\n".join(terminal.lines))


@pytest.mark.timeout(300)
def test_starting_draining_done(tmp_path: Path) -> None:
    """A first page that is waited for, then all six that are left at once, then nothing."""
    first, rest = threading.Event(), threading.Event()

    def answer(ask: Ask) -> Reply | str | None:
        if ask.path == "/slow/" and first.wait(PATIENCE):
            return page("/", *(f"/slow/{n}" for n in range(6)))
        return page() if ask.path[-1].isdigit() and rest.wait(PATIENCE) else None

    with (
        Site(answer) as site,
        Terminal(site.url("/slow/"), *_ONE_PAGE, columns=100, rows=30, home=tmp_path) as terminal,
    ):
        assert _verdict(terminal, "STARTING") == "asks for robots.txt and the first page"
        first.set()
        assert re.match(r"[1-6] left, oldest \d+ s", _verdict(terminal, "DRAINING"))
        rest.set()
        done = _verdict(terminal, "DONE")
        assert re.match(r"7 URLs in \d\d:\d\d", done)
        assert "0 broken: w shows why 1" in done


@pytest.mark.timeout(300)
def test_fetch_bound_and_paused(demo: DemoServer, tmp_path: Path) -> None:
    """Two workers on a site of 2,000 pages: + helps, and it is offered; so is the space bar."""
    url = demo.hosts.url(Host.MAIN)
    with Terminal(url, "--fetch-workers", "2", "--parser", "lexbor", home=tmp_path) as terminal:
        says = _verdict(terminal, "FETCH-BOUND")
        assert re.match(r"\d/2 fetch workers wait for servers, parsers \d+% busy: press \+", says)
        terminal.press(" ")
        assert _verdict(terminal, "PAUSED").endswith("URLs wait: press space to go on")


@pytest.mark.timeout(300)
def test_parse_bound(demo: DemoServer, tmp_path: Path) -> None:
    """Sixty-four workers bring more than one process with the slow parser can read."""
    url = demo.hosts.url(Host.MAIN)
    options = ("--fetch-workers", "64", "--parse-workers", "1", "--parser", "soup")
    with Terminal(url, *options, home=tmp_path) as terminal:
        says = _verdict(terminal, "PARSE-BOUND")
        assert re.match(r"1/1 parse workers busy, [\d,]+ pages? waits? to be parsed: press ", says)
        assert says.endswith("P for lexbor")


@pytest.mark.timeout(300)
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
        terminal.wait_for(re.compile(r"3/s → 5/s, [\d.]+ → [\d.]+ fetches/s \([+-]\d"))


@pytest.mark.timeout(300)
def test_throttled(demo: DemoServer, tmp_path: Path) -> None:
    """A stall of the fish market asks to come back in three seconds."""
    url = demo.hosts.url(Host.MARKET, "/stall/20.html")
    with Terminal(url, *_ONE_PAGE, home=tmp_path) as terminal:
        says = _verdict(terminal, "THROTTLED")
        assert re.search(r": answered that it gets too many requests, next try in \d s$", says)
        assert _verdict(terminal, "DONE").startswith("1 URL ")


@pytest.mark.timeout(300)
def test_slowing(demo: DemoServer, tmp_path: Path) -> None:
    """The ferry takes one at a time: five workers more make everybody wait, and - is advised."""
    url = demo.hosts.url(Host.MAIN, "/ferry/?crossings=2000")
    options = (*_ONE_PAGE, "--fetch-workers", "3", "--parser", "lexbor")
    says = ""
    with Terminal(url, *options, home=tmp_path) as terminal:
        _verdict(terminal, "FETCH-BOUND")
        for _attempt in range(5):  # a stall just before the step makes it look like a gain
            _let_seconds_pass(terminal, 5)
            terminal.press("+++++")
            with suppress(AssertionError):
                says = _verdict(terminal, "SLOWING", patience=12)
                break
            terminal.press("-----")
        found = re.match(r"answers ([\d,]+) > ([\d,]+) ms since 3 > 8 workers, .*: press -$", says)
        assert found is not None, says
        assert int(found[2]) > 1.5 * int(found[1])
        terminal.press("-----")
        _verdict(terminal, "FETCH-BOUND")


def _let_seconds_pass(terminal: Terminal, count: int) -> None:
    """Wait until the crawl's clock has moved on by so many seconds."""
    seen: set[str] = set()
    while len(seen) <= count:
        seen.add(terminal.wait_for("RUNNING ").partition("RUNNING ")[2].split()[0])


@contextmanager
def _hogging(store: Path) -> Iterator[None]:
    """Hold a crawl file's write lock most of the time, as a disk that is slow to write does."""
    done = threading.Event()

    def hog() -> None:
        connection = sqlite3.connect(store, isolation_level=None, timeout=30)
        while not done.wait(0.05):
            with suppress(sqlite3.OperationalError):
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


@pytest.mark.timeout(300)
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


@pytest.mark.timeout(300)
def test_the_autopilot_flies_and_gives_the_wheel_back(demo: DemoServer, tmp_path: Path) -> None:
    """a: steps with their gain on the screen and in the log; + ends it."""
    url = demo.hosts.url(Host.MAIN)
    options = ("--fetch-workers", "2", "--parser", "lexbor", "--no-external")
    with Terminal(url, *options, home=tmp_path) as terminal:
        _verdict(terminal, "FETCH-BOUND")
        terminal.press("a")
        terminal.wait_for(" AUTO ")
        terminal.press("6")
        told = r"autopilot: 2 → 4 fetch workers, [\d.]+ → [\d.]+ fetches/s \([+-]\d+ %\)"
        terminal.wait_for(re.compile(told))
        terminal.press("+")
        terminal.wait_for("autopilot is off: you set the workers")
        assert not terminal.shows(" AUTO ")
