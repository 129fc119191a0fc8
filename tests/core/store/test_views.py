"""Filters over a real store: SQL says what a plain look at each row says."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler_core.errors import CrawlError
from crawler_core.export import COLUMNS
from crawler_core.filters import (
    FIELDS,
    KINDS,
    PRESETS,
    Ending,
    Kind,
    Number,
    Preset,
    Status,
    Term,
    Text,
    parse,
)
from crawler_core.model import Heading, Outcome
from crawler_core.store import copies
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import SortKey, View
from crawler_core.store.writer import Store
from tests.stores import config, fill, make_ready, parsed, record, url_row

TYPES = ("text/html; charset=utf-8", "image/png", "text/css", "application/javascript")
TEXTS = {
    "title": "Title 1",
    "description": "Meta Description 1",
    "h1": "H1-1",
    "canonical": "Canonical Link Element 1",
    "redirect": "Redirect URL",
    "type": "Content Type",
    "why": "Indexability Status",
    "url": "Address",
}
NUMBERS = {
    "depth": "Crawl Depth",
    "size": "Size (bytes)",
    "words": "Word Count",
    "title-length": "Title 1 Length",
    "description-length": "Meta Description 1 Length",
    "h1-length": "H1-1 Length",
}
"""Fields by the columns of the CSV, which are read in another way."""

Row = dict[str, object]
"""One URL: its columns, and what they do not tell."""


def _fill(store: Store) -> None:
    """Sixty URLs in which every field has several values, among them none."""
    for number in range(1, 61):
        external = number % 7 == 0
        host = "other.test:8080" if external else "site.test"
        address = f"http://{host}/{'Guide' if number % 3 else 'a_b%'}/{number}"
        store.add_url(url_row(number, address, depth=number % 5, internal=not external))
        outcome, code = list(CASES)[number % len(CASES)]
        content_type = TYPES[number % len(TYPES)] if number % 11 else TYPES[0]
        read = outcome is Outcome.OK and content_type == TYPES[0] and not external
        title = ["", "Same", "Ünique 100%", "same", f"Page {number} "][number % 5]
        page = parsed(
            title,
            description=Heading("Told \\ twice", 12) if number % 3 else Heading("", 0),
            h1=(Heading("Head", 4),) if number % 4 else (),
            canonical=f"http://site.test/{number % 2}" if number % 5 == 1 else "",
            word_count=number * 10,
        )
        moved = "http://site.test/new" if outcome is Outcome.REDIRECT else ""
        store.finish(
            record(
                *(number, address, outcome, code),
                page=page if read else None,
                content_type=content_type,
                redirect_url=moved,
                seconds=number / 20,
            ),
            [],
        )


CASES = (
    *((Outcome.OK, 200),) * 4,
    (Outcome.REDIRECT, 301),
    (Outcome.CLIENT_ERROR, 404),
    (Outcome.SERVER_ERROR, 500),
    (Outcome.TIMEOUT, 0),
    (Outcome.BLOCKED, 403),
    (Outcome.ROBOTS, 0),
    (Outcome.OK, 200),
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreReader]:
    """That crawl, closed."""
    path = tmp_path_factory.mktemp("views") / "a.crawl"
    store = Store.create(path, config(), version="1")
    _fill(store)
    store.close()
    with StoreReader(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def ready(reader: StoreReader) -> Iterator[StoreReader]:
    """A reader of the same crawl that is ready for many searches."""
    with pytest.MonkeyPatch.context() as patch, StoreReader(reader.path) as opened:
        patch.setattr(copies, "LEAST", 1)
        make_ready(opened)
        yield opened


@pytest.fixture(scope="module")
def rows(reader: StoreReader) -> dict[int, Row]:
    """All URLs by id, in the order in which they finished."""
    ids = {row.address: row for row in reader.rows(reader.ids(View("all")))}
    found: dict[int, Row] = {}
    for internal in (True, False):
        for row in reader.pages(internal):
            brief = ids[row["Address"]]
            extra = {"internal": internal, "broken": brief.broken, "ms": brief.seconds}
            found[brief.url_id] = row | extra
    return {url_id: found[url_id] for url_id in reader.ids(View("all"))}


def _holds(term: Term, row: Row, rows: dict[int, Row]) -> bool:
    return _plainly(term.test, row, rows) != term.inverse


def _plainly(test: object, row: Row, rows: dict[int, Row]) -> bool:
    match test:
        case Text("", value):
            return _has(row["Address"], value) or _has(row["Title 1"], value)
        case Text("host", value):
            host = str(row["Address"]).split("/")[2]
            return _has(host, value) if value else not host
        case Text(field, value):
            return _has(row[TEXTS[field]], value) if value else row[TEXTS[field]] == ""
        case Number(field, low, high, without):
            number = row["ms"] if field == "ms" else row[NUMBERS[field]]
            if number is None or number == "":
                return False
            assert isinstance(number, int | float)
            number = number * 1000 if field == "ms" else number
            return low < number < high if without else low <= number <= high
        case Status(ranges):
            return any(low <= int(str(row["Status Code"])) <= high for low, high in ranges)
        case Ending(outcomes):
            return row["Outcome"] in outcomes
        case Kind(name):
            return _is(name, row, rows)
    raise AssertionError(test)


def _has(text: object, part: str) -> bool:
    return _small(part) in _small(str(text))


def _small(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _is_page(row: Row) -> bool:
    return bool(row["Parser"]) and row["Outcome"] == "ok"


def _is(name: str, row: Row, rows: dict[int, Row]) -> bool:
    if name.startswith("duplicate-"):
        column = TEXTS[name.removeprefix("duplicate-")]
        seen = Counter(other[column] for other in rows.values() if _is_page(other))
        return _is_page(row) and row[column] != "" and seen[row[column]] > 1
    kind, answers = (
        str(row["Content Type"]),
        {
            "internal": row["internal"],
            "external": not row["internal"],
            "page": _is_page(row),
            "broken": row["broken"],
            "redirect": row["Redirect URL"] != "",
            "blocked": row["Outcome"] in {"blocked", "throttled", "robots"},
            "unanswered": row["Status Code"] == 0 and row["Outcome"] != "robots",
            "indexable": row["Indexability"] == "Indexable" and row["internal"],
            "non-indexable": row["Indexability"] == "Non-Indexable" and row["internal"],
            "canonicalised": row["Indexability Status"] == "Canonicalised",
        },
    )
    contents = {"html": "text/html", "image": "image/", "css": "text/css"}
    contents |= {"javascript": "javascript", "pdf": "application/pdf"}
    return contents[name] in kind if name in contents else bool(answers[name])


VALUES = st.one_of(
    st.sampled_from([*KINDS, '""', '"a b"', "guide", "a_b%", "%", "_", "\\", "ü", "same", "text"]),
    st.sampled_from(["200", "4xx", ">=400", "none", ">3", "<=2", "2-4", "100", ">1k", "<500", "0"]),
    st.sampled_from(["client-error", "robots", "parser", "301,404", "other.test", "8080"]),
    st.text(max_size=6),
)
TERM = st.builds(
    lambda sign, field, value: sign + (f"{field}:{value}" if field else value),
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", *FIELDS]),
    VALUES,
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.lists(TERM, max_size=4).map(" ".join))
def test_sql_says_what_a_plain_look_says(
    reader: StoreReader, ready: StoreReader, rows: dict[int, Row], typed: str
) -> None:
    """Any filter finds exactly the rows that Python finds by looking at each, in their order."""
    terms = parse(typed).terms
    expected = [
        url_id for url_id, row in rows.items() if all(_holds(term, row, rows) for term in terms)
    ]
    view = View("all", typed)
    assert list(reader.ids(view)) == expected
    assert list(reader.ids(view, limit=3)) == expected[:3]
    assert reader.count(view) == len(expected)
    assert reader.tally([view, View("all")]) == [len(expected), 60]
    assert list(ready.ids(view)) == expected
    assert list(ready.ids(View("all", typed, reverse=True), limit=3)) == expected[::-1][:3]
    assert list(ready.ids(View("all", typed, "address"))) == list(
        reader.ids(View("all", typed, "address"))
    )


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_presets(reader: StoreReader, rows: dict[int, Row], preset: Preset) -> None:
    """A view with a name has the rows of its filter, and holds them apart from its opposite."""
    terms = parse(preset.text).terms
    found = list(reader.ids(View("all", preset.text)))
    assert found == [
        url_id for url_id, row in rows.items() if all(_holds(term, row, rows) for term in terms)
    ]
    sure = {"PDF", "Over 60 Characters", "Over 155 Characters", "Large pages (over 1 MB)"}
    assert bool(found) != (preset.name in sure), "the site has such rows"


def test_an_inverse_is_all_the_rest(reader: StoreReader) -> None:
    """What has no number at all is left out by a number, and let in by its inverse."""
    with_words = set(reader.ids(View("all", "words:>100")))
    without = set(reader.ids(View("all", "!words:>100")))
    assert with_words
    assert not with_words & without
    assert len(with_words | without) == 60


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("words", "Word Count"),
        ("title-length", "Title 1 Length"),
        ("description", "Meta Description 1"),
        ("h1", "H1-1"),
        ("canonical", "Canonical Link Element 1"),
        ("redirect", "Redirect URL"),
    ],
)
def test_sorting_by_columns_to_choose(
    reader: StoreReader, rows: dict[int, Row], key: SortKey, column: str
) -> None:
    """Every column that can be shown sorts; what has no value comes first."""
    found = [rows[url_id][column] for url_id in reader.ids(View("all", "is:page", key))]
    assert found
    assert found == sorted(found, key=lambda value: (value != "", value))


def test_filtered_rows_with_all_columns(reader: StoreReader, rows: dict[int, Row]) -> None:
    """The export of a view has its rows, in its order, with the columns of every export."""
    view = View("all", "status:4xx", "address", reverse=True)
    found = list(reader.view_values(view))
    wanted = sorted(
        (row for row in rows.values() if str(row["Status Code"])[0] == "4"),
        key=lambda row: str(row["Address"]),
        reverse=True,
    )
    assert len(found) > 3
    assert [values[0] for values in found] == [row["Address"] for row in wanted]
    assert {len(values) for values in found} == {len(COLUMNS)}


def test_ready_for_searches_while_the_crawl_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finishes after the texts were copied is found by following, and then by a search."""
    monkeypatch.setattr(copies, "LEAST", 10)
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    fill(store, 9, skipped=0, waiting=0)
    store.commit()
    view = View("all", "page-")
    with StoreReader(path) as reader:
        make_ready(reader)
        assert len(reader.ids(view)) == 8, "too few to be copied"
        for number in (20, 21):
            store.add_url(url_row(number, f"http://site.test/page-{number}"))
            store.finish(record(number, f"http://site.test/page-{number}"), [])
        store.commit()
        make_ready(reader)
        store.finish(record(3, "http://site.test/section/page-3.html"), [])
        store.add_url(url_row(22, "http://site.test/page-22"))
        store.finish(record(22, "http://site.test/page-22"), [])
        store.commit()
        found, mark = reader.follow(view, 0)
        assert sorted(found) == [2, 4, 5, 6, 7, 8, 9, 20, 21], "3 was fetched again"
        assert list(reader.follow(view, mark)[0]) == [3, 22]
        make_ready(reader)
        assert list(reader.ids(view))[-3:] == [21, 3, 22]
        assert reader.count(View("all", "section/page-3")) == 1
    store.close()


def test_a_search_that_is_given_up(reader: StoreReader) -> None:
    """What another thread interrupts ends with a sentence; the reader can be used again."""
    caught = []

    def search() -> None:
        try:
            while True:
                reader.ids(View("all", "x y z !a !b !c"))
        except CrawlError as error:
            caught.append(str(error))

    thread = threading.Thread(target=search)
    thread.start()
    deadline = time.monotonic() + 20
    while thread.is_alive() and time.monotonic() < deadline:
        reader.interrupt()
        thread.join(0.001)
    assert not thread.is_alive()
    assert caught == ["This reading was given up for another one: ask again."]
    assert reader.count(View("all")) == 60
