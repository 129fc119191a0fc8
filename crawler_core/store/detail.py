"""All that is known of one URL, for people who look at one row."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from crawler_core.model import UrlState
from crawler_core.store import linklists
from crawler_core.store.counts import Arrivals, counts_of
from crawler_core.store.facts import page_facts
from crawler_core.store.linklists import Edge
from crawler_core.store.rows import Detail, Hop, InLink, OutLink

LINKS_SHOWN = 500
_CHAIN_LIMIT = 25

_URL = (
    "SELECT u.address, u.state, u.reason, u.internal, u.depth, coalesce(s.address, ''), "
    "coalesce(p.error, ''), h.headers FROM urls AS u LEFT JOIN urls AS s ON s.id = u.source "
    "LEFT JOIN pages AS p ON p.url_id = u.id LEFT JOIN headers AS h ON h.url_id = u.id "
    "WHERE u.id = ?"
)
_HOP = (
    "SELECT u.address, p.status_code, p.status, p.redirect_url FROM urls AS u "
    "LEFT JOIN pages AS p ON p.url_id = u.id WHERE u.address = ? LIMIT 1"
)


def read_detail(connection: sqlite3.Connection, url_id: int) -> Detail | None:
    """All of one URL, done or not; None if the id is unknown."""
    row = connection.execute(_URL, (url_id,)).fetchone()
    if row is None:
        return None
    address, state, reason, internal, depth, source, error, headers = row
    inlinks: list[tuple[int, Edge]] = []
    arrivals = Arrivals()
    for source_id, edge in linklists.edges_to(connection, [url_id]):
        arrivals.add(source_id, edge)
        if len(inlinks) < LINKS_SHOWN:
            inlinks.append((source_id, edge))
    outlinks = linklists.edges_from(connection, url_id)
    fields = _fields(connection, url_id, arrivals, outlinks)
    chain, loop = _chain(connection, address) if fields.get("Redirect URL") else ((), False)
    return Detail(
        url_id=url_id,
        address=address,
        state=UrlState(state),
        reason=reason,
        internal=bool(internal),
        depth=depth,
        source=source,
        error=error,
        fields=tuple((name, str(value)) for name, value in fields.items()),
        headers=msgspec.json.decode(headers or "[]", type=tuple[tuple[str, str], ...]),
        inlinks=_inlinks(connection, inlinks),
        inlink_count=arrivals.all,
        outlinks=_outlinks(connection, outlinks[:LINKS_SHOWN]),
        outlink_count=len(outlinks),
        chain=chain,
        loop=loop,
    )


def _fields(
    connection: sqlite3.Connection,
    url_id: int,
    arrivals: Arrivals,
    outlinks: list[Edge],
) -> dict[str, Any]:
    counts = counts_of(connection, arrivals, outlinks)
    return next(page_facts(connection, [url_id], {url_id: counts}), {})


def _inlinks(connection: sqlite3.Connection, links: list[tuple[int, Edge]]) -> tuple[InLink, ...]:
    sources = linklists.ends(connection, (source for source, _ in links))
    return tuple(
        InLink(
            *(source, sources[source].address, edge.kind),
            *(edge.anchor, edge.nofollow),
        )
        for source, edge in links
    )


def _outlinks(connection: sqlite3.Connection, links: list[Edge]) -> tuple[OutLink, ...]:
    targets = linklists.ends(connection, (edge.target_id for edge in links))
    found = []
    for edge in links:
        end = targets[edge.target_id]
        found.append(
            OutLink(
                *(edge.target_id, end.address, edge.kind, edge.anchor, edge.fragment),
                *(edge.nofollow, end.state, end.status_code, end.outcome),
            )
        )
    return tuple(found)


def _chain(connection: sqlite3.Connection, address: str) -> tuple[tuple[Hop, ...], bool]:
    hops: list[Hop] = []
    seen: set[str] = set()
    while address and address not in seen and len(hops) < _CHAIN_LIMIT:
        seen.add(address)
        row = connection.execute(_HOP, (address,)).fetchone()
        name, code, status, target = row or (address, None, None, "")
        hops.append(Hop(name, code, status or ""))
        address = target or ""
    return (tuple(hops) if len(hops) > 1 or address in seen else ()), address in seen
