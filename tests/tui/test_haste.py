"""The effect of a key is seen at once, and what the engine says holds in the end."""

from __future__ import annotations

import pytest

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens import steering


def test_a_number_asked_for_is_shown_before_the_engine_tells(
    session: FakeSession, client: FakeClient
) -> None:
    """The target changes with the key, although no snapshot has it yet."""
    seen = client.snapshot()

    async def scenario(it: Drive) -> None:
        client.snapshot = lambda: seen  # type: ignore[method-assign]
        assert it.shows("16 target")
        await it.pilot.press("+", "+", ">")
        await it.pilot.pause()
        assert it.shows("18 target")
        assert it.shows("3 target")

    drive(CrawlApp(session, client), scenario)


def test_what_the_engine_says_holds(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that the engine never takes on is shown for a moment only."""
    seen = client.snapshot()

    async def scenario(it: Drive) -> None:
        client.snapshot = lambda: seen  # type: ignore[method-assign]
        await it.press("+")
        monkeypatch.setattr(steering, "_MEANT_FOR", 0.0)
        client.snapshot = client.__class__.snapshot.__get__(client)  # type: ignore[method-assign]
        client.show(fetch=seen.fetch if seen else None)
        await it.settle()
        assert it.shows("16 target")

    drive(CrawlApp(session, client), scenario)


def test_a_new_state_is_looked_for_soon_after_a_key(
    session: FakeSession, client: FakeClient
) -> None:
    """Between two beats of the screen a state that a key brought about is drawn."""

    async def scenario(it: Drive) -> None:
        dashboard = it.dashboard
        before = dashboard.newest
        dashboard.hasten()
        client.show(done=4_999)
        dashboard._look_soon()
        assert before is not None
        assert dashboard.newest is not None
        assert dashboard.newest.done == 4_999

    drive(CrawlApp(session, client), scenario)
