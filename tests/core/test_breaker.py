"""The breaker: opens on a run of failures, probes, gives up, and is not fooled."""

from __future__ import annotations

import pytest

from crawler_core.frontier.breaker import FAILURES, FIRST_PROBE, LOST, WINDOW, Breaker
from crawler_core.model import Outcome


def _open(outcome: Outcome = Outcome.SERVER_ERROR, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for url_id in range(1, WINDOW + 1):
        breaker.record(url_id, outcome, now)
    assert breaker.is_open
    return breaker


def _probe(breaker: Breaker, outcome: Outcome, now: float, url_id: int = 99) -> tuple[int, ...]:
    breaker.probe = url_id
    return breaker.record(url_id, outcome, now)


@pytest.mark.parametrize("outcome", sorted(FAILURES))
def test_it_opens_when_almost_all_fail(outcome: Outcome) -> None:
    """18 failures of whatever kind among 20 answers open it, 17 do not."""
    breaker = Breaker()
    for number in range(WINDOW - 18):
        breaker.record(number, Outcome.OK, 0.0)
    for number in range(17):
        breaker.record(number, outcome, 1.0)
        assert not breaker.is_open
    breaker.record(100, outcome, 5.0)
    assert breaker.is_open
    assert breaker.probe_at == 5.0 + FIRST_PROBE
    assert breaker.reason == f"18 of the last 20 answers failed ({outcome})"


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - FAILURES))
def test_other_answers_never_open_it(outcome: Outcome) -> None:
    """404s, redirects and pages are answers, and our own cancelling is none at all."""
    breaker = Breaker()
    for number in range(100):
        breaker.record(number, outcome, 0.0)
    assert not breaker.is_open


def test_few_answers_prove_nothing() -> None:
    """Nineteen failures in a row are too few to judge a host."""
    breaker = Breaker()
    for number in range(WINDOW - 1):
        breaker.record(number, Outcome.TIMEOUT, 0.0)
    assert not breaker.is_open


def test_lost_urls_are_asked_for_again() -> None:
    """Opening names those whose connection failed, once each, not those that were answered."""
    breaker = Breaker()
    for number in range(10):
        breaker.record(number, Outcome.BLOCKED, 0.0)
    again: tuple[int, ...] = ()
    for number in range(10):
        again = breaker.record(100 + number % 7, Outcome.TIMEOUT, 0.0)
    assert sorted(again) == [100, 101, 102, 103, 104, 105, 106]


def test_three_failed_probes_give_up() -> None:
    """The wait doubles from 60 s on; the third failure is the last."""
    breaker = _open(now=0.0)
    assert breaker.probe_at == 60.0
    assert _probe(breaker, Outcome.TIMEOUT, 61.0) == (99,)
    assert breaker.probe_at == 61.0 + 120.0
    assert _probe(breaker, Outcome.SERVER_ERROR, 200.0) == ()
    assert breaker.probe_at == 200.0 + 240.0
    assert not breaker.given_up
    _probe(breaker, Outcome.BLOCKED, 441.0)
    assert breaker.given_up
    assert breaker.reason == "given up after 3 probes (blocked)"


def test_a_good_probe_closes_it() -> None:
    """One answer is enough, and the old failures are forgotten."""
    breaker = _open()
    _probe(breaker, Outcome.TIMEOUT, 61.0)
    assert _probe(breaker, Outcome.CLIENT_ERROR, 200.0) == ()
    assert not breaker.is_open
    assert (breaker.probes, breaker.probe_at, breaker.reason) == (0, 0.0, "")
    breaker.record(1, Outcome.TIMEOUT, 201.0)
    assert not breaker.is_open


def test_stragglers_are_no_probes() -> None:
    """A failure that was under way when it opened does not count, however late it comes."""
    breaker = _open(now=0.0)
    for late in (1.0, 59.0, 61.0, 300.0):
        assert breaker.record(50, Outcome.TIMEOUT, late) == (50,)
    assert (breaker.probes, breaker.given_up, breaker.probe_at) == (0, False, 60.0)


def test_a_cancelled_probe_says_nothing() -> None:
    """A probe that we cancelled ourselves neither closes the breaker nor counts."""
    breaker = _open()
    assert _probe(breaker, Outcome.CANCELLED, 61.0) == ()
    assert breaker.is_open
    assert breaker.probes == 0


def test_every_lost_outcome_is_a_failure() -> None:
    """What is asked for again was judged before."""
    assert LOST < FAILURES
