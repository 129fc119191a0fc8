"""Plots made of blocks: columns, stacked columns and bars. Pure: numbers in, lines out.

Everything can be told apart without colour: by its letter, its height or its kind of block,
and the numbers that matter are written beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import msgspec
from rich.cells import cell_len

from tui.formats import bar, right
from tui.widgets.paint import LOOKS, Line, Look

LOWER = " ▁▂▃▄▅▆▇█"
"""A cell filled from below by so many eighths."""
GUTTER = 8
"""Cells on the left of a plot in time, for its scale."""
GAP = "┊"
"""Stands for a long time in which nothing happened."""

Cells = list[tuple[str, str]]
"""One line of single cells with their style names."""


class Kind(msgspec.Struct, frozen=True):
    """One part of stacked columns: its name, what stands in its cells, and its colour's name."""

    name: str
    glyph: str
    tint: str

    @property
    def style(self) -> str:
        """Of its cells; a letter is read on a ground of the colour."""
        return self.tint if self.glyph in "█▒" else f"on {self.tint}"


KINDS = (
    Kind("2xx", "█", "ok"),
    Kind("3xx", "▒", "redirect"),
    Kind("4xx", "4", "broken"),
    Kind("5xx", "5", "broken"),
    Kind("blocked", "b", "blocked"),
    Kind("no answer", "x", "warn"),
)
"""The kinds of answers, from the bottom of a column to its top."""
LOOKS.update({f"on {one.tint}": Look("background", on=LOOKS[one.tint].color) for one in KINDS})
LOOKS.update(
    {
        f"{low.tint} on {high.tint}": Look(LOOKS[low.tint].color, on=LOOKS[high.tint].color)
        for low, high in permutations(KINDS, 2)
    }
)


def spread(number: int, width: int) -> list[int]:
    """Which of `number` columns each of `width` cells shows."""
    return [cell * number // width for cell in range(width)] if number else []


def columns(
    values: Sequence[float | None], width: int, height: int, top: float, style: str
) -> list[Cells]:
    """Values as columns of eighths of cells, the first line on top; None is a gap."""
    rows: list[Cells] = [[] for _ in range(height)]
    for place in spread(len(values), width):
        value = values[place]
        levels = 0 if value is None or top <= 0 else round(8 * height * min(1.0, value / top))
        if value and not levels:
            levels = 1
        for y, row in enumerate(reversed(rows)):
            if value is None:
                row.append((GAP, "faint"))
            else:
                row.append((LOWER[max(0, min(8, levels - 8 * y))], style))
    return rows


def marked(
    rows: list[Cells], values: Sequence[float | None], top: float, glyph: str, style: str
) -> list[Cells]:
    """The same plot with a mark in each column at the height of a second series."""
    height = len(rows)
    for x, place in enumerate(spread(len(values), len(rows[0]) if rows else 0)):
        value = values[place]
        if value and top > 0:
            y = min(height - 1, int(height * min(1.0, value / top)))
            rows[height - 1 - y][x] = (glyph, style)
    return rows


def stacked(counts: Sequence[Sequence[int] | None], width: int, height: int) -> list[Cells]:
    """Shares as stacked columns, each as high as the plot: what is there at all is seen.

    A cell that two kinds share shows the lower one as a block over the colour of the other.
    """
    rows: list[Cells] = [[] for _ in range(height)]
    drawn = [_stack(column, height) for column in counts]
    for place in spread(len(counts), width):
        for row, cell in zip(rows, drawn[place], strict=True):
            row.append(cell)
    return rows


def levels(counts: Sequence[int], total: int) -> list[int]:
    """`total` levels shared out by counts; what is not nothing gets one at the least."""
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    shares = [max(1, total * count // whole) if count else 0 for count in counts]
    for place in sorted(range(len(shares)), key=shares.__getitem__, reverse=True):
        missing = total - sum(shares)
        if not missing:
            break
        shares[place] = max(1, shares[place] + missing)
    return shares


def framed(rows: list[Cells], top: str, width: int) -> list[Line]:
    """A plot with its scale: `top` beside its first line and 0 beside the last."""
    lines = []
    for y, row in enumerate(rows):
        mark = top if y == 0 else "0" if y == len(rows) - 1 else ""
        line = Line(right(mark, GUTTER - 2), "dim").put(" ").put("▕", "rule")
        lines.append(_runs(line, row[: max(0, width - GUTTER)]))
    return lines


def bars(
    rows: Sequence[tuple[str, Sequence[tuple[int, str, str]], str]], width: int, label: int
) -> list[Line]:
    """Horizontal bars: a label, parts of (count, glyph, style), and words after the bar.

    A part whose glyph is "█" ends in an eighth of a cell if it is the last one.
    """
    tail = max((cell_len(words) for _, _, words in rows), default=0)
    room = width - label - tail - 4
    most = max((sum(part[0] for part in parts) for _, parts, _ in rows), default=0)
    lines = []
    for name, parts, words in rows:
        line = Line(" ").put(right(name, label), "dim").put(" ▕", "rule")
        cells = sum(part[0] for part in parts) * room / most if most else 0.0
        if sum(1 for part in parts if part[0]) == 1:
            count, glyph, style = next(part for part in parts if part[0])
            drawn = bar(count, most, room)
            line.put(drawn if glyph == "█" else glyph * len(drawn), style)
        else:
            whole = max(sum(1 for part in parts if part[0]), round(cells))
            for (_, glyph, style), part in zip(
                parts, levels([part[0] for part in parts], whole), strict=True
            ):
                line.put(glyph * part, style)
        line.put(f" {words}", "number" if cells else "dim")
        lines.append(line)
    return lines


def beside(parts: Sequence[Sequence[Line]], widths: Sequence[int], gap: int = 2) -> list[Line]:
    """Panels side by side, `gap` cells between them."""
    lines = []
    for y in range(max(map(len, parts), default=0)):
        line = Line()
        at = 0
        for part, width in zip(parts, widths, strict=True):
            line.to(at)
            if y < len(part):
                line.pieces += part[y].pieces
                line.at += part[y].at
            at += width + gap
        lines.append(line)
    return lines


def _stack(column: Sequence[int] | None, height: int) -> Cells:
    """One column from its top to its bottom."""
    if column is None:
        return [(GAP, "faint")] * height
    eighths = [
        kind
        for kind, part in zip(KINDS, levels(column, 8 * height), strict=True)
        for _ in range(part)
    ]
    if not eighths:
        return [(" ", "")] * height
    return [_stack_cell(eighths[8 * y : 8 * y + 8]) for y in reversed(range(height))]


def _stack_cell(parts: Sequence[Kind]) -> tuple[str, str]:
    low = parts[0]
    filled = sum(1 for part in parts if part is low)
    if filled == 8:
        return low.glyph, low.style
    others = parts[filled:]
    high = max(others, key=others.count)
    return LOWER[filled], f"{low.tint} on {high.tint}"


def _runs(line: Line, cells: Cells) -> Line:
    """Append cells, those of one style as one piece."""
    text, style = "", ""
    for glyph, look in cells:
        if look != style and text:
            line.put(text, style)
            text = ""
        style = look
        text += glyph
    return line.put(text, style)
