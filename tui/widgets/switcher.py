"""One of several panes on the same place, changed within one frame."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import ContentSwitcher

from tui.widgets.ground import Bare


class Switcher(Bare, ContentSwitcher):
    """Shows one pane; the old one is not painted once more, nor the new one twice."""

    # What is shown is painted by the layout; the switcher itself has nothing to paint.
    current: reactive[str | None] = reactive[str | None](None, init=False, repaint=False)

    def turn_to(self, pane: str) -> None:
        """Show the pane of this id; `lay_out` sends it, once it holds what it has to show."""
        before = self.visible_content
        self.current = pane
        for changed in (before, self.visible_content):
            if changed is not None:
                changed._check_refresh()
