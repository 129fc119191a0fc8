"""Who does what right now: written by fetch threads, read by the engine.

Each thread writes only its own entry, so there is nothing to lock.
"""

from __future__ import annotations

import threading
import time

import msgspec

from crawler_core.fetch import Fetcher
from crawler_core.model import FetchRequest, FetchResult


class Entry:
    """One fetch thread."""

    __slots__ = ("finished", "name", "number", "since", "url")

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0
        self.url = ""
        self.since = 0.0
        self.finished = 0


class FetchBoard:
    """One entry for each thread that has ever fetched."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}

    def run(self, fetcher: Fetcher, request: FetchRequest) -> FetchResult:
        """Fetch on the calling thread and say so on the board."""
        entry = self._entry()
        entry.since = time.monotonic()
        entry.url = request.url
        entry.number = request.number
        try:
            return msgspec.structs.replace(fetcher.fetch(request), worker=entry.name)
        finally:
            entry.number = 0
            entry.finished += 1

    def _entry(self) -> Entry:
        ident = threading.get_ident()
        found = self.entries.get(ident)
        if found is None:
            name = threading.current_thread().name
            digits = name.rpartition("_")[2]
            label = f"T{int(digits) + 1:02d}" if digits.isdigit() else name
            found = self.entries[ident] = Entry(label)
        return found


def fetch_on_board(board: FetchBoard, fetcher: Fetcher, request: FetchRequest) -> FetchResult:
    """What the fetch pool runs: value in, value out."""
    return board.run(fetcher, request)
