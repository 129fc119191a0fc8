"""The results table: ids in an array, rows paged from the crawl file, a filter and a sort.

The ids of a view are read once in a thread, its first screen before all others; from then on
only what is new is asked for. Rows are read by id, 128 at a time, so a file of a million rows
opens as fast as a small one.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from crawler_core.filters import FIELDS as FILTER_FIELDS
from crawler_core.filters import PRESETS, Preset, parse
from tui.formats import count, cut, plain, plural
from tui.screens.feed import READ_AGAIN, Ids, ResultFeed
from tui.screens.matching import Matching
from tui.widgets.fields import Field, chosen
from tui.widgets.filterline import FilterLine
from tui.widgets.grid import Grid
from tui.widgets.ground import Pane
from tui.widgets.sending import lay_out

_RULE = 12
"""Cells of the headline beside its title and its note."""
_SAID = 36
"""Cells of the headline for a filter."""
_GREATEST_FIRST = frozenset({"seconds", "size"})
"""Columns of which one looks for the greatest: they begin with it."""
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
        understood = parse(self.text).understood
        typed = f'with "{understood}"' if understood else ""
        named = self.preset.title if self.preset.text else ""
        return " ".join(part for part in (named, typed) if part)

    @property
    def moves(self) -> bool:
        """Whether rows may come anywhere, not only at the end, while the crawl goes on."""
        return bool(self.sort) or parse(self.line).compares


class ResultsPane(Pane):
    """The filter line and the table."""

    class Changed(Message):
        """Other rows are wanted: the screen has them read in a thread."""

        def __init__(self, wanted: Wanted) -> None:
            super().__init__()
            self.wanted = wanted

    class Opened(Message):
        """A filter is about to be typed."""

    class ColumnsChosen(Message):
        """Other columns are shown from now on; no names are the usual ones."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.names = names

    def __init__(self, columns: tuple[str, ...] = ()) -> None:
        """Show these columns, those of them that there are; the usual ones if there is none."""
        super().__init__(id="results")
        self.wanted = Wanted()
        self.feed: ResultFeed | None = None
        self.matches: Ids | None = None
        """What the last filter let through: where n and N go after it is cleared."""
        self._matching: Matching | None = None
        self.busy = False
        self.then: Callable[[], None] | None = None
        """What a key asked for while there were no rows yet: done once they are there."""
        self._chosen = columns if chosen(columns) else None
        self.trouble = ""
        """Why the crawl file cannot be read."""
        self._told = ""
        self._says = ("", True)
        self._to_top = False
        """The next rows are of another order: its first one is to be seen."""

    def compose(self) -> ComposeResult:
        yield FilterLine(
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
        self.post_message(self.ColumnsChosen(self._chosen or ()))
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
        lay_out(self.screen)
        self.post_message(self.Opened())

    def clear_filter(self) -> bool:
        """Take back the typed filter, or else the view; False if there was neither."""
        line = self.query_one("#filter", Input)
        now = self.wanted
        typing = line.display or bool(now.text)
        was = typing or bool(now.preset.text)
        line.display = False
        self._say(self._told)
        with self.prevent(Input.Changed):  # nobody types any more: nothing is advised
            line.value = ""
        if typing:
            self.want(msgspec.structs.replace(now, text=""))
        else:
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
        """Sort by a column, or turn its order if it is the sorted one; "" is as finished.

        The first row is shown: what comes first is what one sorts for.
        """
        now = self.wanted
        reverse = column in _GREATEST_FIRST
        if column and now.sort == column:
            reverse = not now.reverse
        self._to_top = bool(column)
        self.want(msgspec.structs.replace(now, sort=column, reverse=reverse))

    def fill(self, feed: ResultFeed, *, whole: bool = True) -> None:
        """Show these rows; the cursor stays on its row if it is among them.

        Not `whole`: they are a first screen, and the others are still read.
        """
        self.feed, self.trouble = feed, ""
        feed.fields, feed.failed = self.fields, self._row_failed
        self.busy = not whole
        if self.wanted.text and whole:
            self.matches = feed.known
        if self.wanted.sort:
            self.grid.follow = False
        self.grid.sorted_by = (self.wanted.sort, self.wanted.reverse)
        self.draw()
        if self._to_top and len(feed):
            self._to_top = False
            self.grid.go_to(0)
        then, self.then = self.then, None
        if then is not None:
            self.call_later(then)

    def draw(self) -> None:
        """Bring the headline up to date and the table with it."""
        self._tell_trouble()
        grid, wanted = self.grid, self.wanted
        total = len(self.feed) if self.feed else 0
        parts = ["" if self.busy else plural(total, "row")]
        if understood := parse(wanted.text).understood:
            parts.append(f'with "{cut(plain(understood), _SAID)}"')
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
        grid.empty = "" if self._told else "reading …" if self.busy else nothing
        if self.feed is not None:
            grid.show(self.feed, whole=not self.busy)

    def next_match(self, by: int) -> bool:
        """Move to the next (1) or previous (-1) row of the last filter; False if there is none."""
        grid, feed = self.grid, self.feed
        if feed is None or not len(feed):
            return False
        if self.wanted.text or self.matches is None or not self.matches.order:
            grid.action_move(by)
            return bool(self.wanted.text)
        known = self._matching
        if known is None or known.ids is not feed.ids or known.marks is not self.matches.marks:
            self._match(Matching(feed.ids, self.matches.marks, len(feed.known.marks)), by)
            return True
        known.catch_up()
        place = known.beyond(grid.place, by)
        if place >= 0:
            grid.go_to(place)
        return place >= 0

    def _match(self, matching: Matching, by: int) -> None:
        """Find the rows of the filter in a thread, then go to the next one."""

        def take() -> None:
            self._matching = matching
            self.next_match(by)

        def run() -> None:
            matching.catch_up()
            self.call_later(take)

        self.run_worker(run, thread=True, group="matching", exit_on_error=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._advise(event.value)
        self.want(msgspec.structs.replace(self.wanted, text=event.value.strip()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = bool(self.wanted.text)
        self._say(self._told or parse(self.wanted.text).problem)
        self.grid.focus()

    def on_grid_head_clicked(self, event: Grid.HeadClicked) -> None:
        event.stop()
        self.sort_by(event.sort)

    def _row_failed(self) -> None:
        self.call_later(self.draw)
        self.set_timer(READ_AGAIN, self.draw)

    def _tell_trouble(self) -> None:
        trouble = self.trouble or (self.feed.trouble if self.feed else "")
        if trouble != self._told:
            self._told = trouble
            if self.query_one("#filter", Input).has_focus:
                self._advise(self.wanted.text)
            else:
                self._say(trouble or parse(self.wanted.text).problem)

    def _advise(self, text: str) -> None:
        """Tell what is wrong with the file or the filter, or else what may be typed."""
        problem = self._told or parse(text).problem
        self._say(problem or _TIP, wrong=bool(problem))

    def _say(self, text: str, *, wrong: bool = True) -> None:
        if (text, wrong) == self._says:
            return  # the same words would lay out the screen again
        self._says = (text, wrong)
        says = self.query_one("#filter-says", Static)
        says.display = bool(text)
        says.set_class(wrong, "warn")
        says.update(Content(plain(text)))
