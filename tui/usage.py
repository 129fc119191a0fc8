"""How much memory this process and those that it started have taken at the most."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of `ru_maxrss`."""


def peak_of_self() -> int:
    """Peak resident bytes of this process."""
    # Linux hands ru_maxrss down from a parent that forked; VmHWM begins anew.
    return _high_water("self") or _peak_by_rusage(of_children=False)


class DescendantsPeak:
    """The largest peak of any process below this one.

    Workers of a forkserver are no children that `getrusage` counts, so they are looked at
    while they live.
    """

    def __init__(self) -> None:
        self._peak = 0

    def sample(self) -> None:
        """Look at the processes that live now."""
        self._peak = max([self._peak, *(_high_water(str(pid)) for pid in _descendants())])

    @property
    def peak(self) -> int:
        """Resident bytes."""
        return max(self._peak, _peak_by_rusage(of_children=True))


def _high_water(process: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _descendants() -> list[int]:
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        parent = waiting.pop()
        for listing in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError, ValueError):
                waiting += (children := [int(pid) for pid in listing.read_text().split()])
                found += children
    return found


def _peak_by_rusage(*, of_children: bool) -> int:
    try:
        import resource
    except ImportError:  # not on every platform
        return 0
    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss * _RSS_UNIT
