"""The brush: a widget that draws lines of styled text and sends only those that changed.

Text arrives here as plain strings and leaves as segments, so no part of it is ever read as
markup. Textual has no cell diff: a refreshed region is sent again in full, hence the lines
are compared first.
"""

from __future__ import annotations

from typing import Self

import msgspec
from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.formats import plain
from tui.widgets.spans import changed_spans, merged


class Look(msgspec.Struct, frozen=True):
    """How a named piece of text looks: colours by their names in the theme."""

    color: str = ""
    part: float = 1.0
    """How much of the colour is laid over the background, 0 to 1."""
    on: str = ""
    on_part: float = 1.0
    bold: bool = False


LOOKS: dict[str, Look] = {
    "dim": Look("foreground", 0.74),
    "faint": Look("foreground", 0.34),
    "rule": Look("foreground", 0.24),
    "strong": Look("foreground", bold=True),
    "number": Look("foreground", bold=True),
    "title": Look("primary", bold=True),
    "accent": Look("accent", bold=True),
    "key": Look("accent", bold=True),
    "ok": Look("success"),
    "redirect": Look("primary"),
    "broken": Look("error"),
    "blocked": Look("secondary"),
    "warn": Look("warning"),
    "fetch": Look("fetch"),
    "parse": Look("parse"),
    "cursor": Look(on="primary", on_part=0.2),
    "cursor-off": Look(on="foreground", on_part=0.1),
    "pill-run": Look("background", on="fetch", bold=True),
    "pill-calm": Look("background", on="primary", bold=True),
    "pill-warn": Look("background", on="warning", bold=True),
    "pill-done": Look("background", on="success", bold=True),
    "pill-bad": Look("background", on="error", bold=True),
    "tab": Look("foreground", 0.74),
    "tab-on": Look("background", on="primary", bold=True),
}
"""Colours mean the same everywhere: green answered, blue moved, red broken, violet blocked (a
bot wall is not a broken link), amber asks for attention. They are no component classes of the
style sheet, as matching two dozen of these for each panel took half of the time to start."""
_OWN_COLORS = {"fetch": "#5fc9c0", "parse": "#d69be8"}


class Line:
    """One line, put together from the left; columns are terminal cells."""

    __slots__ = ("at", "pieces", "whole")

    def __init__(self, text: str = "", style: str = "", *, whole: str = "") -> None:
        self.pieces: list[tuple[str, str]] = []
        self.at = 0
        self.whole = whole
        """Style name laid under the whole line."""
        if text:
            self.put(text, style)

    def put(self, text: str, style: str = "") -> Line:
        """Append `text`, made plain."""
        if text:
            safe = plain(text)
            self.pieces.append((safe, style))
            self.at += cell_len(safe)
        return self

    def to(self, column: int) -> Line:
        """Fill with spaces up to `column`."""
        if column > self.at:
            self.pieces.append((" " * (column - self.at), ""))
            self.at = column
        return self

    def flush(self, text: str, end: int, style: str = "") -> Line:
        """Put `text` so that it ends before column `end`, if there is room for it."""
        if self.at + cell_len(text) <= end:
            self.to(end - cell_len(text)).put(text, style)
        return self


def rule(title: str, width: int, *, note: str = "", focused: bool = False) -> Line:
    """The headline of a panel: its name, a rule, and a note at the right end."""
    line = Line("▸─ " if focused else "── ", "accent" if focused else "rule")
    line.put(title, "accent" if focused else "title").put(" ")
    tail = f" {note} ──" if note else ""
    if line.at + cell_len(tail) + 2 > width:
        tail = ""
    line.put("─" * max(0, width - line.at - cell_len(tail)), "rule")
    return line.put(f" {note} ", "dim").put("──", "rule") if tail else line


class Painted(Widget):
    """A widget of lines. Subclasses say what to draw; `repaint` sends what changed."""

    ALLOW_SELECT = False

    def __init__(self, *, widget_id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=widget_id, classes=classes)
        self._strips: list[Strip] | None = None
        self._drawn = Size(0, 0)
        """The size that the strips are for."""
        self._named: dict[str, Style] = {}
        self._colours: tuple[str, Color, Style] | None = None

    def paint(self, width: int, height: int) -> list[Line]:
        """The lines to show, at most `height` of them, each cut at `width` cells."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Draw again and refresh the lines that differ from what is shown."""
        size = self.content_size
        if not self.is_attached or size.width <= 0 or size.height <= 0:
            self._strips = None
            return
        changed = self._changed()
        if changed is None:
            super().refresh()
        elif changed:
            super().refresh(*changed)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        # Textual asks for the whole widget at each change of the focus: only what that changes
        # is sent. An empty region stands for nothing; none at all would stand for everything.
        # What has a border is sent in full: its title may be another one.
        if repaint and not (regions or layout or recompose):
            if self._is_shown and not self.styles.gutter:
                regions = tuple(self._changed() or ()) or (Region(),)
            else:
                self._strips = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        strips = self._shown_strips()
        if y < len(strips):
            return strips[y]
        return Strip.blank(self.content_size.width, self.rich_style)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Without a border the lines are the widget: Textual's way around each of them takes
        # more than half of the time of a new tab.
        strips = self._shown_strips()
        if self.styles.gutter or len(strips) < crop.bottom:
            return super().render_lines(crop)
        shown = strips[crop.y : crop.bottom]
        if crop.column_span != (0, self.content_size.width):
            shown = [strip.crop(*crop.column_span) for strip in shown]
        for filter_ in self.get_line_filters():
            if not isinstance(filter_, ANSIToTruecolor):  # there are no such colours here
                ground = self.background_colors[1]
                shown = [strip.apply_filter(filter_, ground) for strip in shown]
        return shown

    def _shown_strips(self) -> list[Strip]:
        if self._strips is None or not self._is_shown:
            self._strips = self._draw(self.content_size)
        return self._strips

    def notify_style_update(self) -> None:
        super().notify_style_update()
        ground = self.background_colors[1]
        colours = (self.app.theme, ground, self.rich_style)
        if colours != self._colours:  # each change of the focus comes by here too
            self._colours = colours
            self._named.clear()
            self._strips = None
            super().refresh()

    @property
    def _is_shown(self) -> bool:
        """Whether the strips are those that stand on the screen."""
        return self._strips is not None and self._drawn == self.content_size

    def _changed(self) -> list[Region] | None:
        """Draw again; what differs from what is shown, None if nothing is."""
        old = self._strips if self._is_shown else None
        self._strips = new = self._draw(self.content_size)
        if old is None:
            return None
        return [
            Region(start, y, end - start, 1)
            for y, strip in enumerate(new)
            if strip != old[y]
            for start, end in changed_spans(old[y], strip)
        ]

    def _draw(self, size: Size) -> list[Strip]:
        self._drawn = size
        width, height = size
        base = self.rich_style
        lines = self.paint(width, height)[:height] if width > 0 else []
        strips = [self._strip(line, base, width) for line in lines]
        return strips + [Strip.blank(width, base)] * (height - len(strips))

    def _strip(self, line: Line, base: Style, width: int) -> Strip:
        under = base + self._style(line.whole) if line.whole else base
        segments = merged(
            [(text, under + self._style(style) if style else under) for text, style in line.pieces]
        )
        return Strip(segments, line.at).adjust_cell_length(width, under)

    def _style(self, name: str) -> Style:
        found = self._named.get(name)
        if found is None:
            look, ground = LOOKS[name], self.background_colors[1]
            found = Style(
                color=self._color(look.color, look.part, ground),
                bgcolor=self._color(look.on, look.on_part, ground),
                bold=look.bold or None,
            )
            self._named[name] = found
        return found

    def _color(self, name: str, part: float, ground: Color) -> RichColor | None:
        if not name:
            return None
        text = self.app.theme_variables.get(name) or _OWN_COLORS[name]
        if part < 1.0 and name == "foreground":
            part = max(part, float(self.app.theme_variables.get("least-part", 0.0)))
        return ground.blend(Color.parse(text), part).rich_color
