"""Rows that wait to be written: a transaction is kept in memory and written in one go.

A row that is written by itself costs twice as much as one among many, and each statement
lets go of the interpreter's lock and has to win it back from the fetch threads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from crawler_core.model import PageRecord, UrlRow, UrlState
from crawler_core.store.linklists import Packed, pack
from crawler_core.store.records import PAGE_COLUMNS, Value, page_values
from crawler_core.store.targets import targets_of

_MOST_PAGES = 64
_MOST_URLS = 4_096
_MOST_TEXT = 4 * 1024 * 1024
"""Characters of links."""

_URL_COLUMNS = (
    *("depth", "hops", "role", "internal", "state", "source"),
    *("reason", "attempts", "start_chain", "throttles"),
)
_ADD_URL = (
    f"INSERT INTO urls ({', '.join(_URL_COLUMNS)}, address, id) "
    f"VALUES ({', '.join('?' * len(_URL_COLUMNS))}, ?, ?)"
)
_CHANGE_URL = f"UPDATE urls SET {', '.join(f'{name} = ?' for name in _URL_COLUMNS)} WHERE id = ?"
_KEEP_OUT = f"UPDATE urls SET state = {UrlState.KEPT_OUT:d}, reason = ? WHERE id = ?"
_SET_ATTEMPTS = "UPDATE urls SET attempts = ?, throttles = ? WHERE id = ?"
_MARK_DONE = f"UPDATE urls SET state = {UrlState.DONE:d}, reason = '', attempts = ? WHERE id = ?"
_ADD_PAGE = (
    f"INSERT INTO pages ({', '.join(PAGE_COLUMNS)}) VALUES ({', '.join('?' * len(PAGE_COLUMNS))})"
)
_ADD_HEADERS = "INSERT INTO headers (headers, url_id) VALUES (?, ?)"
_ADD_IDS = "INSERT INTO element_ids (names, url_id) VALUES (?, ?)"
_ADD_LINKS = "INSERT INTO link_lists (links, source) VALUES (?, ?)"
_ADD_TARGETS = "INSERT INTO targets (hyperlinks, resources, others, source) VALUES (?, ?, ?, ?)"

_ORDER = (
    *(_ADD_URL, _CHANGE_URL, _KEEP_OUT, _SET_ATTEMPTS),
    *(_MARK_DONE, _ADD_PAGE, _ADD_HEADERS, _ADD_IDS, _ADD_LINKS, _ADD_TARGETS),
)
"""New URLs first: what comes after may speak of them."""

_encode = msgspec.json.Encoder().encode


class Pile:
    """The rows of each statement, in the order in which they came.

    Statements are written one after the other, so their order among each other is lost.
    That changes nothing while each URL is spoken of once after it was added: whoever piles
    up a second word on a URL of `urls` writes the pile first.
    """

    def __init__(self) -> None:
        self.urls: set[int] = set()
        """The URLs of which a change waits, being added aside."""
        self._rows: dict[str, list[tuple[Value, ...]]] = {each: [] for each in _ORDER}
        self._new = self._rows[_ADD_URL]
        self._pages = self._rows[_ADD_PAGE]
        self._text = 0

    def __len__(self) -> int:
        """How many URLs are added or spoken of."""
        return len(self._new) + len(self.urls)

    @property
    def is_full(self) -> bool:
        """True when it is time to write, lest memory and the next commit grow."""
        return (
            len(self._pages) >= _MOST_PAGES
            or len(self._new) >= _MOST_URLS
            or len(self.urls) >= _MOST_URLS
            or self._text >= _MOST_TEXT
        )

    def add(self, row: UrlRow) -> None:
        """A URL that was not known."""
        self._new.append((*_changeable(row), row.address, row.url_id))

    def change(self, row: UrlRow) -> None:
        """New values of a URL."""
        self._put(_CHANGE_URL, (*_changeable(row), row.url_id), row.url_id)

    def keep_out(self, url_id: int, reason: str) -> None:
        """A URL that is kept out."""
        self._put(_KEEP_OUT, (reason, url_id), url_id)

    def set_attempts(self, url_id: int, attempts: int, throttles: int) -> None:
        """How often a URL was asked for."""
        self._put(_SET_ATTEMPTS, (attempts, throttles, url_id), url_id)

    def finish(self, serial: int, record: PageRecord, links: Sequence[Packed]) -> None:
        """A page, its links and its done-mark."""
        url_id, page, result = record.url_id, record.page, record.result
        values = page_values(serial, record)
        if result is not None and result.headers:
            self._put(_ADD_HEADERS, (_encode(result.headers).decode(), url_id), url_id)
        if page is not None and page.ids:
            self._put(_ADD_IDS, ("\n".join(page.ids), url_id), url_id)
        if links:
            text = pack(links)
            self._put(_ADD_LINKS, (text, url_id), url_id)
            self._put(_ADD_TARGETS, (*targets_of(links), url_id), url_id)
            self._text += len(text)
        self._pages.append(values)
        self._put(_MARK_DONE, (record.attempts, url_id), url_id)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all rows and be empty. Raises sqlite3.Error, UnicodeEncodeError."""
        for statement, rows in self._rows.items():
            if rows:
                connection.executemany(statement, rows)
        self.clear()

    def clear(self) -> None:
        """Forget what was piled up."""
        for rows in self._rows.values():
            rows.clear()
        self.urls.clear()
        self._text = 0

    def _put(self, statement: str, row: tuple[Value, ...], url_id: int) -> None:
        self._rows[statement].append(row)
        self.urls.add(url_id)


def _changeable(row: UrlRow) -> tuple[Value, ...]:
    return (
        *(row.depth, row.hops, int(row.role), int(row.internal), int(row.state), row.source_id),
        *(row.reason, row.attempts, row.start_chain, row.throttles),
    )
