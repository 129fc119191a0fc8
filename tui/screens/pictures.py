"""The tab Site: pictures of the crawl so far, and its folders, read from the crawl file.

Nothing is read while the tab is closed, and nothing new while the display is frozen. A small
screen shows one of the three parts at a time: tab leads to the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import DescendantFocus, Resize
from textual.message import Message

from crawler_core.snapshot import Snapshot
from tui.bridge import Rows, is_final
from tui.formats import count
from tui.widgets.ground import Pane
from tui.widgets.shapes import WIDE, Picture, histograms, over_time
from tui.widgets.tree import TREE_COLUMNS, Tree, address_of, feed, is_folder, parent_of

if TYPE_CHECKING:
    from crawler_core.store.shape import Shape
    from crawler_core.store.tree import Folders

EVERY = 2.0
"""Seconds between two readings, at the least."""
SHARE = 20
"""The file is read anew after so many times what the last reading took."""
TALL = 28
"""Lines below which one part is shown at a time."""
MOST_OPEN = 60
"""Folders that are open at once: each is read anew now and then."""
PARTS = ("site-tree", "over-time", "histograms")


class SitePane(Pane):
    """Pictures above, the tree of folders below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "go(1)", show=False, id="focus"),
        Binding("shift+tab", "go(-1)", show=False),
    ]

    class Asked(Message):
        """Something is to be read in a thread: `read` there, `failed` here if it cannot be."""

        def __init__(
            self,
            group: str,
            read: Callable[[Rows], Callable[[], None]],
            failed: Callable[[str], None],
        ) -> None:
            super().__init__()
            self.group = group
            self.read = read
            self.failed = failed

    def __init__(self) -> None:
        super().__init__(id="site")
        self._shape: Shape | None = None
        self._opened: dict[str, Folders] = {}
        self._asked: set[str] = set()
        """Folders that are being opened."""
        self._busy = False
        self._due = 0.0
        self._seen = (-1, -1)
        self._live = False

    def compose(self) -> ComposeResult:
        yield Picture(over_time, "OVER TIME", widget_id="over-time")
        yield Picture(histograms, "DEPTHS, TIMES, SIZES", widget_id="histograms")
        yield Tree(
            "SITE",
            TREE_COLUMNS,
            widget_id="site-tree",
            empty="reading …",
            cursor_always=True,
            tall_head=True,
        )

    @property
    def grid(self) -> Tree:
        """The table of folders."""
        return self.query_one("#site-tree", Tree)

    def folder(self) -> str:
        """The address of the folder under the cursor; "" if there is none."""
        return address_of(self.grid.cursor) if self.grid.cursor is not None else ""

    def look(self, snapshot: Snapshot, *, reading: bool) -> None:
        """Have the file read again if there may be something new in it."""
        self._live = not is_final(snapshot)
        seen = (snapshot.done, snapshot.found)
        partial = self._shape is None or not self._shape.is_whole
        # A display that was frozen before it showed anything has something to read, too.
        wanted = partial or (reading and seen != self._seen)
        if wanted and not self._busy and time.monotonic() >= self._due:
            self._busy, self._seen = True, seen
            self.post_message(self.Asked("site", self._reader(), self._failed))

    def action_go(self, by: int) -> None:
        """Go to the next part, or the one before."""
        focused = self.screen.focused
        name = focused.id if focused is not None and focused.id in PARTS else PARTS[0]
        self._show(PARTS[(PARTS.index(name or PARTS[0]) + by) % len(PARTS)])

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if event.widget.id in PARTS:
            self._mark(str(event.widget.id))

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < WIDE or event.size.height < TALL
        self.set_class(small, "-small")
        focused = self.screen.focused
        self._mark(str(focused.id) if focused is not None and focused.id in PARTS else PARTS[0])
        self._note()

    def on_tree_turned(self, event: Tree.Turned) -> None:
        event.stop()
        address = address_of(event.key)
        if event.is_open and is_folder(event.key):
            self._open(address)
        elif not event.is_open and address in self._opened and is_folder(event.key):
            self._close(address)
        elif not event.is_open:
            self.grid.select(address if not is_folder(event.key) else parent_of(address))

    def _open(self, address: str) -> None:
        if address in self._opened or address in self._asked:
            return
        if len(self._opened) >= MOST_OPEN:
            self.grid.note = "too many folders are open: ← closes one"
            self.grid.repaint()
            return
        self._asked.add(address)

        def read(rows: Rows) -> Callable[[], None]:
            found = rows.folders(address)
            return lambda: self._take({address: found})

        def failed(sentence: str) -> None:
            self._asked.discard(address)
            self._failed(sentence)

        self.post_message(self.Asked(f"folder {address}", read, failed))

    def _close(self, address: str) -> None:
        self._opened = {
            name: found
            for name, found in self._opened.items()
            if not name or not name.startswith(address)
        }
        self._draw_tree()

    def _reader(self) -> Callable[[Rows], Callable[[], None]]:
        """Reads what is new, and the open folders once all pages are counted in."""
        known = self._shape
        names = ("", *(name for name in self._opened if name))
        is_first = "" not in self._opened

        def read(rows: Rows) -> Callable[[], None]:
            began = time.monotonic()
            shape = rows.shape(known)
            opened = {name: rows.folders(name) for name in names} if shape.is_whole else {}
            if is_first and opened and (hosts := opened[""].children):
                opened[hosts[0].address] = rows.folders(hosts[0].address)
            cost = time.monotonic() - began
            return lambda: self._read(shape, opened, cost)

        return read

    def _read(self, shape: Shape, opened: dict[str, Folders], cost: float) -> None:
        self._busy = False
        self._shape = shape
        wait = max(EVERY, SHARE * cost) if shape.is_whole else cost
        self._due = time.monotonic() + wait
        if shape.is_whole or self._live:
            for name in ("over-time", "histograms"):
                self.query_one(f"#{name}", Picture).look(shape)
        # A folder that was closed meanwhile stays so; the first site opens by itself.
        is_first = "" not in self._opened
        self._take({n: found for n, found in opened.items() if is_first or n in self._opened})
        if not shape.is_whole:
            self._note()

    def _take(self, found: dict[str, Folders]) -> None:
        self._asked -= found.keys()
        self._opened |= found
        if found:
            self._draw_tree()

    def _draw_tree(self) -> None:
        self.grid.empty = "nothing found yet"
        self._note()
        self.grid.show(feed(self._opened))

    def _note(self) -> None:
        shape = self._shape
        if shape is not None and not shape.is_whole:
            note = f"reading … {count(shape.serial)} of {count(shape.newest)}"
        else:
            note = "→ opens  ← closes  enter: its URLs"
        if self.has_class("-small"):
            note += "  tab: pictures"
        self.grid.note = note
        self.grid.repaint()

    def _failed(self, sentence: str) -> None:
        self._busy = False
        self._due = time.monotonic() + EVERY
        self.grid.empty = sentence
        self.grid.repaint()

    def _show(self, name: str) -> None:
        self._mark(name)
        self.screen.set_focus(self.query_one(f"#{name}"))

    def _mark(self, name: str) -> None:
        for part in PARTS:
            self.query_one(f"#{part}").set_class(part == name, "-shown")
