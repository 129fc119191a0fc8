"""Rows of the exports: links, broken links and URLs kept out, as dicts by column name.

All run in constant memory but for the ids: small statements for each page, in the order
of the export.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

from crawler_core.model import LinkKind, UrlState
from crawler_core.store import linklists
from crawler_core.store.linklists import Edge, End
from crawler_core.store.schema import ONLY_FRAGMENT

LINK_TYPES: Mapping[LinkKind, str] = {
    LinkKind.ANCHOR: "Hyperlink",
    LinkKind.AREA: "Image Map",
    LinkKind.IFRAME: "iframe",
    LinkKind.FRAME: "Frame",
    LinkKind.REDIRECT: "HTTP Redirect",
    LinkKind.META_REFRESH: "Meta Refresh",
    LinkKind.IMAGE: "Image",
    LinkKind.SCRIPT: "JavaScript",
    LinkKind.STYLESHEET: "CSS",
    LinkKind.ICON: "Icon",
    LinkKind.MEDIA: "Media",
}
"""What the links export calls each kind."""

_MOST_KNOWN = 50_000
"""Targets whose addresses are remembered for the next pages: most pages share many."""

_SOURCES = (
    "SELECT u.id, u.address FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "ORDER BY u.depth, u.address"
)
_TARGETS = (
    "SELECT u.id, u.address, p.status_code, p.status, p.outcome FROM pages AS p "
    "JOIN urls AS u ON u.id = p.url_id WHERE p.broken = 1 ORDER BY u.depth, u.address"
)
_SKIPPED = (
    "SELECT u.address, u.reason, coalesce(s.address, '') FROM urls AS u "
    "LEFT JOIN urls AS s ON s.id = u.source "
    f"WHERE u.state = {UrlState.KEPT_OUT:d} ORDER BY u.depth, u.address"
)


def holds(link: Edge) -> bool:
    """Whether a link counts as broken when its target is: a place in its own page does not."""
    return not link.flags & ONLY_FRAGMENT


def links(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every link of every finished page, by the page's crawl depth and address."""
    known: dict[int, End] = {}
    for source_id, source in connection.execute(_SOURCES):
        edges = linklists.edges_from(connection, source_id)
        if len(known) > _MOST_KNOWN:
            known.clear()
        if new := {edge.target_id for edge in edges} - known.keys():
            known.update(linklists.ends(connection, new))
        for edge in edges:
            end = known[edge.target_id]
            yield {
                "Source": source,
                "Destination": end.address,
                "Type": LINK_TYPES[edge.kind],
                "Anchor": edge.anchor,
                "Rel": edge.rel,
                "Follow": "false" if edge.nofollow else "true",
                "Status Code": "" if end.status_code is None else end.status_code,
            }


def broken_links(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every link to a broken URL, by the target's crawl depth and address."""
    targets = connection.execute(_TARGETS).fetchall()
    holders = _Holders(connection, [target_id for target_id, *_ in targets])
    for place, (target_id, address, code, status, outcome) in enumerate(targets):
        ends = linklists.ends(connection, holders.of(place))
        for source_id, end in sorted(ends.items(), key=lambda pair: pair[1].address):
            for edge in linklists.edges_from(connection, source_id):
                if edge.target_id == target_id and holds(edge):
                    yield {
                        "Address": address,
                        "Status Code": code,
                        "Status": status,
                        "Source": end.address,
                        "Anchor": edge.anchor,
                        "Outcome": outcome,
                    }


def skipped(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every URL kept out, why, and the page that was first to name it."""
    for address, reason, source in connection.execute(_SKIPPED):
        yield {"Address": address, "Reason": reason, "Source": source}


class _Holders:
    """The pages that hold links to each of many targets, in 8 bytes a link."""

    def __init__(self, connection: sqlite3.Connection, targets: list[int]) -> None:
        places = {target: place for place, target in enumerate(targets)}
        found = (array("I"), array("I"))
        self._starts = array("Q", bytes(8 * (len(targets) + 1)))
        for source, edge in linklists.edges_to(connection, targets):
            if holds(edge):
                place = places[edge.target_id]
                found[0].append(place)
                found[1].append(source)
                self._starts[place + 1] += 1
        for place in range(len(targets)):
            self._starts[place + 1] += self._starts[place]
        free = array("Q", self._starts)
        self._sources = array("I", bytes(4 * len(found[0])))
        for place, source in zip(*found, strict=True):
            self._sources[free[place]] = source
            free[place] += 1

    def of(self, place: int) -> array[int]:
        """Ids of the pages that link to the target at `place`, one for each link."""
        return self._sources[self._starts[place] : self._starts[place + 1]]
