"""The climber on made-up sites: it finds nearly the best numbers, and breaks no limit."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.autopilot import (
    LAST_WAIT,
    Autopilot,
    Pace,
    Sight,
    Strain,
    paced,
    strained,
)


class Second(NamedTuple):
    """What a site gives to so many workers in a second."""

    good: float
    parses: float
    p50: float = 0.1
    busy: float = 1.0
    short: bool = False


Site = Callable[[int, int], Second]


def latency_bound(fetch: int, parse: int) -> Second:
    """A distant server: each answer takes 100 ms, and it has power for 900 a second."""
    rate = min(fetch / 0.1, 900.0)
    return Second(rate, rate, max(0.1, fetch / 900))


def parse_bound(fetch: int, parse: int) -> Second:
    """Pages of which one process reads 90 a second."""
    fetched, parsed = fetch / 0.05, 90.0 * parse
    if fetched > parsed:
        return Second(parsed, parsed, 0.05, 0.9, short=True)
    return Second(fetched, fetched, 0.05)


def rate_limited(fetch: int, parse: int) -> Second:
    """Our own politeness: 20 requests a second, however many workers there are."""
    rate = min(fetch / 0.1, 20.0)
    return Second(rate, rate, 0.1, min(1.0, 2 / fetch))


def slowing_down(fetch: int, parse: int) -> Second:
    """A server that gets slower for each that asks, and with many of them does less."""
    seconds = 0.1 * (1 + (fetch / 20) ** 2)
    return Second(fetch / seconds, fetch / seconds, seconds)


class Flight(NamedTuple):
    """How it went."""

    fetch: int
    parse: int
    rates: list[float]
    most_fetch: int
    most_parse: int
    steps: list[str]


def fly(
    site: Site,
    fetch: int = 4,
    parse: int = 1,
    *,
    fetch_max: int = 256,
    parse_max: int = 4,
    seconds: int = 180,
    noise: float = 0.05,
    seed: int = 1,
) -> Flight:
    """Crawl a made-up site for so many seconds under the autopilot."""
    chance, pilot = random.Random(seed), Autopilot()
    rates, steps, most_fetch, most_parse = [], [], fetch, parse
    for at in range(1, seconds + 1):
        now = site(fetch, parse)
        rates.append(min(now.good, now.parses))
        sight = Sight(
            at=float(at),
            fetch=fetch,
            parse=parse,
            fetch_max=fetch_max,
            parse_max=parse_max,
            good=round(max(0.0, chance.gauss(now.good, noise * now.good))),
            parses=round(max(0.0, chance.gauss(now.parses, noise * now.parses))),
            p50=now.p50,
            fetch_busy=now.busy,
            parse_short=now.short,
        )
        order = pilot.look(sight)
        if order is not None and order.kind == "fetch":
            fetch = order.target
        elif order is not None:
            parse = order.target
        most_fetch, most_parse = max(most_fetch, fetch), max(most_parse, parse)
        steps += [pilot.told] if pilot.told else []
    return Flight(fetch, parse, rates, most_fetch, most_parse, steps)


def best_of(site: Site, fetch_max: int = 256, parse_max: int = 4) -> float:
    """The rate of the best pair set by hand."""
    pairs = [(f, p) for f in range(1, fetch_max + 1) for p in range(1, parse_max + 1)]
    return max(min(site(*pair).good, site(*pair).parses) for pair in pairs)


@pytest.mark.parametrize("site", [latency_bound, parse_bound, rate_limited, slowing_down])
@pytest.mark.parametrize("start", [(1, 1), (4, 1), (64, 2)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_reaches_nine_tenths_of_the_best_pair(
    site: Site, start: tuple[int, int], seed: int
) -> None:
    """From wherever it starts, on each kind of site, with what its own tries cost."""
    flight = fly(site, *start, seed=seed)
    settled = flight.rates[-90:]
    assert sum(settled) / len(settled) >= 0.9 * best_of(site)


@pytest.mark.parametrize("site", [latency_bound, parse_bound, slowing_down])
def test_it_never_passes_what_may_be(site: Site) -> None:
    """Neither the greatest number of fetch workers nor the CPUs for parse workers."""
    flight = fly(site, fetch_max=24, parse_max=2)
    assert flight.most_fetch <= 24
    assert flight.most_parse <= 2


def test_politeness_is_no_reason_for_more() -> None:
    """Where a limit leaves workers idle, there is not one step."""
    assert fly(rate_limited, 8).steps == []


def test_each_step_is_told_with_its_gain() -> None:
    """What it did, what it brought, and whether it was taken back."""
    steps = fly(latency_bound, noise=0.0, seconds=60).steps
    assert steps[0] == "autopilot: 4 → 8 fetch workers, 40 → 80 fetches/s (+100 %)"
    assert steps[-1].startswith("autopilot: 105 → 73 fetch workers, 900 → 730 fetches/s (-19 %)")
    assert steps[-1].endswith(": back to 105")


def test_steps_that_fail_become_rare() -> None:
    """Ten minutes at the best number cost a try a minute at the most."""
    steps = fly(latency_bound, 90, seconds=600, noise=0.02).steps
    assert len([step for step in steps if "back to" in step]) <= 2 * 600 / LAST_WAIT + 4


def test_noise_is_no_gain() -> None:
    """A site that gives the same whatever one does: mostly the numbers stay where they are."""

    def same(fetch: int, parse: int) -> Second:
        return Second(50.0, 50.0, 0.1)

    ends = sorted(fly(same, 8, noise=0.2, seed=seed, seconds=120).fetch for seed in range(9))
    assert ends[4] <= 8
    assert ends[-1] <= 24


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(0, 5)), max_size=80),
    st.integers(1, 64),
    st.integers(1, 4),
)
def test_whatever_happens_the_numbers_stay_within_their_limits(
    seconds: list[tuple[float, float, float]], fetch: int, parse: int
) -> None:
    """Random seconds: orders lie between 1 and what may be."""
    pilot = Autopilot()
    for at, (good, parses, p50) in enumerate(seconds):
        order = pilot.look(
            Sight(
                at=float(at),
                fetch=fetch,
                parse=parse,
                fetch_max=64,
                parse_max=4,
                good=int(good),
                parses=int(parses),
                p50=p50,
                parse_short=parses > good,
            )
        )
        if order is not None and order.kind == "fetch":
            fetch = order.target
        elif order is not None:
            parse = order.target
        assert 1 <= fetch <= 64
        assert 1 <= parse <= 4


def test_void_seconds_say_nothing() -> None:
    """While hosts are left alone nothing is measured and nothing is changed."""
    pilot = Autopilot()
    for at in range(60):
        void = Sight(
            at=at, fetch=4, parse=1, fetch_max=64, parse_max=4, good=0, parses=0, is_void=True
        )
        assert pilot.look(void) is None
    assert pilot.says == "autopilot: measures first"


def _against(limit: float, seconds: int) -> tuple[list[float], int]:
    """Good answers of each second from a host that refuses above `limit`; how often it did."""
    pace, good, refusals, asleep = Pace(), [], 0, 0
    for at in range(seconds):
        asked = 0.0 if asleep else (pace.rate or 80.0)
        asleep = max(0, asleep - 1)
        refuses = asked > limit
        refusals += refuses
        asleep = 1 if refuses else asleep
        good.append(min(asked, limit))
        pace = paced(pace, float(at), seen=good[-1], refuses=refuses)
    return good, refusals


@pytest.mark.parametrize("limit", [3.0, 20.0, 50.0])
def test_a_host_that_refuses_is_held_just_below_its_limit(limit: float) -> None:
    """Nine tenths of what it bears, and hardly any refusal."""
    good, refusals = _against(limit, 300)
    assert sum(good[-200:]) / 200 >= 0.9 * limit
    assert refusals <= 12


def test_one_burst_is_one_refusal() -> None:
    """Ten refusals of requests that were under way do not cut the rate ten times."""
    once = paced(Pace(), 10.0, seen=50.0, refuses=True)
    again = paced(once, 11.0, seen=50.0, refuses=True)
    assert once.rate == pytest.approx(42.5)
    assert again.rate == once.rate


def test_a_host_that_never_refused_has_no_pace() -> None:
    """Nothing is held back without a reason."""
    pace = Pace()
    for at in range(100):
        pace = paced(pace, float(at), seen=500.0, refuses=False)
    assert pace.rate == 0.0


def test_a_host_that_gets_slower_for_nothing_is_noticed() -> None:
    """Twice as slow for three seconds without more answers; not if there are more of them."""
    strain, told = Strain(), []
    for p50, seen in [(0.1, 40.0)] * 5 + [(0.3, 40.0)] * 3:
        strain, is_strained = strained(strain, p50=p50, seen=seen)
        told.append(is_strained)
    assert told == [False] * 7 + [True]
    strain, told = Strain(), []
    for p50, seen in [(0.1, 40.0)] * 5 + [(0.3, 90.0)] * 10:
        strain, is_strained = strained(strain, p50=p50, seen=seen)
        told.append(is_strained)
    assert not any(told)
