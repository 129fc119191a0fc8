"""Which colours are wished for, and what is remembered of that."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
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
        remembered = _memory().read_text(encoding="utf-8").strip()
        if remembered in WORDS:
            return remembered
    return "dark"


def remember_theme(name: str) -> None:
    """Begin with this theme from now on; a folder that cannot be written is no matter."""
    path = _memory()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n", encoding="utf-8")


def _memory() -> Path:
    return platformdirs.user_config_path("crawltui") / "theme"
