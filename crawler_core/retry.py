"""When a failed request is sent again, and how long it waits first. Pure."""

from __future__ import annotations

from crawler_core.config import RETRY_AFTER_CAP
from crawler_core.model import FetchResult, Outcome

RETRY_FLOOR = 10
"""Retries that a host always has, however few requests it has answered."""
RETRY_SHARE = 10
"""Beyond the floor at most one in so many requests to a host is a retry."""

_RETRIED = frozenset({Outcome.RESET, Outcome.TIMEOUT, Outcome.SERVER_ERROR})


def is_retryable(result: FetchResult) -> bool:
    """True when another attempt may end better: resets, timeouts, 5xx, a busy resolver."""
    if result.outcome is Outcome.DNS:
        return "temporary" in result.error.lower()
    return result.outcome in _RETRIED


def has_budget(requests: int, retries: int) -> bool:
    """True when a host with so many requests and retries may have one more retry."""
    return retries < max(RETRY_FLOOR, requests // RETRY_SHARE)


def backoff(attempt: int, chance: float) -> float:
    """Seconds before attempt `attempt` + 1: 1, 2, 4 …, with jitter; `chance` is in [0, 1)."""
    return min(60.0, float(2 ** (attempt - 1))) * (0.5 + chance / 2)


def throttle_wait(retry_after: float | None, streak: int, chance: float) -> float:
    """Seconds for which a host that throttles is left alone.

    `retry_after` is what it asked for; `streak` counts such answers in a row.
    """
    if retry_after is not None:
        return min(RETRY_AFTER_CAP, max(0.0, retry_after))
    return min(RETRY_AFTER_CAP, float(2 ** min(streak, 9)) * (0.5 + chance / 2))
