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


class Echo:
    """How far the terminal is behind, told by its own answers.

    What is written goes into buffers of the system and of the connection, which take seconds
    of frames on a slow line. So the terminal is asked where its cursor is, which it answers
    when it has drawn what came before. One that never answers is not waited for.
    """

    def __init__(self) -> None:
        self.answers = False
        """Whether it has ever answered."""
        self._asked = 0.0
        self._rest_until = 0.0

    def may_ask(self, now: float) -> bool:
        """Whether a question may be sent; the first one finds out whether there are answers."""
        return not self._asked or (self.answers and now - self._asked > _PATIENCE)

    def asked(self, now: float) -> None:
        """A question was sent behind a frame."""
        self._asked = now

    def answered(self, now: float) -> None:
        """An answer came: the line rests longer than it was busy, for keys to get through."""
        self.answers = True
        if self._asked:
            self._rest_until = now + min(_LONGEST_REST, 2 * max(0.0, now - self._asked - _QUICK))
        self._asked = 0.0

    def is_behind(self, now: float) -> bool:
        """Whether the next frame had better wait."""
        if not self.answers:
            return False
        return now < self._rest_until or (self._asked > 0.0 and now - self._asked < _PATIENCE)

    @property
    def owes(self) -> bool:
        """Whether an answer is on its way: who leaves before it finds it at the prompt."""
        return self.answers and self._asked > 0.0


_QUICK = 0.1
"""Seconds within which an answer means that the line is not what one waits for."""
_LONGEST_REST = 2.0
_PATIENCE = 10.0
"""Seconds after which an answer is taken to be lost."""
