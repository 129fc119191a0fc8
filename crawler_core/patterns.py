"""Regular expressions that people write: which of them cannot be used, and why. Pure.

All of them are compiled here. What is typed is judged (`fault_of`); what a store holds was
judged when it was typed, by the rules of then, and is compiled as it is.
"""

from __future__ import annotations

import re

from crawler_core.backtracking import begins_anywhere, is_dear
from crawler_core.errors import ConfigError


def compiled(pattern: str) -> re.Pattern[str]:
    """`pattern`, ready for use. Raises ConfigError if it is no regular expression."""
    if fault := _no_pattern(pattern):
        raise ConfigError(f"The pattern {pattern[:200]!r} {fault}")
    # What begins with .* matches from the beginning of a URL or not at all, yet `re` would try
    # it from every letter on.
    return re.compile(rf"\A(?:{pattern})" if begins_anywhere(pattern) else pattern)


def fault_of(pattern: str) -> str:
    """Why a pattern cannot be used, as what is to be said of it; "" if it can."""
    if fault := _no_pattern(pattern):
        return fault
    if is_dear(pattern):
        return (
            "has repeats that can match the same text in many ways, which may take for ever on a "
            "long URL: write it simpler, with [^/]* in place of .* for example."
        )
    return ""


def problem_of(pattern: str) -> str:
    """Why a pattern that is being typed cannot be used, as a sentence; "" if it can."""
    if not pattern:
        return "An empty pattern matches every URL: type a part of an address."
    fault = fault_of(pattern)
    return f"This {fault}" if fault else ""


def _no_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}. Put \\ before what is meant literally."
    except OverflowError:
        return "has a number of repeats that is too large: write a smaller one, or + for any."
    except RecursionError:
        return "has too many parentheses within parentheses: leave some out."
    return ""
