"""The links of a page: collected raw while the document is read, resolved at its end.

Resolving waits for the end because a `base` element rules the links before it too.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from urllib.parse import quote_from_bytes

from crawler_core.model import Link, LinkKind
from crawler_core.parse.labels import REPLACEMENT, UTF_8, codec_of
from crawler_core.text import clean, collapse
from crawler_core.url import split_link

MAX_URL_CHARACTERS = 16_000_000
"""Characters of all resolved URLs of a page: a long base would multiply with every link."""

MAX_CACHED = 300
"""Characters of a URL that is remembered from page to page."""

Target = tuple[str, str, str, bool]
"""Absolute URL, fragment, the reference itself if it has no URL, is it a fragment only."""

_OF_THE_PAGE = ("", "?", "#")
"""How references begin that are resolved against the page's URL and not its folder."""
_OF_A_FOLDER = frozenset("./" + string.ascii_letters + string.digits)
"""How references begin that mean the same in all documents of a folder, if they have no scheme."""
_LEFT_OUT = ("data:", "javascript:", "blob:", "about:")
_HTTP = ("http://", "https://")
_STRIPPED = "".join(map(chr, range(0x21)))
_IN_UTF_8 = frozenset({UTF_8, "utf-16le", "utf-16be", REPLACEMENT, "x-user-defined"})
"""Encodings whose documents send queries in UTF-8 (URL Standard, "output encoding")."""

_PLAIN_FRAGMENT = re.compile(r"[A-Za-z0-9_.:-]*").fullmatch
"""Fragments that no rule changes."""
_CANDIDATE = re.compile(r"[\t\n\f\r ,]*([^\t\n\f\r ]+)")
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*(?:\)|$))*,?")
_REFRESH = re.compile(
    r"[\t\n\f\r ]*(?:[0-9]|(?=\.))[0-9.]*(?:(?=[;,\t\n\f\r ])[\t\n\f\r ]*[;,]?[\t\n\f\r ]*(.*))?$",
    re.DOTALL,
)
_URL_EQUALS = re.compile(r"url[\t\n\f\r ]*=[\t\n\f\r ]*", re.IGNORECASE)


class Resolver:
    """Makes absolute URLs of references, for one document."""

    def __init__(self, url: str, base_href: str | None, encoding: str) -> None:
        self.base = url
        self.has_base = False
        self._codec = None if encoding in _IN_UTF_8 else codec_of(encoding)
        self._targets: dict[str, Target | None] = {}
        self._folder = _folder_of(url)
        self._root = _root_of(self._folder)
        self._itself: str | None = None
        if base_href is not None:
            absolute = self.split(base_href)[0]
            # HTML Standard, "set the frozen base URL": these fall back to the document's.
            if absolute and not absolute.startswith(_LEFT_OUT):
                self.base = absolute
                self.has_base = True
                self._folder = _folder_of(absolute)
                self._root = _root_of(self._folder)
                self._itself = None

    def split(self, raw: str) -> tuple[str, str]:
        """Return absolute URL ("" if invalid) and decoded fragment of a reference.

        The query of an http(s) URL is encoded in the document's encoding, as browsers do.
        """
        raw = raw.strip(_STRIPPED)
        path, mark, fragment = raw.partition("#")
        if mark and path[-1:] > " " and _PLAIN_FRAGMENT(fragment):
            return self._split(path)[0], fragment
        if not path and _PLAIN_FRAGMENT(fragment):
            if self._itself is None:
                self._itself = split_link("#", self.base)[0]
            return self._itself, fragment
        return self._split(raw)

    def _split(self, raw: str) -> tuple[str, str]:
        if self._depends_on_folder(raw):
            # What begins with a slash means the same everywhere on the host.
            place = self._root if raw[0] == "/" else self._folder
            absolute, fragment = _split_in_folder(raw, place)
        else:
            absolute, fragment = split_link(raw, self.base)
        if self._codec and not raw.isascii() and absolute.startswith(_HTTP):
            return split_link(_with_encoded_query(raw, self._codec), self.base)
        return absolute, fragment

    def _is_plain(self, raw: str) -> bool:
        """True where folders are known, and queries are sent in UTF-8."""
        return self._folder != "" and self._codec is None and len(raw) <= MAX_CACHED

    def _depends_on_folder(self, raw: str) -> bool:
        """True if `raw` means the same in every document of the folder, and is short."""
        return (
            self._folder != ""
            and len(raw) <= MAX_CACHED
            and raw[:1] not in _OF_THE_PAGE
            and (":" not in raw or raw.startswith(_HTTP))  # "http:" alone names the base
        )

    def target(self, raw: str) -> Target | None:
        """Where a reference leads, resolved once per page; None for what is no link."""
        try:
            return self._targets[raw]
        except KeyError:
            # Most references begin so, and need no closer look at what they depend on.
            if raw[:1] in _OF_A_FOLDER and ":" not in raw and self._is_plain(raw):
                place = self._root if raw[0] == "/" else self._folder
                target = _target_in_folder(raw, place)
            else:
                stripped = raw.strip(_STRIPPED)
                target = _target_of(stripped, *self.split(stripped))
            self._targets[raw] = target
            return target


class LinkCollector:
    """The references of one page in document order, capped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._raws: list[str] = []
        self._kinds: list[LinkKind] = []
        self._anchors: list[str] = []
        self._rels: list[str] = []
        self.cut = False
        """True when a link was left out because of a cap."""

    def add(self, raw: str, kind: LinkKind, anchor: str = "", rel: str = "") -> int:
        """Keep a reference; return its place for `name`, -1 if it is left out."""
        if ":" in raw and raw.lstrip(_STRIPPED)[:11].lower().startswith(_LEFT_OUT):
            return -1
        place = len(self._raws)
        if place >= self._most:
            self.cut = True
            return -1
        self._raws.append(raw)
        self._kinds.append(kind)
        self._anchors.append(anchor)
        self._rels.append(rel)
        return place

    def name(self, place: int, anchor: str) -> None:
        """Set the anchor text of the reference that `add` kept at `place`."""
        self._anchors[place] = anchor

    def resolved(self, resolver: Resolver, nofollow: bool) -> tuple[Link, ...]:
        """All links, absolute; `nofollow` is the word of the page's meta robots."""
        links = []
        budget = MAX_URL_CHARACTERS
        target_of = resolver.target
        references = zip(self._raws, self._kinds, self._anchors, self._rels, strict=True)
        for raw, kind, anchor, rel in references:
            target = target_of(raw)
            if target is None:
                continue
            url, fragment, kept_raw, only_fragment = target
            budget -= len(url)
            if budget < 0:
                self.cut = True
                break
            refused = nofollow
            if rel:
                refused = nofollow or "nofollow" in rel.split()
                rel = clean(rel)
            links.append(Link(url, kind, anchor, rel, fragment, refused, kept_raw, only_fragment))
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


def _folder_of(base: str) -> str:
    """The part of an http(s) URL that relative references are added to; "" for other URLs."""
    if not base.startswith(_HTTP) or len(base) > MAX_CACHED:
        return ""
    path = base.partition("?")[0]
    return path[: path.rfind("/") + 1]


def _root_of(folder: str) -> str:
    """The folder at the root of the same host."""
    return folder[: folder.find("/", 8) + 1]  # behind "http://" or "https://"


@lru_cache(maxsize=16_384)
def _split_in_folder(raw: str, folder: str) -> tuple[str, str]:
    # Pages of one folder name each other by the same references.
    return split_link(raw, folder)


@lru_cache(maxsize=16_384)
def _target_in_folder(raw: str, folder: str) -> Target | None:
    path, mark, fragment = raw.partition("#")
    if mark and path[-1:] > " " and _PLAIN_FRAGMENT(fragment):
        return _target_of(raw, _split_in_folder(path, folder)[0], fragment)
    raw = raw.rstrip(_STRIPPED)
    return _target_of(raw, *split_link(raw, folder))


def _target_of(raw: str, url: str, fragment: str) -> Target | None:
    if url.startswith(_LEFT_OUT):
        return None
    return (
        url,
        clean(fragment) if fragment else "",
        "" if url else clean(collapse(raw)),
        raw.startswith("#"),
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
