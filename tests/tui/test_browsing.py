"""Opening URLs: in a browser of the desktop, and never in one that wants the terminal."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.browsing import has_browser, open_in_browser


@pytest.mark.parametrize(
    ("environ", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "wslview"}, "linux", True),
        ({"BROWSER": "/usr/bin/lynx %s", "DISPLAY": ":0"}, "linux", False),
        ({"BROWSER": "w3m:firefox"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "a b"}, "darwin", False),
    ],
)
def test_which_browsers_count(environ: dict[str, str], platform: str, there: bool) -> None:
    """A desktop or a named browser is needed; one that draws in a terminal is none."""
    assert has_browser(environ, platform) == there


def test_without_a_browser_the_url_is_copied(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over SSH `o` copies the URL and says so, in the table and in the detail."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_CONNECTION", "a b")

    async def scenario(it: Drive) -> None:
        await it.press("2", "home", "o")
        assert it.shows("the URL was copied")
        assert it.app.clipboard == "http://site.test/"

    drive(CrawlApp(session, client), scenario)


def test_the_browser_gets_the_url_and_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser runs in a session of its own with nothing to read from or write to."""
    out = tmp_path / "out"
    os.mkfifo(out)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1 $(readlink /proc/$$/fd/0 /proc/$$/fd/1)" > {out}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", str(browser))
    assert open_in_browser("https://e.org/a?b=1&c='x'")
    words = out.read_text().split()
    assert words[0] == "https://e.org/a?b=1&c='x'"
    assert all(word == "/dev/null" for word in words[1:])


def test_only_web_addresses_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but http and https is handed to a browser, and no option."""
    monkeypatch.setenv("BROWSER", "true")
    assert not open_in_browser("file:///etc/passwd")
    assert not open_in_browser("--help")
