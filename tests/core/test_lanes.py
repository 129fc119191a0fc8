"""Lanes of workers, limits of the watchdog and counts of futures, over made-up moments."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from crawler_core.engine.lanes import GRAIN, GRAINS, NAMELESS, Lane, Lanes, tone_of
from crawler_core.engine.tally import Tally
from crawler_core.engine.watchdog import FACTOR, KIN, LEAST, Kin, limit_of
from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose

NOW = 1_000.0


def test_a_lane_shows_when_it_was_busy() -> None:
    """A second of work fills four grains, those before and after stay empty."""
    lane = Lane(NOW)
    lane.worked(NOW + 1.0, NOW + 2.0, 1.0, "o")
    levels, tones = lane.drawn(NOW + 3.0)
    assert (levels[-8:], tones[-8:]) == ("88880000", "oooo    ")
    assert len(levels) == len(tones) == GRAINS - 1
    assert set(levels[:-8]) == {"0"}


def test_short_work_is_seen_and_adds_up() -> None:
    """A trace of work shows the lowest block, half a grain half of it, never more than all."""
    lane = Lane(NOW)
    lane.worked(NOW + 0.01, NOW + 0.011, 1.0, "o")
    lane.worked(NOW + 0.26, NOW + 0.26 + GRAIN / 4, 1.0, "o")
    lane.worked(NOW + 0.33, NOW + 0.33 + GRAIN / 4, 1.0, "o")
    lane.worked(NOW + 0.5, NOW + 0.75, 1.0, "o")
    lane.worked(NOW + 0.5, NOW + 0.75, 1.0, "o")
    assert lane.drawn(NOW + 0.75)[0][-3:] == "148"


def test_a_worker_that_computes_half_of_its_time() -> None:
    """What shares a CPU or a lock is occupied all the time, and filled to half."""
    lane = Lane(NOW)
    lane.worked(NOW, NOW + 1.0, 0.5, "o")
    assert lane.drawn(NOW + 1.0)[0][-4:] == "4444"


def test_colour_of_a_grain() -> None:
    """The longest piece of work colours a grain, but a failure is seen however short it is."""
    lane = Lane(NOW)
    lane.worked(NOW, NOW + 0.05, 1.0, "r")
    lane.worked(NOW + 0.05, NOW + 0.2, 1.0, "o")
    lane.worked(NOW + 0.25, NOW + 0.26, 1.0, "x")
    lane.worked(NOW + 0.26, NOW + 0.5, 1.0, "o")
    assert lane.drawn(NOW + 0.5)[1][-2:] == "ox"


def test_what_runs_now_fills_the_end_of_the_lane() -> None:
    """Work that has not ended is full up to now; what ended before keeps its colour."""
    lane = Lane(NOW)
    lane.worked(NOW, NOW + 0.3, 1.0, "b")
    levels, tones = lane.drawn(NOW + 1.0, since=NOW + 0.3)
    assert (levels[-4:], tones[-4:]) == ("8888", "bbnn")
    assert lane.drawn(NOW + 1.0)[0][-4:] == "8200"


@pytest.mark.parametrize("pause", [40.0, 4_000.0, 4_000_000.0])
def test_lanes_forget(pause: float) -> None:
    """After more than half a minute nothing is left, however long the pause was."""
    lane = Lane(NOW)
    lane.worked(NOW - 100.0, NOW, 1.0, "o")
    assert set(lane.drawn(NOW)[0]) == {"8"}
    assert set(lane.drawn(NOW + pause)[0]) == {"0"}
    assert lane.load(NOW + pause) == 0.0


def test_a_batch_that_waited_inside_the_pool() -> None:
    """A parse worker is busy from the end of its last batch on, not while the next one waits."""
    lanes = Lanes()
    lanes.parsed("P1", NOW + 1.0, NOW, 1.0, Outcome.OK)
    lanes.parsed("P1", NOW + 1.5, NOW + 0.5, 0.25, Outcome.OK)
    levels, _ = lanes.drawn("P1", NOW + 1.5)
    assert levels[-6:] == "888844"


def test_workers_that_die_with_their_pool() -> None:
    """All workers of a broken pool show it; a single one had the page all the time."""
    lanes = Lanes()
    lanes.died(["P1", "P2"], NOW + 2.0, NOW)
    lanes.died([], NOW + 2.0, NOW)
    assert [lanes.drawn(name, NOW + 2.0)[1][-3:] for name in ("P1", "P2")] == ["  x", "  x"]
    assert lanes.drawn(NAMELESS, NOW + 2.0)[1][-8:] == "xxxxxxxx"


def test_busiest_lanes_and_bounded_memory() -> None:
    """The busiest lanes are told of; names that nobody uses any more are forgotten."""
    lanes = Lanes()
    for number in range(1_000):
        seconds = 1.0 if number in {997, 3} else 0.1
        lanes.fetched(f"T{number}", NOW + number / 1000, seconds, Outcome.OK)
    assert len(lanes) <= 400
    names = [f"T{number}" for number in range(990, 1_000)]
    assert "T997" in lanes.busiest(names, NOW + 1, 2)
    assert lanes.busiest(names, NOW + 1, 10) == frozenset(names)


def test_every_outcome_has_a_tone() -> None:
    """An outcome is ok, moved, blocked, slowed down, broken, failed or cancelled."""
    tones = {outcome: tone_of(outcome) for outcome in Outcome}
    assert tones[Outcome.OK] == "o"
    assert tones[Outcome.CLIENT_ERROR] == tones[Outcome.SERVER_ERROR] == "b"
    assert tones[Outcome.TIMEOUT] == tones[Outcome.DNS] == tones[Outcome.PARSER_CRASHED] == "x"
    assert set(tones.values()) <= set("orkwbxc")


def test_limit_follows_the_slowest_of_the_kin() -> None:
    """A future is stuck when it is three times as old as 99 of 100 ever got, 5 s at the least."""
    assert limit_of([0.1] * 100) == LEAST
    assert limit_of([0.1] * 98 + [4.0, 4.0]) == FACTOR * 4.0
    assert limit_of(sorted([0.1] * 990 + [60.0] * 5)) == LEAST


def test_limit_of_a_young_crawl_is_generous() -> None:
    """Before enough futures have finished nothing is called stuck early."""
    kin = Kin()
    first = kin.limit
    kin.finished(0.1)
    assert kin.limit == first > LEAST
    for _ in range(30):
        kin.finished(0.1)
    assert kin.limit == LEAST


@pytest.mark.parametrize(("deadline", "most"), [(30.0, 24.0), (10.0, 8.0), (4.0, LEAST)])
def test_what_is_slow_as_a_rule_is_stuck_before_its_deadline(deadline: float, most: float) -> None:
    """However long futures take, one is called stuck while there is still something to do."""
    kin = Kin(deadline)
    assert kin.limit <= most
    for _ in range(50):
        kin.finished(20.0)
    assert kin.limit == most


def test_fetches_without_an_answer_are_no_kin() -> None:
    """Time-outs, resets and cancelled fetches do not make it usual that a fetch takes so long."""
    tally = Tally(timeout=30.0)
    for number in range(100):
        done: Future[Any] = Future()
        done.set_result(None)
        failed = (Outcome.TIMEOUT, Outcome.RESET, Outcome.CANCELLED)[number % 3]
        fetched(tally, done, seconds=0.1)
        fetched(tally, done, failed, seconds=29.0)
    assert tally.fetch_kin.limit == LEAST
    assert tally.fetches == 200


def test_kin_forgets() -> None:
    """A slow time is forgotten once enough quick futures have finished after it."""
    kin = Kin()
    for _ in range(50):
        kin.finished(20.0)
    assert kin.limit == FACTOR * 20.0
    for _ in range(KIN):
        kin.finished(0.2)
    assert kin.limit == LEAST


def fetched(
    tally: Tally, future: Future[Any], outcome: Outcome = Outcome.OK, *, seconds: float = 0.2
) -> None:
    request = FetchRequest(1, 1, "http://a.test/", Purpose.CRAWL)
    tally.fetched(future, FetchResult(request, outcome, seconds=seconds))


def test_tally_says_what_python_says() -> None:
    """Before its start a future is CANCELLED; one that ran finishes, cancelled or not."""
    tally = Tally()
    pending: Future[Any] = Future()
    assert pending.cancel() is True
    fetched(tally, pending, Outcome.CANCELLED)
    running: Future[Any] = Future()
    running.set_running_or_notify_cancel()
    assert running.cancel() is False
    running.set_result(None)
    fetched(tally, running, Outcome.CANCELLED)
    assert (tally.cancelled, tally.closed, tally.fetches) == (1, 1, 1)


def test_tally_counts_exceptions_by_name() -> None:
    """Exceptions are told by name, kind and what came of them, the most frequent first."""
    tally = Tally()
    failed: Future[Any] = Future()
    failed.set_exception(ValueError("x"))
    fetched(tally, failed)
    for again in (3, 1, 0):
        tally.parsed("BrokenProcessPool", again, 1.0)
    first, second = tally.raised
    assert (first.name, first.kind, first.count) == ("BrokenProcessPool", "parse", 3)
    assert first.note == "2 sent again alone, 1 given up"
    assert (second.name, second.kind, second.count) == ("ValueError", "fetch", 1)
    assert tally.fetches == tally.parses == 0


def test_tally_is_bounded() -> None:
    """However many names of exceptions there are, few are kept and all are counted."""
    tally = Tally()
    for number in range(100):
        tally.parsed(f"Error{number}", 1, 0.1)
    assert len(tally.raised) <= 10
    assert sum(view.count for view in tally.raised) == 100
