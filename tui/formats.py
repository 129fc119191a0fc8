"""How numbers, times, URLs and graphs are written: pure functions from values to text.

Widths are terminal cells, not characters: a CJK letter takes two.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from rich.cells import cell_len, set_cell_size

from crawler_core.model import BROKEN, Outcome
from crawler_core.text import clean

_SPARKS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_ENCODED_LETTERS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
"""Percent-encoded bytes beyond ASCII: decoding these changes no delimiter of a URL."""
_UNEVEN: dict[int, str | None] = {
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF)),
    **dict.fromkeys(range(0x1F3FB, 0x1F400)),
    **{0x1F1E6 + place: chr(ord("A") + place) for place in range(26)},
}
"""Joiners, variants and skin tones go, letters of flags become letters: terminals disagree on
how wide such a sequence is."""
_TONES = {
    Outcome.OK: "ok",
    Outcome.REDIRECT: "redirect",
    Outcome.BLOCKED: "blocked",
    Outcome.THROTTLED: "warn",
    Outcome.TOO_LARGE: "warn",
    Outcome.PARSER_CRASHED: "broken",
    Outcome.PARSER_TIMEOUT: "broken",
}


def count(number: int) -> str:
    """12345 as 12,345."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(seconds: float) -> str:
    """A duration in seconds as 01:22 or 1:02:03."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def age(seconds: float) -> str:
    """A short duration in seconds as 8.4 s, 41 s or 3 min."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def time_of_day(at: float) -> str:
    """Unix time as local 14:02:07."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def day(at: float, now: float) -> str:
    """Unix time as "today 09:12", "yesterday 18:40" or a date, in local time."""
    then, today = time.localtime(at), time.localtime(now)
    clock_text = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return f"today {clock_text}"
    if then[:3] == time.localtime(now - 86_400)[:3]:
        return f"yesterday {clock_text}"
    return time.strftime("%Y-%m-%d", then)


def size(number: int | float | None) -> str:
    """Bytes as 96 B, 0.2 kB, 76.4 kB or 2.0 MB; "" when not known."""
    if number is None:
        return ""
    if number < 100:
        return f"{number:.0f} B"
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if number >= scale:
            value = number / scale
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    value = number / 1e3
    return f"{value:.1f} kB" if value < 100 else f"{value:.0f} kB"


def rate(number: float) -> str:
    """Something a second: one decimal below 100."""
    return f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def percent(part: float, whole: float) -> str:
    """A share as 89 %; what is there but rounds to nothing is <1 %."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if 0 < share < 0.5:
        return "<1 %"
    return f"{share:.0f} %"


def plain(text: str) -> str:
    """`text` of characters that a terminal draws, each in cells of its own.

    Control characters become U+FFFD: a crawl file may be anyone's. What joins or varies its
    neighbours without a cell of its own goes, as terminals disagree on how wide that is.
    """
    if text.isascii() and text.isprintable():
        return text
    return _plain_often(text) if len(text) < _OFTEN else _plain(text)


def _plain(text: str) -> str:
    safe = clean(text).translate(_UNEVEN)
    return safe if safe.isprintable() else "".join(c for c in safe if c.isprintable())


_OFTEN = 250
"""Characters below which a text is remembered: rules, bars and labels come in each frame."""
_plain_often = lru_cache(2_048)(_plain)


def fit(text: str, cells: int) -> str:
    """Exactly `cells` wide: padded, or cut with an ellipsis."""
    if cells <= 0:
        return ""
    text = plain(text)
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(set_cell_size(text, cells - 1).rstrip() + "…", cells)


def cut(text: str, cells: int) -> str:
    """At most `cells` wide, cut with an ellipsis."""
    text = plain(text)
    return text if cell_len(text) <= cells else fit(text, cells).rstrip()


def cut_middle(text: str, cells: int) -> str:
    """At most `cells` wide; what is too long loses its middle: both ends of a URL tell most."""
    text = plain(text)
    if cell_len(text) <= cells:
        return text
    if cells < 12:
        return cut(text, cells)
    tail = cells // 3
    end = text
    while cell_len(end) > tail:
        end = end[max(1, len(end) - tail) :]
    return set_cell_size(text, cells - 1 - cell_len(end)).rstrip() + "…" + end


def right(text: str, cells: int) -> str:
    """Exactly `cells` wide, flush right."""
    text = plain(text)
    return (
        text.rjust(cells - cell_len(text) + len(text))
        if cell_len(text) <= cells
        else fit(text, cells)
    )


def spark(values: Sequence[float], cells: int, top: float | None = None) -> str:
    """The newest `cells` values as a line of blocks; the newest is at the right end."""
    shown = list(values)[-cells:]
    highest = max(shown, default=0.0) if top is None else top
    blocks = "".join(
        _SPARKS[min(7, int(8 * max(0.0, value) / highest))] if highest > 0 else _SPARKS[0]
        for value in shown
    )
    return blocks.rjust(cells)


def bar(part: float, whole: float, cells: int) -> str:
    """A bar of eighth blocks; what is there at all shows at least one eighth."""
    if whole <= 0 or part <= 0 or cells <= 0:
        return ""
    eighths = max(1, min(8 * cells, round(8 * cells * part / whole)))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def gauge_scale(target: int, maximum: int, cells: int) -> int:
    """How many workers a gauge of `cells` shows: room to grow stays visible at any maximum."""
    wanted = 8
    while wanted < target * 2 and wanted < maximum:
        wanted *= 2
    return max(1, target, min(maximum, max(wanted, cells)))


def gauge(busy: int, target: int, maximum: int, cells: int) -> tuple[str, str, str]:
    """Blocks for the busy, the free (up to target) and the possible workers (up to maximum).

    Where there is room each worker is a block of its own, with gaps when blocks are wide.
    """
    scale = gauge_scale(max(target, busy), maximum, cells)
    free = max(0, target - busy)
    room = max(0, scale - busy - free)
    each = cells // scale
    if each >= 3:
        each = min(each, 8) - 1
        return ("█" * each + " ") * busy, ("░" * each + " ") * free, ("·" * each + " ") * room
    if each >= 1:
        return "█" * (busy * each), "░" * (free * each), "·" * (room * each)
    first = round(cells * busy / scale) or (1 if busy else 0)
    second = max(first, round(cells * (busy + free) / scale))
    return "█" * first, "░" * (second - first), "·" * (cells - second)


def tone(outcome: str) -> str:
    """The style name of an outcome: a bot wall (`blocked`) is not painted as broken."""
    try:
        known = Outcome(outcome)
    except ValueError:
        return "dim"
    return _TONES.get(known, "broken" if known in BROKEN else "dim")


def short_url(url: str, home: str) -> str:
    """The path of a URL of the home site, //host/path for any other; letters are readable."""
    url = _ENCODED_LETTERS.sub(_decoded, url) if "%" in url else url
    if home and url.startswith(home):
        return "/" + url[len(home) :].lstrip("/")
    scheme, mark, rest = url.partition("://")
    return f"//{rest}" if mark and scheme in {"http", "https"} else url


def home_of(start_urls: Sequence[str]) -> str:
    """Scheme and host of the first start URL, with a slash at its end."""
    return origin(start_urls[0]) if start_urls else ""


def origin(url: str) -> str:
    """Scheme and host of a URL, with a slash at its end; "" if there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else ""


def parser_name(parser: str) -> str:
    """A parser as people call it."""
    return "BeautifulSoup" if parser == "soup" else parser


def host_name(key: str) -> str:
    """A host as people write it: https goes without saying, and http where a port is named."""
    scheme, _, name = key.rstrip("/").rpartition("://")
    has_port = name.rpartition(":")[2].isdecimal()
    return f"http://{name}" if scheme == "http" and not has_port else name


def csv_name(start_urls: Sequence[str], *, partial: bool, what: str = "pages") -> str:
    """The file name proposed for a CSV: HOST.csv, HOST.broken.csv, HOST.partial.csv."""
    try:
        host = urlsplit(start_urls[0]).netloc if start_urls else ""
    except ValueError:
        host = ""
    safe = "".join(c if c.isalnum() or c in ".-" else "-" for c in host.rpartition("@")[2])
    middle = "" if what == "pages" else f".{what}"
    return f"{safe.strip('.-') or 'crawl'}{middle}{'.partial' if partial else ''}.csv"


def _decoded(found: re.Match[str]) -> str:
    try:
        letters = bytes.fromhex(found[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return found[0]
    return letters if letters.isprintable() else found[0]
