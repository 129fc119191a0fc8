"""Words, sentences and names that sound like a harbour's web site, always the same ones."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache
from html import escape

SEED = "harbour"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NOUNS = _words(
    "anchor ballast beacon berth bollard buoy capstan chart compass crane dock fender ferry "
    "gangway hawser jetty keel lantern mooring pier pilot quay rudder slipway tender tide "
    "winch windlass"
)
ADJECTIVES = _words(
    "amber brisk broad calm coastal deep early eastern floating foggy galvanised heavy hidden "
    "iron long narrow northern old quiet salted sheltered shallow spare steady stormy tidal "
    "western"
)
GERUNDS = _words(
    "anchoring boarding charting clearing docking fuelling hauling hoisting inspecting "
    "lashing loading measuring mending mooring painting piloting rigging securing sounding "
    "stowing surveying towing"
)
VERBS = _words(
    "allocate attach board book cast check clear count dredge fetch guide haul inspect lift "
    "log moor open plan raise release reserve sound stow tow unload verify weigh"
)

_OPENERS = (
    "Before sunrise",
    "On most days",
    "In a rising wind",
    "As the pilots say",
    "At low water",
    "After the first bell",
    "When the ferry is late",
    "For a vessel of this size",
)
_PATTERNS = (
    "The {a} {n} is kept beside the {n2}, so that {g} needs one pair of hands and not three.",
    "{o}, {g} starts with the {n} and ends, an hour later, with the {a2} {n2}.",
    "Nobody should {v} a {a} {n} without first telling the office on the {n2}.",
    "{o}, the crew will {v} the {n}, {v2} the {n2} and write both down in the {a} log.",
    "A {a} {n} costs little; a {n2} that fails in the {a2} channel costs a season.",
    "If the {n} looks {a}, stop {g}, look again, and {v} it from the {n2} side.",
    "The rule is older than the {n2}: {v} early, {v2} late, and leave the {n} alone.",
    "{o}, three out of four visitors ask about {g}, and the fourth one about the {a} {n}.",
)


@cache
def sentences() -> tuple[str, ...]:
    """The bank of 480 sentences from which every page is built."""
    rng = random.Random(SEED)
    return tuple(_sentence(rng, _PATTERNS[i % len(_PATTERNS)]) for i in range(480))


def _sentence(rng: random.Random, pattern: str) -> str:
    text = pattern.format(
        o=pick(rng, _OPENERS),
        n=pick(rng, NOUNS),
        n2=pick(rng, NOUNS),
        a=pick(rng, ADJECTIVES),
        a2=pick(rng, ADJECTIVES),
        g=pick(rng, GERUNDS),
        v=pick(rng, VERBS),
        v2=pick(rng, VERBS),
    )
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def pick(rng: random.Random, words: Sequence[str]) -> str:
    """One of the words; built on `random()` alone, whose sequence no Python version changes."""
    return words[int(rng.random() * len(words))]


def dice(target: str) -> random.Random:
    """The random numbers of one page, the same in every run."""
    return random.Random(f"{SEED} {target}")


def paragraph(rng: random.Random, count: int = 5) -> str:
    """A paragraph of `count` sentences as plain text."""
    bank = sentences()
    start = int(rng.random() * (len(bank) - count))
    return " ".join(bank[start : start + count])


def paragraphs(rng: random.Random, count: int) -> str:
    """`count` paragraphs as HTML."""
    return "\n".join(f"<p>{escape(paragraph(rng))}</p>" for _ in range(count))


def combination(index: int, *lists: Sequence[str]) -> list[str]:
    """The index-th combination of one word from each list.

    Distinct indexes below the product of the lists' lengths give distinct combinations, in an
    order that looks shuffled.
    """
    total = 1
    for words in lists:
        total *= len(words)
    # 7919 is a prime that divides no length here, so the product walks through every combination.
    rest = (index * 7919 + 131) % total
    chosen = []
    for words in lists:
        rest, position = divmod(rest, len(words))
        chosen.append(words[position])
    return chosen


def slug(text: str) -> str:
    """A title as it stands in a path: `calm-quay`."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
