"""What the words mean, and every key: made from the one table of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.keymap import Keymap
from tui.keys import MOVES, respelled
from tui.keytable import KEYS, TAB_NAMES
from tui.screens.language import filters
from tui.widgets.document import Document, Piece
from tui.widgets.hint import Hint

_ABOUT = {
    "overview": "Two pools do the work. Fetch workers are threads that wait for servers; parse "
    "workers are processes that read pages. The second line says which of them holds the crawl "
    "back, and which key helps.",
    "results": "Every URL that is done, in the order in which it finished. The bottom row is "
    "followed until you move up; t follows again. v offers views by name, / filters within them, "
    "c chooses columns, a click on a column's name or S sorts, s saves what is shown.",
    "broken": "URLs that answered 4xx or 5xx or did not answer, and below the pages that hold "
    "the selected one, with the words of the link. Blocked by a bot wall is not broken.",
    "hosts": "Every host has its own speed limit. A comma or a full stop changes that of the "
    "selected host, and a full stop takes one up again that is not asked. H pauses or skips it. "
    "err% are answers with a server error or none at all, 429% those that asked for fewer.",
    "workers": "Where pages are and what state futures are in; a lane for each worker, full where "
    "it was busy, coloured by how that ended, the newest at the right; and the futures that have "
    "not finished: one fetch, or one batch of pages. Enter on one cancels it, or puts it off.",
    "log": "Pools that were rebuilt, hosts that were given up, sites that were taken in.",
    "site": "The crawl so far in pictures, and its folders, read from the crawl file. Right opens "
    "a folder, left closes it, enter shows its URLs in the results. Columns in time are the whole "
    "crawl, from its first page to its last; a dotted column is a long time without any page.",
}
_WORDS = (
    ("FETCH-BOUND", "servers are what one waits for: more fetch workers help"),
    ("PARSE-BOUND", "parsing is what one waits for: more parse workers help"),
    ("POLITE", "our own limit or robots.txt holds the crawl back"),
    ("THROTTLED", "a server asks us to wait"),
    ("SLOWING", "answers get slower since the last change: fewer workers help"),
    ("STORING", "the disk is what one waits for: no key helps"),
    ("DRAINING", "nothing is left to ask for: what is under way ends"),
    ("AUTO", "the autopilot sets the workers; each step is kept only if it gains"),
    ("waiting", "found, not asked for yet"),
    ("in work", "being fetched, waiting for the parser, or being parsed"),
    ("kept out", "found, and not asked for: out of scope, a cap, or a pattern"),
    ("blocked", "a bot wall answered (401, 403, 451 …): the link is not called broken"),
    ("bad", "of a host's answers: broken, blocked, or a request for fewer requests"),
    ("err%, 429%", "share of answers: a server error or none at all; a request for fewer"),
    ("queue wait", "how long what was handed to a pool waited there for a free worker"),
    ("target", "workers wanted; busy ones above it finish what they do and then rest"),
    ("p50, p95", "half, and 95 of 100, of the answers came within this time"),
)


class HelpScreen(ModalScreen[None]):
    """Help for the open tab, then the words, then the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "close", show=False)
    ]

    def __init__(
        self,
        tab: str,
        keymap: Keymap = Keymap(),  # noqa: B008 - frozen
        about: str = "",
    ) -> None:
        """`about`: what to tell instead of what the tab is."""
        super().__init__(classes="sheet")
        self._tab = tab
        self._keymap = keymap
        self._about = about

    def compose(self) -> ComposeResult:
        with Document(widget_id="document") as document:
            document.border_title = "Help"
        yield Hint(("esc", "back"), ("", "↑ ↓ scroll"))

    def on_mount(self) -> None:
        document = self.query_one("#document", Document)
        document.show(sections(self._tab, self._keymap, self._about))
        document.focus()

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss(None)


def sections(
    tab: str,
    keymap: Keymap = Keymap(),  # noqa: B008 - frozen
    about: str = "",
) -> list[tuple[str, Sequence[Sequence[Piece]]]]:
    """The help of a tab as sections of lines; `about` takes the place of what the tab is."""
    groups: dict[str, list[list[Piece]]] = {}
    for key in KEYS:
        rows = groups.setdefault(key.group, [])
        rows.append([(f"{keymap.shown(key):>10}  ", "key"), (key.does, "")])
    moves: list[list[Piece]] = [[(f"{shown:>14}  ", "key"), (does, "")] for shown, does in MOVES]
    words: list[list[Piece]] = [
        [(f"{word:>12}  ", "strong"), (meaning, "")] for word, meaning in _WORDS
    ]
    return [
        (TAB_NAMES[tab].upper(), [[(respelled(about or _ABOUT[tab], keymap), "")]]),
        *([("FILTERS", filters())] if tab == "results" else []),
        ("WORDS", words),
        *((f"KEYS: {name}", rows) for name, rows in groups.items()),
        ("KEYS: in every list", moves),
    ]
