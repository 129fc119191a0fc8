"""The save dialog writes real files and says what came of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp


async def _name(it: Drive, path: Path) -> None:
    await it.press("ctrl+u")
    await it.type(str(path))


def test_saves_and_says_where(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proposed name holds the host and, while the crawl runs, .partial; rows are counted."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.press("s")
        assert it.shows("docs.example.org.partial.csv")
        await it.press("enter")
        assert it.shows("rows of pages written to")
        await it.press("enter")
        assert it.shows("saved docs.example.org.partial.csv, ")

    drive(CrawlApp(session, client), scenario)
    text = (tmp_path / "docs.example.org.partial.csv").read_text(encoding="utf-8")
    assert text.startswith("Address,")


def test_choices_and_overwriting(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved and the byte-order mark can be chosen; an existing file is asked about."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "docs.example.org.broken.partial.csv"
    target.write_text("old")

    async def scenario(it: Drive) -> None:
        await it.press("s", "tab", "down", "space", "tab", "space")
        assert it.shows(target.name)
        await it.press("enter")
        assert it.shows("exists: enter again")
        assert target.read_text() == "old"
        await it.press("enter")
        assert it.shows("rows of broken written")

    drive(CrawlApp(session, client), scenario)
    assert target.read_bytes().startswith(b"\xef\xbb\xbfAddress,Status Code,Status,Source")


def test_unwritable_is_a_sentence(session: FakeSession, client: FakeClient, tmp_path: Path) -> None:
    """A place that cannot be written is refused in the dialog, which stays open."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    async def scenario(it: Drive) -> None:
        await it.press("s")
        await _name(it, blocked / "out.csv")
        await it.press("enter")
        assert it.shows("Save as CSV")
        assert not it.shows("written to")
        assert it.app.screen.query_one("#save-says").has_class("error")
        await _name(it, tmp_path)
        await it.press("enter")
        assert it.shows("is a folder")

    drive(CrawlApp(session, client), scenario)


def test_finished_crawl_is_not_partial(store: Path) -> None:
    """At the end the proposed name is that of the host alone."""
    done = msgspec.structs.replace(busy_snapshot(), state="finished")
    client = FakeClient(store, snapshot=done)

    async def scenario(it: Drive) -> None:
        await it.press("s")
        assert it.shows("docs.example.org.csv")

    drive(CrawlApp(FakeSession(store, client), client), scenario)
