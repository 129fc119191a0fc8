"""The tab Site: its pictures and its tree, driven by keys over a real crawl file."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler_core.store.reader import StoreReader
from crawler_core.store.tree import Folder, Folders
from crawler_core.store.writer import Store
from tests.stores import START, config, parsed, record, url_row
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.pictures import SitePane
from tui.screens.results import ResultsPane
from tui.widgets import tree


@pytest.mark.parametrize("size", [(100, 34), (120, 40), (200, 60)])
def test_wide_screens_show_all_parts(session: FakeSession, size: tuple[int, int]) -> None:
    """All pictures and the tree are on a large screen, with their numbers."""

    async def scenario(it: Drive) -> None:
        await it.press("7")
        for words in ("URLS", "TIME", "ANSWERS", "DEPTH", "BY SIZE", "site.test"):
            assert it.shows(words), words
        assert it.shows("2xx 136")
        assert it.shows("300 URLs")

    drive(CrawlApp(session, session.client), scenario, size)


def test_small_screens_show_one_part_after_the_other(session: FakeSession) -> None:
    """At 80x24 tab leads from the tree to the pictures, and round again."""
    heads = ("▸─ SITE", "▸─ URLS A SECOND", "▸─ URLS BY DEPTH")

    async def scenario(it: Drive) -> None:
        await it.press("7")
        for head in (*heads, heads[0]):
            assert [one for one in heads if it.shows(one)] == [head]
            await it.press("tab")
        await it.press("shift+tab")
        assert it.shows(heads[0])

    drive(CrawlApp(session, session.client), scenario, (80, 24))


def test_pictures_can_be_enlarged(session: FakeSession) -> None:
    """Enlarged, a picture has the whole screen; the same key takes it back."""

    async def scenario(it: Drive) -> None:
        await it.press("7", "tab", "e")
        shown = it.screen()
        assert "URLS A SECOND" in shown[0]
        assert "22:13" in shown[-1]  # the line of the times is the last one
        assert not it.shows("BY SIZE")
        await it.press("e")
        assert it.shows("BY SIZE")

    drive(CrawlApp(session, session.client), scenario, (120, 40))


def test_folders_open_and_close(session: FakeSession) -> None:
    """Right opens a folder, left closes it or goes to the one that holds it."""

    async def scenario(it: Drive) -> None:
        await it.press("7")
        assert it.shows("▾ http://site.test")  # the first site is open from the start
        assert it.shows("▸ section/")
        await it.press("down", "right")
        assert it.shows("▾ section/")
        assert it.shows("(pages here)")
        pane = it.dashboard.query_one(SitePane)
        await it.press("down")
        assert pane.grid.cursor == f"{START}section/ pages"
        await it.press("left")
        assert pane.grid.cursor == f"{START}section/"
        await it.press("left", "left")
        assert pane.grid.cursor == START
        await it.press("left")
        assert it.shows("▸ http://site.test")
        assert not it.shows("section/")

    drive(CrawlApp(session, session.client), scenario, (120, 40))


def test_enter_shows_the_results_of_a_folder(session: FakeSession, store: Path) -> None:
    """Enter leads to the results, filtered by the folder; o and y mean its address."""

    async def scenario(it: Drive) -> None:
        await it.press("7", "down")
        assert it.dashboard.selected() == (0, f"{START}section/")
        await it.press("enter")
        assert it.dashboard.tab == "results"
        feed = it.dashboard.query_one(ResultsPane).feed
        with StoreReader(store) as reader:
            below = next(
                one for one in reader.folders(START).children if one.address.endswith("section/")
            )
        assert feed is not None
        assert len(feed) == below.done

    drive(CrawlApp(session, session.client), scenario, (120, 40))


def test_what_finishes_is_drawn(tmp_path: Path) -> None:
    """Pages that finish while the tab is open are counted in; a frozen display stands still."""
    store = Store.create(tmp_path / "a.crawl", config(), version="0.0")
    client = FakeClient(store.path)

    def finish(number: int) -> None:
        address = f"{START}page/{number}"
        store.add_url(url_row(number, address))
        store.finish(record(number, address, page=parsed()), [])
        store.commit()
        client.show(done=number, found=number)

    async def scenario(it: Drive) -> None:
        pane = it.dashboard.query_one(SitePane)
        finish(1)
        await it.press("7")
        assert it.shows("2xx 1 ")
        await it.press("f")
        finish(2)
        pane._due = 0.0
        await it.settle()
        assert it.shows("2xx 1 ")
        await it.press("f")
        pane._due = 0.0
        await it.settle()
        await it.settle()
        assert it.shows("2xx 2 ")

    drive(CrawlApp(FakeSession(store.path, client), client), scenario, (120, 40))
    store.close()


def test_a_display_that_was_frozen_before_is_drawn_once(session: FakeSession) -> None:
    """The tab that is opened only then shows the crawl as it is at that moment."""

    async def scenario(it: Drive) -> None:
        await it.press("f", "7")
        assert it.shows("FROZEN")
        assert not it.shows("reading …")
        assert it.shows("2xx 1")

    drive(CrawlApp(session, session.client), scenario, (120, 40))


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    """A crawl file that is not there gives a sentence, and the screen goes on."""
    client = FakeClient(tmp_path / "none.crawl")

    async def scenario(it: Drive) -> None:
        await it.press("7")
        assert it.shows("There is no crawl at")

    drive(CrawlApp(FakeSession(client.store, client), client), scenario, (120, 40))


def test_tree_rows() -> None:
    """Open folders hold their children; what is left out is counted in a row of its own."""
    opened = {
        "": Folders("", (Folder("http://a.test/", 5, 1, 2), Folder("https://b.test/", 1))),
        "http://a.test/": Folders(
            "http://a.test/",
            (Folder("http://a.test/x/", 3), Folder("http://a.test/", 1, is_leaf=True)),
            left_out=7,
        ),
    }
    feed = tree.feed(opened)
    names = [feed.cells(place)[0][0] for place in range(len(feed))]
    assert names == [
        "▾ http://a.test",
        "  ▸ x/",
        "    (pages here)",
        "    and 7 smaller ones",
        "▸ b.test",
    ]
    assert len({feed.key(place) for place in range(len(feed))}) == len(feed)
    assert feed.cells(0)[4:6] == [("2", "broken"), ("40 %", "broken")]
    folders = [place for place in range(len(feed)) if tree.is_folder(feed.key(place))]
    assert folders == [0, 1, 4]


def test_parents() -> None:
    """The folder above a folder, up to the host."""
    assert tree.parent_of("http://a.test/x/y/") == "http://a.test/x/"
    assert tree.parent_of("http://a.test/x/") == "http://a.test/"
    assert tree.parent_of("http://a.test/") == ""
