"""A regular expression as a program: what comes after what, as Python's `re` tries it. Pure.

For whoever wants to know of a pattern what it may do, without searching for it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

MATCH = 0
"""The instruction in which a program ends."""
_MANY = 10
"""Repeats from which on a limited repeat is like one without a limit."""
_BUDGET = 10_000
"""Steps that may be made with one pattern: some 3 microseconds each."""

_parser: Any = importlib.import_module("re._parser")  # has no types
_compiler: Any = importlib.import_module("re._compiler")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_ONE_LETTER = {"LITERAL", "NOT_LITERAL", "ANY", "IN"}
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_BLIND = re.compile(r"\(\?[a-zA-Z]*i")
"""Somewhere upper and lower case are the same: it is reckoned that they are everywhere."""
_Node = tuple[Any, Any]
Letters = frozenset[str]


class Spent(Exception):
    """More steps were made with a pattern than may be."""


class Step(NamedTuple):
    """What may come next in a program."""

    way: int
    """The instruction: a letter, a look ahead or the match."""
    is_sure: bool
    """Nothing stands before it of which the program does not know whether it holds."""
    at_begin: bool
    """At the beginning of a text only."""
    at_end: bool


def begins_anywhere(pattern: str) -> bool:
    """Whether a pattern, a valid one, begins with .* in all its alternatives."""
    first = list(_parser.parse(pattern))[:1] if pattern.startswith(".*") else []
    return [(str(name), str(value)) for name, value in first] == _ANYTHING


_ANYTHING = [(str(name), str(value)) for name, value in _parser.parse(".*")]


class Pattern:
    """A parsed pattern, and what its nodes match among the letters that matter."""

    def __init__(self, pattern: str) -> None:
        self.tree = _parser.parse(pattern)
        self.is_anchored = begins_anywhere(pattern)
        """It is tried from the beginning of a text only."""
        nodes = list(_all(self.tree, False))
        self.choices = sum(
            str(name) in (*_REPEATS, "GROUPREF") or (is_repeated and str(name) == "BRANCH")
            for (name, _), is_repeated in nodes
        )
        """Repeats, alternatives in repeats, and repetitions of groups."""
        self.options = sum(str(n) in _REPEATS and int(v[1]) == 1 for (n, v), _ in nodes)
        self.groups = {
            value[0]: value[3] for (name, value), _ in nodes if str(name) == "SUBPATTERN"
        }
        self.letters = frozenset(filter(str.isprintable, _PRINTABLE + pattern))
        self._flags = re.IGNORECASE if _BLIND.search(pattern) else 0
        self._known: dict[str, Letters] = {}
        self._budget = iter(range(_BUDGET))

    def spend(self) -> None:
        """Count one step of judging."""
        if next(self._budget, None) is None:
            raise Spent

    def of(self, node: _Node) -> Letters | None:
        """What a node of one letter matches; None for any other node."""
        if str(node[0]) not in _ONE_LETTER:
            return None
        key = str(node)
        if key not in self._known:
            one = _compiler.compile(_parser.SubPattern(self.tree.state, [node]), self._flags)
            self._known[key] = frozenset(filter(one.match, self.letters))
        return self._known[key]


class Program:
    """A pattern as instructions: what each is, what it needs, where it goes on.

    `is_exact`: repeats with a small limit are written out; else all of them are loops (options
    only where there are many), and what stands in one outermost repeat is one loop.
    """

    def __init__(self, pattern: Pattern, *, is_exact: bool) -> None:
        self.pattern, self._is_exact = pattern, is_exact
        self.code: list[tuple[str, Any, tuple[int, ...]]] = []
        self.loops: list[int] = []
        """For each instruction the loop in which it stands; 0 for none."""
        self._loop = 0
        self._closures: dict[int, list[Step]] = {}
        self._add("match")
        self.entry = self._sequence(pattern.tree, MATCH)

    def add_starts(self) -> tuple[int, int]:
        """Add two letters before it all: that before a text, and any that a search passes over."""
        begin = self._add("letter", frozenset(), self.entry)
        self._loop = -1
        return begin, self._add("letter", self.pattern.letters, self.entry)

    def closure(self, begin: int) -> list[Step]:
        """What may come next, in the order in which `re` tries it.

        What can be come to in two ways is there twice.
        """
        if begin in self._closures:
            return self._closures[begin]
        found = self._closures[begin] = []
        todo = [(begin, True, False, False, frozenset[int]())]
        while todo:
            self.pattern.spend()
            here, is_sure, at_begin, at_end, passed = todo.pop()
            name, _, ways = self.code[here]
            if name in {"match", "letter", "look"}:
                found.append(Step(here, is_sure, at_begin, at_end))
                continue
            if name == "loop":
                if here in passed:  # after a lap that matched nothing there is no other
                    ways = tuple(way for way in ways if way < here)
                passed = frozenset(each for each in passed if each < here) | {here}
            is_sure &= name != "maybe"
            at_begin |= name == "begin"
            at_end |= name == "end"
            todo += [(way, is_sure, at_begin, at_end, passed) for way in reversed(ways)]
        return found

    def _add(self, name: str, value: Any = None, *ways: int) -> int:
        self.code.append((name, value, ways))
        self.loops.append(self._loop)
        return len(self.code) - 1

    def _sequence(self, nodes: Sequence[_Node], then: int) -> int:
        for node in reversed(nodes):
            self.pattern.spend()
            then = self._node(node, then)
        return then

    def _node(self, node: _Node, then: int) -> int:
        name, value, letters = str(node[0]), node[1], self.pattern.of(node)
        if letters is not None:
            return self._add("letter", letters, then)
        if name in _REPEATS:
            return self._repeat(name, value, then)
        if name == "AT" and str(value) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            return self._add("begin", None, then)
        if name == "AT" and str(value) in {"AT_END", "AT_END_STRING"}:
            return self._add("end", None, then)
        if name in {"ASSERT", "ASSERT_NOT"} and value[0] > 0:
            outer, self._loop = self._loop, 0
            body = self._sequence(value[1], MATCH)
            self._loop = outer
            return self._add("look", name == "ASSERT_NOT", body, then)
        if name in {"AT", "ASSERT", "ASSERT_NOT"}:
            return self._add("maybe", None, then)
        if name == "GROUPREF":
            return self._sequence(self.pattern.groups[value], self._add("maybe", None, then))
        ways = [self._sequence(each, then) for each in _inside(node)]
        if name == "GROUPREF_EXISTS":
            return self._add("maybe", None, *ways, then)
        return self._add("ways", None, *ways) if ways else then

    def _repeat(self, name: str, value: Any, then: int) -> int:
        least, most, body = int(value[0]), int(value[1]), value[2]
        is_lazy = name == "MIN_REPEAT"

        def choice(lap: int) -> tuple[int, int]:
            return (then, lap) if is_lazy else (lap, then)

        is_option = most == 1 and self.pattern.options < _MANY
        if is_option or (self._is_exact and (most < _MANY or least == most)):
            entry = then
            for _ in range(min(most, _MANY) - min(least, _MANY)):
                entry = self._add("ways", None, *choice(self._sequence(body, entry)))
        else:
            outer = self._loop
            entry = self._add("loop")
            self._loop = outer or entry
            lap = self._sequence(body, entry)
            self.code[entry] = "loop", None, choice(lap)
            self._loop = outer
            if not self._is_exact:
                return lap if least else entry
        for _ in range(min(least, _MANY)):
            entry = self._sequence(body, entry)
        return entry


def _all(nodes: Sequence[_Node], is_repeated: bool) -> Iterator[tuple[_Node, bool]]:
    """All nodes, and whether they stand in a repeat."""
    for node in nodes:
        yield node, is_repeated
        for part in _inside(node):
            yield from _all(part, is_repeated or str(node[0]) in _REPEATS)


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
