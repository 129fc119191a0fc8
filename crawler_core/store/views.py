"""From a `View` to SQL: constant pieces chosen by name, texts always as parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crawler_core.filters import Ending, Kind, Number, Status, Term, Text, parse
from crawler_core.model import TURNED_AWAY, Outcome
from crawler_core.store.rows import SortKey, View, ViewKind
from crawler_core.store.twins import COLUMNS, IS_PAGE

Value = str | int | float
Piece = tuple[str, tuple[Value, ...]]
"""A condition and its parameters."""

_BLOCKED = f"p.outcome IN ({', '.join(repr(each.value) for each in sorted(TURNED_AWAY))})"
_PAGE = IS_PAGE
"""What is external is never parsed."""

_KINDS: dict[ViewKind, str] = {
    "all": "1",
    "pages": "u.internal = 1",
    "external": "u.internal = 0",
    "broken": "p.broken = 1",
    "redirects": "p.redirect_url <> ''",
    "blocked": _BLOCKED,
    "documents": "u.internal = 1 AND p.is_html = 1",
}
SORTS: Mapping[SortKey, str] = {
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
    "words": "p.word_count",
    "title-length": "p.title_length",
    "description": "p.description",
    "h1": "p.h1_1",
    "canonical": "p.canonical",
    "redirect": "p.redirect_url",
}
_AFTER_HOST = "substr(u.address, instr(u.address, '//') + 2) || '/'"
_TEXTS: Mapping[str, str] = {
    "url": "u.address",
    "host": f"substr({_AFTER_HOST}, 1, instr({_AFTER_HOST}, '/') - 1)",
    "title": "p.title",
    "description": "p.description",
    "h1": "p.h1_1",
    "canonical": "p.canonical",
    "redirect": "p.redirect_url",
    "type": "p.content_type",
    "why": "p.indexability_status",
}
_NUMBERS: Mapping[str, str] = {
    "depth": "u.depth",
    "size": "p.size",
    "ms": "p.response_time * 1000",
    "words": "p.word_count",
    "title-length": "p.title_length",
    "description-length": "p.description_length",
    "h1-length": "p.h1_1_length",
}


def _duplicate(column: str) -> str:
    return (
        f"{_PAGE} AND p.{column} <> '' AND p.{column} IN (SELECT p.{column} FROM pages AS p "
        f"WHERE {_PAGE} GROUP BY p.{column} HAVING count(*) > 1)"
    )


_IS: Mapping[str, str] = {
    "internal": _KINDS["pages"],
    "external": _KINDS["external"],
    "page": _PAGE,
    "broken": _KINDS["broken"],
    "redirect": _KINDS["redirects"],
    "blocked": _BLOCKED,
    "unanswered": f"p.status_code = 0 AND p.outcome <> '{Outcome.ROBOTS}'",
    "indexable": "p.indexability = 'Indexable' AND u.internal = 1",
    "non-indexable": "p.indexability = 'Non-Indexable' AND u.internal = 1",
    "canonicalised": "p.indexability_status = 'Canonicalised'",
    "html": "p.is_html = 1",
    "image": "p.content_type LIKE 'image/%'",
    "css": "p.content_type LIKE 'text/css%'",
    "javascript": "p.content_type LIKE '%javascript%'",
    "pdf": "p.content_type LIKE 'application/pdf%'",
    "duplicate-title": _duplicate("title"),
    "duplicate-description": _duplicate("description"),
    "duplicate-h1": _duplicate("h1_1"),
}


_IS_TWIN: Mapping[str, str] = {
    f"duplicate-{name}": (
        f"{_PAGE} AND p.{column} <> '' AND p.{column} IN (SELECT value FROM temp.twins_{name})"
    )
    for name, column in COLUMNS.items()
}


def where(view: View, after: int = 0) -> Piece:
    """FROM and WHERE of `view`, for pages finished later than serial `after`."""
    condition, values = condition_of(view)
    if after:
        condition, values = f"p.serial > ? AND {condition}", (after, *values)
    tables = "pages AS p"
    if "u." in condition or "u." in SORTS[view.sort]:
        tables += " JOIN urls AS u ON u.id = p.url_id"
    return f"FROM {tables} WHERE {condition}", values


def condition_of(view: View, *, twins: bool = False, without: Term | None = None) -> Piece:
    """What holds of every row of `view`: about `pages AS p`, and `urls AS u` if it says "u.".

    `twins`: the connection has the tables of `copies`. `without` is a term that is left out.
    """
    pieces = [_condition(term, twins=twins) for term in parse(view.text).terms if term != without]
    conditions = [_KINDS[view.kind], *(condition for condition, _ in pieces)]
    kept = [one for one in conditions if one != "1"] or ["1"]
    return " AND ".join(kept), tuple(value for _, values in pieces for value in values)


def tally(
    conditions: Sequence[Piece], tables: str = "pages AS p", among: Piece = ("", ())
) -> Piece:
    """A statement with one row, which counts for each condition how many rows it holds of.

    `among` is what holds of all rows that any of them is true of.
    """
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition, _ in conditions)
    if "u." in counts:
        tables += " CROSS JOIN urls AS u ON u.id = p.url_id"
    where, values = among
    return (
        f"SELECT {counts} FROM {tables}{f' WHERE {where}' if where else ''}",
        (*(value for _, some in conditions for value in some), *values),
    )


def order(view: View) -> str:
    """ORDER BY of `view`; what is equal comes in the order in which it finished."""
    direction = " DESC" if view.reverse else ""
    if not view.sort:
        return f"ORDER BY p.serial{direction}"
    return f"ORDER BY {SORTS[view.sort]}{direction}, p.serial"


def containing(word: str) -> str:
    """The pattern of texts that hold a word, for LIKE … ESCAPE a backslash."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _condition(term: Term, *, twins: bool) -> Piece:
    """A term in parentheses; what is NULL holds as false, so that the inverse is all the rest."""
    condition, values = _test(term.test, twins=twins)
    return f"({condition}){' IS NOT TRUE' if term.inverse else ''}", values


def _test(test: Text | Number | Status | Ending | Kind, *, twins: bool) -> Piece:
    match test:
        case Text():
            return _text(test)
        case Number():
            return _number(test)
        case Status():
            parts = " OR ".join("p.status_code BETWEEN ? AND ?" for _ in test.ranges)
            return parts, tuple(bound for ends in test.ranges for bound in ends)
        case Ending():
            marks = ", ".join("?" * len(test.outcomes))
            return f"p.outcome IN ({marks})", tuple(one.value for one in test.outcomes)
        case Kind():
            return (_IS_TWIN if twins and test.name in _IS_TWIN else _IS)[test.name], ()


def _text(test: Text) -> Piece:
    pattern = containing(test.value)
    if not test.field:
        return (
            "u.address LIKE ? ESCAPE '\\' OR p.title LIKE ? ESCAPE '\\'",
            (pattern, pattern),
        )
    if not test.value:
        return f"{_TEXTS[test.field]} = ''", ()
    return f"{_TEXTS[test.field]} LIKE ? ESCAPE '\\'", (pattern,)


def _number(test: Number) -> Piece:
    column = _NUMBERS[test.field]
    more, less = (">", "<") if test.open else (">=", "<=")
    bounds = [(more, test.low)] if test.low > float("-inf") else []
    bounds += [(less, test.high)] if test.high < float("inf") else []
    return (
        " AND ".join(f"{column} {sign} ?" for sign, _ in bounds),
        tuple(bound for _, bound in bounds),
    )
