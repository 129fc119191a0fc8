"""Why (not) this URL: what decided on it, and the shortest way of links that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from crawler_core import url as urls
from crawler_core.errors import ConfigError
from crawler_core.model import LinkKind
from crawler_core.why import Case, Step, Why
from tui.formats import cut_middle, fit, plural, short_url
from tui.screens.browsing import visit
from tui.screens.detail import Section
from tui.widgets.document import Document, Piece

_SHOWN = 60
"""Steps of a way that are shown; of a longer one both ends."""
_HINT = "esc back   w another URL   o open   y copy"
_TYPING = "enter asks   esc back   a whole URL, or a path such as /guide/"
_TONES = {"DONE": "ok", "WAITING": "redirect", "KEPT OUT": "warn", "NEVER NAMED": "blocked"}

Asker = Callable[["WhyScreen", int, tuple[str, ...]], None]
"""Has a URL looked up in a thread, by its id or by its addresses; then fills the screen."""


class WhyScreen(ModalScreen[None]):
    """The answer for one URL; another one may be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("q,enter,left", "close", show=False),
        Binding("w,slash", "type", show=False),
        Binding("o", "open", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, home: str, ask: Asker, url_id: int = 0, address: str = "") -> None:
        super().__init__(classes="sheet why")
        self._home = home
        self._ask = ask
        self._first = (url_id, address)
        self.asked: tuple[str, ...] = ()
        """The addresses that the answer is waited for, or shown of."""
        self.address = address

    def compose(self) -> ComposeResult:
        with Document(widget_id="document") as document:
            document.border_title = "Why?"
        yield Input(id="typed", compact=True, placeholder="URL")
        yield Static(Content(_HINT), id="why-hint", classes="hint")

    def on_mount(self) -> None:
        url_id, address = self._first
        if url_id or address:
            self._look(url_id, (address,))
        else:
            self.action_type()

    def fill(self, why: Why, case: Case, way: Sequence[Step]) -> None:
        """Show the answer."""
        self.address = case.address
        document = self.query_one("#document", Document)
        document.border_title = Content(cut_middle(case.address, max(20, self.size.width - 12)))
        document.show(sections(why, case, way, self._home))
        document.focus()

    def say(self, text: str) -> None:
        """Show a sentence instead."""
        self.query_one("#document", Document).show([("", [[(text, "warn")]])])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            addresses = meant(event.value, self._home)
        except ConfigError as error:
            self.say(str(error))
            return
        self._look(0, addresses)

    def action_type(self) -> None:
        """Let another URL be typed."""
        self._show_line(True)

    def action_back(self) -> None:
        """Out of the line that is typed in, if there is an answer behind it; else out of here."""
        if self.query_one("#typed", Input).display and self.asked:
            self._show_line(False)
        else:
            self.dismiss(None)

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

    def _look(self, url_id: int, addresses: tuple[str, ...]) -> None:
        self.asked = addresses
        self.address = addresses[0]
        self.query_one("#document", Document).show([("", [[("reading …", "dim")]])])
        self._show_line(False)
        self._ask(self, url_id, addresses)

    def _show_line(self, shown: bool) -> None:
        line = self.query_one("#typed", Input)
        line.display = shown
        self.query_one("#why-hint", Static).update(Content(_TYPING if shown else _HINT))
        if shown:
            line.value = self.address or self._home
            line.focus()
        else:
            self.query_one("#document", Document).focus()


def meant(typed: str, home: str) -> tuple[str, ...]:
    """The addresses that a typed text may mean; a path is one of the crawled site.

    Raises ConfigError with a sentence for people.
    """
    text = typed.strip()
    if text.startswith("/") and not text.startswith("//") and home:
        found = urls.normalize(text, home)
        return (found,) if found else ()
    return urls.from_user(text)


def sections(why: Why, case: Case, way: Sequence[Step], home: str) -> list[Section]:
    """The answer as sections of lines."""
    lines: list[Sequence[Piece]] = [[(why.says, "strong")], []]
    lines += [[(fit(name, 14), "dim"), (text, "")] for name, text in why.facts]
    found: list[Section] = [(why.word, lines)]
    if case.url_id:
        found.append((_way_title(way), _way_lines(way, home)))
    return found


def _way_title(way: Sequence[Step]) -> str:
    if not way:
        return "THE WAY TO IT"
    links = len(way) - 1
    return f"THE SHORTEST WAY TO IT, {plural(links, 'link')}" if links else "THE WAY TO IT"


def _way_lines(way: Sequence[Step], home: str) -> list[Sequence[Piece]]:
    if not way:
        return [[("no stored link leads to it: its page is being asked for again", "dim")]]
    lines: list[Sequence[Piece]] = []
    for number, step in enumerate(way):
        lines.append([(f"{number:>4}  ", "dim"), *_step(step, home)])
    if len(lines) > _SHOWN:
        half = _SHOWN // 2
        left = plural(len(lines) - 2 * half, "more step")
        lines[half:-half] = [[("      ", "dim"), (f"… {left} …", "dim")]]
    return lines


def _step(step: Step, home: str) -> list[Piece]:
    place = short_url(step.address, home)
    if step.kind is None:
        return [(place, "strong"), ("  a start URL", "dim")]
    words = f"“{step.anchor}”" if step.anchor else f"({_word(step.kind)})"
    tail = "  nofollow" if step.nofollow else ""
    return [(f"{fit(words, 26)} ", "redirect"), (f"{place}{tail}", "")]


def _word(kind: LinkKind) -> str:
    return "link" if kind is LinkKind.ANCHOR else kind.name.lower().replace("_", " ")
