"""The copies beside a store: whatever is asked of them, they say what the store says."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.errors import CrawlError
from crawler_core.filters import PRESETS
from crawler_core.model import Heading, Outcome, PageRecord, UrlState
from crawler_core.store import copies, plans
from crawler_core.store.idlists import unpack
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import SortKey, View
from crawler_core.store.writer import Store
from tests.stores import AT, config, make_ready, parsed, record, url_row

SORTS: tuple[SortKey, ...] = get_args(SortKey)
TYPED = (
    *("", "guide", "page-1 !guide", "!guide", "gu", "title:same", "description:told is:page"),
    *("h1:head status:200", "depth:>1", "is:external", "is:broken guide", "type:png", 'h1:""'),
    *("is:duplicate-title guide", "is:duplicate-h1 is:duplicate-title", "!is:duplicate-h1"),
    *("is:duplicate-description depth:1", "ms:>150", "description:zzz", "host:site", 'url:""'),
    *("is:duplicate-title is:internal", 'canonical:"" is:page', "redirect:new", "words:>20"),
)
TEXTS = ("", "Same", "same", "Guide 1", "Ünique 100%", "a_b", "told twice")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of few pages, made in many parts, and attempts that often fall short."""
    monkeypatch.setattr(copies, "LEAST", 1)
    monkeypatch.setattr(copies, "PART", 7)
    monkeypatch.setattr(copies, "STEP", 3)
    monkeypatch.setattr(plans, "_TRIED", 9)
    monkeypatch.setattr(plans, "_READ", 9)


class Page(msgspec.Struct, frozen=True):
    """What a page is like, by places in lists of few values."""

    outcome: int
    title: int
    description: int
    h1: int
    depth: int
    external: bool
    number: int

    def record(self, url_id: int, address: str) -> PageRecord:
        """The finished page."""
        outcome, code = OUTCOMES[self.outcome]
        description, h1 = TEXTS[self.description], TEXTS[self.h1]
        page = parsed(
            TEXTS[self.title],
            description=Heading(description, len(description)),
            h1=(Heading(h1, len(h1)),) if h1 else (),
            word_count=self.number * 10,
            canonical="http://site.test/guide" if self.number % 3 else "",
        )
        return record(
            *(url_id, address, outcome, code),
            page=page if code in {200, 404} and not self.external and self.number else None,
            content_type=("text/html", "image/png")[self.number % 2],
            redirect_url="http://site.test/new" if code == 301 else "",
            seconds=self.number / 20,
            finished=AT + url_id,
        )


OUTCOMES = (
    *((Outcome.OK, 200),) * 4,
    *((Outcome.REDIRECT, 301), (Outcome.CLIENT_ERROR, 404), (Outcome.TIMEOUT, 0)),
)
PAGE = st.builds(
    Page,
    outcome=st.integers(0, len(OUTCOMES) - 1),
    title=st.integers(0, len(TEXTS) - 1),
    description=st.integers(0, len(TEXTS) - 1),
    h1=st.integers(0, len(TEXTS) - 1),
    depth=st.integers(0, 3),
    external=st.booleans(),
    number=st.integers(0, 5),
)
WORD = st.sampled_from(["finish", "again", "again", "wait", "nearer", "look"])
"""What happens to a page; "look": the copies are brought up."""
CHANGES = st.lists(st.tuples(WORD, PAGE, st.integers(0, 200)), min_size=1, max_size=25)


def _address(url_id: int, page: Page) -> str:
    host = "other.test" if page.external else "site.test"
    return f"http://{host}/{TEXTS[page.number].replace(' ', '-')}/page-{url_id}"


class Crawl:
    """A crawl to which random things happen."""

    def __init__(self, path: Path, pages: list[Page]) -> None:
        self.path = path
        self.store = Store.create(path, config(), version="1")
        self._pages: list[Page] = []
        for page in pages:
            self.finish(page)
        self.store.commit()

    def finish(self, page: Page) -> None:
        """A page that was not known."""
        self._pages.append(page)
        url_id = len(self._pages)
        row = url_row(url_id, _address(url_id, page), depth=page.depth, internal=not page.external)
        self.store.add_url(row)
        self.store.finish(page.record(url_id, row.address), [])

    def change(self, word: str, page: Page, which: int) -> None:
        """Something that happens to one of the pages."""
        url_id = which % len(self._pages) + 1
        was = self._pages[url_id - 1]
        address = _address(url_id, was)
        if word == "again":
            now = msgspec.structs.replace(page, external=was.external, number=was.number)
            self.store.finish(now.record(url_id, address), [])
        elif word == "finish":
            self.finish(page)
        else:
            waits = word == "wait"
            state = UrlState.WAITING if waits or not self._is_done(url_id) else UrlState.DONE
            row = url_row(url_id, address, depth=page.depth, internal=page.external, state=state)
            self.store.update_url(row)

    def reopen(self) -> None:
        """Another process goes on with it."""
        self.store.close(checkpoint=False)
        self.store = Store.open(self.path)

    def _is_done(self, url_id: int) -> bool:
        return self.store.outcome_of(url_id) is not None


def _views() -> Iterator[View]:
    for number, typed in enumerate([*TYPED, *(preset.text for preset in PRESETS)]):
        for turn in range(3):
            sort = SORTS[(number + 7 * turn) % len(SORTS)]
            yield View("all", typed, sort, reverse=(number + turn) % 2 == 1)
    for sort in SORTS:
        for reverse in (False, True):
            yield View("all", "", sort, reverse)
    for twin in ("title", "description", "h1"):
        yield View("all", f"is:duplicate-{twin}", twin)
        yield View("pages", "", twin, reverse=True)
        yield View("broken", "guide", twin)


VIEWS = list(_views())


def _compare(ready: StoreReader, plain: StoreReader) -> None:
    for view in VIEWS:
        expected = list(plain.ids(view))
        assert list(ready.ids(view)) == expected, view
        assert list(ready.ids(view, limit=3)) == expected[:3], view
        assert ready.count(view) == len(expected), view
    some = [View("all", preset.text) for preset in PRESETS]
    assert ready.tally(some) == plain.tally(some)
    typed = [View("all", f"{preset.text} guide".strip()) for preset in PRESETS]
    assert ready.tally(typed) == plain.tally(typed)


@settings(max_examples=15, deadline=None)
@given(pages=st.lists(PAGE, min_size=1, max_size=40), changes=CHANGES, reopened=st.booleans())
def test_copies_say_what_the_store_says(
    tmp_path_factory: pytest.TempPathFactory,
    pages: list[Page],
    changes: list[tuple[str, Page, int]],
    reopened: bool,
) -> None:
    """Every view is the same with copies and without: at first, and after anything happened."""
    path = tmp_path_factory.mktemp("copies") / "a.crawl"
    crawl = Crawl(path, pages)
    with StoreReader(path) as ready, StoreReader(path) as plain:
        make_ready(ready)
        assert ready._copies.ready
        _compare(ready, plain)
        for word, page, which in changes:
            if word == "look":
                crawl.store.commit()
                make_ready(ready)
                if reopened:
                    crawl.reopen()
            else:
                crawl.change(word, page, which)
        crawl.store.commit()
        make_ready(ready)
        _compare(ready, plain)
    crawl.store.close()


def _page(title: str, **fields: int) -> Page:
    return msgspec.structs.replace(
        Page(0, TEXTS.index(title), 0, 0, 1, external=False, number=1), **fields
    )


def test_a_number_that_is_given_away_again(tmp_path: Path) -> None:
    """The newest page waits again and the crawl is resumed: its number gets another page."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same"), _page("a_b"), _page("Guide 1")])
    with StoreReader(crawl.path) as ready, StoreReader(crawl.path) as plain:
        make_ready(ready)
        crawl.change("wait", _page(""), 2)
        crawl.reopen()
        for title in ("Same", "a_b"):
            crawl.finish(_page(title))
        crawl.store.commit()
        make_ready(ready)
        assert list(ready.ids(View("all", "is:duplicate-title", "title"))) == [1, 4, 2, 5]
        _compare(ready, plain)
    crawl.store.close()


def test_a_twin_that_changes_its_title(tmp_path: Path) -> None:
    """A page alone with its title is no duplicate any more, in whatever way its twin went."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same"), _page("Same"), _page("a_b")])
    view = View("all", "is:duplicate-title", "title")
    with StoreReader(crawl.path) as ready:
        make_ready(ready)
        assert list(ready.ids(view)) == [1, 2]
        crawl.change("again", _page("a_b"), 1)
        crawl.store.commit()
        make_ready(ready)
        assert list(ready.ids(view)) == [3, 2]
        crawl.change("wait", _page(""), 2)
        crawl.store.commit()
        make_ready(ready)
        assert list(ready.ids(view)) == []
    crawl.store.close()


def test_copies_are_made_in_parts(tmp_path: Path) -> None:
    """Between two parts the reader reads as before; what is new by then is taken in too."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same")] * 30)
    view = View("all", "", "title")
    with StoreReader(crawl.path) as ready:
        parts = 1
        while not ready.prepare():
            parts += 1
            assert len(ready.ids(view)) >= 30
            if parts == 3:
                crawl.finish(_page("a_b"))
                crawl.store.commit()
        assert parts > 6
        assert list(ready.ids(view))[-1] == 31
    crawl.store.close()


def test_copies_get_ready_while_the_crawl_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is new before every part is taken in in the end, and holds up nothing."""
    monkeypatch.setattr(copies, "STEP", 10)
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same")] * 30)
    with StoreReader(crawl.path) as ready, StoreReader(crawl.path) as plain:
        for _ in range(20):
            crawl.finish(_page("a_b"))
            crawl.store.commit()
            if ready.prepare():
                break
        assert ready._copies.ready
        _compare(ready, plain)
    crawl.store.close()


def test_all_pages_wait_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pages that come after all others went are found, without copies if need be."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same")] * 6)
    with StoreReader(crawl.path) as ready, StoreReader(crawl.path) as plain:
        make_ready(ready)
        monkeypatch.setattr(copies, "LEAST", 6)
        for which in range(6):
            crawl.change("wait", _page(""), which)
        crawl.reopen()
        for newer in range(7):
            make_ready(ready)
            assert len(ready.ids(View("all"))) == newer
            _compare(ready, plain)
            crawl.finish(_page("a_b"))
            crawl.store.commit()
    crawl.store.close()


def test_a_part_that_is_given_up(tmp_path: Path) -> None:
    """What another thread interrupts leaves the copies whole; the next part goes on."""
    crawl = Crawl(tmp_path / "a.crawl", [_page(title) for title in TEXTS] * 40)
    with StoreReader(crawl.path) as ready, StoreReader(crawl.path) as plain:
        stopped = 0
        over = threading.Event()

        def interrupt() -> None:
            while not over.is_set():
                ready.interrupt()
                time.sleep(0.0002)

        thread = threading.Thread(target=interrupt)
        thread.start()
        for _ in range(300):
            try:
                ready.prepare()
            except CrawlError:
                stopped += 1
        over.set()
        thread.join()
        make_ready(ready)
        assert stopped
        _compare(ready, plain)
    crawl.store.close()


def test_without_room_for_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no error: the reader reads as before, and does not try again each time."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same")] * 9)

    def full(*_: object) -> None:
        asked.append(1)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    asked: list[int] = []
    monkeypatch.setattr("crawler_core.store.words.copy", full)
    with StoreReader(crawl.path) as ready:
        assert ready.prepare()
        assert ready.prepare()
        assert len(asked) == 1
        assert len(ready.ids(View("all", "page-"))) == 9
    crawl.store.close()


def test_the_store_is_never_written(tmp_path: Path) -> None:
    """A reader with copies still refuses to change the crawl, and leaves no file beside it."""
    crawl = Crawl(tmp_path / "a.crawl", [_page("Same")] * 9)
    crawl.store.close()
    before = crawl.path.read_bytes()
    with StoreReader(crawl.path) as ready:
        make_ready(ready)
        with pytest.raises(sqlite3.OperationalError):
            ready._connection.execute("DELETE FROM pages")
        assert [path.name for path in tmp_path.iterdir() if "lock" not in path.name] == ["a.crawl"]
    assert crawl.path.read_bytes() == before


@pytest.mark.parametrize("count", [0, 1, 2, 9_000, 40_000])
def test_long_lists_are_unpacked_in_parts(count: int) -> None:
    """A list of ids is the same however many parts it is read in."""
    numbers = list(range(7, 7 + count))
    assert list(unpack(msgspec.json.encode(numbers).decode())) == numbers
