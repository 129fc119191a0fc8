"""The tab of the workers: the futures board, the lanes, and what may be done with a future."""

from __future__ import annotations

import msgspec
import pytest

from crawler_core.commands import AnyCommand, Cancel, SkipHost
from crawler_core.snapshot import FutureView, WorkerView
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.widgets import futures
from tui.widgets.lanes import choose, lane
from tui.widgets.paint import Line

DOCS = "https://docs.example.org"


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line.pieces)


def worker(name: str, levels: str = "", tones: str = "", **more: object) -> WorkerView:
    kind = "fetch" if name.startswith("T") else "parse"
    fields = {"levels": levels, "tones": tones, **more}
    return msgspec.structs.replace(WorkerView(name, kind), **fields)


def test_a_lane_is_drawn_in_blocks() -> None:
    """Levels become blocks with the newest at the right, and the share of the time is told."""
    drawn = lane(worker("T07", "0048", "  or", finished=1_234), 31, "")
    assert text_of(drawn) == " T07  ········▄█  15 %  1,234"
    assert [style for text, style in drawn.pieces if text in "▄█"] == ["ok", "redirect"]


def test_a_lane_of_a_worker_that_is_gone() -> None:
    """A worker that died is still shown, and says so."""
    drawn = lane(worker("P1", "0088", "  xx", ended=True), 40, "")
    assert "gone" in text_of(drawn)
    assert ("██", "broken") in drawn.pieces


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_lane_fits(width: int) -> None:
    """A line has its width at the most, whatever the URL is that the worker asks for."""
    busy = worker("T01", "8" * 119, "n" * 119, doing="http://a.test/" + "漢字" * 90)
    assert lane(busy, width, "").at <= width


def test_busiest_workers_are_chosen() -> None:
    """Where lines are few the busiest are shown in their order, and parsers get half."""
    workers = [worker(f"T{n:02}", "8" * (n % 7) + "0" * (9 - n % 7)) for n in range(1, 41)]
    parsers = [worker(f"P{n}", "4444") for n in range(1, 5)]
    shown = choose((*workers, *parsers), 10)
    names = [each.name for each in shown]
    assert len(shown) == 9
    assert names == ["T06", "T13", "T20", "T27", "T34", "P1", "P2", "P3", "P4"]
    assert choose((*workers, *parsers), 44) == [*workers, *parsers]
    assert len(choose((*workers, *parsers), 2)) == 1


def test_workers_that_are_gone_get_what_is_left() -> None:
    """No worker that lives loses its lane to one that has ended; those get what is left."""
    live = [worker(f"T{n:02}", "1111") for n in range(1, 4)] + [worker("P9", "0000")]
    gone = [worker(f"P{n}", "8888", ended=True) for n in range(1, 6)]
    mixed = (*gone[:3], *live, *gone[3:])
    names = [each.name for each in choose(mixed, 7)]
    assert names == ["T01", "T02", "T03", "P9", "P1", "P2"]
    assert choose(mixed, 4) == choose(mixed, 5) == live
    assert not any(each.ended for each in choose(mixed, 3))
    assert choose(mixed, 9) == [*live, *gone]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
def test_board_and_lanes(session: FakeSession, client: FakeClient, size: tuple[int, int]) -> None:
    """The tab tells of stages, states and exceptions, and draws lanes at every size."""

    async def scenario(it: Drive) -> None:
        await it.press("5")
        assert it.shows("PENDING 1")
        assert it.shows("RUNNING 17")
        assert it.shows("BrokenProcessPool 2")
        assert it.shows(" T")
        assert it.shows(" P")
        assert it.shows("fetch #49")
        if size[1] > 16:
            assert it.shows("P1")
            assert it.shows("sent again alone")
        if size[0] == 120:
            assert it.shows("FINISHED 4,852 fetch, 962 parse")
            assert it.shows("2 cancelled while running")

    drive(CrawlApp(session, client), scenario, size)


def test_enlarged_lanes_show_more_workers(session: FakeSession) -> None:
    """Lanes that had no room are seen when their panel is enlarged."""
    client = FakeClient(session.client.store, snapshot=busy_snapshot(fetch=28, parse=4))

    async def scenario(it: Drive) -> None:
        await it.press("5")
        assert it.shows("more, less busy   tab, e enlarges")
        await it.press("tab")
        assert it.shows("more, less busy   e enlarges")
        await it.press("e")
        assert not it.shows("more, less busy")
        assert it.shows("T28")

    drive(CrawlApp(session, client), scenario, (120, 36))


ANSWERS: list[tuple[list[str], list[AnyCommand]]] = [
    (["x"], [Cancel(4907)]),
    (["enter", "x"], [Cancel(4907)]),
    (["enter", "l"], [Cancel(4907, later=True)]),
    (["enter", "s"], [SkipHost(DOCS)]),
    (["enter", "escape"], []),
]


def test_what_may_be_done_with_a_fetch(session: FakeSession, client: FakeClient) -> None:
    """A fetch is cancelled, tried later, or its host skipped, from its row."""

    async def scenario(it: Drive) -> None:
        await it.press("5")
        for keys, sent in ANSWERS:
            await it.press(*keys)
            assert client.sent == sent, keys
            client.sent.clear()

    drive(CrawlApp(session, client), scenario)


def test_parse_future_cannot_be_cancelled(session: FakeSession, client: FakeClient) -> None:
    """The dialog of a batch says why it is not cancelled; x on its row sends nothing."""
    one = FutureView("parse", 1_400, "RUNNING", 31.0, f"{DOCS}/heavy.html", 6, "", stuck=True)
    client.show(futures=(one,), oldest=one)

    async def scenario(it: Drive) -> None:
        assert it.shows("STUCK")
        await it.press("5")
        assert it.shows("stuck: older than its kin")
        await it.press("enter")
        assert it.shows("cannot be cancelled")
        await it.press("escape", "x")
        assert client.sent == []

    drive(CrawlApp(session, client), scenario)


def test_batches_are_told_as_batches() -> None:
    """A parse future says how many pages it carries, a fetch its one URL."""
    page = FutureView("fetch", 7, "RUNNING", 0.1, f"{DOCS}/a.html", 1, "T01")
    batch = FutureView("parse", 8, "PENDING", 0.1, f"{DOCS}/b.html", 6)
    alone = FutureView("parse", 9, "RUNNING", 0.2, f"{DOCS}/c.html", 1)
    now = busy_snapshot()
    now = msgspec.structs.replace(now, futures=(page, batch, alone))
    feed = futures.feed(now)
    rows = {feed.key(n): feed.cells(n)[4] for n in range(3)}
    assert rows["fetch 7"][0] == "/a.html"
    assert rows["parse 8"] == ("6 pages", "dim", "from /b.html")
    assert rows["parse 9"][0] == "/c.html"
