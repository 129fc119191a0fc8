"""One finished URL as the columns that people know, with its links counted.

Names and order are those of Screaming Frog's "Internal: All" export for every column that
is filled here, so that people's sheets and scripts open it; our own come last.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from crawler_core.model import HYPERLINK_KINDS, RESOURCE_KINDS
from crawler_core.scope import INVALID
from crawler_core.store.schema import ONLY_FRAGMENT
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
_NAMES = tuple(name for name, _ in _COLUMNS)
_SELECT = (
    f"SELECT u.id, {', '.join(expression for _, expression in _COLUMNS)} "
    "FROM pages AS p JOIN urls AS u ON u.id = p.url_id WHERE p.url_id = ?"
)
_ORDERED = (
    "SELECT p.url_id FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "WHERE u.internal = ? ORDER BY u.depth, u.address"
)

_HYPERLINK = f"kind IN ({', '.join(str(kind.value) for kind in sorted(HYPERLINK_KINDS))})"
_RESOURCE = f"kind IN ({', '.join(str(kind.value) for kind in sorted(RESOURCE_KINDS))})"
_COUNTED = f"flags & {ONLY_FRAGMENT} = 0 AND ({_HYPERLINK} OR {_RESOURCE})"
_IS_WEB = f"(address LIKE 'http://%' OR address LIKE 'https://%') AND reason <> '{INVALID}'"
# In the order of the index, which holds all columns named: neither a sort nor a look at
# the table, whatever the number of links.
_PAIRS = (
    f"SELECT target, source, sum({_HYPERLINK}), count(*) FROM links INDEXED BY links_target "
    f"WHERE {_COUNTED} GROUP BY target, source"
)
_PAIRS_TO = f"SELECT count(*), count(DISTINCT source) FROM links WHERE target = ? AND {_COUNTED}"
_PAIRS_FROM = (
    "SELECT u.internal, count(*), count(DISTINCT l.target) FROM links AS l "
    f"JOIN urls AS u ON u.id = l.target WHERE l.source = ? AND l.flags & {ONLY_FRAGMENT} = 0 "
    f"AND l.{_HYPERLINK} AND {_IS_WEB} GROUP BY u.internal"
)

_FOREIGN = 2
"""Class of what is no web page (mailto:, invalid URLs): links to it count nowhere."""


class LinkCounts(msgspec.Struct, frozen=True):
    """How many links lead to and from one page, and how many distinct pages those are."""

    inlinks: int = 0
    unique_inlinks: int = 0
    outlinks: int = 0
    unique_outlinks: int = 0
    external: int = 0
    unique_external: int = 0


class LinkCounter(Protocol):
    """Whatever knows the link counts of a URL."""

    def __getitem__(self, url_id: int, /) -> LinkCounts:
        """The counts of the links to and from URL `url_id`."""


class AllLinkCounts:
    """The link counts of all URLs, gathered in one pass over the links.

    Seven arrays of 4 bytes a URL, so that a million URLs take 28 MB and no table of pairs
    is kept.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        size = 1 + (connection.execute("SELECT max(id) FROM urls").fetchone()[0] or 0)
        self._inlinks, self._unique_inlinks = _zeros(size), _zeros(size)
        self._classes = array("b", bytes(size))
        self._out = (_zeros(size), _zeros(size), _zeros(size))
        self._unique_out = (_zeros(size), _zeros(size), _zeros(size))
        for url_id, kind in connection.execute(
            f"SELECT id, iif({_IS_WEB}, internal, {_FOREIGN}) FROM urls"
        ):
            self._classes[url_id] = kind
        self._gather(connection)

    def _gather(self, connection: sqlite3.Connection) -> None:
        inlinks, unique_inlinks, classes = self._inlinks, self._unique_inlinks, self._classes
        out, unique_out = self._out, self._unique_out
        for target, source, hyperlinks, links in connection.execute(_PAIRS):
            inlinks[target] += links
            unique_inlinks[target] += 1
            if hyperlinks:
                kind = classes[target]
                out[kind][source] += hyperlinks
                unique_out[kind][source] += 1

    def __getitem__(self, url_id: int) -> LinkCounts:
        return LinkCounts(
            self._inlinks[url_id],
            self._unique_inlinks[url_id],
            self._out[1][url_id],
            self._unique_out[1][url_id],
            self._out[0][url_id],
            self._unique_out[0][url_id],
        )


class OneLinkCount:
    """The link counts of single URLs, looked up as they are asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getitem__(self, url_id: int) -> LinkCounts:
        inlinks, unique = self._connection.execute(_PAIRS_TO, (url_id,)).fetchone()
        out = {0: (0, 0), 1: (0, 0)}
        for internal, links, targets in self._connection.execute(_PAIRS_FROM, (url_id,)):
            out[internal] = (links, targets)
        return LinkCounts(inlinks, unique, *out[1], *out[0])


def ordered_pages(connection: sqlite3.Connection, internal: bool) -> array[int]:
    """Ids of the finished URLs by crawl depth, then address (by code points)."""
    return array("q", (row[0] for row in connection.execute(_ORDERED, (int(internal),))))


def page_facts(
    connection: sqlite3.Connection, ids: Iterable[int], counts: LinkCounter
) -> Iterator[dict[str, Any]]:
    """All columns of the given finished URLs, by name; what there is not is ""."""
    for url_id in ids:
        row = connection.execute(_SELECT, (url_id,)).fetchone()
        if row is not None:
            yield _facts(row, counts[url_id])


def stamp(at: float) -> str:
    """Unix time as UTC text, `YYYY-MM-DD HH:MM:SS`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _facts(row: tuple[Any, ...], links: LinkCounts) -> dict[str, Any]:
    facts: dict[str, Any] = {
        name: "" if value is None else value for name, value in zip(_NAMES, row[1:], strict=True)
    }
    facts["Folder Depth"] = folder_depth(facts["Address"])
    facts["Inlinks"] = links.inlinks
    facts["Unique Inlinks"] = links.unique_inlinks
    facts["Outlinks"] = links.outlinks
    facts["Unique Outlinks"] = links.unique_outlinks
    facts["External Outlinks"] = links.external
    facts["Unique External Outlinks"] = links.unique_external
    facts["Crawl Timestamp"] = stamp(facts["Crawl Timestamp"])
    return facts


def _zeros(size: int) -> array[int]:
    return array("I", bytes(size * array("I").itemsize))
