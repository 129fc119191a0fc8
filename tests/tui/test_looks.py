"""Pictures of the screens: what a change of the drawing changes must be seen and wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.bridge import Ending


class Compare(Protocol):
    """pytest-textual-snapshot's comparison of an app with its picture."""

    def __call__(
        self, app: CrawlApp, *, terminal_size: tuple[int, int], run_before: object
    ) -> bool: ...


async def _settle(pilot: Pilot[Ending]) -> None:
    for _ in range(2):
        await pilot.wait_for_scheduled_animations()
        await pilot.app.workers.wait_for_complete()
    app = pilot.app
    assert isinstance(app, CrawlApp)
    if app.dashboard is not None:
        app.dashboard.tick()
        app.dashboard.redraw()
        await app.workers.wait_for_complete()
    await pilot.wait_for_scheduled_animations()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("keys", [[], ["3"], ["5"]], ids=["overview", "broken", "workers"])
def test_dashboard(
    snap_compare: Compare, store: Path, size: tuple[int, int], keys: list[str]
) -> None:
    """The tabs look as they did."""
    client = FakeClient(store)
    app = CrawlApp(FakeSession(store, client), client)

    async def before(pilot: Pilot[Ending]) -> None:
        await pilot.press(*keys)
        await _settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)


def test_done(snap_compare: Compare, store: Path) -> None:
    """A finished sample crawl says so, and what to press."""
    done = msgspec.structs.replace(
        busy_snapshot(), state="finished", oldest=None, verdict="DONE", eta=None
    )
    client = FakeClient(store, snapshot=done, note="SAMPLE SITE: its faults are on purpose")
    app = CrawlApp(FakeSession(store, client), client)
    assert snap_compare(app, terminal_size=(120, 36), run_before=_settle)


def test_start(snap_compare: Compare, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start screen looks as it did."""
    monkeypatch.setattr("tui.app.__version__", "1.0")
    app = CrawlApp(FakeSession(store))
    app.animation_level = "none"

    async def before(pilot: Pilot[Ending]) -> None:
        await _settle(pilot)
        for line in pilot.app.screen.query("Input"):
            line.cursor_blink = False  # type: ignore[attr-defined]

    assert snap_compare(app, terminal_size=(100, 34), run_before=before)
