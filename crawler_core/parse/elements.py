"""The flat stream of elements: all that extraction knows of a parser.

A document is an iterator of events in document order:

    (START, tag, attributes)    an element opens; tag and attribute names in lower case
    (TEXT, text, NO_ATTRIBUTES) character data, entities decoded; never comments
    (END, tag, NO_ATTRIBUTES)   the element closes; every START has its END, void ones too

A parser takes part by one function of type `Reader`. Events are plain tuples because a
page has tens of thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

START: Final = 0
TEXT: Final = 1
END: Final = 2

Attributes = Mapping[str, str]
Event = tuple[int, str, Attributes]
Reader = Callable[[str], Iterator[Event]]

NO_ATTRIBUTES: Final[Attributes] = {}
