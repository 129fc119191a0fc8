"""Which command a command line means: its first word, or what a URL in its place stands for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from crawler_core.crawl import places
from crawler_core.errors import ConfigError

_OWN_OPTIONS = frozenset({"-h", "--help", "--version"})


def routed(argv: Sequence[str], known: Sequence[str], *, hidden: Sequence[str]) -> list[str]:
    """The arguments with the command that they stand for at their front.

    `known` are the commands that people are told of, `hidden` the others. Raises ConfigError
    for a first word that is neither a command nor looks like a URL.
    """
    if not argv or _is_theme_alone(argv):
        return ["start", *argv]
    first = argv[0]
    if first in known or first in hidden or first in _OWN_OPTIONS:
        return list(argv)
    if not first.startswith("-") and not _looks_like_url(first):
        raise _unknown(first, known)
    _refuse_file(first)
    return ["crawl", *argv]


def refuse_commands(words: Sequence[str], known: Sequence[str]) -> None:
    """Raise ConfigError if a command stands where URLs do, behind options."""
    for word in words:
        if word in known:
            raise ConfigError(
                f"{word} is a command: write it first, as in crawltui {word} … "
                f"(a host of that name is http://{word}/)."
            )


def _is_theme_alone(argv: Sequence[str]) -> bool:
    """Colours are all that is said: they are for the start screen."""
    option, *values = argv
    return (option == "--theme" and len(values) == 1) or (
        option.startswith("--theme=") and not values
    )


def _looks_like_url(word: str) -> bool:
    """Dots, colons and slashes make a host or URL; other words are meant as commands."""
    return word == "localhost" or re.search(r"[.:/@\\]", word) is not None


def _refuse_file(word: str) -> None:
    if "://" not in word and word.endswith(places.SUFFIX) and Path(word).is_file():
        raise ConfigError(
            f"{word} is a crawl: crawltui resume {word} goes on with it, "
            f"crawltui view {word} shows it."
        )


def _unknown(word: str, known: Sequence[str]) -> ConfigError:
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return ConfigError(f"Unknown command {word!r}: did you mean {near[0]}?")
    return ConfigError(
        f"Unknown command {word!r}: did you mean one of {', '.join(known)}, or a URL?"
    )
