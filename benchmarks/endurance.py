"""A very large crawl without a network: does it stay fast, and what does it keep?

    python -m benchmarks.endurance [--pages N] [--links N] [--urls N] [--folder DIR]

drives the real ledger, discovery, frontier, statistics and store with made-up answers and
parsed pages: links that all pages share (navigation), links to pages nearby, and links to
URLs that nobody has named before. Prints the cost of the engine's side by tenths of the
crawl, memory, the files of the store, and how long the end takes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crawler_core.config import CrawlConfig
from crawler_core.engine.ledger import Ledger
from crawler_core.engine.recording import without_body
from crawler_core.export import export_csv
from crawler_core.frontier.claims import Fetch
from crawler_core.model import (
    FetchRequest,
    FetchResult,
    Heading,
    Link,
    LinkKind,
    Outcome,
    ParsedPage,
    Purpose,
)
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store

SITE = "http://127.0.0.1:8080/"
AT = 1_700_000_000.0
TENTHS = 10
_NAVIGATION = 0.4
"""Share of a page's links that all pages have."""
_COMMIT_PAGES = 50
_YARDSTICK_EVERY = 50
"""Pages between two looks at how fast the machine is just now."""
_MB = 1_000_000
_HEADERS = (
    ("server", "nginx/1.22.1"),
    ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
    ("content-type", "text/html; charset=utf-8"),
    ("content-length", "13412"),
    ("last-modified", "Mon, 06 Nov 2023 10:00:00 GMT"),
    ("etag", '"6548b9a0-3464"'),
    ("accept-ranges", "bytes"),
)


class Sizes(NamedTuple):
    """How large the crawl is."""

    pages: int
    links: int
    urls: int


class Tenth(NamedTuple):
    """What a tenth of the crawl cost: microseconds a page, and bytes."""

    cpu: float
    wall: float
    yardstick: float
    """Microseconds of CPU that `_yardstick` took meanwhile, on average."""
    memory: int
    store: int


def main() -> None:
    """Run one crawl and print its figures."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.endurance")
    options.add_argument("--pages", type=int, default=10_000)
    options.add_argument("--links", type=int, default=1_000_000)
    options.add_argument("--urls", type=int, default=50_000)
    options.add_argument("--folder", type=Path, help="where to put the store")
    chosen = options.parse_args()
    sizes = Sizes(chosen.pages, chosen.links, chosen.urls)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        run(Path(folder), sizes)


def run(folder: Path, sizes: Sizes) -> None:
    """Crawl in `folder`, print the figures."""
    say(f"{sizes.pages:,} pages, {sizes.links:,} links, {sizes.urls:,} URLs")
    store = Store.create(folder / "endurance.crawl", _config(), version="0")
    before = _memory()
    crawl = _Crawl(store, sizes)
    heads = ("CPU µs/page", "wall µs/page", "yardstick µs", "memory MB", "store MB")
    say(" " * 6 + "".join(f"{head:>14}" for head in heads))
    tenths = []
    for number in range(1, TENTHS + 1):
        tenth = crawl.tenth(sizes.pages * number // TENTHS)
        tenths.append(tenth)
        say(
            f"{number:>6}{tenth.cpu:>14.0f}{tenth.wall:>14.0f}{tenth.yardstick:>14.0f}"
            f"{tenth.memory / _MB:>14.0f}{tenth.store / _MB:>14.0f}"
        )
    known = len(crawl.ledger.frontier.table)
    first, last = tenths[0], tenths[-1]
    slower = last.cpu / first.cpu
    say(f"last tenth ÷ first: {slower:.2f} of CPU")
    say(f"the same in yardsticks: {slower * first.yardstick / last.yardstick:.2f}")
    say(f"memory: {(_memory() - before) / known:.0f} bytes a URL, {known:,} URLs known")
    _end(folder, store, crawl.links)


def _end(folder: Path, store: Store, links: int) -> None:
    most = _size(folder)
    with _timed("closing the store"):
        store.close()
    say(f"store: {most / _MB:.0f} MB at its largest, {_size(folder) / _MB:.0f} MB closed")
    with StoreReader(store.path) as reader, _timed("CSV of all pages"):
        rows = export_csv(reader, folder / "pages.csv")
    say(f"CSV: {rows:,} rows")
    for table, size in _tables(store.path):
        per_link = f", {size / links:.1f} bytes a link" if table == "link_lists" else ""
        say(f"{table:>24}{size / _MB:>10.1f} MB{per_link}")
    say(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MB:.0f} MB")


class _Crawl:
    """The engine's side of a crawl, with answers that come at once."""

    def __init__(self, store: Store, sizes: Sizes) -> None:
        self._sizes = sizes
        self._store = store
        self._named = 1
        self._done = 0
        self.links = 0
        self.ledger = Ledger(
            store, _config(), now=0.0, wall=lambda: AT + self._done, chance=lambda: 0.5
        )
        self.ledger.load(0.0)

    def tenth(self, until: int) -> Tenth:
        """Go on until so many pages are done."""
        first, cpu, begin = self._done, 0.0, time.perf_counter()
        made, yards = 0.0, []
        while self._done < until:
            start = time.thread_time()
            claim = self.ledger.frontier.claim(float(self._done))
            cpu += time.thread_time() - start
            if not isinstance(claim, Fetch):
                sys.exit(f"The made-up site has run out of pages: {claim}")
            started = time.perf_counter()
            answer, page = self._answer(claim.url_id), self._page(claim.url_id)
            made += time.perf_counter() - started
            start = time.thread_time()
            self._take(answer, page)
            cpu += time.thread_time() - start
            if self._done % _YARDSTICK_EVERY == 0:
                started = time.perf_counter()
                yards.append(_yardstick())
                made += time.perf_counter() - started
        pages = self._done - first
        wall = time.perf_counter() - begin - made
        size = _size(self._store.path.parent)
        yard = sum(yards) / max(len(yards), 1)
        return Tenth(cpu / pages * 1e6, wall / pages * 1e6, yard * 1e6, _memory(), size)

    def _take(self, answer: FetchResult, page: ParsedPage) -> None:
        now = float(self._done)
        self.ledger.stats.fetched(answer, now)
        to_parse, _ = self.ledger.answered(answer, now)
        if not to_parse:
            raise AssertionError("a made-up page was not to be parsed")
        self.ledger.record(without_body(answer), page)
        self._done += 1
        if self._store.pending >= _COMMIT_PAGES:
            self._store.commit()

    def _answer(self, url_id: int) -> FetchResult:
        address = self.ledger.frontier.table.address(url_id)
        return FetchResult(
            request=FetchRequest(url_id, url_id, address, Purpose.CRAWL),
            outcome=Outcome.OK,
            status_code=200,
            headers=_HEADERS,
            body=b"<html>",
            body_read=True,
            is_html=True,
            size=13_412,
            transferred=13_412,
            seconds=0.002,
            started=AT,
            http_version="HTTP/1.1",
            digest=hashlib.md5(address.encode()).hexdigest(),
            worker="fetch-1",
            wire_bytes=13_700,
        )

    def _page(self, url_id: int) -> ParsedPage:
        links = tuple(self._links(url_id))
        self.links += len(links)
        title = f"The title of the page that is number {url_id}"
        return ParsedPage(
            title=Heading(title, len(title)),
            has_title=True,
            h1=(Heading(title, len(title)),),
            h2=(Heading("A first part", 12), Heading("A second part", 13)),
            language="en",
            links=links,
            ids=tuple(f"part-{url_id}-{number}" for number in range(20)),
            word_count=800,
            text_ratio=41.5,
            encoding="utf-8",
            parser="lexbor",
        )

    def _links(self, url_id: int) -> Iterator[Link]:
        """Navigation, then neighbours, then what is new."""
        page = self._done + 1
        goal = self._sizes.urls * page // self._sizes.pages
        number = self._sizes.links * page // self._sizes.pages - self.links
        fresh = range(self._named + 1, max(goal, self._named) + 1)
        self._named = max(goal, self._named)
        shared = int(number * _NAVIGATION)
        near = max(0, number - shared - len(fresh))
        low = max(1, min(url_id - near // 2, self._named - near))
        for name in (*range(1, shared + 1), *range(low, low + near), *fresh):
            known = min(name, self._named)
            yield Link(_address(known), LinkKind.ANCHOR, f"a link to number {known}")


def _address(name: int) -> str:
    """Some 80 characters; the first is the start URL."""
    if name == 1:
        return SITE
    return (
        f"{SITE}handbook/part-{name % 89:02}/chapter-{name // 1000:04}/of-the-name-{name:08}.html"
    )


def _config() -> CrawlConfig:
    return CrawlConfig(start_urls=(SITE,), ignore_robots=True)


def _yardstick() -> float:
    """Seconds of CPU for a fixed piece of work.

    Beside other programs the same work takes up to twice the CPU time (shared caches, two
    threads on a core): what the crawl costs is to be read beside this.
    """
    start = time.thread_time()
    known = {f"name {number}": number for number in range(400)}
    for _ in range(5):
        sum(known[f"name {number}"] for number in range(400))
    return time.thread_time() - start


def _memory() -> int:
    """Bytes of this process in memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix != ".csv")


def _tables(path: Path) -> list[tuple[str, int]]:
    """Bytes of each table and index; nothing where SQLite was built without dbstat."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8"
        ).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


@contextlib.contextmanager
def _timed(what: str) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    say(
        f"{what}: {time.perf_counter() - wall:.2f} s, "
        f"{time.process_time() - cpu:.2f} s of CPU"
    )  # fmt: skip


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
