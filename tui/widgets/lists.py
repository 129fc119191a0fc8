"""The lists: their columns, and their cells made from values of the snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crawler_core.snapshot import Completion, HostView, LogLine
from tui.formats import (
    age,
    count,
    host_name,
    rate,
    short_url,
    size,
    time_of_day,
    tone,
)
from tui.widgets.grid import Cell, Column, Key, ListFeed

if TYPE_CHECKING:
    from crawler_core.store.rows import BrokenTarget

HOST_COLUMNS = (
    Column("", 0, "middle", share=2, snug=True),
    Column("", 3, from_width=72),
    Column("now", 4, "right"),
    Column("waiting", 8, "right", from_width=104),
    Column("done", 7, "right", from_width=104),
    Column("req/s", 6, "right"),
    Column("p50 ms", 7, "right", from_width=72),
    Column("bad", 5, "right"),
    Column("limit", 0, share=3),
)
BOARD_COLUMNS = (
    Column("", 0, "middle", share=2, snug=True),
    Column("", 3, from_width=96),
    Column("now", 5, "right"),
    Column("waiting", 7, "right", from_width=104),
    Column("done", 7, "right", from_width=112),
    Column("req/s", 5, "right"),
    Column("limit", 6, "right", from_width=96),
    Column("p50 ms", 6, "right"),
    Column("p95 ms", 6, "right", from_width=88),
    Column("err%", 4, "right"),
    Column("429%", 4, "right"),
    Column("robots", 9, from_width=120),
    Column("state", 0, share=3),
)
DONE_COLUMNS = (
    Column("", 8, from_width=100),
    Column("", 13),
    Column("worker", 6, from_width=72),
    Column("answer", 15),
    Column("ms", 6, "right"),
    Column("size", 8, "right", from_width=72),
    Column("URL", 0, "middle"),
)
BROKEN_COLUMNS = (
    Column("code", 4, "right"),
    Column("what", 21),
    Column("links", 6, "right"),
    Column("broken address", 0, "middle"),
)
SOURCE_COLUMNS = (Column("page that holds it", 0, "middle"), Column("anchor text", 0))
LOG_COLUMNS = (Column("", 8), Column("", 7), Column("", 0))
_ROBOTS_ODD = frozenset({"ignored", "unavailable", "unreachable"})
_LOG_STYLES = {"warning": "warn", "error": "broken"}


def hosts(views: Iterable[HostView]) -> ListFeed:
    """One row for each host."""
    return ListFeed([(view.host, _host_cells(view)) for view in views])


def board(views: Iterable[HostView]) -> ListFeed:
    """One row for each host, with all that is measured of it."""
    return ListFeed([(view.host, _board_cells(view)) for view in views])


def host_limit(view: HostView) -> Cell:
    """What limits a host now, in words that name the cause."""
    if view.state == "paused":
        return "PAUSED by you: . goes on", "warn"
    if view.state == "skipped":
        return "SKIPPED by you: . takes it up again", "warn"
    if view.state == "given up":
        why = view.note.removeprefix("given up ")
        return f"GIVEN UP: {why}; . reopens it" if why else "GIVEN UP: . reopens it", "broken"
    if view.state in {"throttled", "failing"}:
        style = "warn" if view.state == "throttled" else "broken"
        wait = f"next try in {age(view.wait_seconds)}" if view.wait_seconds else ""
        why = f"({view.note})" if view.note else ""
        says = " ".join(part for part in (view.state.upper(), wait, why) if part)
        return says + "; . asks now" * (view.state == "failing"), style
    if view.state == "robots unavailable":
        return "robots.txt unavailable: not asked", "warn"
    if view.state == "unreachable":
        return f"UNREACHABLE: {view.note}" if view.note else "UNREACHABLE", "broken"
    parts = [f"autopilot: {view.pace:.1f}/s"] if view.pace else []
    if view.at_once:
        parts.append(f"{view.at_once} at once")
    parts.append(f"{view.rate_limit:g}/s" if view.rate_limit else "no rate limit")
    if view.crawl_delay:
        parts.append(f"Crawl-delay {view.crawl_delay:g} s")
    if view.robots in {"ignored", "unavailable"}:
        parts.append(f"robots.txt {view.robots}")
    if view.note:
        parts.append(view.note)
    if view.wait_seconds >= 1:
        parts.append(f"waits {age(view.wait_seconds)}")
    return ", ".join(parts), "dim"


def finished(rows: Sequence[Completion], home: str) -> ListFeed:
    """Futures that finished, in their order."""
    return ListFeed([(row.serial, _done_cells(row, home)) for row in rows])


def log(lines: Sequence[LogLine]) -> ListFeed:
    """What was worth telling."""
    return ListFeed(
        [
            (
                line.serial,
                (
                    (time_of_day(line.at), "dim"),
                    (line.level, _LOG_STYLES.get(line.level, "dim")),
                    (line.text, _LOG_STYLES.get(line.level, "")),
                ),
            )
            for line in lines
        ]
    )


def broken(targets: Sequence[BrokenTarget], home: str) -> ListFeed:
    """Broken targets."""
    rows: list[tuple[Key, Sequence[Cell]]] = [
        (
            target.url_id,
            (
                (str(target.status_code or "–"), "broken"),
                (_broken_words(target), "broken"),
                (count(target.links), "number"),
                (short_url(target.address, home), ""),
            ),
        )
        for target in targets
    ]
    return ListFeed(rows)


def sources(target: BrokenTarget | None, home: str) -> ListFeed:
    """The pages that hold a broken link, with the text that people see there."""
    if target is None:
        return ListFeed()
    rows: list[tuple[Key, Sequence[Cell]]] = [
        (place, ((short_url(s.address, home), ""), (s.anchor or "(no text)", "dim")))
        for place, s in enumerate(target.sources)
    ]
    return ListFeed(rows)


def _broken_words(target: BrokenTarget) -> str:
    # An answer below 400 is broken for a reason of its own, such as a redirect to nowhere.
    plain_fault = target.status and not 0 < target.status_code < 400
    return target.status if plain_fault else target.outcome.value


def _host_cells(view: HostView) -> Sequence[Cell]:
    return (
        (host_name(view.host), "" if view.internal else "dim"),
        ("" if view.internal else "ext", "dim"),
        (count(view.in_flight), "fetch" if view.in_flight else "dim"),
        (count(view.waiting), "number" if view.waiting else "dim"),
        (count(view.done), ""),
        (rate(view.per_second), "number" if view.per_second else "dim"),
        (f"{view.p50_ms:,.0f}", ""),
        (count(view.bad), "broken" if view.bad else "dim"),
        host_limit(view),
    )


def _board_cells(view: HostView) -> Sequence[Cell]:
    window = f"/{view.at_once}" if view.at_once else ""
    limit = 1 / view.interval if view.interval else 0.0
    return (
        (host_name(view.host), "" if view.internal else "dim"),
        ("" if view.internal else "ext", "dim"),
        (f"{view.in_flight}{window}", "fetch" if view.in_flight else "dim"),
        (count(view.waiting), "number" if view.waiting else "dim"),
        (count(view.done), ""),
        (rate(view.per_second), "number" if view.per_second else "dim"),
        (f"{limit:.3g}/s" if limit else "none", "dim"),
        (f"{view.p50_ms:,.0f}", ""),
        (f"{view.p95_ms:,.0f}", ""),
        _share(view.errors, view.answers, "broken"),
        _share(view.throttles, view.answers, "warn"),
        (view.robots, "warn" if view.robots in _ROBOTS_ODD else "dim"),
        host_limit(view),
    )


def _share(part: int, whole: int, style: str) -> Cell:
    if not part:
        return "0", "dim"
    share = 100 * part / whole
    return f"{share:.0f}" if share >= 1 else "<1", style


def _done_cells(row: Completion, home: str) -> Sequence[Cell]:
    style = tone(row.outcome)
    if row.kind == "parse":
        style = "parse" if row.outcome == "ok" else "broken"
    url = short_url(row.url, home) if row.url else ""
    return (
        (time_of_day(row.at), "dim"),
        (f"{row.kind} #{row.number}" if row.number else "not asked", "dim"),
        (row.worker, "dim"),
        (row.what, style),
        (f"{row.ms:,.0f}", ""),
        (size(row.size), "dim"),
        (url, "", row.note),
    )
