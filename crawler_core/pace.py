"""How often the autopilot asks one host: below the rate at which it refused, or got slower.

Additive increase, multiplicative decrease, one full second after the other. Pure: the time comes
with what is seen.
"""

from __future__ import annotations

import msgspec

LAST_WAIT = 60.0
"""Seconds after which at the latest a refused rate is tried again."""


class Pace(msgspec.Struct, frozen=True):
    """How often one host may be asked, as its own answers tell: additive increase,
    multiplicative decrease, and a long look before the rate that it refused is tried again."""

    rate: float = 0.0
    """Requests a second; 0 while it never refused."""
    refused: float = 0.0
    """The rate at which it refused last."""
    hit_at: float = -1e9
    """When it refused last."""
    cut_at: float = -1e9
    """When the rate was cut last: what is refused just afterwards was under way before."""
    wait: float = 10.0
    """Seconds of good answers before more than `refused` is tried."""


_DECREASE = 0.85
_INCREASE = 0.03
"""Share of the present rate that it grows by in a second of good answers."""
_NEAR = 0.95
_USED = 0.8
_LEAST = 0.2
"""Requests a second: a host that refuses more is left to its Retry-After and its breaker."""
_BURST = 3.0
"""Seconds within which refusals belong to the rate before the cut."""


def paced(pace: Pace, at: float, *, seen: float, refuses: bool, fails: bool = False) -> Pace:
    """The pace after one more second; `seen` is the host's rate of good answers in it.

    `refuses`: it answered 429 or 503, or its answers got slower without getting more. `fails`:
    it did not say that it was asked too often, so that `seen` does not tell what it bears.
    """
    if refuses:
        if at - pace.cut_at < _BURST:
            return msgspec.structs.replace(pace, hit_at=at)
        return _cut(pace, at, seen, fails=fails)
    if not pace.rate or at - pace.hit_at < _BURST or seen < _USED * pace.rate:
        return pace
    grown = pace.rate + _INCREASE * max(1.0, pace.rate)
    if pace.rate < _NEAR * pace.refused:
        return msgspec.structs.replace(pace, rate=min(_NEAR * pace.refused, grown))
    if at - pace.hit_at < pace.wait:
        return pace
    return msgspec.structs.replace(pace, rate=grown)


def _cut(pace: Pace, at: float, seen: float, *, fails: bool) -> Pace:
    limit = pace.rate or seen
    if seen >= 1 and not fails:
        # One second may have been a bad one for other reasons: if not, the next cut follows soon.
        limit = min(limit, max(seen, limit / 2))
    # A rate that was tried again too soon is tried later; one that was cut for it is none.
    was_tried = pace.rate and pace.rate >= _NEAR * pace.refused
    wait = min(LAST_WAIT, 2 * pace.wait) if was_tried else pace.wait
    return Pace(max(_LEAST, limit * _DECREASE), max(_LEAST, limit), at, at, wait)


class Strain(msgspec.Struct, frozen=True):
    """The fastest that a host was, to tell whether it got slower for nothing."""

    p50: float = 0.0
    rate: float = 0.0
    slow: int = 0
    """Seconds in a row that were slower, without more answers."""


_SLOWER = 2.0
_SLOW_SECONDS = 3


def strained(strain: Strain, *, p50: float, seen: float) -> tuple[Strain, bool]:
    """The memory after one more second, and whether the host is asked for too much."""
    if not p50 or seen < 1:
        return strain, False
    if not strain.p50 or p50 < strain.p50:
        return Strain(p50, seen), False
    if seen > 1.05 * strain.rate or p50 < _SLOWER * strain.p50 + 0.02:
        # What it was long ago is forgotten little by little: other pages take another time.
        return Strain(strain.p50 * 1.01, max(strain.rate * 0.99, 0.5 * seen)), False
    slow = strain.slow + 1
    if slow < _SLOW_SECONDS:
        return msgspec.structs.replace(strain, slow=slow), False
    return msgspec.structs.replace(strain, slow=0, p50=strain.p50 * 1.1), True
