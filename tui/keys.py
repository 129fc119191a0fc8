"""Bindings, footer, help and the README's list: made from the one table of keys."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from textual.binding import Binding

from tui.keymap import Keymap
from tui.keytable import KEYS

MOVES: tuple[tuple[str, str], ...] = (
    ("↑ ↓ j k", "one row up or down"),
    ("pgup pgdn", "a screenful"),
    ("home end g G", "first and last row"),
    ("esc", "clear the filter, go back"),
)
"""Keys of every table; they are bound where the tables are."""
_FOREMOST = ("fetch-more", "parse-more", "pause", "save", "filter", "why")
"""What the footer of the overview names even where there is hardly any room."""


def bindings() -> Iterator[Binding]:
    """The bindings of the dashboard; the app itself binds ctrl+c and the palette's key."""
    for key in KEYS:
        if key.name not in {"interrupt", "palette"}:
            yield Binding(key.keys, key.action, key.does, id=key.name, show=False)


def hints(
    tab: str,
    *,
    changing: bool,
    keymap: Keymap = Keymap(),  # noqa: B008 - frozen
    also: Container[str] = (),
) -> list[tuple[str, str, str]]:
    """The footer of a tab: keys, words, action.

    Without `changing` there is no key that sends, but for those whose names are in `also`.
    Where there are several keys, the action of each follows that of the words, after a bar.
    """
    found = []
    foremost = _FOREMOST if tab == "overview" else ()
    for key in sorted(KEYS, key=lambda key: _place(key.name, foremost)):
        obeyed = changing or not key.changes or key.name in also
        if key.hint and tab in key.tabs and obeyed:
            shown, _, word = key.hint.partition("|")
            each = [_BY_TOKEN[token].action for token in shown.split(" ")]
            actions = [key.action, *each] if len(each) > 1 else [key.action]
            found.append((_hinted(shown, keymap), word, "|".join(actions)))
    return found


def respelled(text: str, keymap: Keymap) -> str:
    """A sentence that names keys of the table ("press +", "s saves") with one's own instead."""
    if not keymap.changed:
        return text
    return _NAMED_KEYS.sub(lambda found: _hinted(found[0], keymap), text)


def without_keys(says: str) -> str:
    """A verdict's sentence for somebody who only looks on: what is the case, no key to press."""
    return _ADVICE.sub("", says)


def relabelled(label: str, keymap: Keymap) -> str:
    """A label of keys alone ("+ −", "x") with one's own instead."""
    return _hinted(label, keymap) if keymap.changed else label


def _hinted(shown: str, keymap: Keymap) -> str:
    return " ".join(_own(token, keymap) for token in shown.split(" "))


def _place(name: str, foremost: Sequence[str]) -> int:
    return foremost.index(name) if name in foremost else len(foremost)


def _own(token: str, keymap: Keymap) -> str:
    """The first key that does now what `token` does by default."""
    key = _BY_TOKEN.get(token)
    if key is None or key.name not in keymap.changed:
        return token
    return keymap.shown(key).split(" ")[0]


_BY_TOKEN = {token: key for key in KEYS for token in key.shown.split()}
_BY_TOKEN["−"] = _BY_TOKEN["-"]  # as panels write it
_ONE = "(?:" + "|".join(re.escape(token) for token in _BY_TOKEN) + ")"
_NAMED_KEYS = re.compile(
    rf"(?<=press ){_ONE}(?: or {_ONE})?(?!\w)"
    rf"|(?<!\S){_ONE}(?: {_ONE})*(?= (?:shows|saves|quits|cancels|changes|follows|goes on|"
    r"has no effect|leads|asks|takes|take)\b)"
)

_ADVICE = re.compile(r"(?:: |, )(?:press [^,]*|\+ has no effect|\. on tab 4 [^,]*)")
"""What a verdict advises: a clause that names a key which changes the crawl."""


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
