"""What is sent to the terminal: the same picture in fewer bytes.

Each piece of a line comes with its colours in full and a reset behind it, which is two thirds
of all bytes on the line. Here only what differs from the piece before is sent.
"""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Callable
from functools import lru_cache
from io import RawIOBase
from typing import IO, NamedTuple

_SGR = re.compile("\x1b\\[([0-9;]*)m")
_MOVES = re.compile("(?:\x1b\\[[0-9]+;[0-9]+H)*")
"""Jumps of the cursor paint nothing: the colours before them do not matter."""
_MOST_KEPT = 8192
"""Bytes that are kept for one sending."""
_LOOK_AGAIN = 1.0
"""Seconds after which a terminal that takes nothing is tried again."""
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29"}
"""What ends an attribute (ECMA-48 §8.3.117); for others all is reset."""


class Look(NamedTuple):
    """How the next letter looks: numbers of ECMA-48 §8.3.117, "" is the terminal's own."""

    attributes: frozenset[str] = frozenset()
    color: str = ""
    ground: str = ""


PLAIN = Look()


class Forgiving:
    """The terminal's file; once the terminal is gone, what is written to it goes nowhere.

    Textual's writer is a thread that an error ends, and whoever writes then waits for it for ever.
    A terminal that is only slow is waited for, also where another program that shares it has made
    it one that does not block: the file itself would lose what it could not write at once.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._raw = None if os.name == "nt" else _raw_of(file)
        self._encoding = getattr(file, "encoding", None) or "utf-8"
        self._kept = bytearray()
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write what can be written; the length of `text`."""
        if self._raw is None:
            self._try(lambda: self._file.write(text))
        elif not self._is_gone:
            self._kept += text.encode(self._encoding, "replace")
            if len(self._kept) >= _MOST_KEPT:
                self._send(self._raw)
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        if self._raw is None:
            self._try(self._file.flush)
        else:
            self._send(self._raw)

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()

    def _send(self, raw: RawIOBase) -> None:
        left, self._kept = memoryview(self._kept), bytearray()
        while left and not self._is_gone:
            try:
                taken = raw.write(left)
                if taken is None:  # it takes nothing now, and does not block
                    select.select([], [raw], [], _LOOK_AGAIN)
            except (OSError, ValueError):
                self._is_gone = True
            else:
                left = left[taken or 0 :]

    def _try(self, deed: Callable[[], object]) -> None:
        if not self._is_gone:
            try:
                deed()
            except (OSError, ValueError):
                self._is_gone = True


def has_terminal() -> bool:
    """Whether the terminal that the program was started in is still there."""
    stream = sys.__stderr__
    try:
        return stream is not None and bool(os.get_terminal_size(stream.fileno()))
    except (OSError, ValueError):
        return False


def write_nowhere() -> None:
    """Let what is written to the standard streams from now on go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def thrifty(text: str) -> str:
    """`text` with as few colour sequences as show the same; it ends as plain as it began."""
    if "\x1b" not in text:
        return text
    shown, wanted = PLAIN, PLAIN
    out: list[str] = []
    for number, part in enumerate(_SGR.split(text)):
        if number % 2:
            wanted = _after(wanted, part)
        elif part:
            if shown != wanted and not _MOVES.fullmatch(part):
                out.append(_change(shown, wanted))
                shown = wanted
            out.append(part)
    if shown != wanted:
        out.append(_change(shown, wanted))
    return "".join(out)


def _raw_of(file: IO[str]) -> RawIOBase | None:
    raw = getattr(getattr(file, "buffer", None), "raw", None)
    return raw if isinstance(raw, RawIOBase) else None


@lru_cache(4096)
def _after(look: Look, numbers: str) -> Look:
    """The look after a sequence of numbers; what is not known here is kept as an attribute."""
    attributes, color, ground = set(look.attributes), look.color, look.ground
    left = numbers.split(";")
    while left:
        number = left.pop(0)
        if number in {"", "0"}:
            attributes, color, ground = set(), "", ""
        elif number in {"38", "48"}:
            count = 4 if left[:1] == ["2"] else 2
            value, left = ";".join([number, *left[:count]]), left[count:]
            color, ground = (value, ground) if number == "38" else (color, value)
        elif number == "39" or (len(number) == 2 and number[0] == "3") or number[:-1] == "9":
            color = "" if number == "39" else number
        elif number == "49" or (len(number) == 2 and number[0] == "4") or number[:-1] == "10":
            ground = "" if number == "49" else number
        elif number in _OFF.values():
            attributes -= {name for name, off in _OFF.items() if off == number}
        else:
            attributes.add(number)
    return Look(frozenset(attributes), color, ground)


@lru_cache(4096)
def _change(shown: Look, wanted: Look) -> str:
    """The sequence that leads from one look to another."""
    if wanted == PLAIN:
        return "\x1b[0m"
    gone = shown.attributes - wanted.attributes
    if not gone <= _OFF.keys():
        return "\x1b[" + ";".join(["0", *_numbers(PLAIN, wanted, frozenset())]) + "m"
    off = {_OFF[name] for name in gone}
    lost = frozenset(name for name in shown.attributes if _OFF.get(name) in off)
    return "\x1b[" + ";".join([*sorted(off), *_numbers(shown, wanted, lost)]) + "m"


def _numbers(shown: Look, wanted: Look, lost: frozenset[str]) -> list[str]:
    numbers = sorted(wanted.attributes - (shown.attributes - lost))
    if wanted.color != shown.color:
        numbers.append(wanted.color or "39")
    if wanted.ground != shown.ground:
        numbers.append(wanted.ground or "49")
    return numbers
