"""Which places of a table hold the rows of a filter: where n and N go. Pure."""

from __future__ import annotations

from array import array

_SLICE = 1 << 16
"""Ids that are looked at in one go: other threads have to wait for the end of it."""


class Matching:
    """A byte for each place of a table. A million of them take a while: a thread's work."""

    def __init__(self, ids: array[int], marks: bytearray, room: int) -> None:
        """`ids` stand in the table, `marks` says of ids below `room` which ones are sought."""
        self.ids = ids
        self.marks = marks
        self._padded = marks.ljust(room, b"\0")
        self._hits = bytearray()

    def catch_up(self) -> None:
        """Take in the places that are new at the end."""
        while len(self._hits) < len(self.ids):
            part = self.ids[len(self._hits) : len(self._hits) + _SLICE]
            try:
                self._hits += bytes(map(self._padded.__getitem__, part))
            except IndexError:  # some were found only after the filter was read: none of these
                self._hits += bytes(one < len(self.marks) and self.marks[one] for one in part)

    def beyond(self, place: int, by: int) -> int:
        """The next place (1) or the one before (-1), round the ends if need be; -1 for none."""
        if by > 0:
            found = self._hits.find(1, place + 1)
            return found if found >= 0 else self._hits.find(1)
        found = self._hits.rfind(1, 0, place)
        return found if found >= 0 else self._hits.rfind(1)
