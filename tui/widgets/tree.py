"""The site as a tree of folders: a table whose rows open and close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.formats import bar, count, host_name, percent, plural, short_url
from tui.widgets.grid import Cell, Column, Grid, Key, ListFeed

if TYPE_CHECKING:
    from crawler_core.store.tree import Folder, Folders

TREE_COLUMNS = (
    Column("folder", 0, "middle", share=3),
    Column("URLs", 9, "right"),
    Column("done", 9, "right", from_width=90),
    Column("waiting", 9, "right", from_width=76),
    Column("broken", 8, "right"),
    Column("of done", 7, "right"),
    Column("of all URLs", 0, from_width=60, share=2),
)
_BAR = 15
"""Cells of the longest bar."""
_LEAF, _MORE = " pages", " more"
"""What follows the address in the keys of rows that are no folders."""


class Tree(Grid):
    """A table of folders. Its screen hears which one is to be opened, closed or looked into."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "turn(True)", show=False),
        Binding("left,h", "turn(False)", show=False),
    ]

    class Turned(Message):
        """A folder is to be opened or closed."""

        def __init__(self, key: Key, is_open: bool) -> None:
            super().__init__()
            self.key = key
            self.is_open = is_open

    def on_click(self, event: events.Click) -> None:
        """A click on the mark before a name opens the folder, or closes it."""
        offset = event.get_content_offset(self)
        if offset is None or not self.shows_row(offset.y):
            return
        place = self.row_at(offset.y)
        name = str(self.feed.cells(place)[0][0])
        if name[: offset.x].strip() in {"▸", "▾"} and offset.x:
            event.prevent_default()  # two of them are no double click, which looks into a folder
            event.stop()
            key = self.feed.key(place)
            self.select(key)
            self.post_message(self.Turned(key, "▸" in name[: offset.x]))

    def action_turn(self, is_open: bool) -> None:
        """Open or close the folder under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Turned(self.cursor, is_open))


def address_of(key: Key) -> str:
    """The folder that a row stands for or belongs to."""
    return str(key).partition(" ")[0]


def is_folder(key: Key) -> bool:
    """Whether a row can be opened."""
    return " " not in str(key)


def parent_of(address: str) -> str:
    """The folder that holds this one; "" for a host."""
    scheme, mark, rest = address.partition("://")
    above = rest.rstrip("/").rpartition("/")[0]
    return f"{scheme}{mark}{above}/" if above else ""


def feed(opened: Mapping[str, Folders]) -> ListFeed:
    """The rows of all folders that are open, each below its own; "" holds the hosts."""
    whole = sum(folder.urls for folder in opened[""].children) if "" in opened else 0
    rows: list[tuple[Key, list[Cell]]] = []
    _add(rows, opened, "", 0, whole)
    return ListFeed(rows)


def _add(
    rows: list[tuple[Key, list[Cell]]],
    opened: Mapping[str, Folders],
    address: str,
    level: int,
    whole: int,
) -> None:
    found = opened.get(address)
    if found is None:
        return
    blank = "  " * level
    for folder in found.children:
        if folder.is_leaf:
            rows.append((folder.address + _LEAF, _cells(folder, f"{blank}  (pages here)", whole)))
            continue
        is_open = folder.address in opened
        name = _name(folder.address, address)
        mark = "▾" if is_open else "▸"
        rows.append((folder.address, _cells(folder, f"{blank}{mark} {name}", whole)))
        if is_open:
            _add(rows, opened, folder.address, level + 1, whole)
    if found.left_out:
        words = f"{blank}  and {plural(found.left_out, 'smaller one')}"
        rows.append((address + _MORE, [(words, "dim"), *[("", "")] * (len(TREE_COLUMNS) - 1)]))


def _name(address: str, parent: str) -> str:
    return short_url(address, parent).removeprefix("/") if parent else host_name(address)


def _cells(folder: Folder, name: str, whole: int) -> list[Cell]:
    bad = "broken" if folder.broken else "dim"
    return [
        (name, "dim" if folder.is_leaf or not folder.internal else ""),
        (count(folder.urls), "number"),
        (count(folder.done), "ok" if folder.done else "dim"),
        (count(folder.waiting), "" if folder.waiting else "dim"),
        (count(folder.broken), bad),
        (percent(folder.broken, folder.done), bad),
        (bar(folder.urls, whole, _BAR), "redirect" if folder.internal else "dim"),
    ]
