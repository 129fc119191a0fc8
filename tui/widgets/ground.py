"""Containers that show nothing but their ground, painted at the cost of one line.

Textual paints a container line by line below what it holds, and works out borders, padding and
titles for each: for the half dozen containers around a table more than the table takes itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    _Base = Widget
else:
    _Base = object


class Bare(_Base):
    """Mixed into a widget without border, padding or text of its own."""

    def render_lines(self, crop: Region) -> list[Strip]:
        strip = Strip.blank(crop.width, self.rich_style)
        for filter_ in self.get_line_filters():
            strip = strip.apply_filter(filter_, self.background_colors[1])
        return [strip] * crop.height


class Pane(Bare, Vertical):
    """Widgets below each other."""


class Row(Bare, Horizontal):
    """Widgets beside each other."""
