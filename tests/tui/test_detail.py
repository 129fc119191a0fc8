"""The detail of a row: everything that is known of a URL, and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler_core.model import Heading, LinkKind, Outcome
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.stores import START, config, link, parsed, record, url_row
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.detail import sections
from tui.screens.reasons import indexing


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A start page, a page that names another as canonical, and a chain of two redirects."""
    path = tmp_path / "a.crawl"
    made = Store.create(path, config(), version="1")
    names = ["", "copy", "old", "older", "last"]
    for number, name in enumerate(names, 1):
        made.add_url(url_row(number, f"{START}{name}", depth=min(1, number - 1)))
    page = parsed(description=Heading("What it is about.", 17))
    made.finish(record(1, START, page=page), [link(1, 2, anchor="a copy"), link(1, 4)])
    copy = parsed(canonical=START)
    made.finish(record(2, f"{START}copy", page=copy, headers={"server": "nginx"}), [])
    moved = Outcome.REDIRECT
    made.finish(record(3, f"{START}old", moved, 301, redirect_url=f"{START}last"), [])
    made.finish(
        record(4, f"{START}older", moved, 302, redirect_url=f"{START}old"),
        [link(4, 3, LinkKind.REDIRECT, "")],
    )
    made.finish(record(5, f"{START}last", page=parsed("Last")), [])
    made.close()
    return path


def _text(path: Path, url_id: int) -> str:
    with StoreReader(path) as reader:
        found = reader.detail(url_id)
        assert found is not None
        return "\n".join(
            title + "\n" + "\n".join("".join(text for text, _ in row) for row in rows)
            for title, rows in sections(found)
        )


def test_every_part_is_there(store: Path) -> None:
    """Fields, links with their words, redirects hop by hop, headers, and why it is not shown."""
    copy = _text(store, 2)
    assert f"not shown itself: its canonical names {START}" in copy
    assert "INLINKS, 1" in copy
    assert "“a copy”" in copy
    assert "server: nginx" in copy
    assert "First found on            http://site.test/" in copy
    start = _text(store, 1)
    assert "may be shown: it answered 200" in start
    assert "What it is about." in start
    assert "OUTLINKS, 2" in start
    older = _text(store, 4)
    assert "REDIRECTS, 2 hops" in older
    hops = [line for line in older.split("\n") if line[:3] in {"302", "301", "200"}]
    assert hops == [
        f"302 Found  {START}older",
        f"301 Moved Permanently  {START}old",
        f"200 OK  {START}last",
    ]
    assert f"not shown itself: it leads to {START}old" in older


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Indexability": "Indexable", "Status Code": "200"}, "may be shown: it answered 200"),
        ({"Indexability Status": "Client Error", "Status Code": "404"}, "answered 404"),
        (
            {"Indexability Status": "noindex", "Meta Robots 1": "NOINDEX, follow"},
            "its meta robots says NOINDEX, follow",
        ),
        (
            {"Indexability Status": "noindex", "X-Robots-Tag 1": "none", "Meta Robots 1": "all"},
            "its header X-Robots-Tag says none",
        ),
        ({"Indexability Status": "Blocked by robots.txt"}, "robots.txt keeps crawlers out"),
        ({"Indexability Status": "No Response"}, "no answer"),
        ({}, ""),
    ],
)
def test_why_it_is_shown_or_not(fields: dict[str, str], says: str) -> None:
    """Each verdict is told with the thing on the page that brought it about."""
    assert says in indexing(fields)
    assert bool(indexing(fields)) == bool(says)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_on_the_screen(store: Path, size: tuple[int, int]) -> None:
    """All keys of the detail are named also on a small screen, and lead to their section."""
    client = FakeClient(store)

    async def scenario(it: Drive) -> None:
        await it.press("2", "home", "down", "enter")
        assert it.shows("5 headers")
        assert it.shows("In search engines")
        await it.press("5")
        assert it.shows("server: nginx")

    drive(CrawlApp(FakeSession(store, client), client), scenario, size)
