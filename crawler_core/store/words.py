"""Addresses and titles of all finished pages beside the store, many of them in a row.

A search for a rare word reads every page. Its cost is that of the rows, not of the letters:
so 64 pages lie in one row of a temporary table of the reader's connection. A row that holds
the word says which few pages to look at in the store, where all of the filter is tested: what
a page left here before it was fetched again is therefore never shown.
"""

from __future__ import annotations

import sqlite3

BITS = 6
"""Pages of a row: serials that are the same without so many low bits."""

TABLE = "CREATE TEMP TABLE words (chunk INTEGER PRIMARY KEY, text TEXT NOT NULL);"
_COPY = (
    f"INSERT OR REPLACE INTO temp.words SELECT p.serial >> {BITS}, "
    "group_concat(u.address || char(10) || p.title, char(10)) "
    "FROM main.pages AS p CROSS JOIN main.urls AS u ON u.id = p.url_id "
    f"WHERE p.serial >= ? AND p.serial <= ? GROUP BY p.serial >> {BITS}"
)


def copy(connection: sqlite3.Connection, after: int, until: int) -> None:
    """Take in the pages with serials above `after` up to `until`. Raises sqlite3.Error."""
    connection.execute(_COPY, (after >> BITS << BITS, until))
