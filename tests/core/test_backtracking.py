"""The judge of patterns against a matcher that tries all ways and counts what it tries."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable

import pytest

from crawler_core import program
from crawler_core.backtracking import is_dear

LIMIT = 20_000
"""Steps after which the matcher gives up."""
LETTERS = 24
WORDS = ["a", "b", "!", "aa", "ab", "ba", "bb"]
TEXTS = [
    *[(first, word, "", end) for first in ("", "ab") for word in WORDS for end in ("!", "")],
    *[("", word, other, "!") for word, other in itertools.permutations(WORDS, 2) if word != "!"],
]
"""A beginning, what is there many times, what is there many times then, an end."""
Then = Callable[[int], bool]
Tries = Callable[[str, int, Then], bool]


class GaveUpError(Exception):
    """The limit is reached."""


class Matcher:
    """Makes random patterns, each with a function that matches it as `re` does."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.steps = 0
        made = [self._pattern(2) for _ in range(3)]
        end = self.source.choice(["", "$", "c"])
        self.pattern = "".join(text for text, _ in made) + end
        one, two, three = (tries for _, tries in made)
        last = {"": lambda _, at, then: then(at), "$": self._end, "c": self._letter("c")}[end]
        self._tries = self._both(self._both(one, two), self._both(three, last))

    def search(self, text: str) -> int:
        """The steps that it takes to find the pattern in a text, or not to find it."""
        self.steps = 0
        with contextlib.suppress(GaveUpError):
            any(self._tries(text, at, lambda _: True) for at in range(len(text) + 1))
        return self.steps

    def _pattern(self, depth: int) -> tuple[str, Tries]:
        kind = self.source.choice(["letter", "both", "either", "repeat", "repeat"])
        if kind == "letter" or not depth:
            letter = self.source.choice("aab.")
            return letter, self._letter(letter)
        one, tries = self._pattern(depth - 1)
        if kind == "repeat":
            least, most, sign = self.source.choice(
                [(0, 99, "*"), (1, 99, "+"), (0, 1, "?"), (1, 3, "{1,3}")]
            )
            return f"(?:{one}){sign}", self._repeat(tries, least, most)
        other, others = self._pattern(depth - 1)
        if kind == "both":
            return one + other, self._both(tries, others)
        return (
            f"(?:{one}|{other})",
            lambda text, at, then: tries(text, at, then) or others(text, at, then),
        )

    def _step(self) -> None:
        self.steps += 1
        if self.steps >= LIMIT:
            raise GaveUpError

    def _end(self, text: str, at: int, then: Then) -> bool:
        self._step()
        return at == len(text) and then(at)

    def _letter(self, letter: str) -> Tries:
        def attempt(text: str, at: int, then: Then) -> bool:
            self._step()
            return at < len(text) and letter in (".", text[at]) and then(at + 1)

        return attempt

    def _both(self, one: Tries, two: Tries) -> Tries:
        return lambda text, at, then: one(text, at, lambda end: two(text, end, then))

    def _repeat(self, tries: Tries, least: int, most: int) -> Tries:
        def attempt(text: str, at: int, then: Then, done: int = 0) -> bool:
            def again(end: int) -> bool:
                return (end > at or done < least) and attempt(text, end, then, done + 1)

            return (done < most and tries(text, at, again)) or (done >= least and then(at))

        return attempt


def growth(matcher: Matcher) -> tuple[float, bool]:
    """Times the steps of a text of twice the length; whether they may be more than told."""
    worst, is_open = 0.0, False
    for first, word, other, end in TEXTS:
        copies = LETTERS // max(len(word), len(other))
        short, long = (
            matcher.search(first + word * n + other * n + end) for n in (copies, 2 * copies)
        )
        if long >= LIMIT / 10:
            worst = max(worst, long / short)
        is_open |= long >= LIMIT
        if short >= LIMIT:
            return 99.0, True
    return worst, is_open


@pytest.mark.parametrize("seed", range(40))
def test_the_judge_and_a_matcher_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that grow with the cube of a text's length or faster are refused, others are not."""
    monkeypatch.setattr(program, "_BUDGET", 100_000)
    matcher = Matcher(seed)
    found, is_open = growth(matcher)
    is_dear.cache_clear()
    if is_dear(matcher.pattern):
        assert found > 4.5 or is_open, matcher.pattern
    else:
        assert found < 6.5, matcher.pattern
