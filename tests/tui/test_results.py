"""The results table: filters as one types, views with names, columns, and large files."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from crawler_core.filters import PRESETS
from crawler_core.store import words
from tests.stores import build_store
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.finding import FIRST_SCREEN
from tui.screens.results import Ids, ResultFeed, Wanted
from tui.widgets.fields import FIELDS, chosen


def test_filter_as_one_types(session: FakeSession, client: FakeClient) -> None:
    """Each letter narrows the rows; what is not understood is told, and the rest applies."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        assert it.shows("status: outcome: is:"), "what can be typed is told"
        await it.type("status:4")
        assert it.shows('45 rows, with "status:4"')
        await it.type("04 ")
        assert it.shows('45 rows, with "status:404"')
        await it.type("!page-1 titel:")
        assert it.shows("titel: is no field")
        assert it.shows('rows, with "status:404 !page-1 titel:"')
        await it.press(*["backspace"] * 6, "enter")
        assert not it.shows("no field")
        assert it.dashboard.focused is not None
        assert it.dashboard.focused.id == "results-grid"
        assert it.shows("404 client error")
        assert not it.shows("page-16.html")
        await it.press("escape")
        assert it.shows("300 rows")

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_views_with_names(session: FakeSession, client: FakeClient, size: tuple[int, int]) -> None:
    """The menu tells how many rows each view has; a typed filter holds within it."""

    async def scenario(it: Drive) -> None:
        await it.press("v")
        assert it.shows("Views of the results")
        assert it.shows("status:2xx")
        await it.press("down", "down", "down", "down", "down")
        row = next(line for line in it.screen() if "Client Error (4xx)" in line)
        assert " 45 " in row
        await it.press("enter")
        assert it.shows("RESULTS Response Codes: Client Error (4xx)")
        assert it.shows("45 rows")
        await it.press("slash")
        await it.type("page-4")
        await it.press("enter")
        assert it.shows('with "page-4"')
        assert it.shows("RESULTS Response Codes: Client Error (4xx)")
        await it.press("escape")
        assert it.shows("45 rows"), "first the filter goes, then the view"
        await it.press("escape")
        assert it.shows("300 rows")
        assert not it.shows("Client Error")

    drive(CrawlApp(session, client), scenario, size)


def test_a_view_may_come_sorted(session: FakeSession, client: FakeClient, tmp_path: Path) -> None:
    """Duplicates stand together, and their order goes with the view."""
    store = build_store(tmp_path / "twins.crawl", 40, titles=["b", "a", "a", "b", "c"])
    client = FakeClient(store)

    async def scenario(it: Drive) -> None:
        await it.press("v", "home", *["down"] * 11, "enter")
        assert it.shows("RESULTS Page Titles: Duplicate")
        assert it.shows("title▲")
        feed = it.dashboard.query_one("#results-grid").feed  # type: ignore[attr-defined]
        titles = [feed.row(place).title for place in range(len(feed))]
        assert len(titles) > 10
        assert {"a", "b"} <= set(titles)
        assert titles == sorted(titles)
        await it.press("escape")
        assert it.shows("40 rows")
        assert not it.shows("title▲")

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_columns_are_chosen(session: FakeSession, client: FakeClient) -> None:
    """Ticked columns are shown, sort, and stay until others are chosen."""

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows("outcome")
        assert not it.shows("words")
        await it.press("c")
        assert it.shows("[x] outcome")
        assert it.shows("[ ] word count")
        await it.press("down", "space", *["down"] * 6, "space", "enter")
        assert not it.shows("outcome")
        assert it.shows("words")
        await it.press("S", "w")
        assert it.shows("words▲")
        await it.press("1", "2")
        assert it.shows("words▲")
        await it.press("c", "d", "enter")
        assert it.shows("outcome")
        await it.press("c", "d", "space", "escape")
        assert it.shows("code"), "escape leaves them as they are"

    drive(CrawlApp(session, client), scenario)


def test_a_long_table_shows_its_end_first(tmp_path: Path) -> None:
    """More rows than a first screen: all are there in the end, and the tail is followed."""
    pages = FIRST_SCREEN + 60
    store = build_store(tmp_path / "long.crawl", pages)
    client = FakeClient(store)

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows(f"{pages} rows, following")
        assert it.shows(f"page-{pages}.html")
        await it.press("home")
        assert it.dashboard.selected()[0] == 1
        await it.press("S", "a")
        assert it.shows("address▲")
        assert it.shows(f"{pages} rows")

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_ids_that_come_again_move_to_the_end() -> None:
    """A page fetched again is listed once, at the end, however large its number is."""
    feed = ResultFeed(Ids.of(array("q", [3, 1, 2])), None, "")  # type: ignore[arg-type]
    feed.extend([9, 1])
    assert list(feed.ids) == [3, 2, 9, 1]
    assert [feed.index(key) for key in (3, 9, 1, 4, 99)] == [0, 2, 3, -1, -1]
    feed.extend([9])
    assert list(feed.ids) == [3, 2, 1, 9]


def test_what_is_wanted_in_words() -> None:
    """A view and a filter are one line for the reader, and a phrase for people."""
    blocked = next(preset for preset in PRESETS if preset.name == "Blocked")
    assert Wanted().words == ""
    wanted = Wanted("depth:>3", preset=blocked)
    assert wanted.line == "is:blocked depth:>3"
    assert wanted.words == 'Response Codes: Blocked with "depth:>3"'
    assert not wanted.moves
    assert Wanted("is:duplicate-h1").moves
    assert Wanted(sort="title").moves


def test_help_tells_the_language(session: FakeSession, client: FakeClient) -> None:
    """The help of the results has every form of a filter; that of other tabs has not."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "?")
        assert it.shows("FILTERS")
        assert it.shows("title-length:")
        await it.press("escape", "3", "?")
        assert not it.shows("FILTERS")

    drive(CrawlApp(session, client), scenario, (120, 60))


def test_fields_have_keys_of_their_own() -> None:
    """No two columns share a name or the letter that sorts by them; chosen ones never hide."""
    assert len({field.name for field in FIELDS}) == len(FIELDS)
    keys = [field.key for field in FIELDS]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {"f", "j", "k"}, "these are taken in the dialog"
    assert all(not field.column.from_width for field in chosen(["title", "type", "depth"]))
    assert [field.name for field in chosen(["type", "code"])] == ["code", "type"]


def test_searches_after_the_texts_were_copied(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter finds the same rows with the reader that got ready for it as without."""
    monkeypatch.setattr(words, "LEAST", 10)

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        assert it.dashboard._finder is not None, "ready as soon as a filter may be typed"
        await it.type("page-12")
        assert it.shows('10 rows, with "page-12"')
        await it.type(" !200")
        assert it.shows('rows, with "page-12 !200"')
        await it.press("escape")
        assert it.shows("300 rows")

    drive(CrawlApp(session, client), scenario)
