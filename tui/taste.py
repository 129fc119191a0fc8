"""Which colours and columns are wished for, and what is remembered of that.

Both are remembered in files of their own, `theme` and `columns`, beside the file of the keys.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from crawler_core.errors import ConfigError

VARIABLE = "CRAWLTUI_THEME"
WORDS = {"dark": "dark", "light": "light", "contrast": "high contrast"}
"""The themes by name, and what people call them."""


def chosen_theme(wish: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The theme to begin with: as wished, as the environment has it, or as remembered.

    Raises ConfigError for a name that is none.
    """
    named = wish or environ.get(VARIABLE, "")
    if named and named not in WORDS:
        where = "--theme" if wish else VARIABLE
        raise ConfigError(f"{where} {named!r} is no theme: choose one of {', '.join(WORDS)}.")
    if named:
        return named
    with contextlib.suppress(OSError, UnicodeError):
        remembered = _memory("theme").read_text(encoding="utf-8").strip()
        if remembered in WORDS:
            return remembered
    return "dark"


def remember_theme(name: str) -> None:
    """Begin with this theme from now on; a folder that cannot be written is no matter."""
    _remember("theme", name)


def chosen_columns() -> tuple[str, ...]:
    """The names of the results' columns as remembered; none: the usual ones."""
    with contextlib.suppress(OSError, UnicodeError):
        return tuple(_memory("columns").read_text(encoding="utf-8").split())
    return ()


def remember_columns(names: Sequence[str]) -> None:
    """Begin with these columns from now on; without any, with the usual ones."""
    _remember("columns", "\n".join(names))


def _remember(what: str, text: str) -> None:
    path = _memory(what)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")


def _memory(what: str) -> Path:
    return platformdirs.user_config_path("crawltui") / what
