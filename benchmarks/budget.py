"""Where the time of a page goes: CPU microseconds by stage, of real crawls and of each part alone.

    python -m benchmarks.budget [--site DIR] [--pages N]

A whole crawl tells what the engine's thread and the process cost; the parts of fetching and
parsing are then measured alone, each the least of several rounds.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.server import served
from benchmarks.site import LARGE, SMALL, generate
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.export import export_csv
from crawler_core.fetch import Fetcher
from crawler_core.model import FetchRequest, ParseJob, Purpose
from crawler_core.parse import encoding, lexbor, soup, worker
from crawler_core.parse.extract import extract
from crawler_core.store.reader import StoreReader

_ROUNDS = 5
_SAMPLE = 150
"""Pages that the parts are measured with."""

Budget = dict[str, float]


def budget_of(url: str, folder: Path, pages: int) -> Budget:
    """Microseconds of CPU a page, by stage; `folder` is what is served at `url`."""
    found = _crawl(url)
    bodies = [path.read_bytes() for path in sorted(folder.rglob("*.html"))]
    bodies = [body for body in bodies if body][:: max(1, min(len(bodies), pages) // _SAMPLE)]
    jobs = [ParseJob(n, f"{url}{n}.html", body, "text/html") for n, body in enumerate(bodies)]
    found["fetch"] = _fetch(url)
    found["hand-over"] = found.pop("process") - found["engine"] - found["fetch"]
    found |= _parse(jobs)
    return found


def _crawl(url: str) -> Budget:
    """What a whole crawl with lexbor costs in this process, and its CSV."""
    config = CrawlConfig(start_urls=(url,), external=False, resources=False, parser="lexbor")
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "budget.crawl"
        crawl = Crawl.create(store, config, Secrets())
        began = time.process_time()
        engine = 0.0
        crawl.start()
        with _clock_of("engine") as clock:
            while not crawl.wait(0.02):
                engine = clock() or engine
        process = time.process_time() - began
        done = crawl.snapshot().done
        crawl.close()
        began = time.process_time()
        with StoreReader(store) as reader:
            rows = export_csv(reader, io.StringIO())
        csv = (time.process_time() - began) / rows
    return {"engine": engine / done * 1e6, "process": process / done * 1e6, "csv": csv * 1e6}


@contextmanager
def _clock_of(name: str) -> Iterator[Callable[[], float]]:
    """Tells the CPU seconds of the thread of that name; 0 once it has ended."""
    found = next(thread for thread in threading.enumerate() if thread.name == name)
    clock = time.pthread_getcpuclockid(found.ident or 0)

    def tell() -> float:
        return time.clock_gettime(clock) if found.is_alive() else 0.0

    yield tell


def _fetch(url: str) -> float:
    config = CrawlConfig(start_urls=(url,))
    fetcher = Fetcher(config, Secrets(), version="0", start_hosts=["127.0.0.1"])
    request = FetchRequest(1, 1, url, Purpose.CRAWL)
    try:
        return _least(lambda: [fetcher.fetch(request) for _ in range(300)]) / 300
    finally:
        fetcher.close()


def _parse(jobs: list[ParseJob]) -> Budget:
    """The parts of `parse_packed`, with both parsers."""
    names = [encoding.decide(job.body, job.content_type) for job in jobs]
    texts = [encoding.decode(job.body, name) for job, name in zip(jobs, names, strict=True)]
    events = [list(lexbor.read(text)) for text in texts]
    each = list(zip(events, jobs, names, texts, strict=True))
    pages = worker.parse_batch(tuple(jobs), "lexbor")
    packed = worker.parse_packed(tuple(jobs), "lexbor")
    stages: dict[str, Callable[[], object]] = {
        "decode": lambda: [encoding.decode(j.body, encoding.decide(j.body, "")) for j in jobs],
        "lexbor": lambda: [sum(1 for _ in lexbor.read(text)) for text in texts],
        "soup": lambda: [sum(1 for _ in soup.read(text)) for text in texts],
        "extract": lambda: [extract(iter(e), j, name, len(t)) for e, j, name, t in each],
        "pack": lambda: worker._PACK(pages),
        "unpack": lambda: worker.unpack(packed),
        "parse lexbor": lambda: worker.parse_packed(tuple(jobs), "lexbor"),
        "parse soup": lambda: worker.parse_packed(tuple(jobs), "soup"),
    }
    return {name: _least(run) / len(jobs) for name, run in stages.items()}


def _least(run: Callable[[], object]) -> float:
    """Microseconds of CPU of the quickest round."""
    least = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        run()
        least = min(least, time.process_time() - began)
    return least * 1e6


_WHERE = {
    "fetch": "fetch thread",
    "engine": "engine thread",
    "hand-over": "executors, pipes, the interpreter's lock",
    "unpack": "engine thread, within the above",
    "decode": "parse worker",
    "lexbor": "parse worker",
    "soup": "parse worker",
    "extract": "parse worker",
    "pack": "parse worker",
    "parse lexbor": "parse worker, all of it",
    "parse soup": "parse worker, all of it",
    "csv": "at the end",
}


def main() -> None:
    """Print the budgets as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, help="a static tree instead of the two")
    parser.add_argument("--pages", type=int, default=1_200, help="of the small site")
    options = parser.parse_args()
    columns: dict[str, Budget] = {}
    with tempfile.TemporaryDirectory() as name:
        for kind in () if options.site else (replace(SMALL, pages=options.pages), LARGE):
            folder = Path(name) / kind.name
            folder.mkdir()
            generate(folder, kind)
            with served(folder) as server:
                columns[kind.name] = budget_of(server.url, folder, kind.pages)
        if options.site:
            with served(options.site) as server:
                columns["site"] = budget_of(server.url, options.site, options.pages)
    print(f"| µs of CPU a page | where | {' | '.join(columns)} |")
    print(f"|---|---|{'---:|' * len(columns)}")
    for stage, where in _WHERE.items():
        figures = " | ".join(f"{budget[stage]:,.0f}" for budget in columns.values())
        print(f"| {stage} | {where} | {figures} |")


if __name__ == "__main__":
    main()
