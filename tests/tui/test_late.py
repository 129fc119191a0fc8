"""What is read or written in a thread and comes after its dialog was closed, or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from textual.widgets import Static

from crawler_core.errors import StoreFormatError, StoreInUse
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from tests.patience import PATIENCE
from tests.stores import build_store
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.bridge import Export, StartOptions
from tui.screens import dashboard, finding
from tui.screens.save import SaveScreen


class HeldSession(FakeSession):
    """A session that from some moment on reads and writes only when it is let, or fails then."""

    def __init__(self, store: Path, client: FakeClient) -> None:
        super().__init__(store, client)
        self.go = threading.Event()
        self.fault: Exception | None = None
        self.holds = False

    def hold(self, fault: Exception | None = None) -> None:
        self.holds, self.fault = True, fault

    def start(self, options: StartOptions) -> FakeClient:
        self._wait()
        return super().start(options)

    def rows(self, store: Path) -> StoreReader:
        self._wait()
        return super().rows(store)

    def export(
        self, store: Path, target: Path, what: Export, *, bom: bool, view: View | None = None
    ) -> int:
        self._wait()
        return super().export(store, target, what, bom=bom, view=view)

    def _wait(self) -> None:
        if self.holds:
            assert self.go.wait(PATIENCE)
            if self.fault is not None:
                raise self.fault


@pytest.fixture
def held(store: Path, client: FakeClient) -> HeldSession:
    """That crawl, read and written when the test says so."""
    return HeldSession(store, client)


async def _until(it: Drive, condition: Callable[[], bool]) -> None:
    """Wait for what happens by itself."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "\n".join(it.screen())
        await it.pilot.pause(0.02)


async def close_too_early(it: Drive, keys: Sequence[str]) -> None:
    """Open a dialog by keys and close it before its thread has come to an end."""
    await it.pilot.press(*keys)
    await it.pilot.pause()
    assert len(it.app.screen_stack) > 2, "it has opened"
    await it.pilot.press("escape")
    await it.pilot.pause()
    assert len(it.app.screen_stack) == 2, "it is closed"


@pytest.mark.parametrize("key", ["enter", "w"])
def test_a_reading_that_fails_late(held: HeldSession, client: FakeClient, key: str) -> None:
    """A failure that comes after its sheet was closed is nobody's concern any more."""

    async def scenario(it: Drive) -> None:
        await it.press("2")
        held.hold(StoreFormatError("The file is damaged."))
        await close_too_early(it, [key])
        held.go.set()
        await it.settle()
        assert it.shows("300 rows")

    drive(CrawlApp(held, client), scenario)


def test_a_failure_of_the_last_question_is_shown(held: HeldSession, client: FakeClient) -> None:
    """What is asked for in the sheet that is open is answered by the sentence of the failure."""

    async def scenario(it: Drive) -> None:
        await it.press("2")
        held.hold(StoreFormatError("The file is damaged."))
        held.go.set()
        await it.press("enter")
        assert it.shows("The file is damaged.")
        await it.press("escape", "w")
        assert it.shows("The file is damaged.")

    drive(CrawlApp(held, client), scenario)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (None, "270 rows of pages written to"),
        (StoreFormatError("The file is damaged."), "The file is damaged."),
        (MemoryError("no room"), "cannot be written: no room"),
    ],
)
def test_a_dialog_that_is_closed_while_it_writes(
    held: HeldSession,
    client: FakeClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception | None,
    says: str,
) -> None:
    """What came of a CSV is told in the corner, however it went."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        held.hold(fault)
        await close_too_early(it, ["s", "enter"])
        held.go.set()
        await it.settle()
        assert it.shows(says)

    drive(CrawlApp(held, client), scenario, (160, 40))


def test_an_unforeseen_fault_is_told_in_the_dialog(held: HeldSession, client: FakeClient) -> None:
    """A writer that fails in a way that nobody thought of leaves no dialog that waits for ever."""

    async def scenario(it: Drive) -> None:
        held.hold(RuntimeError("out of luck"))
        held.go.set()
        await it.press("s", "enter")
        assert isinstance(it.app.screen, SaveScreen)
        said = str(it.app.screen.query_one("#save-says", Static).render())
        assert said.endswith(".csv cannot be written: out of luck. Choose another place.")

    drive(CrawlApp(held, client), scenario, (160, 40))


def test_a_locked_file_blocks_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that another program keeps locked stay empty, with a sentence, until it lets go."""
    path = build_store(tmp_path / "locked.crawl", pages=300)
    client = FakeClient(path)

    async def scenario(it: Drive) -> None:
        monkeypatch.setattr("crawler_core.store.files._BUSY_MS", 60_000)
        await it.press("2")
        assert it.shows("300 rows")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            await it.pilot.press("g")
            await it.pilot.pause()
            assert time.monotonic() - began < 30, "SQLite's own patience is 60 s"
            await it.pilot.pause()
            assert it.shows("Another program keeps")
            assert not it.shows("page-4.html")
            other.execute("ROLLBACK")
        end = time.monotonic() + PATIENCE
        while not it.shows("page-4.html"):
            assert time.monotonic() < end, "\n".join(it.screen())
            await it.pilot.pause(0.05)
        await it.burst(until=lambda: not it.shows("Another program keeps"))

    drive(CrawlApp(FakeSession(path, client), client), scenario)


def test_a_file_that_is_locked_from_the_start(tmp_path: Path) -> None:
    """The table says why it is empty, and fills once the file is free."""
    path = build_store(tmp_path / "locked.crawl", pages=30)
    client = FakeClient(path)
    session = HeldSession(path, client)
    session.hold(StoreInUse("Another program keeps it locked."))
    session.go.set()

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows("Another program keeps it locked.")
        session.holds = False
        await it.burst(until=lambda: it.shows("30 rows"))
        assert not it.shows("Another program keeps")

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (StoreInUse("Another program keeps it locked."), "Another program keeps it locked."),
        (RuntimeError("out of luck"), "The crawl file cannot be read: out of luck."),
    ],
)
def test_a_filter_that_cannot_be_read(
    held: HeldSession,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    says: str,
) -> None:
    """Rows of another filter are never said to be its own, and it is read as soon as it can be."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        assert it.shows("300 rows")
        held.hold(fault)
        held.go.set()
        await it.type("status:404")
        assert it.shows(says)
        await it.settle()
        assert it.shows(says)
        assert it.shows('with "status:404", reading …')
        assert not it.shows("rows, with")
        monkeypatch.setattr(dashboard, "QUIET", 0)  # a crawl that is over: nothing beats
        held.holds = False
        await _until(it, lambda: it.shows('45 rows, with "status:404"'))
        assert not it.shows(says)

    drive(CrawlApp(held, client), scenario)


def test_broken_links_that_cannot_be_read(
    held: HeldSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their tab says why, and they are there as soon as they can be read."""

    async def scenario(it: Drive) -> None:
        held.hold(StoreFormatError("The file is damaged."))
        held.go.set()
        await it.press("3")
        assert it.shows("The file is damaged.")
        assert not it.shows("404 Not Found")
        monkeypatch.setattr(dashboard, "QUIET", 0)  # a crawl that is over: nothing beats
        held.holds = False
        await _until(it, lambda: it.shows("404 Not Found"))

    drive(CrawlApp(held, client), scenario)


def test_new_rows_that_cannot_be_read(
    held: HeldSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked file is asked again after a while, not at each beat: each time holds up a key."""
    monkeypatch.setattr(finding, "READ_AGAIN", 1e6)
    asked: list[int] = []

    def follow(_: View, after: int) -> tuple[array[int], int]:
        asked.append(after)
        raise StoreInUse("Another program keeps it locked.")

    async def scenario(it: Drive) -> None:
        await it.press("2")
        rows = it.dashboard._rows
        assert isinstance(rows, StoreReader)
        with monkeypatch.context() as patch:
            patch.setattr(rows, "follow", follow)
            for _ in range(3):
                await it.settle()
            assert len(asked) == 1
            assert it.shows("Another program keeps it locked.")
        it.dashboard._rests_until = 0.0
        await it.settle()
        assert it.shows("300 rows")
        assert not it.shows("Another program keeps")

    drive(CrawlApp(held, client), scenario)


def test_a_key_for_rows_to_come_is_meant_for_their_tab(
    held: HeldSession, client: FakeClient
) -> None:
    """Enter pressed before there were rows opens nothing on another tab, once there are."""

    async def scenario(it: Drive) -> None:
        held.hold()
        await it.pilot.press("2", "enter", "4")
        await it.pilot.pause()
        held.go.set()
        await it.settle()
        await it.press("2")
        assert it.shows("300 rows")
        assert len(it.app.screen_stack) == 2

    drive(CrawlApp(held, client), scenario)


@pytest.mark.parametrize(("key", "size"), [("ctrl+p", (80, 24)), ("", (40, 10))])
def test_a_crawl_that_opens_below_another_screen(
    held: HeldSession, client: FakeClient, key: str, size: tuple[int, int]
) -> None:
    """The dashboard takes the place of the start screen, whatever lies over it by then."""

    async def scenario(it: Drive) -> None:
        held.holds = True
        await it.type("example.org")
        await it.pilot.press("enter")
        if key:
            await it.pilot.press(key)
        else:
            await it.pilot.resize_terminal(*size)
        await it.pilot.pause()
        assert len(it.app.screen_stack) == 3
        held.go.set()
        await it.settle()
        await it.pilot.resize_terminal(80, 24)
        await it.settle()
        assert it.app.screen is it.app.dashboard
        assert it.shows("JUST FINISHED")
        assert len(it.app.screen_stack) == 2

    drive(CrawlApp(held), scenario, (80, 24))
