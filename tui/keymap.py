"""Keys of one's own: the TOML file that names them, checked before the screen is taken over.

The file gives names of the one table of keys a list of keys each; what it leaves out keeps its
own. Textual does the binding; footer, help and palette ask `shown` what to call a key.
"""

from __future__ import annotations

import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec
import platformdirs

from crawler_core.errors import ConfigError
from tui.keytable import KEYS, Key

VARIABLE = "CRAWLTUI_KEYS"
"""The environment variable that names another file."""
FIXED = {
    **dict.fromkeys(("up", "down", "j", "k", "pageup", "pagedown"), "moves in every list"),
    **dict.fromkeys(("home", "end", "g", "G"), "moves in every list"),
    **dict.fromkeys(("left", "right", "h", "l"), "opens and closes the folders of the site"),
    "escape": "goes back everywhere",
    "shift+tab": "leads to the panel before",
    "ctrl+c": "always quits",
    "ctrl+q": "always quits",
}
"""Keys that mean the same everywhere, whatever a file says."""
_UNCHANGED = frozenset({"interrupt"})
_NAMED = frozenset(
    [
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "insert",
        "delete",
        "backspace",
        "enter",
        "tab",
        "escape",
    ]
) | {f"f{number}" for number in range(1, 25)}
_REPLACED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where Textual's name of a character is not the Unicode one."""
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape"}
"""What a terminal sends for these is what it sends for those."""
_CHARACTERS = {chr(code) for code in range(33, 127)}
_AT_LINE = re.compile(r"\s*\(at line (\d+)[^)]*\)")


class Keymap(msgspec.Struct, frozen=True):
    """Which keys do what: the table's own, but for the names in `changed`."""

    changed: dict[str, tuple[str, ...]] = {}
    """Keys by name, as Textual calls them."""

    def keys(self, key: Key) -> tuple[str, ...]:
        """The keys of an entry of the table, as Textual calls them."""
        return self.changed.get(key.name) or tuple(key.keys.split(","))

    def shown(self, key: Key) -> str:
        """The keys of an entry as people write them, the first one first."""
        if key.name not in self.changed:
            return key.shown
        return " ".join(spoken(name) for name in self.changed[key.name])

    def for_textual(self) -> dict[str, str]:
        """What `App.set_keymap` takes."""
        return {name: ",".join(keys) for name, keys in self.changed.items()}


def keymap_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the keys of one's own are looked for. Raises ConfigError for a home that is none."""
    named = environ.get(VARIABLE, "")
    if not named:
        return platformdirs.user_config_path("crawltui") / "keys.toml"
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{VARIABLE} names {named}, but that user has no home here: write the whole path."
        ) from None


def read_keymap(environ: Mapping[str, str] = os.environ) -> Keymap:
    """The keys of one's own, or the table's where there is no file.

    Raises ConfigError, in one sentence with the file and the line, for a file that cannot be
    read, a name that is none, a key that is none, and a key with two meanings.
    """
    path = keymap_file(environ)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if environ.get(VARIABLE):
            raise ConfigError(
                f"{VARIABLE} names {path}, which does not exist: crawltui keys --write makes it."
            ) from None
        return Keymap()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"The keys cannot be read from {path}: {why}.") from None
    return parse_keymap(text, str(path))


def write_keymap(environ: Mapping[str, str] = os.environ) -> Path:
    """Write the table of keys where it is looked for, and make the folder; where that is.

    Raises ConfigError for a file that is there already, or cannot be written.
    """
    path = keymap_file(environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(as_toml(Keymap()) + "\n")
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename == str(path):
            sentence = f"{path} is there already: edit it, or move it away first."
            raise ConfigError(sentence) from None
        raise ConfigError(f"The keys cannot be written to {path}: {error.strerror}.") from None
    return path


def parse_keymap(text: str, source: str) -> Keymap:
    """The keymap that a TOML text means; `source` is what complaints call it."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = _AT_LINE.search(str(error))
        line = f"line {where[1]}" if where else "its end"
        what = _AT_LINE.sub("", str(error))
        raise ConfigError(f"{source}, {line}: this is not TOML ({what}).") from None
    known = {key.name: key for key in KEYS}
    changed: dict[str, tuple[str, ...]] = {}
    for name, value in found.items():
        place = f"{source}, line {_line_of(text, name)}"
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]}?" if near else "crawltui keys lists them."
            raise ConfigError(f"{place}: nothing is called {name}: {meant}")
        keys = tuple(dict.fromkeys(_read_keys(value, place, name)))
        if keys != tuple(known[name].keys.split(",")):
            changed[name] = keys
    keymap = Keymap(changed)
    _refuse_clashes(keymap, text, source)
    return keymap


def as_toml(keymap: Keymap) -> str:
    """The whole table as a file that can be edited."""
    lines = [
        "# Keys of crawltui: change what you like, delete what may stay as it is.",
        f"# This is read from {keymap_file({})}, or from the file that {VARIABLE} names.",
        "# A key is a character, or a name such as space, enter, tab, f5, ctrl+x, alt+x.",
    ]
    group = ""
    for key in KEYS:
        if key.group != group:
            group = key.group
            lines += ["", f"# {group}"]
        keys = ", ".join(_quoted(spoken(name)) for name in keymap.keys(key))
        mark = "# " if key.name in _UNCHANGED else ""
        lines.append(f"{mark}{key.name} = [{keys}]".ljust(34) + f"  # {key.does}")
    return "\n".join(lines)


def spoken(name: str) -> str:
    """A key as people write it: Textual's plus is +, its f1 is F1."""
    head, plus, last = name.rpartition("+")
    if last in _WRITTEN:
        last = _WRITTEN[last]
    elif re.fullmatch(r"f\d+", last):
        last = last.upper()
    return f"{head}{plus}{last}"


def textual_name(written: str) -> str:
    """Textual's name of a key as people write it; "" if it is none."""
    if len(written) == 1:
        return _name_of(written) if written in _CHARACTERS or written.isprintable() else ""
    *modifiers, last = (
        [*written[:-2].split("+"), "+"] if written.endswith("++") else written.split("+")
    )
    modifiers = [part.lower() for part in modifiers]
    if len(set(modifiers)) < len(modifiers) or not {"ctrl", "alt", "shift"}.issuperset(modifiers):
        return ""
    if len(last) == 1:
        # With shift a character is another character; terminals send no capital with ctrl.
        if "shift" in modifiers or not last.isprintable():
            return ""
        last = _name_of(last.lower() if "ctrl" in modifiers else last)
    elif last.lower() in _NAMED or last.lower() == "space" or last.lower() in _WRITTEN:
        last = last.lower()
    else:
        return ""
    name = "+".join([*sorted(modifiers), last])
    return _SAME.get(name, name)


def _name_of(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _REPLACED.get(name, name)


_WRITTEN = {_name_of(character): character for character in sorted(_CHARACTERS)}


def _read_keys(value: object, place: str, name: str) -> Iterator[str]:
    written = [value] if isinstance(value, str) else value
    if not isinstance(written, list) or not written:
        raise ConfigError(f'{place}: {name} needs a list of keys, as in {name} = ["x", "ctrl+x"].')
    if name in _UNCHANGED:
        raise ConfigError(f"{place}: {name} cannot be changed, ctrl+c always quits.")
    for key in written:
        found = textual_name(key) if isinstance(key, str) else ""
        if not found:
            raise ConfigError(
                f"{place}: {_quoted(str(key))} is no key: write a character, "
                "or a name such as space, enter, f5 or ctrl+x."
            )
        if found in FIXED:
            raise ConfigError(f"{place}: {spoken(found)} {FIXED[found]}: choose another key.")
        yield found


def _refuse_clashes(keymap: Keymap, text: str, source: str) -> None:
    users: dict[str, str] = {}
    for key in KEYS:
        for name in keymap.keys(key):
            other = users.setdefault(name, key.name)
            if other != key.name:
                line = max(_line_of(text, key.name), _line_of(text, other))
                raise ConfigError(
                    f"{source}, line {line}: {spoken(name)} would be the key of both {other} "
                    f"and {key.name}: give one of them another key."
                )


def _line_of(text: str, name: str) -> int:
    """Where a name is given its keys, counted from 1; 0 if it is not."""
    entry = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*(=|\.|\])""")
    for number, line in enumerate(text.splitlines(), 1):
        if entry.match(line.replace("[", "", 1) if line.lstrip().startswith("[") else line):
            return number
    return 0


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
