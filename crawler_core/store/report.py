"""Rows of the exports: links, broken links and URLs kept out, as dicts by column name.

All run in constant memory but for the ids: one small statement for each page, in the
order of the export.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from crawler_core.model import LinkKind, UrlState
from crawler_core.store.schema import NOFOLLOW, ONLY_FRAGMENT

LINK_TYPES = {
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
    LinkKind.CANONICAL: "Canonical",
}
"""What the links export calls each kind."""

HOLDS_BROKEN = f"l.kind <> {LinkKind.CANONICAL:d} AND l.flags & {ONLY_FRAGMENT} = 0"
"""Which links count as broken when their target is: a canonical is named, not followed."""

_SOURCES = (
    "SELECT u.id, u.address FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "ORDER BY u.depth, u.address"
)
_LINKS = (
    "SELECT t.address, l.kind, l.anchor, l.rel, l.flags, p.status_code FROM links AS l "
    "JOIN urls AS t ON t.id = l.target LEFT JOIN pages AS p ON p.url_id = l.target "
    "WHERE l.source = ? ORDER BY l.position"
)
_TARGETS = (
    "SELECT u.id, u.address, p.status_code, p.status FROM pages AS p "
    "JOIN urls AS u ON u.id = p.url_id WHERE p.broken = 1 ORDER BY u.depth, u.address"
)
_HOLDERS = (
    "SELECT s.address, l.anchor FROM links AS l JOIN urls AS s ON s.id = l.source "
    f"WHERE l.target = ? AND {HOLDS_BROKEN} ORDER BY s.address, l.position"
)
_SKIPPED = (
    "SELECT u.address, u.reason, coalesce(s.address, '') FROM urls AS u "
    "LEFT JOIN urls AS s ON s.id = u.source "
    f"WHERE u.state = {UrlState.KEPT_OUT:d} ORDER BY u.depth, u.address"
)


def links(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every link of every finished page, by the page's crawl depth and address."""
    for source_id, source in connection.execute(_SOURCES):
        for target, kind, anchor, rel, flags, status in connection.execute(_LINKS, (source_id,)):
            yield {
                "Source": source,
                "Destination": target,
                "Type": LINK_TYPES[kind],
                "Anchor": anchor,
                "Rel": rel,
                "Follow": "false" if flags & NOFOLLOW else "true",
                "Status Code": "" if status is None else status,
            }


def broken_links(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every link to a broken URL, by the target's crawl depth and address."""
    for target_id, address, code, status in connection.execute(_TARGETS):
        for source, anchor in connection.execute(_HOLDERS, (target_id,)):
            yield {
                "Address": address,
                "Status Code": code,
                "Status": status,
                "Source": source,
                "Anchor": anchor,
            }


def skipped(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """Every URL kept out, why, and the page that was first to name it."""
    for address, reason, source in connection.execute(_SKIPPED):
        yield {"Address": address, "Reason": reason, "Source": source}
