"""The results table: ids in an array, rows paged from the crawl file, a filter and a sort.

The ids of a view are read once in a thread, its first screen before all others; from then on
only what is new is asked for. Rows are read by id, 128 at a time, so a file of a million rows
opens as fast as a small one.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from crawler_core.filters import FIELDS as FILTER_FIELDS
from crawler_core.filters import PRESETS, Preset, parse
from tui.bridge import Rows
from tui.formats import count, cut, plain, plural
from tui.widgets.fields import Field, chosen
from tui.widgets.grid import Cell, Grid, Key

if TYPE_CHECKING:
    from crawler_core.store.rows import ResultRow

PAGE = 128
PAGES_KEPT = 64
_RULE = 12
"""Cells of the headline beside its title and its note."""
_SAID = 36
"""Cells of the headline for a filter."""
_TIP = "words of an address or title, !not, " + " ".join(f"{name}:" for name in FILTER_FIELDS)


class Wanted(msgspec.Struct, frozen=True):
    """What the table shows: rows of a view that the typed filter lets through, sorted."""

    text: str = ""
    sort: str = ""
    reverse: bool = False
    preset: Preset = PRESETS[0]

    @property
    def line(self) -> str:
        """Both filters as one line of the filter's language."""
        return f"{self.preset.text} {self.text}".strip()

    @property
    def words(self) -> str:
        """The same, for people; "" when every row is wanted."""
        typed = f'with "{self.text}"' if self.text else ""
        named = self.preset.title if self.preset.text else ""
        return " ".join(part for part in (named, typed) if part)

    @property
    def moves(self) -> bool:
        """Whether rows may come anywhere, not only at the end, while the crawl goes on."""
        return bool(self.sort) or parse(self.line).compares


class Ids(msgspec.Struct, frozen=True):
    """The ids of a view in its order, and which ids these are, a byte for each."""

    order: array[int]
    marks: bytearray

    @classmethod
    def of(cls, order: array[int]) -> Ids:
        """Mark the ids: a tenth of a second for a million of them, so done in a thread."""
        marks = bytearray(max(order, default=0) + 1)
        for one in order:
            marks[one] = 1
        return cls(order, marks)

    def __contains__(self, one: int) -> bool:
        return one < len(self.marks) and bool(self.marks[one])


class ResultFeed:
    """Rows of the crawl file by place: ids in memory, pages of rows kept for a while."""

    def __init__(self, ids: Ids, rows: Rows, home: str) -> None:
        self.ids = ids.order
        self.fields: Sequence[Field] = chosen(None)
        self._marks = ids.marks
        self._rows = rows
        self._home = home
        self._pages: OrderedDict[int, dict[int, ResultRow]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> Key:
        return self.ids[index]

    def index(self, key: Key) -> int:
        return self.ids.index(int(key)) if int(key) in self.known else -1

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

    def extend(self, more: Sequence[int]) -> None:
        """Append ids; one that was there already (fetched again) moves to the end."""
        known = self.known
        again = {one for one in more if one in known}
        if again:
            self.ids = array("q", (one for one in self.ids if one not in again))
            self._pages.clear()
        self._pages.pop(len(self.ids) // PAGE, None)
        self.ids.extend(more)
        marks = self._marks
        marks.extend(bytes(max(0, max(more, default=0) + 1 - len(marks))))
        for one in more:
            marks[one] = 1

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

    class Opened(Message):
        """A filter is about to be typed."""

    def __init__(self) -> None:
        super().__init__(id="results")
        self.wanted = Wanted()
        self.feed: ResultFeed | None = None
        self.matches: Ids | None = None
        """What the last filter let through: where n and N go after it is cleared."""
        self.busy = False
        self.then: Callable[[], None] | None = None
        """What a key asked for while there were no rows yet: done once they are there."""
        self._chosen: tuple[str, ...] | None = None

    def compose(self) -> ComposeResult:
        yield Input(
            placeholder="filter: part of an address or a title; enter keeps it, esc clears it",
            id="filter",
            compact=True,
        )
        yield Static(id="filter-says")
        yield Grid(
            "RESULTS",
            [field.column for field in self.fields],
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

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns that are shown."""
        return chosen(self._chosen)

    def show_columns(self, names: tuple[str, ...]) -> None:
        """Show these columns from now on."""
        usual = tuple(field.name for field in chosen(None))
        self._chosen = None if names == usual else names
        self.grid.columns = tuple(field.column for field in self.fields)
        if self.feed is not None:
            self.feed.fields = self.fields
        self.draw()

    def open_filter(self) -> None:
        """Let the filter be typed."""
        line = self.query_one("#filter", Input)
        line.display = True
        self.screen.set_focus(line)
        self._advise(self.wanted.text)
        self.post_message(self.Opened())

    def clear_filter(self) -> bool:
        """Take back the typed filter, or else the view; False if there was neither."""
        line = self.query_one("#filter", Input)
        now = self.wanted
        typing = line.display or bool(now.text)
        was = typing or bool(now.preset.text)
        line.display = False
        self._say("")
        if now.text:
            line.value = ""
            self.want(msgspec.structs.replace(now, text=""))
        elif not typing:
            self.choose(PRESETS[0])
        if was:
            self.grid.focus()
        return was

    def choose(self, preset: Preset) -> None:
        """Show a view; the typed filter stays, and holds within it."""
        now = self.wanted
        came_with_view = bool(now.sort) and now.sort == now.preset.sort
        sort = preset.sort or ("" if came_with_view else now.sort)
        reverse = now.reverse and sort == now.sort
        self.want(msgspec.structs.replace(now, preset=preset, sort=sort, reverse=reverse))

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

    def fill(self, feed: ResultFeed, *, whole: bool = True) -> None:
        """Show these rows; the cursor stays on its row if it is among them.

        Not `whole`: they are a first screen, and the others are still read.
        """
        self.feed = feed
        feed.fields = self.fields
        self.busy = not whole
        if self.wanted.text and whole:
            self.matches = feed.known
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
        parts = ["" if self.busy else plural(total, "row")]
        if wanted.text:
            parts.append(f'with "{cut(plain(wanted.text), _SAID)}"')
        if self.busy:
            parts.append("reading …")
        elif grid.follow:
            parts.append("following")
        elif total and not wanted.sort and (cursor := grid.cursor) is not None:
            left = total - 1 - grid.place
            parts.append(f"{count(left)} below, t follows" if left and cursor else "")
        grid.title = f"RESULTS {wanted.preset.title}" if wanted.preset.text else "RESULTS"
        room = grid.size.width - cell_len(grid.title) - _RULE
        grid.note = ", ".join(part for part in parts if part)
        while len(parts) > 1 and cell_len(grid.note) > room > 0:
            parts.pop()
            grid.note = ", ".join(part for part in parts if part)
        nothing = "no row is like that" if wanted.line else "nothing finished yet"
        grid.empty = "reading …" if self.busy else nothing
        if self.feed is not None:
            grid.show(self.feed)

    def next_match(self, by: int) -> bool:
        """Move to the next (1) or previous (-1) row of the last filter; False if there is none."""
        grid, feed = self.grid, self.feed
        if feed is None or not len(feed):
            return False
        if self.wanted.text or self.matches is None or not self.matches.order:
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
        self._advise(event.value)
        self.want(msgspec.structs.replace(self.wanted, text=event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(self.wanted.text)
        self._say(parse(self.wanted.text).problem)
        self.grid.focus()

    def on_grid_head_clicked(self, event: Grid.HeadClicked) -> None:
        event.stop()
        self.sort_by(event.sort)

    def _advise(self, text: str) -> None:
        """Tell what is not understood of a filter, or before its first letter what may be typed."""
        problem = parse(text).problem
        self._say(problem or ("" if text.strip() else _TIP), wrong=bool(problem))

    def _say(self, text: str, *, wrong: bool = True) -> None:
        says = self.query_one("#filter-says", Static)
        says.display = bool(text)
        says.set_class(wrong, "warn")
        says.update(Content(plain(text)))
