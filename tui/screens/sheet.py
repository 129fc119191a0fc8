"""A sheet over the dashboard that is about one URL: it says what is known, opens and copies it."""

from __future__ import annotations

from textual.screen import ModalScreen

from tui.screens.browsing import visit
from tui.widgets.document import Document


class UrlSheet(ModalScreen[None]):
    """The sheet; it holds a document by the name of "document"."""

    address: str

    def say(self, text: str) -> None:
        """Show a sentence instead; nothing if the sheet has been closed meanwhile."""
        if self.is_attached:
            self.query_one("#document", Document).show([("", [[(text, "warn")]])])

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    def action_open(self) -> None:
        """Open the URL in the browser."""
        if self.address:
            self.notify(visit(self.app, self.address), markup=False, timeout=3)

    def action_copy(self) -> None:
        """Copy the URL."""
        self.app.copy_to_clipboard(self.address)
        self.notify("copied the URL", markup=False, timeout=2)
