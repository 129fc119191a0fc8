"""What programs read: one JSON object about a crawl (`--json`)."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec

from crawler_core.config import CrawlConfig
from crawler_core.export import page_rows
from crawler_core.scope import MAX_PAGES
from crawler_core.snapshot import Snapshot
from crawler_core.store.reader import StoreReader


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All of the object but its `pages`. Times in seconds, sizes in bytes."""

    start_urls: tuple[str, ...]
    sites: tuple[str, ...]
    finished: bool
    stopped_by: str | None
    """What ended it before nothing was left: an option, a signal, hosts given up; else null."""
    error: str | None
    waiting: int
    """URLs that are still to be asked for."""
    seconds: float
    pages_per_second: float
    outcomes: dict[str, int]
    statuses: dict[str, int]
    skipped: dict[str, int]
    bytes: int
    fetch_workers: int
    parse_workers: int
    parser: str
    store: str
    csv: str | None
    peak_rss_bytes: int
    peak_rss_children_bytes: int


def record_of(
    reader: StoreReader,
    snapshot: Snapshot,
    config: CrawlConfig,
    *,
    csv: Path | str | None,
    peak_rss_bytes: int,
    peak_rss_children_bytes: int,
) -> Record:
    """The object of a crawl that has ended. Raises EnvironmentRefused."""
    summary = reader.summary()
    seconds = summary.elapsed or snapshot.elapsed
    return Record(
        start_urls=summary.start_urls,
        sites=snapshot.sites,
        finished=snapshot.state == "finished",
        stopped_by=_stopped_by(snapshot, summary.skipped),
        error=snapshot.error or None,
        waiting=summary.waiting,
        seconds=round(seconds, 3),
        pages_per_second=round(summary.internal_done / seconds, 2) if seconds else 0.0,
        outcomes=summary.outcomes,
        statuses=summary.statuses,
        skipped=summary.skipped,
        bytes=summary.bytes,
        fetch_workers=snapshot.fetch.target or config.fetch_workers,
        parse_workers=snapshot.parse.target or config.parse_target,
        parser=snapshot.parser,
        store=str(reader.path),
        csv=None if csv is None else str(csv),
        peak_rss_bytes=peak_rss_bytes,
        peak_rss_children_bytes=peak_rss_children_bytes,
    )


def write_record(file: BinaryIO, record: Record, reader: StoreReader) -> None:
    """Write the object with its pages, a row at a time. Raises OSError, EnvironmentRefused."""
    encode = msgspec.json.Encoder().encode
    file.write(encode(record)[:-1] + b',"pages":[')
    separator = b"\n"
    for row in page_rows(reader):
        file.write(separator + encode(row))
        separator = b",\n"
    file.write(b"\n]}\n")
    file.flush()


def _stopped_by(snapshot: Snapshot, skipped: dict[str, int]) -> str | None:
    if snapshot.stopped_by:
        return snapshot.stopped_by
    if snapshot.gave_up:
        return "hosts given up"
    return "--max-pages" if skipped.get(MAX_PAGES) else None
