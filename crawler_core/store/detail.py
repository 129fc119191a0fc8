"""All that is known of one URL, for people who look at one row."""

from __future__ import annotations

import sqlite3

import msgspec

from crawler_core.model import LinkKind, Outcome, UrlState
from crawler_core.store.facts import OneLinkCount, page_facts
from crawler_core.store.rows import Detail, Hop, InLink, OutLink
from crawler_core.store.schema import NOFOLLOW

LINKS_SHOWN = 500
_CHAIN_LIMIT = 25

_URL = (
    "SELECT u.address, u.state, u.reason, u.internal, u.depth, coalesce(s.address, ''), "
    "coalesce(p.error, ''), h.headers FROM urls AS u LEFT JOIN urls AS s ON s.id = u.source "
    "LEFT JOIN pages AS p ON p.url_id = u.id LEFT JOIN headers AS h ON h.url_id = u.id "
    "WHERE u.id = ?"
)
_INLINKS = (
    "SELECT s.id, s.address, l.kind, l.anchor, l.flags FROM links AS l "
    "JOIN urls AS s ON s.id = l.source WHERE l.target = ? ORDER BY l.source LIMIT ?"
)
_OUTLINKS = (
    "SELECT t.id, t.address, l.kind, l.anchor, l.fragment, l.flags, t.state, p.status_code, "
    "p.outcome FROM links AS l JOIN urls AS t ON t.id = l.target "
    "LEFT JOIN pages AS p ON p.url_id = t.id WHERE l.source = ? ORDER BY l.position LIMIT ?"
)
_HOP = (
    "SELECT u.address, p.status_code, p.status, p.redirect_url FROM urls AS u "
    "LEFT JOIN pages AS p ON p.url_id = u.id WHERE u.address = ?"
)


def read_detail(connection: sqlite3.Connection, url_id: int) -> Detail | None:
    """All of one URL, done or not; None if the id is unknown."""
    row = connection.execute(_URL, (url_id,)).fetchone()
    if row is None:
        return None
    address, state, reason, internal, depth, source, error, headers = row
    chain, loop = _chain(connection, address)
    return Detail(
        url_id=url_id,
        address=address,
        state=UrlState(state),
        reason=reason,
        internal=bool(internal),
        depth=depth,
        source=source,
        error=error,
        fields=_fields(connection, url_id),
        headers=msgspec.json.decode(headers or "[]", type=tuple[tuple[str, str], ...]),
        inlinks=_inlinks(connection, url_id),
        inlink_count=_count(connection, "target", url_id),
        outlinks=_outlinks(connection, url_id),
        outlink_count=_count(connection, "source", url_id),
        chain=chain,
        loop=loop,
    )


def _fields(connection: sqlite3.Connection, url_id: int) -> tuple[tuple[str, str], ...]:
    for facts in page_facts(connection, [url_id], OneLinkCount(connection)):
        return tuple((name, str(value)) for name, value in facts.items())
    return ()


def _inlinks(connection: sqlite3.Connection, url_id: int) -> tuple[InLink, ...]:
    return tuple(
        InLink(source, address, LinkKind(kind), anchor, bool(flags & NOFOLLOW))
        for source, address, kind, anchor, flags in connection.execute(
            _INLINKS, (url_id, LINKS_SHOWN)
        )
    )


def _outlinks(connection: sqlite3.Connection, url_id: int) -> tuple[OutLink, ...]:
    return tuple(
        OutLink(
            *(target, address, LinkKind(kind), anchor, fragment),
            *(bool(flags & NOFOLLOW), UrlState(state), code, outcome and Outcome(outcome)),
        )
        for target, address, kind, anchor, fragment, flags, state, code, outcome in (
            connection.execute(_OUTLINKS, (url_id, LINKS_SHOWN))
        )
    )


def _count(connection: sqlite3.Connection, end: str, url_id: int) -> int:
    statement = f"SELECT count(*) FROM links WHERE {end} = ?"
    return int(connection.execute(statement, (url_id,)).fetchone()[0])


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
