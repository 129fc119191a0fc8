"""What is sent again of a line: all that changed, and little else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.widgets.pace import Echo
from tui.widgets.spans import GAP, changed_spans, merged

STYLES = [Style(), Style(color="red"), Style(bgcolor="blue"), Style(bold=True), Style(reverse=True)]
pieces = st.lists(
    st.tuples(st.text("ab 1…█", min_size=1, max_size=9), st.sampled_from(STYLES)), max_size=12
)


def _strip(text: str, style: Style | None = None) -> Strip:
    return Strip([Segment(text, style or Style())])


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        ("12 done", "12 done", []),
        ("12 done", "13 done", [(1, 2)]),
        ("1" + "." * 40 + "1", "2" + "." * 40 + "2", [(0, 1), (41, 42)]),
        ("1" + "." * (GAP - 2) + "1", "2" + "." * (GAP - 2) + "2", [(0, GAP)]),
        ("日本", "日木", [(0, 4)]),
        ("ab", "abc", [(0, 3)]),
    ],
)
def test_only_what_changed_is_sent(old: str, new: str, spans: list[tuple[int, int]]) -> None:
    """Stretches that differ, those close together as one; a line of wide letters as a whole."""
    assert changed_spans(_strip(old), _strip(new)) == spans


def test_a_change_of_colour_is_a_change() -> None:
    """Letters of another colour are sent again; spaces only if their ground has changed."""
    red, blue = Style(color="red"), Style(bgcolor="blue")
    assert changed_spans(_strip("ab", red), _strip("ab")) == [(0, 2)]
    assert changed_spans(_strip("  ", red), _strip("  ")) == []
    assert changed_spans(_strip("  ", blue), _strip("  ")) == [(0, 2)]


@given(pieces, pieces)
def test_spans_cover_every_change(
    one: list[tuple[str, Style]], two: list[tuple[str, Style]]
) -> None:
    """What lies outside of the spans is the same in both lines."""
    width = max(sum(len(text) for text, _ in some) for some in (one, two))
    old, new = (
        Strip([Segment(*piece) for piece in some]).adjust_cell_length(width, Style())
        for some in (one, two)
    )
    inside = {x for start, end in changed_spans(old, new) for x in range(start, end)}
    for x in set(range(width)) - inside:
        assert old.crop(x, x + 1).text == new.crop(x, x + 1).text


@given(pieces)
def test_merged_pieces_say_the_same(some: list[tuple[str, Style]]) -> None:
    """Pieces that are put together keep their letters and the looks of these."""
    found = merged(some)
    assert "".join(segment.text for segment in found) == "".join(text for text, _ in some)
    assert len(found) <= len(some)
    before = [(letter, style) for text, style in some for letter in text]
    after = [(letter, segment.style) for segment in found for letter in segment.text]
    for (letter, was), (_, now) in zip(before, after, strict=True):
        if letter == " ":
            assert now is not None
            assert (was.bgcolor, was.reverse or False) == (now.bgcolor, now.reverse or False)
        else:
            assert was == now


def test_a_line_that_is_behind_gets_no_frames() -> None:
    """A terminal that owes an answer is waited for, for a while; one that never answers is not."""
    echo = Echo()
    echo.asked(10.0)
    # Nobody knows yet whether it answers at all.
    assert (echo.is_behind(10.5), echo.may_ask(99.0), echo.owes) == (False, False, False)
    echo.answered(10.05)
    assert (echo.is_behind(10.06), echo.may_ask(10.06)) == (False, True)
    echo.asked(11.0)
    assert (echo.is_behind(11.5), echo.may_ask(11.5), echo.owes) == (True, False, True)
    echo.answered(12.0)
    # It was busy for a second: keys come first.
    assert (echo.is_behind(12.5), echo.is_behind(14.5), echo.owes) == (True, False, False)
    echo.asked(15.0)
    assert (echo.is_behind(30.0), echo.may_ask(30.0)) == (False, True)


def test_wide_letters_keep_the_columns(session: FakeSession, client: FakeClient) -> None:
    """Every line of every tab is as wide as the screen, whatever its letters are."""

    async def scenario(it: Drive) -> None:
        for number in "123456":
            await it.press(number)
            for line in it.screen():
                assert cell_len(line) == 80, line
        await it.press("1")
        assert it.shows("ガイド")

    drive(CrawlApp(session, client), scenario, (80, 24))
