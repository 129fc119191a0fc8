"""The last line of a dialog: its keys, which can be clicked."""

from __future__ import annotations

from textual import events

from tui.widgets.paint import Line, Painted

Press = tuple[str, str]
"""A key as people write it, and what it does; without a key: words that are only read."""
_NAMES = {
    "esc": ("escape", None),
    "enter": ("enter", "\r"),
    "space": ("space", " "),
    "tab": ("tab", "\t"),
    "/": ("slash", "/"),
}


class Hint(Painted):
    """One line of keys; what has no room is left out, the first ones last."""

    def __init__(self, *keys: Press, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id, classes="hint")
        self._keys = keys
        self._spans: list[tuple[int, int, str]] = []
        self.styles.height = 1

    def show(self, *keys: Press) -> None:
        """Show other keys."""
        self._keys = keys
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        needs = sum(len(key) + len(words) + 1 for key, words in self._keys)
        gap = " " * next((n for n in (3, 2) if needs + n * len(self._keys) <= width), 1)
        line = Line()
        self._spans = []
        for key, words in self._keys:
            start = line.at + len(gap) * bool(line.at)
            if start + len(key) + len(words) + bool(key) > width:
                break
            line.to(start).put(key, "key").put(" " if key and words else "").put(words, "dim")
            self._spans.append((start, line.at, key))
        return [line]

    def on_click(self, event: events.Click) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        for start, end, key in self._spans:
            if offset is not None and start <= offset.x < end and key.isascii() and key:
                name, character = _NAMES.get(key, (key, key))
                self.app.post_message(events.Key(name, character))
