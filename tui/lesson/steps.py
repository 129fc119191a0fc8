"""The six steps of the lesson: what is set, what is to be seen, what to watch. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from crawler_core.config import ParseIn

CrawlName = Literal["waits", "computes", "lock", "killed"]
THREADS = 8
"""Fetch workers of the second step."""
_FEEDING = 4
"""Fetch workers that bring pages faster than the parsers get done with them, and leave lines for
the lanes of processes that are gone."""
DEADLINE = 2.0
"""Seconds that a page of the last step may take to parse before its process is ended."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: steps that share a crawl only change its workers."""

    title: str
    crawl: CrawlName
    fetch: int
    parse: int
    parse_in: ParseIn = "processes"
    says: str
    watch: str
    compares: int | None = None
    """The place of the step whose rate this one's is compared with."""
    own_cpus: bool = False
    """Its parse processes compute all the time, and there is a CPU for each of them."""


def steps(cpus: int) -> tuple[Step, ...]:
    """The lesson for a machine with so many CPUs."""
    return (*_of_threads(), *_of_processes(cpus))


def _of_threads() -> tuple[Step, ...]:
    return (
        Step(
            title="one fetch worker",
            crawl="waits",
            fetch=1,
            parse=1,
            says="One thread asks a server, waits for the answer, and asks again. It is busy all "
            "the time, and the computer has next to nothing to do.",
            watch="lane T01 is full, lane P1 is nearly empty",
        ),
        Step(
            title=f"{THREADS} fetch workers",
            crawl="waits",
            fetch=THREADS,
            parse=1,
            says="Threads that wait need no CPU, so one interpreter has time for many of them: "
            "they wait side by side.",
            watch=f"lanes T02 to T{THREADS:02} fill, P1 gets more to do",
            compares=0,
        ),
    )


def _of_processes(cpus: int) -> tuple[Step, ...]:
    several = max(2, min(cpus, 4))
    return (
        Step(
            title="pages that need computing",
            crawl="computes",
            fetch=_FEEDING,
            parse=1,
            says="These pages are large: to parse them is work for a CPU. Fetching runs ahead "
            "until enough wait; more threads would not help.",
            watch="P1 is full, 'to parse' grows, then the fetch lanes drain",
            own_cpus=True,
        ),
        Step(
            title=f"{several} parse processes",
            crawl="computes",
            fetch=_FEEDING,
            parse=several,
            says="Each process has an interpreter and a lock of its own, so they compute side by "
            f"side, as far as there are CPUs: here are {cpus}.",
            watch="the P lanes of the new pool take over from that of the old one",
            compares=2,
            own_cpus=cpus >= several,
        ),
        Step(
            title=f"{several} threads parse",
            crawl="lock",
            fetch=_FEEDING,
            parse=several,
            parse_in="threads",
            says="As many workers, but threads of one interpreter. Its lock (the GIL) lets one of "
            "them compute at a time; the others hold a page and wait.",
            watch="the P lanes are never empty and never full",
            compares=3,
        ),
        Step(
            title="a killed worker",
            crawl="killed",
            fetch=_FEEDING,
            parse=2,
            says=f"A page that outlasts {DEADLINE:g} s has its process killed: all futures of the "
            "pool raise BrokenProcessPool. Their pages are sent again, each alone.",
            watch="soon: red ends of P lanes, then 'raised'; tab 6 for the log",
            compares=3,
        ),
    )
