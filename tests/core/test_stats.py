"""Counters, rates and meters over made-up moments."""

from __future__ import annotations

import pytest

from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from crawler_core.stats import HISTORY_SECONDS, Meter, Pulse, Stats

START = 1_000.0


def _fetched(stats: Stats, at: float, seconds: float = 0.1, size: int = 100) -> None:
    request = FetchRequest(1, 1, "http://a.test/", Purpose.CRAWL)
    stats.fetched(FetchResult(request, Outcome.OK, seconds=seconds, wire_bytes=size), START + at)


def test_rates_are_means_over_the_last_full_seconds() -> None:
    """What happened in the three seconds before this one counts, nothing else does."""
    stats = Stats(START)
    for at in (0.5, 2.1, 3.2, 3.9, 4.5, 4.6, 4.7, 5.1):
        _fetched(stats, at)
    stats.parsed(6, 0.5, START + 4.0)
    stats.discovered(9, START + 3.0)
    rates = stats.rates(START + 5.5)
    assert (rates.fetches, rates.bytes) == (2.0, 200.0)
    assert (rates.parses, rates.new_urls) == (2.0, 3.0)


def test_each_full_second_is_known_by_its_number() -> None:
    """Answers by which no server refused, the median of all, and pages that were parsed."""
    stats = Stats(START)
    for at, seconds in ((4.1, 0.1), (4.2, 0.2), (4.9, 0.9)):
        _fetched(stats, at, seconds)
    request = FetchRequest(1, 1, "http://a.test/", Purpose.CRAWL)
    stats.fetched(FetchResult(request, Outcome.THROTTLED, seconds=0.3), START + 4.95)
    stats.parsed(5, 0.1, START + 4.97)
    _fetched(stats, 6.0)
    assert stats.second_of(START + 6.5) == 6
    assert stats.pulse(4) == Pulse(good=3, parses=5, p50=0.3)
    assert stats.pulse(5) == Pulse()


def test_rates_of_the_first_moments() -> None:
    """The first second shows what there is, the next ones divide by what has passed."""
    stats = Stats(START)
    assert stats.rates(START).fetches == 0.0
    _fetched(stats, 0.2)
    _fetched(stats, 0.4)
    assert stats.rates(START + 0.5).fetches == 2.0
    assert stats.rates(START + 1.0).fetches == 2.0
    assert stats.rates(START + 2.0).fetches == 1.0


def test_rates_fall_to_zero_when_nothing_happens() -> None:
    """A pause shows within three seconds; latencies are forgotten after ten."""
    stats = Stats(START)
    _fetched(stats, 0.0, seconds=0.2)
    rates = stats.rates(START + 5)
    assert (rates.fetches, rates.p50_ms) == (0.0, 200.0)
    assert stats.rates(START + 12).p50_ms == 0.0


def test_percentiles() -> None:
    """Half of the answers were quicker than p50, 95 of 100 than p95, in whatever order."""
    stats = Stats(START)
    for number in (*range(0, 100, 2), *range(99, 0, -2)):
        _fetched(stats, number / 50, seconds=number / 1000)
    rates = stats.rates(START + 2)
    assert (rates.p50_ms, rates.p95_ms) == (pytest.approx(50), pytest.approx(95))


def test_history_has_a_row_for_each_full_second() -> None:
    """Quiet seconds are rows of zeros; the running second is not shown yet."""
    stats = Stats(START)
    _fetched(stats, 0.5, seconds=0.3, size=10)
    _fetched(stats, 2.5, seconds=0.1, size=20)
    stats.parsed(4, 0.1, START + 2.6)
    _fetched(stats, 3.1)
    assert stats.history(START + 3.5) == (
        (1.0, 0.0, 300.0, 10.0),
        (0.0, 0.0, 0.0, 0.0),
        (1.0, 4.0, 100.0, 20.0),
    )


def test_history_is_bounded() -> None:
    """After an hour there are two minutes of rows, and they are the last ones."""
    stats = Stats(START)
    for second in range(3_600):
        _fetched(stats, second, size=second)
    rows = stats.history(START + 3_600)
    assert len(rows) == HISTORY_SECONDS
    assert (rows[0][3], rows[-1][3]) == (3_480.0, 3_599.0)


def test_an_answer_between_two_looks_is_not_lost() -> None:
    """Looking at the numbers does not change them."""
    stats = Stats(START)
    _fetched(stats, 0.1, seconds=0.5)
    assert stats.rates(START + 0.2).p50_ms == 500.0
    _fetched(stats, 0.3, seconds=0.1)
    _fetched(stats, 0.4, seconds=0.2)
    assert stats.rates(START + 0.5).p50_ms == 200.0


def test_counts_can_be_taken_back() -> None:
    """A URL that is asked for again leaves no trace of its first end."""
    stats = Stats(START)
    stats.count(Outcome.OK, 200, internal=True)
    before = (stats.stored, stats.internal_done, stats.broken, +stats.outcomes, +stats.statuses)
    stats.count(Outcome.SERVER_ERROR, 500, internal=True)
    assert (stats.stored, stats.internal_done, stats.broken) == (2, 2, 1)
    stats.count(Outcome.SERVER_ERROR, 500, internal=True, by=-1)
    after = (stats.stored, stats.internal_done, stats.broken, +stats.outcomes, +stats.statuses)
    assert after == before


@pytest.mark.parametrize(
    ("outcome", "broken"),
    [
        (Outcome.OK, 0),
        (Outcome.CLIENT_ERROR, 1),
        (Outcome.TIMEOUT, 1),
        (Outcome.BLOCKED, 0),
        (Outcome.ROBOTS, 0),
        (Outcome.THROTTLED, 0),
    ],
)
def test_what_counts_as_broken(outcome: Outcome, broken: int) -> None:
    """A bot wall, a polite refusal and robots.txt make no broken link."""
    stats = Stats(START)
    stats.count(outcome, 0, internal=False)
    assert (stats.broken, stats.internal_done) == (broken, 0)


def test_completions_and_log_are_bounded_and_numbered() -> None:
    """Only the newest lines are kept, and gaps can be seen from their numbers."""
    stats = Stats(START)
    for number in range(1_000):
        stats.complete(0.0, "fetch", number, "T01", "200 ok", "ok", 1.0, 10, "http://a.test/")
        stats.tell(0.0, "info", f"line {number}")
    assert [stats.completions[0].serial, stats.completions[-1].serial] == [801, 1_000]
    assert [stats.log[0].serial, stats.log[-1].serial] == [501, 1_000]


def test_utilisation_is_the_share_of_busy_time() -> None:
    """Four workers of which one worked all the time and one half of it: 3/8."""
    meter = Meter()
    meter.worked(101.5, 1.5)
    meter.worked(103.0, 3.0)
    assert meter.utilisation(103.0, 4) == pytest.approx(4.5 / 12)
    assert meter.utilisation(104.5, 4) == pytest.approx(1.5 / 12)
    assert meter.utilisation(200.0, 4) == 0.0
    assert meter.utilisation(103.0, 1) == 1.0
    assert meter.utilisation(103.0, 0) == 0.0


def test_utilisation_holds_at_high_speed() -> None:
    """Thousands of short pieces of work a second are all counted, and then forgotten."""
    meter = Meter()
    for number in range(60_000):
        meter.worked(number / 2_000, 0.004)
    assert meter.utilisation(30.0, 16) == pytest.approx(0.5, rel=0.04)  # one grain of 30
    assert len(meter._busy) < 7_000


def test_waits_are_means_of_the_last_seconds() -> None:
    """Queue waits are shown in milliseconds and forgotten after three seconds."""
    meter = Meter()
    assert meter.wait_ms(0.0) == 0.0
    meter.waited(10.0, 0.1)
    meter.waited(12.0, 0.3)
    assert meter.wait_ms(12.5) == pytest.approx(200)
    assert meter.wait_ms(13.5) == pytest.approx(300)
    assert meter.wait_ms(16.0) == 0.0
