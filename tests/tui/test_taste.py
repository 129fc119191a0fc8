"""What is remembered from one session to the next: the columns; colours are in test_themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp, Taste
from tui.dash import taste_of
from tui.keymap import Keymap
from tui.routing import routed
from tui.taste import chosen_columns, chosen_theme, remember_columns, remember_theme


def test_columns_are_kept_beside_the_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names come back in a file of their own; without any the usual ones are shown."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert chosen_columns() == ()
    remember_columns(("code", "words"))
    remember_theme("light")
    assert (chosen_columns(), chosen_theme("", {})) == (("code", "words"), "light")
    assert (tmp_path / "crawltui" / "columns").read_text() == "code\nwords\n"
    remember_columns(())
    assert chosen_columns() == ()


@pytest.mark.parametrize("served", [False, True])
def test_a_tab_of_a_browser_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    """It begins with what is remembered, and writes no file on the disk of who serves it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    remember_columns(("code", "words"))
    taste = taste_of(Keymap(), "dark", served=served)
    taste.remember("light")
    taste.remember_columns(("code",))
    kept = sorted(path.name for path in (tmp_path / "crawltui").iterdir())
    assert kept == (["columns"] if served else ["columns", "theme"])
    assert taste.columns == ("code", "words")
    assert chosen_columns() == (("code", "words") if served else ("code",))


def test_chosen_columns_are_told_and_shown_again(session: FakeSession, client: FakeClient) -> None:
    """What is ticked is handed on to be remembered; the usual ones are told as none."""
    told: list[tuple[str, ...]] = []

    async def scenario(it: Drive) -> None:
        await it.press("2", "c", "down", "space", *["down"] * 6, "space", "enter")
        assert told[-1] == ("code", "address", "title", "words", "depth", "size", "ms", "type")
        await it.press("c", "d", "enter")
        assert not told[-1]

    drive(CrawlApp(session, client, taste=Taste(remember_columns=told.append)), scenario)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [(("code", "words"), False), (("code", "no such"), False), (("no such",), True), ((), True)],
)
def test_a_session_begins_with_them(
    session: FakeSession, client: FakeClient, columns: tuple[str, ...], shown: bool
) -> None:
    """The remembered columns are there at once; a name that is none is no matter."""

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows("code")
        assert it.shows("address") is shown
        assert it.shows(" words") is ("words" in columns)

    drive(CrawlApp(session, client, taste=Taste(columns=columns)), scenario)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ([], ["start"]),
        (["--theme", "light"], ["start", "--theme", "light"]),
        (["--theme=light"], ["start", "--theme=light"]),
        (
            ["--theme", "light", "example.org"],
            ["crawl", "--theme", "light", "example.org"],
        ),
        (["--theme=light", "example.org"], ["crawl", "--theme=light", "example.org"]),
        (["--theme"], ["crawl", "--theme"]),
    ],
)
def test_colours_alone_open_the_start_screen(line: list[str], command: list[str]) -> None:
    """A theme and nothing else is for the start screen; with a URL it is for its crawl."""
    assert routed(line, ["run", "view"], hidden=["crawl", "start"]) == command
