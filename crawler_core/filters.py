"""The language of the filter line: words that are read as people type them. Pure.

    guide !old status:4xx type:pdf title:"getting started" depth:>3 is:external

All words hold together (AND). `!` turns one round, quotes hold a phrase, and a word without
a field is looked for in addresses and titles. What is not understood, or not yet, is told in
a sentence and left out; the rest applies. Nothing that is typed is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from crawler_core.model import Outcome
from crawler_core.text import clean

MAX_CHARACTERS = 500
MAX_TERMS = 32
"""Far below what SQLite takes in one statement (1,000 levels, 32,766 parameters)."""

TEXTS: Mapping[str, str] = {
    "url": "address",
    "host": "host of the address",
    "title": "title",
    "description": "meta description",
    "h1": "first H1",
    "canonical": "canonical address",
    "redirect": "address that it redirects to",
    "type": "content type",
    "why": "reason why it is not indexable",
}
"""Fields that hold a text, and what they are."""
NUMBERS: Mapping[str, str] = {
    "depth": "clicks from the start",
    "size": "bytes, as 900, 20k or 1.5m",
    "ms": "milliseconds to answer",
    "words": "words of the page",
    "title-length": "characters of the title",
    "description-length": "characters of the meta description",
    "h1-length": "characters of the first H1",
}
"""Fields that hold a number, and what they count."""
KINDS: Mapping[str, str] = {
    "internal": "URLs of the site",
    "external": "URLs of other sites",
    "page": "internal HTML pages that were read",
    "broken": "broken URLs",
    "redirect": "what redirects",
    "blocked": "bot walls, too many requests, robots.txt",
    "unanswered": "what gave no answer",
    "indexable": "what search engines may show",
    "non-indexable": "internal URLs that they may not",
    "canonicalised": "pages that name another one as canonical",
    "html": "HTML documents",
    "image": "images",
    "css": "style sheets",
    "javascript": "scripts",
    "pdf": "PDF files",
    "duplicate-title": "pages whose title others have too",
    "duplicate-description": "pages whose meta description others have too",
    "duplicate-h1": "pages whose first H1 others have too",
}
"""What may follow `is:`, and what it means."""
FIELDS: tuple[str, ...] = ("status", "outcome", "is", *TEXTS, *NUMBERS)
_COMMON = ("status", "is", "type", "title", "url", "depth", "size", "ms")
_TYPES: Mapping[str, str] = {"js": "javascript", "jpg": "jpeg"}
"""What people call a content type, where its name has another word."""
_ALIASES: Mapping[str, str] = {
    "address": "url",
    "canonicalized": "canonicalised",
    "code": "status",
    "desc": "description",
    "duplicate": "duplicate-title",
    "images": "image",
    "js": "javascript",
    "nonindexable": "non-indexable",
    "redirected": "redirect",
    "script": "javascript",
    "time": "ms",
}
"""Other words that people try."""


class Text(msgspec.Struct, frozen=True):
    """A text field contains `value` (ASCII letters of either case); "" means that it is empty.

    The field "" is address or title.
    """

    field: str
    value: str


class Number(msgspec.Struct, frozen=True):
    """A number field lies within `low` and `high`, both included unless `open`.

    Sizes are bytes, times milliseconds. What has no such number never matches.
    """

    field: str
    low: float = float("-inf")
    high: float = float("inf")
    open: bool = False
    """The bounds themselves are left out."""


class Status(msgspec.Struct, frozen=True):
    """The status code lies within one of the ranges, both ends included; 0 is no answer."""

    ranges: tuple[tuple[int, int], ...]


class Ending(msgspec.Struct, frozen=True):
    """The outcome is one of these."""

    outcomes: tuple[Outcome, ...]


class Kind(msgspec.Struct, frozen=True):
    """One of KINDS."""

    name: str


class Term(msgspec.Struct, frozen=True):
    """One condition, perhaps turned round."""

    test: Text | Number | Status | Ending | Kind
    inverse: bool = False


class Filter(msgspec.Struct, frozen=True):
    """What was understood of a filter line."""

    terms: tuple[Term, ...] = ()
    problem: str = ""
    """A sentence about the last word that was left out, such as one that is still typed; if there
    is none, about the first one that may have been meant otherwise."""
    understood: str = ""
    """The words that were not left out, as they were typed."""

    @property
    def compares(self) -> bool:
        """Whether rows that finish later may change what a row's own values say."""
        kinds = (term.test.name for term in self.terms if isinstance(term.test, Kind))
        return any(name.startswith("duplicate-") for name in kinds)


def parse(text: str) -> Filter:
    """Read a filter line; never raises."""
    terms: list[Term] = []
    understood: list[str] = []
    problem = otherwise = ""
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS]
        problem = f"Only the first {MAX_CHARACTERS} characters of a filter are read."
    for word in _words(clean(text)):
        if len(terms) == MAX_TERMS:
            problem = f"Only the first {MAX_TERMS} words of a filter are read."
            break
        found = _test(word)
        if isinstance(found, str):
            problem = found
        else:
            terms.append(Term(found, word.inverse))
            understood.append(word.typed)
            otherwise = otherwise or _otherwise(word)
    return Filter(tuple(terms), problem or otherwise, " ".join(understood))


class _Word(msgspec.Struct, frozen=True):
    inverse: bool
    field: str
    """What stands before the first colon outside of quotes; "" without one."""
    value: str
    quoted: bool
    typed: str


_WORD = re.compile(
    r"""(?P<inverse>!?)
        (?:(?P<field>[A-Za-z][A-Za-z0-9-]*):(?!//))?
        (?:"(?P<phrase>[^"]*)"?|(?P<plain>\S*))""",
    re.VERBOSE,
)


def _words(text: str) -> list[_Word]:
    """Cut at spaces outside of quotes; a quote that is not closed yet reaches to the end."""
    found = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _WORD.match(text, at)
        if match is None or match.end() == at:  # the pattern always takes one character here
            break
        at = match.end()
        phrase = match["phrase"]
        value = match["plain"] if phrase is None else phrase
        found.append(
            _Word(
                bool(match["inverse"]),
                match["field"] or "",
                value or "",
                phrase is not None,
                match[0],
            )
        )
    return found


def _test(word: _Word) -> Text | Number | Status | Ending | Kind | str:
    """The condition that a word states, or a sentence about what is wrong with it."""
    field = _ALIASES.get(word.field.lower(), word.field.lower())
    value = word.value
    if not word.field:
        if value:
            return Text("", value)
        return "! turns the next word round, such as !draft." if word.inverse else _EMPTY_QUOTES
    if field in TEXTS:
        if value or word.quoted:
            return Text(field, _TYPES.get(value.lower(), value) if field == "type" else value)
        return f'{field}: what text? {field}:word holds it, {field}:"" has none.'
    if field in NUMBERS:
        return _number(field, value)
    if field == "status":
        return _status(value)
    if field == "outcome":
        return _ending(value)
    if field == "is":
        return _kind(value)
    return _unknown(word.field)


def _otherwise(word: _Word) -> str:
    """What else a word without a field may have been meant for; "" if it is one like others."""
    value = word.value.lower()
    if word.field or word.quoted:
        return ""
    if _LIKE_A_STATUS.fullmatch(value):
        meant = f"{'!' * word.inverse}status:{value} looks at the status"
    elif value in _LIKE_A_KIND:
        meant = f"{'!' * word.inverse}is:{value} has what is {value}"
    elif value in _LIKE_A_VIEW:
        meant = "esc, then v has views such as Missing and Duplicate"
    else:
        return ""
    return f"{value} is looked for in addresses and titles: {meant}."


_LIKE_A_STATUS = re.compile("[1-5](?:[0-9][0-9]|xx)")
_LIKE_A_KIND = frozenset({"broken", "blocked", "indexable", "non-indexable", "canonicalised"})
_LIKE_A_VIEW = frozenset({"missing", "duplicate", "duplicates"})
_EMPTY_QUOTES = 'Quotes hold a phrase, such as "getting started".'
_NUMBER = re.compile(r"([<>]=?|=)?([0-9]{1,15}(?:\.[0-9]{0,6})?)([kmg])?(?:b)?", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_CODES = re.compile(r"([<>]=?|=)?([0-9]{1,3})")


def _number(field: str, value: str) -> Number | str:
    about = 0.5 if field == "ms" else 0.0  # a measured time is never a whole millisecond
    spread = _RANGE.fullmatch(value)
    if spread:
        return Number(field, float(spread[1]) - about, float(spread[2]) + about)
    match = _NUMBER.fullmatch(value)
    if match is None:
        return f"{field}: counts {NUMBERS[field]}: try {field}:>3, {field}:<=10 or {field}:2-5."
    number = float(match[2]) * _SCALES[(match[3] or "").lower()]
    low, high = _bounds(match[1] or "=", number)
    if low == high:
        low, high = low - about, high + about
    return Number(field, low, high, open=match[1] in {"<", ">"})


def _bounds(sign: str, number: float) -> tuple[float, float]:
    if sign[0] == ">":
        return number, float("inf")
    return (float("-inf") if sign[0] == "<" else number), number


def _status(value: str) -> Status | str:
    ranges = [_codes(part) for part in value.lower().split(",") if part]
    known = [one for one in ranges if one is not None]
    if not known or len(known) < len(ranges):
        return "status: takes a code: 404, 4xx, >=400, 300-399, 404,410 or none (no answer)."
    return Status(tuple(known))


def _codes(part: str) -> tuple[int, int] | None:
    if part == "none":
        return 0, 0
    if len(part) == 3 and part[0].isascii() and part[0].isdigit() and part[1:] == "xx":
        return int(part[0]) * 100, int(part[0]) * 100 + 99
    spread = _RANGE.fullmatch(part)
    if spread:
        return min(int(spread[1]), 999), min(int(spread[2]), 999)
    match = _CODES.fullmatch(part)
    if match is None:
        return None
    digits, sign = match[2], match[1] or "="
    if sign == "=":
        return _begun(digits)
    if len(digits) < 3:
        return None
    code, inner = int(digits), 0 if "=" in sign else 1
    return (code + inner, 999) if sign[0] == ">" else (1, code - inner)  # 0 is no code


def _begun(digits: str) -> tuple[int, int]:
    """The codes that begin so: all of them while a code is still typed."""
    if digits == "0":
        return 0, 0
    scale = 10 ** (3 - len(digits))
    return int(digits) * scale, int(digits) * scale + scale - 1


def _ending(value: str) -> Ending | str:
    wanted = value.lower().replace("-", " ").replace("_", " ").strip()
    found = tuple(one for one in Outcome if wanted and wanted in one.value)
    if found:
        return Ending(found)
    names = ", ".join(one.value.replace(" ", "-") for one in Outcome)
    return f"outcome: is one of {names}."


def _kind(value: str) -> Kind | str:
    name = _ALIASES.get(value.lower(), value.lower())
    if name in KINDS:
        return Kind(name)
    fitting = [one for one in KINDS if name and one.startswith(name)]
    return f"is: {', '.join(fitting or KINDS)}."


def _unknown(field: str) -> str:
    fitting = [one for one in FIELDS if one.startswith(field.lower())]
    names = ", ".join(f"{one}:" for one in fitting or _COMMON)
    return f"{field}: is no field: try {names} or quotes around a text."


class Preset(msgspec.Struct, frozen=True):
    """A filter with a name that people of the trade know."""

    group: str
    name: str
    text: str
    """The filter line that it stands for."""
    sort: str = ""
    """The column that the rows are best read by; "" is the order in which they finished."""

    @property
    def title(self) -> str:
        """Group and name, as the head of a table tells them."""
        return f"{self.group}: {self.name}" if self.group else self.name


PRESETS: tuple[Preset, ...] = (
    Preset("", "All", ""),
    Preset("", "Internal", "is:internal"),
    Preset("", "External", "is:external"),
    Preset("Response Codes", "Success (2xx)", "status:2xx"),
    Preset("Response Codes", "Redirection (3xx)", "status:3xx"),
    Preset("Response Codes", "Client Error (4xx)", "status:4xx"),
    Preset("Response Codes", "Server Error (5xx)", "status:5xx"),
    Preset("Response Codes", "No Answer", "is:unanswered"),
    Preset("Response Codes", "Blocked", "is:blocked"),
    Preset("Indexability", "Non-Indexable", "is:non-indexable"),
    Preset("Page Titles", "Missing", 'is:page title:""'),
    Preset("Page Titles", "Duplicate", "is:duplicate-title", "title"),
    Preset("Page Titles", "Over 60 Characters", "is:page title-length:>60"),
    Preset("Page Titles", "Below 30 Characters", 'is:page title-length:<30 !title:""'),
    Preset("Meta Description", "Missing", 'is:page description:""'),
    Preset("Meta Description", "Duplicate", "is:duplicate-description", "description"),
    Preset("Meta Description", "Over 155 Characters", "is:page description-length:>155"),
    Preset("H1", "Missing", 'is:page h1:""'),
    Preset("H1", "Duplicate", "is:duplicate-h1", "h1"),
    Preset("Canonicals", "Canonicalised", "is:canonicalised"),
    Preset("Speed", "Slow (over 1 s)", "ms:>1000"),
    Preset("Size", "Large pages (over 1 MB)", "is:html size:>1m"),
    Preset("Content", "Images", "is:image"),
    Preset("Content", "CSS", "is:css"),
    Preset("Content", "JavaScript", "is:javascript"),
    Preset("Content", "PDF", "is:pdf"),
)
"""Named as Screaming Frog names them, which most people know."""
