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


@pytest.fixture(scope="module")
def site() -> Iterator[SmallSite]:
    pages = {f"/{number}.html": _page(number) for number in range(1, PAGES)}
    with SmallSite({"/": _page(0), **pages}, delay=0.1) as served:
        yield served


def _number(line: str, words: str) -> int:
    found = re.search(rf"([\d,]+) {words}", line)
    assert found is not None, line
    return int(found[1].replace(",", ""))


def _stores(home: Path) -> list[Path]:
    return list((home / "data").rglob("*.crawl"))


def test_steer_save_and_quit(site: SmallSite, tmp_path: Path) -> None:
    """Start, more workers, pause, go on, save a CSV, read a row, quit; the store can be resumed."""
    with Terminal(site.url, "--fetch-workers", "2", home=tmp_path) as terminal:
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
        terminal.press("s")
        terminal.wait_for(".partial.csv")
        terminal.press("\r")
        terminal.wait_for("rows of pages written to")
        terminal.press("\r")
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
