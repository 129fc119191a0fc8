"""The choice of columns: a list to tick."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.widgets.fields import FIELDS, Field
from tui.widgets.hint import Hint
from tui.widgets.paint import Line, Painted

_AROUND = 8
"""Lines of the dialog and the screen around the list."""


class Ticks(Painted, can_focus=True):
    """Fields, each with a box; one line is lit."""

    def __init__(self, fields: Sequence[Field], ticked: Collection[str]) -> None:
        super().__init__(widget_id="ticks")
        self._fields = fields
        self.ticked = set(ticked)
        self.lit = 0
        self.top = 0
        """The place of the first line that is shown, where there is no room for all."""

    def fit(self, room: int) -> None:
        """Take the lines there are, if there are so many."""
        self.styles.height = max(1, min(len(self._fields), room))

    def move(self, by: int) -> None:
        """Light another line."""
        self.lit = (self.lit + by) % len(self._fields)
        self.repaint()

    def turn(self, place: int) -> None:
        """Light a line, and tick it or take its tick away."""
        self.lit = place
        self.ticked ^= {self._fields[self.lit].name}
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            self.turn(self.top + offset.y)

    def set(self, names: Collection[str]) -> None:
        """Tick these and no others."""
        self.ticked = set(names)
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        lines = []
        lowest = len(self._fields) - height
        self.top = max(0, self.lit - height + 1, min(self.top, self.lit, lowest))
        for place, field in enumerate(self._fields[self.top :], self.top):
            on = field.name in self.ticked
            line = Line(whole="cursor" if place == self.lit else "")
            line.put(" [x] " if on else " [ ] ", "key" if on else "dim")
            lines.append(line.put(field.words))
        return lines


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """Which columns the results table shows; None leaves them as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j,tab", "move(1)", show=False),
        Binding("space,x", "turn", show=False),
        Binding("d", "usual", show=False),
        Binding("enter", "take", show=False),
    ]

    def __init__(self, shown: Collection[str]) -> None:
        super().__init__(classes="dialog")
        self._ticks = Ticks(FIELDS, shown)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box narrow") as box:
            box.border_title = "Columns"
            yield self._ticks
            yield Hint(("space", "ticks"), ("enter", "shows"), ("d", "usual"), ("esc", "back"))

    def on_mount(self) -> None:
        self._ticks.focus()

    def on_resize(self, event: events.Resize) -> None:
        self._ticks.fit(event.size.height - _AROUND)

    def action_leave(self) -> None:
        """Leave the columns as they are."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Light another line."""
        self._ticks.move(by)

    def action_turn(self) -> None:
        """Tick the lit line, or not."""
        self._ticks.turn(self._ticks.lit)

    def action_usual(self) -> None:
        """Tick the usual ones."""
        self._ticks.set([field.name for field in FIELDS if field.usual])

    def action_take(self) -> None:
        """Show the ticked ones; without any there would be no table."""
        names = tuple(field.name for field in FIELDS if field.name in self._ticks.ticked)
        self.dismiss(names or None)
