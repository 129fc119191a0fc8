"""The shortest way of links from a start URL to another: how people get there, and crawlers.

The tables hold where links lead, not where they come from. So the way is guessed first from
the pages that were the first to name each URL, which costs one look-up a step and nearly
always is a shortest one; only where it is not, the targets are searched breadth first.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator

from crawler_core.store.linklists import Edge, edges_from, parts_of
from crawler_core.store.targets import unpacked
from crawler_core.why import Step

_LONGEST = 100_000
"""Steps after which a chain of first names is no way any more but a damaged file."""


def shortest(connection: sqlite3.Connection, url_id: int) -> tuple[Step, ...]:
    """The steps from a start URL to `url_id`, both included; none if no stored links lead there.

    Memory: four bytes a known URL, if a search is needed.
    """
    chain = _by_first_names(connection, url_id)
    if not chain:
        chain = _breadth_first(connection, url_id)
    return tuple(_steps(connection, chain))


def _by_first_names(connection: sqlite3.Connection, url_id: int) -> list[int]:
    """Ids from a start URL to `url_id` if each was first named by a page one step nearer."""
    chain: list[int] = []
    wanted_depth: int | None = None
    while len(chain) < _LONGEST:
        row = connection.execute("SELECT depth, source FROM urls WHERE id = ?", (url_id,))
        depth, source = row.fetchone() or (None, 0)
        if depth is None or (wanted_depth is not None and depth != wanted_depth):
            return []
        if chain and _link(connection, url_id, chain[-1]) is None:
            return []
        chain.append(url_id)
        if source == 0:
            return chain[::-1] if depth == 0 else []
        wanted_depth, url_id = depth - 1, source
    return []


def _breadth_first(connection: sqlite3.Connection, wanted: int) -> list[int]:
    most = connection.execute("SELECT coalesce(max(id), 0) FROM urls").fetchone()[0]
    if not 0 < wanted <= most:
        return []
    came_from = array("I", bytes(4 * (most + 1)))
    level = [row[0] for row in connection.execute("SELECT id FROM urls WHERE source = 0")]
    for start in level:
        came_from[start] = start
    while level and not came_from[wanted]:
        level = list(_next_level(connection, level, came_from))
    return _way_back(came_from, wanted)


def _next_level(
    connection: sqlite3.Connection, level: Iterable[int], came_from: array[int]
) -> Iterator[int]:
    """URLs that the pages of `level` are the first to lead to; notes where each came from."""
    for part in parts_of(level):
        marks = ", ".join("?" * len(part))
        rows = connection.execute(
            "SELECT source, hyperlinks, resources, others FROM targets "
            f"WHERE source IN ({marks}) ORDER BY source",
            part,
        )
        for source, *columns in rows:
            for target in unpacked(b"".join(columns)):
                if target < len(came_from) and not came_from[target]:
                    came_from[target] = source
                    yield target


def _way_back(came_from: array[int], wanted: int) -> list[int]:
    if not came_from[wanted]:
        return []
    chain = [wanted]
    while came_from[chain[-1]] != chain[-1]:
        chain.append(came_from[chain[-1]])
    return chain[::-1]


def _steps(connection: sqlite3.Connection, chain: list[int]) -> Iterator[Step]:
    before = 0
    for url_id in chain:
        row = connection.execute("SELECT address FROM urls WHERE id = ?", (url_id,)).fetchone()
        edge = _link(connection, before, url_id) if before else None
        if edge is None:
            yield Step(url_id, row[0])
        else:
            yield Step(url_id, row[0], edge.kind, edge.anchor, edge.nofollow)
        before = url_id


def _link(connection: sqlite3.Connection, source: int, target: int) -> Edge | None:
    """The link of a page to a target, one with words if there is one."""
    found = [edge for edge in edges_from(connection, source) if edge.target_id == target]
    return next((edge for edge in found if edge.anchor), found[0] if found else None)
