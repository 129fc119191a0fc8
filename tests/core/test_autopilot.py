"""The climber on made-up sites: it finds nearly the best numbers, and breaks no limit."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.autopilot import LAST_WAIT, Autopilot, Sight
from crawler_core.pace import Pace, Strain, paced, strained
from tests.core.frontier.rows import REMOTE, add, claimed, frontier


class Second(NamedTuple):
    """What a site gives to so many workers in a second."""

    good: float
    parses: float
    p50: float = 0.1
    busy: float = 1.0
    short: bool = False
    parse_busy: float = 1.0


Site = Callable[[int, int], Second]
Row = tuple[float, float, float]


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


def easily_parsed(fetch: int, parse: int) -> Second:
    """A distant server as above, with pages of which one process reads 1,500 a second."""
    now = latency_bound(fetch, parse)
    return now._replace(parse_busy=now.parses / 1500 / parse)


def then(first: Site, second: Site, at: int) -> Site:
    """A site that becomes another one after so many seconds."""
    clock = itertools.count()
    return lambda fetch, parse: (first if next(clock) < at else second)(fetch, parse)


def getting_slower(fetch: int, parse: int, seconds: int = 0) -> Second:
    """A distant server whose answers take a second longer each ten minutes."""
    wait = 0.1 + seconds / 600
    rate = min(fetch / wait, 300.0)
    return Second(rate, rate, max(wait, fetch / 300))


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
            parse_busy=now.parse_busy,
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


@pytest.mark.parametrize(
    ("site", "start", "seconds"),
    [(latency_bound, (4, 1), 14), (parse_bound, (4, 1), 21), (latency_bound, (1, 1), 20)],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_clear_is_found_soon(
    site: Site, start: tuple[int, int], seconds: int, seed: int
) -> None:
    """Where each step brings much, none takes longer than it has to."""
    flight = fly(site, *start, noise=0.03, seed=seed)
    lately = flight.rates[seconds : seconds + 8]
    assert sum(lately) / len(lately) >= 0.85 * best_of(site)


@pytest.mark.parametrize("seed", range(6))
def test_a_gain_is_not_lost_to_how_a_crawl_begins(seed: int) -> None:
    """The first second of a crawl, in which hardly anything is done yet, is compared with none."""
    starting = then(lambda fetch, parse: Second(2, 1, short=True), parse_bound, 1)
    steps = fly(starting, 16, 1, seed=seed, parse_max=2, seconds=30).steps
    assert not any("back to 1" in step for step in steps)


@pytest.mark.parametrize("start", [1, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_new_processes_take_their_time_to_start(start: int, seed: int) -> None:
    """What a pool does not do while it starts says nothing about its size."""
    known, since = 1, 99

    def slow(fetch: int, parse: int) -> Second:
        nonlocal known, since
        known, since = parse, 0 if parse != known else since + 1
        now = parse_bound(fetch, parse)
        return now._replace(parses=0.0, short=True) if 0 < since <= start else now

    steps = fly(slow, 16, 1, seed=seed, parse_max=2, seconds=30).steps
    assert any("1 → 2 parse workers" in step for step in steps)
    assert not any("back to 1" in step for step in steps)


@pytest.mark.parametrize("seed", range(4))
def test_all_parse_workers_are_kept_busy(seed: int) -> None:
    """Pages wait now and then, but not always: more fetch workers, until nothing reads more."""

    def unsteady(fetch: int, parse: int) -> Second:
        parsed = 60.0 * parse * min(1.0, 0.6 + fetch / 40)
        return Second(parsed, parsed, 0.05, 0.95, short=True, parse_busy=parsed / 60 / parse)

    flight = fly(unsteady, parse_max=2, seconds=90, seed=seed)
    assert 12 <= flight.fetch <= 48
    assert sum(flight.rates[-30:]) / 30 >= 0.95 * 120
    assert any("fetch workers" in step and "parses/s" in step for step in flight.steps)


@pytest.mark.parametrize("seed", range(4))
def test_parse_workers_that_are_not_needed_are_given_back(seed: int) -> None:
    """Where one process reads all that comes, others are left to the machine; once and for all."""
    flight = fly(easily_parsed, 64, 4, seconds=400, seed=seed)
    assert flight.parse == 1
    assert sum(flight.rates[-90:]) / 90 >= 0.9 * best_of(easily_parsed)
    assert len([step for step in flight.steps if "parse workers" in step]) <= 3


def test_parse_workers_do_not_go_to_and_fro() -> None:
    """What seems idle and turns out to be needed is tried again less and less often."""

    def deceptive(fetch: int, parse: int) -> Second:
        rate = 100.0 if parse > 1 else 60.0  # one is too few, though two are half idle
        return Second(rate, rate, 0.1, 0.5, short=parse == 1, parse_busy=0.3)

    flight = fly(deceptive, 8, 2, seconds=1800, parse_max=2)
    downs = [step for step in flight.steps if "2 → 1" in step]
    assert 1 <= len(downs) <= 9
    assert sum(flight.rates[-600:]) / 600 >= 98


@pytest.mark.parametrize(
    ("first", "second"),
    [(rate_limited, latency_bound), (latency_bound, parse_bound), (parse_bound, latency_bound),
     (latency_bound, slowing_down)],
)  # fmt: skip
@pytest.mark.parametrize("seed", [1, 2])
def test_a_site_that_changes_is_measured_anew(first: Site, second: Site, seed: int) -> None:
    """Other sections, other answers: from what it had settled for it finds the new best."""
    flight = fly(then(first, second, 120), seconds=260, seed=seed)
    assert sum(flight.rates[-60:]) / 60 >= 0.9 * best_of(second)


@pytest.mark.parametrize("seed", range(4))
def test_answers_that_get_slower_and_slower_need_more_workers(seed: int) -> None:
    """A slow change is no sudden one, and is followed all the same."""
    clock = itertools.count()
    flight = fly(lambda f, p: getting_slower(f, p, next(clock)), 4, seconds=420, seed=seed)
    assert sum(flight.rates[-90:]) / 90 >= 0.9 * 300


def test_when_it_is_settled_it_says_so_and_rests() -> None:
    """At the best number it mostly leaves the workers alone, and says that it has settled."""
    pilot, fetch, changes, words = Autopilot(), 90, 0, set[str]()
    for at in range(1, 600):
        now = latency_bound(fetch, 1)
        sight = Sight(
            at=at, fetch=fetch, parse=1, fetch_max=256, parse_max=1,
            good=round(now.good), parses=round(now.good), p50=now.p50,
        )  # fmt: skip
        order = pilot.look(sight)
        if order is not None:
            fetch, changes = order.target, changes + 1
        words.add(pilot.says)
    assert changes <= 50
    assert "autopilot: settled at 90 fetch and 1 parse workers, it measures again now and then" in (
        words
    )


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


@given(
    st.sampled_from([3.0, 10.0, 40.0]),
    st.sampled_from([0.0, 5.0, 20.0]),
    st.lists(
        st.tuples(
            st.sampled_from(["", "", "refuse", "refuse at once"]),
            st.sampled_from([0.5, 2.0, 7.5]),
            st.sampled_from(["", "", "", "open", "hold", "skip", "faster"]),
        ),
        min_size=5,
        max_size=25,
    ),
)
def test_no_pace_and_no_key_breaks_what_a_host_may_be_asked(
    rate: float, ceiling: float, seconds: list[tuple[str, float, str]]
) -> None:
    """Whatever a host refuses and whoever steers: Retry-After, rate and --max-rate are kept."""
    known, pace = frontier(rate=rate, max_rate=ceiling), Pace()
    for number in range(600):
        add(known, f"{REMOTE}/{number}")
    host = known.hosts[REMOTE]
    quiet_until, last = 0.0, -1e9
    for second, (answer, wait, key) in enumerate(seconds):
        good, refusals = 0, 0
        for tick in range(20):
            now = second + tick / 20
            for url_id in claimed(known, now):
                assert now >= quiet_until
                assert now - last >= 1 / host.rate - 1e-9
                assert not ceiling or host.rate <= ceiling
                assert not pace.rate or now - last >= 1 / pace.rate - 1e-9
                last = now
                if answer and (tick == 0 or answer == "refuse at once"):
                    refusals += 1
                    quiet_until = max(quiet_until, now + wait)
                    if known.throttle(url_id, now, wait):
                        continue
                else:
                    good += 1
                known.finish(url_id)
        pace = paced(pace, float(second), seen=float(good), refuses=refusals > 0)
        host.set_pace(pace.rate)
        if key == "faster":
            host.set_rate(host.rate * 1.5)
            known.list_anew(host)
        elif key == "hold":
            known.hold_host(REMOTE)
        elif key == "skip":
            known.close_host(REMOTE, "skipped by you")
        elif key == "open":
            known.open_host(REMOTE)


def _bucket(rate: float, size: float, own: float, *, after: int, seconds: int) -> list[Row]:
    """Each second: rate asked, good answers and refusals of a host that allows bursts."""
    pace, tokens, asleep, before, rows = Pace(), size, 0, 0.0, list[Row]()
    for at in range(seconds):
        tokens = min(size, tokens + rate)
        asked = 0.0 if asleep else min(own, pace.rate or own)
        asleep = max(0, asleep - 1)
        good = min(asked, tokens)
        tokens -= good
        refuses = asked - good > 0.01
        asleep = after if refuses else asleep
        seen = max(good, before) if refuses else good
        pace, before = paced(pace, float(at), seen=seen, refuses=refuses), good
        rows.append((asked, good, asked - good))
    return rows


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(("rate", "size"), [(3.0, 60.0), (5.0, 20.0)])
def test_a_host_that_allows_bursts_is_cut_until_it_bears_the_rate(
    rate: float, size: float, after: int
) -> None:
    """All that it bears is used, a burst of refusals ends soon, and few requests are refused."""
    rows = _bucket(rate, size, 20.0, after=after, seconds=600)
    asked, good, bad = (sum(column) for column in zip(*rows, strict=True))
    assert good / 600 >= 0.95 * rate
    assert bad / asked <= 0.06
    spell = longest = 0
    for at, (_, _, refused) in enumerate(rows):
        spell = spell + 1 if refused > 0.01 else 0
        longest = max(longest, spell)
        assert at < 60 or rows[at][0] <= 2 * rate
    assert longest <= 15


@pytest.mark.parametrize(
    ("bad", "end"), [(lambda at: True, 20), (lambda at: at % 4 == 0, 80)], ids=["20 s", "20 in 80"]
)
def test_a_short_fault_is_made_good_in_two_minutes(bad: Callable[[int], bool], end: int) -> None:
    """After twenty seconds with a third of server errors nine tenths of the rate are back."""
    pace, own, before = Pace(), 50.0, 0.0
    for at in range(end + 125):
        rate = min(own, pace.rate or own)
        fails = at < end and bad(at)
        good = rate * 0.6 if fails else rate
        seen = max(good, before) if fails else good
        pace, before = paced(pace, float(at), seen=seen, refuses=fails, fails=fails), good
        if at == end:
            assert pace.rate < 0.5 * own  # it was held back while it failed
    assert pace.rate >= 0.9 * own


@pytest.mark.parametrize("limit", [3.0, 20.0, 50.0])
def test_the_pace_of_a_steady_host_does_not_swing(limit: float) -> None:
    """One cut from what it just refused, no more; then long just below it."""
    good, refusals = _against(limit, 600)
    settled = [each for each in good[60:] if each]
    assert min(settled) >= 0.84 * limit
    assert sum(good[60:]) / 540 >= 0.92 * limit
    assert refusals <= 14


def test_a_second_cut_needs_the_refusal_of_the_cut_rate() -> None:
    """What was under way when the rate was cut lowers neither the rate nor what was refused."""
    once = paced(Pace(), 10.0, seen=50.0, refuses=True)
    under_way = paced(once, 12.0, seen=50.0, refuses=True)
    assert (under_way.rate, under_way.refused) == (once.rate, once.refused) == (42.5, 50.0)
    again = paced(under_way, 13.0, seen=42.5, refuses=True)
    assert again.rate == pytest.approx(0.85 * 42.5)
    assert again.refused == 42.5
