"""From a `View` to SQL: constant pieces chosen by name, texts always as parameters."""

from __future__ import annotations

from crawler_core.model import Outcome
from crawler_core.store.rows import SortKey, View, ViewKind

_KINDS: dict[ViewKind, str] = {
    "all": "1",
    "pages": "u.internal = 1",
    "external": "u.internal = 0",
    "broken": "p.broken = 1",
    "redirects": "p.redirect_url <> ''",
    "blocked": f"p.outcome IN ('{Outcome.BLOCKED}', '{Outcome.THROTTLED}', '{Outcome.ROBOTS}')",
    "documents": "u.internal = 1 AND p.is_html = 1",
}
_SORTS: dict[SortKey, str] = {
    "": "p.serial",
    "address": "u.address",
    "status": "p.status_code",
    "outcome": "p.outcome",
    "type": "p.content_type",
    "title": "p.title",
    "depth": "u.depth",
    "size": "p.size",
    "seconds": "p.response_time",
    "indexability": "p.indexability_status",
}


def where(view: View, after: int = 0) -> tuple[str, tuple[str | int, ...]]:
    """FROM and WHERE of `view`, for pages finished later than serial `after`."""
    conditions = [_KINDS[view.kind]]
    values: list[str | int] = []
    if after:
        conditions.append("p.serial > ?")
        values.append(after)
    for word in view.text.split():
        conditions.append("(u.address LIKE ? ESCAPE '\\' OR p.title LIKE ? ESCAPE '\\')")
        values += [_containing(word)] * 2
    tables = "pages AS p"
    if any("u." in condition for condition in conditions) or "u." in _SORTS[view.sort]:
        tables += " JOIN urls AS u ON u.id = p.url_id"
    return f"FROM {tables} WHERE {' AND '.join(conditions)}", tuple(values)


def order(view: View) -> str:
    """ORDER BY of `view`; what is equal comes in the order in which it finished."""
    direction = " DESC" if view.reverse else ""
    if not view.sort:
        return f"ORDER BY p.serial{direction}"
    return f"ORDER BY {_SORTS[view.sort]}{direction}, p.serial"


def _containing(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
