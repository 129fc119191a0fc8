"""How many words a text has, and how long they are: counted in bits, no word is ever made."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawler_core.parse.elements import BORDER

_WIDE_SPACE = re.compile("[\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""What `str.split` takes for space beyond Latin-1, where a character is one byte."""
_INK = bytes(0 if chr(byte).isspace() or chr(byte) == BORDER else 1 for byte in range(256))


def measure(parts: Iterable[str]) -> tuple[int, int]:
    """Words of the joined parts, and their characters with one space between each two.

    What parts words is what `str.split` splits at, and `BORDER`.
    """
    text = "".join([part if part.isascii() else _WIDE_SPACE.sub(" ", part) for part in parts])
    # One bit of ink for each character that is no space: a word begins where ink follows none.
    ink = int.from_bytes(text.encode("latin-1", "replace").translate(_INK), "little")
    words = (ink & ~(ink << 8)).bit_count()
    return words, ink.bit_count() + max(words - 1, 0)
