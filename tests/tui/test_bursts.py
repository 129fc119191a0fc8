"""Keys that come all at once do what the same keys do one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler_core.commands import SetFetchWorkers, SkipHost
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.bridge import StartOptions


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (("2", "home", "enter"), "FIELDS"),
        (("slash", *"page-4", "enter"), 'with "page-4"'),
        (("2", "S", "a"), "address▲"),
        (("question_mark", "q", "question_mark"), "KEYS: Workers"),
    ],
)
def test_bursts_reach_the_screen_they_open(
    session: FakeSession, client: FakeClient, keys: tuple[str, ...], shown: str
) -> None:
    """A key after one that opens a tab, a filter or a dialog is meant for what was opened."""

    async def scenario(it: Drive) -> None:
        await it.burst(*keys, until=lambda: it.shows(shown))

    drive(CrawlApp(session, client), scenario)


def test_bursts_send_commands(session: FakeSession, client: FakeClient) -> None:
    """Menus and prompts can be driven without waiting for them."""

    async def scenario(it: Drive) -> None:
        await it.burst("4", "H", "s", until=lambda: len(client.sent) == 1)
        await it.burst("W", "9", "tab", "enter", until=lambda: len(client.sent) == 2)

    drive(CrawlApp(session, client), scenario)
    assert client.sent == [SkipHost("https://docs.example.org"), SetFetchWorkers(9)]


def test_a_burst_saves_under_the_whole_name(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter right behind a name waits for its last letter."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.burst("s", *"quick", "enter", until=lambda: (tmp_path / "quick").exists())

    drive(CrawlApp(session, client), scenario)
    assert [path.name for path in tmp_path.iterdir()] == ["quick"]


def test_a_burst_starts_the_whole_address(session: FakeSession) -> None:
    """Enter right behind an address starts a crawl of all of it, and not of its beginning."""

    async def scenario(it: Drive) -> None:
        await it.burst(*"example", "enter", until=lambda: it.shows("JUST FINISHED"))

    drive(CrawlApp(session), scenario)
    assert session.asked == [StartOptions(url="example")]


def test_control_c_overtakes(session: FakeSession, client: FakeClient) -> None:
    """The way out waits for no other key."""

    async def scenario(it: Drive) -> None:
        await it.burst("s", "2", "ctrl+c", "ctrl+c", until=lambda: it.app.return_value is not None)

    ending = drive(CrawlApp(session, client), scenario)
    assert ending is not None
    assert ending.reason == "interrupt"
