"""The autopilot at the wheel of a real crawl, and hosts that are held by hand or by a ceiling."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest

from crawler_core.commands import (
    PauseHost,
    ReopenHost,
    SetAutopilot,
    SetFetchWorkers,
    SetHostRate,
)
from crawler_core.config import Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.engine import view
from crawler_core.engine.engine import Engine
from crawler_core.model import Outcome
from crawler_core.snapshot import HostView, Snapshot
from tests.engine.crawling import config, crawling, until
from tests.engine.site import Answer, Ask, Reply, Site, page


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def wide(count: int) -> dict[str, Answer]:
    """A start page and so many pages below it."""
    pages: dict[str, Answer] = {f"/{n}": page(title=str(n)) for n in range(count)}
    pages["/"] = page(*pages)
    return pages


class Strict:
    """Answers at most `limit` requests in any second, and refuses the others with 429."""

    def __init__(self, count: int, limit: int) -> None:
        self._pages = wide(count)
        self._limit = limit
        self._lately: deque[float] = deque()
        self._lock = Lock()
        self.refused = 0

    def __call__(self, ask: Ask) -> Reply | str | None:
        if ask.path == "/robots.txt":
            return None
        with self._lock:
            while self._lately and ask.at - self._lately[0] > 1.0:
                self._lately.popleft()
            if len(self._lately) >= self._limit:
                self.refused += 1
                return Reply(429, headers={"Retry-After": "1"})
            self._lately.append(ask.at)
        found = self._pages.get(ask.path)
        return found if isinstance(found, (Reply, str)) else None


def _host(now: Snapshot, origin: str) -> HostView:
    return next((host for host in now.hosts if host.host == origin), HostView(origin, True))


def test_it_adds_workers_on_a_slow_site_and_a_key_ends_it(store: Path) -> None:
    """From two workers upwards, told with the gain; a number set by hand is the last word."""
    with (
        Site(wide(4_000), delay=0.1) as site,
        crawling(store, site.url(), fetch_workers=2, parse_in="threads", parser="lexbor") as crawl,
    ):
        crawl.send(SetAutopilot(on=True))
        until(lambda: crawl.snapshot().fetch.target >= 8, 100)  # a step undone rests for long
        now = crawl.snapshot()
        assert now.autopilot
        assert now.pilot.startswith("autopilot: ")
        told = [line.text for line in now.log]
        assert any(text.startswith("autopilot: 2 → 4 fetch workers, ") for text in told)
        crawl.send(SetFetchWorkers(3))
        until(lambda: crawl.snapshot().fetch.target == 3)
        now = crawl.snapshot()
        assert (now.autopilot, now.pilot) == (False, "")
        assert now.log[-1].text == "autopilot is off: you set the workers"


def test_it_never_passes_the_rate_that_was_set(store: Path) -> None:
    """With 20 requests a second as the limit it sees no use in more workers, and sends no more."""
    with (
        Site(wide(2_000), delay=0.02) as site,
        crawling(store, site.url(), fetch_workers=4, rate=20, parser="lexbor") as crawl,
    ):
        crawl.send(SetAutopilot(on=True))
        until(lambda: "enough" in crawl.snapshot().pilot)
        times = site.times()
        assert crawl.snapshot().fetch.target == 4
        assert _host(crawl.snapshot(), site.origin).is_rate_set
    seconds = times[-1] - times[0]
    assert len(times) <= 20 * (seconds + 1) + 2  # of 3 s and more; the first may come in late


def test_a_host_that_refuses_is_held_below_its_limit(store: Path) -> None:
    """30 a second are answered: after a few refusals it is asked just less often than that."""
    strict = Strict(6_000, 30)
    with (
        Site(strict, delay=0.02) as site,
        crawling(store, site.url(), fetch_workers=4, parser="lexbor", rate=0) as crawl,
    ):
        crawl.send(SetAutopilot(on=True))
        until(lambda: _host(crawl.snapshot(), site.origin).pace > 0)
        until(lambda: _host(crawl.snapshot(), site.origin).per_second > 15)
        start, refused = time.monotonic(), strict.refused
        until(lambda: time.monotonic() > start + 3)
        took = time.monotonic() - start
        asked = sum(1 for at in site.times() if at > start)
        view = _host(crawl.snapshot(), site.origin)
        assert asked <= 33 * took + 4
        assert strict.refused - refused <= 0.1 * asked
        assert view.throttles
        crawl.send(SetAutopilot(on=False))
        until(lambda: not _host(crawl.snapshot(), site.origin).pace)


@pytest.fixture
def engine(store: Path) -> Iterator[Engine]:
    """An engine at the wheel of an autopilot; nothing is sent, time is what a test says."""
    crawl = Crawl.create(store, config("http://a.test/"), Secrets())
    engine = crawl._engine
    engine.pilot.switch(engine, on=True)
    yield engine
    crawl.close()


def second(engine: Engine, number: int, good: int, throttled: int) -> float:
    """So many answers have come by then, and nothing is in flight; the host's pace."""
    host = engine.frontier.host("http://a.test/", True)
    for outcome in [Outcome.OK] * good + [Outcome.THROTTLED] * throttled:
        host.count(outcome)
    engine.pilot.turn(engine, engine.started + number, is_short=False, in_use=(0, 0))
    return host.pace


def test_what_a_polite_host_refuses_is_seen(engine: Engine) -> None:
    """It is mostly idle when its second is looked at: its refusals count all the same."""
    assert second(engine, 1, good=9, throttled=1) == 0  # for how long is not known yet
    assert second(engine, 2, good=10, throttled=0) == 0
    assert second(engine, 3, good=9, throttled=1) == pytest.approx(0.85 * 10)
    assert second(engine, 4, good=0, throttled=0) == pytest.approx(0.85 * 10)  # left alone
    assert second(engine, 9, good=20, throttled=1) == pytest.approx(0.85**2 * 10)


def test_a_long_turn_makes_no_rate_higher(engine: Engine) -> None:
    """What a host bears is told by its answers a second, however long nobody looked."""
    second(engine, 1, good=30, throttled=0)
    assert second(engine, 4, good=90, throttled=1) == pytest.approx(0.85 * 30)


def test_whose_limit_it_is(engine: Engine) -> None:
    """What politeness grants is nobody's choice; what a key sets is."""
    host = engine.frontier.host("http://a.test/", True)
    granted = _host(view.snapshot(engine, 1), host.key)
    assert (granted.rate_limit, granted.is_rate_set) == (10, False)
    host.set_rate(5)
    assert _host(view.snapshot(engine, 2), host.key).is_rate_set


def test_a_host_is_paused_and_goes_on(store: Path) -> None:
    """Nothing is asked of it, the crawl does not end, and it is all there in the end."""
    with (
        Site(wide(60), delay=0.02) as site,
        crawling(store, site.url(), fetch_workers=2) as crawl,
    ):
        until(lambda: crawl.snapshot().done > 5)
        crawl.send(PauseHost(site.origin))
        until(lambda: _host(crawl.snapshot(), site.origin).state == "paused")
        until(lambda: crawl.snapshot().stages.fetching == 0)
        asked = len(site.log)
        until(lambda: crawl.snapshot().verdict == "PAUSED")
        assert not crawl.wait(0.3)
        assert len(site.log) == asked
        crawl.send(ReopenHost(site.origin))
        assert crawl.wait(60)
        assert crawl.snapshot().done == 61
        assert max(site.hits.values()) == 1


def test_no_key_passes_the_ceiling(store: Path) -> None:
    """--max-rate holds for loopback hosts too, which have no limit otherwise."""
    with (
        Site(wide(200)) as site,
        crawling(store, site.url(), max_rate=40) as crawl,
    ):
        until(lambda: crawl.snapshot().done > 1)
        assert _host(crawl.snapshot(), site.origin).rate_limit == 40
        crawl.send(SetHostRate(site.origin, 0.0))
        crawl.send(SetHostRate(site.origin, 90.0))
        until(lambda: len(crawl.snapshot().log) >= 2)
        view = _host(crawl.snapshot(), site.origin)
        assert (view.rate_limit, view.ceiling) == (40, 40)


def test_shares_of_errors_and_refusals_are_counted(store: Path) -> None:
    """The board of hosts tells how many answers were errors, and how many asked for fewer."""
    pages = wide(8)
    pages["/1"] = Reply(500)
    pages["/2"] = lambda ask: Reply(429, headers={"Retry-After": "0"}) if ask.number < 2 else page()
    with Site(pages) as site, crawling(store, site.url(), retries=0) as crawl:
        assert crawl.wait(60)
        view = _host(crawl.snapshot(), site.origin)
    assert (view.answers, view.errors, view.throttles) == (10, 1, 1)
    assert view.p95_ms >= view.p50_ms > 0
