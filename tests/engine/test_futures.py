"""What a snapshot tells of futures and workers, in real crawls."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from crawler_core.commands import Cancel, Stop
from crawler_core.engine.ledger import Ledger
from crawler_core.frontier.claims import Fetch
from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from crawler_core.store.writer import Store
from tests.engine.crawling import config, crawling, outcomes_of, until
from tests.engine.site import Answer, Ask, Reply, Site, page
from tests.patience import PATIENCE

TEXT = "<p>some <b>text</b> " * 1_500


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def gated(gate: threading.Event, path: str) -> Site:
    """A site whose page `path` waits for the gate."""

    def answer(ask: Ask) -> Reply | str | None:
        if ask.path == path:
            gate.wait(PATIENCE)
        return page(path, "/b", "/c") if ask.path in {"/", path, "/b", "/c"} else None

    return Site(answer)


def test_lane_of_a_fetch_thread(store: Path) -> None:
    """A thread that waits for a server is busy on its lane, and afterwards tells how it ended."""
    gate = threading.Event()
    with gated(gate, "/a") as site, crawling(store, site.url()) as crawl:
        until(lambda: any(w.levels.endswith("8888") for w in crawl.snapshot().workers))
        lanes = {w.name: w.tones for w in crawl.snapshot().workers if w.levels.endswith("8888")}
        assert next(iter(lanes.values())).endswith("nnn")
        gate.set()
        assert crawl.wait(PATIENCE)
        (name,) = lanes
        after = next(w for w in crawl.snapshot().workers if w.name == name)
        assert after.doing == ""
        assert "oooo" in after.tones


@pytest.mark.parametrize(("where", "count"), [("threads", 2), ("processes", 2)])
def test_lanes_of_parse_workers(store: Path, where: str, count: int) -> None:
    """Each thread or process that parses has a lane of its own, filled by what it computed."""
    paths = [f"/{n}" for n in range(16)]
    pages: dict[str, Answer] = {path: page(title=path, more=TEXT) for path in paths}
    options = {"parse_in": where, "parse_workers": count, "fetch_workers": 8}
    with (
        Site({**pages, "/": page(*paths)}) as site,
        crawling(store, site.url(), **options) as crawl,
    ):
        assert crawl.wait(PATIENCE)
        last = crawl.snapshot()
    lanes = [w for w in last.workers if w.kind == "parse"]
    assert [w.name for w in lanes] == ["P1", "P2"]
    assert all(w.levels.strip("0") and set(w.tones) <= set(" o") for w in lanes)
    assert sum(w.finished for w in lanes) == last.counts.parses > 0
    assert last.counts.fetches == 18


def test_cancelled_while_it_ran(store: Path) -> None:
    """A running fetch that is cancelled has finished, and what cancel() said is in the log."""
    gate = threading.Event()
    with gated(gate, "/a") as site, crawling(store, site.url()) as crawl:
        until(lambda: any(f.url == site.url("/a") for f in crawl.snapshot().futures))
        number = next(f.number for f in crawl.snapshot().futures if f.url == site.url("/a"))
        crawl.send(Cancel(number))
        assert crawl.wait(PATIENCE)
        gate.set()
        last = crawl.snapshot()
    assert (last.counts.closed, last.counts.cancelled) == (1, 0)
    assert any("cancel() returned False" in line.text for line in last.log)


def test_cancelled_to_be_tried_later(store: Path) -> None:
    """A fetch that is put off has not ended: its URL waits for another try."""
    gate = threading.Event()
    with gated(gate, "/a") as site, crawling(store, site.url()) as crawl:
        until(lambda: any(f.url == site.url("/a") for f in crawl.snapshot().futures))
        number = next(f.number for f in crawl.snapshot().futures if f.url == site.url("/a"))
        crawl.send(Cancel(number, later=True))
        until(lambda: crawl.snapshot().stages.retry == 1)
        gate.set()
        crawl.send(Stop("enough"))
        assert crawl.wait(PATIENCE)
        assert crawl.snapshot().stages.waiting == 1
    assert "/a" not in outcomes_of(store)


def test_what_is_put_off_has_not_failed(store: Path) -> None:
    """To put a fetch off costs neither a try of its URL nor a retry of its host."""
    settings = config("http://a.test/", ignore_robots=True)
    opened = Store.create(store, settings, version="0")
    ledger = Ledger(opened, settings, now=0.0, wall=lambda: 0.0, chance=lambda: 0.5)
    ledger.load(0.0)
    host, table = ledger.frontier.hosts["http://a.test"], ledger.frontier.table
    request = FetchRequest(1, 1, "http://a.test/", Purpose.CRAWL)
    for turn in range(1, 6):
        assert ledger.frontier.claim(60.0 * turn) == Fetch(1, "http://a.test")
        assert table.attempts[1] == 1
        ledger.put_off(FetchResult(request, Outcome.CANCELLED), 60.0 * turn)
        assert (table.attempts[1], host.retries, host.retry_count) == (0, 0, 1)
    assert ledger.frontier.claim(400.0) == Fetch(1, "http://a.test")
    is_to_parse, note = ledger.answered(FetchResult(request, Outcome.TIMEOUT), 400.0)
    assert not is_to_parse
    assert note.startswith("try 2 of 3")
    assert (host.retries, host.requests) == (1, 6)
    opened.commit()
    assert [row.attempts for row in opened.urls()] == [1]
    opened.close()


def test_page_that_kills_its_worker_is_counted(store: Path) -> None:
    """A page that outlasts its deadline breaks the pool: told by name and by what came of it."""
    heavy: dict[str, Answer] = {
        "/": page("/heavy"),
        "/heavy": page(more="<p><b>heavy</b> " * 60_000),
    }
    options = {"parse_in": "processes", "parse_workers": 1, "parse_deadline": 0.4}
    with Site(heavy) as site, crawling(store, site.url(), **options) as crawl:
        assert crawl.wait(PATIENCE)
        last = crawl.snapshot()
    (raised,) = last.counts.raised
    assert (raised.name, raised.kind) == ("BrokenProcessPool", "parse")
    assert "sent again alone" in raised.note
    assert "given up" in raised.note
    assert any(w.ended and "xx" in w.tones for w in last.workers)
