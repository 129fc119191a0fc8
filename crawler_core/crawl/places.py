"""Where crawls are kept by default, and what is kept there."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

import msgspec
import platformdirs

from crawler_core import url as urls
from crawler_core.errors import ConfigError, CrawlError, EnvironmentRefused
from crawler_core.store import upkeep
from crawler_core.store.lock import is_locked, lock_path
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import Summary

SUFFIX = ".crawl"
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")
_HOST_CHARACTERS = 80
"""Of the host in a store's name: file names end at 255 bytes."""
_UNFINISHED = frozenset({"", "running", "stopped", "incomplete"})
"""States on disk of a crawl that nobody runs; a killed one still says `running`."""


class CrawlEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One crawl on disk."""

    path: Path
    name: str
    """The file's name without its suffix."""
    size: int
    """Bytes, what SQLite keeps beside the file included."""
    changed: float
    """Unix time of the last write."""
    running: bool
    """A process owns it now."""
    summary: Summary | None = None
    problem: str = ""
    """Why it cannot be read; "" if it can."""

    @property
    def started(self) -> float:
        """Unix time at which it began; of the last write where that is not known."""
        return (self.summary.started if self.summary else 0.0) or self.changed

    @property
    def state(self) -> str:
        """running, finished, stopped, incomplete, killed or unreadable."""
        if self.running:
            return "running"
        if self.summary is None:
            return "unreadable"
        return "killed" if self.summary.state in {"", "running"} else self.summary.state

    @property
    def is_unfinished(self) -> bool:
        """Something is left to do, and nobody does it."""
        if self.running or self.summary is None:
            return False
        return self.summary.state in _UNFINISHED or self.summary.waiting > 0


def default_folder() -> Path:
    """The folder of crawls for which no place was named; made if need be.

    Raises EnvironmentRefused.
    """
    folder = Path(platformdirs.user_data_dir("crawltui", appauthor=False)) / "crawls"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentRefused(
            f"{folder} cannot be made ({error.strerror}): name a place for the crawl by --store."
        ) from error
    return folder


def new_store(start_url: str, name: str = "", *, now: float | None = None) -> Path:
    """A free place for a new crawl: HOST-YYYYMMDD-HHMMSS.crawl, or NAME-… where a name is given.

    The place is reserved by making the lock file that the crawl will own, so that two
    crawls that begin in one second do not meet. Raises EnvironmentRefused.
    """
    folder = default_folder()
    site = urls.site(start_url).replace("[", "").replace("]", "")
    label = _UNUSUAL.sub("-", name or site)[:_HOST_CHARACTERS].strip("-.") or "crawl"
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    for number in range(1, 1000):
        again = f"-{number}" if number > 1 else ""
        path = folder / f"{label}-{moment}{again}{SUFFIX}"
        if not path.exists() and _reserved(path):
            return path
    raise EnvironmentRefused(f"{folder} has no free name left: name a place by --store.")


def crawls(folder: Path) -> list[CrawlEntry]:
    """What is kept in `folder`, newest first. Raises EnvironmentRefused."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file()]
    except OSError as error:
        raise EnvironmentRefused(f"{folder} cannot be read ({error.strerror}).") from error
    entries = [found for path in paths if (found := look(path)) is not None]
    return sorted(entries, key=lambda entry: (entry.started, entry.name), reverse=True)


def look(path: Path) -> CrawlEntry | None:
    """One crawl as it is now; None if the file has gone."""
    running = is_locked(path)
    try:
        size, changed = _size(path), path.stat().st_mtime
    except OSError:
        return None
    summary, problem = None, ""
    try:
        with StoreReader(path) as reader:
            summary = reader.summary()
    except CrawlError as error:
        problem = str(error)
    return CrawlEntry(
        path=path,
        name=path.name.removesuffix(SUFFIX),
        size=size,
        changed=changed,
        running=running,
        summary=summary,
        problem=problem,
    )


def newest_unfinished(folder: Path) -> Path | None:
    """The crawl in `folder` that began last of those that can be gone on with."""
    return next((entry.path for entry in crawls(folder) if entry.is_unfinished), None)


def delete(path: Path) -> None:
    """Delete a crawl for good.

    Raises StoreInUse while a process runs it, StoreFormatError if the file is no crawl, and
    EnvironmentRefused.
    """
    upkeep.remove(path)


def path_of(typed: str) -> Path:
    """The path that a person means; ConfigError for the home of a user that there is not."""
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        raise ConfigError(f"{typed}: that user has no home here: write the whole path.") from None


def resolve(name: str) -> Path:
    """The crawl that a person names: a path, or a name from the list of crawls.

    Raises ConfigError for the home of a user that there is not.
    """
    path = path_of(name)
    if path.exists() or path.name != name:
        return path
    with contextlib.suppress(EnvironmentRefused):
        for known in (default_folder() / name, default_folder() / f"{name}{SUFFIX}"):
            if known.exists():
                return known
    return path


def _reserved(path: Path) -> bool:
    """Whether the name was free and is ours now."""
    try:
        os.close(os.open(lock_path(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        return False
    except OSError as error:
        raise EnvironmentRefused(
            f"{path.parent} cannot be written ({error.strerror}): "
            "name a place for the crawl by --store."
        ) from error
    return True


def _size(path: Path) -> int:
    beside = path.with_name(path.name + "-wal")
    extra = beside.stat().st_size if beside.exists() else 0
    return path.stat().st_size + extra
