"""Colours: read well in every theme, remembered, and done without where there are none."""

from __future__ import annotations

from pathlib import Path

import pyte
import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from crawler_core.errors import ConfigError
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp, Taste
from tui.taste import VARIABLE, WORDS, chosen_theme, remember_theme
from tui.themes import THEMES, Colourless, FewColours, filters_for
from tui.widgets.paint import LOOKS
from tui.wire import thrifty

ENOUGH = 4.5
"""The least contrast of text by WCAG 2.1, success criterion 1.4.3."""
_DECORATION = {"rule", "faint"}
"""Rules, arrows and empty parts of gauges: nothing to be read (same criterion, incidental).
Nor are looks of one colour "on" another, which are halves of blocks in pictures."""

_PARTS = (
    *("primary", "secondary", "accent", "foreground", "background", "surface", "panel"),
    *("success", "warning", "error"),
)


def _luminance(color: Color) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [value / 255 for value in (color.r, color.g, color.b)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _colors(name: str) -> dict[str, Color]:
    theme = THEMES[name]
    named = {part: str(getattr(theme, part)) for part in _PARTS} | theme.variables
    return {part: Color.parse(text) for part, text in named.items() if text.startswith("#")}


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
def test_text_is_readable(name: str, ground: str) -> None:
    """Every look has a contrast of at least 4.5 to 1, under the cursor of a table too."""
    colors = _colors(name)
    base = colors[ground]
    cursor = LOOKS["cursor"]
    grounds = [base]
    if ground != "panel":  # the head and the foot have no cursor
        grounds.append(base.blend(colors[cursor.on], cursor.on_part))
    for look_name, look in LOOKS.items():
        if look_name in _DECORATION or " on " in look_name or not look.color:
            continue
        letters = base.blend(colors[look.color], look.part)
        under = [base.blend(colors[look.on], look.on_part)] if look.on else grounds
        if look_name == "tab":
            under = [base]
        for one in under:
            assert _contrast(letters, one) >= ENOUGH, (look_name, ground)
    for one in grounds:
        assert _contrast(colors["foreground"], one) >= ENOUGH


def test_high_contrast_deserves_its_name() -> None:
    """Plain text of the high contrast theme has at least 7 to 1 (WCAG 2.1, 1.4.6)."""
    colors = _colors("contrast")
    for name in ("foreground", "primary", "success", "warning", "error", "secondary", "accent"):
        assert _contrast(colors[name], colors["panel"]) >= 7


def test_the_wish_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option beats the variable, the variable what is remembered; a wrong name is told."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert chosen_theme("", {}) == "dark"
    remember_theme("light")
    assert chosen_theme("", {}) == "light"
    assert chosen_theme("", {VARIABLE: "contrast"}) == "contrast"
    assert chosen_theme("dark", {VARIABLE: "contrast"}) == "dark"
    with pytest.raises(ConfigError, match="--theme 'pink' is no theme: choose one of dark, light"):
        chosen_theme("pink", {})
    with pytest.raises(ConfigError, match=VARIABLE):
        chosen_theme("", {VARIABLE: "pink"})
    (tmp_path / "crawltui" / "theme").write_text("nonsense")
    assert chosen_theme("", {}) == "dark"
    assert set(WORDS) == set(THEMES)


def test_a_folder_that_cannot_be_written_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choosing colours never fails."""
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(file))
    remember_theme("light")
    assert chosen_theme("", {}) == "dark"


def test_the_palette_changes_and_remembers(session: FakeSession, client: FakeClient) -> None:
    """The palette has the three themes; the chosen one is drawn at once and told."""
    told: list[str] = []

    async def scenario(it: Drive) -> None:
        await it.press("ctrl+p")
        await it.type("high contrast")
        await it.until(lambda: it.shows("Theme: high contrast") and not it.shows("Theme: light"))
        await it.press("enter")
        await it.settle()
        assert it.app.theme == "contrast"
        head = it.app.screen.query_one("#head")
        assert head.background_colors[1].hex == THEMES["contrast"].panel

    drive(CrawlApp(session, client, taste=Taste(remember=told.append)), scenario)
    assert told == ["contrast"]


GROUND = Color.parse("#11151c")
PILL = Segment("DONE", Style(color="#11151c", bgcolor="#7fc98b", bold=True))
BROKEN = Segment("404", Style(color="#f28b86", bgcolor="#11151c"))
DIM = Segment("dim", Style(color="#9aa0a8", bgcolor="#171c25"))


def test_no_color_is_no_color() -> None:
    """NO_COLOR leaves bold and reverse: what stands out by its ground still does."""
    (colourless,) = filters_for("truecolor", no_color=True)
    assert isinstance(colourless, Colourless)
    pill, broken, dim = colourless.apply([PILL, BROKEN, DIM], GROUND)
    for segment in (pill, broken, dim):
        assert segment.style is not None
        assert segment.style.color is None
        assert segment.style.bgcolor is None
    assert pill.style is not None
    assert pill.style.reverse
    assert pill.style.bold
    assert broken.style is not None
    assert not broken.style.reverse


def test_sixteen_colours_lie_on_the_terminal_s_own_ground() -> None:
    """With 16 colours a hue is its basic colour, a grey the terminal's own, a ground reversed."""
    (few,) = filters_for("standard", no_color=False)
    assert isinstance(few, FewColours)
    pill, broken, dim = few.apply([PILL, BROKEN, DIM], GROUND)
    assert pill.style == Style(bold=True, reverse=True, color="green")
    assert broken.style == Style(color="red")
    assert dim.style == Style()
    assert filters_for("truecolor", no_color=False) == filters_for("256", no_color=False) == ()


def test_the_picture_survives_its_thrift() -> None:
    """What is sent in fewer bytes looks the same, cell by cell, on a terminal."""
    styles = [
        Style(color="#d6dce5", bgcolor="#11151c"),
        Style(color="#d6dce5", bgcolor="#11151c", bold=True),
        Style(color="#7fc98b", bgcolor="#11151c"),
        Style(color="red", reverse=True),
        Style(bold=True, italic=True, underline=True),
        Style(color="color(200)", bgcolor="bright_blue"),
        Style(),
    ]
    text = "".join(
        f"\x1b[{1 + n // 7};{1 + n % 7 * 9}H"
        + styles[n * 5 % 7].render(f"p{n:<7}", color_system=ColorSystem.TRUECOLOR)
        for n in range(70)
    )
    short = thrifty(text)
    assert len(short) < len(text)
    assert _seen(short) == _seen(text)
    assert thrifty("no colours\r\n") == "no colours\r\n"
    assert _seen(short + "after") == _seen(text + "after")


def _seen(text: str) -> list[object]:
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed(text)
    return [screen.buffer[y][x] for y in range(24) for x in range(80)]
