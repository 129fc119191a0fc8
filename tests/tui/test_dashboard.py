"""The dashboard driven by keys, over a made-up crawl and a real crawl file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from textual.command import CommandPalette

from crawler_core.commands import (
    AnyCommand,
    Cancel,
    Pause,
    PauseHost,
    ReopenHost,
    Resume,
    RetryFailed,
    SetAutopilot,
    SetFetchWorkers,
    SetHostRate,
    SetParser,
    SetParseWorkers,
    SkipHost,
    Stop,
)
from crawler_core.snapshot import LogLine
from tests.stores import build_store
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.keytable import TABS
from tui.screens.small import TooSmall
from tui.widgets.steady import at_rest

DOCS = "https://docs.example.org"


KEYS_AND_COMMANDS: list[tuple[list[str], list[AnyCommand]]] = [
    (["+", "+", "="], [SetFetchWorkers(17), SetFetchWorkers(18), SetFetchWorkers(19)]),
    (["-", "_"], [SetFetchWorkers(18), SetFetchWorkers(17)]),
    ([">", "right_square_bracket"], [SetParseWorkers(3), SetParseWorkers(4)]),
    (["<", "left_square_bracket"], [SetParseWorkers(3), SetParseWorkers(2)]),
    (["W", "backspace", "backspace", "6", "4", "enter"], [SetFetchWorkers(64)]),
    (["P", "P"], [SetParser("lexbor"), SetParser("soup")]),
    (["space", "space"], [Pause(), Resume()]),
    (["R", "r"], [RetryFailed()]),
    (["R", "escape"], []),
    (["x"], [Cancel(4811)]),
    (["5", "x"], [Cancel(4907)]),
    (["4", "comma"], [SetHostRate(DOCS, 50.0)]),
    (["4", "H", "s"], [SkipHost(DOCS)]),
    (["4", "H", "p"], [PauseHost(DOCS)]),
    (["4", "end", "up", "H", "r"], [ReopenHost("http://127.0.0.1:8083")]),
    (["4", "full_stop"], [ReopenHost("http://127.0.0.1:8083")]),
    (["4", "comma"], []),
    (["4", "H", "escape"], []),
    (["a", "a"], [SetAutopilot(on=True), SetAutopilot(on=False)]),
    (["4", "home", "down", "full_stop"], [SetHostRate("https://cdn.example.org", 15.0)]),
    (["q", "escape"], []),
]


def test_keys_send_commands(session: FakeSession, client: FakeClient) -> None:
    """Each key of the table sends the command it stands for, and nothing else."""

    async def scenario(it: Drive) -> None:
        for keys, sent in KEYS_AND_COMMANDS:
            client.sent.clear()
            await it.press(*keys)
            assert client.sent == sent, keys

    drive(CrawlApp(session, client), scenario)


def test_quick_keys_add_up(session: FakeSession, client: FakeClient) -> None:
    """Keys that come faster than snapshots still count one by one."""
    seen = client.snapshot()

    async def scenario(it: Drive) -> None:
        client.snapshot = lambda: seen  # type: ignore[method-assign]
        await it.pilot.press("+", "+", "+", "+")

    drive(CrawlApp(session, client), scenario)
    assert client.sent[-1] == SetFetchWorkers(20)


def test_read_only_sends_nothing(store: Path) -> None:
    """A crawl that is looked at gets no commands, and the screen says why."""
    client = FakeClient(store, read_only=True)

    async def scenario(it: Drive) -> None:
        assert it.shows("READ-ONLY")
        assert not it.shows("space pause")
        await it.press("+", "space", "R", "x", "H")
        assert it.shows("This crawl is only")

    ending = drive(CrawlApp(FakeSession(store, client), client), scenario)
    assert client.sent == []
    assert ending is None


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (60, 16)])
def test_every_tab_fits(session: FakeSession, client: FakeClient, size: tuple[int, int]) -> None:
    """Every tab opens by its number at every size, with its name and no line too long."""

    async def scenario(it: Drive) -> None:
        for number, tab in enumerate(TABS, 1):
            await it.press(str(number))
            assert it.dashboard.tab == tab
            assert {cell_len(line) for line in it.screen()} == {size[0]}
            assert it.shows("docs.exam")
            assert it.shows("q quit")

    drive(CrawlApp(session, client), scenario, size)


def test_results_filter_sort_and_detail(session: FakeSession, client: FakeClient) -> None:
    """The results follow their tail, are filtered, sorted, searched, and open in detail."""

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows("300 rows, following")
        assert it.shows("404 client error")
        await it.press("slash")
        await it.type("page-12")
        await it.press("enter")
        assert it.shows('10 rows, with "page-12"')
        await it.press("home", "enter")
        assert it.shows("Page 12")
        await it.press("3")
        assert it.shows("INLINKS")
        await it.press("escape", "escape")
        assert it.shows("300 rows")
        await it.press("home", "n", "n")
        row = it.dashboard.selected()[1]
        assert "page-12" in row
        await it.press("S", "a")
        assert it.shows("address▲")
        await it.press("S", "a")
        assert it.shows("address▼")

    drive(CrawlApp(session, client), scenario)


def test_results_grow(tmp_path: Path) -> None:
    """Rows that finish later appear by themselves, and the cursor stays on its row."""
    store = build_store(tmp_path / "grow.crawl", pages=20)
    bigger = build_store(tmp_path / "bigger.crawl", pages=60)
    client = FakeClient(store)
    session = FakeSession(store, client)

    async def scenario(it: Drive) -> None:
        await it.press("2", "home", "down")
        chosen = it.dashboard.selected()
        client.store = bigger
        it.dashboard._rows = session.rows(bigger)
        await it.settle()
        assert it.shows("60 rows")
        assert it.dashboard.selected() == chosen
        await it.press("t")
        assert it.shows("following")

    drive(CrawlApp(session, client), scenario)


def test_broken_shows_pages_that_hold_them(session: FakeSession, client: FakeClient) -> None:
    """A broken target comes with the pages that link to it and the words of the links."""

    async def scenario(it: Drive) -> None:
        await it.press("3")
        assert it.shows("FOUND ON")
        assert it.shows("to 6")
        assert it.shows("4 to 6")
        await it.press("down")
        assert it.shows("to 8")
        await it.press("enter")
        assert it.shows("Internal Server Error")

    drive(CrawlApp(session, client), scenario)


def test_change_chip_and_freeze(session: FakeSession, client: FakeClient) -> None:
    """A change of the workers is shown with what it brought; a frozen display stays."""

    async def scenario(it: Drive) -> None:
        await it.press("+")
        assert it.shows("16 → 17 fetch workers, measuring")
        at = client.snapshot()
        assert at is not None
        client.show(at=at.at + 5, history=((100.0, 1.0, 1.0, 1.0),) * 3)
        await it.settle()
        assert it.shows("→ 100 fetches/s (+")
        await it.press("f")
        assert it.shows("FROZEN")
        client.show(done=999_999)
        await it.settle()
        assert not it.shows("999,999")
        await it.press("f")
        assert it.shows("999,999")

    drive(CrawlApp(session, client), scenario)


def test_log_lines_are_shown_in_full(session: FakeSession, client: FakeClient) -> None:
    """A line of the log that is too long for the table is shown whole by enter."""
    text = "the pool was rebuilt because " + "a worker died and " * 8 + "that is the end"
    client.show(log=(LogLine(7, 1_700_000_000.0, "warning", text),))

    async def scenario(it: Drive) -> None:
        await it.press("6")
        assert not it.shows("the end")
        await it.press("enter")
        assert it.shows("the end")

    drive(CrawlApp(session, client), scenario)


def test_enlarge(session: FakeSession, client: FakeClient) -> None:
    """e gives the focused panel the whole screen, and takes it back."""

    async def scenario(it: Drive) -> None:
        await it.press("e")
        assert "JUST FINISHED" in it.screen()[0]
        await it.press("e")
        assert "JUST FINISHED" not in it.screen()[0]

    drive(CrawlApp(session, client), scenario)


def test_help_and_palette_open(session: FakeSession, client: FakeClient) -> None:
    """Help tells the words and keys; the palette lists the same keys by name."""

    async def scenario(it: Drive) -> None:
        await it.press("question_mark")
        assert it.shows("one fetch worker more")
        await it.press("escape", "ctrl+p")
        await it.type("freeze the display")
        await it.press("enter", "enter")
        assert it.shows("FROZEN")

    drive(CrawlApp(session, client), scenario)


def test_done_says_what_next(store: Path) -> None:
    """At the end the verdict line tells the keys that are of use now, and the footer too."""
    done = msgspec.structs.replace(busy_snapshot(), state="finished")
    client = FakeClient(store, snapshot=done, note="SAMPLE SITE: its faults are on purpose")

    async def scenario(it: Drive) -> None:
        assert it.shows("DONE")
        assert it.shows("127 broken: 3 shows them, w shows why 214 were kept out, s saves a CSV")
        assert it.shows("its faults are on purpose")
        assert not it.shows("+ - fetch")
        await it.press("q")

    ending = drive(CrawlApp(FakeSession(store, client), client), scenario)
    assert ending is not None
    assert (ending.reason, ending.exit_code) == ("quit", 0)
    assert ending.snapshot == at_rest(done)
    assert client.closed
    assert client.sent == []


def test_quit_stops_the_crawl(session: FakeSession, client: FakeClient) -> None:
    """q asks, says how to resume, stops the crawl, waits for its end and lets go of it."""

    async def scenario(it: Drive) -> None:
        await it.press("q")
        assert it.shows("crawltui resume")
        await it.pilot.press("q")
        while it.app.is_running and it.app.return_value is None:
            await it.pilot.pause(0.05)

    ending = drive(CrawlApp(session, client), scenario)
    assert ending is not None
    assert (ending.reason, ending.exit_code) == ("quit", 0)
    assert client.sent == [Stop("you")]
    assert client.closed


def test_quit_showing_keeps_the_screen(store: Path) -> None:
    """Q hands back the last screen, with its colours and what it said."""
    done = msgspec.structs.replace(busy_snapshot(), state="finished")
    client = FakeClient(store, snapshot=done)

    async def scenario(it: Drive) -> None:
        await it.press("Q")

    ending = drive(CrawlApp(FakeSession(store, client), client), scenario)
    assert ending is not None
    assert "docs.example.org" in ending.last_screen
    assert "\x1b[" in ending.last_screen
    assert ending.last_screen.count("\n") >= 35


@pytest.mark.parametrize("first", [[], ["s"], ["question_mark"], ["2", "slash"]])
def test_ctrl_c_twice_gets_out(session: FakeSession, client: FakeClient, first: list[str]) -> None:
    """The first ctrl+c asks, the second leaves at once, whatever is open."""

    async def scenario(it: Drive) -> None:
        await it.press(*first)
        await it.press("ctrl+c")
        assert it.shows("Stop the crawl and quit?")
        await it.press("ctrl+c")

    ending = drive(CrawlApp(session, client), scenario)
    assert ending is not None
    assert (ending.reason, ending.exit_code) == ("interrupt", 130)
    assert client.closed


def test_too_small(session: FakeSession, client: FakeClient) -> None:
    """Below 60×16 the screen says what it needs, and comes back when the terminal grows."""

    async def scenario(it: Drive) -> None:
        assert it.shows("60×16 needed")
        assert it.shows("the crawl goes on")
        await it.pilot.resize_terminal(80, 24)
        await it.settle()
        assert not it.shows("60×16 needed")
        assert it.shows("JUST FINISHED")

    drive(CrawlApp(session, client), scenario, (59, 16))


@pytest.mark.parametrize("size", [(1, 1), (20, 5)])
def test_too_small_for_the_palette(
    session: FakeSession, client: FakeClient, size: tuple[int, int]
) -> None:
    """Where nothing has room the palette does not open; it does when the terminal has grown."""

    async def scenario(it: Drive) -> None:
        await it.pilot.press("ctrl+p", "pagedown")
        await it.pilot.pause()
        assert isinstance(it.app.screen, TooSmall)
        await it.pilot.resize_terminal(80, 24)
        await it.settle()
        await it.pilot.press("ctrl+p")
        await it.pilot.pause()
        assert isinstance(it.app.screen, CommandPalette)

    drive(CrawlApp(session, client), scenario, size)


def test_nothing_known_yet(store: Path) -> None:
    """Before the first snapshot the screen says that it waits, and can be left."""
    client = FakeClient(store)
    client.snapshot = lambda: None  # type: ignore[method-assign]

    async def scenario(it: Drive) -> None:
        assert it.shows("starting the crawl")
        await it.press("2", "3", "4", "5", "6", "1", "ctrl+c", "ctrl+c")

    ending = drive(CrawlApp(FakeSession(store, client), client), scenario)
    assert ending is not None
    assert ending.snapshot is None


def test_store_not_there_yet(tmp_path: Path) -> None:
    """A crawl file that does not exist yet does not disturb the screens that read it."""
    client = FakeClient(tmp_path / "later.crawl")

    async def scenario(it: Drive) -> None:
        await it.press("2", "3", "enter", "1", "2")
        build_store(tmp_path / "later.crawl", pages=12)
        await it.soon("12 rows")

    drive(CrawlApp(FakeSession(client.store, client), client), scenario)
