"""What a key changed is sent before other work gets its turn.

Left to itself, Textual sends a change a frame later, when the messages about it have made their
way to the screen; what a thread brings meanwhile, or a new snapshot, comes first. There is no
public way around that; without the private ones that are used here nothing is wrong, only late.
"""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widget import Widget


def send(widget: Widget) -> None:
    """Send what a widget has to draw anew, if it is on the screen that is shown."""
    screen = widget.screen
    if screen.is_current and widget in screen._compositor.visible_widgets:
        screen._compositor.update_widgets({widget})
        screen._compositor_refresh()


def lay_out(screen: Screen[Any]) -> None:
    """Lay out a screen, and send what differs."""
    if not screen.is_current:
        return
    shown = screen.query(Widget)
    screen._dirty_widgets.update(shown)
    screen._refresh_layout()
    for widget in shown:
        widget._exchange_repaint_regions()
