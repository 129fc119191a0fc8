"""What the last change of workers, parser or rate brought: from snapshots, time passed in."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler_core.snapshot import FINAL_STATES, Snapshot
from tui.formats import host_name, parser_name, rate

SETTLE = 1.0
"""Seconds after the last key before what comes is counted."""
WINDOW = 3
"""Seconds (rows of history) that are averaged before and after."""
MERGE = 2.5
"""Seconds within which further keys belong to the same change."""


class Change(msgspec.Struct, frozen=True):
    """One change of a pool's target, of the parser or of a host's limit, whoever made it."""

    kind: str
    """fetch, parse, parser or rate."""
    before: float | str
    after: float | str
    at: float
    """When the last step of this change took effect."""
    rate_before: float
    rate_after: float | None = None
    """Completions a second; None while it is measured."""
    ended: bool = False
    """The crawl ended before it could be measured."""
    host: str = ""
    """Whose limit it is."""


class Watch(msgspec.Struct, frozen=True):
    """The targets, the parser and the hosts' limits last seen, and the last change."""

    fetch: int = 0
    parse: int = 0
    parser: str = ""
    change: Change | None = None
    limits: dict[tuple[str, bool], float] = {}
    """Requests a second by host, and whether it is internal: what becomes so gets other limits."""


def watch(seen: Watch, snapshot: Snapshot, now: float) -> Watch:
    """What is known after one more snapshot, at `now` (seconds of any clock)."""
    change = seen.change
    for kind, old, new in (
        ("fetch", seen.fetch, snapshot.fetch.target),
        ("parse", seen.parse, snapshot.parse.target),
        ("parser", seen.parser, snapshot.parser),
    ):
        if old and new and old != new:
            change = _changed(change, kind, (old, new), snapshot, now)
    limits = {(host.host, host.internal): host.rate_limit for host in snapshot.hosts}
    for key, limit in limits.items():
        if (old_limit := seen.limits.get(key, limit)) != limit:
            change = _changed(change, "rate", (old_limit, limit), snapshot, now, host=key[0])
    if change is not None and change.rate_after is None:
        change = _measured(change, snapshot, now)
    return Watch(snapshot.fetch.target, snapshot.parse.target, snapshot.parser, change, limits)


_PARSING = frozenset({"parse", "parser"})
_STANDING = 1.0
"""Per second; from less than this a gain in percent says nothing."""


def chip(change: Change | None, pilot: str = "") -> tuple[str, str]:
    """The change in words and a style name: "8 → 16 fetch workers, 41 → 79 fetches/s (+93 %)".

    While the autopilot makes the changes, `pilot` is what it says of them.
    """
    if pilot:
        return pilot, "accent" if pilot.endswith("…") else "strong"
    if change is None:
        return "", ""
    if change.kind == "parser":
        text = f"{parser_name(str(change.before))} → {parser_name(str(change.after))}"
    elif change.kind == "rate":
        text = f"{host_name(change.host)}: {_limit(change.before)} → {_limit(change.after)}"
    else:
        text = f"{change.before} → {change.after} {change.kind} workers"
    noun = "parses/s" if change.kind in _PARSING else "fetches/s"
    if change.ended:
        return text, "strong"
    if change.rate_after is None:
        return f"{text}, measuring…", "accent"
    text += f", {_short(change.rate_before)} → {_short(change.rate_after)} {noun}"
    if change.rate_before < _STANDING:
        return text, "strong"
    gain = 100 * (change.rate_after / change.rate_before - 1)
    style = "ok" if gain >= 5 else "warn" if gain <= -5 else "strong"
    return f"{text} ({gain:+.0f} %)", style


def _changed(
    last: Change | None,
    kind: str,
    step: tuple[float | str, float | str],
    snapshot: Snapshot,
    now: float,
    *,
    host: str = "",
) -> Change | None:
    old, new = step
    same = last is not None and (last.kind, last.host) == (kind, host)
    if last and same and last.rate_after is None and now - last.at <= MERGE:
        if last.before == new:
            return None
        return msgspec.structs.replace(last, after=new, at=now)
    return Change(kind, old, new, now, _mean(snapshot, kind), host=host)


def _measured(change: Change, snapshot: Snapshot, now: float) -> Change | None:
    # After its last snapshot nothing comes that could end the measuring.
    if snapshot.state in FINAL_STATES:
        return msgspec.structs.replace(change, ended=True)
    if now - change.at < SETTLE + WINDOW:
        return change
    if snapshot.state != "running":
        return None
    return msgspec.structs.replace(change, rate_after=_mean(snapshot, change.kind))


def _mean(snapshot: Snapshot, kind: str) -> float:
    column = 1 if kind in _PARSING else 0
    rows: Sequence[tuple[float, float, float, float]] = snapshot.history[-WINDOW:]
    if not rows:
        return snapshot.rates.parses if kind in _PARSING else snapshot.rates.fetches
    return sum(row[column] for row in rows) / len(rows)


def _limit(limit: float | str) -> str:
    return f"{limit:g}/s" if isinstance(limit, float) and limit else "no limit"


def _short(number: float) -> str:
    return rate(number) if number < 9.95 else f"{number:,.0f}"
