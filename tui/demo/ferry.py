"""The ferry of the demo: it takes one visitor at a time, so that more at once only wait longer."""

from __future__ import annotations

import re

from tui.demo.frame import Frame
from tui.demo.prose import dice, paragraphs
from tui.demo.reply import Response, html

CROSSINGS = 12
"""Crossings that the index links, unless `?crossings=N` asks for more."""
MOST = 2_000
PAGES = CROSSINGS + 1
LANE = "ferry"
_CROSSING = 0.05
"""Seconds that a crossing takes, once its turn has come."""
_INDEX = re.compile(r"/ferry/(?:\?crossings=(\d{1,4}))?")
_PAGE = re.compile(r"/ferry/crossing-([1-9]\d{0,3})\.html")


def respond(frame: Frame, target: str) -> Response | None:
    """What the ferry answers to a path with its query; None for what is not its own."""
    if (found := _INDEX.fullmatch(target)) is not None:
        count = min(MOST, int(found[1] or CROSSINGS))
        links = "".join(
            f'<li><a href="/ferry/crossing-{n}.html">Crossing {n}</a></li>\n'
            for n in range(1, count + 1)
        )
        main = f"<h1>Ferry</h1>\n<p>It takes one visitor at a time.</p>\n<ul>\n{links}</ul>"
        return html(frame.page("/ferry/", "Ferry | One at a time", main), delay=0.03)
    if (found := _PAGE.fullmatch(target)) is not None and int(found[1]) <= MOST:
        main = f"<h1>Crossing {found[1]}</h1>\n{paragraphs(dice(target), 1)}"
        text = frame.page(target, f"Crossing {found[1]} of the ferry", main)
        return html(text, delay=_CROSSING, lane=LANE)
    return None
