"""The flat stream of elements: all that extraction knows of a parser.

A document is an iterator of events in document order:

    (START, tag, attributes)    an element of `TOLD`, or any other that has an id: then its
                                tag may be "" and `id` is the only attribute
    (TEXT, text, NO_ATTRIBUTES) character data, entities decoded, never comments; `BORDER`
                                stands where an element that is not inline begins or ends
    (END, tag, NO_ATTRIBUTES)   an element of `ENDED` ends
    (LINK, text, attributes)    an `a` that holds nothing but text, as most do: its START, TEXT
                                and END in one, from a parser that likes to

Names are in lower case. The content of `HIDDEN` elements is not told, but for the text of a
title. An element that is not told leaves at most its borders, so that the events of a page
are as few as its links: a page has tens of thousands of elements.

A parser takes part by one function of type `Reader`, whose text holds no NUL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

START: Final = 0
TEXT: Final = 1
END: Final = 2
LINK: Final = 3

Attributes = Mapping[str, str]
Event = tuple[int, str, Attributes]
Reader = Callable[[str], Iterator[Event]]

NO_ATTRIBUTES: Final[Attributes] = {}


class Refused(Exception):
    """A reader will not parse this document, because it would take too much time or memory."""


BORDER: Final = "\0"
"""Parts words and is no text itself."""

HIDDEN: Final = frozenset(
    {"script", "style", "template", "title", "textarea", "iframe", "noembed", "noframes"}
)
"""Their content is text or a document of its own for a browser: no words, no elements."""

TOLD: Final = frozenset(
    {"a", "area", "img", "link", "meta", "base", "html", "source", "input", "title", "h1", "h2"}
    | {"iframe", "frame", "script", "video", "audio", "track", "embed", "object"}
    | {"noscript", "svg", "foreignobject"}
)
"""Elements whose start is told with all attributes."""

ENDED: Final = frozenset({"a", "title", "h1", "h2", "noscript", "svg", "foreignobject"})
"""Elements whose end is told too."""

INLINE: Final = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn"}
    | {"em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s"}
    | {"samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)
"""Elements whose borders do not part words."""


def taken(parts: list[str]) -> str:
    """The collected pieces of a text, which are gone from `parts` then."""
    text = "".join(parts)
    parts.clear()
    return text
