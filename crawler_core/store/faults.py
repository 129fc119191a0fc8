"""What SQLite's errors mean to people: a full disk, a damaged file, or our own mistake."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from crawler_core.errors import CrawlError, EnvironmentRefused, StoreFormatError, StoreInUse


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://sqlite.org/rescode.html), 0 if there is none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def translate(error: sqlite3.Error, path: Path) -> CrawlError | None:
    """The exception that tells people about `error`; None when it is a mistake of ours."""
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return EnvironmentRefused(
                f"The disk is full: {path} cannot grow. Free some space, then resume the crawl."
            )
        case sqlite3.SQLITE_IOERR:
            return EnvironmentRefused(
                f"Reading or writing {path} failed ({error}): check the disk, then resume."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return EnvironmentRefused(
                f"{path} cannot be opened or written ({error}): "
                "check its permissions and those of its folder."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreInUse(
                f"Another program keeps {path} locked: close it, then resume the crawl."
            )
        case sqlite3.SQLITE_INTERRUPT:
            return CrawlError("This reading was given up for another one: ask again.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreFormatError(
                f"{path} is damaged, perhaps cut short by a copy: restore it or crawl again."
            )
        case _:
            return None


@contextlib.contextmanager
def translating(path: Path) -> Iterator[None]:
    """Raise what `translate` says in place of SQLite's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        known = translate(error, path)
        if known is None:
            raise
        raise known from error
