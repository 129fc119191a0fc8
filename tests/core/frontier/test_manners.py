"""Politeness: rates, requests at once, Crawl-delay, waits that hosts ask for."""

from __future__ import annotations

import pytest

from crawler_core.config import CrawlConfig
from crawler_core.frontier.host import Host, Limits, limits_for
from crawler_core.model import Outcome
from tests.core.frontier.rows import FAR, LOCAL, REMOTE, add, claimed, frontier, rules


@pytest.mark.parametrize(
    ("options", "host", "internal", "rate", "at_once"),
    [
        ({}, REMOTE, True, 10.0, 5),
        ({}, FAR, False, 10.0, 1),
        ({}, LOCAL, True, 0.0, 0),
        ({}, "http://[::1]:8000", True, 0.0, 0),
        ({}, "http://demo.localhost", True, 0.0, 0),
        ({}, LOCAL, False, 0.0, 1),
        ({"speed": "gentle"}, REMOTE, True, 1.0, 1),
        ({"speed": "gentle"}, LOCAL, True, 1.0, 1),
        ({"speed": "normal"}, LOCAL, True, 10.0, 5),
        ({"speed": "mine"}, REMOTE, True, 0.0, 0),
        ({"speed": "mine"}, FAR, False, 10.0, 1),
        ({"rate": 2.5}, REMOTE, True, 2.5, 5),
        ({"rate": 50.0}, REMOTE, True, 50.0, 5),
        ({"rate": 50.0}, FAR, False, 10.0, 1),
        ({"rate": 2.0}, FAR, False, 2.0, 1),
        ({"rate": 0.0}, REMOTE, True, 0.0, 5),
        ({"rate": 0.0}, FAR, False, 10.0, 1),
        ({"rate": 3.0}, LOCAL, True, 3.0, 0),
        ({"per_host": 8}, REMOTE, True, 10.0, 8),
        ({"per_host": 0}, REMOTE, True, 10.0, 0),
        ({"per_host": 8}, FAR, False, 10.0, 1),
    ],
)
def test_limits(
    options: dict[str, object], host: str, internal: bool, rate: float, at_once: int
) -> None:
    """Speed, --rate and --per-host give each kind of host its limits; 0 is without."""
    config = CrawlConfig(start_urls=(f"{REMOTE}/",), **options)  # type: ignore[arg-type]
    assert limits_for(config, host, internal) == Limits(rate, at_once)


def _host(rate: float = 10.0, at_once: int = 5) -> Host:
    return Host(REMOTE, True, Limits(rate, at_once))


def test_the_window_starts_at_one_and_grows_to_the_limit() -> None:
    """While answers stay quick one more request at once is allowed for each window of them."""
    host = _host()
    seen = []
    for url_id in range(1, 30):
        seen.append(host.window)
        host.answered(0.1, good=True)
        assert host.has_room
        host.in_flight = set(range(1, 1 + int(host.window)))
        assert not host.has_room
        host.in_flight = set()
        assert url_id
    assert seen[:2] == [1.0, 2.0]
    assert seen[-1] == 5.0
    assert seen == sorted(seen)


def test_the_window_shrinks_under_strain() -> None:
    """Slow answers take a fifth of the window, failures half of it, never below one."""
    host = _host()
    for _ in range(30):
        host.answered(0.1, good=True)
    host.answered(0.5, good=True)
    assert host.window == 4.0
    host.answered(0.1, good=False)
    assert host.window == 2.0
    for _ in range(5):
        host.answered(0.1, good=False)
    assert host.window == 1.0


def test_a_host_without_limit_is_never_full() -> None:
    """The window of one's own machine stays open whatever its answers are."""
    host = _host(0.0, 0)
    host.in_flight = set(range(300))
    host.answered(9.0, good=False)
    assert host.has_room


def test_requests_keep_the_distance_of_the_rate() -> None:
    """At 10 a second no two requests to a host are closer than 100 ms."""
    known = frontier(per_host=0)
    ids = [add(known, f"{REMOTE}/{number}") for number in range(4)]
    sent = [(moment, claimed(known, moment)) for moment in (0.0, 0.09, 0.1, 0.19, 0.25, 0.34, 0.35)]
    assert [(moment, found) for moment, found in sent if found] == [
        (0.0, ids[:1]),
        (0.1, ids[1:2]),
        (0.25, ids[2:3]),
        (0.35, ids[3:]),
    ]


def test_crawl_delay_outweighs_the_rate() -> None:
    """robots.txt's delay is kept between sends, up to 30 s."""
    known = frontier(ignore_robots=False, per_host=0)
    first, second = add(known, f"{REMOTE}/a"), add(known, f"{REMOTE}/b")
    known.claim(0.0)
    known.set_robots(REMOTE, "ok", rules("Crawl-delay: 7"))
    assert claimed(known, 1.0) == [first]
    assert claimed(known, 7.9) == []
    assert known.next_wake() == 8.0
    assert claimed(known, 8.0) == [second]


def test_external_hosts_get_one_request_at_a_time() -> None:
    """The second request to an external host waits for the answer to the first."""
    known = frontier()
    first, second = add(known, f"{FAR}/a"), add(known, f"{FAR}/b")
    assert claimed(known, 0.0) == [first]
    assert claimed(known, 5.0) == []
    known.fetched(first)
    assert claimed(known, 5.0) == [second]
    assert known.in_flight == 2  # the first one is still to be parsed


def test_an_external_host_that_becomes_internal_gets_its_limits() -> None:
    """A site that a start URL redirects to is crawled like the start URL's own."""
    known = frontier()
    url_id = add(known, f"{FAR}/a")
    assert known.hosts[FAR].at_once == 1
    known.promote(url_id, known.table.row(url_id).role, internal=True)
    assert (known.hosts[FAR].internal, known.hosts[FAR].at_once) == (True, 5)


def test_a_new_rate_keeps_the_distance_to_the_last_request() -> None:
    """Pressing a key for another rate sends nothing by itself."""
    known = frontier(per_host=0)
    first, second = add(known, f"{REMOTE}/a"), add(known, f"{REMOTE}/b")
    assert claimed(known, 0.0) == [first]
    host = known.hosts[REMOTE]
    for rate in (5.0, 2.0, 0.5):
        host.set_rate(rate)
        known.list_anew(host)
        assert claimed(known, 0.05) == []
    assert known.next_wake() == 2.0
    host.set_rate(20.0)
    known.list_anew(host)
    assert claimed(known, 0.05) == [second]


def test_answers_to_one_burst_count_as_one_throttling() -> None:
    """Ten requests that were under way do not make the wait a thousand times longer."""
    host = _host()
    host.throttled(0.0, 2.0)
    for _ in range(9):
        assert host.streak_at(0.1) == 1
        host.throttled(0.1, 2.0)
    assert host.snoozed_until == 2.1
    assert host.streak_at(2.1) == 2


def test_waits_are_host_wide_and_the_longest_counts() -> None:
    """A shorter Retry-After does not cut a longer one short."""
    known = frontier()
    first, second = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/b")
    assert claimed(known, 0.0) == [first, second]
    known.throttle(first, 1.0, 100.0)
    known.throttle(second, 2.0, 5.0)
    assert claimed(known, 100.9) == []
    assert len(claimed(known, 101.0)) == 2


@pytest.mark.parametrize("key", ["hold", "close", "fail", "nothing"])
def test_no_key_cuts_a_retry_after_short(key: str) -> None:
    """Opened by hand, a host is left alone for as long as it asked for, whatever was done to it."""
    known = frontier()
    first, second = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/b")
    assert claimed(known, 0.0) == [first, second]
    known.throttle(first, 1.0, 100.0)
    if key == "hold":
        known.hold_host(LOCAL)
    elif key == "close":
        known.close_host(LOCAL, "skipped by you")
    elif key == "fail":
        for number in range(20):
            known.hosts[LOCAL].breaker.record(number, Outcome.THROTTLED, 1.0)
        assert known.hosts[LOCAL].breaker.is_open
    known.open_host(LOCAL)
    assert claimed(known, 100.9) == []
    assert claimed(known, 101.0) == [first]


def test_a_failing_host_is_probed_alone_and_then_given_up() -> None:
    """One request after 60, 120 and 240 s; then the host's URLs stay waiting."""
    known = frontier()
    for number in range(30):
        add(known, f"{LOCAL}/{number}")
    host = known.hosts[LOCAL]
    now = 0.0
    for url_id in claimed(known, now)[:20]:
        known.finish(url_id)
        host.breaker.record(url_id, Outcome.SERVER_ERROR, now)
    for url_id in sorted(host.in_flight):
        known.release(url_id)
    for wait in (60.0, 120.0, 240.0):
        assert claimed(known, now + wait - 0.1) == []
        now += wait
        (probe,) = claimed(known, now)
        known.finish(probe)
        host.breaker.record(probe, Outcome.SERVER_ERROR, now)
    assert host.breaker.given_up
    assert claimed(known, now + 1_000) == []
    assert known.is_done
    assert known.waiting == known.shelved == 7
    known.open_host(LOCAL)
    assert len(claimed(known, now)) == 7


def test_a_rate_set_by_a_key_stays_when_a_host_becomes_internal() -> None:
    """Only its requests at once change then; a rate that nobody set follows the limits."""
    known = frontier(rate=50.0)
    slow, other = known.host(f"{FAR}/", False), known.host("https://b.test/", False)
    slow.set_rate(0.5)
    for key in (FAR, "https://b.test"):
        known.host(f"{key}/", True)
    assert (slow.rate, slow.at_once) == (0.5, 5)
    assert (other.rate, other.at_once) == (50.0, 5)


@pytest.mark.parametrize("key", ["hold", "close"])
def test_what_was_only_held_or_skipped_keeps_its_breaker(key: str) -> None:
    """Taken up again, a host that failed is probed as if it had not been left alone."""
    known = frontier()
    first = add(known, f"{LOCAL}/a")
    host = known.hosts[LOCAL]
    for number in range(20):
        host.breaker.record(number, Outcome.SERVER_ERROR, 0.0)
    if key == "hold":
        known.hold_host(LOCAL)
    else:
        known.close_host(LOCAL, "skipped by you")
    known.open_host(LOCAL)
    assert host.breaker.is_open
    assert not host.closed
    assert host.note != "skipped by you"
    assert claimed(known, 59.0) == []
    assert claimed(known, 60.0) == [first]
    known.open_host(LOCAL)  # it is neither held nor skipped: that means its breaker
    assert not host.breaker.is_open
