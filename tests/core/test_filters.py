"""The language of the filter line: read as it is typed, never an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.filters import (
    FIELDS,
    KINDS,
    MAX_CHARACTERS,
    MAX_TERMS,
    NUMBERS,
    PRESETS,
    TEXTS,
    Ending,
    Kind,
    Number,
    Status,
    Term,
    Text,
    parse,
)
from crawler_core.model import Outcome

INFINITY = float("inf")


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("guide", [Term(Text("", "guide"))]),
        ("two words", [Term(Text("", "two")), Term(Text("", "words"))]),
        ('"two words"', [Term(Text("", "two words"))]),
        ('"not closed', [Term(Text("", "not closed"))]),
        ("!old", [Term(Text("", "old"), inverse=True)]),
        ('!title:"a b" x', [Term(Text("title", "a b"), inverse=True), Term(Text("", "x"))]),
        ('title:""', [Term(Text("title", ""))]),
        ("TITLE:x", [Term(Text("title", "x"))]),
        ("http://site.test/a", [Term(Text("", "http://site.test/a"))]),
        ("127.0.0.1:8080", [Term(Text("", "127.0.0.1:8080"))]),
        ("address:/guide/", [Term(Text("url", "/guide/"))]),
        ("type:js", [Term(Text("type", "javascript"))]),
        ("status:404", [Term(Status(((404, 404),)))]),
        ("status:4xx", [Term(Status(((400, 499),)))]),
        ("status:4", [Term(Status(((400, 499),)))]),
        ("status:40", [Term(Status(((400, 409),)))]),
        ("status:>=400", [Term(Status(((400, 999),)))]),
        ("status:>400", [Term(Status(((401, 999),)))]),
        ("status:<300", [Term(Status(((1, 299),)))]),
        ("status:<=300", [Term(Status(((1, 300),)))]),
        ("status:404,410", [Term(Status(((404, 404), (410, 410))))]),
        ("status:300-399", [Term(Status(((300, 399),)))]),
        ("status:none", [Term(Status(((0, 0),)))]),
        ("depth:>3", [Term(Number("depth", 3, INFINITY, open=True))]),
        ("depth:3", [Term(Number("depth", 3, 3))]),
        ("depth:2-5", [Term(Number("depth", 2, 5))]),
        ("ms:120", [Term(Number("ms", 119.5, 120.5))]),
        ("ms:=0", [Term(Number("ms", -0.5, 0.5))]),
        ("ms:100-200", [Term(Number("ms", 99.5, 200.5))]),
        ("ms:>100", [Term(Number("ms", 100, INFINITY, open=True))]),
        ("size:>=20k", [Term(Number("size", 20_000, INFINITY))]),
        ("size:<1.5MB", [Term(Number("size", -INFINITY, 1_500_000, open=True))]),
        ("outcome:client-error", [Term(Ending((Outcome.CLIENT_ERROR,)))]),
        ("outcome:parser", [Term(Ending((Outcome.PARSER_CRASHED, Outcome.PARSER_TIMEOUT)))]),
        ("is:broken", [Term(Kind("broken"))]),
        ("!is:JS", [Term(Kind("javascript"), inverse=True)]),
    ],
)
def test_terms(typed: str, terms: list[Term]) -> None:
    """Each form of a word means what the help says, and leaves nothing to complain about."""
    assert parse(typed) == parse(f"  {typed}")
    assert list(parse(typed).terms) == terms
    assert parse(typed).problem == ""


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("!", "turns the next word round"),
        ('"', "Quotes hold a phrase"),
        ("status:", "takes a code"),
        ("status:>4", "takes a code"),
        ("status:4x4", "takes a code"),
        ("depth:", "clicks from the start"),
        ("size:big", "bytes"),
        ("title:", "what text?"),
        ("outcome:", "ok, redirect, client-error"),
        ("outcome:nonsense", "client-error"),
        ("is:", "internal, external"),
        ("is:can", "is: canonicalised."),
        ("tit:x", "try title:"),
        ("nonsense:x", "no field"),
        ("localhost:80", "quotes"),
    ],
)
def test_what_is_not_understood_is_told(typed: str, says: str) -> None:
    """A word that is wrong or not whole yet is left out with a sentence; the rest applies."""
    found = parse(f"guide {typed}")
    assert list(found.terms) == [Term(Text("", "guide"))]
    assert says in found.problem


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("404", "404 is looked for in addresses and titles: status:404 looks at the status."),
        ("guide !4xx", "!status:4xx looks at the status"),
        ("Broken", "is:broken has what is broken"),
        ("duplicate", "v has views such as Missing and Duplicate"),
        ("404 status:9x9", "takes a code"),
        ('"404"', ""),
        ("title:404", ""),
        ("status:404", ""),
        ("2026 40 640 404s", ""),
    ],
)
def test_a_word_that_may_be_meant_otherwise(typed: str, says: str) -> None:
    """A bare status or property is looked for as a text, and a sentence names the field."""
    found = parse(typed)
    assert says in found.problem
    assert bool(found.problem) == bool(says)
    assert "404" not in typed.split() or Term(Text("", "404")) in found.terms


def test_what_is_understood_is_named() -> None:
    """The words that hold, as they were typed, without those that are left out."""
    found = parse('status:9x9  "user guide" titel:x !depth:>3 status:4xx')
    assert found.understood == '"user guide" !depth:>3 status:4xx'
    assert parse("status:9x9").understood == ""


def test_long_lines_are_cut() -> None:
    """A filter has an end: more letters or words than anyone types are left out, and told."""
    assert len(parse("x " * 40).terms) == MAX_TERMS
    assert "words" in parse("x " * 40).problem
    assert "characters" in parse("x" * 600).problem
    assert parse("x" * 600).terms == (Term(Text("", "x" * MAX_CHARACTERS)),)


WORDS = st.one_of(
    st.text(max_size=12),
    st.builds(
        lambda sign, field, value: f"{sign}{field}:{value}",
        st.sampled_from(["", "!"]),
        st.sampled_from([*FIELDS, "tit", "IS"]),
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                [*KINDS, "404", "4xx", ">3", '""', '"a b', "1-9", ">99999999999999999"]
            ),
        ),
    ),
)


@given(st.lists(WORDS, max_size=6).map(" ".join))
def test_any_text_is_read(typed: str) -> None:
    """Whatever is typed is read without an error, and read the same every time."""
    found = parse(typed)
    assert found == parse(typed)
    for term in found.terms:
        assert "\x1b" not in getattr(term.test, "value", "")
        if isinstance(term.test, Text):
            assert term.test.field in {"", *TEXTS}
        if isinstance(term.test, Number):
            assert term.test.field in NUMBERS


def test_the_manual_names_everything() -> None:
    """Every field and every property is told in the manual."""
    manual = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
    assert [field for field in FIELDS if f"`{field}:" not in manual] == []
    assert [
        kind for kind in KINDS if f"`{kind}`" not in manual and f"is:{kind}" not in manual
    ] == []


def test_presets_are_understood() -> None:
    """Each view with a name is a filter without a fault, and has a name of its own."""
    for preset in PRESETS:
        assert parse(preset.text).problem == ""
        assert bool(parse(preset.text).terms) == bool(preset.text)
    assert len({preset.title for preset in PRESETS}) == len(PRESETS)
    assert len({preset.text for preset in PRESETS}) == len(PRESETS)
    compared = [preset.name for preset in PRESETS if parse(preset.text).compares]
    assert compared == ["Duplicate"] * 3
