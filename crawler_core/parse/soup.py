"""BeautifulSoup over lxml as a stream of elements: the reference parser.

BeautifulSoup is fed with what the stream tells and no more: inline elements without an id,
attributes that nobody reads, comments and hidden contents would be most of a page's objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder
from bs4.element import PageElement, Tag
from bs4.exceptions import ParserRejectedMarkup

from crawler_core.parse.elements import (
    BORDER,
    END,
    ENDED,
    HIDDEN,
    INLINE,
    NO_ATTRIBUTES,
    START,
    TEXT,
    TOLD,
    Attributes,
    Event,
    taken,
)


def read(text: str) -> Iterator[Event]:
    """Parse an HTML document; markup that lxml refuses altogether is an empty stream."""
    soup = _soup(text)
    return iter(()) if soup is None or not soup.contents else _walk(soup)


def _walk(soup: BeautifulSoup) -> Iterator[Event]:
    """The events of a tree. It follows `next_element`: depth must not need recursion."""
    node: PageElement | None = soup.contents[0]
    parents: list[PageElement] = [soup]
    names: list[str] = []
    parts: list[str] = []
    while True:
        parent = soup if node is None else node.parent
        while parents[-1] is not parent:
            parents.pop()
            name = names.pop()
            if name in ENDED:
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                yield END, name, NO_ATTRIBUTES
            if name not in INLINE:
                parts.append(BORDER)
        if node is None:
            break
        if isinstance(node, Tag):
            name = node.name
            parents.append(node)
            names.append(name)
            if name not in INLINE:
                parts.append(BORDER)
            # Values are texts: `_Builder` asks for no lists.
            attributes = cast("Attributes", node.attrs)
            if attributes or name in TOLD:
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                yield START, name, attributes
        else:
            parts.append(cast("str", node))
        node = node.next_element
    if parts:
        yield TEXT, taken(parts), NO_ATTRIBUTES


class _Builder(LXMLTreeBuilder):
    """Feeds BeautifulSoup with elements that matter, without attributes that do not."""

    def __init__(self) -> None:
        # Attributes as they are written, and no special strings: nobody here asks for them.
        super().__init__(
            multi_valued_attributes=None, preserve_whitespace_tags=set(), string_containers={}
        )
        self._open: list[str] = []
        """The open elements; "" for one that was not passed on."""
        self._hidden = 0
        """How many elements are open from the outermost hidden one inwards."""
        self._titled = False

    def start(
        self, tag: str | bytes, attrib: Mapping[Any, Any], nsmap: Mapping[str, str] | None = None
    ) -> None:
        """lxml opens an element."""
        if self._hidden:
            self._hidden += 1
            return
        name = cast("str", tag)
        if name in TOLD:
            attributes = {key: attrib[key] for key in attrib if key in _READ}
        elif "id" in attrib:
            attributes = {"id": attrib["id"]}
        elif name in INLINE:
            self._open.append("")
            return
        else:
            attributes = {}
        soup = cast("BeautifulSoup", self.soup)
        if name in _HEADINGS and self._open and self._open[-1] in _HEADINGS:
            # HTML Standard §13.2.6.4.7: a heading ends the one that it would be a child of.
            soup.handle_endtag(self._open[-1])
            self._open[-1] = ""
        self._open.append(name)
        soup.handle_starttag(name, None, None, cast("Any", attributes))
        if name in HIDDEN:
            self._hidden = 1
            self._titled = name == "title"

    def end(self, tag: str | bytes) -> None:
        """lxml closes an element."""
        if self._hidden > 1:
            self._hidden -= 1
            return
        self._hidden = 0
        self._titled = False
        if name := self._open.pop():
            cast("BeautifulSoup", self.soup).handle_endtag(name)

    def data(self, data: str | bytes) -> None:
        """lxml has read character data, or a part of it."""
        if not self._hidden or self._titled:
            cast("BeautifulSoup", self.soup).handle_data(cast("str", data))

    def comment(self, text: str | bytes) -> None:
        """Comments are not told, and part no words."""

    def pi(self, target: str, data: str) -> None:
        """Processing instructions are none in HTML."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """The document type is not told."""

    def set_up_substitutions(self, tag: Tag) -> bool:
        """Nothing: that would be for documents that are written out again."""
        return False


_READ = frozenset(
    {"href", "src", "srcset", "alt", "rel", "name", "content", "http-equiv", "id", "lang", "type"}
    | {"data", "poster"}
)
"""The attributes that extraction asks for."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def _soup(text: str) -> BeautifulSoup | None:
    if not text.startswith("<") or text.startswith("<?xml"):
        # BeautifulSoup warns of such texts on stderr, which would paint over a screen; behind
        # a comment they are what they were.
        text = f"<!---->{text}"
    try:
        return BeautifulSoup(text, builder=_Builder())
    except ParserRejectedMarkup:
        return None
