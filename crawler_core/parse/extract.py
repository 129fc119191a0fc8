"""Facts and links of a page, drawn from the stream of elements in one pass.

Written once for all parsers. Words are counted in the visible text: all character data
but that of hidden elements and of noscript, where borders part words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crawler_core.model import Heading, LinkKind, ParsedPage, ParseJob
from crawler_core.parse import words
from crawler_core.parse.elements import BORDER, LINK, START, TEXT, Attributes, Event
from crawler_core.parse.links import LinkCollector, Resolver, refresh_target, srcset_urls
from crawler_core.text import clean, collapse

MAX_IDS = 50_000
KEPT_HEADINGS = 2

_ICON_RELS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_ROBOTS_NAMES = frozenset({"robots", "crawltui"})
_ROBOTS_PARTS = re.compile(r"[,\s]+")
_FOREIGN = {"svg": True, "foreignobject": False}
"""Elements that begin (True) or end a part with elements of another vocabulary than HTML."""

_SOURCES = {
    "iframe": ("src", LinkKind.IFRAME),
    "frame": ("src", LinkKind.FRAME),
    "script": ("src", LinkKind.SCRIPT),
    "video": ("src", LinkKind.MEDIA),
    "audio": ("src", LinkKind.MEDIA),
    "track": ("src", LinkKind.MEDIA),
    "embed": ("src", LinkKind.MEDIA),
    "object": ("data", LinkKind.MEDIA),
}


def extract(events: Iterator[Event], job: ParseJob, encoding: str, characters: int) -> ParsedPage:
    """Read a document's events to their end.

    `characters` is the length of the decoded document, which the text ratio refers to.
    """
    extraction = _Extraction(job)
    extraction.read(events)
    return extraction.page(encoding, characters)


def heading(text: str) -> Heading:
    """A text of the page: collapsed, its length counted, then cleaned and cut."""
    collapsed = collapse(text)
    return Heading(clean(collapsed), len(collapsed))


class _Extraction:
    """What has been found so far."""

    def __init__(self, job: ParseJob) -> None:
        self.job = job
        self.links = LinkCollector(job.max_links)
        self.title: list[str] | None = None
        self.headings: dict[str, list[list[str]]] = {"h1": [], "h2": []}
        self.metas: dict[str, str] = {}
        self.robots: list[str] = []
        self.refresh: str | None = None
        self.refresh_to: str | None = None
        self.canonical = ""
        self.base_href: str | None = None
        self.language = ""
        self.ids: dict[str, None] = {}
        self.words: list[str] = []
        # Where the reading stands: the depth of noscript elements, the open title, headings
        # and anchor, and whether the elements here are HTML's.
        self.noscript = 0
        self.foreign = [False]
        self.open_title: list[str] | None = None
        self.open_headings: list[tuple[str, list[str]]] = []
        self.anchor: tuple[int, list[str], list[str]] | None = None
        self.on_start: dict[str, Callable[[str, Attributes], None]] = {
            **dict.fromkeys(_SOURCES, self._source_of),
            "a": self._a,
            "area": self._area,
            "img": self._img,
            "link": self._link,
            "meta": self._meta,
            "base": self._base,
            "html": self._html,
            "source": self._source,
            "input": self._input,
            "title": self._title,
            "h1": self._heading,
            "h2": self._heading,
        }

    def read(self, events: Iterator[Event]) -> None:
        text, start, end, link = self._text, self._start, self._end, self._text_link
        for kind, name, attributes in events:
            if kind == TEXT:
                text(name)
            elif kind == LINK:
                link(name, attributes)
            elif kind == START:
                start(name, attributes)
            else:
                end(name)

    def _start(self, tag: str, attributes: Attributes) -> None:
        if attributes and (ident := attributes.get("id")):
            self._id(ident)
        handler = self.on_start.get(tag)
        if handler is not None and not self.foreign[-1]:
            handler(tag, attributes)
        elif tag == "title":
            self.open_title = []
        if tag == "noscript":
            self.noscript += 1
        elif tag in _FOREIGN:
            self.foreign.append(_FOREIGN[tag])

    def _end(self, tag: str) -> None:
        if tag == "title":
            self.open_title = None
        elif tag == "noscript":
            self.noscript -= 1
        elif tag in _FOREIGN:
            self.foreign.pop()
        elif self.foreign[-1]:
            return
        elif tag == "a":
            self._close_anchor()
        else:
            self._close_heading(tag)

    def _text_link(self, text: str, attributes: Attributes) -> None:
        self._start("a", attributes)
        if text:
            self._text(text)
        self._end("a")

    def _text(self, text: str) -> None:
        if self.open_title is not None:
            self.open_title.append(text)
            return
        if self.anchor is not None:
            self.anchor[1].append(text)
        if self.open_headings:
            for _, parts in self.open_headings:
                parts.append(text)
        if not self.noscript:
            self.words.append(text)

    def _id(self, value: str) -> None:
        if len(self.ids) < MAX_IDS:
            self.ids[clean(value)] = None

    def _title(self, tag: str, attributes: Attributes) -> None:
        self.open_title = []
        if self.title is None:
            self.title = self.open_title

    def _heading(self, tag: str, attributes: Attributes) -> None:
        if len(self.headings[tag]) < KEPT_HEADINGS:
            parts: list[str] = []
            self.headings[tag].append(parts)
            self.open_headings.append((tag, parts))

    def _close_heading(self, tag: str) -> None:
        for place in range(len(self.open_headings) - 1, -1, -1):
            if self.open_headings[place][0] == tag:
                del self.open_headings[place]
                return

    def _a(self, tag: str, attributes: Attributes) -> None:
        if self.anchor is not None:
            self._close_anchor()  # a link in a link: browsers close the outer one
        if name := attributes.get("name"):
            self._id(name)
        href = attributes.get("href")
        if href is None:
            return
        place = self.links.add(href, LinkKind.ANCHOR, rel=_rel(attributes))
        if place >= 0:
            self.anchor = (place, [], [])

    def _close_anchor(self) -> None:
        if self.anchor is None:
            return
        place, parts, alts = self.anchor
        self.anchor = None
        text = collapse("".join(parts).replace(BORDER, ""))
        if not text and alts:
            text = collapse(" ".join(alts))
        if text:
            self.links.name(place, clean(text))

    def _area(self, tag: str, attributes: Attributes) -> None:
        href = attributes.get("href")
        if href is not None:
            self.links.add(href, LinkKind.AREA, _alt(attributes), _rel(attributes))

    def _img(self, tag: str, attributes: Attributes) -> None:
        if self.anchor is not None and attributes.get("alt"):
            self.anchor[2].append(attributes["alt"])
        self._image(attributes, LinkKind.IMAGE)

    def _image(self, attributes: Attributes, kind: LinkKind) -> None:
        sources = [attributes.get("src", ""), *srcset_urls(attributes.get("srcset", ""))]
        for source in dict.fromkeys(sources):
            self._resource(source, kind, _alt(attributes))

    def _source(self, tag: str, attributes: Attributes) -> None:
        # In a picture it has a srcset, in video and audio a src (HTML Standard §4.8.2).
        self._image(attributes, LinkKind.IMAGE if "srcset" in attributes else LinkKind.MEDIA)

    def _input(self, tag: str, attributes: Attributes) -> None:
        if attributes.get("type", "").lower() == "image":
            self._resource(attributes.get("src", ""), LinkKind.IMAGE, _alt(attributes))

    def _source_of(self, tag: str, attributes: Attributes) -> None:
        name, kind = _SOURCES[tag]
        self._resource(attributes.get(name, ""), kind)
        if tag == "video":
            self._resource(attributes.get("poster", ""), LinkKind.IMAGE)

    def _resource(self, source: str, kind: LinkKind, anchor: str = "") -> None:
        if source.strip():
            self.links.add(source, kind, anchor)

    def _link(self, tag: str, attributes: Attributes) -> None:
        href = attributes.get("href", "")
        rel = _rel(attributes)
        if not rel or not href.strip():
            return
        tokens = set(rel.split(" "))
        if "canonical" in tokens:
            self.canonical = self.canonical or href
            self.links.add(href, LinkKind.CANONICAL, rel=rel)
        if "stylesheet" in tokens:
            self.links.add(href, LinkKind.STYLESHEET, rel=rel)
        elif tokens & _ICON_RELS:
            self.links.add(href, LinkKind.ICON, rel=rel)

    def _meta(self, tag: str, attributes: Attributes) -> None:
        content = attributes.get("content")
        if content is None:
            return
        name = attributes.get("name", "").strip().lower()
        if name in _ROBOTS_NAMES:
            self.robots.append(collapse(content))
        elif name:
            self.metas.setdefault(name, content)
        if attributes.get("http-equiv", "").strip().lower() == "refresh" and not self.noscript:
            self._refresh(content)

    def _refresh(self, content: str) -> None:
        if self.refresh_to is None:
            self.refresh_to = refresh_target(content)
            if self.refresh is None or self.refresh_to is not None:
                self.refresh = content

    def _base(self, tag: str, attributes: Attributes) -> None:
        if self.base_href is None:
            self.base_href = attributes.get("href")

    def _html(self, tag: str, attributes: Attributes) -> None:
        self.language = self.language or clean(collapse(attributes.get("lang", "")))

    def page(self, encoding: str, characters: int) -> ParsedPage:
        """Everything found, as the value that leaves the worker."""
        self._close_anchor()
        resolver = Resolver(self.job.url, self.base_href, encoding)
        refresh_url = self._refresh_url(resolver)
        if refresh_url:
            self.links.add(self.refresh_to or "", LinkKind.META_REFRESH)
        robots = ", ".join(self.robots)
        orders = set(_ROBOTS_PARTS.split(robots.lower()))
        nofollow = not orders.isdisjoint({"nofollow", "none"})
        links = self.links.resolved(resolver, nofollow)
        word_count, visible = words.measure(self.words)
        return ParsedPage(
            title=heading("".join(self.title or ())),
            has_title=self.title is not None,
            description=heading(self.metas.get("description", "")),
            keywords=clean(collapse(self.metas.get("keywords", ""))),
            h1=tuple(map(_heading_of, self.headings["h1"])),
            h2=tuple(map(_heading_of, self.headings["h2"])),
            meta_robots=clean(robots),
            meta_refresh=clean(collapse(self.refresh or "")),
            refresh_url=refresh_url,
            canonical=resolver.split(self.canonical)[0] if self.canonical else "",
            base=resolver.base if resolver.has_base else "",
            language=self.language,
            links=links,
            ids=tuple(self.ids),
            word_count=word_count,
            text_ratio=round(100 * visible / characters, 3) if characters else 0.0,
            encoding=encoding,
            noindex=not orders.isdisjoint({"noindex", "none"}),
            nofollow=nofollow,
            links_cut=self.links.cut,
        )

    def _refresh_url(self, resolver: Resolver) -> str:
        if not self.refresh_to:
            return ""
        url, _ = resolver.split(self.refresh_to)
        return url if url.startswith(("http://", "https://")) and url != self.job.url else ""


def _heading_of(parts: list[str]) -> Heading:
    return heading("".join(parts).replace(BORDER, ""))


def _alt(attributes: Attributes) -> str:
    alt = attributes.get("alt")
    return clean(collapse(alt)) if alt else ""


def _rel(attributes: Attributes) -> str:
    rel = attributes.get("rel")
    return collapse(rel).lower() if rel else ""
