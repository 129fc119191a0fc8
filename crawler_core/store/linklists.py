"""The links of a page as one value: a JSON list of lists, which the view `links` takes apart.

    [[target, kind, flags, anchor, rel, fragment], …]

in the order of the page; rel and fragment are left out where both are empty.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from crawler_core.model import LinkKind, Outcome, UrlState
from crawler_core.store.schema import NOFOLLOW
from crawler_core.store.targets import sources_of

_CHUNK = 500
"""Ids in one IN list."""
_ENDS = (
    "SELECT u.id, u.address, u.state, p.status_code, p.outcome FROM urls AS u "
    "LEFT JOIN pages AS p ON p.url_id = u.id WHERE u.id IN "
)


class Edge(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One link of a list."""

    target_id: int
    kind: LinkKind
    flags: int
    anchor: str = ""
    rel: str = ""
    fragment: str = ""

    @property
    def nofollow(self) -> bool:
        """Its rel or its page's meta robots says so."""
        return bool(self.flags & NOFOLLOW)


Packed = tuple[int, int, int, str] | tuple[int, int, int, str, str, str]
"""A link to be written: target, kind, flags, anchor; rel and fragment if either has a text."""


class End(NamedTuple):
    """What is known of a URL at one end of a link; code and outcome are None until it is done."""

    address: str
    state: UrlState
    status_code: int | None
    outcome: Outcome | None


_encode = msgspec.json.Encoder().encode
read_edges = msgspec.json.Decoder(list[Edge]).decode
"""The links of one list."""


def pack(links: Sequence[Packed]) -> str:
    """The list of a page's links. Raises UnicodeEncodeError for a lone surrogate."""
    return _encode(links).decode()


def edges_from(connection: sqlite3.Connection, source: int) -> list[Edge]:
    """The links of one page in its order; none if it is not done."""
    row = connection.execute("SELECT links FROM link_lists WHERE source = ?", (source,)).fetchone()
    return [] if row is None else read_edges(row[0])


def edges_to(
    connection: sqlite3.Connection, targets: Collection[int]
) -> Iterator[tuple[int, Edge]]:
    """Links of any kind to the given URLs, each with its source, by source and position."""
    wanted = frozenset(targets)
    if wanted:
        for source in sources_of(connection, wanted):
            for edge in edges_from(connection, source):
                if edge.target_id in wanted:
                    yield source, edge


def ends(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, End]:
    """What links lead to or come from, by the URL's id."""
    found: dict[int, End] = {}
    for part in parts_of(frozenset(ids)):
        marks = ", ".join("?" * len(part))
        for url_id, *values in connection.execute(f"{_ENDS} ({marks})", part):
            address, state, code, outcome = values
            found[url_id] = End(address, UrlState(state), code, outcome and Outcome(outcome))
    return found


def parts_of(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """The ids in portions that one statement takes."""
    left = iter(ids)
    while part := tuple(itertools.islice(left, _CHUNK)):
        yield part
