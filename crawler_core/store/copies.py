"""What a reader keeps beside a large store, so that any first screen comes at once.

Rows of `pages` are wide, and most of what is asked of a million of them is about a few
numbers. So a reader that gets ready copies what filters and sorts need into temporary tables
of its own connection: `narrow` (numbers, flags, short texts), `words` (see there) and the
tables of `twins`. SQLite keeps them in a file without a name, so that they take little memory
and are gone with the connection; the crawl neither pays for them nor knows of them. Together
they are at most about as large as the pages that they are drawn from.

They mirror `pages`: pages are numbered in the order in which they finish, so that only new
ones are read, and a count tells whether an old one has gone. Depth and "internal" are not
copied, for a finished URL may be given others: they are looked up in `urls`.

All copying is done inside SQLite, which lets other threads run. It reads a part at a time, so
that the writer's -wal can be folded in between.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from crawler_core.store import twins, words

LEAST = 20_000
"""Finished pages from which on copies are worth their while."""
PART = 50_000
"""Pages that are copied at once when there are no copies yet: a third of a second."""
STEP = 4_000
"""Pages that are taken in at once later on, each among those that are there: as long."""
_PAGE_SIZE = 32 * 1024
"""Bytes of a page of the temporary file: a fifth faster to read than SQLite's usual 4 kB."""
_CACHE_KIB = 16 * 1024

_SAME = (
    *("serial", "url_id", "outcome", "status_code", "broken", "is_html", "parsed", "size"),
    *("response_time", "word_count", "title_length", "description_length", "h1_1_length"),
    *("indexability", "indexability_status", "content_type"),
)
PRESENT = ("title", "description", "h1_1", "canonical", "redirect_url")
"""Texts of which `narrow` only has whether there is one: "-" or ""."""
_TABLE = (
    "CREATE TEMP TABLE narrow (serial INTEGER PRIMARY KEY, "
    f"{', '.join((*_SAME[1:], *PRESENT))});"
    "CREATE TEMP TABLE gone (serial INTEGER PRIMARY KEY);"
)
_COPY = (
    f"INSERT INTO temp.narrow SELECT {', '.join(_SAME)}, "
    + ", ".join(f"CASE WHEN {name} = '' THEN '' ELSE '-' END" for name in PRESENT)
    + " FROM main.pages WHERE serial > ? AND serial <= ?"
)
_NEWEST = "SELECT coalesce(max(serial), 0) FROM main.pages"
_LEFT = (
    "SELECT (SELECT count(*) FROM main.pages) - (SELECT count(*) FROM main.pages WHERE serial > ?)"
)
_GONE = (
    "INSERT INTO temp.gone SELECT serial FROM temp.narrow AS n "
    "WHERE NOT EXISTS (SELECT 1 FROM main.pages AS p WHERE p.serial = n.serial)"
)
_FINISHED = "SELECT url_id, finished FROM main.pages WHERE serial = ?"
_NAMES = (
    *("narrow", "gone", "words"),
    *(f"{kind}_{name}" for name in twins.COLUMNS for kind in ("by", "twins")),
)


class Copies:
    """The temporary tables of one connection, and how far they reach."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.ready = False
        """Whether all tables mirror the pages up to `mark`."""
        self.mark = 0
        """The newest page in `narrow` and `words`."""
        self._texts = dict.fromkeys(twins.COLUMNS, 0)
        self._rows = 0
        self._last: tuple[int, float] | None = None
        """What page `mark` was: a resumed crawl may use its number for another one."""
        self._given_up = False

    def bring_up(self) -> bool:
        """Copy a part of what is missing; True when nothing is missing any more.

        Takes below half a second, but for each of the three texts in their order, which take
        2.5 s of a million pages, once. Raises sqlite3.Error, also when there is no room.
        """
        if self._given_up:
            return True
        with self._writable():
            newest = self._number(_NEWEST)
            if not self.mark:
                if newest < LEAST:
                    return True
                self._begin_anew()
            self._drop_gone()
            left = newest - self.mark
            if not self.ready and (not self.mark or left > STEP):
                self._copy(min(newest, self.mark + PART))
            elif behind := [name for name, mark in self._texts.items() if mark < self.mark]:
                self._copy_text(behind[0])
            else:  # the few that are new come last: while a crawl runs there always are some
                if left > 0:
                    self._copy(min(newest, self.mark + STEP), texts=True)
                self.ready = True
            return self.ready and self.mark >= newest

    def give_up(self) -> None:
        """Let go of all copies, and make none any more: the disk is full."""
        self._given_up, self.ready = True, False
        with contextlib.suppress(sqlite3.Error), self._writable():
            self._drop_tables()

    def _copy(self, until: int, *, texts: bool = False) -> None:
        with self._together():
            rows = self._connection.execute(_COPY, (self.mark, until)).rowcount
            words.copy(self._connection, self.mark, until)
            if texts:
                for name in self._texts:
                    twins.copy(self._connection, name, self.mark, until)
            last = self._connection.execute(_FINISHED, (until,)).fetchone()
        self._rows += rows
        self.mark, self._last = until, last
        if texts:
            self._texts = dict.fromkeys(self._texts, until)

    def _copy_text(self, name: str) -> None:
        with self._together():
            twins.copy(self._connection, name, self._texts[name], self.mark)
        self._texts[name] = self.mark

    def _drop_gone(self) -> None:
        """Forget pages that left their number, for they wait again or were fetched again."""
        if not self.mark:
            return
        last = self._connection.execute(_FINISHED, (self.mark,)).fetchone()
        if last is not None and last != self._last:
            self._begin_anew()
        elif self._number(_LEFT, self.mark) != self._rows:
            with self._together():
                self._connection.execute("DELETE FROM temp.gone")
                self._connection.execute(_GONE)
                gone = self._connection.execute(
                    "DELETE FROM temp.narrow WHERE serial IN (SELECT serial FROM temp.gone)"
                ).rowcount
                for name in twins.COLUMNS:
                    twins.forget(self._connection, name)
            self._rows -= gone
            # If the newest one went, its number may be given away again by a resumed crawl.
            self.mark = self._number("SELECT coalesce(max(serial), 0) FROM temp.narrow")
            self.ready = self.ready and self.mark > 0
            self._texts = {name: min(mark, self.mark) for name, mark in self._texts.items()}
            self._last = self._connection.execute(_FINISHED, (self.mark,)).fetchone()

    def _begin_anew(self) -> None:
        self.ready = False
        self._connection.execute(f"PRAGMA temp.page_size = {_PAGE_SIZE}")
        self._connection.execute(f"PRAGMA temp.cache_size = -{_CACHE_KIB}")
        with self._together():
            self._drop_tables()
            for statement in (_TABLE + words.TABLE + twins.TABLES).split(";"):
                self._connection.execute(statement)
        self.mark = self._rows = 0
        self._texts = dict.fromkeys(twins.COLUMNS, 0)
        self._last = None

    def _drop_tables(self) -> None:
        for name in _NAMES:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _number(self, statement: str, *values: int) -> int:
        return int(self._connection.execute(statement, values).fetchone()[0])

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """All of it at one moment of the crawl, or nothing of it."""
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """Let temporary tables be written; the store itself is open for reading only."""
        self._connection.execute("PRAGMA query_only = OFF")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA query_only = ON")
