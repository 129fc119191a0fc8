"""The autopilot against the best numbers of workers set by hand, on three kinds of site.

python -m benchmarks.autopilot [--seconds S] [latency|parsing|limited …]

Every crawl runs in this process for a few seconds and is then stopped. By hand: the rate after
the first two seconds, each pair once before the autopilot and once after it, for a machine's
speed is not the same from one minute to the next. The autopilot starts with 4 fetch workers and
1 parse worker; its rate is that of the last third of its time. Target: nine tenths of the pair
that was best on the average.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.server import served
from benchmarks.site import LARGE, SMALL, Kind, generate
from crawler_core.commands import SetAutopilot
from crawler_core.config import CrawlConfig, ParserName, Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.snapshot import Snapshot

Pair = tuple[int, int]
"""Fetch workers and parse workers."""

_TARGET = 0.9
_WARM_UP = 2.0
_FLIGHT = 6.0
"""The autopilot gets so many times the seconds of a pair: it has to find its own first."""


@dataclass(frozen=True)
class Case:
    """A site, its server, and the pairs of workers that are tried by hand."""

    kind: Kind
    parser: ParserName
    pairs: tuple[Pair, ...]
    latency: float = 0.0
    limit: int = 0


_CASES = {
    "latency": Case(
        replace(SMALL, pages=16_000, size=2_500),
        "lexbor",
        ((16, 1), (64, 2), (128, 2), (256, 2)),
        latency=0.4,
    ),
    "parsing": Case(replace(LARGE, pages=4_800), "soup", ((4, 1), (8, 2), (16, 2))),
    "limited": Case(
        replace(SMALL, pages=4_000, size=2_500),
        "lexbor",
        ((1, 1), (2, 1), (3, 1), (8, 1)),
        latency=0.05,
        limit=50,
    ),
}


@dataclass(frozen=True)
class Rate:
    """What came of a crawl: URLs a second, and the workers at its end."""

    rate: float
    fetch: int
    parse: int
    steps: tuple[str, ...] = ()


def crawl(url: str, case: Case, pair: Pair, seconds: float, *, auto: bool) -> Rate:
    """Crawl for so many seconds."""
    fetch, parse = pair
    config = CrawlConfig(
        start_urls=(url,),
        fetch_workers=fetch,
        parse_workers=parse,
        parser=case.parser,
        resources=False,
        external=False,
    )
    with tempfile.TemporaryDirectory(prefix="autopilot-") as folder:
        running = Crawl.create(Path(folder, "a.crawl"), config, Secrets())
        try:
            if auto:
                running.send(SetAutopilot(on=True))
            running.start()
            while not running.snapshot().done and not running.wait(0.05):
                pass  # what it takes to start says nothing about workers
            running.wait(2 * seconds / 3 if auto else _WARM_UP)
            first = _now(running)
            running.wait(seconds / 3 if auto else seconds - _WARM_UP)
            last = _now(running)
        finally:
            running.close()
    steps = tuple(line.text for line in last.log if line.text.startswith("autopilot: "))
    rate = (last.done - first.done) / (last.elapsed - first.elapsed)
    return Rate(rate, last.fetch.target, last.parse.target, steps)


def _now(running: Crawl) -> Snapshot:
    """A snapshot of this moment: the one that is there is as old as the last question for it."""
    asked = running.snapshot().sequence
    while running.snapshot().sequence <= asked + 1 and not running.wait(0.02):
        pass
    return running.snapshot()


def _by_hand(url: str, case: Case, pairs: Sequence[Pair], seconds: float) -> dict[Pair, float]:
    return {pair: crawl(url, case, pair, seconds, auto=False).rate for pair in pairs}


def compare(name: str, seconds: float) -> bool:
    """Print a case; True if the autopilot reached its target."""
    case = _CASES[name]
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        generate(Path(folder), case.kind)
        with served(Path(folder), case.latency, limit=case.limit) as server:
            print(f"\n{name}: {case.kind.pages:,} pages, {server.words}, {case.parser}")
            first = _by_hand(server.url, case, case.pairs, seconds)
            flown = crawl(server.url, case, (4, 1), _FLIGHT * seconds, auto=True)
            # Backwards, so that the mean of both is of the same moment for every pair.
            last = _by_hand(server.url, case, case.pairs[::-1], seconds)
    means = {pair: (first[pair] + last[pair]) / 2 for pair in case.pairs}
    for pair in case.pairs:
        both = f"{first[pair]:8.1f} and {last[pair]:8.1f}"
        print(f"  {pair[0]:>4} fetch {pair[1]:>2} parse  {both} URLs/s")
    for step in flown.steps:
        print(f"       {step}")
    best = max(means.values())
    share = flown.rate / best if best else 0.0
    print(f"  {flown.fetch:>4} fetch {flown.parse:>2} parse  {flown.rate:8.1f} URLs/s, autopilot:")
    print(f"       {share:.0%} of the best by hand ({best:.1f}), target {_TARGET:.0%}")
    return share >= _TARGET


def main() -> None:
    """Measure the cases that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(_CASES))
    parser.add_argument("--seconds", type=float, default=8.0, help="of each pair. Default: 8.")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(_CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(_CASES)}")
    reached = [compare(name, options.seconds) for name in options.cases or _CASES]
    raise SystemExit(not all(reached))


if __name__ == "__main__":
    main()
