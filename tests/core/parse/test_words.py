"""Words counted in bits are the words that `str.split` finds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler_core.parse.elements import BORDER
from crawler_core.parse.words import measure

SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
INK = "ab'\u2019\u00e9\ufffd"
TEXTS = st.text(st.one_of(st.sampled_from(SPACES + INK + BORDER), st.characters()))


@given(st.lists(TEXTS, max_size=6))
@example([SPACES, "a", SPACES])
@example(["a" * 100, " ", "b" * 100])
def test_words_are_those_of_split(parts: list[str]) -> None:
    """Words run on over the borders of parts; every space of Unicode and a border end them."""
    words = "".join(parts).replace(BORDER, " ").split()
    assert measure(parts) == (len(words), sum(map(len, words)) + max(len(words) - 1, 0))


@pytest.mark.parametrize("text", ["", " ", BORDER, "\ud800", "one", " one\u2003two\u3000"])
def test_small_texts(text: str) -> None:
    """Nothing, spaces alone, and what cannot be encoded."""
    words = text.replace(BORDER, " ").split()
    assert measure([text]) == (len(words), len(" ".join(words)))
