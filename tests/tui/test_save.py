"""The save dialog writes real files and says what came of it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input, RadioSet, Static

from crawler_core.commands import SetFetchWorkers
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.bridge import CsvWish


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
        assert not it.shows("Save as CSV"), "it has closed by itself"
        assert it.shows("rows of pages written"), "said in the corner"
        assert re.search(r"saved \d\d:\d\d docs.example.org.partial.csv, \d+ rows", it.screen()[2])
        await it.press("plus")
        assert client.sent == [SetFetchWorkers(17)], "the next key works again"

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
        assert not it.shows("Save as CSV")

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
        assert not it.shows("rows of")
        assert it.app.screen.query_one("#save-says").has_class("error")
        await _name(it, tmp_path)
        await it.press("enter")
        assert it.app.screen.query_one("#save-says").has_class("warn")
        assert it.shows("folder"), "the words may stand in two lines: the path is long"

    drive(CrawlApp(session, client), scenario)


def test_finished_crawl_is_not_partial(store: Path) -> None:
    """At the end the proposed name is that of the host alone."""
    done = msgspec.structs.replace(busy_snapshot(), state="finished")
    client = FakeClient(store, snapshot=done)

    async def scenario(it: Drive) -> None:
        await it.press("s")
        assert it.shows("docs.example.org.csv")

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_typing_replaces_the_proposed_name(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proposed name is marked: what is typed replaces it."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.press("s")
        await it.type("mine.csv")
        await it.press("enter")

    drive(CrawlApp(session, client), scenario)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_the_rows_shown_are_offered_first(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a filter set exactly the rows of the table are saved, in its order, and counted."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.press("s")
        assert not it.shows("shown")
        await it.press("escape", "2", "slash")
        await it.type("page-4 status:200")
        await it.press("enter", "S", "a", "S", "a", "s")
        assert it.shows('the 5 rows shown: with "page-4 status:200"')
        assert it.shows("docs.example.org.shown.partial.csv")
        await it.press("enter")
        assert it.shows("5 of 300 rows written to")
        assert it.shows("docs.example.org.shown.partial.csv, 5 of 300 rows")

    drive(CrawlApp(session, client), scenario)
    text = (tmp_path / "docs.example.org.shown.partial.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Address"] for row in rows] == sorted(
        (row["Address"] for row in rows), reverse=True
    )
    assert {row["Status Code"] for row in rows} == {"200"}
    assert all("page-4" in row["Address"] for row in rows)


def test_whole_tables_are_saved_whole(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter narrows what it shows, and nothing else that may be saved."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        await it.type("page-4")
        await it.press("enter", "s", "tab", "down", "space", "enter")
        assert it.shows("270 rows of pages written to")

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize(("state", "written"), [("finished", True), ("stopped", False)])
def test_wished_csv(
    session: FakeSession, client: FakeClient, tmp_path: Path, state: str, written: bool
) -> None:
    """What --csv asks for is written when the crawl ends by itself, and the header says so."""
    target = tmp_path / "wished.csv"

    async def scenario(it: Drive) -> None:
        assert it.shows("wished.csv is written at the end")
        client.show(state=state)
        await it.settle()
        assert target.exists() == written
        assert it.shows("wished.csv, ") == written
        await it.press("q")

    ending = drive(CrawlApp(session, client, CsvWish(target)), scenario)
    assert ending is not None
    assert (ending.csv_rows is not None) == written


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("end", ["finished", "stopped"])
def test_wished_csv_of_a_crawl_that_went_on(
    session: FakeSession, client: FakeClient, tmp_path: Path, end: str, seen: bool
) -> None:
    """A crawl that goes on after its end has its CSV written at the next one, however short that
    was; if it is stopped instead, its CSV is left to the end of the app."""
    target = tmp_path / "wished.csv"

    async def scenario(it: Drive) -> None:
        client.show(state="finished")
        await it.settle()
        assert target.exists()
        target.unlink()
        if seen:
            client.show(state="running")
            await it.settle()
            assert not target.exists()
        client.show(state=end)
        await it.settle()
        assert target.exists() == (end == "finished")
        await it.press("q")

    ending = drive(CrawlApp(session, client, CsvWish(target)), scenario)
    assert ending is not None
    assert (ending.csv_rows is not None) == (end == "finished")


def test_wished_csv_that_cannot_be_written(
    session: FakeSession, client: FakeClient, tmp_path: Path
) -> None:
    """A place that cannot be written to is told in a corner, and left to the end of the app."""
    (tmp_path / "file").write_text("")

    async def scenario(it: Drive) -> None:
        client.show(state="finished")
        await it.settle()
        assert it.shows("cannot")
        await it.press("q")

    wish = CsvWish(tmp_path / "file" / "out.csv")
    ending = drive(CrawlApp(session, client, wish), scenario)
    assert ending is not None
    assert ending.csv_rows is None


def test_no_typed_path_is_more_than_refused(session: FakeSession, client: FakeClient) -> None:
    """A home that nobody has, a name that is too long, a letter that no name may hold."""

    async def scenario(it: Drive) -> None:
        await it.press("s")
        for typed, says in (
            ("~nosuch-user/x.csv", "home directory"),
            ("n" * 300, "File name too long"),
            ("nul\0.csv", "Choose another place"),
        ):
            it.app.screen.query_one("#path", Input).value = typed
            await it.press("enter")
            assert says in str(it.app.screen.query_one("#save-says", Static).render())
            assert it.shows("Save as CSV")

    drive(CrawlApp(session, client), scenario, (160, 40))


def test_keys_of_the_dialog_can_be_clicked_whatever_it_says(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line keeps its keys below what is said, and a click on one presses it."""
    monkeypatch.chdir(tmp_path)

    async def click(it: Drive, text: str) -> None:
        (y,) = (y for y, line in enumerate(it.screen()) if text in line)
        await it.pilot.click(offset=(it.screen()[y].index(text), y))
        await it.settle()

    async def scenario(it: Drive) -> None:
        await it.press("s", "ctrl+u")
        await click(it, "enter saves")
        assert it.shows("Type the name of a file.")
        await click(it, "tab next")
        assert isinstance(it.app.focused, RadioSet)
        await click(it, "esc back")
        assert not it.shows("Save as CSV")

    drive(CrawlApp(session, client), scenario, (60, 16))


def test_where_it_was_saved_stays_while_a_number_is_changed(
    session: FakeSession, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of one number take each other's place, and that of no other message."""
    monkeypatch.chdir(tmp_path)

    async def scenario(it: Drive) -> None:
        await it.press("4", "comma", "s", "enter", "comma")
        said = [note.message for note in it.app._notifications]
        assert len(said) == 2, said
        assert "rows of pages written to" in said[0]

    drive(CrawlApp(session, client), scenario)
