"""Colours: the three themes, and what is left of them where a terminal has few or none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

THEMES = {
    theme.name: theme
    for theme in (
        Theme(
            name="dark",
            dark=True,
            primary="#6cb6ff",
            secondary="#bb9df0",
            accent="#f0b35a",
            foreground="#d6dce5",
            background="#11151c",
            surface="#171c25",
            panel="#1e2530",
            success="#7fc98b",
            warning="#e8b45a",
            error="#f28b86",
            variables={"fetch": "#5fc9c0", "parse": "#d69be8"},
        ),
        Theme(
            name="light",
            dark=False,
            primary="#0a52a8",
            secondary="#6a3aac",
            accent="#7d4300",
            foreground="#1a2029",
            background="#fbfcfe",
            surface="#f1f3f7",
            panel="#e6eaf0",
            success="#115c2d",
            warning="#7d4600",
            error="#a51818",
            variables={"fetch": "#0b5f59", "parse": "#7d2a96"},
        ),
        Theme(
            name="contrast",
            dark=True,
            primary="#7cc4ff",
            secondary="#d3b3ff",
            accent="#ffd75f",
            foreground="#ffffff",
            background="#000000",
            surface="#000000",
            panel="#101010",
            success="#7dff9b",
            warning="#ffd75f",
            error="#ff9a94",
            variables={"fetch": "#66fff0", "parse": "#f2b3ff", "least-part": "0.6"},
        ),
    )
}
"""By name. `least-part` is the least share of a colour in what is drawn faintly."""
_APART = 24.0
"""Steps of brightness (0 to 255) by which a ground differs that is meant to stand out."""


class Colourless(LineFilter):
    """No colour at all (https://no-color.org): what stands out by its ground is reversed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        ground = background.rich_color
        return [
            Segment(text, style and _colourless(style, ground), control)
            for text, style, control in segments
        ]


class FewColours(LineFilter):
    """Sixteen colours over the terminal's own ground.

    The nearest of the sixteen is often the ground itself for a dark grey. So greys become the
    terminal's own letters, hues the basic colour of that hue, and grounds nothing, but where
    they are meant to stand out.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        ground = background.rich_color
        return [
            Segment(text, style and _of_few(style, ground), control)
            for text, style, control in segments
        ]


def filters_for(color_system: str | None, *, no_color: bool) -> Sequence[LineFilter]:
    """What turns a theme's colours into those that the terminal has; () where it has all."""
    if no_color:
        return (Colourless(),)
    return (FewColours(),) if color_system in {"standard", "windows"} else ()


@lru_cache(2048)
def _colourless(style: Style, ground: RichColor) -> Style:
    kept = style.without_color
    return kept + Style(reverse=True) if _stands_out(style, ground) else kept


@lru_cache(2048)
def _of_few(style: Style, ground: RichColor) -> Style:
    kept = style.without_color
    if _stands_out(style, ground):
        basic = _basic(style.bgcolor)
        return kept + Style(reverse=True, color=basic)
    return kept + Style(color=_basic(style.color))


def _stands_out(style: Style, ground: RichColor) -> bool:
    if style.bgcolor is None or style.bgcolor.triplet is None:
        return False
    base = ground.triplet
    return base is not None and abs(_brightness(style.bgcolor) - _brightness(ground)) > _APART


def _brightness(color: RichColor) -> float:
    red, green, blue = color.get_truecolor()
    return 0.299 * red + 0.587 * green + 0.114 * blue


_HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
_VIVID = 0.25
"""The least saturation of what is told by its hue."""


def _basic(color: RichColor | None) -> str | None:
    """The basic colour of that hue; None for greys."""
    if color is None or color.triplet is None:
        return None
    hue, saturation, _ = Color.from_rich_color(color).hsl
    return _HUES[round(hue * 6) % 6] if saturation >= _VIVID else None
