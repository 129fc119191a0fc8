"""How long a regular expression may take on a hostile URL. Pure.

Python's `re` tries one way of matching after the other. So a repeat within a repeat, or a repeat
whose body may be taken apart in two ways, costs exponentially much; repeats in a row that can
match the same text cost a power of the URL's length. The first is seen in the parsed pattern.
The second is counted: each text that is likely to be dear is walked as `re` would walk it, with
what was walked once remembered, at two lengths, from which the cost of the longest URL follows.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

MANY = 10
"""Repeats from which on a limited repeat costs like one without a limit."""
LONGEST = 2_083
"""Characters of the longest URL that is asked for."""
_STEPS = 100_000_000
"""Steps of matching that one URL may cost: about a second."""
_LENGTHS = 40, 80
_SQUARE = 3
"""Times the square of its length: steps of a text up to which it cannot be too dear."""
_PUMPS = 8
_PREFIXES = 3
_INSTRUCTIONS = 4_000

_sre: Any = importlib.import_module("re._parser")  # has no types
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_BLIND = re.compile(r"\(\?[a-zA-Z]*i")
"""Somewhere upper and lower case are the same: it is reckoned that they are everywhere."""
_Node = tuple[Any, Any]
_Letters = frozenset[str]


@functools.lru_cache(maxsize=512)
def is_dear(pattern: str) -> bool:
    """Whether searching a URL for `pattern`, a valid one, may take longer than a second."""
    tree = _sre.parse(pattern)
    try:
        view = _View(pattern, is_blind=_BLIND.search(pattern) is not None)
        if view.is_ambiguous(list(tree), frozenset(), is_repeated=False):
            return True
        return _many(tree) > 1 and _Walk(view, list(tree), begins_anywhere(pattern)).cost() > _STEPS
    except RecursionError:
        return True


def begins_anywhere(pattern: str) -> bool:
    """Whether a pattern, a valid one, begins with .* in all its alternatives."""
    first = list(_sre.parse(pattern))[:1] if pattern.startswith(".*") else []
    return [(str(name), str(value)) for name, value in first] == _ANYTHING


_ANYTHING = [(str(name), str(value)) for name, value in _sre.parse(".*")]


def _many(nodes: Sequence[_Node]) -> int:
    """How many repeats in a row there may be that have no limit worth the name."""
    found = 0
    for node in nodes:
        laps = min(int(node[1][1]), MANY) if str(node[0]) in _REPEATS else 1
        found += _is_many(node) + laps * sum(map(_many, _inside(node)))
    return found


def _is_many(node: _Node) -> bool:
    return str(node[0]) in _REPEATS and int(node[1][1]) >= MANY


def _inside(node: _Node) -> list[Sequence[_Node]]:
    """The parts of a pattern that stand in one of its nodes."""
    name, value = str(node[0]), node[1]
    if name in _REPEATS:
        return [value[2]]
    if name == "BRANCH":
        return list(value[1])
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "ATOMIC_GROUP":
        return [value]
    if name in {"ASSERT", "ASSERT_NOT"}:
        return [value[1]]
    if name == "GROUPREF_EXISTS":
        return [part for part in value[1:] if part]
    return []


class _View:
    """The letters that the nodes of a pattern match, among those that matter."""

    def __init__(self, pattern: str, *, is_blind: bool) -> None:
        self.letters = frozenset(_PRINTABLE + pattern)
        self._is_blind = is_blind
        """Upper and lower case are the same."""
        self._known: dict[int, tuple[_Node, _Letters]] = {}

    def of(self, node: _Node) -> _Letters | None:
        """What a node of one letter matches; None for any other node."""
        known = self._known.get(id(node))
        if known is None:
            found = self._letters_of(str(node[0]), node[1])
            if found is None:
                return None
            if self._is_blind:
                found |= {each for each in self.letters if each.swapcase() in found}
            known = self._known[id(node)] = node, found  # keeps the node, and so its id
        return known[1]

    def _letters_of(self, name: str, value: Any) -> _Letters | None:
        if name == "LITERAL":
            return frozenset(chr(value))
        if name == "NOT_LITERAL":
            return self.letters - {chr(value)}
        if name == "ANY":
            return self.letters - {"\n"}
        if name == "RANGE":
            return frozenset(each for each in self.letters if value[0] <= ord(each) <= value[1])
        if name == "CATEGORY":
            kind = re.compile(_CATEGORIES.get(str(value), "."))
            return frozenset(filter(kind.match, self.letters))
        if name != "IN":
            return None
        found: set[str] = set()
        for each in value:
            found |= self._letters_of(str(each[0]), each[1]) or frozenset()
        return self.letters - found if str(value[0][0]) == "NEGATE" else frozenset(found)

    def first(self, nodes: Sequence[_Node]) -> tuple[_Letters, bool]:
        """The letters with which what `nodes` match may begin, and whether it may be empty."""
        begins: _Letters = frozenset()
        for node in nodes:
            more, may_be_empty = self._first_of(node)
            begins |= more
            if not may_be_empty:
                return begins, False
        return begins, True

    def _first_of(self, node: _Node) -> tuple[_Letters, bool]:
        name, letters = str(node[0]), self.of(node)
        if letters is not None:
            return letters, False
        if name in {"ASSERT", "ASSERT_NOT", "AT"}:
            return frozenset(), True
        if name == "GROUPREF":
            return self.letters, True
        found = [self.first(inner) for inner in _inside(node)]
        begins = frozenset[str]().union(*(letters for letters, _ in found))
        may_be_empty = any(is_empty for _, is_empty in found) or not found
        if name in _REPEATS:
            may_be_empty |= node[1][0] == 0
        return begins, may_be_empty or name == "GROUPREF_EXISTS"

    def is_ambiguous(self, nodes: Sequence[_Node], after: _Letters, *, is_repeated: bool) -> bool:
        """Whether something in a repeat can be matched in two ways that begin alike.

        `after`: the letters that may follow. Two ways of one lap make 2 ** n of n laps; where
        the next letter always tells which way to go, there is but one.
        """
        follow = after
        for place in reversed(range(len(nodes))):
            node = nodes[place]
            if self._is_open(node, follow, is_repeated=is_repeated):
                return True
            begins, may_be_empty = self._first_of(node)
            follow = begins | follow if may_be_empty else begins
        return False

    def _is_open(self, node: _Node, follow: _Letters, *, is_repeated: bool) -> bool:
        name, inner = str(node[0]), _inside(node)
        if name in {"ASSERT", "ASSERT_NOT"}:
            return self.is_ambiguous(inner[0], frozenset(), is_repeated=False)
        if name in _REPEATS:
            least, most, body = node[1]
            if is_repeated and (_is_many(node) or _overlap(self, [body, []], follow, least, most)):
                return True
            again = follow | self.first(body)[0] if int(most) > 1 else follow
            return self.is_ambiguous(body, again, is_repeated=is_repeated or _is_many(node))
        if is_repeated and name == "BRANCH" and _overlap(self, inner, follow):
            return True
        return any(self.is_ambiguous(each, follow, is_repeated=is_repeated) for each in inner)


def _overlap(
    view: _View, ways: Sequence[Sequence[_Node]], follow: _Letters, least: int = 0, most: int = 1
) -> bool:
    """Whether two of several ways, and what follows them, may begin with the same letter."""
    if least == most:  # a repeat that leaves no choice
        return False
    seen: _Letters = frozenset()
    empty = 0
    for way in ways:
        begins, may_be_empty = view.first(way)
        empty += may_be_empty
        if may_be_empty:
            begins |= follow
        if seen & begins or empty > 1:
            return True
        seen |= begins
    return False


class _Walk:
    """Counts the steps of a search that tries all ways, in the order in which `re` does."""

    def __init__(self, view: _View, nodes: list[_Node], is_anchored: bool) -> None:
        self._is_anchored = is_anchored
        """It is tried from the beginning of a text only."""
        self._view = view
        self._nodes = nodes
        self._program: list[tuple[str, Any, tuple[int, ...]]] = []
        self._entry = self._sequence(nodes, self._add("match"))

    def cost(self) -> float:
        """Steps that a URL of the greatest length costs at the most, as far as can be told."""
        dearest = 0.0
        if len(self._program) > _INSTRUCTIONS:
            return math.inf
        for prefix, pump, end in self._texts():
            texts = [prefix + (pump * length)[:length] + end for length in _LENGTHS]
            short = self._steps(texts[0])
            if short <= _SQUARE * len(texts[0]) ** 2:
                continue
            long = self._steps(texts[1])
            power = math.log2(long / short)
            dearest = max(dearest, long * (LONGEST / _LENGTHS[1]) ** min(power, 20.0))
            if dearest > _STEPS:
                break
        return dearest

    # -- texts ---------------------------------------------------------------------------

    def _texts(self) -> Iterator[tuple[str, str, str]]:
        """(prefix, what is repeated, end) of the texts that are likely to be dear."""
        sets = self._sets()
        ends = ["", min(sorted(_PRINTABLE), key=lambda each: sum(each in s for s in sets))]
        kinds: dict[tuple[bool, ...], str] = {}
        for letter in sorted(self._view.letters & set(_PRINTABLE)):
            kinds.setdefault(tuple(letter in each for each in sets), letter)
        letters = sorted(kinds.items(), key=lambda item: -sum(item[0]))[:_PUMPS]
        places = [place for place, node in enumerate(self._nodes) if _many([node])]
        prefixes = [""] + [self._word(self._nodes[:place]) for place in places[:_PREFIXES]]
        words = [self._word(self._nodes[a + 1 : b]) for a, b in itertools.pairwise(places)]
        words += [self._word(self._nodes[: place + 1]) for place in places]
        pumps = [letter for _, letter in letters] + [each for each in words if each]
        for prefix in dict.fromkeys(prefixes):
            for pump in dict.fromkeys(pumps):
                for end in ends:
                    yield prefix, pump, end

    def _sets(self) -> list[_Letters]:
        found = {value for name, value, _ in self._program if name == "letter"}
        return sorted(found, key=lambda each: (-len(each), sorted(each)))

    def _word(self, nodes: Sequence[_Node]) -> str:
        """A text that `nodes` match, a short one."""
        return "".join(map(self._word_of, nodes))[: _LENGTHS[0]]

    def _word_of(self, node: _Node) -> str:
        name, letters = str(node[0]), self._view.of(node)
        if letters is not None:
            return min(letters, key=lambda each: (not each.isalnum(), each), default="")
        if name in _REPEATS:
            return self._word(node[1][2]) * min(int(node[1][0]), MANY)
        if name in {"ASSERT", "ASSERT_NOT"}:
            return ""
        inner = _inside(node)
        return self._word(inner[0]) if inner else ""

    # -- program -------------------------------------------------------------------------

    def _add(self, name: str, value: Any = None, *ways: int) -> int:
        self._program.append((name, value, ways))
        return len(self._program) - 1

    def _sequence(self, nodes: Sequence[_Node], then: int) -> int:
        for node in reversed(nodes):
            if len(self._program) > _INSTRUCTIONS:
                return then
            then = self._node(node, then)
        return then

    def _node(self, node: _Node, then: int) -> int:
        name, letters = str(node[0]), self._view.of(node)
        if letters is not None:
            return self._add("letter", letters, then)
        if name in _REPEATS:
            return self._repeat(name, node[1], then)
        if name == "AT" and str(node[1]) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            return self._add("begin", None, then)
        if name == "AT" and str(node[1]) in {"AT_END", "AT_END_STRING"}:
            return self._add("end", None, then)
        inner = _inside(node)
        if name in {"ASSERT", "ASSERT_NOT"}:  # all of it is tried; then it goes on as if it held
            return self._add("ways", None, self._sequence(inner[0], self._add("fail")), then)
        if not inner:
            return then
        return self._add("ways", None, *(self._sequence(each, then) for each in inner))

    def _repeat(self, name: str, value: Any, then: int) -> int:
        least, most, body = min(int(value[0]), MANY), int(value[1]), value[2]
        is_lazy = name == "MIN_REPEAT"
        if most >= MANY:
            entry = self._add("ways")
            lap = self._sequence(body, entry)
            self._program[entry] = "ways", None, (then, lap) if is_lazy else (lap, then)
        else:
            entry = then
            for _ in range(most - least):
                lap = self._sequence(body, entry)
                entry = self._add("ways", None, *((then, lap) if is_lazy else (lap, then)))
        for _ in range(least):
            entry = self._sequence(body, entry)
        return entry

    # -- steps ---------------------------------------------------------------------------

    def _steps(self, text: str) -> float:
        """How many steps `re.search` makes in `text`."""
        known: dict[tuple[int, int], tuple[float, bool]] = {}
        total = 0.0
        for start in range(1 if self._is_anchored else len(text) + 1):
            steps, is_match = self._from(self._entry, start, text, known)
            total += steps
            if is_match:
                break
        return total

    def _from(
        self, entry: int, start: int, text: str, known: dict[tuple[int, int], tuple[float, bool]]
    ) -> tuple[float, bool]:
        todo = [(entry, start)]
        while todo:
            here = todo[-1]
            known.setdefault(here, (0.0, False))  # a lap that matched nothing ends there
            steps, is_match = 1.0, self._program[here[0]][0] == "match"
            for way in self._ways(here, text):
                if way not in known:
                    todo.append(way)
                    break
                more, is_match = known[way]
                steps += more
                if is_match:
                    break
            if todo[-1] is here:
                known[here] = steps, is_match
                todo.pop()
        return known[entry, start]

    def _ways(self, here: tuple[int, int], text: str) -> list[tuple[int, int]]:
        (name, value, ways), place = self._program[here[0]], here[1]
        if name == "letter":
            is_one = place < len(text) and text[place] in value
            return [(ways[0], place + 1)] if is_one else []
        if (name == "begin" and place) or (name == "end" and place < len(text)):
            return []
        return [(way, place) for way in ways]
