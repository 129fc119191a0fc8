"""What a step of the lesson comes to: pages a second, measured while it is shown. Pure."""

from __future__ import annotations

import msgspec

from crawler_core.snapshot import Snapshot
from tui.lesson.steps import Step

SETTLE = 1.5
"""Seconds that a change of the workers takes to show; they do not count."""
_LATELY = 17
"""Steps of a lane that are looked at, the last of which may be full only because it runs."""


class Measure(msgspec.Struct, frozen=True):
    """Of one step: since when it is measured, and what it has come to."""

    settled: float = 0.0
    """Unix time from which on the workers were as the step has them; 0: not yet."""
    since: float = 0.0
    """Unix time of the first snapshot that counts; 0: none so far."""
    before: int = 0
    """Pages done then."""
    seconds: float = 0.0
    rate: float = 0.0
    fetch_busy: float = 0.0
    """Share of the fetch workers' time, 0 to 1; as of the last snapshot."""
    parse_busy: float = 0.0
    computing: float = 0.0
    """Share of the last seconds in which a parse worker really had a CPU."""
    raised: int = 0
    """Exceptions that futures carried."""


def after(measure: Measure, step: Step, snapshot: Snapshot) -> Measure:
    """The measure after one more snapshot.

    Somebody who changes the workers by a key interrupts it: it begins anew when they are as the
    step has them. When the crawl has ended, what was measured stays.
    """
    if snapshot.state != "running":
        return measure
    replace, at = msgspec.structs.replace, snapshot.at
    if (snapshot.fetch.target, snapshot.parse.target) != (step.fetch, step.parse):
        return replace(measure, settled=0.0, since=0.0)
    if not measure.settled:
        return replace(measure, settled=at)
    if at - measure.settled < SETTLE or not snapshot.done:
        return measure
    if not measure.since:
        return replace(measure, since=at, before=snapshot.done)
    seconds = at - measure.since
    return replace(
        measure,
        seconds=seconds,
        rate=(snapshot.done - measure.before) / seconds if seconds > 0 else 0.0,
        fetch_busy=snapshot.fetch.utilisation,
        parse_busy=snapshot.parse.utilisation,
        computing=computing(snapshot),
        raised=sum(raised.count for raised in snapshot.counts.raised),
    )


def computing(snapshot: Snapshot) -> float:
    """How much of the last whole seconds the parse workers computed, 0 to 1, by their lanes."""
    live = [w.levels[-_LATELY:-1] for w in snapshot.workers if w.kind == "parse" and not w.ended]
    levels = "".join(live).encode()
    return sum(level - 48 for level in levels) / (8 * len(levels)) if levels else 0.0
