"""A text that is scrolled: sections of lines under a headline that stays."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from textual import events
from textual.binding import Binding, BindingType

from tui.widgets.paint import Line, Painted, rule

Piece = tuple[str, str]
"""Text and style name."""


class Document(Painted, can_focus=True):
    """Lines of pieces; the last piece of a line is wrapped under itself when it is too long."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("home,g", "scroll(-1000000)", show=False),
        Binding("end,G", "scroll(1000000)", show=False),
    ]

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self._sections: Sequence[tuple[str, Sequence[Sequence[Piece]]]] = ()
        self._top = 0
        self._total = 0
        self._starts: list[int] = []

    def show(self, sections: Sequence[tuple[str, Sequence[Sequence[Piece]]]]) -> None:
        """Show sections of a title and lines; a line is a row of pieces."""
        self._sections = sections
        self._top = 0
        self.repaint()

    def go(self, section: int) -> None:
        """Scroll to a section, counted from 0."""
        if section < len(self._starts):
            self._top = self._starts[section]
            self.repaint()

    def action_scroll(self, by: int) -> None:
        """Scroll by some lines."""
        self._top = max(0, min(self._top + by, self._total - self.content_size.height))
        self.repaint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-3)

    def paint(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        self._starts = []
        for title, rows in self._sections:
            if lines:
                lines.append(Line())
            self._starts.append(len(lines))
            if title:
                lines.append(rule(title, width))
            for row in rows:
                lines += _wrapped(row, width)
        self._total = len(lines)
        self._top = max(0, min(self._top, self._total - height))
        return lines[self._top : self._top + height]


def _wrapped(row: Sequence[Piece], width: int) -> list[Line]:
    line = Line(" ")
    for text, style in row[:-1]:
        line.put(text, style)
    if not row:
        return [line]
    text, style = row[-1]
    room = max(8, width - line.at - 1)
    if cell_len(text) <= room:
        return [line.put(text, style)]
    indent = line.at if width - line.at >= 8 else 1
    parts = (wrap(text, room) if text.isascii() else chop_cells(text, room))[:12]
    lines = [line.put(parts[0], style)]
    lines += [Line(" " * indent).put(part, style) for part in parts[1:]]
    return lines
