"""The mouse in a real terminal: what can be pressed can be clicked on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import SetFetchWorkers, SetParseWorkers
from tests.stores import build_store
from tests.terminal.terminal import Terminal
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp

COLUMNS, ROWS = 100, 30
WHEEL_UP, WHEEL_DOWN = 64, 65


class Mouse:
    """Clicks where a text is, with the bytes that a terminal sends for them (SGR, 1006)."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def click(self, text: str, *, within: str = "", times: int = 1) -> None:
        """Press and release the left button on the first cell of a text, once it is there.

        `within` picks the line: one that holds it as well.
        """
        line = self._terminal.wait_for(within or text)
        y = self._terminal.lines.index(line)
        down = self._event(0, line.index(text), y)
        self._terminal.press((down + down[:-1] + "m") * times)

    def turn(self, button: int, text: str, *, times: int = 1) -> None:
        """Turn the wheel by so many notches over a text."""
        line = self._terminal.wait_for(text)
        event = self._event(button, line.index(text), self._terminal.lines.index(line))
        self._terminal.press(event * times)

    def _event(self, button: int, x: int, y: int) -> str:
        return f"\x1b[<{button};{x + 1};{y + 1}M"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A finished crawl of 300 URLs, looked at."""
    store = build_store(tmp_path / "site.crawl", pages=300)
    with Terminal("view", str(store), columns=COLUMNS, rows=ROWS, home=tmp_path) as it:
        it.wait_for("2xx ok")
        yield it


@pytest.fixture
def mouse(terminal: Terminal) -> Mouse:
    """Its mouse."""
    return Mouse(terminal)


def test_tab_row_head_and_footer(terminal: Terminal, mouse: Mouse) -> None:
    """A tab opens, a head sorts and turns the order, a row is lit, a key of the footer acts."""
    mouse.click("2 Results")
    terminal.wait_for("300 rows, following")
    mouse.click("address", within=" code outcome")
    terminal.wait_for("address▲")
    mouse.click("address", within=" code outcome")
    terminal.wait_for("address▼")
    mouse.click("v views")
    terminal.wait_for("Views of the results")
    mouse.click("Server Error")
    terminal.wait_for("RESULTS Response Codes: Server Error")
    mouse.click("/section/page-28.html")
    terminal.press("w")
    terminal.wait_for("http://site.test/section/page-28.html")
    mouse.click("esc back")
    terminal.wait_for("READ-ONLY")  # which the sheet had covered
    mouse.click("q quit", within="? help")
    assert terminal.leave() == 0


def test_double_click_wheel_and_the_keys_of_dialogs(terminal: Terminal, mouse: Mouse) -> None:
    """Two clicks open a row, the wheel scrolls lists and sheets, dialogs obey their last line."""
    mouse.click("2 Results")
    terminal.wait_for("300 rows, following")
    mouse.turn(WHEEL_UP, "outcome", times=20)
    terminal.wait_for("300 rows, 60 below")
    mouse.click("/section/page-222.html", times=2)
    terminal.wait_for("page-222.html ──")
    terminal.wait_for("── FIELDS")
    mouse.turn(WHEEL_DOWN, "Status Code")
    mouse.turn(WHEEL_DOWN, "Title 1")
    mouse.click("3 inlinks")
    terminal.wait_for("── INLINKS")
    mouse.click("esc", within="1 fields")
    terminal.wait_for("READ-ONLY")  # which the sheet had covered
    mouse.click("c columns")
    mouse.click("word count")
    terminal.wait_for("[x] word count")
    mouse.click("enter shows")
    terminal.wait_for(" words ")
    mouse.click("7 Site")
    mouse.click("▾ http")
    terminal.wait_for("▸ http://site.test")
    mouse.click("▸ http")
    mouse.click("section/", times=2)
    terminal.wait_for('with "url:http://site.test/section/"')


def test_each_key_of_a_pair_is_clicked_on_its_own(session: FakeSession, client: FakeClient) -> None:
    """In the footer's "+ - fetch  < > parse" each sign does what it says, the word more."""

    async def scenario(it: Drive) -> None:
        assert it.screen()[-1].startswith(" + - fetch  < > parse ")
        for x, sent in (
            (1, SetFetchWorkers(17)),
            (3, SetFetchWorkers(16)),
            (6, SetFetchWorkers(17)),
            (12, SetParseWorkers(1)),
            (14, SetParseWorkers(2)),
            (17, SetParseWorkers(3)),
        ):
            await it.pilot.click("#foot", offset=(x, 0))
            await it.settle()
            assert client.sent.pop() == sent
            assert client.sent == []

    drive(CrawlApp(session, client), scenario)
