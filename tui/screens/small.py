"""What is shown when the terminal is too small to show anything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

WIDTH, HEIGHT = 60, 16


def is_too_small(size: Size) -> bool:
    """Whether a terminal of this size is below what any screen needs."""
    return size.width < WIDTH or size.height < HEIGHT


class TooSmall(ModalScreen[None]):
    """Covers all until the terminal has grown; a crawl that runs goes on meanwhile."""

    def __init__(self, *, crawling: bool) -> None:
        super().__init__()
        self._crawling = crawling

    def compose(self) -> ComposeResult:
        yield Static(id="too-small")

    def on_mount(self) -> None:
        self._say()

    def on_resize(self) -> None:
        self._say()

    def on_screen_resume(self) -> None:
        if not is_too_small(self.app.size):
            self.dismiss(None)

    def _say(self) -> None:
        size = self.app.size
        self.query_one("#too-small", Static).update(
            Content(
                f"terminal too small\n{WIDTH}×{HEIGHT} needed, this is "
                f"{size.width}×{size.height}" + "\nthe crawl goes on" * self._crawling
            )
        )
