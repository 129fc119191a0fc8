"""What the crawl file knows of one URL and of its host: the case that `why` explains."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from crawler_core import radar
from crawler_core import url as urls
from crawler_core.model import Outcome, Role, UrlState
from crawler_core.scope import TRAP
from crawler_core.why import Case, spellings

_URL = (
    "SELECT u.id, u.state, u.reason, u.role, u.internal, u.depth, u.hops, u.attempts, u.source, "
    "coalesce(s.address, ''), p.serial, p.outcome, p.status_code, p.status, p.error, "
    "p.indexability_status, p.redirect_url, p.canonical, p.meta_robots, p.x_robots_tag, p.hash "
    "FROM urls AS u LEFT JOIN urls AS s ON s.id = u.source "
    "LEFT JOIN pages AS p ON p.url_id = u.id WHERE u.id = ?"
)
_TWIN = (
    "SELECT u.address FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    f"WHERE p.hash = ? AND p.serial < ? AND p.outcome = '{Outcome.OK}' ORDER BY p.serial LIMIT 1"
)
_ALIKE = (
    f"SELECT address FROM urls WHERE state = {UrlState.KEPT_OUT:d} AND reason = ? "
    "AND address >= ? AND address < ? || char(1114111)"
)
_HOST = "SELECT robots_text, robots_fetched FROM hosts WHERE host = ?"
# Addresses of a host lie between "https://host/" and "https://host0": "0" follows on "/".
_QUEUE = (
    "SELECT count(*), coalesce(sum(depth < ?1 OR (depth = ?1 AND id < ?2)), 0) FROM urls "
    f"WHERE state = {UrlState.WAITING:d} AND address >= ?3 || '/' AND address < ?3 || '0'"
)


def find_first(connection: sqlite3.Connection, addresses: Sequence[str]) -> tuple[int, str]:
    """Id and address of the first of `addresses` that is known.

    If none is: 0, and the first that lies on a known host, or else the very first.
    """
    marks = ", ".join("?" * len(addresses))
    known = {
        address: url_id
        for url_id, address in connection.execute(
            f"SELECT id, address FROM urls WHERE address IN ({marks})", tuple(addresses)
        )
    }
    found = next((each for each in addresses if each in known), "")
    if not found:
        hosts = {row[0] for row in connection.execute("SELECT host FROM hosts")}
        on_known = (each for each in addresses if urls.host_key(each) in hosts)
        found = next(on_known, addresses[0])
    return known.get(found, 0), found


def read_case(connection: sqlite3.Connection, url_id: int, address: str) -> Case:
    """The case of a URL by its id, or by its address if the id is 0.

    Looking for an address, for what waits before it and for a twin reads whole tables.
    """
    address = _address_of(connection, url_id) or address
    fields: dict[str, Any] = {"address": address}
    if not url_id:
        url_id, _ = find_first(connection, [address])
    if not url_id:
        fields["near"] = _near(connection, address)
        fields["is_trap"] = _is_trap(connection, address)
    else:
        fields |= _known(connection, url_id)
    key = urls.host_key(address) if "://" in address else ""
    host = connection.execute(_HOST, (key,)).fetchone()
    if host is not None:
        fields |= {"robots_text": host[0], "robots_known": host[1] > 0}
    if fields.get("state") is UrlState.WAITING:
        row = connection.execute(_QUEUE, (fields["depth"], url_id, key)).fetchone()
        fields |= {"host_waiting": row[0], "ahead": row[1]}
    return Case(**fields)


def _address_of(connection: sqlite3.Connection, url_id: int) -> str:
    row = connection.execute("SELECT address FROM urls WHERE id = ?", (url_id,)).fetchone()
    return str(row[0]) if row else ""


def _is_trap(connection: sqlite3.Connection, address: str) -> bool:
    kind = urls.template(address)
    begins = radar.beginning(kind)
    alike = connection.execute(_ALIKE, (TRAP, begins, begins))
    return "{n}" in kind and any(urls.template(other) == kind for (other,) in alike)


def _near(connection: sqlite3.Connection, address: str) -> tuple[str, ...]:
    near = spellings(address)
    if not near:
        return ()
    marks = ", ".join("?" * len(near))
    rows = connection.execute(f"SELECT address FROM urls WHERE address IN ({marks})", near)
    return tuple(row[0] for row in rows)


def _known(connection: sqlite3.Connection, url_id: int) -> dict[str, Any]:
    row = connection.execute(_URL, (url_id,)).fetchone()
    _, state, reason, role, internal, depth, hops, attempts, source, named_by, serial, *page = row
    fields: dict[str, Any] = {
        "url_id": url_id,
        "state": UrlState(state),
        "reason": reason,
        "role": Role(role),
        "internal": bool(internal),
        "depth": depth,
        "hops": hops,
        "attempts": attempts,
        "is_start": source == 0,
        "source": named_by,
    }
    if serial is not None:
        fields |= _page(page)
        if page[-1] and fields["outcome"] is Outcome.OK:
            twin = connection.execute(_TWIN, (page[-1], serial)).fetchone()
            fields["twin"] = twin[0] if twin else ""
    return fields


def _page(page: list[Any]) -> dict[str, Any]:
    outcome, code, status, error, indexability, redirect, canonical, meta, header, _ = page
    return {
        "outcome": Outcome(outcome),
        "status_code": code,
        "status": status,
        "error": error,
        "indexability_status": indexability,
        "redirect_url": redirect,
        "canonical": canonical,
        "meta_robots": meta,
        "x_robots_tag": header,
    }
