"""The shape of a crawl and its folders, as counted from a crawl file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.model import NO_ANSWER, TURNED_AWAY, Outcome, UrlState
from crawler_core.store import shape as shapes
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from crawler_core.store.shape import COLUMNS, GAP, Shape
from crawler_core.store.tree import MOST
from crawler_core.store.writer import Store
from tests.stores import AT, START, build_store, config, link, parsed, record, url_row


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    """A closed crawl of forty pages, one a second."""
    with StoreReader(build_store(tmp_path / "a.crawl", 40)) as opened:
        yield opened


def _store(path: Path) -> Store:
    return Store.create(path, config(), version="0.0")


def _finish(store: Store, number: int, at: float, *, seconds: float = 0.1) -> None:
    address = f"{START}{number}"
    store.add_url(url_row(number, address))
    store.finish(
        record(number, address, page=parsed("A title"), finished=at, seconds=seconds), [link(1, 1)]
    )


def _pages(path: Path, moments: list[float]) -> Shape:
    store = _store(path)
    for number, at in enumerate(moments, 1):
        _finish(store, number, at)
    store.close()
    with StoreReader(path) as reader:
        return reader.shape()


def test_counts_agree_with_the_summary(reader: StoreReader) -> None:
    """Answers by kind, by depth and by time add up to what the crawl file holds."""
    shape, summary = reader.shape(), reader.summary()
    assert shape.is_whole
    assert sum(shape.counts) == shape.pages == summary.done == 40
    kinds = dict(zip(shapes.CLASSES, shape.counts, strict=True))
    codes = {code: int(number) for code, number in summary.statuses.items()}
    assert kinds["2xx"] == codes["200"]
    assert kinds["4xx"] == codes["404"]
    assert kinds["5xx"] == codes["500"]
    blocked = (Outcome.BLOCKED, Outcome.ROBOTS)
    assert kinds["blocked"] == sum(summary.outcomes.get(outcome, 0) for outcome in blocked)
    assert sum(one.done for one in shape.depths) == 40
    assert sum(one.waiting for one in shape.depths) == summary.waiting
    assert sum(one.broken for one in shape.depths) == summary.broken
    rows = reader.rows(reader.ids(View("all")))
    assert sum(bar.count for bar in shape.time_bars()) == sum(r.seconds is not None for r in rows)
    assert sum(bar.count for bar in shape.size_bars()) == sum(r.size is not None for r in rows)


def test_blocked_is_what_the_filter_calls_blocked(tmp_path: Path) -> None:
    """Each kind of answer has as many URLs as the filter of that name, whatever the outcome."""
    store = _store(tmp_path / "a.crawl")
    codes = {Outcome.OK: 200, Outcome.BLOCKED: 403, Outcome.THROTTLED: 429}
    for number, outcome in enumerate(Outcome, 1):
        store.add_url(url_row(number, f"{START}{number}"))
        code = 0 if outcome in NO_ANSWER else codes.get(outcome, 0)
        store.finish(record(number, f"{START}{number}", outcome, code), [])
    store.close()
    with StoreReader(store.path) as reader:
        kinds = dict(zip(shapes.CLASSES, reader.shape().counts, strict=True))
        assert kinds["blocked"] == reader.count(View("all", "is:blocked")) == len(TURNED_AWAY)
        assert kinds["no answer"] == reader.count(View("all", "is:unanswered"))


def test_bars_hold_what_their_ends_say(tmp_path: Path) -> None:
    """A response time is counted in the bar that reaches from below it to above it."""
    store = _store(tmp_path / "a.crawl")
    times = [0.0004, 0.01, 0.0199, 0.02, 0.07, 0.3, 0.9999, 1.0, 4.0, 5.5, 9.0, 11.0, 99.0]
    for number, seconds in enumerate(times, 1):
        _finish(store, number, AT, seconds=seconds)
    store.close()
    with StoreReader(store.path) as reader:
        bars = reader.shape().time_bars()
    for bar in bars:
        high = float("inf") if bar.high is None else bar.high
        assert bar.count == sum(bar.low <= seconds < high for seconds in times), bar


def test_percentiles_are_near(tmp_path: Path) -> None:
    """Half of the answers came within p50 and 95 of 100 within p95, to a fifth."""
    store = _store(tmp_path / "a.crawl")
    times = [0.001 * (n * n % 997 + 3) for n in range(1, 400)]
    for number, seconds in enumerate(times, 1):
        _finish(store, number, AT, seconds=seconds)
    store.close()
    with StoreReader(store.path) as reader:
        shape = reader.shape()
    times.sort()
    for share in (0.5, 0.95):
        assert shape.percentile(share) == pytest.approx(times[int(share * len(times))], rel=0.2)
    (column,) = shape.columns()
    assert column.p50_ms == pytest.approx(1000 * shape.percentile(0.5))


def test_a_later_look_reads_only_what_is_new(tmp_path: Path) -> None:
    """Counting on from a known shape comes to the same as counting all of it."""
    store = _store(tmp_path / "a.crawl")
    shape = None
    with StoreReader(store.path) as reader:
        for number in range(1, 31):
            _finish(store, number, AT + number)
            if number % 7 == 0:
                store.commit()
                shape = reader.shape(shape)
                assert shape.pages == number
        store.close()
        assert reader.shape(shape) == reader.shape()


def test_a_page_asked_for_again_is_counted_once(tmp_path: Path) -> None:
    """A page that leaves its place and comes again is one page."""
    store = _store(tmp_path / "a.crawl")
    for number in range(1, 6):
        _finish(store, number, AT + number)
    store.commit()
    with StoreReader(store.path) as reader:
        before = reader.shape()
        again = record(2, f"{START}2", Outcome.SERVER_ERROR, 503, finished=AT + 50)
        store.finish(again, [])
        store.close()
        after = reader.shape(before)
    assert (before.pages, after.pages) == (5, 5)
    assert after.counts == (4, 0, 0, 1, 0, 0)


def test_large_crawls_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call counts a bounded number of pages; the next ones go on to the end."""
    monkeypatch.setattr(shapes, "CHUNK", 4)
    monkeypatch.setattr(shapes, "CHUNKS", 3)
    path = build_store(tmp_path / "a.crawl", 40)
    shape, seen = None, []
    with StoreReader(path) as reader:
        while shape is None or not shape.is_whole:
            shape = reader.shape(shape)
            seen.append(shape.pages)
    assert seen == [12, 24, 36, 40]
    monkeypatch.undo()
    with StoreReader(path) as reader:
        assert reader.shape() == shape


def test_empty_crawl(tmp_path: Path) -> None:
    """A crawl without a page has no columns, and nothing fails."""
    store = _store(tmp_path / "a.crawl")
    store.close()
    with StoreReader(store.path) as reader:
        shape = reader.shape()
        assert (shape.pages, shape.columns(), shape.is_whole) == (0, (), True)
        assert reader.folders().children == ()


def test_a_pause_is_one_column(tmp_path: Path) -> None:
    """A night between two runs takes one column, marked as a gap; a short lull is drawn."""
    shape = _pages(tmp_path / "a.crawl", [AT, AT + 1, AT + 5, AT + 40_000, AT + 40_002])
    columns = shape.columns()
    assert [column.is_gap for column in columns] == [False] * 6 + [True] + [False] * 3
    assert [sum(column.counts) for column in columns] == [1, 1, 0, 0, 0, 1, 0, 1, 0, 1]
    assert columns[6].seconds > GAP
    assert columns[6].at + columns[6].seconds == columns[7].at


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.floats(0, 4_000), min_size=1, max_size=60), most=st.integers(2, COLUMNS))
def test_columns_are_few_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], most: int
) -> None:
    """However long the crawl is, its columns are at most as many as asked for and hold all."""
    moments, at = [], AT
    for step in steps:
        at += step
        moments.append(at)
    shape = _pages(tmp_path_factory.mktemp("shape") / "a.crawl", moments)
    assert len(shape.buckets) <= COLUMNS
    columns = shape.columns(most)
    assert 0 < len(columns) <= most
    assert sum(sum(column.counts) for column in columns) == len(moments)
    begins = [column.at for column in columns]
    assert begins == sorted(begins)


def test_folders_of_a_site(tmp_path: Path) -> None:
    """A folder tells of all URLs below it, the largest first; those kept out are left aside."""
    store = _store(tmp_path / "a.crawl")
    paths = ["", "a/", "a/b/1", "a/b/2?x=/y/z", "a/c.html", "d", "e/1", "e/2/3/4"]
    for number, path in enumerate(paths, 1):
        store.add_url(url_row(number, START + path))
    store.add_url(url_row(20, "https://other.test/x/", internal=False))
    store.add_url(url_row(21, f"{START}a/kept-out"))
    store.keep_out(21, "too deep")
    store.add_url(url_row(22, "mailto:someone@site.test", internal=False))
    store.finish(record(3, START + paths[2], Outcome.CLIENT_ERROR, 404), [])
    store.finish(record(5, START + paths[4], page=parsed()), [])
    store.close()
    with StoreReader(store.path) as reader:
        hosts = reader.folders().children
        assert [(h.address, h.urls, h.internal) for h in hosts] == [
            (START, 8, True),
            ("https://other.test/", 1, False),
        ]
        top = {child.address: child for child in reader.folders(START).children}
        assert {key: (one.urls, one.done, one.broken) for key, one in top.items()} == {
            f"{START}a/": (4, 2, 1),
            f"{START}e/": (2, 0, 0),
            START: (2, 0, 0),
        }
        assert top[START].is_leaf
        assert not top[f"{START}a/"].is_leaf
        below = reader.folders(f"{START}a/").children
        assert [(one.address, one.urls) for one in below] == [
            (f"{START}a/", 2),
            (f"{START}a/b/", 2),
        ]


def test_a_large_folder_shows_its_largest(tmp_path: Path) -> None:
    """Of many folders the largest are told of, and how many are left out."""
    store = _store(tmp_path / "a.crawl")
    store.add_url(url_row(1, START))
    for number in range(2, MOST + 52):
        store.add_url(url_row(number, f"{START}f{number}/", state=UrlState.WAITING))
    store.add_url(url_row(1_000, f"{START}f250/more"))
    store.close()
    with StoreReader(store.path) as reader:
        found = reader.folders(START)
    assert len(found.children) == MOST
    assert found.left_out == 51
    assert found.children[0].address == f"{START}f250/"
