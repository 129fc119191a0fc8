"""Plots: numbers in, blocks out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from crawler_core.store.shape import Bucket, DepthCount, Shape
from tui.widgets import plots
from tui.widgets.paint import LOOKS, Line
from tui.widgets.shapes import histograms, mix, over_time

NUMBERS = st.integers(0, 100_000)
COLUMN = st.none() | st.tuples(*[NUMBERS] * len(plots.KINDS))


def text(line: Line) -> str:
    """What a line says."""
    return "".join(piece for piece, _ in line.pieces)


def shape_of(seconds: int, depth: int = 6) -> Shape:
    """A crawl that grew faster, with some faults."""
    buckets = tuple(
        Bucket(
            1_700_000_000 + n,
            (n % 50, n % 3, n % 5 == 0, n % 31 == 0, 2 * (n % 17 == 0), n % 29 == 0),
            tuple((n * place) % 7 for place in range(31)),
        )
        for n in range(seconds)
    )
    return Shape(
        serial=1,
        newest=1,
        pages=sum(sum(bucket.counts) for bucket in buckets),
        last=1_700_000_000.0 + seconds,
        buckets=buckets,
        sizes=(9, 8, 7, 600_000, 5, 4, 3, 0, 0, 0),
        depths=tuple(DepthCount(n, 100 * n, 10 * n, n) for n in range(depth)),
    )


def test_columns_are_as_high_as_their_values() -> None:
    """The top fills the plot, half of it half, and what is not nothing is seen."""
    rows = plots.columns([8, 4, 0.01, 0, None], 5, 2, 8.0, "ok")
    assert ["".join(glyph for glyph, _ in row) for row in rows] == ["█   ┊", "██▁ ┊"]


def test_columns_fill_the_width() -> None:
    """Few values are spread over all cells, in their order."""
    assert plots.spread(3, 7) == [0, 0, 0, 1, 1, 2, 2]
    assert plots.spread(0, 7) == []


def test_marks_stand_at_their_height() -> None:
    """A second series is one mark in each column, and none where there is no value."""
    rows = plots.marked(plots.columns([1, 1, 1], 3, 3, 9, "ok"), [9, 4, 0], 9, "─", "warn")
    assert ["".join(glyph for glyph, _ in row) for row in rows] == ["─  ", " ─ ", "▃▃▃"]


@given(counts=st.lists(NUMBERS, min_size=1, max_size=8), total=st.integers(8, 200))
def test_levels_share_out_all(counts: list[int], total: int) -> None:
    """All levels are given away, and each kind that is there gets one."""
    found = plots.levels(counts, total)
    assert sum(found) == (total if sum(counts) else 0)
    assert all((level > 0) == (count > 0) for level, count in zip(found, counts, strict=True))


@given(st.lists(COLUMN, max_size=20), st.integers(1, 60), st.integers(1, 9))
def test_stacks_keep_their_size(
    counts: list[tuple[int, ...] | None], width: int, height: int
) -> None:
    """Stacked columns have exactly the cells asked for, and only styles that there are."""
    rows = plots.stacked(counts, width, height)
    assert len(rows) == height
    for row in rows:
        assert len(row) == (width if counts else 0)
        assert all(cell_len(glyph) == 1 and (not look or look in LOOKS) for glyph, look in row)


def test_kinds_differ_without_colour() -> None:
    """Each kind of answer has a sign of its own, in the plot and beside it."""
    assert len({kind.glyph for kind in plots.KINDS}) == len(plots.KINDS)
    rows = plots.stacked([(0, 0, 5, 5, 0, 0)], 1, 2)
    assert [row[0][0] for row in rows] == ["5", "4"]


def test_pictures_fit_and_tell_their_numbers() -> None:
    """Pictures stay within any panel, whole lines and no style that there is not."""
    for seconds in (1, 2, 59, 700):
        shape = shape_of(seconds)
        for width, height in ((78, 19), (100, 11), (120, 11), (200, 20), (80, 12), (160, 44)):
            for draw in (over_time, histograms):
                lines = draw(shape, width, height, True)
                assert 0 < len(lines) <= height
                for line in lines:
                    assert cell_len(text(line)) == line.at <= width, text(line)
                    assert all(not style or style in LOOKS for _, style in line.pieces)


def test_numbers_stand_beside_the_answers() -> None:
    """The legend says how many answers of each kind there are."""
    shape = shape_of(60)
    wide = "\n".join(text(line) for line in mix(shape, shape.columns(30), 70, 9))
    narrow = "\n".join(text(line) for line in mix(shape, shape.columns(30), 40, 11))
    for kind, number in zip(plots.KINDS, shape.counts, strict=True):
        assert f"{kind.glyph} {kind.name} {number:,}" in wide
        assert f"{kind.glyph} {kind.name} {number:,}" in narrow


def test_depths_beyond_the_room_are_summed_up() -> None:
    """Depths that have no line are told of in the last one."""
    lines = [text(line) for line in histograms(shape_of(60, depth=30), 120, 12, False)]
    shown = [n for n in range(30) if any(f" {n} ▕" in line[:8] for line in lines)]
    left = sum(110 * n for n in range(30) if n not in shown)
    assert f"and {left:,} deeper, to depth 29" in lines[len(shown) + 1]
