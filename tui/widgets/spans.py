"""Which cells of a line have changed: what need not be sent again is not. Pure.

A refreshed cell costs a byte or two, but each piece of a line brings some 40 bytes of colours
and a jump of the cursor with it. So what lies close together is sent as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

GAP = 12
"""Unchanged cells between two changes that cost less to send than to jump over."""
_NARROW = re.compile("[ -~\u00a1-\u02ff\u2010-\u23ff\u2500-\u28ff]*")
"""Letters, arrows, rules, blocks and braille: most that is drawn, and none of it zero wide."""


def changed_spans(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """First cell and end of each stretch that differs; the whole line where cells are not letters.

    Wide and combining characters are no cells of their own, and a half of one cannot be sent.
    """
    if old.cell_length != new.cell_length or not (_is_plain(old) and _is_plain(new)):
        return [(0, max(old.cell_length, new.cell_length))]
    spans: list[tuple[int, int]] = []
    for x, (before, after) in enumerate(zip(_cells(old), _cells(new), strict=True)):
        if before == after:
            continue
        if spans and x - spans[-1][1] < GAP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


def merged(pieces: Sequence[tuple[str, Style]]) -> list[Segment]:
    """Pieces as segments, as few as look the same: a space has no colour but its ground's."""
    texts: list[str] = []
    styles: list[Style] = []
    for text, style in pieces:
        if styles and (style == styles[-1] or (text.isspace() and _same_space(style, styles[-1]))):
            texts[-1] += text
        elif styles and texts[-1].isspace() and _same_space(styles[-1], style):
            texts[-1] += text
            styles[-1] = style
        else:
            texts.append(text)
            styles.append(style)
    return [Segment(text, style) for text, style in zip(texts, styles, strict=True)]


def _same_space(space: Style, beside: Style) -> bool:
    return space.bgcolor == beside.bgcolor and not (
        space.underline or beside.underline or space.reverse or beside.reverse
    )


def _cells(strip: Strip) -> Iterator[tuple[str, object]]:
    for text, style, _ in strip:
        ground: object = None
        if style is not None:
            ground = style if style.underline or style.reverse else style.bgcolor
        for character in text:
            yield character, ground if character == " " else style


def _is_plain(strip: Strip) -> bool:
    text = strip.text
    return len(text) == strip.cell_length and _NARROW.fullmatch(text) is not None
