"""Cleaning of web text, once, where it enters: hostile until cleaned, and trusted after."""

from __future__ import annotations

import re

MAX_CHARACTERS = 2_000
"""Longest text kept; lengths are counted before this cut."""

_FORBIDDEN = dict.fromkeys(
    (
        *range(0x20),  # C0: escapes reach the terminal raw even without markup
        *range(0x7F, 0xA0),  # DEL and C1
        0x061C,
        0x200E,
        0x200F,
        0x2028,
        0x2029,
        *range(0x202A, 0x202F),  # bidi embeddings and overrides
        *range(0x2066, 0x206A),  # bidi isolates
        *range(0xD800, 0xE000),  # lone surrogates cannot be encoded
    ),
    "\N{REPLACEMENT CHARACTER}",
)
_HTML_SPACE = re.compile(r"[\t\n\f\r ]+")


def collapse(text: str) -> str:
    """Strip ASCII whitespace and collapse its runs to one space, as `document.title` does."""
    if text.isprintable() and "  " not in text:  # the one printable space is the space itself
        return text.strip(" ")
    return _HTML_SPACE.sub(" ", text).strip(" ")


def clean(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Return `text` cut to `limit` characters, every control character as U+FFFD.

    Removed are C0, DEL, C1, bidirectional controls, line separators and lone
    surrogates: what can drive a terminal, reorder a line or break an encoder.
    """
    if text.isprintable():  # nothing forbidden is printable
        return text[:limit]
    return text[:limit].translate(_FORBIDDEN)
