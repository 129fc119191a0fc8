"""Who runs a crawl: an flock on STORE.lock, freed by the kernel at any death.

The lock is a file of its own because closing any descriptor of the store itself would
drop SQLite's locks on it. Its content says where the owner listens; it is only a hint,
the flock is the truth.

The owner removes the file while it still holds the lock, so that a closed crawl is one
file. That alone would race: another process may have opened the old file and then get
the lock of a name that is gone. So whoever gets a lock makes sure that the name still
leads to the file it has locked, and tries again otherwise.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from crawler_core.errors import EnvironmentRefused, StoreInUse

_TRIES = 10
_PAUSE = 0.02
"""Seconds between tries: a probe of `is_locked` holds the lock for microseconds."""


class StoreLock:
    """Ownership of one store, held until `release` or the death of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, store: Path) -> StoreLock:
        """Become the owner of `store`. Raises StoreInUse and EnvironmentRefused."""
        path = lock_path(store)
        for _ in range(_TRIES):
            descriptor = _open(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                time.sleep(_PAUSE)
                continue
            except OSError as error:
                os.close(descriptor)
                raise EnvironmentRefused(
                    f"{path} cannot be locked ({error.strerror}): keep the crawl on a local disk."
                ) from error
            if _leads_to(path, descriptor):
                return cls(path, descriptor)
            os.close(descriptor)
        raise StoreInUse(_in_use(store))

    def write(self, info: Mapping[str, object]) -> None:
        """Tell viewers about the owner: JSON such as {"pid": 1, "socket": "/…"}."""
        content = json.dumps(dict(info)).encode()
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))

    def release(self) -> None:
        """Give the store back and remove the lock file; a second call does nothing."""
        if self._descriptor < 0:
            return
        if _leads_to(self._path, self._descriptor):
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1


def lock_path(store: Path) -> Path:
    """The lock file of a store: its own name, symbolic links resolved, with ".lock" after it."""
    store = store.resolve()
    return store.with_name(store.name + ".lock")


def is_locked(store: Path) -> bool:
    """True while a process owns `store`."""
    try:
        descriptor = os.open(lock_path(store), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def read_owner(store: Path) -> dict[str, object] | None:
    """What the owner of `store` wrote about itself; None if there is none or it is silent."""
    if not is_locked(store):
        return None
    try:
        content = json.loads(lock_path(store).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise EnvironmentRefused(
            f"{path} cannot be written ({error.strerror}): "
            "choose a folder that exists and that you may write to."
        ) from error


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        named = path.stat(follow_symlinks=False)
    except OSError:
        return False
    held = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _in_use(store: Path) -> str:
    owner = read_owner(store) or {}
    who = f" (process {owner['pid']})" if "pid" in owner else ""
    return (
        f"A running crawl owns {store}{who}: watch it with crawltui view, "
        "stop it, or name another store."
    )
