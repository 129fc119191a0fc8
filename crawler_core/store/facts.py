"""One finished URL as the columns that people know, with its links counted.

Names and order are those of Screaming Frog's "Internal: All" export for every column that
is filled here, so that people's sheets and scripts open it; our own come last.
"""

from __future__ import annotations

import functools
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from crawler_core.store.counts import LinkCounter, LinkCounts
from crawler_core.store.linklists import parts_of
from crawler_core.url import folder_depth

# In the order of the CSV; what is NULL here is counted or worked out below.
_COLUMNS = (
    ("Address", "u.address"),
    ("Content Type", "p.content_type"),
    ("Status Code", "p.status_code"),
    ("Status", "p.status"),
    ("Indexability", "p.indexability"),
    ("Indexability Status", "p.indexability_status"),
    ("Title 1", "p.title"),
    ("Title 1 Length", "p.title_length"),
    ("Meta Description 1", "p.description"),
    ("Meta Description 1 Length", "p.description_length"),
    ("Meta Keywords 1", "p.keywords"),
    ("H1-1", "p.h1_1"),
    ("H1-1 Length", "p.h1_1_length"),
    ("H1-2", "p.h1_2"),
    ("H1-2 Length", "p.h1_2_length"),
    ("H2-1", "p.h2_1"),
    ("H2-1 Length", "p.h2_1_length"),
    ("H2-2", "p.h2_2"),
    ("H2-2 Length", "p.h2_2_length"),
    ("Meta Robots 1", "p.meta_robots"),
    ("X-Robots-Tag 1", "p.x_robots_tag"),
    ("Meta Refresh 1", "p.meta_refresh"),
    ("Canonical Link Element 1", "p.canonical"),
    ("Size (bytes)", "p.size"),
    ("Transferred (bytes)", "p.transferred"),
    ("Word Count", "p.word_count"),
    ("Text Ratio", "round(p.text_ratio, 3)"),
    ("Crawl Depth", "u.depth"),
    ("Folder Depth", "NULL"),
    ("Inlinks", "NULL"),
    ("Unique Inlinks", "NULL"),
    ("Outlinks", "NULL"),
    ("Unique Outlinks", "NULL"),
    ("External Outlinks", "NULL"),
    ("Unique External Outlinks", "NULL"),
    ("Hash", "p.hash"),
    ("Response Time", "round(p.response_time, 3)"),
    ("Last Modified", "p.last_modified"),
    ("Redirect URL", "p.redirect_url"),
    ("Redirect Type", "p.redirect_type"),
    ("Language", "p.language"),
    ("HTTP Version", "p.http_version"),
    ("URL Encoded Address", "u.address"),
    ("Crawl Timestamp", "p.finished"),
    ("Outcome", "p.outcome"),
    ("Attempts", "u.attempts"),
    ("Parser", "p.parser"),
)
NAMES = tuple(name for name, _ in _COLUMNS)
_ADDRESS = NAMES.index("Address")
_FOLDER_DEPTH = NAMES.index("Folder Depth")
_COUNTS = slice(NAMES.index("Inlinks"), NAMES.index("Unique External Outlinks") + 1)
_TIMESTAMP = NAMES.index("Crawl Timestamp")
_SELECT = (
    f"SELECT u.id, {', '.join(expression for _, expression in _COLUMNS)} "
    "FROM pages AS p JOIN urls AS u ON u.id = p.url_id WHERE p.url_id"
)
_ORDERED = (
    "SELECT p.url_id FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "WHERE u.internal = ? ORDER BY u.depth, u.address"
)


def ordered_pages(connection: sqlite3.Connection, internal: bool) -> array[int]:
    """Ids of the finished URLs by crawl depth, then address (by code points)."""
    return array("q", (row[0] for row in connection.execute(_ORDERED, (int(internal),))))


def page_values(
    connection: sqlite3.Connection, ids: Iterable[int], counts: LinkCounter
) -> Iterator[list[Any]]:
    """The values of `NAMES` for the given URLs, those not finished left out; none is None."""
    for part in parts_of(ids):
        statement = f"{_SELECT} IN ({', '.join('?' * len(part))})"
        rows = {row[0]: row for row in connection.execute(statement, part)}
        for url_id in part:
            row = rows.get(url_id)
            if row is not None:
                yield _values(row, counts[url_id])


def page_facts(
    connection: sqlite3.Connection, ids: Iterable[int], counts: LinkCounter
) -> Iterator[dict[str, Any]]:
    """The same, by name."""
    for values in page_values(connection, ids, counts):
        yield dict(zip(NAMES, values, strict=True))


@functools.lru_cache(maxsize=64)
def stamp(at: int) -> str:
    """Unix time as UTC text, `YYYY-MM-DD HH:MM:SS`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _values(row: tuple[Any, ...], links: LinkCounts) -> list[Any]:
    values = ["" if value is None else value for value in row]
    del values[0]
    values[_FOLDER_DEPTH] = folder_depth(values[_ADDRESS])
    values[_COUNTS] = links
    values[_TIMESTAMP] = stamp(int(values[_TIMESTAMP]))
    return values
