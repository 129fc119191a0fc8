"""The description of the store for people is true."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.model import LinkKind, Outcome
from crawler_core.store import schema
from tests.stores import build_store

TEXT = (Path(__file__).parents[3] / "docs" / "store.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A crawl as any SQLite tool opens it."""
    path = build_store(tmp_path_factory.mktemp("docs") / "a.crawl", 40, titles=["A", "B"])
    opened = sqlite3.connect(path)
    yield opened
    opened.close()


def test_all_tables_and_columns_are_described(connection: sqlite3.Connection) -> None:
    """Each table, view and column of a real store is in the text, in order, and no other."""
    described = {
        part.partition("\n")[0]: re.findall(r"^\| (\w+) \|", part, re.MULTILINE)[1:]
        for part in TEXT.split("\n## ")[1].split("\n### ")[1:]
    }
    real = {
        name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")
    }
    assert described == real


def test_marks_are_described(connection: sqlite3.Connection) -> None:
    """The numbers that tell a store from other databases are those in the file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    assert f"`PRAGMA application_id` is {application} " in TEXT
    assert application.to_bytes(4, "big") == b"CRWT"
    assert f"format: {schema.VERSION}." in TEXT


def test_words_are_described() -> None:
    """All outcomes and all kinds of links that are stored are named."""
    outcomes = next(line for line in TEXT.splitlines() if line.startswith("| outcome |"))
    words = outcomes.split("|")[2].strip().split(", ")
    assert words == [outcome.value for outcome in Outcome]
    kinds = next(line for line in TEXT.splitlines() if line.startswith("| kind |"))
    stored = [str(kind.value) for kind in LinkKind if kind is not LinkKind.CANONICAL]
    assert re.findall(r"(\d+) ", kinds) == stored


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_the_queries_run(connection: sqlite3.Connection, query: str) -> None:
    """Every query of the text runs on a real store."""
    connection.execute(query).fetchall()


def test_the_first_query_finds_the_broken_links(connection: sqlite3.Connection) -> None:
    """The query for broken links finds them with their sources."""
    rows = connection.execute(QUERIES[0]).fetchall()
    assert rows[0][1:] in {("Not Found", "http://site.test/", "to 20")}
