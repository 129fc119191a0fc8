"""The writer of a crawl: one transaction holds a page's row, its links and its done-mark.

Several pages share a transaction; whoever owns the store decides when to `commit`. What
is "in flight" is never written, so after any death of the process the file says exactly
which pages are done: a row in `pages` if and only if `urls.state` is DONE.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any, NoReturn

from crawler_core.config import CrawlConfig
from crawler_core.errors import CrawlError, EnvironmentRefused
from crawler_core.model import Outcome, PageRecord, Role, UrlRow, UrlState
from crawler_core.store import files, linklists, schema, settings
from crawler_core.store import targets as targets_of_pages
from crawler_core.store.faults import translate
from crawler_core.store.linklists import Edge, Packed
from crawler_core.store.lock import StoreLock
from crawler_core.store.pile import Pile
from crawler_core.store.records import Value
from crawler_core.store.rows import DoneRow, HostRow

_CHUNK = 5_000
"""Rows read at once by the iterators: nothing may hold a read open while pages are written."""

_ROLES = {role.value: role for role in Role}
_STATES = {state.value: state for state in UrlState}
_SELECT_URLS = (
    "SELECT id, address, depth, hops, role, internal, state, source, reason, attempts, "
    "start_chain, throttles FROM urls WHERE id > ? ORDER BY id LIMIT ?"
)
_SELECT_DONE = (
    "SELECT serial, url_id, outcome, status_code, is_html, content_type, response_time, "
    "transferred, title FROM pages WHERE serial > ? ORDER BY serial LIMIT ?"
)
_DROP_PAGE = (
    "DELETE FROM pages WHERE url_id = ?",
    "DELETE FROM headers WHERE url_id = ?",
    "DELETE FROM element_ids WHERE url_id = ?",
    "DELETE FROM link_lists WHERE source = ?",
    "DELETE FROM targets WHERE source = ?",
)
_SET_META = (
    "INSERT INTO meta (key, value) VALUES (?, ?) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_HOST_FIELDS = frozenset(HostRow.__struct_fields__) - {"host"}


class Store:
    """The one writer of a crawl; used by one thread at a time.

    After a write has failed (disk full, I/O error) the open transaction is rolled back,
    and every later write raises the same EnvironmentRefused: what memory knows and what
    the disk knows have parted, and only a resume brings them together.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: StoreLock, config: CrawlConfig
    ) -> None:
        self.path = path
        self.lock = lock
        self.config = config
        self.pending = 0
        """Pages finished since the last commit."""
        self._connection = connection
        self._pile = Pile()
        self._failure: CrawlError | None = None
        self._waited = 0.0
        newest = self._connection.execute("SELECT max(serial) FROM pages").fetchone()[0]
        self._serial: int = newest or 0
        self._has_page = bytearray()
        """By URL: 1 if there is a row of it in `pages`, so that none is looked for in vain."""
        for (url_id,) in connection.execute("SELECT url_id FROM pages"):
            self._note_page(url_id, there=True)

    @classmethod
    def create(cls, path: Path, config: CrawlConfig, *, version: str, force: bool = False) -> Store:
        """Make the store of a new crawl and own it; `version` is that of the product.

        With `force` a finished crawl at `path` is replaced, but never a foreign file. Raises
        ConfigError if there is a file, StoreInUse, and EnvironmentRefused.
        """
        path = path.resolve()
        lock = StoreLock.acquire(path)
        try:
            meta = {"config": settings.encode(config), "version": version}
            files.make(path, meta, replace=force)
            return cls._start(path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path) -> Store:
        """Own an existing store, to go on with its crawl.

        Raises StoreFormatError (missing, damaged, foreign or newer; the file stays as it
        is), StoreInUse and EnvironmentRefused.
        """
        path = path.resolve()
        schema.identify(path)
        lock = StoreLock.acquire(path)
        try:
            return cls._start(path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _start(cls, path: Path, lock: StoreLock) -> Store:
        with files.refusing(path):
            connection = files.connect_writer(path)
            try:
                row = connection.execute("SELECT value FROM meta WHERE key = 'config'").fetchone()
                return cls(path, connection, lock, settings.decode(row and row[0], path))
            except BaseException:
                connection.close()
                raise

    def take_waited(self) -> float:
        """Seconds that writes have taken since this was last asked."""
        waited, self._waited = self._waited, 0.0
        return waited

    def urls(self) -> Iterator[UrlRow]:
        """All known URLs in the order of their ids; writing in between is allowed."""
        last = 0
        while rows := self._read(_SELECT_URLS, (last, _CHUNK)):
            last = rows[-1][0]
            for url_id, address, depth, hops, role, internal, state, *rest in rows:
                yield UrlRow(
                    *(url_id, address, depth, hops, _ROLES[role], internal == 1, _STATES[state]),
                    *rest,
                )

    def add_url(self, row: UrlRow) -> None:
        """Write down a URL that was not known."""
        self._check()
        self._pile.add(row)
        if self._pile.is_full:
            self._write_pile()

    def update_url(self, row: UrlRow) -> None:
        """Change any field of a URL but its id and address.

        A state other than DONE drops what an earlier fetch of it left.
        """
        with self._together():
            self._begin_with(row.url_id, drop=row.state is not UrlState.DONE)
            self._pile.change(row)

    def finish(self, record: PageRecord, links: Sequence[Packed]) -> None:
        """Write a page, its links and its done-mark; an earlier fetch of it is replaced."""
        with self._together():
            self._begin_with(record.url_id, drop=True)
            self._serial += 1
            self._pile.finish(self._serial, record, links)
            self._note_page(record.url_id, there=True)
            if self._pile.is_full:
                self._write_pile()
        self.pending += 1

    def keep_out(self, url_id: int, reason: str) -> None:
        """Mark a URL as kept out of the crawl; `reason` is what people read."""
        with self._together():
            self._begin_with(url_id, drop=True)
            self._pile.keep_out(url_id, reason)

    def set_attempts(self, url_id: int, attempts: int, throttles: int = 0) -> None:
        """Remember how often a waiting URL was asked for and how often it was throttled."""
        with self._together():
            self._begin_with(url_id, drop=False)
            self._pile.set_attempts(url_id, attempts, throttles)

    def links_from(self, source_id: int) -> list[Edge]:
        """The links of a page in its order, those not committed yet included."""
        rows = self._read("SELECT links FROM link_lists WHERE source = ?", (source_id,))
        return linklists.read_edges(rows[0][0]) if rows else []

    def naming(self, targets: Set[int], after: int) -> tuple[list[int], int]:
        """Some of the pages after the one with id `after` that hold a link to any of `targets`,
        and the last page that was looked at; 0 if there is none left.

        A piece of all pages, so that other things can be done and written in between.
        """
        if self._pile and self._failure is None:
            self._write_pile()
        try:
            return targets_of_pages.naming(self._connection, targets, after)
        except sqlite3.Error as error:
            self._fail(error)

    def outcome_of(self, url_id: int) -> tuple[Outcome, int, bool] | None:
        """Outcome, status code and "is HTML" of a done page; None while it is not done."""
        rows = self._read(
            "SELECT outcome, status_code, is_html FROM pages WHERE url_id = ?", (url_id,)
        )
        return (Outcome(rows[0][0]), rows[0][1], bool(rows[0][2])) if rows else None

    def done_rows(self) -> Iterator[DoneRow]:
        """All done pages in the order in which they finished."""
        last = 0
        while rows := self._read(_SELECT_DONE, (last, _CHUNK)):
            last = rows[-1][0]
            for _, url_id, outcome, status_code, is_html, *rest in rows:
                yield DoneRow(url_id, Outcome(outcome), status_code, bool(is_html), *rest)

    def save_host(self, host: str, **fields: Value) -> None:
        """Change the named fields of a host (see HostRow); the others keep their values."""
        if unknown := fields.keys() - _HOST_FIELDS:
            raise TypeError(f"HostRow has no field {', '.join(sorted(unknown))}")
        names = ", ".join(("host", *fields))
        marks = ", ".join("?" * (len(fields) + 1))
        change = ", ".join(f"{name} = excluded.{name}" for name in fields)
        self._write(
            f"INSERT INTO hosts ({names}) VALUES ({marks}) ON CONFLICT (host) DO "
            + (f"UPDATE SET {change}" if change else "NOTHING"),
            (host, *fields.values()),
        )

    def hosts(self) -> Iterator[HostRow]:
        """All hosts that something is remembered of."""
        names = ", ".join(HostRow.__struct_fields__)
        for row in self._read(f"SELECT {names} FROM hosts ORDER BY host", ()):
            yield HostRow(*row)

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact about the whole crawl, such as its state."""
        self._write(_SET_META, (key, value))

    def reconfigure(self, config: CrawlConfig) -> None:
        """Remember options that were given anew, for the next resume."""
        self.config = config
        self.set_meta("config", settings.encode(config))

    def meta(self, key: str) -> str | None:
        """What `set_meta` remembered; None if it was never set."""
        rows = self._read("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def write_out(self) -> None:
        """Hand what is piled up to SQLite, without a commit: many small pauses, not a long one."""
        if self._pile:
            self._write_pile()

    def commit(self) -> None:
        """End the transaction: from here a death of the process loses nothing of it."""
        self._check()
        if self._pile:
            self._write_pile()
        if self._connection.in_transaction:
            with self._clocked():
                self._connection.execute("COMMIT")
        self.pending = 0

    def close(self, *, checkpoint: bool = True) -> None:
        """Commit, fold the -wal into the file so that a crawl is one file, and let go of it.

        With a reader still connected the -wal stays until `upkeep.settle`. A second call
        does nothing. Raises EnvironmentRefused if the last commit fails; even then the
        store is closed.
        """
        try:
            if self._failure is None:
                self.commit()
                if checkpoint:
                    self._fold()
        finally:
            self._connection.close()
            self._failure = EnvironmentRefused(f"{self.path} is closed: resume the crawl.")
            self.lock.release()

    def abandon(self) -> None:
        """Close without a commit, after a failure; raises nothing of the store's own."""
        with contextlib.suppress(sqlite3.Error):
            self._rollback()
        self._failure = self._failure or EnvironmentRefused(f"{self.path} is closed.")
        with contextlib.suppress(CrawlError, sqlite3.Error):
            self.close(checkpoint=False)

    def _fold(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            files.fold(self._connection)

    def _begin_with(self, url_id: int, *, drop: bool) -> None:
        """Make ready for a word on this URL, the only one in the pile."""
        self._check()
        if url_id in self._pile.urls or self._pile.is_full:
            self._write_pile()
        if drop and url_id < len(self._has_page) and self._has_page[url_id]:
            for statement in _DROP_PAGE:
                self._write(statement, (url_id,))
            self._note_page(url_id, there=False)

    def _note_page(self, url_id: int, *, there: bool) -> None:
        if url_id >= len(self._has_page):
            self._has_page.extend(bytes(url_id + 1 - len(self._has_page)))
        self._has_page[url_id] = there

    def _write_pile(self) -> None:
        with self._together():
            self._begin()
            with self._clocked():
                self._pile.write(self._connection)

    def _write(self, statement: str, values: Sequence[Value]) -> None:
        """Run one statement inside the transaction."""
        self._begin()
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            self._fail(error)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _begin(self) -> None:
        self._check()
        if not self._connection.in_transaction:
            with self._clocked():
                self._connection.execute("BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def _clocked(self) -> Iterator[None]:
        """Count the time that a write takes; one that fails ends all writing."""
        started = time.monotonic()
        try:
            yield
        except sqlite3.Error as error:
            self._fail(error)
        finally:
            self._waited += time.monotonic() - started

    def _read(self, statement: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        if self._pile and self._failure is None:
            self._write_pile()
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._fail(error)

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """What is written inside is in one transaction or nowhere, whatever goes wrong."""
        try:
            yield
        except BaseException:
            self._give_up(CrawlError(f"A write to {self.path} went wrong: resume the crawl."))
            raise

    def _fail(self, error: sqlite3.Error) -> NoReturn:
        known = translate(error, self.path)
        if known is None:
            raise error
        self._give_up(known)
        raise known from error

    def _give_up(self, failure: CrawlError) -> None:
        self._failure = self._failure or failure
        self._pile.clear()
        with contextlib.suppress(sqlite3.Error):
            self._rollback()

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
