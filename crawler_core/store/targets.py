"""Where the links of each page lead, as bare ids: what counting and looking for links need.

Ids of 4 bytes, the little end first, in the order of the page, apart by what they count as. A
tenth of the size of the lists of links, and no text to take apart.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from typing import Any, NamedTuple

import msgspec

from crawler_core.model import HYPERLINK_KINDS, RESOURCE_KINDS

ONLY_FRAGMENT = 2
"""Bit of a link's flags: the reference was only "#…", so it counts as no link."""

# Plain numbers: to find them in a set costs half of what the members of an enum cost.
_HYPERLINKS = frozenset(kind.value for kind in HYPERLINK_KINDS)
_RESOURCES = frozenset(kind.value for kind in RESOURCE_KINDS)

_FEW = 4
"""Targets up to which SQLite looks for them: other threads run meanwhile."""
_ALL = "SELECT source, hyperlinks, resources, others FROM targets ORDER BY source"
_NEXT = (
    "SELECT source, hyperlinks, resources, others FROM targets WHERE source > ? ORDER BY source "
    "LIMIT 1000"
)
_PIECE = 20_000
_HOLDS = "instr(hyperlinks, ?1) OR instr(resources, ?1) OR instr(others, ?1)"

TABLE = """
CREATE TABLE targets (
    source INTEGER PRIMARY KEY,
    hyperlinks BLOB NOT NULL,
    resources BLOB NOT NULL,
    others BLOB NOT NULL
);
"""
FILL = "INSERT INTO targets SELECT source, {}, {}, {} FROM link_lists".format(
    *(f"targets_of(links, {place})" for place in range(3))
)
"""Makes the table's rows of the lists of links, on a connection that `teach` has seen."""


class Targets(NamedTuple):
    """The ids that the links of one page lead to."""

    hyperlinks: bytes
    """Of links that count, from page to page."""
    resources: bytes
    """Of links that count, to what a page is made of."""
    others: bytes
    """Of links that count nowhere: frames, redirects, those to a place in their own page."""


def targets_of(links: Sequence[Sequence[Any]]) -> Targets:
    """The targets of links, each of which begins with target, kind and flags."""
    counted = [link for link in links if not link[2] & ONLY_FRAGMENT]
    hyperlinks = [link[0] for link in counted if link[1] in _HYPERLINKS]
    resources = [link[0] for link in counted if link[1] in _RESOURCES]
    others: list[int] = []
    if len(hyperlinks) + len(resources) < len(links):
        others = [
            link[0]
            for link in links
            if link[2] & ONLY_FRAGMENT or link[1] not in _HYPERLINKS | _RESOURCES
        ]
    return Targets(_packed(hyperlinks), _packed(resources), _packed(others))


def unpacked(targets: bytes) -> array[int]:
    """The ids in one of the columns."""
    ids = array("I", targets)
    if sys.byteorder == "big":
        ids.byteswap()
    return ids


def all_targets(connection: sqlite3.Connection) -> Iterator[tuple[int, Targets]]:
    """Every page that leads anywhere, with its targets, by source."""
    for source, *targets in connection.execute(_ALL):
        yield source, Targets(*targets)


def sources_of(connection: sqlite3.Connection, wanted: Collection[int]) -> Iterator[int]:
    """Pages that hold a link to any of `wanted`, in order; now and then one that holds none.

    One pass over all targets, of 5 to 20 ns a link.
    """
    if len(wanted) <= _FEW:
        yield from sorted({source for each in wanted for source in _holding(connection, each)})
        return
    ids = frozenset(wanted)
    for source, targets in all_targets(connection):
        if not ids.isdisjoint(unpacked(b"".join(targets))):
            yield source


def naming(connection: sqlite3.Connection, wanted: Set[int], after: int) -> tuple[list[int], int]:
    """Of the next pages after `after`: those that hold a link to any of `wanted`, and the last
    one that was looked at; 0 if there is none.

    20,000 links or so, which takes less than a millisecond.
    """
    found: list[int] = []
    last = seen = 0
    for source, *targets in connection.execute(_NEXT, (after,)):
        last, ids = source, unpacked(b"".join(targets))
        if not wanted.isdisjoint(ids):
            found.append(source)
        seen += len(ids)
        if seen >= _PIECE:
            break
    return found, last


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the function that `FILL` calls."""
    connection.create_function("targets_of", 2, _targets_of, deterministic=True)


def _holding(connection: sqlite3.Connection, target: int) -> Iterable[int]:
    # What stands across two ids may look like a third.
    rows = connection.execute(f"SELECT source FROM targets WHERE {_HOLDS}", (_packed([target]),))
    return (source for (source,) in rows)


def _targets_of(links: str, place: int) -> bytes:
    return targets_of(msgspec.json.decode(links))[place]


def _packed(ids: list[int]) -> bytes:
    packed = array("I", ids)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()
