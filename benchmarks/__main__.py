"""`make bench`: whole crawls, side by side in one run, several rounds in turn.

Absolute figures are of this machine; the ratios are the claim.

    python -m benchmarks [--pages N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.site import generate, served

Runner = Callable[[str, Path], float]


def crawltui(*options: str) -> Runner:
    """Crawl without a screen; pages a second, from the start of the process to its end."""

    def run(url: str, folder: Path) -> float:
        store = folder / f"{time.monotonic_ns()}.crawl"
        command = [sys.executable, "-m", "tui", "run", url, "--json", "--quiet"]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--store", str(store), *options], capture_output=True, text=True, check=True
        )
        seconds = time.perf_counter() - began
        return len(json.loads(done.stdout)["pages"]) / seconds

    return run


def naive(url: str, folder: Path) -> float:
    """The plain loop; pages a second."""
    del folder
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.naive", url], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[0]) / (time.perf_counter() - began)


CONTENDERS: dict[str, Runner] = {
    "naive loop (urllib, BeautifulSoup, one thread)": naive,
    "crawltui, 1 parse worker": crawltui("--parse-workers", "1"),
    "crawltui, 2 parse workers": crawltui("--parse-workers", "2"),
    "crawltui, parsing in threads": crawltui("--parse-in", "threads", "--parse-workers", "2"),
}


def compare(title: str, pages: int, size: int, rounds: int) -> None:
    """Run all contenders in turn on one kind of site and print medians and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = folder / "site"
        site.mkdir()
        generate(site, pages, size)
        figures: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
        with served(site) as url:
            for _ in range(rounds):
                for contender, run in CONTENDERS.items():
                    figures[contender].append(run(url, folder))
    print(f"\n{title}: {pages} pages of {size // 1024} kB, {rounds} rounds")
    base = next(iter(figures.values()))
    for contender, rates in figures.items():
        ratio = statistics.median(rate / first for rate, first in zip(rates, base, strict=True))
        print(f"  {statistics.median(rates):8.1f} pages/s  {ratio:5.2f} x  {contender}")


def main() -> None:
    """Compare on small and on large pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    compare("small pages", options.pages, 4 * 1024, options.rounds)
    compare("large pages", max(50, options.pages // 5), 80 * 1024, options.rounds)


if __name__ == "__main__":
    main()
