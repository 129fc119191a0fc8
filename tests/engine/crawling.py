"""Whole crawls for tests: run one to its end, look at what is in its store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.snapshot import Snapshot
from crawler_core.store.reader import StoreReader
from tests.patience import PATIENCE

NOT_COMPARED = frozenset({"Crawl Timestamp", "Response Time", "Attempts", "Last Modified"})
"""Columns that differ from one crawl of a stateless site to the next."""

Rows = dict[str, dict[str, Any]]


def config(*starts: str, **options: Any) -> CrawlConfig:
    """A configuration that parses in the calling process, which starts at once."""
    values: dict[str, Any] = {"parse_in": "main", "parser": "soup", **options}
    return CrawlConfig(start_urls=starts, **values)


@contextmanager
def crawling(
    path: Path, *starts: str, secrets: Secrets | None = None, **options: Any
) -> Iterator[Crawl]:
    """A crawl that runs, and is closed in the end."""
    crawl = Crawl.create(path, config(*starts, **options), secrets or Secrets())
    try:
        crawl.start()
        yield crawl
    finally:
        crawl.close()


def crawl_to_end(
    path: Path,
    *starts: str,
    secrets: Secrets | None = None,
    seconds: float = PATIENCE,
    **options: Any,
) -> Snapshot:
    """Crawl, and return the last snapshot."""
    with crawling(path, *starts, secrets=secrets, **options) as crawl:
        assert crawl.wait(seconds), crawl.snapshot()
        return crawl.snapshot()


def resume_to_end(
    path: Path, secrets: Secrets | None = None, seconds: float = PATIENCE, **changes: object
) -> Snapshot:
    """Go on with a crawl, and return the last snapshot."""
    crawl = Crawl.resume(path, secrets or Secrets(), changes)
    try:
        crawl.start()
        assert crawl.wait(seconds), crawl.snapshot()
        return crawl.snapshot()
    finally:
        crawl.close()


def rows_of(path: Path, *, internal: bool = True, raw: bool = False) -> Rows:
    """The rows of the CSV by Address, without what differs each time unless `raw`."""
    with StoreReader(path) as reader:
        return {
            row["Address"]: {
                name: value for name, value in row.items() if raw or name not in NOT_COMPARED
            }
            for row in reader.pages(internal)
        }


def skipped_of(path: Path) -> dict[str, str]:
    """What was kept out, and why."""
    with StoreReader(path) as reader:
        return {row["Address"]: row["Reason"] for row in reader.skipped_rows()}


def outcomes_of(path: Path, *, internal: bool = True) -> dict[str, str]:
    """The outcome of every URL, by its path."""
    return {
        "/" + address.split("/", 3)[3]: str(row["Outcome"])
        for address, row in rows_of(path, internal=internal).items()
    }


class Watched(Protocol):
    """A crawl that tells how it is."""

    def snapshot(self) -> Snapshot | None: ...


def see(
    crawl: Watched, condition: Callable[[Snapshot], object], seconds: float = PATIENCE
) -> Snapshot:
    """Wait for a snapshot of which `condition` holds; that one."""
    found: list[Snapshot] = []

    def look() -> bool:
        latest = crawl.snapshot()
        if latest is not None and condition(latest):
            found.append(latest)
        return bool(found)

    until(look, seconds)
    return found[0]


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for another thread or process, no longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)
