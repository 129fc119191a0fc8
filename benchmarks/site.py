"""The sites that are crawled: two kinds of generated documentation, the same at every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

_VOCABULARY = (
    "the a of to in is for with that this each when value table index query page server option "
    "result type name default may must return called using which first after before only more "
    "column section default connection transaction function setting memory process number order"
)
_WORDS = _VOCABULARY.split()
_SUBJECTS = (
    "install configure connect query backup restore monitor replicate secure index tune extend "
    "import export migrate debug"
)
_TOPICS = _SUBJECTS.split()


@dataclass(frozen=True)
class Kind:
    """A kind of site: how many pages, how large (bytes), and what they are made of."""

    name: str
    pages: int
    size: int
    section: int
    """Pages in a section, all linked from each other's side bar."""
    listing: int = 0
    """Lines of each code listing, of many inline elements as API documentation has them; 0: prose
    and tables only."""


SMALL = Kind("small", 1_200, 13_000, 20)
LARGE = Kind("large", 600, 76_000, 30, listing=15)


def generate(folder: Path, kind: Kind) -> None:
    """Write the pages of a site into `folder`; its first page links to every section."""
    for number in range(kind.pages):
        path = folder / _path(number, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(number, kind), encoding="utf-8")


def _path(number: int, kind: Kind) -> str:
    if number == 0:
        return "index.html"
    section, place = divmod(number, kind.section)
    topic = _TOPICS[section % len(_TOPICS)]
    return f"{topic}-{section}/{f'{topic}-{place}' if place else 'index'}.html"


def _link(target: int, kind: Kind, text: str, fragment: str = "") -> str:
    """A link; `..` at the top stays at the top."""
    return f'<a class="reference internal" href="{_href(target, kind)}{fragment}">{text}</a>'


def _href(target: int, kind: Kind) -> str:
    """A relative reference, as pages below the first folder write it."""
    return f"../{_path(target, kind)}" if target else "../"


def _page(number: int, kind: Kind) -> str:
    chance = random.Random(number)
    title = _title(number, kind)
    parts = [*_head(number, kind, title), *_side(number, kind), f"<main><h1>{title}</h1>"]
    length = sum(map(len, parts))
    for block in _blocks(number, kind, chance):
        if length >= kind.size:
            break
        parts.append(block)
        length += len(block)
    return "\n".join([*parts, "</main>", *_foot(number, kind), "</body></html>\n"])


def _title(number: int, kind: Kind) -> str:
    topic = _TOPICS[number // kind.section % len(_TOPICS)].capitalize()
    return f"{topic} &amp; more: chapter {number}" if number else "Contents"


def _head(number: int, kind: Kind, title: str) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{title} &#8212; The manual</title>"
    yield f'<meta name="description" content="What the manual says of chapter {number}.">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<link rel="canonical" href="{_href(number, kind)}">'
    yield '</head><body><div class="header" role="navigation"><ul class="nav">'
    sections = range(0, kind.pages, kind.section)
    shown = sections if number == 0 else sections[:14]
    yield from (f"<li>{_link(first, kind, _title(first, kind))}</li>" for first in shown)
    yield '</ul></div><div class="breadcrumbs">'
    yield _link(number - number % kind.section, kind, "Up") + " &raquo; "
    yield _link(max(0, number - 1), kind, "Previous") + " | "
    yield _link((number + 1) % kind.pages, kind, "Next") + "</div>"


def _side(number: int, kind: Kind) -> Iterator[str]:
    first = number - number % kind.section
    yield '<div class="sidebar"><h3>In this part</h3><ul class="toc">'
    for page in range(first, min(first + kind.section, kind.pages)):
        current = ' class="current"' if page == number else ""
        yield f"<li{current}>{_link(page, kind, _title(page, kind))}</li>"
    yield "</ul></div>"


def _foot(number: int, kind: Kind) -> Iterator[str]:
    yield '<div class="footer"><hr>&copy; The authors of the manual. '
    yield from (_link(page, kind, f"Appendix {page}") for page in range(1, 4))
    yield f"<p>Page {number} of {kind.pages}.</p></div>"


def _blocks(number: int, kind: Kind, chance: random.Random) -> Iterator[str]:
    """Sections of text without end."""
    for place in count(1):
        name = f"part-{number}-{place}"
        yield (
            f'<section id="{name}"><h2>{_words(chance, 4).capitalize()}'
            f'<a class="headerlink" href="#{name}" title="Link here">&#182;</a></h2>'
        )
        yield from (_paragraph(kind, chance) for _ in range(5 if kind.listing else 3))
        if kind.listing:
            yield _signature(f"{name}-call", kind, chance)
            yield _listing(chance, kind.listing)
        else:
            yield _table(chance)
        yield "</section>"


def _words(chance: random.Random, number: int) -> str:
    return " ".join(chance.choices(_WORDS, k=number))


def _paragraph(kind: Kind, chance: random.Random) -> str:
    target = chance.randrange(kind.pages)
    fragment = f"#part-{target}-1" if chance.random() < 0.5 else ""
    literal = f'<code class="literal">{_words(chance, 1)}_{_words(chance, 1)}</code>'
    if kind.listing:
        literal = _link(chance.randrange(kind.pages), kind, literal)
    return (
        f'<p class="para">{_words(chance, 30).capitalize()} {literal} {_words(chance, 12)} '
        f"{_link(target, kind, _words(chance, 3), fragment)}, {_words(chance, 10)} "
        f"<em>{_words(chance, 2)}</em> {_words(chance, 16)}.</p>"
    )


def _table(chance: random.Random) -> str:
    rows = "".join(
        f'<tr><td class="name"><code>{_words(chance, 1)}</code></td>'
        f"<td>{_words(chance, 6)}</td></tr>"
        for _ in range(5)
    )
    return f'<table class="options"><tbody>{rows}</tbody></table>'


def _signature(name: str, kind: Kind, chance: random.Random) -> str:
    call = _words(chance, 1)
    target = chance.randrange(kind.pages)
    known = _link(target, kind, f'<span class="pre">{call}</span>', f"#part-{target}-1-call")
    return (
        f'<dl class="py function"><dt class="sig sig-object py" id="{name}">'
        f'<span class="sig-prename descclassname"><span class="pre">manual.</span></span>'
        f'<span class="sig-name descname"><span class="pre">{call}</span></span>'
        f'<span class="sig-paren">(</span><em class="sig-param"><span class="n"><span class="pre">'
        f'{_words(chance, 1)}</span></span>: <span class="n">{known}</span></em>'
        f'<span class="sig-paren">)</span><a class="headerlink" href="#{name}">&#182;</a></dt>'
        f"<dd><p>{_words(chance, 20)}.</p></dd></dl>"
    )


def _listing(chance: random.Random, lines: int) -> str:
    code = "\n".join(_line(chance) for _ in range(lines))
    return (
        '<div class="highlight-python3 notranslate"><div class="highlight"><pre><span></span>'
        f"{code}\n</pre></div></div>"
    )


def _line(chance: random.Random) -> str:
    one, two, three = chance.choices(_WORDS, k=3)
    return (
        f'<span class="gp">&gt;&gt;&gt; </span><span class="n">{one}</span> '
        f'<span class="o">=</span> <span class="n">{two}</span><span class="p">.</span>'
        f'<span class="n">{three}</span><span class="p">(</span>'
        f'<span class="mi">{chance.randrange(1000)}</span><span class="p">,</span> '
        f'<span class="s1">&#39;{one}&#39;</span><span class="p">)</span>'
        f'  <span class="c1"># {two} {three}</span>'
    )
