"""Long lists of ids: read from SQLite as one text, and unpacked a part at a time.

A million rows of Python's would hold up the other threads, and so would one long list.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence

import msgspec

_SLICE = 64 * 1024
"""Characters that are unpacked at once: half a millisecond."""


def read_ids(
    connection: sqlite3.Connection, statement: str, values: Sequence[str | int | float]
) -> array[int]:
    """The column `url_id` of a statement's rows, in their order. Raises sqlite3.Error."""
    packed = f"SELECT json_group_array(url_id) FROM ({statement})"
    return unpack(connection.execute(packed, values).fetchone()[0])


def unpack(packed: str) -> array[int]:
    """The numbers of a JSON list; other threads run between its parts."""
    found, at, end = array("q"), 1, len(packed) - 1
    while at < end:
        until = packed.find(",", at + _SLICE)
        until = end if until < 0 else until
        found.extend(msgspec.json.decode(f"[{packed[at:until]}]", type=list[int]))
        at = until + 1
    return found
