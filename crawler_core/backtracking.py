"""How long a regular expression may take on a hostile URL. Pure, and the same on each machine.

Python's `re` tries one way of matching after the other, so what can match the same text in many
ways may take for ever. Which texts these are is read from the pattern: a text that leads back to
where it began in two ways, or that may be taken by one repeat as well as by the next one. The
search for the pattern in such a text is then walked as `re` would do it, but each place only
once, with the steps counted at two lengths: from these follows what the longest URL costs.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections import deque
from collections.abc import Iterator, Sequence

from crawler_core.program import MATCH, Pattern, Program, Spent

LONGEST = 2_083
"""Characters of the longest URL that is asked for."""
_STEPS = 20_000_000
"""Steps of matching that one URL may cost. One takes `re` 1 to 100 ns."""
_Text = tuple[str, str, str, str]
"""A beginning, what is repeated, what is between, what is repeated then."""


@functools.lru_cache(maxsize=512)
def is_dear(pattern: str) -> bool:
    """Whether searching a URL for `pattern`, a valid one, may take a second or longer.

    What cannot be told within a fixed number of steps is dear too.
    """
    try:
        parsed = Pattern(pattern)
        if parsed.choices < 2:  # it costs no more than the square of the length
            return False
        pumps = _Pumps(Program(parsed, is_exact=False))
        walk = _Walk(parsed, pumps.ends)
        return any(walk.cost(text) > _STEPS for text in pumps.texts())
    except (RecursionError, Spent):
        return True


class _Pumps:
    """The texts that a pattern may match in many ways, read from its program of loops."""

    def __init__(self, program: Program) -> None:
        self._program, self._code, self._loops = program, program.code, program.loops
        sets = {value for name, value, _ in self._code if name == "letter"}
        kinds: dict[tuple[bool, ...], str] = {}
        for letter in sorted(program.pattern.letters):
            kinds.setdefault(tuple(letter in each for each in sets), letter)
        common = [kinds[kind] for kind in sorted(kinds, key=lambda each: -sum(each))]
        self._ranks = {letter: rank for rank, letter in enumerate(common)}
        """A letter of each kind, those first that most of the pattern takes."""
        self._begin, self._search = program.add_starts()
        self.ends = common[-1] * 10, ""
        self._kinds = {each: sorted(each & self._ranks.keys()) for each in sets}
        self._kinds[program.pattern.letters] = common
        self._follows: dict[int, list[int]] = {}
        self._ways: dict[int, dict[str, list[int]]] = {}
        self._words: dict[tuple[object, ...], str | None] = {}
        self._ahead = self._reachable()

    def texts(self) -> Iterator[_Text]:
        """What may be dear.

        A loop with two ways through it costs exponentially much, two pairs of loops that share
        a text the cube of the length; all else costs no more than its square.
        """
        loops: dict[int, list[int]] = {}
        for here, (name, _, _) in enumerate(self._code):
            if name == "letter" and self._loops[here]:
                loops.setdefault(self._loops[here], []).append(here)
        del loops[self._loops[self._search]]
        shared: list[tuple[int, str, int]] = []
        for loop, is_rare in itertools.product(loops.values(), (False, True)):
            for here, pump in self._laps_in_two_ways(loop, is_rare):
                yield self._way(self._begin, here), pump, "", ""
                shared.append((here, pump, here))
        again = [] if self._program.pattern.is_anchored else loops.values()
        for loop, other in itertools.chain(
            itertools.permutations(loops.values(), 2),
            (([self._search], other) for other in again if shared),
        ):
            new = [each for rare in (False, True) for each in self._shared(loop, other, rare)]
            for one, two in itertools.product(new, shared):
                yield from self._chained(one, two)
                yield from self._chained(two, one)
            shared += new

    def _laps_in_two_ways(self, loop: list[int], is_rare: bool) -> Iterator[tuple[int, str]]:
        """What leads through a loop in two ways, and so in 2 ** n ways if it is there n times."""
        alike = {self._code[here][2]: here for here in loop}
        for here in alike.values():
            for letter, ways in self._next(here).items():
                inside = [way for way in ways if self._loops[way] == self._loops[here]]
                for begin in set(itertools.combinations(inside, 2)):
                    word = self._word(begin, (here, here), is_rare)
                    if word is not None:
                        yield here, letter + word

    def _shared(
        self, loop: list[int], other: list[int], is_rare: bool
    ) -> Iterator[tuple[int, str, int]]:
        """What is taken by one loop, by a later one, and on the way from the one to the other."""
        for here in loop:
            stays = () if here == self._search else (here,)  # a search goes on anyway
            for there in other:
                if self._ahead[here] >> there & 1 and (
                    pump := self._word((*stays, here, there), (*stays, there, there), is_rare)
                ):
                    yield here, pump, there
                    break

    def _chained(self, one: tuple[int, str, int], two: tuple[int, str, int]) -> Iterator[_Text]:
        (here, pump, there), (then, other, _) = one, two
        if there == then or self._ahead[there] >> then & 1:
            yield self._way(self._begin, here), pump, "", ""
            yield self._way(self._begin, then), other, "", ""
            yield self._way(self._begin, here), pump, self._way(there, then), other

    def _way(self, here: int, there: int) -> str:
        return "" if there == self._search else self._word((here,), (there,)) or ""

    def _word(
        self, begin: tuple[int, ...], goal: tuple[int, ...], is_rare: bool = False
    ) -> str | None:
        """The shortest text that leads from each of several places to its goal.

        `is_rare`: of letters that few of the pattern take, so that it will not match.
        """
        key = begin, goal, is_rare
        if key not in self._words:
            self._words[key] = self._find(begin, goal, -1 if is_rare else 1)
        return self._words[key]

    def _find(self, begin: tuple[int, ...], goal: tuple[int, ...], order: int) -> str | None:
        pairs = list(zip(begin, goal, strict=True))
        stays = [self._loops[a] if self._loops[a] == self._loops[b] else 0 for a, b in pairs]
        seen, todo = {begin}, deque([(begin, "")])
        while todo:
            places, word = todo.popleft()
            if places == goal:
                return word
            ways = [self._next(place) for place in places]
            for letter in min(map(list, ways), key=len)[::order]:
                self._program.pattern.spend()
                choices = [
                    [way for way in each.get(letter, ()) if self._leads(way, end, stay)]
                    for each, end, stay in zip(ways, goal, stays, strict=True)
                ]
                for step in itertools.product(*choices):
                    if step not in seen:
                        seen.add(step)
                        todo.append((step, word + letter))
        return None

    def _leads(self, way: int, goal: int, stay: int) -> bool:
        if stay:
            return self._loops[way] == stay
        return way == goal or self._ahead[way] >> goal & 1 == 1

    def _next(self, here: int) -> dict[str, list[int]]:
        """The letters that may come after one, and what takes them."""
        key = here if here == self._search else self._code[here][2][0]
        if key not in self._ways:
            found: dict[str, list[int]] = {}
            for way in self._follow(here):
                self._program.pattern.spend()
                for letter in self._kinds[self._code[way][1]]:
                    found.setdefault(letter, []).append(way)
            self._ways[key] = {
                each: found[each] for each in sorted(found, key=lambda each: self._ranks[each])
            }
        return self._ways[key]

    def _follow(self, here: int) -> list[int]:
        """The letters that may come next, those of what is looked for ahead too."""
        if here not in self._follows:
            found = self._follows[here] = [here] * (here == self._search)
            todo = [self._code[here][2][0]]
            while todo:
                for way, _, at_begin, _ in self._program.closure(todo.pop()):
                    if self._code[way][0] == "look":
                        todo += self._code[way][2]
                    elif way != MATCH and (here == self._begin or not at_begin):
                        found.append(way)
        return self._follows[here]

    def _reachable(self) -> list[int]:
        """For each letter all that can be come to, as bits."""
        found, is_new = [0] * len(self._code), True
        while is_new:
            is_new = False
            for here, (name, _, _) in enumerate(self._code):
                if name == "letter":
                    bits = [found[way] | 1 << way for way in self._follow(here)]
                    ahead = functools.reduce(operator.or_, bits, 0)
                    is_new |= ahead != found[here]
                    found[here] = ahead
        return found


class _Walk:
    """Counts the steps of a search that tries all ways, in the order in which `re` does."""

    def __init__(self, pattern: Pattern, ends: Sequence[str]) -> None:
        self._pattern, self._ends = pattern, ends
        self._known: set[_Text] = set()
        self._ways: dict[tuple[int, str, bool], list[tuple[int, bool]]] = {}

    @functools.cached_property
    def _program(self) -> Program:
        return Program(self._pattern, is_exact=True)

    def cost(self, text: _Text) -> float:
        """Steps that a URL of the greatest length costs that goes like `text`; 0.0 if known."""
        begin, pump, between, other = text
        if text in self._known:
            return 0.0
        self._known.add(text)
        copies = max(8, 24 // max(len(pump), len(other)))
        dearest = 0.0
        for end in self._ends:
            texts = [begin + pump * n + between + other * n + end for n in (copies, 2 * copies)]
            short, is_match = self._steps(texts[0])
            if 2 * short > copies * len(texts[0]):  # else no worse than the square of the length
                long, is_match = self._steps(texts[1])
                fixed = len(begin + between + end)
                larger = max(LONGEST - fixed, 0) / (len(texts[1]) - fixed)
                dearest = max(dearest, long * larger ** min(math.log2(long / short), 20.0))
            if not is_match:  # no other end makes it dearer
                break
        return dearest

    def _steps(self, text: str) -> tuple[float, bool]:
        """How many steps `re.search` makes in `text`, and whether it matches."""
        entry = self._program.entry
        after: dict[int, tuple[float, bool]] = {}
        begun = []
        for place, states in reversed(list(enumerate(self._reached(text)))):
            now: dict[int, tuple[float, bool]] = {}
            for state in states:
                self._value(state, text[place : place + 1], place == 0, now, after)
            begun.append(now.get(entry, (0.0, False)))
            after = now
        total = 0.0
        for steps, is_match in begun[:-2:-1] if self._pattern.is_anchored else begun[::-1]:
            total += steps
            if is_match:
                return total, True
        return total, False

    def _reached(self, text: str) -> list[set[int]]:
        """Where the search may be at each place of a text."""
        starts = set() if self._pattern.is_anchored else {self._program.entry}
        found = [{self._program.entry}] + [set(starts) for _ in text]
        for place, states in enumerate(found):
            todo = list(states)
            while todo:
                for way, _ in self._next(todo.pop(), text[place : place + 1], place == 0):
                    name, _, ways = self._program.code[way]
                    if name == "letter":
                        found[place + 1].add(ways[0])
                    elif name == "look":
                        todo += set(ways) - states
                        states.update(ways)
        return found

    def _value(
        self,
        state: int,
        letter: str,
        at_begin: bool,
        now: dict[int, tuple[float, bool]],
        after: dict[int, tuple[float, bool]],
    ) -> tuple[float, bool]:
        """(steps, whether it matches) of going on at a place of the text."""
        if state in now:
            return now[state]
        self._pattern.spend()
        steps, is_match = 1.0, False
        for way, is_sure in self._next(state, letter, at_begin):
            name, is_not, ways = self._program.code[way]
            if name == "letter":
                more, is_match = after[ways[0]]
            elif name == "match":
                more, is_match = 0.0, True
            else:
                more, is_found = self._value(ways[0], letter, at_begin, now, after)
                if not (is_not and is_found):
                    rest, is_match = self._value(ways[1], letter, at_begin, now, after)
                    more += rest
                    is_match &= is_found != is_not
            steps += more
            is_match &= is_sure
            if is_match:
                break
        now[state] = steps, is_match
        return now[state]

    def _next(self, state: int, letter: str, at_begin: bool) -> list[tuple[int, bool]]:
        """The ways on, and whether a match that they lead to is one surely."""
        key = state, letter, at_begin
        if key not in self._ways:
            self._ways[key] = [
                (way, is_sure)
                for way, is_sure, begins, ends in self._program.closure(state)
                if begins <= at_begin and not (ends and letter)
                if self._program.code[way][0] != "letter" or letter in self._program.code[way][1]
            ]
        return self._ways[key]
