"""CSV files: RFC 4180, UTF-8, whole or not at all, and harmless in a spreadsheet."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import operator
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TextIO

from crawler_core.errors import ConfigError, CrawlError, EnvironmentRefused

if TYPE_CHECKING:
    from crawler_core.store.rows import View

COLUMNS: tuple[str, ...] = (
    *("Address", "Content Type", "Status Code", "Status"),
    *("Indexability", "Indexability Status"),
    *("Title 1", "Title 1 Length", "Meta Description 1", "Meta Description 1 Length"),
    *("Meta Keywords 1", "H1-1", "H1-1 Length", "H1-2", "H1-2 Length"),
    *("H2-1", "H2-1 Length", "H2-2", "H2-2 Length"),
    *("Meta Robots 1", "X-Robots-Tag 1", "Meta Refresh 1", "Canonical Link Element 1"),
    *("Size (bytes)", "Transferred (bytes)", "Word Count", "Text Ratio"),
    *("Crawl Depth", "Folder Depth", "Inlinks", "Unique Inlinks"),
    *("Outlinks", "Unique Outlinks", "External Outlinks", "Unique External Outlinks"),
    *("Hash", "Response Time", "Last Modified", "Redirect URL", "Redirect Type"),
    *("Language", "HTTP Version", "URL Encoded Address", "Crawl Timestamp"),
    *("Outcome", "Attempts", "Parser"),
)
"""The columns of `pages` and `external`: Screaming Frog's names and order, then our own."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "pages": COLUMNS,
    "external": COLUMNS,
    "broken": ("Address", "Status Code", "Status", "Source", "Anchor", "Outcome"),
    "links": ("Source", "Destination", "Type", "Anchor", "Rel", "Follow", "Status Code"),
    "skipped": ("Address", "Reason", "Source"),
}
"""What can be exported, and its columns."""

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
"""What spreadsheets take for a formula (OWASP, CSV Injection), full-width forms included."""
_PROGRESS_EVERY = 1_000
"""Rows between two calls of `on_progress`."""
_PARTS = itertools.count(1)


class Reader(Protocol):
    """Where rows come from: a reader of the store."""

    def pages(self, internal: bool) -> Iterator[dict[str, Any]]:
        """Finished URLs, internal or external."""

    def page_values(self, internal: bool) -> Iterator[list[Any]]:
        """The same, as bare values in the order of COLUMNS."""

    def view_values(self, view: View) -> Iterator[list[Any]]:
        """The same, of the URLs of a view in its order."""

    def broken_links(self) -> Iterator[dict[str, Any]]:
        """Links to broken URLs."""

    def links(self) -> Iterator[dict[str, Any]]:
        """All links."""

    def skipped_rows(self) -> Iterator[dict[str, Any]]:
        """URLs kept out."""


def export_csv(
    reader: Reader,
    target: Path | TextIO,
    what: str = "pages",
    *,
    view: View | None = None,
    bom: bool = False,
    raw: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Write one table of a crawl as CSV and return the number of rows without the header.

    With a `view`, `pages` are the URLs that it has, internal or not, in its order.

    A file is written beside `target`, synced and moved into place, so that at any moment
    the old or the new one is there whole. `bom` puts a byte-order mark first, which Excel
    needs to see UTF-8. `raw` leaves cells that a spreadsheet would run as formulas as
    they are. `on_progress` gets the number of rows so far, from time to time.

    Raises ConfigError for an unknown `what`, EnvironmentRefused if the target refuses.
    """
    if what not in HEADERS:
        raise ConfigError(f"There is no export {what!r}: choose {', '.join(HEADERS)}.")
    with _output(target) as text:
        if bom:
            text.write("\N{ZERO WIDTH NO-BREAK SPACE}")
        return _write(text, HEADERS[what], _rows(reader, what, view), raw, on_progress)


def page_rows(reader: Reader, internal: bool = True) -> Iterator[dict[str, Any]]:
    """The rows of `pages` (or `external`) with typed values; "" where there is none."""
    for row in reader.pages(internal):
        yield {name: row[name] for name in COLUMNS}


def check_target(target: Path) -> None:
    """Raise EnvironmentRefused now if `export_csv` could not write `target` later."""
    with _refusing(target):
        if target.is_fifo():  # opening it would use up its reader, or wait for one
            if not os.access(target, os.W_OK):
                raise PermissionError(0, "it is write-protected")
            return
        if _is_special(target):
            with target.open("ab"):
                return
        part = _part_of(target)
        os.close(_create(part))
        part.unlink()


def neutralise(cell: str) -> str:
    """`cell`, with "'" before it if a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell[:1] in _FORMULA_STARTS else cell


def _rows(reader: Reader, what: str, view: View | None) -> Iterable[Iterable[Any]]:
    match what:
        case "pages" if view is not None:
            return reader.view_values(view)
        case "pages" | "external":
            return reader.page_values(what == "pages")
        case "broken":
            rows = reader.broken_links()
        case "links":
            rows = reader.links()
        case _:
            rows = reader.skipped_rows()
    return map(operator.itemgetter(*HEADERS[what]), rows)


def _write(
    text: TextIO,
    header: tuple[str, ...],
    rows: Iterable[Iterable[Any]],
    raw: bool,
    on_progress: Callable[[int], None] | None,
) -> int:
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    count = 0
    for count, row in enumerate(rows, 1):
        writer.writerow(_cells(row, raw))
        if on_progress is not None and count % _PROGRESS_EVERY == 0:
            on_progress(count)
    if on_progress is not None:
        on_progress(count)
    return count


def _cells(row: Iterable[Any], raw: bool) -> list[Any]:
    """What the csv module shall write; in one loop, because there are 47 cells in a row.

    What a spreadsheet would take for a formula gets "'" before it, unless `raw`.
    """
    cells = []
    for cell in row:
        kind = type(cell)
        if kind is float:
            cell = f"{cell:.3f}"
        elif kind is str and cell and not raw and cell[0] in _FORMULA_STARTS:
            cell = f"'{cell}"
        cells.append(cell)
    return cells


@contextlib.contextmanager
def _output(target: Path | TextIO) -> Iterator[TextIO]:
    if not isinstance(target, Path):
        with _refusing("The standard output"):
            target.flush()
            binary: BinaryIO | None = getattr(target, "buffer", None)
            with contextlib.nullcontext(target) if binary is None else _as_text(binary) as text:
                yield text
            target.flush()
        return
    target = target.resolve()
    with (
        _refusing(target),
        target.open("wb") if _is_special(target) else _replacing(target) as file,
        _as_text(file) as text,
    ):
        yield text


@contextlib.contextmanager
def _as_text(file: BinaryIO) -> Iterator[TextIO]:
    """UTF-8 without any translation of line ends; `file` stays open and is flushed."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    try:
        yield text
        text.flush()
    finally:
        with contextlib.suppress(OSError):
            text.detach()


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    part = _part_of(target)
    descriptor = _create(part)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if target.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _part_of(target: Path) -> Path:
    """A new name beside `target`; raises OSError if `target` may not be replaced."""
    if target.is_dir():
        raise IsADirectoryError(0, "it is a folder")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(0, "it is write-protected")
    return target.with_name(f".crawltui-{os.getpid()}-{next(_PARTS)}.part")


def _create(part: Path) -> int:
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def _is_special(target: Path) -> bool:
    """A device or a pipe: it is written to, not replaced."""
    return target.exists() and not target.is_file() and not target.is_dir()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _refusing(target: Path | str) -> Iterator[None]:
    try:
        yield
    except CrawlError:
        raise
    except OSError as error:
        raise EnvironmentRefused(
            f"{target} cannot be written ({error.strerror or error}): choose another place."
        ) from error
