"""What workers, latency and the screen do to the rate; each a line with its target.

python -m benchmarks.scaling [--rounds N] [--parser P] [latency|parsing|screen …]

Rates are those of the steady middle of a crawl: of the second and third quarter of its pages.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import Usage, cpu_so_far, measure
from benchmarks.server import served
from benchmarks.site import LARGE, SMALL, generate

_LATENCIES = ((32, 0.1, 0.9), (64, 0.2, 0.9), (256, 1.0, 0.8))
"""Fetch workers, seconds before each answer, and the share of workers / latency to reach."""
_SPEED_UP, _SCREEN, _IDLE = 1.8, 0.85, 0.05
_PAGES = 4_000
"""Of the sites of small pages: enough for a middle that lasts."""
_HEAVY = replace(LARGE, pages=200, size=200_000, listing=100)
"""Pages whose parsing costs far more than all else that is done for them."""
_LINGER = 10.0


@dataclass(frozen=True)
class Crawl:
    """One crawl that was measured."""

    usage: Usage
    pages: int
    steady: float
    """Pages a second in the middle."""

    @property
    def cpu(self) -> float:
        """Milliseconds of CPU a page, of all processes."""
        return 1000 * self.usage.cpu / self.pages


def crawl(url: str, parser: str, *more: str, dashboard: bool = False, linger: float = 0.0) -> Crawl:
    """Crawl a site with crawltui, with or without its screen."""
    with tempfile.TemporaryDirectory(prefix="run-") as name:
        store, target = Path(name, "pages.crawl"), Path(name, "pages.csv")
        words = [sys.executable, "-m", "tui", *([] if dashboard else ["run", "--quiet"]), url]
        words += ["--no-external", "--no-resources", "--parser", parser, *more]
        usage = measure(
            [*words, "--store", str(store), "--csv", str(target)],
            folder=Path(name),
            environment={"XDG_DATA_HOME": name, "XDG_STATE_HOME": name},
            until=target if dashboard else None,
            linger=linger,
        )
        if usage.code:
            raise SystemExit(f"The crawl failed ({usage.code}): {usage.error}")
        with contextlib.closing(sqlite3.connect(store)) as opened:
            rows = opened.execute("SELECT finished FROM pages WHERE parsed ORDER BY finished")
            times = [float(time) for (time,) in rows]
    quarter = len(times) // 4
    steady = 2 * quarter / max(times[3 * quarter] - times[quarter], 1e-9)
    return Crawl(usage, len(times), steady)


def latency(rounds: int, parser: str, folder: Path) -> None:
    """Many fetch workers against a server that takes its time."""
    site = folder / "latency"
    generate(site, replace(SMALL, pages=_PAGES))
    for workers, seconds, target in _LATENCIES:
        ideal = workers / seconds
        rates, busy = [], []
        with served(site, seconds) as server:
            for _ in range(rounds):
                began, before = time.perf_counter(), cpu_so_far([server.process])
                rates.append(crawl(server.url, parser, "--fetch-workers", str(workers)).steady)
                used = cpu_so_far([server.process]) - before
                busy.append(used / (time.perf_counter() - began))
        rate = statistics.median(rates)
        words = f"{workers} workers at {seconds * 1000:.0f} ms: {rate:.0f} of {ideal:.0f} pages/s"
        _tell(words, rate / ideal, target)
        print(f"      (the server was busy for {max(busy):.0%} of a core)")


def parsing(rounds: int, parser: str, folder: Path) -> None:
    """One parse worker and two, with the slow parser on pages of 200 kB."""
    del parser
    site = folder / "parsing"
    generate(site, _HEAVY)
    with served(site) as server:
        ratios = []
        for _ in range(rounds):
            one, two = (
                crawl(server.url, "soup", "--parse-workers", str(workers)).steady
                for workers in (1, 2)
            )
            ratios.append(two / one)
            print(f"      {one:.1f} pages/s with one parse worker, {two:.1f} with two")
    _tell("Two parse workers, by one (soup, 200 kB)", statistics.median(ratios), _SPEED_UP)


def screen(rounds: int, parser: str, folder: Path) -> None:
    """The dashboard beside no screen, and the dashboard with nothing to do."""
    site = folder / "screen"
    generate(site, replace(SMALL, pages=_PAGES))
    with served(site) as server:
        steady, whole, idle = [], [], []
        for _ in range(rounds):
            without = crawl(server.url, parser)
            shown = crawl(server.url, parser, dashboard=True, linger=_LINGER)
            steady.append(shown.steady / without.steady)
            whole.append(without.usage.wall / shown.usage.wall)
            idle.append(shown.usage.idle or 0.0)
            print(
                f"      {without.steady:.0f} pages/s and {without.cpu:.2f} ms of CPU a page without"
                f" a screen, {shown.steady:.0f} and {shown.cpu:.2f} with"
            )
    _tell("Dashboard, by no screen: rate", statistics.median(steady), _SCREEN)
    _tell("Dashboard, by no screen: rate from start to CSV", statistics.median(whole), _SCREEN)
    _tell("Idle dashboard: share of a core", statistics.median(idle), _IDLE, below=True)


def _tell(words: str, value: float, target: float, below: bool = False) -> None:
    met = value < target if below else value >= target
    sign = "<" if below else "≥"
    print(f"{'ok  ' if met else 'MISS'}  {words}: {value:.3g} (target {sign} {target:g})")


def main() -> None:
    """Run the parts that are named, or all."""
    parts = {"latency": latency, "parsing": parsing, "screen": screen}
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(parts))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parser", default="lexbor")
    options = parser.parse_args()
    if unknown := set(options.parts) - parts.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for part in options.parts or parts:
            parts[part](options.rounds, options.parser, Path(name))


if __name__ == "__main__":
    main()
