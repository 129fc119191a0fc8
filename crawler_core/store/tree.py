"""The folders of the crawled sites, read one at a time: what lies directly in a folder.

A folder is an address up to a slash; what follows a question mark makes none. Counting is
SQLite's work: one pass over the addresses, and never more rows than are shown.
"""

from __future__ import annotations

import sqlite3

import msgspec

from crawler_core.model import UrlState

MOST = 200
"""Children of a folder that are told of: the largest."""


class Folder(msgspec.Struct, frozen=True):
    """All URLs below an address, kept-out ones left aside."""

    address: str
    """Ends with a slash; that of the parent itself for the pages directly in it."""
    done: int = 0
    waiting: int = 0
    broken: int = 0
    internal: bool = True
    is_leaf: bool = False
    """The pages directly in the folder that was asked for."""

    @property
    def urls(self) -> int:
        """How many URLs it has."""
        return self.done + self.waiting


class Folders(msgspec.Struct, frozen=True):
    """What lies in a folder, the largest first."""

    address: str
    """The folder; "" for all hosts."""
    children: tuple[Folder, ...] = ()
    left_out: int = 0
    """Children beyond `MOST`."""


def folders(connection: sqlite3.Connection, address: str = "", most: int = MOST) -> Folders:
    """The children of a folder, or all hosts, those of the crawled sites first."""
    part = _HOST if not address else _CHILD
    below = ("", "\U0010ffff") if not address else (address, f"{address}\U0010ffff")
    cut = () if not address else (len(address),) * 2
    rows = connection.execute(_FOLDERS.format(part=part), (*cut, *below, most)).fetchall()
    broken = dict(connection.execute(_BROKEN.format(part=part), (*cut, *below)))
    children = tuple(
        Folder(
            address + name,
            done,
            waiting,
            broken.get(name, 0),
            bool(internal),
            bool(address) and not name,
        )
        for name, done, waiting, internal, _ in rows
    )
    total = rows[0][4] if rows else 0
    return Folders(address, children, total - len(children))


_PATH = "substr(u.address, 1, instr(u.address || '?', '?') - 1)"
_REST = f"substr({_PATH}, ? + 1)"
_CHILD = f"substr({_REST}, 1, instr({_REST}, '/'))"
"""The next name and its slash; "" for a page directly in the folder."""
_HOST = "substr(u.address, 1, instr(substr(u.address, 9) || '/', '/') + 8)"
_BELOW = "u.address >= ? AND u.address < ? AND u.address LIKE 'http%://%'"
_FOLDERS = (
    "SELECT {part} AS name, "
    f"sum(u.state = {UrlState.DONE:d}), sum(u.state = {UrlState.WAITING:d}), max(u.internal), "
    f"count(*) OVER () FROM urls AS u WHERE {_BELOW} AND u.state <> {UrlState.KEPT_OUT:d} "
    "GROUP BY name ORDER BY max(u.internal) DESC, count(*) DESC, name LIMIT ?"
)
_BROKEN = (
    "SELECT {part} AS name, count(*) FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    f"WHERE p.broken = 1 AND {_BELOW} GROUP BY name"
)
