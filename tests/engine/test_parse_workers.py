"""Parse workers die and hang, and the crawl tells of it and goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from crawler_core.commands import Stop
from crawler_core.config import Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.parse import worker
from crawler_core.pools import ParsePool
from tests.engine.crawling import (
    config,
    crawl_to_end,
    crawling,
    outcomes_of,
    resume_to_end,
    rows_of,
    until,
)
from tests.engine.processes import needs_proc, workers_of
from tests.engine.site import Answer, Reply, Site, page

HEAVY = "<p><b>heavy</b> " * 60_000
"""A page that takes a parser a second or so."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def healthy(count: int) -> dict[str, Answer]:
    """Pages with some text on them."""
    return {f"/{n}": page(title=str(n), more="<p>some text " * 500) for n in range(count)}


def kill_workers() -> int:
    """Kill every parse worker of this process; how many there were."""
    killed = 0
    for pid in workers_of(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


@needs_proc
def test_workers_killed_in_mid_crawl_lose_nothing(store: Path) -> None:
    """Workers die by SIGKILL again and again: every page is parsed in the end."""
    pages = healthy(60)
    with (
        Site({**pages, "/": page(*pages)}, delay=0.05) as site,
        crawling(store, site.url(), parse_in="processes", parse_workers=2) as crawl,
    ):
        for done in (5, 20, 35):
            until(lambda done=done: crawl.snapshot().done >= done)
            until(kill_workers)
        assert crawl.wait(60)
        last = crawl.snapshot()
    assert last.state == "finished"
    assert last.parse.rebuilt >= 1
    assert last.outcomes == {"ok": 61}
    assert {row["Parser"] for row in rows_of(store).values()} == {"soup"}
    assert any("a worker died" in line.text for line in last.log)


@needs_proc
def test_page_that_always_kills_its_worker(store: Path) -> None:
    """A page whose worker dies each time is told as such; what was beside it is parsed."""
    kind = {"Content-Type": "text/html"}
    pages: dict[str, Answer] = {
        path: Reply(200, str(text).encode(), kind, delay=0.3) for path, text in healthy(10).items()
    }
    pages |= {"/": page("/killer", *pages), "/killer": page(title="killer", more=HEAVY)}
    ended = threading.Event()
    with (
        Site(pages) as site,
        crawling(store, site.url(), parse_in="processes", parse_workers=1) as crawl,
    ):

        def assassin() -> None:
            """Strike once at each future that carries the killer page."""
            struck: set[int] = set()
            while not ended.wait(0.01):
                for future in crawl.snapshot().futures:  # it may have ended since: once only
                    fresh = future.kind == "parse" and future.number not in struck
                    if fresh and "/killer" in future.url and kill_workers():
                        struck.add(future.number)

        thread = threading.Thread(target=assassin)
        thread.start()
        over = crawl.wait(60)
        ended.set()
        thread.join()
        assert over
        last = crawl.snapshot()
    found = outcomes_of(store)
    assert found.pop("/killer") == "parser crashed"
    assert set(found.values()) == {"ok"}
    row = rows_of(store)[site.url("/killer")]
    assert (row["Status Code"], row["Title 1"]) == (200, "")
    assert last.state == "finished"


def test_system_without_parse_workers(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker process can start the crawl fails at once, and says what to do."""
    monkeypatch.setattr(worker, "start_worker", os._exit)
    with Site({"/": page("/a"), "/a": page()}) as site:
        last = crawl_to_end(store, site.url(), parse_in="processes")
        monkeypatch.undo()
        assert (last.state, last.exit_code) == ("failed", 3)
        assert "--parse-in threads" in last.error
        assert resume_to_end(store).outcomes == {"ok": 2}


def test_page_that_outlasts_the_deadline(store: Path) -> None:
    """A page that parses longer than the deadline is told as such, and only that page."""
    pages = {**healthy(10), "/endless": page(title="endless", more=HEAVY * 4)}
    with Site({**pages, "/": page(*pages)}) as site:
        last = crawl_to_end(
            store, site.url(), parse_in="processes", parse_workers=2, parse_deadline=0.6
        )
    found = outcomes_of(store)
    assert found.pop("/endless") == "parser timeout"
    assert set(found.values()) == {"ok"}
    assert last.parse.rebuilt >= 2


def test_stop_does_not_wait_for_a_hung_parser(store: Path) -> None:
    """Stop and close do not take the twenty seconds that a page hangs in its worker."""
    with Site({"/": page("/hangs"), "/hangs": page(more=HEAVY * 20)}) as site:
        crawl = Crawl.create(store, config(site.url(), parse_in="processes"), Secrets())
        crawl.start()
        until(lambda: any("/hangs" in future.url for future in crawl.snapshot().futures))
        asked = time.monotonic()
        crawl.send(Stop())
        assert crawl.wait(15)
        crawl.close()
        assert time.monotonic() - asked < 15
        until(lambda: not workers_of(os.getpid()))
        site.pages["/hangs"] = page()
        assert resume_to_end(store, parse_in="main").outcomes == {"ok": 2}


@needs_proc
def test_closing_a_pool_leaves_other_pools_alone() -> None:
    """Two crawls in one process have pools of their own: closing one ends its workers only."""
    one, other = ParsePool("processes", 1), ParsePool("processes", 2)
    try:
        first, _ = one.submit(worker.warm_up)
        second, _ = other.submit(worker.warm_up)
        assert first.result(20) != second.result(20)
        one.close()
        until(lambda: first.result() not in workers_of(os.getpid()))
        assert second.result() in workers_of(os.getpid())
        assert other.submit(worker.warm_up)[0].result(20) in workers_of(os.getpid())
        with pytest.raises(RuntimeError):
            one.submit(worker.warm_up)
    finally:
        one.close()
        other.close()
    until(lambda: not workers_of(os.getpid()))


@needs_proc
def test_workers_start_with_the_parser_loaded_and_no_terminal() -> None:
    """The fork server has loaded the parser before it forks; a worker's streams lead nowhere."""
    pool = ParsePool("processes", 1)
    try:
        modules, _ = pool.submit(eval, "tuple(__import__('sys').modules)")
        streams, _ = pool.submit(
            eval, "[__import__('os').readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]"
        )
        assert "bs4" in modules.result(20)
        assert streams.result(20) == ["/dev/null"] * 3
    finally:
        pool.close()
