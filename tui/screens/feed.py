"""Rows of the crawl file by place: which ids a table has, and pages of rows read by them."""

from __future__ import annotations

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import filterfalse
from typing import TYPE_CHECKING

import msgspec

from crawler_core.errors import CrawlError
from tui.bridge import Rows
from tui.widgets.fields import Field, chosen
from tui.widgets.grid import Cell, Key

if TYPE_CHECKING:
    from crawler_core.store.rows import ResultRow

PAGE = 128
PAGES_KEPT = 64
READ_AGAIN = 1.0
"""Seconds after which rows that could not be read are asked for again."""
MOVED_WITHIN = 50_000
"""Rows of a table within which one may be moved at once: a few milliseconds."""
_MARKED = 8_192
"""Ids that are marked at once."""


class Ids(msgspec.Struct, frozen=True):
    """The ids of a view in its order, and which ids these are, a byte for each."""

    order: array[int]
    marks: bytearray

    @classmethod
    def of(cls, order: array[int]) -> Ids:
        """Mark the ids: a tenth of a second for a million of them, so done in a thread.

        A part at a time, as even to find the highest of all would hold up the screen.
        """
        marks = bytearray(1)
        for start in range(0, len(order), _MARKED):
            part = order[start : start + _MARKED]
            marks.extend(bytes(max(0, max(part) + 1 - len(marks))))
            for one in part:
                marks[one] = 1
        return cls(order, marks)

    def __contains__(self, one: int) -> bool:
        return one < len(self.marks) and bool(self.marks[one])


def place_of(one: int, ids: array[int]) -> int:
    """Where an id is; -1 if it is nowhere.

    Its bytes are sought, from the end that is mostly shown: to compare a million numbers would
    hold up the screen.
    """
    sought, size = array("q", (one,)).tobytes(), ids.itemsize
    for end in range(len(ids), 0, -_MARKED):
        start = max(0, end - _MARKED)
        part = ids[start:end].tobytes()
        at = part.find(sought)
        while at >= 0 and at % size:  # the end of one number and the begin of the next
            at = part.find(sought, at + 1)
        if at >= 0:
            return start + at // size
    return -1


class ResultFeed:
    """Rows of the crawl file by place: ids in memory, pages of rows kept for a while."""

    def __init__(self, ids: Ids, rows: Rows, home: str) -> None:
        self.ids = ids.order
        self.fields: Sequence[Field] = chosen(None)
        self._marks = ids.marks
        self._rows = rows
        self._home = home
        self._pages: OrderedDict[int, dict[int, ResultRow]] = OrderedDict()
        self.trouble = ""
        """Why rows cannot be read: their lines stay empty."""
        self.failed: Callable[[], None] = lambda: None
        """Called when that is so."""
        self._gaps: dict[int, float] = {}
        """Pages that could not be read, and when they are tried again."""

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> Key:
        return self.ids[index]

    def index(self, key: Key) -> int:
        return place_of(int(key), self.ids) if int(key) in self.known else -1

    @property
    def known(self) -> Ids:
        """The ids, as they are now."""
        return Ids(self.ids, self._marks)

    def cells(self, index: int) -> Sequence[Cell]:
        row = self.row(index)
        if row is None:
            return (("", ""),) * len(self.fields)
        return [field.cell(row, self._home) for field in self.fields]

    def row(self, index: int) -> ResultRow | None:
        """The row at a place; None if the file no longer holds it."""
        number = index // PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._read(number)
        else:
            self._pages.move_to_end(number)
        return page.get(self.ids[index])

    def extend(self, more: Sequence[int]) -> bool:
        """Append ids; one that was there already (fetched again) moves to the end.

        False, and nothing is done, where this would hold up the screen.
        """
        known = self.known
        again = {one for one in more if one in known}
        if again and len(self.ids) > MOVED_WITHIN:
            return False
        if again:
            self.ids = array("q", filterfalse(again.__contains__, self.ids))
            self._pages.clear()
        self._pages.pop(len(self.ids) // PAGE, None)
        self.ids.extend(more)
        marks = self._marks
        marks.extend(bytes(max(0, max(more, default=0) + 1 - len(marks))))
        for one in more:
            marks[one] = 1
        return True

    def _read(self, number: int) -> dict[int, ResultRow]:
        wanted = self.ids[number * PAGE : (number + 1) * PAGE]
        now = time.monotonic()
        if now < self._gaps.get(number, 0.0):
            return {}
        self._gaps.pop(number, None)
        try:
            page = {row.url_id: row for row in self._rows.rows(wanted)}
        except CrawlError as error:
            self.trouble, self._gaps[number] = str(error), now + READ_AGAIN
            self.failed()
            return {}
        self.trouble = ""
        self._pages[number] = page
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        return page
