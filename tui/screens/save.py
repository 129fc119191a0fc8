"""The save dialog: where, what, and for which program.

The disk is asked in a thread, also whether a file is there. What comes of it is told to the
dialog, and by the dashboard if the dialog was closed meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal, get_args

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, RadioSet, Static

from crawler_core.errors import CrawlError
from tui.bridge import Export
from tui.formats import count, cut_middle, plain, plural
from tui.widgets.hint import Hint
from tui.widgets.toggles import Pick, Tick

_log = logging.getLogger(__name__)
What = Export | Literal["shown"]
"""What is saved: a whole table, or the rows that the results show now."""
Namer = Callable[[str], str]
"""Proposes a file name for what is saved."""

_WORDS = {
    "pages": "pages: every internal URL, with all columns",
    "broken": "broken links: target, page and anchor text",
    "external": "external URLs",
    "links": "links: every edge of the site",
    "skipped": "kept out (skipped): URLs, and why",
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


class Order(msgspec.Struct, frozen=True):
    """What the dialog asks for."""

    typed: str
    what: What
    bom: bool
    agreed: Path | None = None
    """The file that may be written over."""


class Answer(msgspec.Struct, frozen=True):
    """What came of an order: what was saved, or a sentence that says why not."""

    saved: Saved | None = None
    sentence: str = ""
    kind: str = "error"
    """How the sentence is painted."""
    exists: Path | None = None
    """The file that is written over if it is asked for once more."""


Saver = Callable[["SaveScreen", Order], None]
"""Has an order carried out in a thread, and then answers the dialog if it is still open."""


class SaveScreen(ModalScreen[None]):
    """Asks for a path; closes when what it asked for was written, else says why not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("enter", "save", show=False, priority=True),
    ]

    def __init__(
        self, save: Saver, name: Namer, shown: str = "", first: What | None = None
    ) -> None:
        """`shown`: the rows that a filter leaves, in words; "" where none is set.

        `first` is chosen to begin with; without it the rows shown, or else the pages.
        """
        super().__init__(classes="dialog")
        self._save = save
        self._namer = name
        tables: tuple[What, ...] = get_args(Export)
        self._offered: tuple[What, ...] = ("shown", *tables) if shown else tables
        self._first = self._offered[0] if first is None else first
        self._words = _WORDS | {"shown": plain(shown)}
        self._proposed = ""
        self._agreed: Path | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Save as CSV"
            yield Input(id="path", compact=True)
            with RadioSet(id="what", compact=True):
                for what in self._offered:
                    words = Content(self._words[what])
                    yield Pick(words, value=what == self._first, compact=True)
            yield Tick(Content("for Excel (starts with a byte-order mark)"), id="bom", compact=True)
            yield Static(Content(""), id="save-says")
            yield Hint(("enter", "saves"), ("tab", "next"), ("esc", "back"), widget_id="save-keys")

    def on_mount(self) -> None:
        self._propose(self._first)
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

    def take(self, answer: Answer) -> None:
        """Close, or say why nothing was written."""
        self._busy = False
        if answer.saved is not None:
            self.dismiss(None)
            return
        self._agreed = answer.exists
        self._say(answer.sentence, answer.kind)

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
        self._busy = True
        self._say(f"writing {cut_middle(typed, 100)} …", "")
        bom = self.query_one("#bom", Tick).value
        self._save(self, Order(typed, self.what, bom, self._agreed))

    def _say(self, text: str, kind: str) -> None:
        line = self.query_one("#save-says", Static)
        line.set_classes(kind)
        line.update(Content(plain(text)))


def carried_out(order: Order, write: Writer) -> Answer:
    """Write what is ordered, if it may be written there; for a thread, as disks may be slow."""
    try:
        target = Path(order.typed).expanduser().absolute()
        if target.is_dir():
            return Answer(None, f"{target} is a folder: add a file name.", "warn")
        if target.exists() and order.agreed != target:
            sentence = f"{target.name} exists: enter again writes over it."
            return Answer(None, sentence, "warn", exists=target)
        written = write(target, order.what, order.bom)
    except CrawlError as error:
        return Answer(None, str(error))
    except OSError as error:
        return _refused(order, error.strerror or str(error))
    except Exception as error:  # a home that is unknown, a NUL: whatever it is, it is told
        _log.exception("a CSV could not be written")
        return _refused(order, str(error).rstrip("."))
    return Answer(Saved(target, order.what, written.rows, time.time(), written.total))


def _refused(order: Order, reason: str) -> Answer:
    place = cut_middle(order.typed, 100)
    return Answer(None, f"{place} cannot be written: {reason}. Choose another place.")
