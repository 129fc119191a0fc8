"""Makes the README's short tour: real screens of a real crawl of the demo site, as one picture.

python docs/tour.py [docs/tour.svg]

The screens are shown one after the other by the style sheet inside the picture, so that it plays
wherever a browser shows it; who asks for less motion gets one screen that stands still.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}  # looked at when imported
from tui.app import CrawlApp
from tui.bridge import Client, Ending
from tui.session import CrawlSession

SIZE = (120, 36)
SECONDS = 3.2
"""How long each screen is shown."""
LONGEST = 90.0
"""Seconds to wait for a number of URLs."""
_MOVING = 8.0
"""Pages parsed a second by which the crawl is under way."""
STILL = 2
"""The screen that stands for all where nothing is to move."""
CAPTION = 44
"""Height of the line below the screens."""


class Step(NamedTuple):
    """One screen of the tour: how far the crawl is by then, the keys, and what is said."""

    done: int
    keys: Sequence[str]
    says: str


STEPS = (
    Step(
        40, (), "crawltui demo: a crawl of the built-in site; the second line says what limits it"
    ),
    Step(150, ("+",) * 8, "+ pressed eight times: more fetch workers, while it runs"),
    Step(420, (">",), "the third line measures what a key has brought; > adds a parse worker"),
    Step(600, ("2",), "2: all results, as they come"),
    Step(650, ("slash", *"guide"), "/ filters as you type"),
    Step(700, ("escape", "3"), "3: what is broken, and which pages link to it"),
    Step(800, ("5",), "5: every worker and every future"),
    Step(1_000, ("7",), "7: the site in pictures, and its folders"),
    Step(1_100, ("s",), "s: save a CSV, at any time"),
)


async def record() -> list[str]:
    """The screens of the tour, each an SVG document."""
    frames = []
    with tempfile.TemporaryDirectory() as folder, CrawlSession() as session:
        client = session.demo(store=Path(folder) / "demo.crawl")
        app = CrawlApp(session, client)
        async with app.run_test(size=SIZE) as pilot:
            for step in STEPS:
                await _until(pilot, client, step.done)
                await pilot.press(*step.keys)
                await pilot.pause(1.2)
                frames.append(app.export_screenshot(title="crawltui"))
    return frames


async def _until(pilot: Pilot[Ending], client: Client, done: int) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST
    while loop.time() < end:
        snapshot = client.snapshot()
        # Not while the page that outlasts the parsers' deadline holds them up: what a key brings
        # would be compared with a standstill.
        if snapshot is not None and snapshot.done >= done and snapshot.rates.parses >= _MOVING:
            return
        await pilot.pause(0.1)


def together(frames: Sequence[str], says: Sequence[str]) -> str:
    """One animated SVG of several; each keeps its own styles, the fonts are named once."""
    head = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', frames[0])
    if head is None:
        raise ValueError("A screenshot without a size.")
    width, height = float(head[1]), float(head[2])
    whole = SECONDS * len(frames)
    share = 100 / len(frames)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + CAPTION}">',
        "<title>crawltui in nine screens</title><style>",
        f"@keyframes turn {{ 0% {{ visibility: visible }} {share:.3f}% {{ visibility: hidden }} }}",
        f".frame {{ visibility: hidden; animation: turn {whole:.1f}s step-end infinite }}",
        ".says { font: 600 22px ui-monospace, monospace; fill: #f0b35a }",
        "@media (prefers-reduced-motion) { .frame { animation: none } ",
        f"#frame-{STILL} {{ visibility: visible }} }}",
        "</style>",
        f'<rect width="100%" height="{height + CAPTION}" rx="8" fill="#11151c"/>',
    ]
    for number, (frame, words) in enumerate(zip(frames, says, strict=True)):
        begins = number * SECONDS - whole
        parts.append(
            f'<g id="frame-{number}" class="frame" style="animation-delay: {begins:.1f}s">'
            f"{_bare(frame)}"
            f'<text class="says" x="16" y="{height + CAPTION - 16:.0f}">{_safe(words)}</text></g>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _bare(frame: str) -> str:
    """A screenshot as a part of another picture: no fonts from elsewhere, no comments."""
    frame = re.sub(r"@font-face \{[^}]*\}", "", frame)
    frame = re.sub(r"<!--.*?-->", "", frame, flags=re.DOTALL)
    frame = re.sub(
        r'viewBox="0 0 ([\d.]+) ([\d.]+)"', r'\g<0> width="\1" height="\2"', frame, count=1
    )
    return re.sub(r"\s*\n\s*", "\n", frame).strip()


def _safe(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def main() -> None:
    """Record the tour."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("tour.svg"))
    frames = asyncio.run(record())
    target.write_text(together(frames, [step.says for step in STEPS]), encoding="utf-8")
    sys.stdout.write(f"{target}, {target.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
