"""The list of crawls that are kept: `crawltui crawls`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler_core.crawl import places
from crawler_core.crawl.places import CrawlEntry
from crawler_core.errors import CrawlError, StoreInUse
from crawler_core.text import clean
from tui import formats

_HEADER = ("NAME", "STATE", "BEGUN", "DONE", "WAITING", "BROKEN", "SIZE")
_FLUSH_RIGHT = frozenset({"DONE", "WAITING", "BROKEN", "SIZE"})


def list_lines(entries: Sequence[CrawlEntry], folder: Path, now: float) -> Iterator[str]:
    """The crawls as a table for people; `now` is Unix time."""
    if not entries:
        yield f"No crawls in {folder}: crawltui URL starts one."
        return
    rows = [_HEADER, *(_cells(entry, now) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        cells = [
            cell.rjust(width) if name in _FLUSH_RIGHT else cell.ljust(width)
            for cell, width, name in zip(row, widths, _HEADER, strict=True)
        ]
        yield clean("  ".join(cells).rstrip())
    total = formats.size(sum(entry.size for entry in entries))
    yield f"{formats.plural(len(entries), 'crawl')}, {total}, in {folder}"


def older_than(entries: Sequence[CrawlEntry], seconds: float, now: float) -> list[CrawlEntry]:
    """Those last written to more than `seconds` ago."""
    return [entry for entry in entries if now - entry.changed > seconds]


def delete_named(name: str) -> str:
    """Delete one crawl; a line that says so. Raises StoreInUse, StoreFormatError."""
    path = places.resolve(name)
    places.delete(path)
    return f"Deleted {path}"


def delete_all(entries: Sequence[CrawlEntry]) -> Iterator[str]:
    """Delete those that no process runs; a line for each."""
    for entry in entries:
        try:
            places.delete(entry.path)
        except StoreInUse:
            yield f"Kept {entry.name}: it is running"
        except CrawlError as error:
            yield f"Kept {entry.name}: {error}"
        else:
            yield f"Deleted {entry.name}"


def _cells(entry: CrawlEntry, now: float) -> tuple[str, ...]:
    summary = entry.summary
    counts = (summary.done, summary.waiting, summary.broken) if summary else ()
    return (
        entry.name,
        entry.state,
        formats.day(entry.started, now),
        *(formats.count(number) for number in counts),
        *("",) * (3 - len(counts)),
        formats.size(entry.size),
    )
