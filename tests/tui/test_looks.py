"""Pictures of the screens: what a change of the drawing changes must be seen and wanted.

Twenty of them, so chosen that each tab is there in small and in a larger size and in both themes,
and in all three sizes where its layout is another one in each:

| screen   | 80x24        | 120x36     | 200x60          |
|----------|--------------|------------|-----------------|
| overview | dark         | dark, done | light           |
| results  | light        | dark       | dark, its views |
| broken   | dark         |            | light           |
| hosts    | light, menu  | dark       |                 |
| workers  | light        | dark       | light           |
| log      |              | light      |                 |
| site     | dark         | light      | dark            |
| help     |              | dark       |                 |
| start    | light        | dark       |                 |

High contrast and terminals of few colours are tested by their numbers, in test_themes.
"""

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
        pytest.param([], LARGE, "light", id="overview-200x60-light"),
        pytest.param(["2"], SMALL, "light", id="results-80x24-light"),
        pytest.param(["2"], USUAL, "dark", id="results-120x36"),
        pytest.param(["2", "v"], LARGE, "dark", id="results-views-200x60"),
        pytest.param(["3"], SMALL, "dark", id="broken-80x24"),
        pytest.param(["3"], LARGE, "light", id="broken-200x60-light"),
        pytest.param(["4", "H"], SMALL, "light", id="hosts-menu-80x24-light"),
        pytest.param(["4"], USUAL, "dark", id="hosts-120x36"),
        pytest.param(["5"], SMALL, "light", id="workers-80x24-light"),
        pytest.param(["5"], USUAL, "dark", id="workers-120x36"),
        pytest.param(["5"], LARGE, "light", id="workers-200x60-light"),
        pytest.param(["6"], USUAL, "light", id="log-120x36-light"),
        pytest.param(["7"], SMALL, "dark", id="site-80x24"),
        pytest.param(["7"], USUAL, "light", id="site-120x36-light"),
        pytest.param(["7"], LARGE, "dark", id="site-200x60"),
        pytest.param(["question_mark"], USUAL, "dark", id="help-120x36"),
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
    assert snap_compare(app, terminal_size=USUAL, run_before=_settle)


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        pytest.param(SMALL, "light", id="80x24-light"),
        pytest.param(USUAL, "dark", id="120x36"),
    ],
)
def test_start(
    snap_compare: Compare,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
) -> None:
    """The start screen looks as it did."""
    monkeypatch.setattr("tui.app.__version__", "1.0")
    app = CrawlApp(FakeSession(store), taste=Taste(theme=theme))
    app.animation_level = "none"

    async def before(pilot: Pilot[Ending]) -> None:
        await _settle(pilot)
        for line in pilot.app.screen.query("Input"):
            line.cursor_blink = False  # type: ignore[attr-defined]

    assert snap_compare(app, terminal_size=size, run_before=before)
