"""The results table: ids in an array, rows paged from the crawl file, a filter and a sort.

The ids of a view are read once in a thread; from then on only what is new is asked for.
Rows are read by id, 128 at a time, so a file of a million rows opens as fast as a small one.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from tui.bridge import Rows
from tui.formats import count, plural
from tui.widgets.grid import Cell, Grid, Key
from tui.widgets.lists import RESULT_COLUMNS, result_cells

if TYPE_CHECKING:
    from crawler_core.store.rows import ResultRow

PAGE = 128
PAGES_KEPT = 64
_BLANK: Sequence[Cell] = (("", ""),) * len(RESULT_COLUMNS)


class Wanted(msgspec.Struct, frozen=True):
    """What the table shows: rows that hold `text`, sorted by a column."""

    text: str = ""
    sort: str = ""
    reverse: bool = False


class ResultFeed:
    """Rows of the crawl file by place: ids in memory, pages of rows kept for a while."""

    def __init__(self, ids: array[int], rows: Rows, home: str) -> None:
        self.ids = ids
        self._known = set(ids)
        self._rows = rows
        self._home = home
        self._pages: OrderedDict[int, dict[int, ResultRow]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> Key:
        return self.ids[index]

    def index(self, key: Key) -> int:
        try:
            return self.ids.index(int(key))
        except ValueError:
            return -1

    def cells(self, index: int) -> Sequence[Cell]:
        row = self.row(index)
        return _BLANK if row is None else result_cells(row, self._home)

    def row(self, index: int) -> ResultRow | None:
        """The row at a place; None if the file no longer holds it."""
        number = index // PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._read(number)
        else:
            self._pages.move_to_end(number)
        return page.get(self.ids[index])

    def extend(self, more: Sequence[int]) -> None:
        """Append ids; one that was there already (fetched again) moves to the end."""
        again = self._known.intersection(more)
        if again:
            self.ids = array("q", (one for one in self.ids if one not in again))
            self._pages.clear()
        self._pages.pop(len(self.ids) // PAGE, None)
        self.ids.extend(more)
        self._known.update(more)

    def _read(self, number: int) -> dict[int, ResultRow]:
        wanted = self.ids[number * PAGE : (number + 1) * PAGE]
        page = {row.url_id: row for row in self._rows.rows(wanted)}
        self._pages[number] = page
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        return page


class ResultsPane(Vertical):
    """The filter line and the table."""

    class Changed(Message):
        """Other rows are wanted: the screen has them read in a thread."""

        def __init__(self, wanted: Wanted) -> None:
            super().__init__()
            self.wanted = wanted

    def __init__(self) -> None:
        super().__init__(id="results")
        self.wanted = Wanted()
        self.feed: ResultFeed | None = None
        self.matches: frozenset[int] = frozenset()
        """Ids that held the last filter's text: what n and N go to after it is cleared."""
        self.busy = False
        self.then: Callable[[], None] | None = None
        """What a key asked for while there were no rows yet: done once they are there."""

    def compose(self) -> ComposeResult:
        yield Input(
            placeholder="filter: part of an address or a title; enter keeps it, esc clears it",
            id="filter",
            compact=True,
        )
        yield Grid(
            "RESULTS",
            RESULT_COLUMNS,
            widget_id="results-grid",
            follow=True,
            empty="nothing finished yet",
            cursor_always=True,
            tall_head=True,
        )

    @property
    def grid(self) -> Grid:
        """The table."""
        return self.query_one("#results-grid", Grid)

    def open_filter(self) -> None:
        """Let the filter be typed."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.screen.set_focus(line)

    def clear_filter(self) -> bool:
        """Show all rows again; False if no filter was set or open."""
        line = self.query_one("#filter", Input)
        was = line.display or bool(self.wanted.text)
        line.display = False
        if self.wanted.text:
            line.value = ""
            self.want(msgspec.structs.replace(self.wanted, text=""))
        if was:
            self.grid.focus()
        return was

    def want(self, wanted: Wanted) -> None:
        """Ask for other rows."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.post_message(self.Changed(wanted))

    def sort_by(self, column: str) -> None:
        """Sort by a column, or turn its order if it is the sorted one; "" is as finished."""
        now = self.wanted
        turn = bool(column) and now.sort == column and not now.reverse
        self.want(msgspec.structs.replace(now, sort=column, reverse=turn))

    def fill(self, feed: ResultFeed) -> None:
        """Show these rows; the cursor stays on its row if it is among them."""
        self.feed = feed
        self.busy = False
        if self.wanted.text:
            self.matches = frozenset(feed.ids)
        if self.wanted.sort:
            self.grid.follow = False
        self.grid.sorted_by = (self.wanted.sort, self.wanted.reverse)
        self.draw()
        then, self.then = self.then, None
        if then is not None:
            self.call_later(then)

    def draw(self) -> None:
        """Bring the headline up to date and the table with it."""
        grid, wanted = self.grid, self.wanted
        total = len(self.feed) if self.feed else 0
        parts = [plural(total, "row")]
        if wanted.text:
            parts.append(f'with "{wanted.text}"')
        if self.busy:
            parts.append("reading …")
        elif grid.follow:
            parts.append("following")
        elif total and not wanted.sort and (cursor := grid.cursor) is not None:
            left = total - 1 - grid.place
            parts.append(f"{count(left)} below, t follows" if left and cursor else "")
        grid.note = ", ".join(part for part in parts if part)
        nothing = "no row holds that text" if wanted.text else "nothing finished yet"
        grid.empty = "reading …" if self.busy else nothing
        if self.feed is not None:
            grid.show(self.feed)

    def next_match(self, by: int) -> bool:
        """Move to the next (1) or previous (-1) row of the last filter; False if there is none."""
        grid, feed = self.grid, self.feed
        if feed is None or not len(feed):
            return False
        if self.wanted.text or not self.matches:
            grid.action_move(by)
            return bool(self.wanted.text)
        total = len(feed)
        for step in range(1, total + 1):
            place = (grid.place + by * step) % total
            if feed.ids[place] in self.matches:
                return grid.select(feed.ids[place])
        return False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.want(msgspec.structs.replace(self.wanted, text=event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(self.wanted.text)
        self.grid.focus()

    def on_grid_head_clicked(self, event: Grid.HeadClicked) -> None:
        event.stop()
        self.sort_by(event.sort)
