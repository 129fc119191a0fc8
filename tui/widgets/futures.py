"""The futures board: where pages are, what state futures are in, what they raised."""

from __future__ import annotations

from crawler_core.snapshot import FutureCounts, FutureView, Snapshot
from tui.bridge import UNSEEN, is_unseen
from tui.formats import age, count, cut, home_of, plural, right, short_url
from tui.widgets.grid import Cell, Column, Key, ListFeed
from tui.widgets.paint import Line, rule

COLUMNS = (
    Column("", 13),
    Column("state", 9),
    Column("age", 7, "right"),
    Column("worker", 6),
    Column("URL", 0, "middle"),
)
_LABEL = 9
"""Cells of the words at the left."""


def board(snapshot: Snapshot, width: int, height: int) -> list[Line]:
    """Stages of pages and states of futures in six lines; in five without ages."""
    lines = [
        rule("FUTURES", width, note=_explained(width)),
        *_stages(snapshot, width)[: 3 if height > 5 else 2],
        *(
            [_unseen("state"), _unseen("raised")]
            if is_unseen(snapshot)
            else [_states(snapshot.counts, width), _raised(snapshot.counts, width)]
        ),
    ]
    return lines[:height]


def feed(snapshot: Snapshot) -> ListFeed:
    """Futures that have not finished, the running ones first, the oldest first."""
    home = home_of(snapshot.start_urls)
    ordered = sorted(snapshot.futures, key=lambda f: (f.state != "RUNNING", -f.age))
    rows: list[tuple[Key, list[Cell]]] = [(key_of(f), _cells(f, home)) for f in ordered]
    return ListFeed(rows)


def key_of(future: FutureView) -> str:
    """What names a future for ever: fetch 4829, parse 1377."""
    return f"{future.kind} {future.number}"


def note(snapshot: Snapshot) -> str:
    """What the headline of the list says."""
    if is_unseen(snapshot):
        return ""
    counts = snapshot.counts
    stuck = sum(future.stuck for future in snapshot.futures)
    flagged = f"{stuck} stuck, " if stuck else ""
    return f"{flagged}{counts.running} running, {counts.pending} pending"


def _explained(width: int) -> str:
    if width < 100:
        return "a page has a stage, a future a state"
    return "a page has a stage, a future a state; a parse future carries a batch of pages"


def _stages(snapshot: Snapshot, width: int) -> list[Line]:
    s, c = snapshot.stages, snapshot.counts
    steps = (
        ("waiting", s.waiting, "", (c.waiting_age, 0.0)),
        ("fetching", s.fetching, "fetch", (c.fetch_age, c.fetch_limit)),
        ("to parse", s.to_parse, "", (c.to_parse_age, 0.0)),
        ("parsing", s.parsing, "parse", (c.parse_age, c.parse_limit)),
        ("stored", s.stored, "ok", None),
    )
    each = min(18, (width - _LABEL - 2) // len(steps))
    names = Line("  stage", "dim").to(_LABEL)
    numbers = Line("  pages", "dim").to(_LABEL)
    ages = Line("  oldest", "dim").to(_LABEL)
    arrow = " →" if each >= 11 else "→"
    cells = each - len(arrow)
    for place, (name, number, style, old) in enumerate(steps):
        last = place == len(steps) - 1
        names.put(right(name, cells), "dim").put("" if last else arrow, "faint")
        numbers.put(right(count(number), cells), style or "number").put(" " * len(arrow))
        shown, limit = (age(old[0]), old[1]) if old and old[0] and number else ("", 0.0)
        stuck = old is not None and 0 < limit < old[0]
        ages.put(right(shown, cells), "broken" if stuck else "").put(" " * len(arrow))
    if each >= 18 and c.fetch_limit:
        says = f"stuck above {age(c.fetch_limit)} fetching, {age(c.parse_limit)} parsing"
        ages.flush(says, width - 1, "dim")
    return [names, numbers, ages]


def _unseen(name: str) -> Line:
    return Line(f"  {name}", "dim").to(_LABEL).put("  ").put(UNSEEN, "dim")


def _states(counts: FutureCounts, width: int) -> Line:
    line = Line("  state", "dim").to(_LABEL)
    finished = f"{count(counts.fetches)} fetch, {count(counts.parses)} parse"
    for name, number, style in (
        ("PENDING", count(counts.pending), "number" if counts.pending else "dim"),
        ("RUNNING", count(counts.running), "fetch" if counts.running else "dim"),
        ("FINISHED", finished, "ok"),
        ("CANCELLED", count(counts.cancelled), "warn" if counts.cancelled else "dim"),
    ):
        if line.at + len(name) + len(number) + 4 <= width:
            line.put("  ").put(name, "strong").put(" ").put(number, style)
    return line


def _raised(counts: FutureCounts, width: int) -> Line:
    line = Line("  raised", "dim").to(_LABEL).put("  ")
    for raised in counts.raised:
        text = f"{raised.name} {count(raised.count)}"
        if line.at + len(text) + len(raised.note) + 5 > width and line.at > _LABEL + 2:
            break
        line.put(text, "broken").put(f": {raised.note}   ", "dim")
    if not counts.raised:
        line.put("nothing so far   ", "dim")
    if counts.closed:
        brief = f"{count(counts.closed)} cancelled while running"
        words = f"{brief}: connection closed"
        more = f"{words}, cancel() had returned False"
        fits = (text for text in (more, words) if line.at + len(text) < width)
        line.put(cut(next(fits, brief), width - line.at - 1), "warn")
    return line


def _cells(future: FutureView, home: str) -> list[Cell]:
    running = future.state == "RUNNING"
    style = "broken" if future.stuck else "warn" if future.age > 5 else ""
    stuck = "stuck: older than its kin" if future.stuck else ""
    url = short_url(future.url, home) if future.url else ""
    pages = "" if future.kind == "fetch" else plural(future.pages, "page")
    what = url if future.pages == 1 and url else pages
    first = f"from {url}" if url and what == pages else ""
    return [
        (f"{future.kind} #{future.number}", future.kind if running else "dim"),
        (future.state, "" if running else "dim"),
        (age(future.age), style),
        (future.worker, "dim"),
        (what, "" if running else "dim", stuck or first),
    ]
