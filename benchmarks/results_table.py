"""The results table over a million rows: how long each filter and sort takes to show itself.

    python -m benchmarks.results_table --pages 1000000 --store /tmp/million.crawl

Builds a made-up store (once: an existing one is used again), then times, for each preset, for
some filters and for each sort, the first screen and all ids of the view: the first screen also
as a reader shows it that is not ready yet. At last filters are typed into the dashboard, and it
is told how long its thread did not answer at the worst.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from textual.events import Key

from crawler_core.audit import status_text
from crawler_core.config import CrawlConfig
from crawler_core.filters import PRESETS
from crawler_core.model import BROKEN, Outcome
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import SortKey, View
from crawler_core.store.writer import Store
from tui.app import CrawlApp
from tui.dash import spare_frames
from tui.screens.feed import PAGE
from tui.screens.finding import FIRST_SCREEN
from tui.session import CrawlSession

TARGET = 0.3
"""Seconds until the first screen of any view."""

TYPED = ("guide tutorial", '"python thread pool"', "status:404 title:executor", "zzz")
BETWEEN = 0.08
"""Seconds between two letters."""
NOTICED = 0.05
"""Seconds of a stall that a quick typist may notice."""

_BATCH = 10_000
_WORDS = [
    "guide",
    "tutorial",
    "reference",
    "library",
    "example",
    "install",
    "release",
    "notes",
    "python",
    "thread",
    "pool",
    "future",
    "executor",
    "process",
    "queue",
    "timeout",
    "network",
    "socket",
    "parser",
    "crawler",
    "history",
    "archive",
    "support",
    "team",
]
_ENDINGS = (
    *((Outcome.OK, 200),) * 85,
    *((Outcome.REDIRECT, 301),) * 6,
    *((Outcome.CLIENT_ERROR, 404),) * 4,
    *((Outcome.SERVER_ERROR, 500),) * 1,
    *((Outcome.BLOCKED, 403),) * 2,
    *((Outcome.TIMEOUT, 0),) * 1,
    *((Outcome.ROBOTS, 0),) * 1,
)
_TYPES = (
    *("text/html; charset=utf-8",) * 80,
    *("image/png", "image/jpeg", "image/webp", "image/svg+xml") * 3,
    *("text/css", "application/javascript", "application/pdf", "font/woff2") * 2,
)


def build(path: Path, pages: int, seed: int = 1) -> Path:
    """Make a finished crawl of `pages` URLs at `path`, the same for the same seed."""
    start = "https://site.test/"
    Store.create(path, CrawlConfig(start_urls=(start,)), version="benchmark").close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        for batch in _batches(pages, random.Random(seed)):
            connection.execute("BEGIN")
            for table in ("urls", "pages"):
                names = list(batch[0][table])
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(names)}) "
                    f"VALUES ({', '.join(f':{name}' for name in names)})",
                    [row[table] for row in batch],
                )
            connection.execute("COMMIT")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('state', 'finished')")
    return path


Row = dict[str, dict[str, str | int | float | None]]


def _batches(pages: int, chance: random.Random) -> Iterator[list[Row]]:
    for first in range(1, pages + 1, _BATCH):
        last = min(pages, first + _BATCH - 1)
        yield [_row(number, chance) for number in range(first, last + 1)]


def _row(number: int, chance: random.Random) -> Row:
    outcome, code = chance.choice(_ENDINGS)
    content_type = chance.choice(_TYPES) if code else ""
    internal = chance.random() < 0.9
    is_html = content_type.startswith("text/html")
    parsed = int(is_html and internal and outcome is Outcome.OK)
    return {
        "urls": {
            "id": number,
            "address": _address(number, internal, chance),
            "depth": min(12, int(chance.expovariate(0.4))),
            "hops": 0,
            "role": 2 if internal else 1,
            "internal": int(internal),
            "state": 1,
            "source": max(0, number // 10),
            "attempts": 1,
        },
        "pages": {
            **_answer(number, outcome, code, content_type, chance),
            "is_html": int(is_html),
            "parsed": parsed,
            **_texts(number, parsed, chance),
        },
    }


def _address(number: int, internal: bool, chance: random.Random) -> str:
    host = "site.test" if internal else f"other-{number % 300}.test"
    folder = "/".join(chance.choices(_WORDS, k=chance.randint(1, 4)))
    return f"https://{host}/{folder}/{number}.html"


def _answer(
    number: int, outcome: Outcome, code: int, content_type: str, chance: random.Random
) -> dict[str, str | int | float | None]:
    fine = outcome is Outcome.OK
    return {
        "serial": number,
        "url_id": number,
        "outcome": outcome.value,
        "status_code": code,
        "status": status_text(outcome, code),
        "broken": int(outcome in BROKEN),
        "indexability": "Indexable" if fine else "Non-Indexable",
        "indexability_status": "" if fine else status_text(outcome, code),
        "content_type": content_type,
        "size": int(chance.lognormvariate(10, 1)) if code else None,
        "transferred": int(chance.lognormvariate(9, 1)) if code else None,
        "response_time": chance.lognormvariate(-2, 1) if code else None,
        "finished": 1_700_000_000.0 + number / 100,
        "redirect_url": "https://site.test/" if outcome is Outcome.REDIRECT else "",
        "redirect_type": "HTTP Redirect" if outcome is Outcome.REDIRECT else "",
        "hash": f"{chance.getrandbits(128):032x}",
        "last_modified": "",
        "http_version": "HTTP/1.1" if code else "",
        "x_robots_tag": "",
        "error": "",
        "links_cut": 0,
    }


def _texts(number: int, parsed: int, chance: random.Random) -> dict[str, str | int | float | None]:
    def words(least: int, most: int) -> str:
        return " ".join(chance.choices(_WORDS, k=chance.randint(least, most))) if parsed else ""

    title = f"{words(1, 7)} {number}" if parsed and chance.random() < 0.95 else words(0, 2)
    description, first, second = words(0, 25), words(1, 6), words(2, 6)
    return {
        "title": title,
        "title_length": len(title) if parsed else None,
        "description": description,
        "description_length": len(description) if parsed else None,
        "keywords": "",
        "h1_1": first,
        "h1_1_length": len(first) if parsed else None,
        "h1_2": "",
        "h1_2_length": 0 if parsed else None,
        "h2_1": second,
        "h2_1_length": len(second) if parsed else None,
        "h2_2": "",
        "h2_2_length": 0 if parsed else None,
        "meta_robots": "index, follow" if parsed else "",
        "meta_refresh": "",
        "canonical": "",
        "word_count": chance.randint(20, 3_000) if parsed else None,
        "text_ratio": 34.5 if parsed else None,
        "language": "en" if parsed else "",
        "encoding": "utf-8" if parsed else "",
        "parser": "lexbor" if parsed else "",
    }


FILTERS = (
    *(
        "guide",
        "reference thread",
        "zzz-nowhere",
        '"python thread pool"',
        "!guide",
        "host:other-7.",
    ),
    *("status:404", "status:>=400", "type:pdf", "depth:>9", "size:>100k", "words:<40", "ms:>2000"),
    *("is:external status:5xx", "title:executor depth:0", 'description:"pool future" is:page'),
)
SORTS: tuple[SortKey, ...] = (
    *("address", "status", "outcome", "title", "depth", "size", "seconds", "type", "words"),
    *("description", "h1", "indexability"),
)


def views() -> Iterator[tuple[str, View]]:
    """What is timed: each view with a name, some filters, and each sort both ways."""
    for preset in PRESETS:
        yield (
            preset.title,
            msgspec.convert({"kind": "all", "text": preset.text, "sort": preset.sort}, View),
        )
    for text in FILTERS:
        yield f"filter {text}", View("all", text)
    for sort in SORTS:
        yield f"sort {sort}", View("all", "", sort)
        yield f"sort {sort} down", View("all", "", sort, reverse=True)


class Taken(NamedTuple):
    """Seconds to the first screen, those of them that a processor worked, and to all ids."""

    first: float
    worked: float
    whole: float
    rows: int


def taken(reader: StoreReader, view: View, *, whole: bool) -> Taken:
    """Read a view as the screen does; all of its ids only if `whole`."""
    began, worked = time.perf_counter(), time.thread_time()
    if view.sort:
        shown = reader.ids(view, limit=FIRST_SCREEN)
        reader.rows(shown[:PAGE])
    else:  # it is followed from its end
        shown = reader.tail(view, FIRST_SCREEN)[0]
        reader.rows(shown[-PAGE:])
    first, worked = time.perf_counter(), time.thread_time() - worked
    rows = len(reader.ids(view) if whole else shown)
    return Taken(first - began, worked, time.perf_counter() - first, rows)


class Stalls(NamedTuple):
    """How long the thread of the screen did not answer while a filter was typed, in seconds."""

    worst: float
    over: int
    """How often longer than NOTICED."""
    letters: int


async def stalls(store: Path, *, ready: bool) -> Stalls:
    """Type filters into the dashboard, once its reader is `ready` or while it gets ready."""
    with CrawlSession() as session:
        app = CrawlApp(session, session.look(store))
        spare_frames()
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("2")
            await pilot.pause()
            assert app.dashboard is not None
            app.dashboard.prepare()
            while ready and app.dashboard._preparing:
                await pilot.pause(0.1)
            await pilot.press("slash")
            await pilot.pause(0.5)
            late: list[float] = []
            probe = asyncio.create_task(_probe(late))
            letters = 0
            for text in TYPED:
                for key in [*text, *["backspace"] * len(text)]:
                    app.post_message(Key(key, key if len(key) == 1 else None))
                    await asyncio.sleep(BETWEEN)
                    letters += 1
                await asyncio.sleep(1.0)  # all ids are read now
            probe.cancel()
            return Stalls(max(late), sum(one > NOTICED for one in late), letters)


async def _probe(late: list[float]) -> None:
    """Note how much later than asked for the loop of the screen comes round."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append(time.perf_counter() - began - 0.002)


def main(arguments: list[str] | None = None) -> int:
    """Build what is missing, then time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results_table")
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many is told")
    parser.add_argument("--only", default="", help="views with these letters in their name")
    parser.add_argument("--first", action="store_true", help="first screens only, and no typing")
    asked = parser.parse_args(arguments)
    if not asked.store.exists():
        build(asked.store, asked.pages)
    slow = table(asked.store, asked.only, asked.rounds, whole=not asked.first)
    print(f"{slow} above {1000 * TARGET:.0f} ms")
    if not asked.first:
        for ready in (False, True):
            found = asyncio.run(stalls(asked.store, ready=ready))
            print(
                f"{1000 * found.worst:8.0f} ms the screen's longest stall while typing, "
                f"{found.over} over {1000 * NOTICED:.0f} ms, {found.letters} letters, "
                f"{'ready' if ready else 'getting ready'}",
                flush=True,
            )
    print("load " + " ".join(f"{load:.1f}" for load in os.getloadavg()))
    return 0


def table(store: Path, only: str, rounds: int, *, whole: bool) -> int:
    """Print what each view takes, before a reader is ready for it and after; how many are slow."""
    slow = 0
    print(f"{'before':>8} {'first ms':>8} {'CPU ms':>8} {'all ms':>8} {'rows':>9}  view")
    with StoreReader(store) as plain, StoreReader(store) as reader:
        began, worked = time.perf_counter(), time.thread_time()
        parts = []
        done = False
        while not done:
            part = time.perf_counter()
            done = reader.prepare()
            parts.append(time.perf_counter() - part)
        print(
            f"{1000 * (time.perf_counter() - began):8.0f} ms to get ready, once "
            f"({1000 * (time.thread_time() - worked):.0f} of CPU, {len(parts)} parts, "
            f"{1000 * max(parts):.0f} the longest)"
        )
        for name, view in views():
            if only not in name:
                continue
            before = taken(plain, view, whole=False)
            best = min(taken(reader, view, whole=whole) for _ in range(rounds))
            slow += best.first > TARGET
            told = (before.first, best.first, best.worked, best.whole)
            mark = "  SLOW" if best.first > TARGET else ""
            numbers = " ".join(f"{1000 * number:8.0f}" for number in told)
            print(f"{numbers} {best.rows:9,}  {name}{mark}", flush=True)
    return slow


if __name__ == "__main__":
    sys.exit(main())
