"""Regular expressions that people write: which of them cannot be used, and why. Pure.

All of them are compiled here. What is typed is judged (`fault_of`); what a store holds is in
force, and is compiled as it is.
"""

from __future__ import annotations

import re

from crawler_core.backtracking import is_dear
from crawler_core.errors import ConfigError
from crawler_core.program import begins_anywhere


def compiled(pattern: str) -> re.Pattern[str]:
    """`pattern`, ready for use. Raises ConfigError if it is no regular expression."""
    found = _read(pattern)
    if isinstance(found, str):
        raise ConfigError(f"The pattern {pattern[:200]!r} {found}")
    return found


def fault_of(pattern: str) -> str:
    """Why a pattern cannot be used, as what is to be said of it; "" if it can."""
    found = _read(pattern)
    if isinstance(found, str):
        return found
    if is_dear(pattern):
        return (
            "has repeats that can match the same text in many ways, which may take for ever on a "
            "long URL: write it simpler, with [^/]* in place of .* for example."
        )
    return ""


def is_slow(pattern: str) -> bool:
    """Whether a pattern, though it is one, may take too long to be used."""
    return not isinstance(_read(pattern), str) and is_dear(pattern)


def problem_of(pattern: str, *, is_judged: bool = True) -> str:
    """Why a pattern that is being typed cannot be used, as a sentence; "" if it can.

    How long it may take takes some 10 ms to judge, 50 at the most; unless `is_judged` it is
    only looked at whether it is a regular expression.
    """
    if not pattern:
        return "An empty pattern matches every URL: type a part of an address."
    found = _read(pattern)
    fault = found if isinstance(found, str) else is_judged and fault_of(pattern)
    return f"This {fault}" if fault else ""


def _read(pattern: str) -> re.Pattern[str] | str:
    """`pattern`, ready for use, or why it is no regular expression."""
    try:
        # What begins with .* matches from the beginning of a URL or not at all, yet `re` would
        # try it from every letter on.
        return re.compile(rf"\A(?:{pattern})" if begins_anywhere(pattern) else pattern)
    except re.error as error:
        return f"is no regular expression: {error}. Put \\ before what is meant literally."
    except OverflowError:
        return "has a number of repeats that is too large: write a smaller one, or + for any."
    except RecursionError:
        return "has too many parentheses within parentheses: leave some out."
