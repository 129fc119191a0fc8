"""Pictures of the screens: what a change of the drawing changes must be seen and wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp, Taste
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


SMALL, USUAL, LARGE = (80, 24), (120, 36), (200, 60)


@pytest.mark.parametrize(
    ("keys", "size", "theme"),
    [
        pytest.param([], SMALL, "dark", id="overview-80x24"),
        pytest.param([], USUAL, "dark", id="overview-120x36"),
        pytest.param([], LARGE, "dark", id="overview-200x60"),
        pytest.param([], USUAL, "light", id="overview-120x36-light"),
        pytest.param(["3"], SMALL, "dark", id="broken-80x24"),
        pytest.param(["3"], USUAL, "light", id="broken-120x36-light"),
        pytest.param(["4"], SMALL, "dark", id="hosts-80x24"),
        pytest.param(["4"], USUAL, "dark", id="hosts-120x36"),
        pytest.param(["5"], SMALL, "light", id="workers-80x24-light"),
        pytest.param(["5"], USUAL, "dark", id="workers-120x36"),
        pytest.param(["5"], LARGE, "light", id="workers-200x60-light"),
        pytest.param(["6"], USUAL, "dark", id="log-120x36"),
        pytest.param(["question_mark"], USUAL, "dark", id="help-120x36"),
        pytest.param(["H"], SMALL, "light", id="host-menu-80x24-light"),
    ],
)
def test_dashboard(
    snap_compare: Compare, store: Path, keys: list[str], size: tuple[int, int], theme: str
) -> None:
    """Tabs and dialogs look as they did, in three sizes and two themes."""
    client = FakeClient(store)
    app = CrawlApp(FakeSession(store, client), client, taste=Taste(theme=theme))

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
