"""How the copies beside a store are asked for a view, so that its first screen comes at once.

A plan says the same as the plain statement of `views` over `pages`. Which one is quick depends
on how many rows a filter lets through, which nobody knows beforehand. So a plan may be an
attempt: a look at so few rows that it costs little, which counts if it fills the screen. If it
does not, then a filter lets so few rows through that the next plan has little to look up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crawler_core.filters import Ending, Kind, Number, Status, Term, Text, parse
from crawler_core.model import UrlState
from crawler_core.store import twins, views, words
from crawler_core.store.rows import View
from crawler_core.store.views import SORTS, Piece, Value

_TRIED = 20_000
"""Rows of an attempt that looks each of them up."""
_READ = 60_000
"""Rows of an attempt that reads them as they lie."""
_TELLING = 3
"""Letters from which on a text leaves few rows: one letter is everywhere."""
_IN_WORDS = frozenset({"", "url", "host", "title"})
"""Fields whose text is part of an address or a title."""
_IN_NARROW = frozenset({"type", "why"})
_ONLY_IN_PAGES = frozenset({"title", "description", "h1", "canonical", "redirect"})
"""Fields, and sorts, of which `narrow` only knows whether there is something."""
_NARROW, _PAGES = "temp.narrow AS p", "main.pages AS p"
_URLS = " CROSS JOIN main.urls AS u ON u.id = p.url_id"
# CROSS tells SQLite which table to read first: of the others rows are then looked up, not read.
_LOOKED_UP = " AS p ON p.serial = b.serial"


class Plan(NamedTuple):
    """FROM, WHERE and ORDER BY of a statement over ids, of which `column` is one."""

    column: str
    body: str
    order: str
    values: tuple[Value, ...]
    attempt: bool = False
    """It counts only if it has as many rows as were asked for."""

    def ids(self) -> str:
        """The statement, as yet without a limit."""
        return f"SELECT {self.column} AS url_id {self.body} {self.order}"


def plans(view: View, mark: int, limit: int | None) -> Iterator[Plan]:
    """How to read `view`, for a connection whose copies reach up to serial `mark`.

    The last one is no attempt.
    """
    terms = parse(view.text).terms
    found = _words(terms)
    twin = next((term for term in terms if _is_twin(term)), None)
    whole = view.kind == "all" and not [term for term in terms if term != twin]
    if view.sort in twins.COLUMNS and limit is not None and not whole:
        yield _in_order(view, twin)
    if found[0]:
        yield _by_words(view, found, mark)
    elif twin is not None:
        yield _by_twins(view, twin)
    elif whole and view.sort in twins.COLUMNS:
        direction = _direction(view)
        order = f"ORDER BY b.value{direction}, b.serial"
        yield Plan("b.url_id", f"FROM temp.by_{view.sort} AS b", order, ())
    elif whole and view.sort == "address":
        body = f"FROM main.urls AS u WHERE u.state = {UrlState.DONE:d}"
        yield Plan("u.id", body, f"ORDER BY u.address{_direction(view)}", ())
    elif all(_is_narrow(term) for term in terms):
        yield _by_numbers(view)
    else:
        yield from _by_texts(view, terms, mark, limit)


def count(view: View, mark: int) -> Plan:
    """The plan by which `view` is best counted."""
    unsorted = View(view.kind, view.text)
    return list(plans(unsorted, mark, None))[-1]


def tally(wanted: Sequence[View], mark: int) -> Piece:
    """A statement with one row, which counts each of several views."""
    pieces = [views.condition_of(view, twins=True) for view in wanted]
    terms = [parse(view.text).terms for view in wanted]
    common = {_words(each) for each in terms}
    if len(common) == 1 and (found := common.pop())[0]:
        tables, among, values = _words_of(found, mark)
        return views.tally(pieces, tables, (among, values))
    narrow = all(_is_narrow(term) for each in terms for term in each)
    return views.tally(pieces, _NARROW if narrow else _PAGES, ("p.serial <= ?", (mark,)))


def _by_words(view: View, found: Piece, mark: int) -> Plan:
    condition, values = views.condition_of(view, twins=True)
    tables, among, values_of_words = _words_of(found, mark)
    order = f"ORDER BY w.chunk{_direction(view)}, p.serial{_direction(view)}"
    return Plan(
        "p.url_id",
        f"FROM {tables}{_urls(view, condition)} WHERE {among} AND {condition}",
        views.order(view) if view.sort else order,
        (*values_of_words, *values),
    )


def _words_of(found: Piece, mark: int) -> tuple[str, str, tuple[Value, ...]]:
    """Tables, and what holds of them, for pages near a row of words that are all found."""
    tables = (
        f"temp.words AS w CROSS JOIN {_PAGES} ON p.serial >= w.chunk << {words.BITS} "
        f"AND p.serial < w.chunk + 1 << {words.BITS}"
    )
    # The plus keeps SQLite from taking this for the end of each stretch.
    return tables, f"{found[0]} AND +p.serial <= ?", (*found[1], mark)


def _by_twins(view: View, twin: Term) -> Plan:
    """From each text that several pages have to these pages."""
    condition, values = views.condition_of(view, twins=True, without=twin)
    name = _name(twin)
    terms = [term for term in parse(view.text).terms if term != twin]
    tables = f"temp.twins_{name} AS t CROSS JOIN temp.by_{name} AS b ON b.value = t.value"
    if condition != "1" or view.sort not in {"", name}:
        narrow = view.sort not in _ONLY_IN_PAGES and all(_is_narrow(term) for term in terms)
        tables += f" CROSS JOIN {'temp.narrow' if narrow else 'main.pages'}{_LOOKED_UP}"
        tables += _urls(view, condition)
    order = f"ORDER BY t.value{_direction(view)}, b.serial"
    if view.sort != name:
        order = views.order(view).replace("p.serial", "b.serial")
    return Plan("b.url_id", f"FROM {tables} WHERE b.page = 1 AND {condition}", order, tuple(values))


def _in_order(view: View, twin: Term | None) -> Plan:
    """An attempt: the first rows in the order of a text, as far as the filter lets them through."""
    condition, values = views.condition_of(view, twins=True, without=twin)
    direction, name = _direction(view), view.sort
    first = f"SELECT b.value, b.serial FROM temp.by_{name} AS b"
    if twin is not None and _name(twin) == name:
        first = (
            f"SELECT b.value, b.serial FROM temp.twins_{name} AS t "
            f"CROSS JOIN temp.by_{name} AS b ON b.value = t.value WHERE b.page = 1"
        )
    elif twin is not None:
        condition, values = views.condition_of(view, twins=True)
    first += f" ORDER BY b.value{direction}, b.serial LIMIT {_TRIED}"
    return Plan(
        "p.url_id",
        f"FROM ({first}) AS b CROSS JOIN main.pages{_LOOKED_UP}{_urls(view, condition)} "
        f"WHERE {condition}",
        f"ORDER BY b.value{direction}, b.serial",
        values,
        attempt=True,
    )


def _by_numbers(view: View) -> Plan:
    """All that the filter asks for is in `narrow`; perhaps not what it is sorted by."""
    condition, values = views.condition_of(view, twins=True)
    if view.sort not in _ONLY_IN_PAGES:
        body = f"FROM {_NARROW}{_urls(view, condition)} WHERE {condition}"
        return Plan("p.url_id", body, views.order(view), values)
    if view.sort not in twins.COLUMNS:
        return Plan("p.url_id", views.where(view)[0], views.order(view), values)
    # An attempt in this order has found too little: there are few rows to look up.
    tables = f"{_NARROW} CROSS JOIN main.pages AS q ON q.serial = p.serial"
    order = f"ORDER BY {SORTS[view.sort].replace('p.', 'q.')}{_direction(view)}, p.serial"
    body = f"FROM {tables}{_urls(view, condition)} WHERE {condition}"
    return Plan("p.url_id", body, order, values)


def _by_texts(view: View, terms: Sequence[Term], mark: int, limit: int | None) -> Iterator[Plan]:
    """Texts that are in `pages` alone; a rare one is sought where it stands beside its like."""
    condition, values = views.condition_of(view, twins=True)
    plain = f"FROM {_PAGES}{_urls(view, condition)} WHERE p.serial <= ? AND {condition}"
    sought = next((term.test for term in terms if _is_sought(term)), None)
    if limit is None or view.sort or not isinstance(sought, Text):
        yield Plan("p.url_id", plain, views.order(view), (mark, *values))
        return
    some, at = ("p.serial > ?", mark - _READ) if view.reverse else ("p.serial <= ?", _READ)
    body, order = f"{plain} AND {some}", views.order(view)
    yield Plan("p.url_id", body, order, (mark, *values, at), attempt=True)
    tables = f"temp.by_{sought.field} AS b CROSS JOIN main.pages{_LOOKED_UP}"
    yield Plan(
        "p.url_id",
        f"FROM {tables}{_urls(view, condition)} WHERE b.value LIKE ? ESCAPE '\\' AND {condition}",
        order,
        (views.containing(sought.value), *values),
    )


def _words(terms: Sequence[Term]) -> Piece:
    """What holds of the `words` of every row that the terms let through; "" if that says little."""
    parts = tuple(
        views.containing(term.test.value)
        for term in terms
        if isinstance(term.test, Text)
        and not term.inverse
        and term.test.field in _IN_WORDS
        and len(term.test.value) >= _TELLING
    )
    return " AND ".join("w.text LIKE ? ESCAPE '\\'" for _ in parts), parts


def _is_narrow(term: Term) -> bool:
    """Whether `narrow`, with `urls`, is all that it takes to test a term."""
    match term.test:
        case Number() | Status() | Ending():
            return True
        case Kind():
            return not term.test.name.startswith("duplicate-")
        case Text(field, value):
            return field in _IN_NARROW or (not value and field in _ONLY_IN_PAGES)


def _is_twin(term: Term) -> bool:
    test = term.test
    return isinstance(test, Kind) and test.name.startswith("duplicate-") and not term.inverse


def _is_sought(term: Term) -> bool:
    test = term.test
    return (
        isinstance(test, Text)
        and not term.inverse
        and test.field in twins.COLUMNS
        and bool(test.value)
    )


def _name(twin: Term) -> str:
    assert isinstance(twin.test, Kind)
    return twin.test.name.removeprefix("duplicate-")


def _direction(view: View) -> str:
    return " DESC" if view.reverse else ""


def _urls(view: View, condition: str) -> str:
    return _URLS if "u." in condition or "u." in SORTS[view.sort] else ""
