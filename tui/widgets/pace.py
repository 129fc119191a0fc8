"""How often to draw: less on a slow line or machine, and when nobody looks."""

from __future__ import annotations

import msgspec

FRAMES = 8
"""Frames a second at full pace."""
MAX_STRIDE = 4
_LATE_FRAMES = 3
_GOOD_FRAMES = 40


class Pace(msgspec.Struct, frozen=True):
    """Of how many ticks one is drawn (`stride`), and the frames that led there."""

    stride: int = 1
    late: int = 0
    good: int = 0


def after(pace: Pace, gap: float) -> Pace:
    """The pace after two ticks that lay `gap` seconds apart."""
    if gap > 2.5 / FRAMES:
        if pace.late + 1 >= _LATE_FRAMES:
            return Pace(min(MAX_STRIDE, pace.stride * 2))
        return Pace(pace.stride, pace.late + 1, 0)
    if pace.good + 1 >= _GOOD_FRAMES:
        return Pace(max(1, pace.stride // 2))
    return Pace(pace.stride, 0, pace.good + 1)
