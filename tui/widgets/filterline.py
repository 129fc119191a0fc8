"""The line in which a filter is typed."""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input

from tui.widgets.sending import send


class FilterLine(Input):
    """An input whose letters are on the screen before anything else is done with them."""

    # It is as wide as the screen whatever it holds: no letter has the screen laid out again.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    def replace(self, text: str, start: int, end: int) -> None:
        super().replace(text, start, end)
        send(self)
