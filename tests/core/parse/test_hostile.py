"""Documents made to hurt: every one becomes a page, in time, with clean texts."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.text import clean
from tests.core.parse.pages import parse

pytestmark = pytest.mark.usefixtures("each_parser")

PIECES = st.sampled_from(
    [
        *("<a href='", "'>", "<", ">", "</a>", "<title>", "<svg>", "</svg>", "<table>", "<h1>"),
        *("<base href=x>", "<template>", "</template>", "<meta name=robots content='", "<!--"),
        *("&#0;", "&#xD800;", "\0", "\ud800", "\x1b[2J", "<img srcset='", "<noscript>", "<p id='"),
        *("é", "<![CDATA[", "<?x", "\u202e", " "),
    ]
)


def texts_of(value: object) -> list[str]:
    """Every string inside a page."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple | list):
        return [text for each in value for text in texts_of(each)]
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    return []


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_markup_is_a_page_with_clean_texts(html: str) -> None:
    """No markup raises, and no text of the page holds a control character."""
    page = parse(html)
    for text in texts_of(msgspec.to_builtins(page)):
        assert text == clean(text, len(text))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "text/html", "text/html; charset=shift_jis"]))
def test_any_bytes_are_a_page(body: bytes, content_type: str) -> None:
    """Binary garbage is a document like any other, and can be sent between processes."""
    page = parse(body, content_type=content_type)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(page), type=type(page)) == page


def test_an_empty_body_is_an_empty_page() -> None:
    """Nothing in, no facts out."""
    page = parse(b"")
    assert (page.has_title, page.links, page.ids, page.word_count) == (False, (), (), 0)


@pytest.mark.parametrize(
    "text", ["http://example.org/x", "index.html", "<?xml version='1.0'?><rss><a id=x></a></rss>"]
)
def test_odd_texts_raise_no_warning(text: str, recwarn: pytest.WarningsRecorder) -> None:
    """What looks like a file name, a URL or XML is read like all else, without a warning."""
    assert parse(text).word_count + len(parse(text).ids) == 1
    assert not recwarn.list


def test_depth_does_not_matter() -> None:
    """100,000 nested elements are walked without recursion, their link is found."""
    page = parse("<div>" * 100_000 + "<a href=/deep>deep</a>")
    assert [link.anchor for link in page.links] == ["deep"]


@pytest.mark.parametrize(
    "html",
    [
        "<title>" + "x" * 1_000_000,
        "<h1>" * 20_000 + "x",
        "<a href=/x>" * 20_000,
        "<svg><foreignobject>" * 10_000,
        "<img srcset='" + ", (a" * 100_000 + "'>",
        "<meta http-equiv=refresh content='1" + " " * 500_000 + "x'>",
        "<a href='" + "%" * 500_000 + "'>",
        "<a " + " ".join(f"a{number}=1" for number in range(20_000)) + ">",
        "<a " + " ".join(f"a{number}" for number in range(60_000)) + ">",
        "".join(
            f"<p a='>' {' '.join(f'a{number}' for number in range(9_000))}>" for _ in range(60)
        ),
        "".join(f"<html a{number}>" for number in range(60_000)),
        "<html " * 100_000,
        "<meta " * 50_000,
    ],
    ids=lambda html: html[:16],
)
def test_long_runs_take_linear_time(html: str) -> None:
    """A run of one construct costs seconds at the very most."""
    began = time.process_time()
    parse(html)
    assert time.process_time() - began < 5


def test_nul_does_not_end_a_document() -> None:
    """A NUL is a bad character and no end of the text."""
    page = parse("<title>a\0b</title><a href='/x\0y'>t</a>")
    assert page.title.text == "a�b"
    assert [link.url for link in page.links] == ["http://example.org/x%EF%BF%BDy"]
