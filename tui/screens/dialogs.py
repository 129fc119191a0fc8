"""Small questions: yes or no, one of a few, a number or two."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.bridge import Client, is_final
from tui.formats import count, plain
from tui.widgets.hint import Hint
from tui.widgets.paint import Line, Painted

PATIENCE = 15.0
"""Seconds that a stopping crawl is waited for before the screen goes."""
Choice = tuple[str, str, str]
"""Key, words, and what the dialog then returns."""


class Choices(Painted, can_focus=True):
    """A list of choices, one of them lit."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__(widget_id="choices")
        self.choices = choices
        self.lit = 0
        self.styles.height = len(choices)

    def move(self, by: int) -> None:
        """Light another one."""
        self.lit = (self.lit + by) % len(self.choices)
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        lines = []
        for place, (key, words, _) in enumerate(self.choices):
            line = Line(whole="cursor" if place == self.lit else "")
            lines.append(line.put("  ").put(f"{key:>6}", "key").put(f"  {words}"))
        return lines


class Ask(ModalScreen[str]):
    """A question with a few answers; escape answers with ""."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_with('')", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j,tab", "move(1)", show=False),
        Binding("enter", "take", show=False),
    ]

    def __init__(self, title: str, says: Sequence[str], choices: Sequence[Choice]) -> None:
        super().__init__(classes="dialog")
        self._title = title
        self._says = says
        self._choices = Choices(choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(plain(self._title))
            for text in self._says:
                yield Static(Content(plain(text)), classes="says")
            yield self._choices

    def on_mount(self) -> None:
        self._choices.focus()

    def on_key(self, event: events.Key) -> None:
        for key, _, answer in self._choices.choices:
            if event.key == key or event.character == key:
                event.stop()
                self.dismiss(answer)
                return

    def on_click(self, event: events.Click) -> None:
        if event.widget is self._choices:
            offset = event.get_content_offset(self._choices)
            if offset is not None and offset.y < len(self._choices.choices):
                self.dismiss(self._choices.choices[offset.y][2])

    def action_dismiss_with(self, answer: str) -> None:
        """Close with an answer."""
        self.dismiss(answer)

    def action_move(self, by: int) -> None:
        """Light another choice."""
        self._choices.move(by)

    def action_take(self) -> None:
        """Take the lit choice."""
        self.dismiss(self._choices.choices[self._choices.lit][2])


class WorkersPrompt(ModalScreen[tuple[int, int] | None]):
    """Both worker counts, typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, fetch: int, parse: int, limits: tuple[int, int]) -> None:
        super().__init__(classes="dialog")
        self._now = (fetch, parse)
        self._limits = limits

    def compose(self) -> ComposeResult:
        with Vertical(classes="box narrow") as box:
            box.border_title = "Workers"
            for name, value, limit in zip(("fetch", "parse"), self._now, self._limits, strict=True):
                yield Static(Content(f"{name} workers, 1 to {limit}"), classes="label")
                yield Input(str(value), id=name, type="integer", compact=True, max_length=4)
            yield Static(id="workers-says", classes="warn")
            yield Hint(("enter", "sets them"), ("esc", "leaves them"))

    def on_mount(self) -> None:
        self.query_one("#workers-says", Static).display = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = []
        for name, now, limit in zip(("fetch", "parse"), self._now, self._limits, strict=True):
            number = self._typed(name, now)
            if not 1 <= number <= limit:
                self._refuse(name, f"{number} {name} workers: 1 to {limit} are possible.")
                return
            typed.append(number)
        self.dismiss((typed[0], typed[1]))

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def _typed(self, name: str, now: int) -> int:
        """What stands in a line; an empty one leaves the number as it is."""
        text = self.query_one(f"#{name}", Input).value
        return int(text) if text.lstrip("+-").isdecimal() else now

    def _refuse(self, name: str, sentence: str) -> None:
        """Say why not; a typing mistake is not taken for the number nearest to it."""
        says = self.query_one("#workers-says", Static)
        says.update(Content(sentence))
        says.display = True
        line = self.query_one(f"#{name}", Input)
        line.focus()
        line.action_select_all()


def quit_question(done: str, waiting: str, store: str) -> Ask:
    """Whether to stop a running crawl and quit."""
    return Ask(
        "Stop the crawl and quit?",
        [
            f"{done} done, {waiting} still waiting. Everything done is kept.",
            f"Go on later with:  crawltui resume {store}",
        ],
        [("q", "stop the crawl and quit", "quit"), ("esc", "go on crawling", "")],
    )


class LeavingScreen(ModalScreen[None]):
    """Says what still ends while the crawl stops; a second q does not wait for it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,Q,enter", "now", show=False)]

    def __init__(self, client: Client, patience: float = PATIENCE) -> None:
        super().__init__(classes="dialog")
        self._client = client
        self._until = time.monotonic() + patience

    def compose(self) -> ComposeResult:
        with Vertical(classes="box narrow") as box:
            box.border_title = "Stopping"
            yield Static(Content("what is in flight ends …"), id="leaving", classes="says")
            yield Hint(("q", "does not wait"))

    def on_mount(self) -> None:
        self.set_interval(0.1, self._look)

    def action_now(self) -> None:
        """Leave at once: what was in flight is asked for again on resume."""
        self.dismiss(None)

    def _look(self) -> None:
        snapshot = self._client.snapshot()
        if is_final(snapshot) or time.monotonic() > self._until:
            self.dismiss(None)
        elif snapshot is not None:
            s = snapshot.stages
            left = s.fetching + s.to_parse + s.parsing
            text = f"{count(left)} in work still end, {count(snapshot.done)} done are kept"
            self.query_one("#leaving", Static).update(Content(text))
