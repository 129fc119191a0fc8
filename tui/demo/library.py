"""The healthy bulk of the demo site: five shelves of pages, as many as were asked for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import formatdate
from functools import cached_property
from html import escape

from tui.demo.frame import Crumb, Frame
from tui.demo.hosts import Host
from tui.demo.prose import (
    ADJECTIVES,
    GERUNDS,
    NOUNS,
    VERBS,
    combination,
    dice,
    paragraph,
    paragraphs,
    pick,
    slug,
)
from tui.demo.reply import Response, fraction, html, latency

_FIRST_DAY = date(2024, 1, 1)
_MONTHS = "January February March April May June July August September October November December"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A section of the library: its share of all pages, and how many documents a list page has."""

    name: str
    title: str
    share: float
    per_list: int


SHELVES = (
    Shelf("guide", "Guide", 0.26, 20),
    Shelf("reference", "Reference", 0.28, 20),
    Shelf("blog", "Blog", 0.20, 10),
    Shelf("shop", "Shop", 0.20, 16),
    Shelf("news", "News", 0.06, 12),
)


@dataclass(frozen=True, slots=True)
class Document:
    """One page of a shelf: where it is, what it is called, its neighbours by number."""

    shelf: Shelf
    number: int
    target: str
    title: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A link to one of the prepared faults, put into a page of the library now and then."""

    href: str
    noun: str
    rel: str = ""


class Library:
    """All shelves with `pages` pages in all (at least 30), lists included."""

    def __init__(self, frame: Frame, pages: int, asides: Sequence[Aside] = ()) -> None:
        self._frame = frame
        self._asides = tuple(asides)
        self.documents: list[Document] = []
        self.lists: dict[str, tuple[Shelf, int]] = {}
        self._by_shelf: dict[str, list[Document]] = {}
        for shelf in SHELVES:
            room = max(4, round(max(30, pages) * shelf.share)) - 1
            count = max(2, room * shelf.per_list // (shelf.per_list + 1))
            made = [_document(shelf, number) for number in range(count)]
            self._by_shelf[shelf.name] = made
            self.documents += made
            self.lists[f"/{shelf.name}/"] = (shelf, -1)
            for number in range(0, count, shelf.per_list):
                self.lists[_list_path(shelf, number)] = (shelf, number)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {document.target: i for i, document in enumerate(self.documents)}

    def __len__(self) -> int:
        return len(self.documents) + len(self.lists)

    def targets(self) -> list[str]:
        """Every target of the library: the lists, then the documents."""
        return [*self.lists, *self._index]

    def respond(self, target: str) -> Response | None:
        """The page at a target (a query is ignored), or None where the library has none."""
        path = target.partition("?")[0]
        if path in self.lists:
            shelf, number = self.lists[path]
            body = self._root(shelf) if number < 0 else self._list(shelf, number)
            return html(body, delay=latency(path))
        index = self._index.get(path)
        if index is None:
            return None
        modified = (("Last-Modified", _http_date(index)),)
        return html(self._document(index), delay=latency(path), headers=modified)

    def _root(self, shelf: Shelf) -> str:
        numbers = range(0, len(self._by_shelf[shelf.name]), shelf.per_list)
        items = "".join(
            f'<li><a href="{_list_path(shelf, number)}">{escape(_list_title(shelf, number))}</a>'
            for number in _root_choice(shelf, list(numbers))
        )
        text = paragraphs(dice(shelf.name), 3)
        main = f"<h1>{shelf.title}</h1>\n{text}\n<h2>All of it</h2>\n<ul>{items}</ul>"
        crumbs = ((shelf.title, f"/{shelf.name}/"),)
        return self._frame.page(
            f"/{shelf.name}/", f"{shelf.title} | Harbour Docs", main, crumbs=crumbs
        )

    def _list(self, shelf: Shelf, first: int) -> str:
        made = self._by_shelf[shelf.name]
        items = "".join(
            f'<li><a href="{d.target}">{escape(d.title)}</a></li>\n'
            for d in made[first : first + shelf.per_list]
        )
        turns = "".join(
            f'<a href="{_list_path(shelf, number)}">{label}</a> '
            for label, number in (
                ("Newer", first - shelf.per_list),
                ("Older", first + shelf.per_list),
                ("Ten further", first + 10 * shelf.per_list),
            )
            if 0 <= number < len(made)
        )
        target, title = _list_path(shelf, first), _list_title(shelf, first)
        text = paragraphs(dice(target), 1)
        main = f"<h1>{escape(title)}</h1>\n{text}\n<ul>\n{items}</ul>\n<p>{turns}</p>"
        crumbs = ((shelf.title, f"/{shelf.name}/"), (title, target))
        return self._frame.page(target, f"{title} | {shelf.title}", main, crumbs=crumbs)

    def _document(self, index: int) -> str:
        document = self.documents[index]
        rng = dice(document.target)
        shelf = document.shelf
        first = document.number - document.number % shelf.per_list
        crumbs: tuple[Crumb, ...] = (
            (shelf.title, f"/{shelf.name}/"),
            (_list_title(shelf, first), _list_path(shelf, first)),
        )
        main = "\n".join(
            (
                f"<h1>{escape(document.title)}</h1>",
                self._frame.image(document.target, 0),
                self._contents(rng, document),
                self._aside(index, rng),
                self._related(rng),
                self._turns(document),
            )
        )
        return self._frame.page(
            document.target,
            f"{document.title} | {shelf.title}",
            main,
            description=paragraph(rng, 1),
            crumbs=crumbs,
        )

    def _contents(self, rng: random.Random, document: Document) -> str:
        """Two to five headed parts, mostly short, at times very long (4 to 40 KB a page)."""
        heads = [
            f"{pick(rng, GERUNDS).capitalize()} the {pick(rng, NOUNS)}"
            for _ in range(2 + int(rng.random() * 4))
        ]
        length = 1 + int(15 * fraction("length " + document.target) ** 4)
        toc = "".join(f'<li><a href="#part-{i}">{head}</a></li>' for i, head in enumerate(heads))
        parts = [f"<ol>{toc}</ol>"]
        for i, head in enumerate(heads):
            parts.append(f'<h2 id="part-{i}">{head}</h2>')
            parts.append(paragraphs(rng, length))
            parts.append(f"<p>{escape(paragraph(rng, 1))} {self._link(rng)}</p>")
        parts.append(_special(rng, document))
        if length > 4:
            parts.append(self._frame.image(document.target, 1))
        return "\n".join(parts)

    def _link(self, rng: random.Random) -> str:
        other = self.documents[int(rng.random() * len(self.documents))]
        fragment = "#part-1" if rng.random() < 0.2 else ""
        return f'See <a href="{other.target}{fragment}">{escape(other.title)}</a>.'

    def _related(self, rng: random.Random) -> str:
        items = "".join(f"<li>{self._link(rng)}</li>" for _ in range(5))
        return f"<h2>Related</h2>\n<ul>{items}</ul>"

    def _aside(self, index: int, rng: random.Random) -> str:
        if not self._asides or index % 3:
            return ""
        aside = self._asides[index // 3 % len(self._asides)]
        words = f"{pick(rng, ('the', 'our', 'an older', 'that'))} {pick(rng, ADJECTIVES)}"
        rel = f' rel="{aside.rel}"' if aside.rel else ""
        link = f'<a href="{escape(aside.href)}"{rel}>{words} {aside.noun}</a>'
        return f"<aside><p>Some keep asking for {link}.</p></aside>"

    def _turns(self, document: Document) -> str:
        made = self._by_shelf[document.shelf.name]
        links = [
            f'<a rel="{rel}" href="{made[number].target}">{escape(made[number].title)}</a>'
            for rel, number in (("prev", document.number - 1), ("next", document.number + 1))
            if 0 <= number < len(made)
        ]
        return f"<nav>{' | '.join(links)}</nav>"


def _document(shelf: Shelf, number: int) -> Document:
    if shelf.name == "guide":
        gerund, adjective, noun = combination(number, GERUNDS, ADJECTIVES, NOUNS)
        title = f"{gerund.capitalize()} the {adjective} {noun}"
        target = f"{_list_path(shelf, number)}{slug(title)}.html"
    elif shelf.name == "reference":
        verb, noun, adjective = combination(number, VERBS, NOUNS, ADJECTIVES)
        title = f"{_module(number)}.{verb}_{adjective}_{noun}()"
        target = f"{_list_path(shelf, number)}{verb}_{adjective}_{noun}.html"
    elif shelf.name == "blog":
        adjective, noun, gerund = combination(number, ADJECTIVES, NOUNS, GERUNDS)
        title = f"What the {adjective} {noun} taught us about {gerund}"
        day = _day(number)
        target = f"/blog/{day.year}/{day.month:02d}/{slug(title)}/"
    elif shelf.name == "shop":
        adjective, noun = combination(number, ADJECTIVES, NOUNS)
        title = f"{adjective.capitalize()} {noun}, no. {1000 + number}"
        target = f"{_list_path(shelf, number)}{slug(f'{adjective} {noun}')}-{1000 + number}"
    else:
        verb, adjective, noun = combination(number, VERBS, ADJECTIVES, NOUNS)
        title = f"Council votes to {verb} the {adjective} {noun}"
        target = f"{_list_path(shelf, number)}{slug(title)}"
    return Document(shelf, number, target, title)


def _list_path(shelf: Shelf, number: int) -> str:
    """The list page on which the number-th document of a shelf stands."""
    page = number // shelf.per_list
    if shelf.name == "blog":
        return f"/blog/page/{page + 1}/"
    if shelf.name == "news":
        return f"/news/{2024 + page // 12}-{page % 12 + 1:02d}/"
    if shelf.name == "reference":
        return f"/reference/{_module(number)}/"
    words = NOUNS if shelf.name == "guide" else ADJECTIVES
    turn, position = divmod(page, len(words))
    return f"/{shelf.name}/{words[position]}{f'-{turn + 1}' if turn else ''}/"


def _list_title(shelf: Shelf, number: int) -> str:
    page = number // shelf.per_list
    if shelf.name == "blog":
        return f"Posts, page {page + 1}"
    if shelf.name == "news":
        return f"{_MONTHS.split()[page % 12]} {2024 + page // 12}"
    if shelf.name == "reference":
        return f"Module {_module(number)}"
    name = _list_path(shelf, number).split("/")[2].replace("-", " ")
    return f"The {name} chapter" if shelf.name == "guide" else f"{name.capitalize()} goods"


def _module(number: int) -> str:
    turn, position = divmod(number // 20, len(NOUNS))
    return f"{NOUNS[position]}{turn + 1 if turn else ''}"


def _root_choice(shelf: Shelf, numbers: list[int]) -> list[int]:
    """Which lists a shelf's root links: all, but of the blog's pages only the first and tenths."""
    if shelf.name != "blog":
        return numbers
    return numbers[:3] + numbers[9::10]


def _special(rng: random.Random, document: Document) -> str:
    """What only pages of this shelf have: a code sample, a table of sizes, a date."""
    if document.shelf.name == "reference":
        call = document.title.removesuffix("()")
        return (
            f"<pre><code>&gt;&gt;&gt; {call}(berth={int(rng.random() * 90)}, "
            f'tide="{pick(rng, ADJECTIVES)}")\nTrue</code></pre>'
        )
    if document.shelf.name == "shop":
        rows = "".join(
            f"<tr><td>{size}</td><td>{int(rng.random() * 900) / 10:.2f} €</td></tr>"
            for size in ("small", "medium", "large")
        )
        return f"<table><tr><th>Size</th><th>Price</th></tr>{rows}</table>"
    day = _day(document.number)
    return f'<p><time datetime="{day.isoformat()}">{day.isoformat()}</time></p>'


def _day(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number * 2 % 900)


def _http_date(number: int) -> str:
    days = (_day(number) - date(1970, 1, 1)).days
    return formatdate(days * 86_400 + 32_400, usegmt=True)


def sitemap(frame: Frame, targets: Sequence[str]) -> str:
    """A sitemap of these targets of the main host."""
    origin = frame.hosts.origin(Host.MAIN)
    urls = "".join(f"<url><loc>{escape(origin + target)}</loc></url>\n" for target in targets)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">\n{urls}</urlset>\n'
