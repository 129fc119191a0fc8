"""Bindings, footer, help and the README's list: made from the one table of keys."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding

from tui.keytable import KEYS

MOVES: tuple[tuple[str, str], ...] = (
    ("↑ ↓ j k", "one row up or down"),
    ("pgup pgdn", "a screenful"),
    ("home end g G", "first and last row"),
    ("esc", "clear the filter, go back"),
)
"""Keys of every table; they are bound where the tables are."""


def bindings() -> Iterator[Binding]:
    """The bindings of the dashboard; the app itself binds ctrl+c and ctrl+p."""
    for key in KEYS:
        if key.keys in {"ctrl+c", "ctrl+p", "tab"}:
            continue
        yield Binding(key.keys, key.action, key.does, id=key.name, show=False)


def hints(tab: str, *, changing: bool) -> list[tuple[str, str, str]]:
    """The footer of a tab: keys, words, action; without `changing`, no key that sends."""
    found = []
    for key in KEYS:
        if key.hint and tab in key.tabs and (changing or not key.changes):
            shown, _, word = key.hint.partition("|")
            found.append((shown, word, key.action))
    return found


def table() -> str:
    """The keys as a Markdown table, for the README."""
    lines = ["| key | does |", "|---|---|"]
    tabs = [key for key in KEYS if key.name.startswith("tab-")]
    for key in KEYS:
        if key.name == tabs[0].name:
            names = ", ".join(tab.does for tab in tabs)
            lines.append(f"| `{tabs[0].shown}`…`{tabs[-1].shown}` | {names} |")
        if key in tabs:
            continue
        shown = " ".join(f"`{part}`" for part in key.shown.split())
        lines.append(f"| {shown} | {key.does} |")
    lines += [f"| {' '.join(f'`{k}`' for k in keys.split())} | {does} |" for keys, does in MOVES]
    return "\n".join(lines)
