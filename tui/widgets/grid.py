"""A table of any length: it asks its feed for the visible rows only.

The cursor is the key of a row, never its place, so it stays on its row while the table
grows, shrinks or is sorted again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import msgspec
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.formats import cut, cut_middle, fit, plain, right
from tui.widgets.paint import Line, Painted, rule

Cell = tuple[str, str] | tuple[str, str, str]
"""Text and style name; a third text is a note that is set apart and never cuts the first."""
Key = int | str
_SNUG_ROWS = 30
"""Rows that are measured for the width of a snug column."""


class Column(msgspec.Struct, frozen=True):
    """One column: `width` cells, or what is left when it is 0."""

    title: str
    width: int = 0
    align: str = "left"
    """left, right or middle (left, and too long a text loses its middle)."""
    sort: str = ""
    """Name by which the feed sorts; "" where it cannot."""
    from_width: int = 0
    """The column appears when the table is at least this wide."""
    share: int = 1
    """Its part of the cells that columns without a width divide among them."""
    least: int = 0
    """Cells that a column without a width keeps, whatever stands beside it."""
    snug: bool = False
    """Without a width: as wide as its longest text, if that takes at most two thirds of them."""


class Feed(Protocol):
    """Where rows come from."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> Key:
        """What names the row at `index` for ever."""

    def index(self, key: Key) -> int:
        """Where a row is now; -1 if it is gone."""

    def cells(self, index: int) -> Sequence[Cell]:
        """One cell for each column."""


class ListFeed:
    """A feed over values in memory: for lists of at most a few hundred rows."""

    def __init__(self, rows: Sequence[tuple[Key, Sequence[Cell]]] = ()) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> Key:
        return self._rows[index][0]

    def index(self, key: Key) -> int:
        for place, (other, _) in enumerate(self._rows):
            if other == key:
                return place
        return -1

    def cells(self, index: int) -> Sequence[Cell]:
        return self._rows[index][1]


class Grid(Painted, can_focus=True):
    """A table with a headline, a cursor, and a tail that may be followed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "jump(0)", show=False),
        Binding("end,G", "jump(-1)", show=False),
    ]
    ALLOW_MAXIMIZE = True

    class Chosen(Message):
        """A double click on a row."""

        def __init__(self, grid: Grid, key: Key) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> Grid:
            return self.grid

    class Moved(Chosen):
        """The cursor is on another row."""

    class HeadClicked(Message):
        """A click on the name of a column that sorts."""

        def __init__(self, grid: Grid, sort: str) -> None:
            super().__init__()
            self.grid = grid
            self.sort = sort

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        *,
        widget_id: str | None = None,
        follow: bool = False,
        empty: str = "",
        cursor_always: bool = False,
        tall_head: bool = False,
    ) -> None:
        super().__init__(widget_id=widget_id)
        self.title = title
        self.note = ""
        """Said at the right end of the headline."""
        self.empty = empty
        self.follow = follow
        self.columns = tuple(columns)
        self.sorted_by: tuple[str, bool] = ("", False)
        self.feed: Feed = ListFeed()
        self.more: Callable[[int], Line | None] = lambda _: None
        """Makes a last line that tells, for a number of shown rows, what is left out."""
        self._cursor: Key | None = None
        self._sought: Key | None = None
        """The row that the cursor is on again once it is among those that are still read."""
        self._index = 0
        self._top = 0
        self._cursor_always = cursor_always
        self._heads = 2 if tall_head else 1

    @property
    def cursor(self) -> Key | None:
        """The key of the row under the cursor; None in an empty table."""
        return self._cursor

    @property
    def place(self) -> int:
        """Where the cursor's row is, counted from 0."""
        return self._index

    def show(self, feed: Feed, *, whole: bool = True) -> None:
        """Draw what the feed holds now; the cursor stays on its row if that is still there.

        Not `whole`: other rows are still to come, and the cursor's own may be one of them.
        """
        self.feed = feed
        before = self._cursor
        sought = before if self._sought is None else self._sought
        self._sought = None
        if not len(feed):
            self._cursor, self._index, self._top = None, 0, 0
        elif self.follow:
            self._go(len(feed) - 1)
        else:
            found = self._find(sought) if sought is not None else -1
            if found < 0 and not whole:
                self._sought = sought
            if found >= 0:
                self._top += found - self._index if self._top > 0 else 0
            self._go(found if found >= 0 else min(self._index, len(feed) - 1))
        if self._cursor != before and self._cursor is not None:
            self.post_message(self.Moved(self, self._cursor))
        self.repaint()

    def select(self, key: Key) -> bool:
        """Put the cursor on a row; False if there is no such row."""
        found = self.feed.index(key)
        if found < 0:
            return False
        self.follow = False
        self._land(found)
        return True

    def go_to(self, place: int) -> None:
        """Put the cursor on the row at a place."""
        self.follow = False
        self._land(place)

    def action_move(self, by: int) -> None:
        """Move the cursor; leaving the end stops following the tail."""
        self._step(self._index + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self._step(self._index + by * max(1, self._body - 1))

    def action_jump(self, to: int) -> None:
        """Move to the first (0) or last (-1) row."""
        self._step(0 if to == 0 else len(self.feed) - 1)

    def shows_row(self, y: int) -> bool:
        """Whether a line of the table is a row of it."""
        return self._heads <= y < self._heads + len(self.feed) - self._top

    def row_at(self, y: int) -> int:
        """Which row a line of the table shows."""
        return self._top + y - self._heads

    def choose(self) -> None:
        """Tell the screen that this row is wanted."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self, self._cursor))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        row = self.row_at(offset.y)
        if offset.y < self._heads:
            self._head_click(offset.x)
        elif row < len(self.feed):
            self._step(row)
            if event.chain == 2:
                self.choose()

    def paint(self, width: int, height: int) -> list[Line]:
        shown = self._shown(width)
        lines = self._head(shown, width)
        room = height - self._heads
        total = len(self.feed)
        self._top = max(0, min(self._top, total - room))
        if not total and self.empty:
            return [*lines, Line("  ").put(self.empty, "dim")]
        more = self.more(min(total, room))
        if more is not None and total >= room:
            room -= 1
            more = self.more(room)
        for index in range(self._top, min(total, self._top + room)):
            lines.append(self._row(index, shown))
        if more is not None and len(lines) < height:
            lines.append(more)
        return lines

    @property
    def _body(self) -> int:
        return max(1, self.content_size.height - self._heads)

    def _shown(self, width: int) -> list[tuple[int, Column, int]]:
        kept = [(n, c) for n, c in enumerate(self.columns) if width >= c.from_width]
        fixed = sum(column.width + 1 for _, column in kept) + 1
        parts = sum(column.share for _, column in kept if not column.width)
        free, shown = max(4 * parts, width - fixed), []
        for number, column in kept:
            cells = column.width
            if not cells and column.snug:
                cells = max(min(self._longest(number), 2 * free // 3), free * column.share // parts)
                free, parts = free - cells, parts - column.share
            elif not cells:
                cells = max(free * column.share // parts, column.least)
                free, parts = max(4, free - cells), parts - column.share
            shown.append((number, column, cells))
        return shown

    def _longest(self, number: int) -> int:
        rows = range(min(len(self.feed), _SNUG_ROWS))
        return max((cell_len(plain(self.feed.cells(row)[number][0])) for row in rows), default=0)

    def _head(self, shown: list[tuple[int, Column, int]], width: int) -> list[Line]:
        focused = self.has_focus
        if self._heads == 2 or not any(column.title for _, column, _ in shown):
            first = rule(self.title, width, note=self.note, focused=focused)
            if self._heads == 1:
                return [first]
            return [first, self._names(Line(), shown)]
        line = Line("▸─ " if focused else "── ", "accent" if focused else "rule")
        line.put(self.title, "accent" if focused else "title").put(" " if self.title else "")
        line = self._names(line, shown)
        tail = f" {self.note} " if self.note else ""
        if line.at + len(tail) + 4 > width:
            tail = ""
        line.put(" ").put("─" * max(0, width - line.at - len(tail) - bool(tail)), "rule")
        return [line.put(tail, "dim").put("─" if tail else "", "rule")]

    def _names(self, line: Line, shown: list[tuple[int, Column, int]]) -> Line:
        at = 1
        for _, column, cells in shown:
            self._head_cell(line, column, at, cells)
            at += cells + 1
        return line

    def _head_cell(self, line: Line, column: Column, at: int, cells: int) -> None:
        by, reverse = self.sorted_by
        mark = ("▼" if reverse else "▲") if by and by == column.sort else ""
        name = column.title + mark
        start = at + cells - len(name) if column.align == "right" else at
        if not column.title or start < line.at:
            return
        first = self._heads == 1 and line.at <= len(self.title) + 4
        line.put(("─" if first else " ") * max(0, start - line.at - 1), "rule")
        line.to(start).put(name, "accent" if mark else "dim")

    def _row(self, index: int, shown: list[tuple[int, Column, int]]) -> Line:
        cells = self.feed.cells(index)
        live = self.has_focus and not self.follow
        lit = index == self._index and (live or self._cursor_always)
        line = Line(whole=("cursor" if self.has_focus else "cursor-off") if lit else "")
        line.put(" ")
        for number, column, width in shown:
            text, style, *note = cells[number]
            if note and note[0]:
                room = max(width - cell_len(text) - 2, 2 * width // 5) if text else width
                shown_note = cut(note[0], room)
                kept = cut_middle(text, width - cell_len(shown_note) - 2)
                end = line.at + width + 1
                line.put(kept, style).put("  " if kept else "").put(shown_note, "dim").to(end)
                continue
            line.put(_place(text, width, column.align), style).put(" ")
        return line

    def _head_click(self, x: int) -> None:
        at = 1
        for _, column, cells in self._shown(self.content_size.width):
            if at <= x <= at + cells and column.sort:
                self.post_message(self.HeadClicked(self, column.sort))
                return
            at += cells + 1

    def _find(self, key: Key) -> int:
        if self._index < len(self.feed) and self.feed.key(self._index) == key:
            return self._index
        return self.feed.index(key)

    def _step(self, index: int) -> None:
        total = len(self.feed)
        if not total:
            return
        index = max(0, min(index, total - 1))
        if index < total - 1:
            self.follow = False
        self._land(index)

    def _land(self, index: int) -> None:
        before = self._cursor
        self._sought = None
        self._go(index)
        if self._cursor != before and self._cursor is not None:
            self.post_message(self.Moved(self, self._cursor))
        self.repaint()

    def _go(self, index: int) -> None:
        self._index = index
        self._cursor = self.feed.key(index)
        body = self._body
        self._top = max(min(self._top, index), index - body + 1, 0)

    def _scroll(self, by: int) -> None:
        total, body = len(self.feed), self._body
        top = max(0, min(self._top + by, total - body))
        if top != self._top:
            self._top = top
            self._step(max(top, min(self._index, top + body - 1)))


def _place(text: str, width: int, align: str) -> str:
    if align == "right":
        return right(text, width)
    if align == "middle":
        return fit(cut_middle(text, width), width)
    return fit(text, width)
