"""Web text can neither break the screen nor run an action nor reach the terminal raw."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len

from crawler_core.snapshot import Completion, LogLine
from tests.stores import build_store
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.keytable import TABS
from tui.widgets.paint import Line

HOSTILE = (
    "[/x] title",
    "[@click=app.quit]press me[/]",
    "[link=http://evil.example]x[/link]",
    "[$primary]x",
    "\x1b]0;owned\x07\x1b[31mred",
    "\x9b31m C1",
    "left \u202e thgir",
    "日本語のとても長い題名" * 20,
    "e\u0301" * 200,
    "👩‍👩‍👧‍👦" * 40,
    "\u2028line\u2029separators",
)


@pytest.fixture
def app(tmp_path: Path) -> CrawlApp:
    """The dashboard of a crawl in which every text is hostile."""
    store = build_store(tmp_path / "hostile.crawl", pages=60, titles=HOSTILE)
    now = busy_snapshot()
    rows = tuple(
        Completion(
            n, now.at, "fetch", n, text, text, "ok", 1.0, 1, f"http://site.test/{text}", text
        )
        for n, text in enumerate(HOSTILE, 1)
    )
    now = msgspec.structs.replace(
        now,
        start_urls=(f"http://site.test/{HOSTILE[1]}",),
        completions=rows,
        hosts=tuple(
            msgspec.structs.replace(now.hosts[0], host=text, note=text) for text in HOSTILE
        ),
        host_count=len(HOSTILE),
        sites=HOSTILE[:2],
        advice=HOSTILE[1],
        oldest=msgspec.structs.replace(now.futures[0], url=HOSTILE[1]),
        futures=tuple(
            msgspec.structs.replace(now.futures[0], number=n, url=text)
            for n, text in enumerate(HOSTILE)
        ),
        workers=tuple(
            msgspec.structs.replace(now.workers[0], name=f"T{n}", doing=text)
            for n, text in enumerate(HOSTILE)
        ),
        log=tuple(LogLine(n, now.at, "warning", text) for n, text in enumerate(HOSTILE, 1)),
    )
    client = FakeClient(store, snapshot=now, note=HOSTILE[1])
    return CrawlApp(FakeSession(store, client), client)


def test_hostile_text_everywhere(app: CrawlApp) -> None:
    """Every tab, dialog and click survives hostile text, and shows it as plain text."""

    async def scenario(it: Drive) -> None:
        for number in range(1, len(TABS) + 1):
            await it.press(str(number))
            for line in it.screen():
                assert line.isprintable(), line
            for y in (6, 9, 20):
                await it.pilot.click(offset=(30, y))
            assert it.app.is_running
            assert it.app.return_value is None
        await it.press("2", "home", "enter", "3", "escape", "4", "H", "escape")
        await it.press("2", "slash")
        await it.type("[/x]")
        await it.press("enter")
        assert it.shows("[/x] title")

    drive(app, scenario, (80, 24))


@pytest.mark.parametrize("text", HOSTILE)
def test_lines_hold_nothing_that_drives_a_terminal(text: str) -> None:
    """What a line is put together from is printable, and as wide as the line believes."""
    line = Line().put(text)
    assert all(piece.isprintable() for piece, _ in line.pieces)
    assert line.at == sum(cell_len(piece) for piece, _ in line.pieces)
