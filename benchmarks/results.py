"""What was measured, as values, and the figures that are drawn from it."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import msgspec

from benchmarks.measure import Usage

_PACKAGES = ("textual", "httpx", "beautifulsoup4", "lxml", "selectolax")


class Run(msgspec.Struct, frozen=True):
    """One contender in one round."""

    contender: str
    round: int
    pages: int
    """HTML pages in its CSV; for a program that checks links only, those of the others."""
    usage: Usage

    @property
    def rate(self) -> float:
        """Pages a second from the start of the process to the finished CSV."""
        return self.pages / self.usage.wall

    @property
    def is_whole(self) -> bool:
        """Whether it ended well and found something."""
        return self.usage.code == 0 and self.pages > 0 and not self.usage.error


class Row(msgspec.Struct, frozen=True):
    """A contender of the tables."""

    name: str
    note: str
    ours: bool
    checks_only: bool
    missing: bool


class Site(msgspec.Struct, frozen=True):
    """All rounds on one site."""

    name: str
    words: str
    """What its pages are."""
    server: str
    runs: tuple[Run, ...]
    verdicts: tuple[str, ...]
    """Whether all found the same pages, and whether the parsers agree."""

    def of(self, contender: str) -> list[Run]:
        """A contender's runs that ended well, by round."""
        return [run for run in self.runs if run.contender == contender and run.is_whole]

    def ratios(self, one: str, other: str, cpu: bool = False) -> list[float]:
        """Rate (or CPU seconds a page) of one by that of another, pair by pair in a round."""
        others = {run.round: run for run in self.of(other)}
        pairs = [(run, others[run.round]) for run in self.of(one) if run.round in others]
        if cpu:
            return [(a.usage.cpu / a.pages) / (b.usage.cpu / b.pages) for a, b in pairs]
        return [a.rate / b.rate for a, b in pairs]


class Results(msgspec.Struct, frozen=True):
    """A whole session."""

    machine: str
    versions: str
    command: str
    rows: tuple[Row, ...]
    sites: tuple[Site, ...]

    @property
    def base(self) -> str:
        """Who is 1 in the picture: Scrapy, else whoever is there of the peers, else the first."""
        there = {run.contender for site in self.sites for run in site.runs if run.is_whole}
        peers = [row.name for row in self.rows if not row.ours and row.name in there]
        return peers[0] if peers else self.rows[0].name


def median(values: list[float]) -> float:
    """The median; not a number without values."""
    return statistics.median(values) if values else float("nan")


def spread(values: list[float]) -> str:
    """Median and range of ratios."""
    if not values:
        return "—"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def machine() -> str:
    """Cores, processor, memory and system of this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{cores} cores ({_processor()}), {memory:.0f} GB of memory, {system}"


def _processor() -> str:
    with_name = Path("/proc/cpuinfo")
    if with_name.is_file():
        for line in with_name.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def versions() -> str:
    """Versions of Python and of what crawltui stands on."""
    return ", ".join([f"Python {platform.python_version()}", *_installed()])


def _installed() -> Iterator[str]:
    for package in ("crawltui", *_PACKAGES):
        try:
            yield f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            continue
