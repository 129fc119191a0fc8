"""The menu of views: filters that people of the trade know by name, with their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from crawler_core.filters import PRESETS, Preset
from tui.formats import count, cut, plain
from tui.widgets.grid import Cell, Column, Grid, Key, ListFeed
from tui.widgets.hint import Hint

_COLUMNS = (
    Column("", 16),
    Column("view", 24),
    Column("rows", 9, "right"),
    Column("as a filter", 0),
)
_SAID = 30
"""Cells of the title for a typed filter."""
_AROUND = 10
"""Lines of the dialog and the screen around the list."""
_SAYS = "Response Codes: by status code; the Overview counts by outcome."


class _Menu(Grid):
    """A table whose rows are taken by one click, as the lines of a menu are."""

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.shows_row(offset.y):
            self.call_later(self.choose)  # when the cursor is there


class ViewsScreen(ModalScreen[Preset | None]):
    """Offers the views; None leaves the table as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v", "leave", show=False),
        Binding("enter", "take", show=False),
    ]

    def __init__(self, now: Preset, typed: str = "") -> None:
        """`typed`: a filter that holds within each view, also for its count."""
        super().__init__(classes="dialog")
        self._now = now
        self._typed = typed
        self._counts: dict[str, int] = {}
        self.closed = False
        """True once nobody looks at the counts any more."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield _Menu("", _COLUMNS, widget_id="presets", cursor_always=True)
            yield Static(_SAYS, id="views-says", classes="says")
            yield Hint(("enter", "shows it"), ("", "/ then filters within it"), ("esc", "back"))

    @property
    def _title(self) -> Content:
        said = f': rows with "{cut(plain(self._typed), _SAID)}"' if self._typed else ""
        return Content(f"Views of the results{said}")

    def on_mount(self) -> None:
        self._fit()
        grid = self.query_one(Grid)
        self._draw()
        grid.select(self._now.title)
        grid.focus()

    def on_unmount(self) -> None:
        self.closed = True

    def on_resize(self, _: events.Resize) -> None:
        self._fit()

    def take_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many rows each view has, by its filter line, as far as that is known."""
        self._counts.update(counts)
        if self.is_attached:
            self._draw()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        event.stop()
        self.action_take()

    def on_grid_moved(self, event: Grid.Moved) -> None:
        event.stop()

    def action_leave(self) -> None:
        """Leave the table as it is."""
        self.dismiss(None)

    def action_take(self) -> None:
        """Show the lit view."""
        self.dismiss(PRESETS[self.query_one(Grid).place])

    def _fit(self) -> None:
        rows = min(len(PRESETS) + 1, self.size.height - _AROUND)
        self.query_one(Grid).styles.height = max(3, rows)

    def _draw(self) -> None:
        rows: list[tuple[Key, Sequence[Cell]]] = []
        before = ""
        for preset in PRESETS:
            found = self._counts.get(preset.text)
            group = preset.group if preset.group != before else ""
            before = preset.group
            rows.append(
                (
                    preset.title,
                    (
                        (group, "dim"),
                        (preset.name, "" if found != 0 else "faint"),
                        ("…" if found is None else count(found), "number" if found else "faint"),
                        (preset.text, "dim"),
                    ),
                )
            )
        self.query_one(Grid).show(ListFeed(rows))
