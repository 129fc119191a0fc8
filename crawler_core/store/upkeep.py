"""What is done to stores that no crawl runs on: removing, folding, bringing up."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from crawler_core.errors import EnvironmentRefused, StoreFormatError, StoreInUse
from crawler_core.store import files, schema
from crawler_core.store.lock import StoreLock


def remove(path: Path) -> None:
    """Delete a crawl for good. Raises StoreFormatError, StoreInUse and EnvironmentRefused."""
    path = path.resolve()
    schema.identify(path)
    lock = StoreLock.acquire(path)
    try:
        files.delete(path)
    finally:
        lock.release()


def bring_up(path: Path) -> None:
    """Change the tables of a store of an older version to those of this one.

    Raises StoreFormatError, StoreInUse and EnvironmentRefused.
    """
    path = path.resolve()
    try:
        lock = StoreLock.acquire(path)
    except StoreInUse:
        raise
    except EnvironmentRefused as error:
        raise EnvironmentRefused(
            f"{path} is of an older version of crawltui and must be changed once before it can "
            "be read: copy it to a folder that you may write to."
        ) from error
    try:
        with files.refusing(path):
            connection = files.connect_writer(path)
            try:
                with contextlib.suppress(sqlite3.Error):
                    files.fold(connection)
            finally:
                connection.close()
    finally:
        lock.release()


def settle(path: Path) -> bool:
    """Fold a crawl that nobody runs into one file, after its last reader is closed.

    A writer that closes while a screen still reads cannot do so itself, and a killed one
    never could. Returns whether the crawl is one file now; raises nothing for a store that
    is in use or cannot be opened.
    """
    path = path.resolve()
    if files.is_folded(path):
        return True
    try:
        schema.identify(path)
        lock = StoreLock.acquire(path)
    except (EnvironmentRefused, StoreFormatError):
        return False
    try:
        connection = files.connect_writer(path)
        try:
            files.fold(connection)
        finally:
            connection.close()
    except (sqlite3.Error, StoreFormatError):
        return False
    finally:
        lock.release()
    return files.is_folded(path)
