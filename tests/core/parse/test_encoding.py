"""The encoding decision: what wins over what, and what is refused."""

from __future__ import annotations

import codecs
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.parse import encoding
from crawler_core.parse.labels import REPLACEMENT, codec_of, name_of

HTML = "text/html"
RUSSIAN = "<title>Пример страницы</title><p>Съешь же ещё этих мягких французских булок</p>"
JAPANESE = "<title>日本語のページ</title><p>いろはにほへと ちりぬるを わかよたれそ</p>"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (codecs.BOM_UTF8 + b"<meta charset=koi8-r>", "text/html; charset=gbk", "utf-8"),
        (b"\xff\xfea\0", HTML, "utf-16le"),
        (b"\xfe\xff\0a", HTML, "utf-16be"),
        (b"<meta charset=koi8-r>", "text/html; charset=gbk", "gbk"),
        (b"<meta charset=koi8-r>", 'text/html;x=1; Charset="Latin2"', "iso-8859-2"),
        (b"<meta charset=koi8-r>", "text/html; charset=nonsense", "koi8-r"),
        (b"<META CHARSET = 'KOI8-R' >", HTML, "koi8-r"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=big5'>", HTML, "big5"),
        (b"<meta content='text/html; charset=big5' http-equiv=content-type>", HTML, "big5"),
        (b"<meta name=x content='text/html; charset=big5'>", HTML, "windows-1252"),
        (b"<meta charset=utf-16>", HTML, "utf-8"),
        (b"<meta charset=x-user-defined>", HTML, "windows-1252"),
        (b"<!-- <meta charset=big5> --><meta charset=gbk>", HTML, "gbk"),
        (b"<!--><meta charset=gbk>", HTML, "gbk"),
        (b"<a title='<meta charset=big5>'><meta charset=gbk>", HTML, "gbk"),
        (b"<meta charset=big5 charset=gbk>", HTML, "big5"),
        (b"<meta charset=rot13><meta charset=gbk>", HTML, "gbk"),
        (b"<meta charset=gbk", HTML, "windows-1252"),
        (b"<?xml version='1.0' encoding='koi8-r'?><p>", HTML, "koi8-r"),
        (b"<?xml version='1.0'?><p>", "application/xhtml+xml", "utf-8"),
        (b"plain", HTML, "windows-1252"),
        (b"", "", "windows-1252"),
        ("über".encode(), HTML, "utf-8"),
        ("xü".encode()[:2] + b" cut", HTML, "windows-1252"),
        ("ö und ü".encode()[:-1], HTML, "utf-8"),
        ("Größe und Übung, schöne Grüße äöü".encode("cp1252"), HTML, "windows-1252"),
        (RUSSIAN.encode("cp1251"), HTML, "windows-1251"),
        (JAPANESE.encode("euc_jp"), HTML, "euc-jp"),
    ],
)
def test_decision(body: bytes, content_type: str, expected: str) -> None:
    """Mark, header, declaration and guess decide in this order; unknown labels do not count."""
    assert encoding.decide(body, content_type) == expected


@pytest.mark.parametrize(
    "label",
    ["rot13", "hex", "zip", "base64", "idna", "punycode", "unicode_escape", "utf-7", "undefined"],
)
def test_codecs_that_are_no_web_encodings_are_unknown(label: str) -> None:
    """A label of Python's that browsers do not know names no encoding."""
    assert name_of(label) is None
    assert encoding.decide(b"x", f"text/html; charset={label}") == "windows-1252"


def test_labels_are_stripped_and_case_does_not_matter() -> None:
    """Labels are compared as the Encoding Standard says, and every name has a codec."""
    assert name_of(" Latin1\t") == "windows-1252"
    for label in ("koi8-u", "iso-8859-8-i", "x-mac-cyrillic", "shift_jis", "windows-874"):
        assert codecs.lookup(codec_of(name_of(label) or ""))


def test_a_late_declaration_counts_too() -> None:
    """A meta behind a long head is still found, as browsers start over for it."""
    body = b"<script>" + b"x" * 5000 + b"</script><meta charset=koi8-r>"
    assert encoding.decide(body, HTML) == "koi8-r"


def test_decoding_never_shows_the_mark() -> None:
    """The byte-order mark is no character of the document."""
    assert encoding.decode(codecs.BOM_UTF8 + b"a", "utf-8") == "a"
    assert encoding.decode(b"\xff\xfea\0", "utf-16le") == "a"
    assert encoding.decode(b"\xe9\xff\xfe", "windows-1252") == "éÿþ"


def test_replacement_and_user_defined() -> None:
    """Stateful encodings become one U+FFFD; x-user-defined maps to the private area."""
    assert name_of("hz-gb-2312") == REPLACEMENT
    assert encoding.decode(b"~{abc", REPLACEMENT) == "\N{REPLACEMENT CHARACTER}"
    assert encoding.decode(b"a\x80\xff", "x-user-defined") == "a\uf780\uf7ff"


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.sampled_from(
                [b"<", b"meta ", b"charset", b"=", b"'", b'"', b">", b"<!--", b"/", b"-"]
            )
        ).map(b"".join),
    ),
    st.text(max_size=30),
)
def test_any_bytes_are_decided_and_decoded(body: bytes, content_type: str) -> None:
    """No bytes and no Content-Type raise."""
    text = encoding.decode(body, encoding.decide(body, content_type))
    assert isinstance(text, str)


@given(st.permutations(["charset=gbk", "name=a", "content='<x>'"]))
def test_the_order_of_attributes_does_not_matter(attributes: list[str]) -> None:
    """The prescan finds charset wherever it stands in the tag."""
    spaced = itertools.chain.from_iterable((part, "\n") for part in attributes)
    assert encoding.prescan(f"<meta {''.join(spaced)}>".encode()) == "gbk"
