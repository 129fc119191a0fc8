"""The workers as lanes of time: full where they were busy, coloured by how it ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from crawler_core.snapshot import Snapshot, WorkerView
from tui.bridge import UNSEEN, is_unseen
from tui.formats import count, cut_middle, home_of, percent, right, short_url
from tui.widgets.paint import Line, Painted, rule

GRAIN = 0.25
"""Seconds of one cell."""
_BLOCKS = str.maketrans("012345678", "·▁▂▃▄▅▆▇█")
_RUNS = re.compile("o+| +|n+|r+|b+|k+|w+|x+|c+")
_ENDED = {
    " ": "faint",
    "o": "ok",
    "r": "redirect",
    "k": "blocked",
    "w": "warn",
    "b": "broken",
    "x": "broken",
    "c": "dim",
}
_STYLES = {kind: {**_ENDED, "n": kind} for kind in ("fetch", "parse")}
"""By the tones of a lane; what runs has the colour of its pool."""
_LEGEND = (("ok", "ok"), ("redirect", "redirect"), ("broken", "broken"), ("warn", "throttled"))
_NAME, _TAIL = 6, 14
"""Cells of the name, and of the share and count behind the lane."""
_LONGEST = 119
"""Cells of a lane at the most: half a minute."""
_LEAST_URL = 24


class Lanes(Painted, can_focus=True):
    """All workers, one line each; where there are too many, the busiest."""

    ALLOW_MAXIMIZE = True

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._snapshot = Snapshot()
        self._base: Style | None = None
        self._sums: dict[str, Style] = {}

    def look(self, snapshot: Snapshot) -> None:
        """Show this state."""
        self._snapshot = snapshot
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        now = self._snapshot
        lines = [_head(width, focused=self.has_focus)]
        if not now.workers:
            words = UNSEEN if is_unseen(now) else "no worker has started"
            return [*lines, Line("  ").put(words, "dim")]
        shown = choose(now.workers, height - 1)
        home = home_of(now.start_urls)
        lines += [lane(worker, width, home) for worker in shown]
        if len(shown) < len(now.workers):
            lines.append(self._left_out(now.workers, shown))
        return lines[:height]

    def _left_out(self, workers: Sequence[WorkerView], shown: Sequence[WorkerView]) -> Line:
        live = sum(not w.ended for w in workers) - sum(not w.ended for w in shown)
        says = "less busy" if live else "gone"
        line = Line(f"  and {count(len(workers) - len(shown))} more, {says} ", "dim")
        if not self.is_maximized:
            line.put("  e" if self.has_focus else "  tab, e", "key").put(" enlarges", "dim")
        return line

    def _strip(self, line: Line, base: Style, width: int) -> Strip:
        # Lanes have hundreds of pieces of a handful of styles: these are added up only once.
        if base != self._base:
            self._base = base
            self._sums.clear()
        for _, name in line.pieces:
            if name not in self._sums:
                self._sums[name] = base + self._style(name) if name else base
        sums = self._sums
        segments = [Segment(text, sums[name]) for text, name in line.pieces]
        return Strip(segments, line.at).adjust_cell_length(width, base)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._base = None


def choose(workers: tuple[WorkerView, ...], rows: int) -> list[WorkerView]:
    """The workers that `rows` lines have room for: the busiest of each pool, in their order.

    A line is left for saying how many are not shown. Parse workers, the fewer, get half of them.
    Workers that have ended get the lines that the others leave.
    """
    ordered = sorted(workers, key=_natural)
    live = [worker for worker in ordered if not worker.ended]
    gone = [worker for worker in ordered if worker.ended]
    if len(workers) > rows:
        gone = _busiest(gone, max(0, rows - len(live) - 1))
    both = [*(_busiest_of_both(live, rows) if len(live) > rows else live), *gone]
    return [w for w in both if w.kind == "fetch"] + [w for w in both if w.kind != "fetch"]


def _busiest_of_both(workers: list[WorkerView], rows: int) -> list[WorkerView]:
    room = max(1, rows - 1)
    fetch = [worker for worker in workers if worker.kind == "fetch"]
    parse = [worker for worker in workers if worker.kind != "fetch"]
    for_parse = min(len(parse), max(-(-room // 2), room - len(fetch)))
    return _busiest(fetch, room - for_parse) + _busiest(parse, for_parse)


def lane(worker: WorkerView, width: int, home: str) -> Line:
    """One worker's line."""
    is_fetch = worker.kind == "fetch"
    kind = "fetch" if is_fetch else "parse"
    line = Line(" ")
    line.put(worker.name[: _NAME - 1], "faint" if worker.ended else kind).to(_NAME)
    cells = _cells(width)
    levels, tones = worker.levels[-cells:].rjust(cells, "0"), worker.tones[-cells:].rjust(cells)
    blocks = levels.translate(_BLOCKS)
    style_of, at = _STYLES[kind], 0
    for run in _RUNS.findall(tones):
        # Only blocks of one cell each: nothing here needs to be made plain or measured.
        line.pieces.append((blocks[at : at + len(run)], style_of[run[0]]))
        at += len(run)
    line.at += cells
    share = "gone" if worker.ended else percent(_load(levels), 8 * cells)
    line.put(right(share, 6), "dim" if worker.ended else "number")
    line.put(right(count(worker.finished), 7), "dim")
    room = width - line.at - 3
    if worker.doing and room >= _LEAST_URL:
        line.put("  ").put(cut_middle(short_url(worker.doing, home), room), "dim")
    return line


def _head(width: int, *, focused: bool) -> Line:
    title = f"WORKERS, the last {_cells(width) * GRAIN:.0f} s"
    legend = sum(len(word) + 3 for _, word in _LEGEND)
    tail = "busy   done"
    if width < 60 + legend:
        return rule(title, width, note=tail, focused=focused)
    line = rule(title, len(title) + 5, focused=focused)
    for style, word in _LEGEND:
        line.put("█ ", style).put(f"{word} ", "dim")
    line.put("─" * max(0, width - line.at - len(tail) - 4), "rule")
    return line.put(f" {tail} ", "dim").put("──", "rule")


def _cells(width: int) -> int:
    return max(1, min(_LONGEST, width - _NAME - _TAIL - 1))


def _busiest(workers: list[WorkerView], most: int) -> list[WorkerView]:
    if len(workers) <= most:
        return workers
    ranked = sorted(range(len(workers)), key=lambda n: -_load(workers[n].levels))
    return [workers[n] for n in sorted(ranked[:most])]


def _load(levels: str) -> int:
    """Eighths of grains that were busy."""
    return sum(levels.encode()) - 48 * len(levels)


def _natural(worker: WorkerView) -> tuple[str, int]:
    letters = worker.name.rstrip("0123456789")
    digits = worker.name[len(letters) :]
    return letters, int(digits) if digits else 0
