"""What the results table can show of a URL: one field for each column to choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tui.formats import count, short_url, size, tone
from tui.widgets.grid import Cell, Column

if TYPE_CHECKING:
    from crawler_core.store.rows import ResultRow

Draw = Callable[["ResultRow", str], Cell]
"""A row's cell, for a table whose home (scheme and host) is known."""


class Field(msgspec.Struct, frozen=True):
    """A column that may be shown."""

    name: str
    words: str
    """What it is, in words."""
    key: str
    """The letter that sorts by it."""
    column: Column
    cell: Draw
    usual: bool = False
    """Shown unless other columns were chosen."""


def chosen(names: Sequence[str] | None) -> tuple[Field, ...]:
    """The fields with these names, in the order of FIELDS; the usual ones for None.

    A column that was asked for by name stays in a narrow table as well.
    """
    if names is None:
        return tuple(field for field in FIELDS if field.usual)
    return tuple(
        msgspec.structs.replace(field, column=msgspec.structs.replace(field.column, from_width=0))
        for field in FIELDS
        if field.name in names
    )


def _code(row: ResultRow, _: str) -> Cell:
    return str(row.status_code) if row.status_code else "–", tone(row.outcome)


def _outcome(row: ResultRow, _: str) -> Cell:
    return row.outcome.value, tone(row.outcome)


def _address(row: ResultRow, home: str) -> Cell:
    return short_url(row.address, home), "" if row.internal else "dim"


def _title(row: ResultRow, home: str) -> Cell:
    moved = f"→ {short_url(row.redirect_url, home)}" if row.redirect_url else ""
    return row.title or moved, ""


def _title_length(row: ResultRow, _: str) -> Cell:
    return _number(row.title_length)


def _description(row: ResultRow, _: str) -> Cell:
    return row.description, "dim"


def _h1(row: ResultRow, _: str) -> Cell:
    return row.h1, ""


def _words(row: ResultRow, _: str) -> Cell:
    return _number(row.word_count)


def _indexability(row: ResultRow, _: str) -> Cell:
    return (row.indexability_status, "warn") if row.indexability_status else ("Indexable", "ok")


def _canonical(row: ResultRow, home: str) -> Cell:
    return short_url(row.canonical, home) if row.canonical else "", "dim"


def _redirect(row: ResultRow, home: str) -> Cell:
    return short_url(row.redirect_url, home) if row.redirect_url else "", "redirect"


def _depth(row: ResultRow, _: str) -> Cell:
    return str(row.depth), "dim"


def _size(row: ResultRow, _: str) -> Cell:
    return size(row.size), "dim"


def _ms(row: ResultRow, _: str) -> Cell:
    return "" if row.seconds is None else f"{1000 * row.seconds:,.0f}", ""


def _type(row: ResultRow, _: str) -> Cell:
    return row.content_type.partition(";")[0].strip().rpartition("/")[2], "dim"


def _number(value: int | None) -> Cell:
    return "" if value is None else count(value), "dim"


FIELDS: tuple[Field, ...] = (
    Field("code", "status code", "c", Column("code", 4, "right", "status"), _code, usual=True),
    Field("outcome", "outcome", "u", Column("outcome", 14, sort="outcome"), _outcome, usual=True),
    Field(
        *("address", "address", "a"),
        Column("address", 0, "middle", "address", share=3, least=18),
        _address,
        usual=True,
    ),
    Field(
        *("title", "title", "t"),
        Column("title", 0, sort="title", from_width=76, share=2),
        _title,
        usual=True,
    ),
    Field(
        *("title-length", "title length", "l"),
        Column("title len", 9, "right", "title-length"),
        _title_length,
    ),
    Field(
        "description",
        "meta description",
        "e",
        Column("description", 0, sort="description", share=2),
        _description,
    ),
    Field("h1", "first H1", "h", Column("H1", 0, sort="h1", share=2), _h1),
    Field("words", "word count", "w", Column("words", 6, "right", "words"), _words),
    Field(
        *("indexability", "indexable, or why not", "i"),
        Column("indexable", 14, sort="indexability"),
        _indexability,
    ),
    Field("canonical", "canonical", "n", Column("canonical", 0, "middle", "canonical"), _canonical),
    Field(
        *("redirect", "redirect target", "r"),
        Column("redirects to", 0, "middle", "redirect"),
        _redirect,
    ),
    Field(
        *("depth", "depth", "d"),
        Column("depth", 6, "right", "depth", from_width=90),
        _depth,
        usual=True,
    ),
    Field(
        "size", "size", "z", Column("size", 8, "right", "size", from_width=60), _size, usual=True
    ),
    Field("ms", "time to answer", "m", Column("ms", 7, "right", "seconds"), _ms, usual=True),
    Field(
        *("type", "content type", "y"),
        Column("type", 10, sort="type", from_width=110),
        _type,
        usual=True,
    ),
)
"""All of them, in the order in which the table shows them."""
