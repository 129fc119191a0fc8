"""A writer is killed at each of its statements: what is on disk is whole every time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crawler_core.model import UrlState
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.core.store.dying import LINKS, PAGES, address
from tests.stores import config

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def graves(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of all writers, in the order of their deaths; the last one lived."""
    folder = tmp_path_factory.mktemp("dying")
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.store.dying", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return sorted(folder.iterdir(), key=lambda place: int(place.name))


def committed(place: Path) -> list[str]:
    """What the writer had told before its death."""
    told = place / "committed"
    return told.read_text().split() if told.exists() else []


def test_every_statement_is_a_crash_point(graves: list[Path]) -> None:
    """Deaths are spread over all phases, and the last writer reaches its end."""
    assert committed(graves[-1]) == ["created", "urls", "pages", "again", "end", "closed"]
    assert {tuple(committed(place)) for place in graves} >= {
        (),
        ("created",),
        ("created", "urls"),
        ("created", "urls", "pages"),
        ("created", "urls", "pages", "again"),
        ("created", "urls", "pages", "again", "end"),
    }


def test_no_page_is_half_there(graves: list[Path]) -> None:
    """After any death a page has its row, done-mark, links, headers and ids, or none of them."""
    opened = 0
    for place in graves:
        path = place / "a.crawl"
        if not path.exists():
            assert committed(place) == []
            Store.create(path, config(), version="0").close()
            continue
        store = Store.open(path)
        store.close()
        check(path)
        opened += 1
    assert opened > 40


def check(path: Path) -> None:
    """Compare each page of the store with what its writer gave it."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    done = {row[0] for row in connection.execute("SELECT id FROM urls WHERE state = 1")}
    pages = dict(connection.execute("SELECT url_id, title FROM pages"))
    assert set(pages) == done
    for table, key in (("headers", "url_id"), ("element_ids", "url_id"), ("links", "source")):
        assert {row[0] for row in connection.execute(f"SELECT {key} FROM {table}")} == done
    for url_id, title in pages.items():
        expected = LINKS if title == "first" else 2 * LINKS
        one = (url_id,)
        links = connection.execute("SELECT count(*) FROM links WHERE source = ?", one).fetchone()
        names = connection.execute("SELECT names FROM element_ids WHERE url_id = ?", one)
        assert (links[0], len(names.fetchone()[0].split("\n"))) == (expected, expected)
    connection.close()


def test_what_was_committed_is_there(graves: list[Path]) -> None:
    """Each commit that returned before the death is found again, in whole."""
    for place in graves:
        told = committed(place)
        if "urls" not in told:
            continue
        with StoreReader(place / "a.crawl") as reader:
            assert [reader.find(address(n)) for n in range(1, PAGES + 1)] == [1, 2, 3, 4, 5]
        store = Store.open(place / "a.crawl")
        rows = {row.url_id: row for row in store.urls()}
        if "pages" in told:
            assert store.outcome_of(1) is not None
        if "again" in told:
            assert (rows[3].state, rows[3].reason) == (UrlState.KEPT_OUT, "excluded")
            assert len(store.links_from(1)) == 2 * LINKS
            assert rows[4].attempts == 2
        if "end" in told:
            assert store.meta("state") == "finished"
            assert len(store.links_from(2)) == 2 * LINKS
        store.close()


def test_a_dead_writer_leaves_no_owner(graves: list[Path]) -> None:
    """The lock of a killed writer is taken over, and closing leaves the store alone."""
    for place in graves:
        path = place / "a.crawl"
        if path.exists():
            Store.open(path).close()
        assert {file.name for file in place.iterdir()} <= {"a.crawl", "committed"}
