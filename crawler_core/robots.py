"""robots.txt (RFC 9309): text to rules, and what an answer to asking for it means.

Pure: the engine asks for the file as an ordinary request and hands the answer in.
"""

from __future__ import annotations

import enum
import re

from protego import Protego

from crawler_core.config import CRAWL_DELAY_CAP
from crawler_core.model import NO_ANSWER, FetchResult, Outcome

PRODUCT_TOKEN = "crawltui"
MAX_BYTES = 512 * 1024
"""Bytes that are read of a robots.txt (RFC 9309 §2.5 asks for 500 KiB at least)."""
MAX_REDIRECTS = 5
TRIES = 3
UNAVAILABLE = "robots.txt unavailable"
DISALLOWED = "disallowed by robots.txt"

_TRIPLET = re.compile(r"%[0-9a-fA-F]{2}")
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


class Rules:
    """The rules of one host for our product token."""

    def __init__(self, text: str) -> None:
        self._rules = Protego.parse(text)
        delay = self._rules.crawl_delay(PRODUCT_TOKEN)
        self.crawl_delay: float = min(float(delay), CRAWL_DELAY_CAP) if delay else 0.0
        """Seconds between two requests, at most 30."""

    @classmethod
    def from_body(cls, body: bytes) -> Rules:
        """Rules from the bytes of a robots.txt; odd bodies never raise."""
        text = body[:MAX_BYTES].decode("utf-8-sig", errors="replace")
        try:
            return cls(text.replace("\0", ""))
        except Exception:  # a parser bug must not stop the crawl of a host: no rule, all allowed
            return cls("")

    def allows(self, address: str) -> bool:
        """True when the rules let us ask for `address`."""
        return bool(self._rules.can_fetch(_normal_escapes(address), PRODUCT_TOKEN))


def read_answer(result: FetchResult) -> Answer:
    """Classify the answer to a request for robots.txt."""
    if result.outcome in {Outcome.DNS, Outcome.REFUSED, Outcome.TLS, Outcome.POLICY}:
        return Answer.DEAD
    if result.outcome in NO_ANSWER or result.status_code >= 500 or result.status_code == 429:
        return Answer.RETRY
    if 300 <= result.status_code < 400 and result.location:
        return Answer.REDIRECT
    return Answer.RULES if 200 <= result.status_code < 300 else Answer.ALLOW


def _normal_escapes(address: str) -> str:
    """Upper-case escapes and decode those of unreserved characters (RFC 9309 §2.2.2)."""
    if "%" not in address:
        return address

    def normal(match: re.Match[str]) -> str:
        letter = chr(int(match[0][1:], 16))
        return letter if letter in _UNRESERVED else match[0].upper()

    return _TRIPLET.sub(normal, address)
