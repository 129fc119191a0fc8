"""A crawl without a screen: the engine in this process, progress, results, an exit code."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from crawler_core import url as urls
from crawler_core.commands import Stop
from crawler_core.crawl import places
from crawler_core.crawl.journal import log_path
from crawler_core.crawl.local import Crawl
from crawler_core.crawl.messages import Startup
from crawler_core.errors import CrawlError, EnvironmentRefused
from crawler_core.export import export_csv
from crawler_core.snapshot import Snapshot
from crawler_core.store.reader import StoreReader
from tui.interrupts import Interrupts, sheltering_children
from tui.options import Output, RunRequest
from tui.progress import Progress
from tui.record import record_of, write_record
from tui.streams import murmur, say, until_closed
from tui.summary import resume_command, summary_lines
from tui.usage import DescendantsPeak, peak_of_self

_TICK = 0.25
_RESUME = "crawltui run --resume"
_INTERNAL = 70


def run(request: RunRequest) -> int:
    """Crawl to the end and leave what was asked for; the exit code.

    Raises ConfigError, StoreInUse and EnvironmentRefused before anything is sent; what goes
    wrong later is told on standard error.
    """
    with sheltering_children():
        crawl = _begin(request.startup)
    last_words = f"Ended at once. Go on with: {resume_command(crawl.path, _RESUME)}"
    with Interrupts(lambda why: crawl.send(Stop(why)), last_words) as interrupts:
        return _Run(crawl, request.output, interrupts).to_the_end()


class _Run:
    """One crawl and what is made of it."""

    def __init__(self, crawl: Crawl, output: Output, interrupts: Interrupts) -> None:
        self._crawl = crawl
        self._output = output
        self._interrupts = interrupts
        self._progress = Progress(quiet=output.quiet)
        self._memory = DescendantsPeak()
        self._failures: list[CrawlError] = []
        self._csv: Path | None = None
        self._rows = 0

    def to_the_end(self) -> int:
        """The exit code."""
        snapshot = self._drive()
        if snapshot.error:
            self._progress.tell(f"crawltui: {_sentence(snapshot)}")
        try:
            self._interrupts.finishing()
            with self._collecting(), StoreReader(self._crawl.path) as reader:
                return self._deliver(reader, snapshot)
        except KeyboardInterrupt:
            self._progress.tell("Broken off; the crawl itself is kept.")
        return self._exit_code(snapshot, broken=0)

    def _drive(self) -> Snapshot:
        """Run the engine until it has ended and its store is closed."""
        crawl, progress = self._crawl, self._progress
        start = ", ".join(urls.display(start) for start in crawl.config.start_urls[:3])
        progress.note(f"Crawling {start} into {crawl.path}")
        crawl.start()
        ticks = 0
        while not crawl.wait(_TICK):
            progress.show(crawl.snapshot(), time.monotonic())
            ticks += 1
            if self._output.json and ticks % 4 == 1:
                self._memory.sample()
        if self._output.json:
            self._memory.sample()
        progress.show(crawl.snapshot(), time.monotonic())
        progress.clear()
        with self._collecting():
            crawl.close()
        return crawl.snapshot()

    def _deliver(self, reader: StoreReader, snapshot: Snapshot) -> int:
        """Write what was asked for; the exit code."""
        with self._collecting():
            self._write_csv(reader)
        with self._collecting():
            self._write_json(reader, snapshot)
        with self._collecting():
            self._tell_state(reader, snapshot)
            self._write_summary(reader, snapshot)
        return self._exit_code(snapshot, broken=reader.broken_count())

    def _write_csv(self, reader: StoreReader) -> None:
        output, raw = self._output, self._crawl.config.raw_csv
        if output.csv_to_stdout:
            with until_closed():
                self._rows = export_csv(reader, sys.stdout, bom=output.csv_bom, raw=raw)
        elif output.csv is not None:
            self._rows = export_csv(reader, output.csv, bom=output.csv_bom, raw=raw)
            self._csv = output.csv

    def _write_json(self, reader: StoreReader, snapshot: Snapshot) -> None:
        if not self._output.json:
            return
        record = record_of(
            reader,
            snapshot,
            self._crawl.config,
            csv=self._csv,
            peak_rss_bytes=peak_of_self(),
            peak_rss_children_bytes=self._memory.peak,
        )
        with until_closed():
            write_record(sys.stdout.buffer, record, reader)

    def _tell_state(self, reader: StoreReader, snapshot: Snapshot) -> None:
        """What must not be overlooked, also by those who want it quiet."""
        store = self._crawl.path
        if snapshot.exit_code == EnvironmentRefused.exit_code and not snapshot.error:
            self._progress.tell(f"crawltui: {_unanswered(reader)}")
        elif snapshot.state != "finished":
            waiting = reader.summary().waiting
            partial = " The CSV holds what is done." if self._rows else ""
            self._progress.tell(
                f"crawltui: The crawl is not finished, {waiting:,} URLs still wait.{partial} "
                f"Go on with: {resume_command(store, _RESUME)}"
            )

    def _write_summary(self, reader: StoreReader, snapshot: Snapshot) -> None:
        if self._output.quiet:
            return
        lines = summary_lines(reader, snapshot, csv=self._csv, rows=self._rows, resume=_RESUME)
        write = murmur if self._output.takes_stdout else say
        write("", *lines)

    def _exit_code(self, snapshot: Snapshot, broken: int) -> int:
        if self._interrupts.exit_code:
            return self._interrupts.exit_code
        if self._failures:
            return self._failures[0].exit_code
        if snapshot.exit_code in {EnvironmentRefused.exit_code, _INTERNAL}:
            return snapshot.exit_code
        if self._output.fail_on_broken and broken:
            return 1
        return snapshot.exit_code

    @contextlib.contextmanager
    def _collecting(self) -> Iterator[None]:
        """Tell of a failure and go on: what can still be delivered shall be."""
        try:
            yield
        except CrawlError as error:
            self._failures.append(error)
            self._progress.tell(f"crawltui: {error}")


def _begin(startup: Startup) -> Crawl:
    """Open the crawl; a new store that comes to nothing is not left behind."""
    path = Path(startup.store)
    is_new = startup.config is not None and not path.exists()
    try:
        return Crawl.begin(startup)
    except BaseException:
        if is_new and path.exists():
            with contextlib.suppress(CrawlError):
                places.delete(path)
        raise


def _sentence(snapshot: Snapshot) -> str:
    if snapshot.exit_code == _INTERNAL:
        return f"{snapshot.error}. The details are in {log_path()}."
    return snapshot.error


def _unanswered(reader: StoreReader) -> str:
    starts = reader.config().start_urls
    found = [url_id for start in starts if (url_id := reader.find(start)) is not None]
    said = ", ".join(f"{urls.display(row.address)}: {row.status}" for row in reader.rows(found))
    return f"No start URL gave an answer ({said or 'none was asked'}): check it and the network."
