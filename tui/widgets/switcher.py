"""One of several panes on the same place, changed within one frame."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from tui.widgets.ground import Bare


class Switcher(Bare, ContentSwitcher):
    """Shows one pane; the next one is laid out and sent as soon as it is asked for.

    Left to itself, Textual paints the old pane once more, lays out a frame later, when the
    messages about the change have made their way to the screen, and then sends the new pane
    twice. There is no public way around that; without the private ones that are used here
    nothing is wrong, only late.
    """

    # What is shown is painted by the layout; the switcher itself has nothing to paint.
    current: reactive[str | None] = reactive[str | None](None, init=False, repaint=False)

    def turn_to(self, pane: str) -> None:
        """Show the pane of this id; `paint_now` sends it, once it holds what it has to show."""
        before = self.visible_content
        self.current = pane
        for changed in (before, self.visible_content):
            if changed is not None:
                changed._check_refresh()

    def paint_now(self) -> None:
        """Lay out the screen, and send what differs."""
        screen = self.screen
        if not screen.is_current:
            return
        shown = screen.query(Widget)
        screen._dirty_widgets.update(shown)
        screen._refresh_layout()
        for widget in shown:
            widget._exchange_repaint_regions()
