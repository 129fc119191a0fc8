"""robots.txt (RFC 9309): text to rules, and what an answer to asking for it means.

Pure: the engine asks for the file as an ordinary request and hands the answer in. The
matcher is our own because rules are hostile input too: a rule's pieces between its `*` are
looked for from left to right, never again, so a check takes time linear in rule and path.
"""

from __future__ import annotations

import codecs
import enum
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from crawler_core import url as urls
from crawler_core.config import CRAWL_DELAY_CAP
from crawler_core.model import NO_ANSWER, FetchResult, Outcome
from crawler_core.text import clean

PRODUCT_TOKEN = "crawltui"
MAX_BYTES = 512 * 1024
"""Bytes that are read of a robots.txt (RFC 9309 §2.5 asks for 500 KiB at least)."""
MAX_REDIRECTS = 5
TRIES = 3
AGENTS_SHOWN = 8
"""User agents of a group that a citation names."""
UNAVAILABLE = "robots.txt unavailable"
DISALLOWED = "disallowed by robots.txt"

_LINE_END = re.compile(r"\r\n?|\n")
_TOKEN = re.compile(r"[A-Za-z_-]*")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]*)?|\.[0-9]+")
_STARS = re.compile(r"\*+")
_BLANK = " \t\f\v"
_KEYS = {
    "user-agent": "agent",
    "useragent": "agent",
    "user agent": "agent",
    "allow": "allow",
    "crawl-delay": "delay",
    **dict.fromkeys(
        ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"), "disallow"
    ),
}
"""What lines mean. The misspellings are those that other crawlers forgive, too."""
_INDEX = re.compile(r"(.*/)index\.html?[^/]*", re.DOTALL)
_TO_ESCAPE = re.compile(r"[^!#&-;=?-Z_a-z~%$\[\]*]")
_TRIPLET = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Answer(enum.Enum):
    """What the answer to a request for robots.txt means (RFC 9309 §2.3.1)."""

    RULES = "rules"
    ALLOW = "allow"
    """4xx: there is no robots.txt."""
    REDIRECT = "redirect"
    RETRY = "retry"
    """5xx or unreachable: disallow all if it stays so."""
    DEAD = "dead"
    """No connection can be made at all; the host's URLs end alike."""


class Citation(msgspec.Struct, frozen=True):
    """The line of a robots.txt that decides on a URL."""

    number: int
    """Of the line, from 1."""
    text: str
    """As written, cleaned."""
    allow: bool
    agents: tuple[str, ...]
    """The user agents that its group is for, as written; of many the first, then "…"."""


class Rules:
    """The rules of one host for one product token, ours unless another is named.

    The longest matching rule decides, `allow` where two are equally long (§2.2.2). Groups
    that name the token are merged; those of `*` count only if there is none (§2.2.1).
    """

    def __init__(self, text: str, agent: str = PRODUCT_TOKEN) -> None:
        delay, rules = _of_agent(text, _token_of(agent))
        self.crawl_delay: float = min(delay, CRAWL_DELAY_CAP)
        """Seconds between two requests, at most 30; 0 where none is asked for."""
        self._plain: dict[str, bool] = {}
        self._lengths: list[int] = []
        self._globs: list[tuple[int, bool, tuple[str, ...], bool]] = []
        self._index(rules)

    @classmethod
    def from_body(cls, body: bytes, agent: str = PRODUCT_TOKEN) -> Rules:
        """Rules from the bytes of a robots.txt; odd bodies never raise."""
        return cls(text_of(body), agent)

    def allows(self, address: str) -> bool:
        """True when the rules let the agent ask for `address`."""
        if not self._plain and not self._globs:
            return True
        path = _path_to_match(address)
        longest, allowed = 0, True
        for length in self._lengths:
            found = self._plain.get(path[:length])
            if found is not None and length <= len(path):
                longest, allowed = length, found
                break
        for length, allow, pieces, to_the_end in self._globs:
            if length < longest or (length == longest and allowed):
                break
            if _matches(path, pieces, to_the_end):
                return allow
        return allowed

    def _index(self, rules: dict[str, bool]) -> None:
        """Plain prefixes by their text, patterns longest first, allow before disallow."""
        for rule, allow in rules.items():
            pieces, to_the_end = _pieces(rule)
            if len(pieces) == 1 and not to_the_end:
                self._plain[pieces[0]] = allow or self._plain.get(pieces[0], False)
            else:
                self._globs.append((len(rule), allow, pieces, to_the_end))
        self._lengths = sorted({len(prefix) for prefix in self._plain}, reverse=True)
        self._globs.sort(key=lambda glob: (-glob[0], not glob[1]))


def deciding_line(text: str, address: str, agent: str = PRODUCT_TOKEN) -> Citation | None:
    """The line by which `Rules` decides on `address`; None if no rule speaks of it."""
    path = _path_to_match(address)
    best: tuple[int, bool] = (0, False)
    found: _Line | None = None
    for line in _lines_for(text, _token_of(agent)):
        if line.key == "delay":
            continue
        allow, pattern = line.key == "allow", _escaped(line.value)
        index = _INDEX.fullmatch(pattern) if allow else None
        length = max(_length(path, rule) for rule in (pattern, index[1] + "$" if index else ""))
        if length and (length, allow) > best:
            best = (length, allow)
            found = line
    if found is None:
        return None
    agents = tuple(clean(name, 100) for name in found.agents)
    return Citation(found.number, clean(found.text.strip(_BLANK)), best[1], agents)


def text_of(body: bytes) -> str:
    """The text of a robots.txt: UTF-8, or UTF-16 where a byte-order mark says so."""
    if len(body) >= MAX_BYTES:  # the fetcher stops reading there
        cut = body[:MAX_BYTES]
        body = cut[: max(cut.rfind(b"\n"), cut.rfind(b"\r")) + 1] or cut  # half a rule is none
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", errors="replace")
    # Half a byte-order mark decodes to U+FFFD and must not spoil the first line.
    return body.decode("utf-8", errors="replace").lstrip("\ufeff\ufffd")


def read_answer(result: FetchResult) -> Answer:
    """Classify the answer to a request for robots.txt."""
    if result.outcome in {Outcome.DNS, Outcome.REFUSED, Outcome.TLS, Outcome.POLICY}:
        return Answer.DEAD
    if result.outcome in NO_ANSWER or result.status_code >= 500 or result.status_code == 429:
        return Answer.RETRY
    if 300 <= result.status_code < 400 and result.location:
        return Answer.REDIRECT
    return Answer.RULES if 200 <= result.status_code < 300 else Answer.ALLOW


class _Line(NamedTuple):
    """A rule or a delay, as it is written in a group."""

    number: int
    text: str
    agents: tuple[str, ...]
    key: str
    value: str


def _of_agent(text: str, token: str) -> tuple[float, dict[str, bool]]:
    """The Crawl-delay and the rules (normalised pattern to allow) that hold for `token`."""
    delay, rules = 0.0, dict[str, bool]()
    for line in _lines_for(text, token):
        if line.key == "delay":
            number = _NUMBER.match(line.value)
            delay = max(delay, float(number[0]) if number else 0.0)
        elif pattern := _escaped(line.value):
            _add(rules, pattern, allow=line.key == "allow")
    return delay, rules


def _lines_for(text: str, token: str) -> list[_Line]:
    """The lines of all groups that name `token`, or else of those for everybody."""
    own: list[_Line] = []
    others: list[_Line] = []
    named = False  # some group names the token
    mine = general = in_rules = False  # whom the current group is for
    agents: tuple[str, ...] = ()
    for number, line, key, value in _numbered(text):
        if key == "agent":
            if in_rules:
                mine = general = in_rules = False
                agents = ()
            if len(agents) <= AGENTS_SHOWN:
                agents += (value if len(agents) < AGENTS_SHOWN else "…",)
            if _is_star(value):
                general = True
            elif token and _token_of(value) == token:
                mine = named = True
            continue
        in_rules = in_rules or key != "delay"
        for lines, holds in ((own, mine), (others, general)):
            if holds:
                lines.append(_Line(number, line, agents, key, value))
    return own if named else others


def _is_star(value: str) -> bool:
    return value == "*" or value.startswith(("* ", "*\t"))


def _add(rules: dict[str, bool], pattern: str, *, allow: bool) -> None:
    rules[pattern] = allow or rules.get(pattern, False)
    if allow and (index := _INDEX.fullmatch(pattern)):
        rules[index[1] + "$"] = True  # who allows /docs/index.html means /docs/ as well


def _numbered(text: str) -> Iterator[tuple[int, str, str, str]]:
    """(number, line, key, value) of each line that matters."""
    for number, line in enumerate(_LINE_END.split(text), 1):
        content = line.partition("#")[0].strip(_BLANK)
        name, colon, value = content.partition(":")
        if not colon:
            words = content.split()  # "disallow /" is what people meant
            if len(words) != 2:
                continue
            name, value = words
        key = _KEYS.get(name.strip(_BLANK).lower())
        if key is not None:
            yield number, line, key, value.strip(_BLANK)


def _token_of(agent: str) -> str:
    """The product token of a user agent: letters, "_" and "-" (RFC 9309 §2.2.1)."""
    found = _TOKEN.match(agent)
    return found[0].lower() if found else ""


def _path_to_match(address: str) -> str:
    return _escaped(urls.path_of(address)).replace("*", "%2A").replace("$", "%24")


def _pieces(rule: str) -> tuple[tuple[str, ...], bool]:
    """What stands between the stars of a rule, and whether it reaches to the path's end."""
    bare = rule.removesuffix("$").replace("$", "%24")
    return tuple(_STARS.sub("*", bare).split("*")), rule.endswith("$")


def _length(path: str, rule: str) -> int:
    """How long a rule is that matches `path`; 0 for one that does not."""
    if not rule:
        return 0
    pieces, to_the_end = _pieces(rule)
    if len(pieces) == 1 and not to_the_end:
        return len(pieces[0]) if path.startswith(pieces[0]) else 0
    return len(rule) if _matches(path, pieces, to_the_end) else 0


def _matches(path: str, pieces: tuple[str, ...], to_the_end: bool) -> bool:
    """True when `path` starts with the pieces in this order, anything between them."""
    if not path.startswith(pieces[0]):
        return False
    place = len(pieces[0])
    last = pieces[-1]
    if to_the_end and len(pieces) == 1:
        return place == len(path)
    for piece in pieces[1:-1] if to_the_end else pieces[1:]:
        found = path.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return not to_the_end or (path.endswith(last) and len(path) - len(last) >= place)


def _escaped(text: str) -> str:
    """One spelling for what is the same octet: escapes in upper case, those of unreserved
    characters decoded, everything else beyond URL characters escaped (RFC 9309 §2.2.2)."""
    text = _TO_ESCAPE.sub(_escape, text)
    return _TRIPLET.sub(_normal_triplet, text) if "%" in text else text


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in match[0].encode("utf-8", "replace"))


def _normal_triplet(match: re.Match[str]) -> str:
    letter = chr(int(match[0][1:], 16))
    return letter if letter in _UNRESERVED else match[0].upper()
