"""The whole product in a real terminal: command, dashboard, engine process, site."""

from __future__ import annotations

import csv
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.store.lock import is_locked
from crawler_core.store.reader import StoreReader
from tests.patience import PATIENCE
from tests.site import SmallSite
from tests.terminal.terminal import Terminal

PAGES = 400
HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b31m [/x] [@click=app.quit]Q[/] \u202e=cmd|' /C calc'!A0"


def _page(number: int) -> str:
    links = "".join(f'<a href="/{n}.html">to {n}</a> ' for n in _children(number))
    title = HOSTILE if number % 7 == 3 else f"Page {number}"
    return f"<!doctype html><title>{title}</title><h1>{number}</h1>{links}"


def _children(number: int) -> list[int]:
    return [child for child in range(number * 4 + 1, number * 4 + 5) if child < PAGES]


_SITE = {"/": _page(0), **{f"/{number}.html": _page(number) for number in range(1, PAGES)}}


@pytest.fixture(scope="module")
def site() -> Iterator[SmallSite]:
    with SmallSite(_SITE, delay=0.1) as served:
        yield served


@pytest.fixture(scope="module")
def long_site() -> Iterator[SmallSite]:
    """Its crawl goes on while a test steers it, also on a slow machine."""
    with SmallSite(_SITE, delay=0.6) as served:
        yield served


def _number(line: str, words: str) -> int:
    found = re.search(rf"([\d,]+) {words}", line)
    assert found is not None, line
    return int(found[1].replace(",", ""))


def _stores(home: Path) -> list[Path]:
    return list((home / "data").rglob("*.crawl"))


def test_steer_save_and_quit(long_site: SmallSite, tmp_path: Path) -> None:
    """Start, more workers, pause, go on, save a CSV, read a row, quit; the store can be resumed."""
    with Terminal(long_site.url, "--fetch-workers", "2", home=tmp_path) as terminal:
        terminal.wait_for("2 busy / 2 target")
        terminal.press("+++")
        terminal.wait_for("5 target")
        terminal.wait_for("5 busy")
        terminal.press(">")
        terminal.wait_for("parse workers")
        terminal.press(" ")
        terminal.wait_for("PAUSED")
        terminal.wait_for("0 busy / 5 target")
        before = _number(terminal.wait_for(" done "), "done")
        terminal.press(" ")
        terminal.wait_for("RUNNING")
        terminal.press("2")
        terminal.wait_for("RESULTS")
        terminal.press("s\r")
        terminal.wait_for("rows of pages written")
        terminal.press("q")
        terminal.wait_for("Stop the crawl and quit?")
        terminal.press("q")
        assert terminal.leave() == 0
        assert terminal.is_restored()
        assert terminal.shows("crawltui resume")
    (saved,) = tmp_path.glob("*.partial.csv")
    with saved.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert before <= len(rows) < PAGES
    (store,) = _stores(tmp_path)
    assert not is_locked(store)
    with StoreReader(store) as reader:
        assert reader.summary().state == "stopped"


def test_to_the_end_on_a_small_screen(site: SmallSite, tmp_path: Path) -> None:
    """At 80 by 24 a crawl of hostile titles ends as DONE, and no foreign escape gets through."""
    arguments = (site.url, "--fetch-workers", "32", "--csv", "all.csv")
    with Terminal(*arguments, columns=80, rows=24, home=tmp_path) as terminal:
        terminal.press("2")
        terminal.wait_for("DONE")
        terminal.wait_for(f"{PAGES} rows")
        terminal.press("q")
        assert terminal.leave() == 0
        assert terminal.is_restored()
    pointer_shapes = rb"\x1b\]22;[a-z]+\x07"  # the screen library's own
    output = re.sub(pointer_shapes, b"", terminal.output)
    assert b"owned" in output, "the title is shown, with its escapes made harmless"
    assert b"\x1b]0;" not in output
    assert b"\x07" not in output
    assert "\x9b".encode() not in output
    assert "\u202e".encode() not in output
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == PAGES
    assert {row["Status Code"] for row in rows} == {"200"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(site: SmallSite, tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A signal to the whole group restores the terminal and keeps the store, in good order."""
    with Terminal(site.url, home=tmp_path) as terminal:
        terminal.wait_for("RUNNING")
        terminal.wait_for("JUST FINISHED")
        os.killpg(terminal.process.pid, number)
        assert terminal.leave() == code
        assert terminal.is_restored()
    (store,) = _stores(tmp_path)
    assert not is_locked(store)
    assert not list(store.parent.glob("*.sock"))


def test_a_terminal_that_goes_without_a_signal(site: SmallSite, tmp_path: Path) -> None:
    """The dashboard ends with its terminal, in good order, instead of reading from nothing."""
    with Terminal(site.url, home=tmp_path) as terminal:
        terminal.wait_for("JUST FINISHED")
        terminal.unplug()
        assert terminal.process.wait(PATIENCE) == 129
    (store,) = _stores(tmp_path)
    assert not is_locked(store)


def test_typed_in_one_go(long_site: SmallSite, tmp_path: Path) -> None:
    """The start screen takes an address and enter in one burst; bursts work in the dashboard."""
    with Terminal(columns=80, rows=24, home=tmp_path) as terminal:
        terminal.wait_for("New crawl")
        terminal.press("ftp://example.org/\r")
        terminal.wait_for("has the scheme ftp")
        terminal.press("\x15" + long_site.url.removeprefix("http://") + "\r")
        terminal.wait_for("JUST FINISHED")
        terminal.press("W7\t1\r")
        terminal.wait_for("7 target/")
        terminal.press("/Page\r")
        terminal.wait_for('with "Page"')
        terminal.wait_for(" Page ")  # a row to go to
        terminal.press("2go")
        terminal.wait_for("copied")
        terminal.press("qq")
        assert terminal.leave() == 0
        assert terminal.is_restored()


def test_a_killed_engine_is_told_and_can_be_resumed(tmp_path: Path) -> None:
    """A dead engine process is a red sentence; quitting tells how to resume, and that works."""
    with SmallSite(_SITE, delay=0.6) as site:
        with Terminal(site.url, "--fetch-workers", "2", home=tmp_path) as terminal:
            terminal.wait_for("200 ok")
            os.kill(_engine_of(terminal.process.pid), signal.SIGKILL)
            terminal.wait_for("ended unexpectedly")
            terminal.wait_for("0 busy / 2 target")
            terminal.press("+q")
            assert terminal.leave() == 70
            assert terminal.shows("Go on")
        (store,) = _stores(tmp_path)
        site.delay = 0.0
        with Terminal("resume", str(store), "--fetch-workers", "32", home=tmp_path) as terminal:
            terminal.wait_for("DONE")
            terminal.press("q")
            assert terminal.leave() == 0
        with StoreReader(store) as reader:
            assert reader.summary().done == PAGES


def test_the_watched_process_ends(long_site: SmallSite, tmp_path: Path) -> None:
    """Who looks on from another terminal is told when the process that crawls has ended."""
    store = tmp_path / "seen.crawl"
    arguments = (long_site.url, "--fetch-workers", "2", "--store", str(store))
    with Terminal(*arguments, home=tmp_path) as terminal:
        terminal.wait_for("200 ok")
        with Terminal("view", str(store), columns=80, rows=24, home=tmp_path) as viewer:
            viewer.wait_for("READ-ONLY")
            viewer.wait_for("200 ok")
            os.kill(_engine_of(terminal.process.pid), signal.SIGKILL)
            viewer.wait_for("its process has ended")
            viewer.press("q")
            assert viewer.leave() == 0


def _engine_of(owner: int) -> int:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == owner and b"crawler_core.crawl.process" in command:
                return int(folder.name)
    raise AssertionError(f"{owner} runs no engine")


def test_control_c_twice_gets_out(site: SmallSite, tmp_path: Path) -> None:
    """The first Ctrl-C asks, the second leaves at once, and the store is kept."""
    with Terminal(site.url, "--fetch-workers", "1", home=tmp_path) as terminal:
        terminal.wait_for("RUNNING")
        terminal.press("\x03")
        terminal.wait_for("Stop the crawl and quit?")
        terminal.press("\x03")
        assert terminal.leave() == 130
        assert terminal.is_restored()
    (store,) = _stores(tmp_path)
    with StoreReader(store) as reader:
        assert reader.summary().waiting > 0
