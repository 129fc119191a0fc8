"""One word and one sentence: what holds the crawl back, and a key that really helps."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from crawler_core.snapshot import HostView, PoolView, StageCounts
from crawler_core.verdict import Facts, Slowing, Trend, judge
from tui.keytable import KEYS

OPEN = HostView("https://site.test", True, in_flight=16, waiting=900, done=100)
LIMITED = msgspec.structs.replace(OPEN, in_flight=1, rate_limit=10.0, at_once=5, per_second=9.7)
ASLEEP = msgspec.structs.replace(
    LIMITED, in_flight=0, wait_seconds=11.6, state="throttled", note="answered 429"
)
SLOWING = Slowing(8, 16, 120.0, 480.0)
SKIPPED = msgspec.structs.replace(OPEN, in_flight=0, state="skipped")
GIVEN_UP = msgspec.structs.replace(SKIPPED, state="given up", wait_seconds=99.0)


def _facts(**changes: Any) -> Facts:
    """A crawl in full swing: all fetch workers wait for a host without limits."""
    known = Facts(
        state="running",
        fetch=PoolView(busy=16, target=16, maximum=64, utilisation=1.0),
        parse=PoolView("processes", busy=1, target=2, maximum=8, utilisation=0.49),
        stages=StageCounts(waiting=900, fetching=16, to_parse=1, parsing=2, stored=100),
        hosts=(OPEN,),
        oldest_age=8.4,
        done=100,
        cpus=4,
        parser="lexbor",
    )
    return msgspec.structs.replace(known, **changes)


def _fetch(busy: int, target: int = 16, maximum: int = 64) -> PoolView:
    return PoolView(busy=busy, target=target, maximum=maximum)


def _parse(busy: int, used: float, target: int = 2, maximum: int = 8) -> PoolView:
    return PoolView("processes", busy=busy, target=target, maximum=maximum, utilisation=used)


CASES: dict[str, tuple[Facts, tuple[str, str]]] = {
    "starting": (
        _facts(state="starting", done=0, hosts=(), stages=StageCounts(), fetch=_fetch(0)),
        ("STARTING", "asks for robots.txt and the first page"),
    ),
    "first page": (
        _facts(done=0, hosts=(), stages=StageCounts(fetching=1), fetch=_fetch(1)),
        ("STARTING", "asks for robots.txt and the first page"),
    ),
    "fetch-bound": (
        _facts(),
        ("FETCH-BOUND", "16/16 fetch workers wait for servers, parsers 49% busy: press +"),
    ),
    "all fetch workers there are": (
        _facts(fetch=_fetch(64, 64)),
        (
            "FETCH-BOUND",
            "64/64 fetch workers wait for servers, parsers 49% busy: no more workers are allowed",
        ),
    ),
    "fetch-bound beside a limited host": (
        _facts(hosts=(LIMITED, OPEN)),
        ("FETCH-BOUND", "16/16 fetch workers wait for servers, parsers 49% busy: press +"),
    ),
    "fetch-bound on hosts that are not shown": (
        _facts(hosts=(msgspec.structs.replace(LIMITED, waiting=10),)),
        ("FETCH-BOUND", "16/16 fetch workers wait for servers, parsers 49% busy: press +"),
    ),
    "parse-bound": (
        _facts(parse=_parse(3, 0.97), stages=StageCounts(waiting=900, to_parse=1_200)),
        ("PARSE-BOUND", "2/2 parse workers busy, 1,200 pages wait to be parsed: press >"),
    ),
    "parse-bound with the slow parser": (
        _facts(parse=_parse(3, 0.97), stages=StageCounts(to_parse=12), parser="soup"),
        (
            "PARSE-BOUND",
            "2/2 parse workers busy, 12 pages wait to be parsed: press > or P for lexbor",
        ),
    ),
    "parse-bound with the slow parser on every CPU": (
        _facts(parse=_parse(4, 0.97, 4), stages=StageCounts(to_parse=12), parser="soup"),
        ("PARSE-BOUND", "4/4 parse workers busy, 12 pages wait to be parsed: press P for lexbor"),
    ),
    "parse-bound by long pages": (
        _facts(parse=_parse(2, 0.1), stages=StageCounts(to_parse=20)),
        ("PARSE-BOUND", "2/2 parse workers busy, 20 pages wait to be parsed: press >"),
    ),
    "backlog full": (
        _facts(parse=_parse(8, 0.99, 8), stages=StageCounts(to_parse=1), backlog_full=True),
        (
            "PARSE-BOUND",
            "8/8 parse workers busy, 1 page waits to be parsed: "
            "every CPU has one, more would not help",
        ),
    ),
    "parsing in threads": (
        _facts(
            parse=PoolView("threads", busy=2, target=2, maximum=8, utilisation=0.99),
            stages=StageCounts(to_parse=40),
        ),
        (
            "PARSE-BOUND",
            "2/2 parse workers busy, 40 pages wait to be parsed: "
            "one interpreter lock for all, more would not help",
        ),
    ),
    "a rate": (
        _facts(hosts=(LIMITED,), fetch=_fetch(1)),
        (
            "POLITE",
            "https://site.test: 10/s is the limit: + has no effect, . on tab 4 raises it",
        ),
    ),
    "a rate that a person has set": (
        _facts(hosts=(msgspec.structs.replace(LIMITED, is_rate_set=True),), fetch=_fetch(1)),
        (
            "POLITE",
            "https://site.test: 10/s is your limit: + has no effect, . on tab 4 raises it",
        ),
    ),
    "requests at once": (
        _facts(
            hosts=(msgspec.structs.replace(LIMITED, per_second=2.0, in_flight=5),), fetch=_fetch(5)
        ),
        ("POLITE", "https://site.test: 5 at once is its limit now: + has no effect"),
    ),
    "few workers, but the host is full": (
        _facts(
            hosts=(msgspec.structs.replace(LIMITED, per_second=2.0, in_flight=5),),
            fetch=_fetch(5, 5),
        ),
        ("POLITE", "https://site.test: 5 at once is its limit now: + has no effect"),
    ),
    "crawl-delay": (
        _facts(hosts=(msgspec.structs.replace(LIMITED, crawl_delay=2.5),), fetch=_fetch(1)),
        (
            "POLITE",
            "https://site.test: 2.5 s between requests, as its robots.txt asks: + has no effect",
        ),
    ),
    "a rate below the crawl-delay": (
        _facts(
            hosts=(
                msgspec.structs.replace(LIMITED, crawl_delay=1.0, rate_limit=0.5, per_second=0.5),
            ),
            fetch=_fetch(1),
        ),
        (
            "POLITE",
            "https://site.test: 0.5/s is the limit: + has no effect, . on tab 4 raises it",
        ),
    ),
    "a rate that may not be raised": (
        _facts(hosts=(msgspec.structs.replace(LIMITED, ceiling=10.0),), fetch=_fetch(1)),
        (
            "POLITE",
            "https://site.test: 10/s is the limit: + has no effect, --max-rate allows no more",
        ),
    ),
    "the pace that the autopilot found": (
        _facts(
            hosts=(msgspec.structs.replace(LIMITED, rate_limit=0.0, pace=9.75),),
            autopilot=True,
            fetch=_fetch(1),
        ),
        (
            "POLITE",
            "https://site.test: 9.8/s is what it was found to bear: autopilot keeps to it",
        ),
    ),
    "slowing": (
        _facts(slowing=SLOWING),
        (
            "SLOWING",
            "answers 120 > 480 ms since 8 > 16 workers, and no more of them: press -",
        ),
    ),
    "slowing under the autopilot": (
        _facts(slowing=SLOWING, autopilot=True),
        (
            "SLOWING",
            "answers 120 > 480 ms since 8 > 16 workers, and no more of them: "
            "autopilot takes some back",
        ),
    ),
    "slowing, but parsing holds back more": (
        _facts(slowing=SLOWING, parse=_parse(3, 0.97), stages=StageCounts(to_parse=40)),
        ("PARSE-BOUND", "2/2 parse workers busy, 40 pages wait to be parsed: press >"),
    ),
    "storing": (
        _facts(storing=0.62),
        (
            "STORING",
            "62% of the time goes into waiting for the disk: "
            "no key helps, a crawl file on a faster disk would",
        ),
    ),
    "pages that wait long": (
        _facts(
            parse=msgspec.structs.replace(_parse(2, 0.97), queue_wait_ms=900.0),
            stages=StageCounts(waiting=900, to_parse=3),
        ),
        ("PARSE-BOUND", "2/2 parse workers busy, 3 pages wait to be parsed: press >"),
    ),
    "fetch-bound under the autopilot": (
        _facts(autopilot=True),
        (
            "FETCH-BOUND",
            "16/16 fetch workers wait for servers, parsers 49% busy: autopilot tries more",
        ),
    ),
    "a host held by hand": (
        _facts(hosts=(msgspec.structs.replace(OPEN, state="paused"),), fetch=_fetch(0)),
        ("PAUSED", "https://site.test is held by you: . on tab 4 goes on"),
    ),
    "a host held by hand beside one that throttles": (
        _facts(hosts=(msgspec.structs.replace(OPEN, state="paused"), ASLEEP), fetch=_fetch(0)),
        ("THROTTLED", "https://site.test: answered 429, next try in 12 s"),
    ),
    "throttled": (
        _facts(hosts=(ASLEEP, SKIPPED), fetch=_fetch(0)),
        ("THROTTLED", "https://site.test: answered 429, next try in 12 s"),
    ),
    "throttled by the first page": (
        _facts(hosts=(ASLEEP,), fetch=_fetch(0), done=0),
        ("THROTTLED", "https://site.test: answered 429, next try in 12 s"),
    ),
    "several hosts asleep": (
        _facts(
            hosts=(
                msgspec.structs.replace(ASLEEP, wait_seconds=90.0, host="https://b.test"),
                ASLEEP,
            )
        ),
        ("THROTTLED", "https://site.test: answered 429, next try in 12 s (and 1 more wait)"),
    ),
    "one of two hosts asleep": (
        _facts(hosts=(ASLEEP, OPEN)),
        ("FETCH-BOUND", "16/16 fetch workers wait for servers, parsers 49% busy: press +"),
    ),
    "running": (_facts(fetch=_fetch(9)), ("RUNNING", "900 URLs wait")),
    "draining": (
        _facts(stages=StageCounts(fetching=3, to_parse=2, parsing=1), hosts=(), fetch=_fetch(3)),
        ("DRAINING", "6 left, oldest 8 s"),
    ),
    "draining beside skipped hosts": (
        _facts(
            stages=StageCounts(waiting=1_800, fetching=1),
            hosts=(SKIPPED, GIVEN_UP),
            fetch=_fetch(1),
        ),
        ("DRAINING", "1 left, oldest 8 s; 1,800 stay with hosts that are not asked"),
    ),
    "paused": (_facts(state="paused"), ("PAUSED", "900 URLs wait: press space to go on")),
    "stopping": (
        _facts(state="stopping"),
        ("STOPPING", "waits for what is in flight, then keeps the store"),
    ),
    "done": (
        _facts(state="finished", done=10_223, broken=127),
        ("DONE", "10,223 URLs, 127 broken: 3 shows them, s saves a CSV, q quits"),
    ),
    "done without a fault": (
        _facts(state="finished"),
        ("DONE", "100 URLs, 0 broken: s saves a CSV, q quits"),
    ),
    "stopped": (
        _facts(state="stopped", note="you"),
        (
            "STOPPED",
            "100 URLs, 0 broken, 900 still wait (you): s saves a CSV, q quits; it can be resumed",
        ),
    ),
    "incomplete": (
        _facts(state="incomplete", broken=1),
        (
            "INCOMPLETE",
            "100 URLs, 1 broken, 900 still wait: "
            "3 shows them, s saves a CSV, q quits; it can be resumed",
        ),
    ),
    "failed": (_facts(state="failed", note="The disk is full."), ("FAILED", "The disk is full.")),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts(name: str) -> None:
    """Each state of a crawl has its word, its reason and its advice."""
    facts, expected = CASES[name]
    assert judge(facts) == expected


def test_every_key_that_is_named_exists() -> None:
    """The sentences name keys of the dashboard's own table, and no others."""
    shown = {key for entry in KEYS for key in entry.shown.split()}
    named = set()
    for facts, _ in CASES.values():
        _, sentence = judge(facts)
        for words in re.findall(r"press (\S+)|(\S) (?:shows|saves|quits|has no|on tab)", sentence):
            named |= set(words) - {""}
        named |= set(re.findall(r"tab (\d)", sentence))
    assert named == {"+", "-", ">", "P", "space", ".", "3", "4", "s", "q"}
    assert named <= shown


def _run(trend: Trend, *spans: tuple[int, int, float, float]) -> Slowing | None:
    """Seconds with so many workers, so many answers a second and so fast ones, one by one."""
    at, seen = 0, None
    for seconds, workers, rate, p50 in spans:
        for _ in range(seconds):
            at += 1
            seen = trend.second(float(at), workers=workers, rate=rate, p50=p50)
    return seen


def test_more_workers_that_only_wait_longer_are_seen() -> None:
    """Answers four times as slow, and no more of them, after the step from 8 to 16."""
    seen = _run(Trend(), (10, 8, 60.0, 0.12), (8, 16, 61.0, 0.48))
    assert seen is not None
    assert (seen.before, seen.after) == (8, 16)
    assert (seen.before_ms, seen.after_ms) == pytest.approx((120.0, 480.0))


@pytest.mark.parametrize(
    "spans",
    [
        [(10, 8, 60.0, 0.12), (8, 16, 110.0, 0.14)],
        [(10, 8, 60.0, 0.12), (8, 16, 110.0, 0.48)],
        [(10, 8, 60.0, 0.12), (8, 16, 60.0, 0.13)],
        [(10, 8, 60.0, 0.12), (3, 16, 60.0, 0.48)],
        [(10, 16, 60.0, 0.12), (10, 8, 30.0, 0.48)],
        [(10, 8, 60.0, 0.12), (10, 16, 60.0, 0.48), (8, 8, 60.0, 0.12)],
        [(10, 8, 60.0, 0.12), (80, 16, 60.0, 0.48)],
        [(10, 8, 0.0, 0.0), (10, 16, 0.0, 0.0)],
    ],
    ids=[
        *("it gained", "slower, but more of them", "as fast as before", "too early to tell"),
        *("fewer workers", "taken back", "long ago", "no answers"),
    ],
)
def test_nothing_else_is_taken_for_slowing(spans: list[tuple[int, int, float, float]]) -> None:
    """A step that gained, that was taken back, or that nobody remembers is no reproach."""
    assert _run(Trend(), *spans) is None


def test_keys_in_a_row_are_one_step() -> None:
    """Four times + within a second is compared with what was before the first of them."""
    rising = [(1, workers, 60.0, 0.2) for workers in (9, 10, 11)]
    seen = _run(Trend(), (10, 8, 60.0, 0.12), *rising, (8, 12, 60.0, 0.3))
    assert seen is not None
    assert (seen.before, seen.after) == (8, 12)
