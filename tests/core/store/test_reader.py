"""What screens and people read from a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.model import BROKEN, LinkKind, Outcome, UrlState
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import BrokenSource, Hop, SortKey, View, ViewKind
from crawler_core.store.writer import Store
from tests.stores import START, build_store, config, fill, link, parsed, record, url_row


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    """A closed crawl of forty pages."""
    with StoreReader(build_store(tmp_path / "a.crawl", 40)) as opened:
        yield opened


def test_summary_adds_up(reader: StoreReader) -> None:
    """Every URL is done, waiting or kept out, and the parts sum to the whole."""
    found = reader.summary()
    assert (found.found, found.done, found.waiting, found.kept_out) == (45, 40, 2, 3)
    assert found.skipped == {"excluded by a pattern": 2, "too deep": 1}
    assert sum(found.outcomes.values()) == sum(found.statuses.values()) == found.done
    assert found.broken == sum(found.outcomes.get(outcome, 0) for outcome in BROKEN)
    assert found.internal_done == 36
    assert (found.state, found.start_urls, found.elapsed) == ("finished", (START,), 40.0)
    assert found.bytes > 0


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        ("all", lambda row: True),
        ("pages", lambda row: row.internal),
        ("external", lambda row: not row.internal),
        ("broken", lambda row: row.outcome in BROKEN),
        ("redirects", lambda row: row.outcome is Outcome.REDIRECT),
        ("blocked", lambda row: row.outcome in (Outcome.BLOCKED, Outcome.ROBOTS)),
        ("documents", lambda row: row.internal and row.content_type.startswith("text/html")),
    ],
)
def test_views(reader: StoreReader, kind: ViewKind, test: object) -> None:
    """A view has exactly the rows that its name says, in the order in which they finished."""
    assert callable(test)
    every = reader.rows(reader.ids(View("all")))
    expected = [row.url_id for row in every if test(row)]
    assert expected
    assert list(reader.ids(View(kind))) == expected
    assert reader.count(View(kind)) == len(expected)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("address", "address"),
        ("status", "status_code"),
        ("title", "title"),
        ("depth", "depth"),
        ("type", "content_type"),
        ("outcome", "outcome"),
        ("indexability", "indexability_status"),
    ],
)
def test_sorting(reader: StoreReader, key: SortKey, field: str) -> None:
    """Rows come in the order of the column, and equal ones in the order of finishing."""
    for kind in ("all", "broken"):
        rows = reader.rows(reader.ids(View(kind, sort=key)))
        values = [getattr(row, field) for row in rows]
        assert values == sorted(values)
        back = reader.rows(reader.ids(View(kind, sort=key, reverse=True)))
        assert [getattr(row, field) for row in back] == sorted(values, reverse=True)


def test_text_filter_takes_wildcards_literally(tmp_path: Path) -> None:
    """The filter matches all words anywhere, in either case; % and _ mean themselves."""
    titles = ["100% off_er", "1000 offers", "Nothing"]
    with StoreReader(build_store(tmp_path / "a.crawl", 3, titles=titles)) as reader:
        assert list(reader.ids(View(text="100%"))) == [1]
        assert list(reader.ids(View(text="OFF_"))) == [1]
        assert list(reader.ids(View(text="offers 1000"))) == [2]
        assert list(reader.ids(View(text="PAGE-3"))) == [3]
        assert list(reader.ids(View(text="'; DROP TABLE pages"))) == []


def test_following_the_tail(tmp_path: Path) -> None:
    """Following gives each committed page once, and one fetched again once more."""
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    fill(store, 10)
    store.commit()
    view = View("all")
    with StoreReader(path) as reader:
        first, mark = reader.follow(view, 0)
        assert sorted(first) == list(range(1, 11))
        assert reader.follow(view, mark) == (type(first)("q"), mark)
        store.finish(record(10, "http://other.test/10"), [])
        store.add_url(url_row(50, f"{START}new"))
        store.finish(record(50, f"{START}new"), [])
        assert reader.follow(view, mark)[1] == mark
        store.commit()
        more, later = reader.follow(view, mark)
        assert (list(more), later > mark) == ([10, 50], True)
        assert reader.count(view) == 11
    store.close()


def test_rows_keep_the_order_asked_for(reader: StoreReader) -> None:
    """Rows come back in the order of the ids; unknown ids and those not done are left out."""
    assert [row.url_id for row in reader.rows([9, 2, 9999, 41, 5])] == [9, 2, 5]
    assert reader.rows([]) == []


def test_broken_with_their_sources(tmp_path: Path) -> None:
    """A broken URL comes with all its links counted and the first pages that hold them."""
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    for n in range(1, 8):
        store.add_url(url_row(n, f"{START}{n}"))
    for n in range(1, 6):
        edges = [link(n, 7, anchor=f"from {n}"), link(n, 7, anchor="", only_fragment=True)]
        store.finish(record(n, f"{START}{n}", page=parsed()), edges)
    store.finish(record(7, f"{START}7", Outcome.CLIENT_ERROR, 410), [])
    store.finish(record(6, f"{START}6", Outcome.BLOCKED, 403), [])
    store.close()
    with StoreReader(path) as reader:
        (target,) = reader.broken(10)
        assert (target.url_id, target.status, target.links) == (7, "Gone", 5)
        assert target.sources == tuple(
            BrokenSource(f"{START}{n}", f"from {n}", LinkKind.ANCHOR) for n in (1, 2, 3)
        )
        assert reader.broken(10, offset=1) == []


def test_detail_of_a_page(reader: StoreReader) -> None:
    """The detail of a page has its columns, headers and both directions of links."""
    found = reader.detail(2)
    assert found is not None
    fields = dict(found.fields)
    assert (fields["Address"], fields["Title 1"]) == (f"{START}section/page-2.html", "Page 2")
    assert (fields["Inlinks"], fields["Outlinks"]) == ("2", "4")
    assert ("content-type", "text/html; charset=utf-8") in found.headers
    assert [(row.url_id, row.anchor) for row in found.inlinks] == [(1, "to 2"), (2, "2 to 2")]
    assert [row.url_id for row in found.outlinks] == [1, 2, 3, 4]
    assert (found.inlink_count, found.outlink_count) == (2, 4)
    assert (found.source, found.depth, found.chain) == (START, 1, ())


def test_detail_of_urls_that_are_not_done(reader: StoreReader) -> None:
    """A URL kept out shows why, a waiting one that it waits, an unknown id nothing."""
    kept = reader.detail(41)
    assert kept is not None
    assert (kept.state, kept.reason, kept.fields) == (UrlState.KEPT_OUT, "too deep", ())
    waiting = reader.detail(45)
    assert waiting is not None
    assert waiting.state is UrlState.WAITING
    assert reader.detail(9999) is None


def test_redirect_chains(tmp_path: Path) -> None:
    """A chain is followed to its end; one that comes back to itself is called a loop."""
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    targets = {1: f"{START}2", 2: f"{START}3", 4: f"{START}5", 5: f"{START}4", 6: f"{START}6"}
    for n in range(1, 8):
        store.add_url(url_row(n, f"{START}{n}"))
        moved = n in targets
        outcome, code = (Outcome.REDIRECT, 302) if moved else (Outcome.OK, 200)
        store.finish(record(n, f"{START}{n}", outcome, code, redirect_url=targets.get(n, "")), [])
    store.close()
    with StoreReader(path) as reader:
        chains = {n: reader.detail(n) for n in range(1, 8)}
    one = chains[1]
    assert one is not None
    assert one.chain == (
        Hop(f"{START}1", 302, "Found"),
        Hop(f"{START}2", 302, "Found"),
        Hop(f"{START}3", 200, "OK"),
    )
    loops = {n: found.loop for n, found in chains.items() if found is not None}
    assert loops == {1: False, 2: False, 3: False, 4: True, 5: True, 6: True, 7: False}
    assert chains[7] is not None
    assert chains[7].chain == ()


def test_find_and_skipped(reader: StoreReader) -> None:
    """An address leads to its id, and URLs kept out come with their reasons."""
    assert reader.find(f"{START}section/page-3.html") == 3
    assert reader.find("http://nowhere.test/") is None
    assert [(row.url_id, row.reason, row.source) for row in reader.skipped(2, offset=1)] == [
        (42, "excluded by a pattern", START),
        (43, "excluded by a pattern", START),
    ]


@pytest.mark.parametrize("broken", [1, 2, 9])
def test_links_to_urls_are_found_whatever_texts_say(tmp_path: Path, broken: int) -> None:
    """Links to few or many targets are found exactly, also where a text looks like a list."""
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    targets = range(30, 30 + broken)
    for n in (*range(1, 25), *targets):
        store.add_url(url_row(n, f"{START}{n}"))
    for n in range(1, 25):
        to = [link(n, 1, anchor='[[30,1,0,"x"],[31,1,0]]'), link(n, 3, anchor="[30,"), link(n, 130)]
        if n % 8 == 0:
            to += [link(n, target, anchor=f"{n} to {target}") for target in (*targets, *targets)]
        store.add_url(url_row(130 + n, f"{START}{130 + n}"))
        store.finish(record(n, f"{START}{n}", page=parsed()), to)
    for target in targets:
        store.finish(record(target, f"{START}{target}", Outcome.CLIENT_ERROR, 404), [])
    store.close()
    with StoreReader(path) as reader:
        assert [(each.url_id, each.links) for each in reader.broken(20)] == [
            (target, 6) for target in targets
        ]
        detail = reader.detail(30)
        rows = list(reader.broken_links())
    assert detail is not None
    assert [each.url_id for each in detail.inlinks] == [8, 8, 16, 16, 24, 24]
    assert [(row["Address"], row["Source"], row["Anchor"]) for row in rows] == [
        (f"{START}{target}", f"{START}{n}", f"{n} to {target}")
        for target in targets
        for n in (16, 24, 8)  # by address
        for _ in range(2)
    ]


def test_the_view_shows_each_link_as_a_row(tmp_path: Path) -> None:
    """Other programs see the links that the export has, one a row, with empty texts."""
    path = build_store(tmp_path / "a.crawl", 40)
    with StoreReader(path) as reader:
        expected = [(row["Source"], row["Destination"], row["Anchor"]) for row in reader.links()]
    connection = sqlite3.connect(path)
    query = (
        "SELECT s.address, t.address, l.anchor FROM links l JOIN urls s ON s.id = l.source "
        "JOIN urls t ON t.id = l.target ORDER BY s.depth, s.address, l.position"
    )
    assert connection.execute(query).fetchall() == expected
    assert connection.execute("SELECT DISTINCT kind, rel, fragment FROM links").fetchall() == [
        (1, "", ""),
        (5, "", ""),
    ]
    connection.close()
