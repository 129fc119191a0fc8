"""Which failures are tried again, how often, and how long the wait is."""

from __future__ import annotations

import pytest

from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from crawler_core.retry import RETRY_FLOOR, backoff, has_budget, is_retryable, throttle_wait


def _result(outcome: Outcome, error: str = "") -> FetchResult:
    return FetchResult(FetchRequest(1, 1, "http://a.test/", Purpose.CRAWL), outcome, error=error)


def test_what_is_tried_again() -> None:
    """Resets, timeouts and server errors, and a resolver that was only busy."""
    again = {outcome for outcome in Outcome if is_retryable(_result(outcome))}
    assert again == {Outcome.RESET, Outcome.TIMEOUT, Outcome.SERVER_ERROR}
    busy = "Temporary failure in name resolution"
    assert is_retryable(_result(Outcome.DNS, busy))
    assert not is_retryable(_result(Outcome.DNS, "Name or service not known"))
    assert not is_retryable(_result(Outcome.TLS, busy))


@pytest.mark.parametrize(
    ("requests", "most"),
    [(0, RETRY_FLOOR), (99, RETRY_FLOOR), (109, RETRY_FLOOR), (110, 11), (5_000, 500)],
)
def test_the_budget_of_a_host(requests: int, most: int) -> None:
    """Ten retries are always granted, beyond them a tenth of the host's requests."""
    assert has_budget(requests, most - 1)
    assert not has_budget(requests, most)


def test_backoff_doubles_with_jitter_up_to_a_minute() -> None:
    """The wait before a retry lies between half of its step and the whole step."""
    for attempt, step in ((1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (200, 60.0)):
        assert backoff(attempt, 0.0) == step / 2
        assert step / 2 < backoff(attempt, 0.5) < step
        assert backoff(attempt, 0.999_999) == pytest.approx(step)


@pytest.mark.parametrize(
    ("asked", "waits"), [(0.0, 0.0), (-5.0, 0.0), (12.5, 12.5), (300.0, 300.0), (86_400.0, 300.0)]
)
def test_retry_after_is_obeyed_up_to_five_minutes(asked: float, waits: float) -> None:
    """What the host asks for is what it gets, at most 300 s."""
    assert throttle_wait(asked, 7, 0.5) == waits


def test_without_retry_after_the_wait_doubles() -> None:
    """2, 4, 8 … seconds with jitter, at most 300."""
    assert [throttle_wait(None, streak, 0.0) for streak in (1, 2, 3)] == [1.0, 2.0, 4.0]
    assert throttle_wait(None, 3, 0.999_999) == pytest.approx(8.0)
    assert max(throttle_wait(None, streak, 0.999) for streak in range(1, 2_000)) == 300.0
