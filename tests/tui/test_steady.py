"""What is held still: verdicts, a crawl at rest, and what is known of it then."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from crawler_core.model import WORTH_ANOTHER_TRY, Outcome
from crawler_core.snapshot import HostView, Snapshot
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.screens.steering import Steering
from tui.widgets.grid import Column, Grid, ListFeed
from tui.widgets.header import verdict
from tui.widgets.lists import finished
from tui.widgets.steady import HELD, Steady, at_rest, looks_same, steady


def _judged(
    at: float, word: str, state: str = "running", workers: int = 4, parser: str = "soup"
) -> Snapshot:
    return msgspec.structs.replace(
        busy_snapshot(fetch=workers),
        at=at,
        verdict=word,
        advice=f"{word} at {at}",
        state=state,
        parser=parser,
    )


def test_a_verdict_stays_long_enough_to_be_read() -> None:
    """However often the engine changes its mind, what is shown changes once a second at most."""
    shown, changes = Steady(), []
    for frame in range(80):
        at = 1000 + frame / 8
        new = steady(shown, _judged(at, ("FETCH-BOUND", "PARSE-BOUND")[frame % 2]))
        if new != shown:
            changes.append(at)
        shown = new
    assert len(changes) in {9, 10}
    assert all(b - a >= HELD for a, b in pairwise(changes))


@pytest.mark.parametrize("urgent", [{"state": "paused"}, {"workers": 5}, {"parser": "lexbor"}])
def test_the_answer_to_a_key_is_shown_at_once(urgent: dict[str, object]) -> None:
    """A pause, another number of workers or another parser does not wait for its second."""
    shown = steady(Steady(), _judged(1000.0, "FETCH-BOUND"))
    new = steady(shown, _judged(1000.1, "OTHER", **urgent))  # type: ignore[arg-type]
    assert new.word == "OTHER"


def test_nothing_works_on_a_crawl_that_has_ended() -> None:
    """A last snapshot from the middle of the work is shown without workers that do not exist."""
    now = at_rest(busy_snapshot())
    assert (now.fetch.busy, now.parse.busy, now.stages.fetching, now.stages.parsing) == (0, 0, 0, 0)
    assert (now.oldest, now.futures, now.eta) == (None, (), None)
    assert not any(worker.doing for worker in now.workers)
    assert now.done == busy_snapshot().done


def test_only_the_clock_of_a_paused_crawl_goes_on() -> None:
    """Snapshots that differ in their clock look the same, others do not."""
    now = busy_snapshot()
    later = msgspec.structs.replace(now, sequence=9, at=now.at + 5, elapsed=now.elapsed + 5)
    assert looks_same(later, now)
    assert not looks_same(msgspec.structs.replace(later, done=now.done + 1), now)
    assert not looks_same(now, None)


def test_retry_counts_what_the_engine_asks_again(client: FakeClient) -> None:
    """R counts the outcomes that the engine tries again, and hosts without a robots.txt."""
    steering = Steering(client)
    steering.latest = Snapshot(
        outcomes={outcome.value: 1 for outcome in WORTH_ANOTHER_TRY} | {"ok": 50, "robots": 9},
        hosts=(
            HostView("https://a.test", True, done=5, state="robots unavailable"),
            HostView("https://b.test", True, done=70),
        ),
    )
    assert steering.failed() == len(WORTH_ANOTHER_TRY) + 5
    assert Outcome.CLIENT_ERROR not in WORTH_ANOTHER_TRY


def test_a_process_that_dies_is_seen(session: FakeSession, client: FakeClient) -> None:
    """The last snapshot of a dead engine keeps its number, and is told all the same."""
    now = client.snapshot()
    assert now is not None

    async def scenario(it: Drive) -> None:
        client.show(sequence=now.sequence, state="failed", error="The engine ended unexpectedly.")
        await it.settle()
        assert it.shows(" FAILED ")
        assert it.shows("ended unexpectedly. q quits")
        assert it.shows("0 busy / 16 target")
        await it.press("plus", "q")

    ending = drive(CrawlApp(session, client), scenario)
    assert ending is not None
    assert client.sent == []
    assert ending.reason == "quit"


def test_a_looked_at_crawl_whose_process_ends() -> None:
    """Who only looks on is told that the process has ended, not that he stopped it."""
    stopped = msgspec.structs.replace(busy_snapshot(), state="stopped")
    assert verdict(stopped, read_only=True)[1].startswith("its process has ended: 4,812 URLs")
    assert "its process" not in verdict(stopped)[1]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_keys_that_do_nothing_are_not_named(
    session: FakeSession, client: FakeClient, size: tuple[int, int]
) -> None:
    """Pools and stages name their keys while the crawl runs, and no longer at its end."""

    async def scenario(it: Drive) -> None:
        assert it.shows("+ −")
        assert it.shows("< >")
        client.show(state="finished")
        await it.settle()
        for key in ("+ −", "< >", "x cancels", "so far"):
            assert not it.shows(key)

    drive(CrawlApp(session, client), scenario, size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_file_that_nobody_crawls(store: Path, size: tuple[int, int]) -> None:
    """A crawl file shows its averages and where the results are, and no empty gauges."""
    still = Snapshot(sequence=1, state="finished", done=600, elapsed=60.0, broken=2)
    client = FakeClient(store, snapshot=still, read_only=True)

    async def scenario(it: Drive) -> None:
        assert it.shows("600 URLs, 2 broken: 3 shows them, s saves a CSV, q quits")
        assert it.shows("no workers now")
        assert it.shows("on average 10.0 URLs/s")
        assert it.shows("2 shows all results")
        assert not it.shows("0 max")

    drive(CrawlApp(FakeSession(store, client), client), scenario, size)


def test_a_url_that_was_not_asked_for_has_no_number() -> None:
    """A line of a URL that ended without a future says so."""
    row = busy_snapshot().completions[0]
    refused = msgspec.structs.replace(row, kind="none", number=0)
    texts = [finished((one,), "").cells(0)[1][0] for one in (row, refused)]
    assert texts == [f"{row.kind} #{row.number}", "not asked"]


def test_snug_columns_are_as_wide_as_their_texts() -> None:
    """A column of names takes what the longest needs, as long as others keep a third."""
    grid = Grid("", (Column("", 0, snug=True), Column("", 0)))
    for name, width in (("a" * 30, 30), ("a" * 90, 38), ("a", 28)):
        grid.feed = ListFeed([(1, ((name, ""), ("x", "")))])
        assert grid._shown(60)[0][2] == width
