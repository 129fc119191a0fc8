"""BeautifulSoup over lxml as a stream of elements: the reference parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PageElement, PreformattedString, Tag
from bs4.exceptions import ParserRejectedMarkup

from crawler_core.parse.elements import END, NO_ATTRIBUTES, START, TEXT, Attributes, Event


def read(text: str) -> Iterator[Event]:
    """Parse an HTML document; markup that lxml refuses altogether is an empty stream.

    The walk follows `next_element` and keeps its own stack of open tags: no recursion, so
    the depth of a document does not matter.
    """
    soup = _soup(text)
    node: PageElement | None = soup.contents[0] if soup and soup.contents else None
    parents: list[PageElement | None] = [soup]
    names: list[str] = []
    while node is not None:
        parent = node.parent
        while parents[-1] is not parent:
            parents.pop()
            yield END, names.pop(), NO_ATTRIBUTES
        kind = type(node)
        if kind is NavigableString:
            yield TEXT, cast("str", node), NO_ATTRIBUTES
        elif isinstance(node, Tag):
            parents.append(node)
            names.append(node.name)
            # Values are texts: `_soup` asks for no lists.
            yield START, node.name, cast("Attributes", node.attrs)
        elif not issubclass(kind, PreformattedString) or kind is CData:
            yield TEXT, str(node), NO_ATTRIBUTES
        node = node.next_element
    while names:
        yield END, names.pop(), NO_ATTRIBUTES


def _soup(text: str) -> BeautifulSoup | None:
    if not text.startswith("<") or text.startswith("<?xml"):
        # BeautifulSoup warns of such texts on stderr, which would paint over a screen; behind
        # a comment they are what they were.
        text = f"<!---->{text}"
    try:
        # Attributes as they are written: splitting class lists costs time and serves nobody.
        return BeautifulSoup(text, "lxml", multi_valued_attributes=None)
    except ParserRejectedMarkup:
        return None
