"""Titles, descriptions and first headings in their order, and which of them several pages share.

Two temporary tables of the reader's connection for each of the three: `by_…` has a row for
every page, in the order of the text, and `twins_…` each text that more than one read page has.
Both are brought up with what is new, so that duplicates are never counted from the beginning.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

COLUMNS: Mapping[str, str] = {"title": "title", "description": "description", "h1": "h1_1"}
"""Fields by their column of `pages`."""
IS_PAGE = "p.parsed = 1 AND p.outcome = 'ok'"
"""An internal HTML page that was read."""

TABLES = "".join(
    f"CREATE TEMP TABLE by_{name} (value TEXT NOT NULL, serial INTEGER NOT NULL, "
    "url_id INTEGER NOT NULL, page INTEGER NOT NULL, PRIMARY KEY (value, serial)) WITHOUT ROWID;"
    f"CREATE TEMP TABLE twins_{name} (value TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;"
    for name in COLUMNS
)
_REACH = "FROM main.pages AS p WHERE p.serial > ? AND p.serial <= ?"


def copy(connection: sqlite3.Connection, name: str, after: int, until: int) -> None:
    """Take in the pages with serials above `after` up to `until`. Raises sqlite3.Error."""
    column = COLUMNS[name]
    connection.execute(
        f"INSERT INTO temp.by_{name} SELECT p.{column}, p.serial, p.url_id, {IS_PAGE} {_REACH} "
        "ORDER BY 1, 2",
        (after, until),
    )
    if not after:
        connection.execute(
            f"INSERT INTO temp.twins_{name} SELECT value FROM temp.by_{name} "
            "WHERE page = 1 AND value <> '' GROUP BY value HAVING count(*) > 1"
        )
        return
    connection.execute(
        f"INSERT OR IGNORE INTO temp.twins_{name} SELECT p.{column} {_REACH} "
        f"AND p.{column} <> '' AND {IS_PAGE} AND EXISTS (SELECT 1 FROM temp.by_{name} AS b "
        f"WHERE b.value = p.{column} AND b.serial <> p.serial AND b.page = 1)",
        (after, until),
    )


def forget(connection: sqlite3.Connection, name: str) -> None:
    """Drop the pages in `temp.gone`, and texts that one page is left with. Raises sqlite3.Error."""
    connection.execute(
        f"CREATE TEMP TABLE suspects AS SELECT DISTINCT value FROM temp.by_{name} "
        "WHERE page = 1 AND value <> '' AND serial IN (SELECT serial FROM temp.gone)"
    )
    connection.execute(f"DELETE FROM temp.by_{name} WHERE serial IN (SELECT serial FROM temp.gone)")
    connection.execute(
        f"DELETE FROM temp.twins_{name} WHERE value IN (SELECT value FROM temp.suspects) "
        f"AND NOT EXISTS (SELECT 1 FROM temp.by_{name} AS b WHERE b.value = twins_{name}.value "
        "AND b.page = 1 LIMIT 1 OFFSET 1)"
    )
    connection.execute("DROP TABLE temp.suspects")
