"""The choice of columns, on a screen that has no room for all of them at once."""

from __future__ import annotations

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.columns import ColumnsScreen, Ticks
from tui.widgets.fields import FIELDS


def test_every_column_can_be_seen_and_ticked(session: FakeSession, client: FakeClient) -> None:
    """The lit line stays in sight, a click ticks the line it is on, the keys are always there."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "c")
        assert isinstance(it.app.screen, ColumnsScreen)
        ticks = it.app.screen.query_one(Ticks)
        for _ in FIELDS:
            assert it.shows(f"] {FIELDS[ticks.lit].words}")
            assert it.shows("enter shows")
            await it.press("down")
        assert (ticks.lit, ticks.top) == (0, 0)
        await it.press("up")
        before = set(ticks.ticked)
        (y,) = (y for y, line in enumerate(it.screen()) if f"] {FIELDS[-2].words}" in line)
        await it.pilot.click(offset=(it.app.size.width // 2, y))
        await it.settle()
        assert ticks.ticked ^ before == {FIELDS[-2].name}

    drive(CrawlApp(session, client), scenario, (60, 16))
