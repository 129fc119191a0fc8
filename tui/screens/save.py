"""The save dialog: where, what, and for which program."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal, get_args

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, RadioSet, Static

from crawler_core.errors import CrawlError
from tui.bridge import Export
from tui.formats import count, plain, plural
from tui.widgets.toggles import Pick, Tick

What = Export | Literal["shown"]
"""What is saved: a whole table, or the rows that the results show now."""
Namer = Callable[[str], str]
"""Proposes a file name for what is saved."""

_WORDS = {
    "pages": "pages: every internal URL, with all columns",
    "broken": "broken links: target, page and anchor text",
    "external": "external URLs",
    "links": "links: every edge of the site",
    "skipped": "skipped: URLs kept out, and why",
}


class Written(msgspec.Struct, frozen=True):
    """How many rows a CSV has, and how many there are of which a filter left these."""

    rows: int
    total: int | None = None
    """None where nothing was left out."""


Writer = Callable[[Path, What, bool], Written]
"""Writes a CSV: target, what, with a byte-order mark."""


class Saved(msgspec.Struct, frozen=True):
    """A CSV that was written."""

    target: Path
    what: str
    rows: int
    at: float
    """Unix time."""
    total: int | None = None
    """Of how many rows a filter left these; None where nothing was left out."""

    @property
    def counted(self) -> str:
        """The number of rows in words, such as "127 of 10,223 rows"."""
        if self.total is None:
            return plural(self.rows, "row")
        return f"{count(self.rows)} of {plural(self.total, 'row')}"


class SaveScreen(ModalScreen[Saved | None]):
    """Asks for a path and writes in a thread; closes when that went well, else says why not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("enter", "save", show=False, priority=True),
    ]

    class Ended(Message):
        """The thread has ended: what was saved, or a sentence that says why not."""

        def __init__(self, saved: Saved | None, sentence: str = "") -> None:
            super().__init__()
            self.saved = saved
            self.sentence = sentence

    def __init__(self, write: Writer, name: Namer, shown: str = "") -> None:
        """`shown`: the rows that a filter leaves, in words; "" where none is set."""
        super().__init__(classes="dialog")
        self._write = write
        self._namer = name
        tables: tuple[What, ...] = get_args(Export)
        self._offered: tuple[What, ...] = ("shown", *tables) if shown else tables
        self._words = _WORDS | {"shown": plain(shown)}
        self._proposed = ""
        self._agreed: Path | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Save as CSV"
            yield Input(id="path", compact=True)
            with RadioSet(id="what", compact=True):
                for number, what in enumerate(self._offered):
                    words = Content(self._words[what])
                    yield Pick(words, value=number == 0, compact=True)
            yield Tick(Content("for Excel (starts with a byte-order mark)"), id="bom", compact=True)
            yield Static(Content("enter saves   tab next   esc back"), id="save-says")

    def on_mount(self) -> None:
        self._propose(self._offered[0])
        self.query_one("#path", Input).focus()

    def on_radio_set_changed(self, _: RadioSet.Changed) -> None:
        if self.query_one("#path", Input).value == self._proposed:
            self._propose(self.what)

    def on_input_changed(self, _: Input.Changed) -> None:
        self._agreed = None

    def action_save(self) -> None:
        """Begin to write."""
        if not self._busy:
            self._begin(self.query_one("#path", Input).value.strip())

    @property
    def what(self) -> What:
        """What is chosen."""
        number = self.query_one("#what", RadioSet).pressed_index
        return self._offered[max(0, number)]

    def action_close(self) -> None:
        """Back; what is being written is still written."""
        self.dismiss(None)

    def _propose(self, what: What) -> None:
        self._proposed = self._namer(what)
        line = self.query_one("#path", Input)
        line.value = self._proposed
        line.action_select_all()

    def _begin(self, typed: str) -> None:
        if not typed:
            self._say("Type the name of a file.", "warn")
            return
        target = Path(typed).expanduser().absolute()
        if target.is_dir():
            self._say(f"{target} is a folder: add a file name.", "warn")
            return
        if target.exists() and self._agreed != target:
            self._agreed = target
            self._say(f"{target.name} exists: enter again writes over it.", "warn")
            return
        self._busy = True
        self._say(f"writing {target} …", "")
        self._run(target, self.what, self.query_one("#bom", Tick).value)

    @work(thread=True, exclusive=True, group="export", exit_on_error=False)
    def _run(self, target: Path, what: What, bom: bool) -> None:
        try:
            written = self._write(target, what, bom)
        except CrawlError as error:
            self.post_message(self.Ended(None, str(error)))
        except OSError as error:
            reason = error.strerror or error
            sentence = f"{target} cannot be written: {reason}. Choose another place."
            self.post_message(self.Ended(None, sentence))
        else:
            saved = Saved(target, what, written.rows, time.time(), written.total)
            self.post_message(self.Ended(saved))

    def on_save_screen_ended(self, event: Ended) -> None:
        event.stop()
        self._busy = False
        if event.saved is not None:
            self.dismiss(event.saved)
        else:
            self._say(event.sentence, "error")

    def _say(self, text: str, kind: str) -> None:
        line = self.query_one("#save-says", Static)
        line.set_classes(kind)
        line.update(Content(plain(text)))
