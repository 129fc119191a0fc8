"""Facts of a page: titles, metas, headings, ids, words."""

from __future__ import annotations

import os

import pytest

from crawler_core.model import Heading
from tests.core.parse import pages
from tests.core.parse.pages import URL, parse

pytestmark = pytest.mark.usefixtures("each_parser")


def test_title_is_collapsed_counted_and_cleaned() -> None:
    """The title loses its spare whitespace; its length is that before cleaning and cutting."""
    page = parse("<title>\n A  <b>\x1b[31m \t title\u202e </title>")
    assert page.title.text == "A <b>�[31m title�"
    assert page.title.length == 17
    assert page.has_title
    long = parse(f"<title>{'x' * 5000}</title>").title
    assert (len(long.text), long.length) == (2000, 5000)


def test_missing_and_empty_titles_differ() -> None:
    """has_title tells an empty title from none."""
    assert not parse("<p>x").has_title
    assert parse("<title> </title><p>x").has_title
    assert parse("<title> </title>").title == Heading("", 0)


def test_the_first_html_title_counts() -> None:
    """Titles of drawings and templates are none; the first of several counts."""
    html = (
        "<body><svg><title>drawing</title></svg><template><title>later</title></template>"
        "<title>one</title><title>two</title>"
    )
    assert parse(html).title.text == "one"


def test_foreign_object_is_html_again() -> None:
    """HTML inside a drawing's foreignObject is read, what follows it is not."""
    html = "<svg><foreignObject><h1>in</h1></foreignObject><title>no</title></svg><h1>out</h1>"
    page = parse(html)
    assert [each.text for each in page.h1] == ["in", "out"]
    assert not page.has_title


def test_the_first_two_headings_of_each_level() -> None:
    """Two h1 and two h2 are kept, with the text of their descendants."""
    page = parse(
        "<h1>a <a href=x>b<script>no</script></a></h1><h2>c</h2>"
        "<h1></h1><h1>third</h1><h2> d\n</h2>"
    )
    assert page.h1 == (Heading("a b", 3), Heading("", 0))
    assert page.h2 == (Heading("c", 1), Heading("d", 1))


def test_a_drawing_ends_neither_heading_nor_anchor() -> None:
    """Elements of a drawing or template with a familiar name close nothing around them."""
    page = parse("<h1>a<svg><a>b</a></svg>c</h1><a href=x>d<svg><a>e</a></svg>f</a>")
    assert page.h1[0].text == "abc"
    assert page.links[0].anchor == "def"
    page = parse("<a href=x>d<template><a></a></template>f</a>")
    assert page.links[0].anchor == "df"


def test_a_heading_ends_where_the_next_begins() -> None:
    """A heading that is left open goes no further than to a heading that is next in it."""
    page = parse("<h2>one<h2><h3>three</h3><p>x</p><h1>a <b>b<h2>c</h2></b></h1>")
    assert [each.text for each in page.h2] == ["one", ""]
    assert page.h1[0].text == "a bc"


def test_metas() -> None:
    """Description and keywords are the first of their name, names in any case."""
    page = parse(
        "<meta name=' DESCRIPTION ' content=' what \n it is'><meta name=description content=2>"
        "<meta name=Keywords content='a, b'><meta name=keywords><meta property=x content=y>"
    )
    assert page.description == Heading("what it is", 10)
    assert page.keywords == "a, b"


@pytest.mark.parametrize(
    ("html", "text", "noindex", "nofollow"),
    [
        ("<meta name=robots content='NOINDEX, follow'>", "NOINDEX, follow", True, False),
        ("<meta name=ROBOTS content=none>", "none", True, True),
        (
            "<meta name=robots content=noindex><meta name=crawltui content=nofollow>",
            "noindex, nofollow",
            True,
            True,
        ),
        ("<meta name=googlebot content=noindex>", "", False, False),
        ("<meta name=robots content='index,nofollow'>", "index,nofollow", False, True),
        ("<meta name=robots content='x:-1, noindexed'>", "x:-1, noindexed", False, False),
        ("<template><meta name=robots content=none></template>", "", False, False),
    ],
)
def test_meta_robots(html: str, text: str, noindex: bool, nofollow: bool) -> None:
    """robots and our own name count, joined; `none` is both orders."""
    page = parse(html)
    assert (page.meta_robots, page.noindex, page.nofollow) == (text, noindex, nofollow)


def test_language_canonical_and_base() -> None:
    """The html element's lang, the first canonical without fragment, the first base."""
    page = parse(
        "<html lang=' de-AT '><head><base target=x><base href='/b/'><base href='/c/'>"
        "<link rel='x Canonical' href='c.html#top'><link rel=canonical href=d.html>"
    )
    assert page.language == "de-AT"
    assert page.base == "http://example.org/b/"
    assert page.canonical == "http://example.org/b/c.html"


def test_a_base_that_is_no_place_is_ignored() -> None:
    """A data: or javascript: base, an invalid one and those in drawings do not count."""
    for href in ("data:text/plain,x", "javascript:0", "http://a b/"):
        assert parse(f"<base href='{href}'>").base == ""
    assert parse("<svg><base href=/x/></svg><template><base href=/y/></template>").base == ""


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=next.html", "http://example.org/dir/next.html"),
        ("5; URL = 'next.html#x' ignored", "http://example.org/dir/next.html"),
        ('0.5,"/q"', "http://example.org/q"),
        ("3 /q", "http://example.org/q"),
        (" .5;next", "http://example.org/dir/next"),
        ("0;urlx", "http://example.org/dir/urlx"),
        ("0;url=", ""),
        ("5", ""),
        ("x;url=next.html", ""),
        ("5x;url=next.html", ""),
        ("0;url=page.html#same", ""),
        ("0;url=javascript:alert(1)", ""),
        ("0;url=mailto:a@b", ""),
    ],
)
def test_meta_refresh(content: str, target: str) -> None:
    """The target of a refresh is read as the HTML Standard says; a reload has none."""
    page = parse(f"<meta http-equiv=Refresh content='{content}'>".replace("''", "'"))
    if "'" in content:
        page = parse(f'<meta http-equiv=Refresh content="{content}">')
    assert page.meta_refresh
    assert page.refresh_url == target
    assert [link.url for link in page.links] == ([target] if target else [])


def test_only_the_first_valid_refresh_outside_noscript_counts() -> None:
    """What only browsers without scripts would follow is no redirect."""
    page = parse(
        "<noscript><meta http-equiv=refresh content='0;url=no'></noscript>"
        "<meta http-equiv=refresh content=bad>"
        "<meta http-equiv=refresh content='0;url=a'><meta http-equiv=refresh content='0;url=b'>"
    )
    assert page.meta_refresh == "0;url=a"
    assert page.refresh_url == "http://example.org/dir/a"


def test_ids_are_the_targets_of_fragments() -> None:
    """Ids and names of anchors, each once, in order; not those of templates."""
    page = parse(
        "<p id=a><a name=b></a><a id=c name=a></a><svg><g id=d></g></svg><p id=''>"
        "<template><p id=x></template><div name=y>"
    )
    assert page.ids == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ("<p>one two</p><p>three</p>", 3),
        ("<p>one</p>two<br>three<div>four</div>", 4),
        ("f<b>oo</b><i>bar</i>", 1),
        ("<title>no</title><p>a<script>no no</script><style>no</style>", 1),
        ("a <noscript>no</noscript><template>no</template><textarea>no</textarea> b", 2),
        ("a<!-- no -->b", 1),
        ("", 0),
    ],
)
def test_words_are_those_that_people_see(html: str, count: int) -> None:
    """Words are split at whitespace and at the borders of blocks, in visible text only."""
    assert parse(html).word_count == count


def test_text_ratio_is_visible_text_to_document() -> None:
    """The ratio is a percentage of the document's characters with three decimals."""
    html = "<p> one \n <b>zwö</b> </p>"
    assert parse(html).text_ratio == round(100 * 7 / len(html), 3)
    assert parse("").text_ratio == 0.0


def test_page_tells_who_made_it() -> None:
    """Parser, process, time and encoding are part of the page."""
    page = parse("<p>x")
    assert page.parser == pages.parser
    assert page.worker == os.getpid()
    assert page.seconds > 0
    assert page.encoding == "utf-8"
    assert page.base == ""
    assert URL.startswith("http://")
