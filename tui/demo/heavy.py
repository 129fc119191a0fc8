"""Pages that are quick to fetch and slow to parse: what the lesson on pools crawls.

No other page links to them, so the demo crawl does not know them.
"""

from __future__ import annotations

import re
from functools import cache

from tui.demo.prose import dice, pick, sentences
from tui.demo.reply import Response, html

PATH = "/lab/heavy/"
PAGES = 20_000
FATAL = "/lab/deadline.html"
"""The page that outlasts the parser; the page numbered so links to it."""
LEADS_TO_FATAL = 20
_LINKS = 4
_PARAGRAPHS = 220
_DELAY = 0.02
_NUMBER = re.compile(re.escape(PATH) + r"(\d{1,5})\.html")


def target(number: int) -> str:
    """The path of a page."""
    return f"{PATH}{number}.html"


def respond(path: str) -> Response | None:
    """The page at a path, or None where there is none: each links to the next four of a tree."""
    found = _NUMBER.fullmatch(path)
    number = int(found[1]) if found else PAGES
    if number >= PAGES or found is None or str(number) != found[1]:
        return None
    first = _LINKS * number + 1
    targets = [target(n) for n in range(first, min(first + _LINKS, PAGES))]
    targets += [FATAL] * (number == LEADS_TO_FATAL)
    links = "".join(f'<li><a href="{each}">{each}</a></li>\n' for each in targets)
    head = f'<!doctype html><html lang="en"><head><title>Ledger {number}</title></head><body>'
    return html(f"{head}<h1>Ledger {number}</h1>\n<ul>{links}</ul>\n{_rows()}", delay=_DELAY)


@cache
def _rows() -> str:
    """What all of these pages have in common: some 80 kB of nested markup."""
    rng, rows = dice(PATH), []
    for number in range(_PARAGRAPHS):
        text = pick(rng, sentences()).partition(" ")
        cells = f"<td><b>{text[0]}</b> <span>{text[2]}</span></td><td><i>{number}</i></td>"
        said = pick(rng, sentences())
        rows.append(f"<table><tr>{cells}</tr></table><p>{said} <em>{text[0]}</em> {text[2]}</p>\n")
    return "".join(rows) + "</body></html>\n"
