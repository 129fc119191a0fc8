"""A running crawl does what it is told, and nothing gets lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler_core.commands import (
    Cancel,
    Pause,
    ReopenHost,
    Resume,
    RetryFailed,
    SetFetchWorkers,
    SetHostRate,
    SetParseWorkers,
    SkipHost,
    Stop,
)
from crawler_core.config import Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.snapshot import FINAL_STATES
from tests.engine.crawling import (
    config,
    crawl_to_end,
    crawling,
    outcomes_of,
    resume_to_end,
    rows_of,
    see,
    until,
)
from tests.engine.site import Answer, Ask, Reply, Site, page
from tests.patience import PATIENCE


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def wide(count: int, **extra: Answer) -> dict[str, Answer]:
    """A start page and so many pages below it."""
    pages: dict[str, Answer] = {f"/{n}": page(title=str(n)) for n in range(count)}
    pages["/"] = page(*pages)
    return pages


def gated(pages: dict[str, Answer], gate: threading.Event) -> Callable[[Ask], Any]:
    """A site whose pages below the start page wait for the gate."""

    def answer(ask: Ask) -> Reply | str | None:
        if ask.path not in {"/", "/robots.txt"}:
            gate.wait(PATIENCE)
        found = pages.get(ask.path)
        return found(ask) if callable(found) else found

    return answer


def rate_over(crawl: Crawl, seconds: float) -> float:
    """Completions a second over the next seconds, by the crawl's own clock."""
    asked = crawl.snapshot().sequence
    before = see(crawl, lambda now: now.sequence > asked + 1)
    after = see(crawl, lambda now: now.elapsed > before.elapsed + seconds)
    return (after.done - before.done) / (after.elapsed - before.elapsed)


def test_more_fetch_workers_are_faster(store: Path) -> None:
    """Sixteen workers fetch twice as fast as four can; when they are four again, they do not."""
    fours = 10.0  # requests a second of four workers, of which each takes 0.4 s
    with (
        Site(wide(2_000), delay=0.4) as site,
        crawling(store, site.url(), fetch_workers=4, parse_in="threads") as crawl,
    ):
        until(lambda: site.busiest == 4)
        crawl.send(SetFetchWorkers(16))
        until(lambda: site.busiest == 16)
        until(lambda: rate_over(crawl, 1.0) > 2 * fours)
        crawl.send(SetFetchWorkers(4))
        last = see(crawl, lambda now: now.fetch.busy == 4)
        assert last.fetch.target == 4
        until(lambda: rate_over(crawl, 1.0) < 1.5 * fours)
        crawl.send(Stop())
        assert crawl.wait(PATIENCE)
        done = crawl.snapshot().done
    assert len(rows_of(store)) == done
    assert max(site.hits.values()) == 1


def test_worker_counts_are_clamped(store: Path) -> None:
    """A count out of range becomes the nearest one that is possible."""
    with (
        Site({"/": Reply(delay=1)}) as site,
        crawling(store, site.url(), parse_in="threads") as crawl,
    ):
        crawl.send(SetFetchWorkers(100_000))
        crawl.send(SetParseWorkers(0))
        last = see(crawl, lambda now: now.fetch.target == 256)
        assert last.parse.target == 1
        crawl.send(SetParseWorkers(100_000))
        crawl.send(SetFetchWorkers(-3))
        last = see(crawl, lambda now: now.fetch.target == 1)
        assert last.parse.target == last.parse.maximum


def test_parse_workers_change_while_they_parse(store: Path) -> None:
    """However often the parse pool is resized, each page is parsed once and stored once."""
    text = "<p>some <b>words</b> and a few more of them, so that it takes its time " * 1_000
    pages = wide(48)
    for n in range(48):
        pages[f"/{n}"] = page(title=str(n), more=text)
    with (
        Site(pages) as site,
        crawling(store, site.url(), parse_in="processes", parse_workers=1) as crawl,
    ):
        drained = 0
        for target in (2, 1, 2):
            see(crawl, lambda now: now.parse.busy)
            crawl.send(SetParseWorkers(target))
            drained += see(crawl, lambda now, to=target: now.parse.target == to).parse.draining
        assert crawl.wait(60)
        assert crawl.snapshot().parse.draining == 0
    assert drained > 0
    rows = rows_of(store)
    assert len(rows) == 49
    assert {row["Parser"] for row in rows.values()} == {"soup"}
    assert max(site.hits.values()) == 1


def test_pause_sends_nothing_and_burns_nothing(store: Path) -> None:
    """While paused nothing is sent, what is in flight is stored, and the loop sleeps."""
    with Site(wide(200), delay=0.02) as site, crawling(store, site.url(), fetch_workers=4) as crawl:
        see(crawl, lambda now: now.done > 10)
        crawl.send(Pause())
        see(crawl, lambda now: now.paused and not now.fetch.busy and not now.stages.to_parse)
        asked, spent = sum(site.hits.values()), time.process_time()
        time.sleep(0.5)
        assert sum(site.hits.values()) == asked
        assert time.process_time() - spent < 0.25
        assert crawl.snapshot().verdict == "PAUSED"
        crawl.send(Resume())
        assert crawl.wait(PATIENCE)
    assert len(rows_of(store)) == 201


def test_full_pool_and_a_rate_burn_nothing(store: Path) -> None:
    """A loop whose hosts are due while every worker is busy waits without spinning."""
    gate = threading.Event()
    with (
        Site(gated(wide(30), gate)) as site,
        crawling(store, site.url(), fetch_workers=2, rate=50) as crawl,
    ):
        see(crawl, lambda now: now.fetch.busy == 2)
        spent = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - spent < 0.25
        gate.set()
        assert crawl.wait(PATIENCE)


@pytest.mark.usefixtures("short_grace")
def test_stop_keeps_what_was_in_flight_for_a_resume(store: Path) -> None:
    """Stop ends within seconds though servers stall; a resume asks for what was missing."""
    gate = threading.Event()
    with Site(gated(wide(40), gate)) as site:
        with crawling(store, site.url(), fetch_workers=8) as crawl:
            see(crawl, lambda now: now.fetch.busy == 8)
            crawl.send(Stop())
            assert crawl.wait(30), "an answer takes longer"
            last = crawl.snapshot()
        assert (last.state, last.stages.waiting, last.done) == ("stopped", 40, 1)
        gate.set()
        assert resume_to_end(store).state == "finished"
        assert site.hits["/"] == 1
    assert len(rows_of(store)) == 41


def test_stop_twice_ends_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second stop does not wait for what is in flight."""
    monkeypatch.setattr("crawler_core.engine.engine.STOP_GRACE", 2 * PATIENCE)
    gate = threading.Event()
    with Site(gated(wide(4), gate)) as site, crawling(store, site.url()) as crawl:
        see(crawl, lambda now: now.fetch.busy == 4)
        crawl.send(Stop())
        crawl.send(Stop())
        assert crawl.wait(PATIENCE / 2)
        gate.set()


@pytest.mark.usefixtures("short_grace")
def test_time_limit_ends_incomplete(store: Path) -> None:
    """`--max-time` ends a crawl in good order, as incomplete."""
    gate = threading.Event()
    with Site(gated(wide(4), gate)) as site:
        last = crawl_to_end(store, site.url(), max_time=0.3)
        gate.set()
        assert (last.state, last.stopped_by, last.exit_code) == ("incomplete", "--max-time", 4)
        assert resume_to_end(store, max_time=None).state == "finished"


def test_one_fetch_is_cancelled(store: Path) -> None:
    """A cancelled fetch ends as such; the others go on, and it can be asked for again."""
    gate = threading.Event()
    with Site(gated(wide(3), gate)) as site, crawling(store, site.url()) as crawl:
        last = see(crawl, lambda now: now.fetch.busy == 3)
        number = next(each.number for each in last.futures if each.url == site.url("/1"))
        crawl.send(Cancel(number))
        crawl.send(Cancel(10_000))
        see(crawl, lambda now: now.fetch.busy == 2)
        gate.set()
        assert crawl.wait(PATIENCE)
        assert crawl.snapshot().outcomes == {"ok": 3, "cancelled": 1}
        assert rows_of(store)[site.url("/1")]["Status"] == "Cancelled"
        crawl.send(RetryFailed())
        see(crawl, lambda now: now.state == "finished" and now.outcomes == {"ok": 4})
    assert outcomes_of(store)["/1"] == "ok"


def test_a_stop_that_found_nothing_left_is_no_stop(store: Path) -> None:
    """A crawl that was told to stop when it had ended anyway hears later orders as any other."""
    gate = threading.Event()

    def answer(ask: Ask) -> Reply | str | None:
        if ask.path == "/" and gate.wait(PATIENCE):
            return Reply(500)
        return None

    with Site(answer) as site, crawling(store, site.url(), retries=0) as crawl:
        see(crawl, lambda now: now.fetch.busy == 1 and site.hits["/"] == 1)
        crawl.send(Stop("you"))
        see(crawl, lambda now: now.state == "stopping")
        gate.set()
        last = see(crawl, lambda now: now.state in FINAL_STATES)
        assert (last.state, last.stopped_by) == ("finished", "")
        crawl.send(RetryFailed())
        until(lambda: site.hits["/"] == 2)
        see(crawl, lambda now: now.state == "finished")


def test_stop_right_after_a_late_retry(store: Path) -> None:
    """A stop that follows a retry at the end of a crawl ends it in good order."""
    sick = {"/1", "/2"}

    def answer(ask: Ask) -> Reply | str | None:
        if ask.path == "/":
            return page("/1", "/2", "/3")
        return Reply(500) if ask.path in sick else page("/4")

    with Site(answer) as site, crawling(store, site.url(), retries=0) as crawl:
        see(crawl, lambda now: now.state == "finished")
        assert crawl.snapshot().outcomes == {"ok": 3, "server error": 2}
        sick.discard("/1")
        crawl.send(RetryFailed())
        crawl.send(Stop())  # comes in before or after the end: neither may hang
        see(crawl, lambda now: now.state in {"finished", "stopped"})
        assert crawl.wait(PATIENCE)
    assert resume_to_end(store, retries=0).state == "finished"


def test_retry_after_the_end_finishes_again(store: Path) -> None:
    """After such a retry the crawl is finished with the new answers, counted once."""
    with (
        Site({"/": page("/1", "/1"), "/1": Reply(500)}) as site,
        crawling(store, site.url(), retries=0) as crawl,
    ):
        see(crawl, lambda now: now.state == "finished")
        for n in range(2, 5):
            crawl.send(RetryFailed())
            until(lambda n=n: site.hits["/1"] == n)
            see(crawl, lambda now: now.state == "finished")
        site.pages["/1"] = page("/2")
        crawl.send(RetryFailed())
        last = see(crawl, lambda now: now.state == "finished" and now.statuses.get("404"))
        assert last.outcomes == {"ok": 2, "client error": 1}
        assert (last.done, last.found, last.stages.waiting) == (3, 3, 0)
    assert rows_of(store)[site.url("/1")]["Inlinks"] == 2


def test_a_host_is_skipped_and_taken_up_again(store: Path) -> None:
    """A skipped host is asked nothing; its URLs wait until it is opened again."""
    gate = threading.Event()

    def when_skipped(ask: Ask) -> Reply:
        gate.wait(PATIENCE)
        return Reply(404)

    far = Site({**wide(20), "/robots.txt": when_skipped}, host="127.0.0.2")
    near = Site(
        gated({"/": page("/x", *(far.url(f"/{n}") for n in range(20))), "/x": page()}, gate)
    )
    with far, near, crawling(store, near.url()) as crawl:
        host = far.origin
        see(crawl, lambda now: any(each.host == host for each in now.hosts))
        crawl.send(SkipHost(host))
        crawl.send(SkipHost("http://no.such.host"))
        see(crawl, lambda now: any(h.state == "skipped" for h in now.hosts))
        gate.set()
        last = see(crawl, lambda now: now.state == "incomplete")
        assert (last.exit_code, last.gave_up, last.stages.waiting) == (4, (host,), 20)
        assert set(far.hits) <= {"/robots.txt"}
        crawl.send(ReopenHost(host))
        last = see(crawl, lambda now: now.state == "finished")
        assert last.stages.waiting == 0
    assert len(rows_of(store, internal=False)) == 20


def test_rate_of_a_host_is_changed_and_kept(store: Path) -> None:
    """A rate holds from the next request on, and a resume keeps it."""
    with Site(wide(30)) as site:
        with crawling(store, site.url(), rate=1) as crawl:
            see(crawl, lambda now: now.done >= 1)
            crawl.send(SetHostRate(site.origin, 20))
            last = see(crawl, lambda now: now.done >= 8)
            assert [host.rate_limit for host in last.hosts] == [20]
            crawl.send(Stop())
            assert crawl.wait(PATIENCE)
        times = site.times()[-5:]
        assert 0.04 * 3 < times[-1] - times[0] < 3
        with crawling_again(store) as crawl:
            last = see(crawl, lambda now: now.hosts)
            assert [host.rate_limit for host in last.hosts] == [20]


def test_rate_of_a_resume_wins_over_an_older_key(store: Path) -> None:
    """What is asked for last counts: --rate or --speed of a resume, not a key before it."""
    with Site(wide(30)) as site:
        with crawling(store, site.url(), rate=2) as crawl:
            crawl.send(SetHostRate(site.origin, 20))
            see(crawl, lambda now: [host.rate_limit for host in now.hosts] == [20])
            crawl.send(Stop())
            assert crawl.wait(PATIENCE)
        for option, value, limit in (("max_time", 60, 20), ("rate", 1, 1), ("max_time", 60, 1)):
            with crawling_again(store, **{option: value}) as crawl:
                last = see(crawl, lambda now: now.hosts)
                assert [host.rate_limit for host in last.hosts] == [limit]


@contextmanager
def crawling_again(store: Path, **changes: object) -> Iterator[Crawl]:
    """A crawl that is resumed, running; closed in the end."""
    crawl = Crawl.resume(store, Secrets(), changes)
    try:
        crawl.start()
        yield crawl
    finally:
        crawl.close()


def test_closing_a_crawl_that_never_began(store: Path) -> None:
    """A crawl may be closed before it starts, and twice; it can then be resumed."""
    with Site(wide(3)) as site:
        crawl = Crawl.create(store, config(site.url(), parse_in="processes"), Secrets())
        crawl.close()
        crawl.close()
        assert site.hits == {}
        assert resume_to_end(store).done == 4


def test_nobody_looks_nothing_is_published(store: Path) -> None:
    """Snapshots are made for those who ask: a crawl that nobody watches makes hardly any."""
    with Site(wide(30), delay=0.02) as site, crawling(store, site.url(), fetch_workers=1) as crawl:
        assert crawl.wait(PATIENCE)
        assert crawl.snapshot().sequence <= 3
        assert crawl.snapshot().state == "finished"
