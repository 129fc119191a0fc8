"""What is held still: the verdict, long enough to be read, and a crawl that has ended. Pure."""

from __future__ import annotations

import msgspec

from crawler_core.snapshot import Snapshot

HELD = 1.0
"""Seconds that a verdict stays at least, unless somebody steers or the crawl ends."""


class Steady(msgspec.Struct, frozen=True):
    """The verdict that is shown, and since when."""

    word: str = ""
    says: str = ""
    at: float = 0.0
    key: tuple[object, ...] = ()
    """What makes a new verdict urgent: the answer to a key must be seen at once."""


def steady(shown: Steady, snapshot: Snapshot) -> Steady:
    """The verdict to show after one more snapshot; the time is that of the snapshots."""
    key = (snapshot.state, snapshot.fetch.target, snapshot.parse.target, snapshot.parser)
    if key == shown.key and 0 <= snapshot.at - shown.at < HELD:
        return shown
    if (snapshot.verdict, snapshot.advice, key) == (shown.word, shown.says, shown.key):
        return shown
    return Steady(snapshot.verdict, snapshot.advice, snapshot.at, key)


def looks_same(new: Snapshot, shown: Snapshot | None) -> bool:
    """Whether two snapshots look alike: while a crawl is paused only its clock goes on."""
    return shown is not None and _drawn(new) == _drawn(shown)


def at_rest(snapshot: Snapshot) -> Snapshot:
    """A crawl that has ended: nobody works on it, although its last snapshot may say so.

    A process that was killed leaves a last snapshot from the middle of its work.
    """
    replace = msgspec.structs.replace
    return replace(
        snapshot,
        fetch=replace(snapshot.fetch, busy=0, draining=0),
        parse=replace(snapshot.parse, busy=0, draining=0),
        stages=replace(snapshot.stages, fetching=0, to_parse=0, parsing=0, backlog_bytes=0),
        hosts=tuple(replace(host, in_flight=0, per_second=0.0) for host in snapshot.hosts),
        workers=tuple(replace(worker, doing="", since=0.0) for worker in snapshot.workers),
        futures=(),
        counts=replace(snapshot.counts, pending=0, running=0, waiting_age=0.0),
        oldest=None,
        eta=None,
        autopilot=False,
        pilot=_settled(snapshot.pilot),
    )


def _settled(pilot: str) -> str:
    """What the autopilot did, without what it still meant to find out."""
    step, _, _ = pilot.partition(", measuring")
    return "" if step.endswith("measures first") else step


def _drawn(snapshot: Snapshot) -> Snapshot:
    return msgspec.structs.replace(
        snapshot,
        sequence=0,
        at=0.0,
        elapsed=0.0,
        memory=snapshot.memory >> 20,
        history=snapshot.history[-1:],
    )
