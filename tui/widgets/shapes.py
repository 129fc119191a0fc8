"""The pictures of a crawl: over time, by depth, by response time, by size. Values to lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.formats import age, clock, count, percent, plural, rate, size, time_of_day
from tui.widgets import plots
from tui.widgets.paint import Line, Painted, rule

if TYPE_CHECKING:
    from crawler_core.store.shape import Bar, Column, Shape

Draw = Callable[["Shape", int, int, bool], list[Line]]

WIDE = 100
"""From this width on pictures stand side by side."""
_STACKED = 24
"""From this height on pictures in time stand one above the other, each over the whole width."""
_ROOMY = 52
"""From this width on a picture has its full title."""
_LEGEND = 27
"""Cells of the list of kinds beside their columns."""


class Picture(Painted, can_focus=True):
    """A picture drawn by a function of the shape: of width, height, and whether it has focus."""

    ALLOW_MAXIMIZE = True

    def __init__(self, draw: Draw, title: str, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._draw_lines = draw
        self._title = title
        self._shape: Shape | None = None
        self.waiting = "reading …"
        """Said until there is something to draw."""

    def look(self, shape: Shape) -> None:
        """Show this shape."""
        if shape is not self._shape:
            self._shape = shape
            self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        if self._shape is None or not self._shape.pages:
            words = self.waiting if self._shape is None else "nothing finished yet"
            return [rule(self._title, width, focused=self.has_focus), Line(f"  {words}", "dim")]
        return self._draw_lines(self._shape, width, height, self.has_focus)


def over_time(shape: Shape, width: int, height: int, focused: bool) -> list[Line]:
    """Speed, response times and kinds of answers from the first page to the last."""
    draws = (speed, latency, mix)
    is_stacked = width < WIDE or height >= _STACKED
    # The same columns for all, as making them takes longer than drawing them.
    room = width - _LEGEND if is_stacked else _thirds(width)[0]
    columns = shape.columns(room - plots.GUTTER)
    if is_stacked:
        each = max(4, height // 3)
        heights = (each, each, height - 2 * each)
        lines: list[Line] = []
        for place, (draw, rows) in enumerate(zip(draws, heights, strict=True)):
            lines += draw(shape, columns, width, rows, focused and not place)
        return lines
    widths = _thirds(width)
    parts = [
        draw(shape, columns, cells, height, focused and not place)
        for place, (draw, cells) in enumerate(zip(draws, widths, strict=True))
    ]
    return plots.beside(parts, widths)


def speed(
    shape: Shape, columns: Sequence[Column], width: int, height: int, focused: bool = False
) -> list[Line]:
    """URLs that finished in a second."""
    values = [None if column.is_gap else column.per_second for column in columns]
    worked = sum(column.seconds for column in columns if not column.is_gap)
    top = max((value for value in values if value is not None), default=0.0)
    note = f"mean {rate(shape.pages / worked)}, top {rate(top)}" if worked else ""
    plot = plots.columns(values, width - plots.GUTTER, height - 2, top, "fetch")
    return [
        rule("URLS A SECOND" if width >= _ROOMY else "URLS/S", width, note=note, focused=focused),
        *plots.framed(plot, rate(top), width),
        _axis(columns, width),
    ]


def latency(
    shape: Shape, columns: Sequence[Column], width: int, height: int, focused: bool = False
) -> list[Line]:
    """How long answers took: half of them as columns, 95 of 100 as marks."""
    middle = [None if column.is_gap else column.p50_ms for column in columns]
    high = [None if column.is_gap else column.p95_ms for column in columns]
    top = max((value for value in high if value is not None), default=0.0)
    plot = plots.columns(middle, width - plots.GUTTER, height - 2, top, "redirect")
    plot = plots.marked(plot, high, top, "─", "accent")
    title = "RESPONSE TIME" if width >= _ROOMY else "TIME"
    p50, p95 = _short_age(shape.percentile(0.50)), _short_age(shape.percentile(0.95))
    if p95.endswith(" ms"):
        p50 = p50.removesuffix(" ms")
    return [
        rule(title, width, note=f"█ p50 {p50} ─ p95 {p95}", focused=focused),
        *plots.framed(plot, _short_age(top / 1000), width),
        _axis(columns, width),
    ]


def mix(
    shape: Shape, columns: Sequence[Column], width: int, height: int, focused: bool = False
) -> list[Line]:
    """Kinds of answers as shares over time, and how many there are of each."""
    names = _kinds(shape.counts)
    legend = _LEGEND if width >= 60 else 0
    below = [] if legend else _flowing(names, width)
    room = width - legend
    counts = [None if column.is_gap else column.counts for column in columns]
    plot = plots.stacked(counts, room - plots.GUTTER, max(1, height - 2 - len(below)))
    lines = [*plots.framed(plot, "100 %", room), _axis(columns, room), *below]
    if legend:
        total = sum(shape.counts)
        for line, number in zip(names, shape.counts, strict=True):
            line.flush(percent(number, total), _LEGEND - 2, "dim")
        lines = plots.beside((lines, names), (room, legend), 0)
    title = rule("ANSWERS", width, note=plural(sum(shape.counts), "URL"), focused=focused)
    return [title, *lines][:height]


def histograms(shape: Shape, width: int, height: int, focused: bool) -> list[Line]:
    """URLs by depth, answers by response time and by size."""
    if width >= WIDE:
        first, second, third = _thirds(width)
        parts = (
            depths(shape, first, height, focused),
            times(shape, second, height),
            sizes(shape, third, height),
        )
        return plots.beside(parts, (first, second, third))
    half = (width - 2) // 2
    widths = (half, width - 2 - half)
    room = max(4, height - 6)
    below = plots.beside((times(shape, half, room), sizes(shape, widths[1], room)), widths)
    above = depths(shape, width, height - len(below), focused)
    above += [Line()] * (height - len(below) - len(above))
    return [*above, *below]


def depths(shape: Shape, width: int, height: int, focused: bool = False) -> list[Line]:
    """URLs by their depth: done, broken among them, and waiting."""
    found = list(shape.depths)
    room = height - 1
    left = found[room - 1 :] if len(found) > room else []
    shown = found[: room - 1] if left else found
    rows = [
        (
            str(one.depth),
            (
                (one.done - one.broken, "█", "ok"),
                (one.broken, "x", "broken"),
                (one.waiting, "░", "fetch"),
            ),
            count(one.done + one.waiting),
        )
        for one in shown
    ]
    note = "█ done  x broken  ░ waiting" if width >= _ROOMY else "█ done x broken ░ waits"
    title = "URLS BY DEPTH" if width >= _ROOMY else "DEPTH"
    lines = [rule(title, width, note=note, focused=focused), *plots.bars(rows, width, 3)]
    if left:
        urls = sum(one.done + one.waiting for one in left)
        deepest = f"and {count(urls)} deeper, to depth {left[-1].depth}"
        lines.append(Line(f"   {deepest}", "dim"))
    return lines


def times(shape: Shape, width: int, height: int) -> list[Line]:
    """Answers by response time."""
    return _histogram("BY RESPONSE TIME", shape.time_bars(), _short_age, "redirect", width, height)


def sizes(shape: Shape, width: int, height: int) -> list[Line]:
    """Answers by size."""
    return _histogram("BY SIZE", shape.size_bars(), _short_size, "parse", width, height)


def _thirds(width: int) -> tuple[int, int, int]:
    """The widths of three panels with gaps of two cells."""
    third = (width - 4) // 3
    return third, third, width - 4 - 2 * third


def _histogram(
    title: str,
    bars: Sequence[Bar],
    words: Callable[[float], str],
    style: str,
    width: int,
    height: int,
) -> list[Line]:
    bars = _fitting(bars, height - 1)
    total = sum(one.count for one in bars)
    rows = [
        (
            f"< {words(one.high)}" if one.high is not None else f"≥ {words(one.low)}",
            ((one.count, "█", style),),
            f"{count(one.count)}  {percent(one.count, total):>4}",
        )
        for one in bars
    ]
    note = plural(total, "answer")
    return [rule(title, width, note=note), *plots.bars(rows, width, 8)][:height]


def _fitting(bars: Sequence[Bar], room: int) -> list[Bar]:
    """Without the empty bars at both ends, and joined at the end where there is no room."""
    kept = list(bars)
    while len(kept) > 1 and not kept[-1].count:
        kept.pop()
    while len(kept) > 1 and not kept[0].count:
        kept.pop(0)
    while len(kept) > max(1, room):
        last = kept.pop()
        before = kept.pop()
        kept.append(type(last)(before.low, last.high, before.count + last.count))
    return kept


def _kinds(counts: Sequence[int]) -> list[Line]:
    """The kinds of answers and how many there are."""
    lines = []
    for kind, number in zip(plots.KINDS, counts, strict=True):
        line = Line(" ").put(kind.glyph, kind.style).put(f" {kind.name} ", "" if number else "dim")
        lines.append(line.put(count(number), "number" if number else "dim"))
    return lines


def _flowing(parts: Sequence[Line], width: int) -> list[Line]:
    """Short lines one after the other, as many in a line as there is room for."""
    lines = [Line()]
    for part in parts:
        if lines[-1].at and lines[-1].at + part.at + 1 > width:
            lines.append(Line())
        lines[-1].put(" " if lines[-1].at else "")
        lines[-1].pieces += part.pieces
        lines[-1].at += part.at
    return lines


def _axis(columns: Sequence[Column], width: int) -> Line:
    """When the first and the last column were, and how long it is from one to the other."""
    line = Line().to(plots.GUTTER)
    if not columns:
        return line
    end = columns[-1].at + columns[-1].seconds
    line.put(time_of_day(columns[0].at), "dim")
    over = clock(end - columns[0].at)
    if width - line.at >= len(over) + 22:
        line.to((plots.GUTTER + width - len(over)) // 2).put(over, "dim")
    return line.flush(time_of_day(end), width, "dim")


def _short_age(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else age(seconds).replace(".0 ", " ")


def _short_size(number: float) -> str:
    return size(number).replace(".0 ", " ")
