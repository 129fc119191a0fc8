"""The files of a store: how they come to be, are connected to, folded into one, removed.

Beside STORE there are, while it is in use, SQLite's -wal and -shm and our .lock; a
closed crawl is STORE alone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from crawler_core.errors import ConfigError, EnvironmentRefused
from crawler_core.store import schema
from crawler_core.store.faults import translating

_BUSY_MS = 5_000
_FOLD_BUSY_MS = 500
_JOURNAL_LIMIT = 64 * 1024 * 1024
"""Bytes to which the -wal is cut back after a long reader let it grow."""
_CACHE_KIB = 8 * 1024


def make(path: Path, meta: Mapping[str, str], *, replace: bool) -> None:
    """Make a store with `meta` at `path`, whole or not at all; the caller owns its lock.

    Raises ConfigError if a file is there and may not be replaced, StoreFormatError if it
    may but is no crawl, and EnvironmentRefused.
    """
    if path.exists():
        if not replace:
            raise ConfigError(
                f"{path} exists: go on with it by crawltui run --resume, "
                "replace it with --force, or name another store."
            )
        schema.identify(path)
    new = _beside(path, ".new")
    with refusing(path):
        new.unlink(missing_ok=True)
        try:
            schema.build(new, meta)
            with new.open("rb") as file:
                os.fsync(file.fileno())
            for side in _sides(path):
                side.unlink(missing_ok=True)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
            for side in _sides(new):
                side.unlink(missing_ok=True)


def connect_writer(path: Path) -> sqlite3.Connection:
    """Connect for writing, in WAL mode and at the present version; the caller owns the lock.

    Raises StoreFormatError before anything is written if the file is not ours, and
    sqlite3.Error.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        schema.verify(connection, path)
        # A commit then survives the death of the process, though not always that of the
        # machine: a crawl is worth no fsync every 100 ms.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Connect for reading only. Raises StoreFormatError and sqlite3.Error."""
    schema.identify(path)
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA query_only = ON")
        schema.verify(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def fold(connection: sqlite3.Connection) -> None:
    """Move the -wal into the file and leave WAL mode, so that a reader makes no new -wal.

    Leaving WAL mode needs the file alone: with another connection it raises
    sqlite3.OperationalError, and everything stays readable as it is.
    """
    connection.execute(f"PRAGMA busy_timeout = {_FOLD_BUSY_MS}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")


def delete(path: Path) -> None:
    """Remove a store and what SQLite left beside it; the caller owns its lock."""
    with refusing(path):
        for file in (path, *_sides(path)):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn errors of the file system and of SQLite into sentences for people."""
    try:
        with translating(path):
            yield
    except OSError as error:
        raise EnvironmentRefused(
            f"{path} cannot be written ({error.strerror or error}): "
            "choose a folder that exists and that you may write to."
        ) from error


def is_folded(path: Path) -> bool:
    """True when nothing lies beside the store that belongs into it."""
    return not any(side.exists() for side in _sides(path))


def _sides(path: Path) -> tuple[Path, ...]:
    return tuple(_beside(path, suffix) for suffix in ("-wal", "-shm", "-journal"))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
