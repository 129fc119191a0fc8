"""What a key sends to the terminal: the new picture once, and nothing of what stays."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from pathlib import Path

import pyte
import pytest
from rich.console import Console
from textual._compositor import CompositorUpdate
from textual.screen import Screen

from tests.patience import PATIENCE
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.keytable import TABS
from tui.widgets.paint import Painted
from tui.wire import thrifty

SIZE = (120, 36)
_KEYS = (
    *"12345671234567+-[ft?/vSc",
    "tab",
    "shift+tab",
    "down",
    "up",
    "end",
    "escape",
    "escape",
    "e",
)
_JUMP = re.compile("\x1b\\[(\\d+);\\d+H")


class Sent:
    """How often each line of the screen was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: Counter[int] = Counter()
        console = Console(force_terminal=True, color_system="truecolor", width=SIZE[0])

        def display(_: CrawlApp, __: Screen[object], update: object) -> None:
            if isinstance(update, CompositorUpdate):
                text = update.render_segments(console)
                self.lines.update({int(line) for line in _JUMP.findall(text)})

        monkeypatch.setattr(CrawlApp, "_display", display)


def test_a_tab_is_sent_once(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line of a tab that holds still is sent twice when it is opened."""

    async def scenario(it: Drive) -> None:
        for number, tab in enumerate(TABS[1:], 2):
            await it.press(str(number), "1")
            sent = Sent(monkeypatch)
            await it.pilot.press(str(number))
            await it.settle()
            body = {line: times for line, times in sent.lines.items() if 6 < line < SIZE[1]}
            assert len(body) > SIZE[1] // 2, tab
            assert sum(body.values()) < 1.25 * len(body), (tab, body)

    drive(CrawlApp(session, client), scenario, SIZE)


def test_a_tab_is_there_when_its_key_is_done(session: FakeSession, client: FakeClient) -> None:
    """Neither a further frame nor a message is needed for a tab to be on the screen."""

    async def scenario(it: Drive) -> None:
        it.dashboard.open_tab("log")
        assert any("─ LOG" in line for line in it.screen())
        assert not it.shows("JUST FINISHED")

    drive(CrawlApp(session, client), scenario, SIZE)


def test_the_focus_sends_two_headlines(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another table has the focus: what changes is two headlines and the rows under cursors."""

    async def scenario(it: Drive) -> None:
        await it.press("tab", "shift+tab")  # what the start left to be painted is painted now
        sent = Sent(monkeypatch)
        await it.pilot.press("tab")
        await it.settle()
        assert it.dashboard.focused is not None
        assert it.dashboard.focused.id == "overview-hosts"
        assert 2 <= len(sent.lines) <= 4, sent.lines

    drive(CrawlApp(session, client), scenario, SIZE)


def test_a_table_with_a_border_shows_whether_it_has_the_focus(
    session: FakeSession, client: FakeClient
) -> None:
    """Its headline is drawn anew when the focus comes or goes, though all of it is sent."""

    async def scenario(it: Drive) -> None:
        await it.press("T")
        assert it.shows("▸─ TRAP RADAR")
        it.app.screen.set_focus(None)
        await it.pilot.pause()
        assert not it.shows("▸─ TRAP RADAR")

    drive(CrawlApp(session, client), scenario, SIZE)


def test_other_colours_send_everything(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another theme every line is sent again."""

    async def scenario(it: Drive) -> None:
        sent = Sent(monkeypatch)
        it.app.action_choose_theme("light")
        await it.settle()
        assert set(sent.lines) == set(range(1, SIZE[1] + 1))

    drive(CrawlApp(session, client), scenario, SIZE)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_sent_adds_up(store: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Whatever keys are pressed, the terminal shows what the screen holds, colours included."""
    terminal = pyte.Screen(*SIZE)
    stream = pyte.Stream(terminal)
    console = Console(force_terminal=True, color_system="truecolor", width=SIZE[0])

    def display(app: CrawlApp, screen: Screen[object], update: object) -> None:
        if screen is app.screen and isinstance(update, CompositorUpdate):
            stream.feed(thrifty(update.render_segments(console).replace("\n", "\r\n")))

    monkeypatch.setattr(CrawlApp, "_display", display)
    client = FakeClient(store)
    keys = random.Random(seed).choices(_KEYS, k=28)

    async def scenario(it: Drive) -> None:
        it.app.screen.refresh(layout=True)
        for number, key in enumerate(keys):
            await it.press(key)
            if number % 7 == 6:
                patience = time.monotonic() + PATIENCE
                while picture(terminal) != (expected := picture(fresh(it, console))):
                    assert time.monotonic() < patience, (keys[: number + 1], expected)
                    await it.pilot.pause(0.02)  # what is to be painted waits for its frame

    drive(CrawlApp(FakeSession(store, client), client), scenario, SIZE)
    assert any(line.strip() for line in terminal.display)


def fresh(it: Drive, console: Console) -> pyte.Screen:
    """A terminal to which everything is sent at once, drawn anew; what stands is not touched."""
    screen = pyte.Screen(*SIZE)
    stream = pyte.Stream(screen)
    standing = [(widget, widget._strips, widget._drawn) for widget in it.app.screen.query(Painted)]
    for widget, _, _ in standing:
        widget._strips = None
    for y, strip in enumerate(it.app.screen._compositor.render_strips(it.app.size), 1):
        stream.feed(f"\x1b[{y};1H{strip.render(console)}")
    for widget, strips, size in standing:
        widget._strips, widget._drawn = strips, size
    return screen


def picture(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Each cell and how it looks: where there is no letter, what is behind it."""
    columns, rows = SIZE
    cells = screen.buffer
    return [[_look(cells[y][x]) for x in range(columns)] for y in range(rows)]


def _look(cell: pyte.screens.Char) -> tuple[object, ...]:
    letter = (cell.fg, cell.bold) if cell.data != " " or cell.reverse else ()
    return (cell.data, cell.bg, cell.reverse, *letter)
