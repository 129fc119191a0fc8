"""Links of a page: which elements, how they resolve, what they carry."""

from __future__ import annotations

import pytest

from crawler_core.model import Link, LinkKind
from crawler_core.parse import links as links_module
from crawler_core.parse.links import srcset_urls
from tests.core.parse.pages import URL, links, only, parse

pytestmark = pytest.mark.usefixtures("each_parser")

DIR = "http://example.org/dir/"


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<a href=x>t</a>", LinkKind.ANCHOR),
        ("<map><area href=x></map>", LinkKind.AREA),
        ("<iframe src=x></iframe>", LinkKind.IFRAME),
        ("<frameset><frame src=x></frameset>", LinkKind.FRAME),
        ("<img src=x>", LinkKind.IMAGE),
        ("<img srcset='x 2x'>", LinkKind.IMAGE),
        ("<picture><source srcset=x></picture>", LinkKind.IMAGE),
        ("<input type=IMAGE src=x>", LinkKind.IMAGE),
        ("<video poster=x></video>", LinkKind.IMAGE),
        ("<script src=x></script>", LinkKind.SCRIPT),
        ("<link rel='alternate Stylesheet' href=x>", LinkKind.STYLESHEET),
        ("<link rel='shortcut icon' href=x>", LinkKind.ICON),
        ("<link rel=apple-touch-icon href=x>", LinkKind.ICON),
        ("<link rel=canonical href=x>", LinkKind.CANONICAL),
        ("<video src=x></video>", LinkKind.MEDIA),
        ("<audio src=x></audio>", LinkKind.MEDIA),
        ("<audio><source src=x></audio>", LinkKind.MEDIA),
        ("<track src=x>", LinkKind.MEDIA),
        ("<embed src=x>", LinkKind.MEDIA),
        ("<object data=x></object>", LinkKind.MEDIA),
        ("<meta http-equiv=refresh content='0;url=x'>", LinkKind.META_REFRESH),
    ],
)
def test_every_element_that_links(html: str, kind: LinkKind) -> None:
    """Each linking element gives one link of its kind."""
    link = only(html)
    assert (link.url, link.kind) == (f"{DIR}x", kind)


@pytest.mark.parametrize(
    "html",
    [
        "<a>t</a>",
        "<a name=x>t</a>",
        "<img>",
        "<img src=' '>",
        "<input src=x>",
        "<link href=x>",
        "<link rel=next href=x>",
        "<link rel=stylesheet href=''>",
        "<a href='data:text/plain,x'>",
        "<a href=' JavaScript:alert(1)'>",
        "<a href='java\nscript:alert(1)'>",
        "<img src='blob:http://example.org/1'>",
        "<a href='about:blank'>",
        "<template><a href=x>t</a></template>",
        "<svg><a href=x>t</a></svg>",
        "<textarea><a href=x></textarea>",
        "<iframe><a href=x></iframe>",
        "<script>'<a href=x>'</script>",
        "<!-- <a href=x> -->",
    ],
)
def test_what_is_no_link(html: str) -> None:
    """Elements without a target, script schemes and inert content give no link."""
    assert parse(html).links == ()


def test_noscript_links_count() -> None:
    """A crawler runs no scripts: it follows what is offered to those who do not."""
    assert links("<noscript><a href=x>t</a></noscript>") == [f"{DIR}x"]


@pytest.mark.parametrize(
    ("html", "anchor"),
    [
        ("<a href=x> one\n <b>two</b>\t</a>", "one two"),
        ("<a href=x><img alt=' a  b ' src='data:,'></a>", "a b"),
        ("<a href=x>text<img alt=alt src='data:,'></a>", "text"),
        ("<a href=x></a>", ""),
        ("<a href=x>a<script>no</script></a>", "a"),
        ("<a href=x>\x1b[2J\u202e</a>", "�[2J�"),
        ("<img src=x alt=' a\nb'>", "a b"),
        ("<map><area href=x alt=region></map>", "region"),
    ],
)
def test_anchor_text(html: str, anchor: str) -> None:
    """The anchor is the element's text, or the alt text of images where there is none."""
    assert only(html).anchor == anchor


def test_an_open_anchor_ends_where_the_next_begins() -> None:
    """Anchors that are never closed keep their own texts."""
    found = [link.anchor for link in parse("<a href=1>one<a href=2>two").links]
    assert found == ["one", "two"]


def test_rel_and_nofollow() -> None:
    """nofollow comes from rel, or for all links from meta robots."""
    followed, not_followed = parse(
        "<a href=1 rel='Me  nofollowing'>1</a><a href=2 rel='NOFOLLOW ugc'>2</a>"
    ).links
    assert (followed.rel, followed.nofollow) == ("me nofollowing", False)
    assert (not_followed.rel, not_followed.nofollow) == ("nofollow ugc", True)
    assert only("<a href=1>1</a><meta name=robots content=nofollow>").nofollow


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("#top", Link(URL, LinkKind.ANCHOR, fragment="top", only_fragment=True)),
        ("", Link(URL, LinkKind.ANCHOR)),
        (" # ", Link(URL, LinkKind.ANCHOR, only_fragment=True)),
        ("x#%C3%A9%0A", Link(f"{DIR}x", LinkKind.ANCHOR, fragment="é�")),
        ("page.html#a", Link(URL, LinkKind.ANCHOR, fragment="a")),
        ("mailto:a@b.org", Link("mailto:a@b.org", LinkKind.ANCHOR)),
        ("http://u:p@h.org/", Link("http://h.org/", LinkKind.ANCHOR)),
        ("http://h:99999/\x1b/", Link("", LinkKind.ANCHOR, raw="http://h:99999/�/")),
    ],
)
def test_how_a_reference_is_read(href: str, expected: Link) -> None:
    """Fragments, credentials, other schemes and invalid references keep what they are."""
    assert only(f'<a href="{href}">') == expected


def test_a_base_rules_the_links_before_it() -> None:
    """Links are resolved against the base wherever it stands."""
    html = "<a href=x>t</a><base href='//other.org/b/'>"
    assert links(html) == ["http://other.org/b/x"]


def test_queries_are_encoded_in_the_documents_encoding() -> None:
    """Query letters go out in the page's charset, path letters always in UTF-8."""
    html = "<a href='/ü?q=ü&amp;r=%20%41&s=☃#ü'>".encode("cp1252", "xmlcharrefreplace")
    link = parse(html, content_type="text/html; charset=latin1").links[0]
    assert link.url == "http://example.org/%C3%BC?q=%FC&r=%20%41&s=%26%239731%3B"
    assert link.fragment == "ü"
    mail = parse("<a href='mailto:ü?ü'>".encode("cp1252"), content_type="text/html").links[0]
    assert mail.url == "mailto:%C3%BC?%C3%BC"


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("a.png", ["a.png"]),
        (" a 1x, b 2x ", ["a", "b"]),
        ("a,b 2x", ["a,b"]),
        ("a, b", ["a", "b"]),
        ("a,, ,b 100w,", ["a", "b"]),
        ("a (x, y) 1x, b", ["a", "b"]),
        ("data:image/png;base64,xx== 1x, b 2x", ["data:image/png;base64,xx==", "b"]),
        (",,,", []),
        ("", []),
    ],
)
def test_srcset(srcset: str, expected: list[str]) -> None:
    """Candidates are split as the HTML Standard says, commas in URLs included."""
    assert srcset_urls(srcset) == expected


def test_an_image_counts_a_url_once() -> None:
    """The same file in src and srcset is one link of the element."""
    assert links("<img src=a srcset='a 1x, b 2x'>") == [f"{DIR}a", f"{DIR}b"]


def test_links_are_capped() -> None:
    """Beyond the cap links are left out, and the page says so."""
    html = "".join(f"<a href={number}>t</a>" for number in range(5))
    assert len(parse(html, max_links=3).links) == 3
    assert parse(html, max_links=3).links_cut
    assert not parse(html, max_links=5).links_cut


def test_a_long_base_cannot_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The characters of all URLs together are bounded, whatever the base."""
    monkeypatch.setattr(links_module, "MAX_URL_CHARACTERS", 5_000)
    page = parse(f"<base href='/{'x' * 1000}/'>" + "<a href=y>" * 100)
    assert len(page.links) == 4
    assert page.links_cut
