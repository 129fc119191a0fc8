"""Both parsers find the same in the same page, but for what malformed markup forces.

Lexbor builds the tree that browsers build; libxml2, below BeautifulSoup, follows simpler rules
where a document breaks HTML's. `ACCEPTED` is the list of what may differ then, and the list in
`docs/parsers.md` says why. The real pages are those of Debian's documentation packages.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.model import ParsedPage, ParseJob
from crawler_core.parse.worker import parse_page
from tests.core.parse.pages import job

FOLDERS = ("/usr/share/doc", "/usr/share/debian-reference")
EVERY_PAGE = bool(os.environ.get("CRAWLTUI_EVERY_PAGE"))
"""Set CRAWLTUI_EVERY_PAGE to compare all pages, the large ones too: that takes minutes."""
SMALL = 5_000
"""Bytes of a page that is always compared; of the larger ones, one in four is."""
LARGE = 50_000
"""Bytes of a page from which on one in thirty is compared."""

NOT_COMPARED = frozenset({"parser", "seconds", "worker"})
ACCEPTED = {
    "an end tag of one level on a heading of another": (
        re.compile(rb"<h([1-6])\b[^>]*>(?:(?!</?h[1-6]\b).)*</h(?!\1)[1-6]", re.I | re.S),
        frozenset({"h1", "h2"}),
    ),
    "an anchor left open when its block ends": (
        re.compile(rb"<a\s[^>]*>(?:(?!</?a\b).)*</(?:li|p|td|div|h[1-6])\s*>", re.I | re.S),
        frozenset({"links"}),
    ),
    "attributes of a body or html element that comes after other content": (
        re.compile(rb"<(?:p|div|nav|header|a|span|script)\b.*<(?:body|html)\b", re.I | re.S),
        frozenset({"ids", "language"}),
    ),
}
"""What each fault of the markup may change."""


def _real_pages() -> list[Path]:
    found = {
        path.resolve()
        for folder in FOLDERS
        for path in Path(folder).rglob("*.htm*")
        if path.suffix in {".html", ".htm"} and path.is_file()
    }
    pages = sorted(found)
    if EVERY_PAGE:
        return pages
    sizes = [path.stat().st_size for path in pages]
    larger = [path for path, size in zip(pages, sizes, strict=True) if SMALL < size <= LARGE]
    largest = [path for path, size in zip(pages, sizes, strict=True) if size > LARGE]
    small = [path for path, size in zip(pages, sizes, strict=True) if size <= SMALL]
    return [*small, *larger[::4], *largest[::30]]


def _differences(given: ParseJob) -> dict[str, tuple[object, object]]:
    """The fields that differ, with soup's value and lexbor's."""
    soup, lexbor = parse_page(given, "soup"), parse_page(given, "lexbor")
    assert lexbor.parser == "lexbor"
    views = {
        name: (getattr(soup, name), getattr(lexbor, name))
        for name in ParsedPage.__struct_fields__
        if name not in NOT_COMPARED
    }
    return {name: both for name, both in views.items() if both[0] != both[1]}


def _unexplained(body: bytes, fields: set[str]) -> set[str]:
    for fault, allowed in ACCEPTED.values():
        if fields & allowed and fault.search(body):
            fields = fields - allowed
    return fields


@pytest.mark.timeout(3600 if EVERY_PAGE else 240)
def test_real_pages_are_read_alike() -> None:
    """Pages of all sizes are equal in every field, and of those that differ each has a reason."""
    pages = _real_pages()
    if len(pages) < 100:
        pytest.skip(f"no documentation pages in {' and '.join(FOLDERS)}")
    wrong = {}
    differing = 0
    for path in pages:
        body = path.read_bytes()
        url = f"http://example.org{quote(str(path))}"
        found = _differences(ParseJob(1, url, body, "text/html"))
        differing += bool(found)
        if unexplained := _unexplained(body, set(found)):
            wrong[str(path)] = {name: found[name] for name in unexplained}
    assert not wrong
    assert differing <= len(pages) / 100


WORDS = st.sampled_from(
    [
        *("one", "two three", " four ", "a&amp;b", "&eacute;&nbsp;\u00df", "\u2192", "&#x1F600;"),
        *("\n\t", "x&lt;y", "&#0;", "&copy", "a\0b", "<!-- c -->", "\x1b[1m", "\u202e", "<!---->"),
        "&bogus;",
    ]
)
URLS = st.sampled_from(
    [
        *("a.html", "../b/", "?q=1&amp;r=2", "#part", "#a%20b", "http://other.example/x#y"),
        *("//h/p", "", "mailto:a@b", "javascript:x", " c d ", "http:", "http:?x", "http://["),
        *("x#", "\u00e9?\u00e9", "a.html #x", "data:,x", "/\tabs", "ftp://f/"),
    ]
)
IDS = st.sampled_from(["", " id=i1", " id='\u00e9 x'", " id", " class='c d' id=i2", " title=t"])


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(["b", "i", "span", "code", "em", "small", "kbd", "custom-tag"])
    return st.builds("<{0}{1}>{2}</{0}>".format, names, IDS, inner)


TEXTS = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3).map("".join) | _wrapped(inner)
)
ANCHORS = st.one_of(
    st.builds('<a href="{0}"{1}>{2}</a>'.format, URLS, IDS, TEXTS),
    st.builds(
        "<a name=n rel='X nofollow' href=\"{0}\">{1}<img src='{0}' alt=' A '></a>".format,
        URLS,
        WORDS,
    ),
    st.builds("<a id=here>{0}</a>".format, WORDS),
)
EMBEDDED = st.one_of(
    st.builds('<img src="{0}" alt="{1}" srcset="{0} 1x, {0} 2x">'.format, URLS, WORDS),
    st.builds("<script src='{0}'>if (a < b) '<a href=no>'</script>".format, URLS),
    st.just("<style>a > b {}</style>"),
    st.builds("<iframe src='{0}'>no</iframe>".format, URLS),
    st.builds("<video src='{0}' poster=p.png><source src='{0}'></video>".format, URLS),
    st.builds(
        "<svg viewBox='0 0 1 1'><title>t</title><g id=g><path d='M0'/></g></svg>{0}".format, WORDS
    ),
    st.builds("<textarea>{0}</textarea><input type=image src='{1}'>".format, WORDS, URLS),
    st.builds("<noscript>{0}<img src='{1}'></noscript>".format, TEXTS, URLS),
    st.builds("<object data='{0}'></object><br>".format, URLS),
    st.builds("<template><p id=no>{0}</p></template>".format, WORDS),
)
PHRASES = st.lists(st.one_of(TEXTS, ANCHORS, EMBEDDED), max_size=5).map("".join)
BLOCKS = st.recursive(
    st.one_of(
        st.builds("<p{0}>{1}</p>".format, IDS, PHRASES),
        st.builds("<h1{0}>{1}</h1>".format, IDS, PHRASES),
        st.builds("<h2>{0}</h2>".format, PHRASES),
        st.builds("<pre{0}>{1}</pre>".format, IDS, PHRASES),
        PHRASES,
    ),
    lambda inner: st.one_of(
        st.builds("<div{0}>{1}{2}</div>".format, IDS, inner, inner),
        st.builds("<ul><li{0}>{1}<li>{2}</ul>".format, IDS, inner, inner),
        st.builds("<table><tr><td{0}>{1}<th>{2}</table>".format, IDS, inner, inner),
        st.builds("<dl><dt>{0}</dt><dd>{1}</dd></dl>".format, PHRASES, inner),
    ),
    max_leaves=8,
)
HEADS = st.lists(
    st.one_of(
        st.builds("<title>{0}</title>".format, WORDS),
        st.builds('<base href="{0}">'.format, URLS),
        st.builds("<meta name=Description content='{0}'>".format, WORDS),
        st.builds("<meta name=robots content='noindex, {0}'>".format, WORDS),
        st.builds("<meta http-equiv=refresh content='0; url={0}'>".format, URLS),
        st.builds('<link rel="Canonical icon" href="{0}">'.format, URLS),
        st.builds("<link rel=stylesheet href='{0}'><!-- c -->".format, URLS),
        st.just("<script>'</p>'</script><style>p{}</style>"),
    ),
    max_size=4,
).map("".join)
DOCUMENTS = st.builds(
    "{0}<html{1}><head>{2}</head><body{3}>{4}</body></html>".format,
    st.sampled_from(["", "<!DOCTYPE html>", "<?xml version='1.0'?>", "\n", "<!-- c -->"]),
    st.sampled_from(["", " lang=en", " lang=' de '"]),
    HEADS,
    IDS,
    st.lists(BLOCKS, max_size=4).map("".join),
)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_made_pages_are_read_alike(html: str) -> None:
    """Whatever is put together by HTML's rules gives two equal pages."""
    assert _differences(job(html)) == {}


_CODE = '<span class="k">def</span> <span>f</span>(<i>x</i>)\n' * 12


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("", id="nothing else"),
        pytest.param('<span id="line-1">one</span>', id="id"),
        pytest.param('<a href="/a">deep <b>link</b></a>', id="link"),
        pytest.param("<b><em><a name='here'>x</a></em></b>", id="nested anchor"),
        pytest.param('<img src="/i.png" alt="pic">', id="image"),
        pytest.param("<script>var x = 'no words here'</script>", id="script"),
        pytest.param("<textarea>no words</textarea>", id="textarea"),
        pytest.param("one<br>two<wbr>three", id="breaks"),
        pytest.param("one<div>two</div>three", id="block"),
        pytest.param("one<span><p>two</p></span>three", id="block in inline"),
        pytest.param("one<!-- no words -->two &lt;three&gt; &amp; four", id="comment"),
        pytest.param("<template><a href='/t'>no</a></template>", id="template"),
    ],
)
@pytest.mark.parametrize("shape", ["<pre>{0}{1}</pre>", "<pre><code>{1}{0}</code></pre>tail"])
def test_long_listings_are_read_alike(inside: str, shape: str) -> None:
    """A listing that is only text is taken as one, and nothing in it that counts is lost."""
    html = f"<p>before</p>{shape.format(_CODE, inside)}<p>after</p>"
    assert not _differences(job(html))


def test_a_listing_in_a_listing() -> None:
    """Its words stay apart from those around it (libxml2 closes the outer one instead)."""
    nested = parse_page(job(f"<pre>{_CODE}one<pre>two</pre>three</pre>"), "lexbor")
    flat = parse_page(job(f"<pre>{_CODE}one <b>two</b> three</pre>"), "lexbor")
    assert nested.word_count == flat.word_count
