"""The results table: filters as one types, views with names, columns, and large files."""

from __future__ import annotations

import contextlib
import threading
import time
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.filters import PRESETS
from crawler_core.store import copies
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from crawler_core.store.writer import Store
from tests.patience import PATIENCE
from tests.stores import START, build_store, record
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens import feed, finding
from tui.screens.feed import Ids, ResultFeed, place_of
from tui.screens.finding import FIRST_SCREEN
from tui.screens.matching import Matching
from tui.screens.results import ResultsPane, Wanted
from tui.widgets.fields import FIELDS, chosen
from tui.widgets.grid import Grid, ListFeed


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
        assert it.shows('rows, with "status:404 !page-1",'), "what is left out is not named"
        await it.press(*["backspace"] * 6, "enter")
        assert not it.shows("no field")
        assert it.dashboard.focused is not None
        assert it.dashboard.focused.id == "results-grid"
        assert it.shows("404 client error")
        assert not it.shows("page-16.html")
        await it.press("escape")
        assert it.shows("300 rows")
        assert not it.shows("status: outcome: is:"), "nobody types any more"

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_views_with_names(session: FakeSession, client: FakeClient, size: tuple[int, int]) -> None:
    """The menu tells how many rows each view has; a typed filter holds within it."""

    async def scenario(it: Drive) -> None:
        await it.press("v")
        assert it.shows("Views of the results")
        assert it.shows("by status code; the Overview counts by outcome.")
        assert it.shows("status:2xx")
        assert it.shows("esc back")
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


def test_the_cursor_stays_on_its_row_when_a_filter_goes(tmp_path: Path) -> None:
    """Also on a row that is not among the first screen of all rows, but among the others."""
    store = build_store(tmp_path / "long.crawl", FIRST_SCREEN + 60)
    client = FakeClient(store)

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        await it.type("status:404")
        await it.press("enter", "home", "down")
        found = it.dashboard.selected()
        await it.press("escape")
        assert it.shows(f"{FIRST_SCREEN + 60} rows")
        assert it.dashboard.selected() == found
        assert found[0] < 60

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_the_row_that_is_still_sought() -> None:
    """A cursor goes back to its row when that is read, unless somebody moved it meanwhile."""
    some, others = ListFeed([(7, ()), (8, ())]), ListFeed([(5, ()), (6, ()), (7, ()), (8, ())])
    for moved, cursor in ((False, 5), (True, 8)):
        grid = Grid("ROWS", ())
        grid.show(ListFeed([(5, ())]))
        grid.show(some, whole=False)
        grid.show(some, whole=False)
        assert grid.cursor == 7
        if moved:
            grid.action_move(1)
        grid.show(others)
        assert grid.cursor == cursor
        grid.show(some)
        grid.show(others)
        assert grid.cursor != 5, "what is not among all rows is gone for good"


def test_ids_that_come_again_move_to_the_end() -> None:
    """A page fetched again is listed once, at the end, however large its number is."""
    feed = ResultFeed(Ids.of(array("q", [3, 1, 2])), None, "")  # type: ignore[arg-type]
    feed.extend([9, 1])
    assert list(feed.ids) == [3, 2, 9, 1]
    assert [feed.index(key) for key in (3, 9, 1, 4, 99)] == [0, 2, 3, -1, -1]
    feed.extend([9])
    assert list(feed.ids) == [3, 2, 1, 9]


def test_rows_of_a_long_table_move_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page fetched again goes to the end of a long table too: it is read anew for that."""
    monkeypatch.setattr(feed, "MOVED_WITHIN", 20)
    monkeypatch.setattr(finding, "SORTED_EVERY", 0.0)
    path = build_store(tmp_path / "again.crawl", pages=30)
    client = FakeClient(path)

    async def scenario(it: Drive) -> None:
        await it.press("2")
        before = it.dashboard.query_one(ResultsPane).feed
        assert before is not None
        with contextlib.closing(Store.open(path)) as store:
            for url_id in (waits := 34, 4):
                store.finish(record(url_id, f"{START}{url_id}"), [])
                store.commit()
                await it.burst(until=lambda: _ids(it)[-1] == url_id)  # noqa: B023
        assert _ids(it) == [1, 2, 3, *range(5, 31), waits, 4]
        assert list(before.ids) == [*range(1, 31), waits], "what is new was only appended"

    drive(CrawlApp(FakeSession(path, client), client), scenario)


def _ids(it: Drive) -> list[int]:
    shown = it.dashboard.query_one(ResultsPane).feed
    return list(shown.ids) if shown is not None else []


def test_the_place_of_an_id() -> None:
    """Any id is found where it is, also one whose bytes lie across two others."""
    ids = array("q", [256, 1 << 56, *range(2, 20_000), 0, 2**40])
    for place in (0, 1, 2, 3, 9_000, 19_998, 19_999, 20_000, 20_001):
        if place < len(ids):
            assert place_of(ids[place], ids) == place
    assert place_of(1, ids) == -1
    assert place_of(7, array("q")) == -1


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
    monkeypatch.setattr(copies, "LEAST", 10)

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


def test_counts_of_views_within_a_filter(session: FakeSession, client: FakeClient) -> None:
    """With a typed filter the menu says so, and counts the rows that it leaves of each view."""
    with StoreReader(client.store) as reader:
        rows = reader.rows(reader.ids(View("all")))
    some = [row for row in rows if "page-1" in row.address and row.status_code // 100 == 4]

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        await it.type("page-1")
        await it.press("enter", "v")
        assert it.shows('Views of the results: rows with "page-1"')
        assert _counted(it, "Client Error (4xx)") == len(some) > 5
        await it.press("escape", "escape", "v")
        assert not it.shows("rows with")
        assert _counted(it, "Client Error (4xx)") == 45

    drive(CrawlApp(session, client), scenario)


def _counted(it: Drive, view: str) -> int:
    row = next(line for line in it.screen() if f" {view} " in line)
    return int(row.split(view)[1].split()[0])


class _Slow(StoreReader):
    """A reader that would get ready for ever at first, if nobody made it give up."""

    begun = 0

    def prepare(self) -> bool:
        _Slow.begun += 1
        if _Slow.begun > 1:
            return super().prepare()
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        self._read(f"{endless} SELECT count(*) FROM n")
        raise AssertionError


def test_getting_ready_gives_way(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter is answered while a reader gets ready, and the reader is ready in the end."""
    monkeypatch.setattr(session, "rows", _Slow)
    _Slow.begun = 0

    async def scenario(it: Drive) -> None:
        await it.pilot.press("2", "slash")
        end = time.monotonic() + PATIENCE
        while not _Slow.begun:
            assert time.monotonic() < end
            await it.pilot.pause(0.02)
        await it.burst(*"page-1", until=lambda: it.shows('rows, with "page-1"'))
        await it.burst("2", until=lambda: it.shows('10 rows, with "page-12"'))
        await it.burst(until=lambda: it.dashboard._ready)

    drive(CrawlApp(session, client), scenario)


class _Deaf(StoreReader):
    """A reader that gives up its first part only when it is told a second time."""

    told = 0
    begun = False
    heard = threading.Event()

    def interrupt(self) -> None:
        _Deaf.told += 1
        if _Deaf.told == 2:
            _Deaf.heard.set()
        super().interrupt()

    def prepare(self) -> bool:
        _Deaf.begun = True
        if not _Deaf.heard.wait(2 * PATIENCE):
            raise AssertionError
        return super().prepare()


def test_an_interruption_that_was_lost(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite forgets one that comes between two statements: a letter tells it again."""
    monkeypatch.setattr(session, "rows", _Deaf)
    _Deaf.told, _Deaf.begun = 0, False
    _Deaf.heard.clear()

    async def scenario(it: Drive) -> None:
        await it.pilot.press("2", "slash")
        end = time.monotonic() + PATIENCE
        while not _Deaf.begun:
            assert time.monotonic() < end
            await it.pilot.pause(0.02)
        await it.burst("2", until=lambda: it.shows('rows, with "2"'))

    drive(CrawlApp(session, client), scenario)


def test_no_part_is_begun_while_somebody_types(session: FakeSession, client: FakeClient) -> None:
    """A reader gets ready in the pauses: what has begun would hold up the next letter."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash")
        dashboard = it.dashboard
        assert dashboard._ready
        dashboard._wished_at = time.monotonic() + PATIENCE
        assert not dashboard._prepare_part()
        dashboard._wished_at = 0.0
        assert dashboard._prepare_part()
        dashboard._left = True
        assert not dashboard._prepare_part()

    drive(CrawlApp(session, client), scenario)


def test_what_finished_unseen_is_read_anew(
    session: FakeSession, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long time on another tab the new rows are read in a thread, not on the way."""
    monkeypatch.setattr(finding, "FOLLOWED", 10)

    async def scenario(it: Drive) -> None:
        await it.press("2")
        assert it.shows("300 rows")
        await it.press("1")
        read = it.dashboard.read_results
        anew: list[bool] = []

        def note(wanted: Wanted, *, again: bool = False) -> None:
            anew.append(again)
            read(wanted, again=again)

        monkeypatch.setattr(it.dashboard, "read_results", note)
        await it.press("2")
        assert not anew, "nothing is new"
        await it.press("1")
        it.dashboard._asked_done -= 11
        await it.press("2")
        assert anew == [True]
        assert it.shows("300 rows, following")

    drive(CrawlApp(session, client), scenario)


def test_duplicates_begin_with_a_first_screen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """More duplicates than a screen has: once the reader is ready they come in two steps."""
    monkeypatch.setattr(copies, "LEAST", 10)
    store = build_store(tmp_path / "twins.crawl", 4 * FIRST_SCREEN, titles=["b", "a", "a", "c"])
    client = FakeClient(store)
    shown: list[bool] = []
    fill = ResultsPane.fill

    def note(self: ResultsPane, feed: ResultFeed, *, whole: bool = True) -> None:
        shown.append(whole)
        fill(self, feed, whole=whole)

    async def scenario(it: Drive) -> None:
        await it.press("2", "slash", "escape")
        assert it.dashboard._ready
        monkeypatch.setattr(ResultsPane, "fill", note)
        await it.press("v", "home", *["down"] * 11, "enter")
        assert it.shows("RESULTS Page Titles: Duplicate")
        assert it.shows("title▲")
        assert shown[:2] == [False, True]

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_the_filter_line_is_seen_beside_an_enlarged_table(
    session: FakeSession, client: FakeClient
) -> None:
    """A table that was enlarged makes room for the line that is typed in."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "e", "slash")
        await it.type("page-12")
        assert it.app.screen.query_one("#filter").region.area
        assert it.dashboard.maximized is None
        assert "page-12" in [line.strip() for line in it.screen()]

    drive(CrawlApp(session, client), scenario)


@given(st.lists(st.integers(1, 60), unique=True), st.sets(st.integers(1, 40)), st.data())
def test_matches_are_gone_to_round_the_table(
    ids: list[int], sought: set[int], data: st.DataObject
) -> None:
    """n and N lead to the nearest match in their direction, also among rows that came later."""
    later = data.draw(st.integers(0, len(ids)))
    matches = Ids.of(array("q", sorted(sought)))
    table = array("q", ids[:later])
    matching = Matching(table, matches.marks, data.draw(st.integers(0, 61)))
    matching.catch_up()
    table.extend(ids[later:])
    matching.catch_up()
    for place in range(len(ids)):
        for by in (1, -1):
            ring = [(place + by * step) % len(ids) for step in range(1, len(ids) + 1)]
            nearest = next((spot for spot in ring if ids[spot] in sought), -1)
            assert matching.beyond(place, by) == nearest
