"""Addresses and titles of all finished pages beside the store, for the one who reads it.

A search through a million pages for a word reads every row: those of `pages` are wide, and
each needs its address from `urls`. A copy of the two texts alone is searched three times as
fast. It is a temporary table of the reader's own connection: SQLite keeps it in a file that
has no name, so that it takes no memory to speak of and is gone with the connection, and the
crawl neither pays for it nor knows of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

LEAST = 20_000
"""Finished pages from which on a copy is worth its while."""

_TABLE = "CREATE TEMP TABLE IF NOT EXISTS words (serial INTEGER PRIMARY KEY, text TEXT NOT NULL)"
_NEWEST = "SELECT coalesce(max(serial), 0) FROM temp.words"
_COPY = (
    "INSERT INTO temp.words SELECT p.serial, u.address || char(10) || p.title "
    "FROM main.pages AS p JOIN main.urls AS u ON u.id = p.url_id WHERE p.serial > ?"
)


def bring_up(connection: sqlite3.Connection) -> bool:
    """Copy what finished since the last time; False if there is too little to be worth it.

    Rows of pages that were fetched again stay under their old serial: a search joins `pages`,
    which no longer has it. Raises sqlite3.Error, also when there is no room for the copy.
    """
    with _writable(connection):
        newest = connection.execute("SELECT coalesce(max(serial), 0) FROM pages").fetchone()[0]
        if newest < LEAST:
            return False
        connection.execute(_TABLE)
        have = connection.execute(_NEWEST).fetchone()[0]
        if have < newest:
            connection.execute(_COPY, (have,))
        return True


@contextlib.contextmanager
def _writable(connection: sqlite3.Connection) -> Iterator[None]:
    """Let temporary tables be written; the store itself is open for reading only."""
    connection.execute("PRAGMA query_only = OFF")
    try:
        yield
    finally:
        connection.execute("PRAGMA query_only = ON")
