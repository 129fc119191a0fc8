"""The links of a page: collected raw while the document is read, resolved at its end.

Resolving waits for the end because a `base` element rules the links before it too.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from crawler_core.model import Link, LinkKind
from crawler_core.parse.labels import REPLACEMENT, UTF_8, codec_of
from crawler_core.text import clean, collapse
from crawler_core.url import split_link

MAX_URL_CHARACTERS = 16_000_000
"""Characters of all resolved URLs of a page: a long base would multiply with every link."""

_LEFT_OUT = ("data:", "javascript:", "blob:", "about:")
_HTTP = ("http://", "https://")
_STRIPPED = "".join(map(chr, range(0x21)))
_IN_UTF_8 = frozenset({UTF_8, "utf-16le", "utf-16be", REPLACEMENT, "x-user-defined"})
"""Encodings whose documents send queries in UTF-8 (URL Standard, "output encoding")."""

_CANDIDATE = re.compile(r"[\t\n\f\r ,]*([^\t\n\f\r ]+)")
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*(?:\)|$))*,?")
_REFRESH = re.compile(
    r"[\t\n\f\r ]*(?:[0-9]|(?=\.))[0-9.]*(?:(?=[;,\t\n\f\r ])[\t\n\f\r ]*[;,]?[\t\n\f\r ]*(.*))?$",
    re.DOTALL,
)
_URL_EQUALS = re.compile(r"url[\t\n\f\r ]*=[\t\n\f\r ]*", re.IGNORECASE)


class Reference(NamedTuple):
    """A link as it is written."""

    raw: str
    kind: LinkKind
    anchor: str = ""
    rel: str = ""


class Resolver:
    """Makes absolute URLs of references, for one document."""

    def __init__(self, url: str, base_href: str | None, encoding: str) -> None:
        self.base = url
        self.has_base = False
        self._codec = None if encoding in _IN_UTF_8 else codec_of(encoding)
        if base_href is not None:
            absolute = self.split(base_href)[0]
            # HTML Standard, "set the frozen base URL": these fall back to the document's.
            if absolute and not absolute.startswith(_LEFT_OUT):
                self.base = absolute
                self.has_base = True

    def split(self, raw: str) -> tuple[str, str]:
        """Return absolute URL ("" if invalid) and decoded fragment of a reference.

        The query of an http(s) URL is encoded in the document's encoding, as browsers do.
        """
        absolute, fragment = split_link(raw, self.base)
        if self._codec and not raw.isascii() and absolute.startswith(_HTTP):
            return split_link(_with_encoded_query(raw, self._codec), self.base)
        return absolute, fragment


class LinkCollector:
    """The references of one page in document order, capped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._references: list[Reference] = []
        self.cut = False
        """True when a link was left out because of a cap."""

    def add(self, raw: str, kind: LinkKind, anchor: str = "", rel: str = "") -> int:
        """Keep a reference; return its place for `name`, -1 if it is left out."""
        if raw.lstrip(_STRIPPED)[:11].lower().startswith(_LEFT_OUT):
            return -1
        if len(self._references) >= self._most:
            self.cut = True
            return -1
        self._references.append(Reference(raw, kind, anchor, rel))
        return len(self._references) - 1

    def name(self, place: int, anchor: str) -> None:
        """Set the anchor text of the reference that `add` kept at `place`."""
        self._references[place] = self._references[place]._replace(anchor=anchor)

    def resolved(self, resolver: Resolver, nofollow: bool) -> tuple[Link, ...]:
        """All links, absolute; `nofollow` is the word of the page's meta robots."""
        links = []
        budget = MAX_URL_CHARACTERS
        for reference in self._references:
            link = _link(reference, resolver, nofollow)
            if link is None:
                continue
            budget -= len(link.url)
            if budget < 0:
                self.cut = True
                break
            links.append(link)
        return tuple(links)


def srcset_urls(srcset: str) -> list[str]:
    """The URLs of a srcset attribute (HTML Standard §4.8.4.3.10), in linear time."""
    urls = []
    position = 0
    while found := _CANDIDATE.match(srcset, position):
        position = found.end()
        url = found[1].rstrip(",")
        if url == found[1]:
            descriptors = _DESCRIPTORS.match(srcset, position)
            position = descriptors.end() if descriptors else len(srcset)
        if url:
            urls.append(url)
    return urls


def refresh_target(content: str) -> str | None:
    """The URL reference of a meta refresh; "" for a plain reload, None if it is invalid.

    HTML Standard, "shared declarative refresh steps".
    """
    found = _REFRESH.match(content)
    if found is None:
        return None
    target = found[1] or ""
    if equals := _URL_EQUALS.match(target):
        target = target[equals.end() :]
    if target[:1] in {"'", '"'}:
        return target[1:].partition(target[0])[0]
    return target


def _link(reference: Reference, resolver: Resolver, nofollow: bool) -> Link | None:
    raw = reference.raw.strip(_STRIPPED)
    url, fragment = resolver.split(raw)
    if url.startswith(_LEFT_OUT):
        return None
    rel = clean(reference.rel) if reference.rel else ""
    return Link(
        url=url,
        kind=reference.kind,
        anchor=reference.anchor,
        rel=rel,
        fragment=clean(fragment) if fragment else "",
        nofollow=nofollow or (bool(rel) and "nofollow" in reference.rel.split()),
        raw="" if url else clean(collapse(raw)),
        only_fragment=raw.startswith("#"),
    )


def _with_encoded_query(raw: str, codec: str) -> str:
    before, mark, query = raw.partition("#")[0].partition("?")
    if not mark or query.isascii():
        return raw
    # Characters that the encoding lacks are sent as numeric references (URL Standard,
    # "percent-encode after encoding"); those of the query's own ASCII stay as they are.
    pieces = (
        piece if piece.isascii() else quote_from_bytes(_encoded(piece, codec), safe="")
        for piece in re.split(r"([\x00-\x7f]+)", query)
    )
    fragment = raw[len(raw.partition("#")[0]) :]
    return f"{before}?{''.join(pieces)}{fragment}"


def _encoded(text: str, codec: str) -> bytes:
    return text.encode(codec, "xmlcharrefreplace")
