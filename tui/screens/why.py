"""Why (not) this URL: what decided on it, and the shortest way of links that leads to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from crawler_core import url as urls
from crawler_core.errors import ConfigError
from crawler_core.model import LinkKind
from crawler_core.why import Case, Step, Why
from tui.formats import count, cut_middle, fit, plain, plural, right, short_url
from tui.screens.detail import Section
from tui.screens.sheet import UrlSheet
from tui.widgets.document import Document, Piece
from tui.widgets.hint import Hint

_SHOWN = 60
"""Steps of a way that are shown; of a longer one both ends."""
_REASONS = 20
"""Reasons that are listed, those of the most URLs."""
_HINT = (("esc", "back"), ("w", "another URL"), ("o", "open"), ("y", "copy"))
_TYPING = (("enter", "asks"), ("esc", "back"), ("", "a whole URL, or a path such as /guide/"))
_TONES = {"DONE": "ok", "WAITING": "redirect", "KEPT OUT": "warn", "NEVER NAMED": "blocked"}

Asker = Callable[["WhyScreen", int, tuple[str, ...]], None]
"""Has a URL looked up in a thread, by its id or by its addresses; then fills the screen."""


class WhyScreen(UrlSheet):
    """The answer for one URL; another one may be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("q,enter,left", "close", show=False),
        Binding("w,slash", "type", show=False),
        Binding("o", "open", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(
        self,
        home: str,
        ask: Asker,
        url_id: int = 0,
        address: str = "",
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        """`skipped`: how many URLs were kept out, by reason."""
        super().__init__(classes="sheet why")
        self._home = home
        self._skipped = skipped or {}
        self._ask = ask
        self._first = (url_id, address)
        self.asked: tuple[str, ...] = ()
        """The addresses that the answer is waited for, or shown of."""
        self.address = address

    def compose(self) -> ComposeResult:
        with Document(widget_id="document") as document:
            document.border_title = "Why?"
        yield Input(id="typed", compact=True, placeholder="URL")
        yield Hint(*_HINT, widget_id="why-hint")

    def on_mount(self) -> None:
        url_id, address = self._first
        if url_id or address:
            self._look(url_id, (address,))
        else:
            document = self.query_one("#document", Document)
            document.show([("", [[("of which URL?", "dim")]]), *kept_out(self._skipped)])
            self.action_type()

    def fill(self, why: Why, case: Case, way: Sequence[Step]) -> None:
        """Show the answer."""
        self.address = case.address
        document = self.query_one("#document", Document)
        document.border_title = Content(cut_middle(case.address, max(20, self.size.width - 12)))
        answer = sections(why, case, way, self._home)
        document.show([*answer, *kept_out(self._skipped)])
        document.focus()

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

    def _look(self, url_id: int, addresses: tuple[str, ...]) -> None:
        self.asked = addresses
        self.address = addresses[0]
        self.query_one("#document", Document).show([("", [[("reading …", "dim")]])])
        self._show_line(False)
        self._ask(self, url_id, addresses)

    def _show_line(self, shown: bool) -> None:
        line = self.query_one("#typed", Input)
        line.display = shown
        self.query_one("#why-hint", Hint).show(*(_TYPING if shown else _HINT))
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
        if not found:
            raise ConfigError(f"{text} is no path of this site: type another, or a whole URL.")
        return (found,)
    return urls.from_user(text)


def sections(why: Why, case: Case, way: Sequence[Step], home: str) -> list[Section]:
    """The answer as sections of lines."""
    lines: list[Sequence[Piece]] = [[(why.says, "strong")], []]
    lines += [[(fit(name, 14), "dim"), (text, "")] for name, text in why.facts]
    found: list[Section] = [(why.word, lines)]
    if case.url_id:
        found.append((_way_title(way), _way_lines(way, home)))
    return found


def kept_out(skipped: Mapping[str, int]) -> list[Section]:
    """How many URLs were kept out for which reason, the most first; nothing if there are none."""
    if not skipped:
        return []
    ranked = sorted(skipped.items(), key=lambda each: (-each[1], each[0]))
    lines: list[Sequence[Piece]] = [
        [(f"{right(count(number), 10)}  ", "number"), (plain(reason), "")]
        for reason, number in ranked[:_REASONS]
    ]
    if left := sum(number for _, number in ranked[_REASONS:]):
        lines.append([(f"{right(count(left), 10)}  ", "number"), ("for other reasons", "dim")])
    lines.append([(" " * 12, ""), ("the CSV “kept out (skipped)” has them all", "dim")])
    return [(f"ALL THAT IS KEPT OUT, {plural(sum(skipped.values()), 'URL')}", lines)]


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
