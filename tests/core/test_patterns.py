"""Patterns that people type: which are refused, which are not, and how long the others take."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core import backtracking, program
from crawler_core.config import MAX_URL_LENGTH, CrawlConfig
from crawler_core.errors import ConfigError, StoreFormatError
from crawler_core.patterns import compiled, fault_of, problem_of
from crawler_core.scope import Scope
from crawler_core.store import settings, survey

START = "https://site.test/"
NO_PATTERNS = ["(", "a{2,1}", "x{9999999999}", "(" * 3000 + ")" * 3000]
EXPONENTIAL = [
    r"(a|a)*$",
    r"(\w\w?)+$",
    r"((a+)-?)+$",
    r"(?:a|aa)+$",
    r"(a+)+$",
    r"(a|b|ab)*c",
    r"(.|/x)+y",
    r"(?:(?:a?){3}b?)+$",
    r"(?i)(?:a|[A-C]b?)+$",
    r"(?=(a|a)+$)b",
    r"(?:a|aa){10,20}$",
    r"(a?b?)*c",
    r"(?i:(?:ab|AB))+$",
    r"(a)*(?:\1|b)(a|\1)*c",
    r"(?:\w{1,9}-?){9}$",
    r"(?:(?:aa?){9}){9}$",
    "a?" * 25 + "b",
    "^https://example\\.com/" + "a?" * 25 + "b",
    r"\w{1,9}" * 7 + "!",
    r"(.+)\1+b",
    r"(?:a*b*)*$",
    r"((x?)*y)*!",
    r"(?:(?:a?|b?)c*d)*!",
    r"^(?:/?[\w-]+)*\.html$",
    r"^(a+)+(?:[^b]|b[^c])$",
]
POLYNOMIAL = [
    r".*.*.*x",
    r"\w+\d+x",
    r"/.*/.*\.html",
    r"a*a*a*b",
    r"(\d*?){3}!",
    r"^https?://[^/]+/.*.*.*x",
    r"(?!.*.*.*x)y",
    r"^https://www\.example\.com/products/category/.*/.*/.*/.*\.html",
    r"(/a.*/a.*/a.*/a.*x)",
    r"/a.*/a.*/a.*/a.*x|/print",
    r"^https://example\.com/(?:shop/.*/.*/.*/.*\.html|old)",
    r"(?:/category/.*){4}x",
    r"(?:/category/.*){6}x",
    r"^a*a*b*b*c*c*!",
    r"[?&]a=.*[?&]b=.*[?&]c=",
    r"(?=\w+\b).*.*.*x",
    r".*.*.*(?<=x)",
    r"^.*?(/.+?/).*?\1.*$|^.*?/(.+?/)\2.*$",
]
USUAL = [
    r"/tag/",
    r"\?page=\d+",
    r"/(en|de)/",
    r"/\d{4}/\d{2}/",
    r".*\.pdf$",
    r"(jpg|png|gif)$",
    r"/(a|b)+/",
    r"^https?://www\.example\.com/",
    r"\.(?:jpe?g|png|gif|svg|webp)(?:\?.*)?$",
    r"[?&](utm_\w+|gclid|fbclid)=",
    r"/page/\d+/?$",
    r"/wp-(admin|content|json)/",
    r"^https://example\.com/blog/.*",
    r"/product/[a-z0-9-]+$",
    r"[?&]sort=(asc|desc)",
    r"(?i)/calendar/",
    r"/(shop|blog)/.*\?",
    r".*/print/.*",
    r"/search\?q=.*&page=\d+",
    r"sessionid=[0-9a-f]{32}",
    r"/[a-z]{2}-[a-z]{2}/",
    r"^(?!.*/blog/).*$",
    r"((?!foo).)*$",
    r"/tag/.*/page/\d+$",
    r"^[^?]*\?[^&]*&[^&]*&",
    r"/\d+/\d+/\d+",
    r"([a-z]-?)*\.html",
    r"/[^/]+/[^/]+\.html$",
    r"(\w|\d)+=",
    r"x{5000}",
    r".*\?.*sort=.*",
    r".*/a/.*|.*/b/.*",
    r"(?:/[^/]+){4,}",
    r"(?:/[^/]*){5,}",
    r"^https://example\.com/(?:[a-z-]+/)*page",
    r"[?&](?:\w+=\w*&)*sort=",
    r"(?:\d+-)+\d+",
    r"(?:\w+/)+",
    r"(?:/[^/]+)+\.html",
    r"(?:/[^/]+/?)+$",
    r"[?&].*[?&].*[?&]",
    r"/.*/.*/",
    r"/(?!.*/.*/)x",
    r"/(\w+)/\1/",
    r"/([^/]+)/.*/\1/",
    r".*(/[^/]+)/[^/]+\1/[^/]+\1/",
    r"/shop/.*color=.*size=",
    r"\w{1,9}\d{1,9}x",
    r"\w{20}\d{20}-",
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"^https?://([^/]+\.)?example\.(com|org)/(.*/)?(login|logout)(/.*)?$",
    "(" + "|".join(f"word{n}" for n in range(500)) + ").*x",
    "|".join(rf"/folder{n}/.*\?" for n in range(50)),
    "^https://example\\.com" + r"/\d+/some-words-of-a-title" * 30,
]


@pytest.mark.parametrize("pattern", NO_PATTERNS)
def test_what_is_no_pattern_is_told_in_a_sentence(pattern: str) -> None:
    """However `re` refuses it: typed, given as an option, or compiled for use."""
    assert problem_of(pattern).endswith(".")
    for option in ("include", "exclude", "excluded"):
        with pytest.raises(ConfigError, match=r"--(in|ex)clude .* (is|has) "):
            CrawlConfig(start_urls=(START,), **{option: (pattern,)})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^The pattern .* (is|has) "):
        compiled(pattern)
    with pytest.raises(ConfigError):
        Scope(CrawlConfig(start_urls=(START,))).exclude(pattern)
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(ConfigError):
        survey.matches(connection, [pattern], lambda: True)


@pytest.mark.parametrize("pattern", EXPONENTIAL + POLYNOMIAL)
def test_what_may_take_for_ever_is_refused(pattern: str) -> None:
    """Typed and as an option, but not while it is typed: judging takes its time."""
    assert "for ever" in problem_of(pattern)
    assert problem_of(pattern, is_judged=False) == ""
    for option in ("include", "exclude", "excluded"):
        with pytest.raises(ConfigError, match="for ever"):
            CrawlConfig(start_urls=(START,), **{option: (pattern,)})  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", USUAL)
def test_what_people_type_is_taken(pattern: str) -> None:
    """Usual patterns can be used, and are quick on hostile URLs of the greatest length."""
    assert fault_of(pattern) == ""
    search = compiled(pattern).search
    for pump in ("/", "a", "1", "a-", "/1", "?a=1&", "/tag/", "/page/1", "&page=", "a.pdf"):
        for end in ("", "!", "/"):
            begun = time.process_time()
            search((START + pump * MAX_URL_LENGTH)[:MAX_URL_LENGTH] + end)
            assert time.process_time() - begun < 1


@given(
    pattern=st.sampled_from(
        [".*a", ".*a|b", ".*a|.*b", ".*?a", "(.*)a.*b", ".*", ".*(?=a)", ".*^a"]
    ),
    address=st.text("abc/", max_size=8),
)
def test_what_begins_with_anything_matches_as_it_did(pattern: str, address: str) -> None:
    """That it is tried from the beginning only changes nothing in what it finds."""
    plain, quick = re.search(pattern, address), compiled(pattern).search(address)
    assert (plain and plain.span()) == (quick and quick.span())


@pytest.mark.parametrize(
    "pattern",
    [
        "(" + "|".join(f"word{n}" for n in range(5_000)) + ")*.*x.*y",
        r"(?:(?:|a|)b?){9}" * 9 + "$",
        r"(a)" + "".join(rf"(\{n}\{n})" for n in range(1, 60)) + "*",
        "(?:" * 40 + "a" + "*)" * 40 + "$",
        ".*" * 300 + "x",
        "(?:a{9}){9}" * 90 + "a*",
    ],
)
def test_what_is_judged_costs_a_fixed_number_of_steps(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be judged with that many steps is refused."""
    spent = []
    real = program.Pattern.spend

    def spend(self: program.Pattern) -> None:
        spent.append(1)
        real(self)

    monkeypatch.setattr(program.Pattern, "spend", spend)
    backtracking.is_dear.cache_clear()
    assert "for ever" in fault_of(pattern)
    assert 1 < len(spent) <= 10_001


def test_what_nests_too_deep_is_told_wherever_it_is_looked_at() -> None:
    """Also what `re` has compiled before, with more room on the stack."""
    pattern = ".*" + "(" * 140 + "a" + ")" * 140
    expected = compiled(pattern)

    def deeper(frames: int) -> None:
        if frames:
            deeper(frames - 1)
        else:
            with pytest.raises(ConfigError, match="too many parentheses"):
                compiled(pattern)

    assert expected.search("a")
    frame, used = sys._getframe(), 0
    while frame := frame.f_back:  # type: ignore[assignment]
        used += 1
    deeper(sys.getrecursionlimit() - used - 200)


def test_a_store_tolerates_what_is_slow_and_not_what_is_no_pattern() -> None:
    """A pattern that would be refused today holds on; one that never was one cannot be read."""
    text = settings.encode(CrawlConfig(start_urls=(START,), exclude=("/old/",)))
    slow = settings.decode(text.replace("/old/", "(a+)+$"), Path("x"))
    assert slow.tolerated == slow.exclude == ("(a+)+$",)
    with pytest.raises(StoreFormatError, match="no regular expression"):
        settings.decode(text.replace("/old/", "(a+"), Path("x"))


def test_the_longest_url_is_what_patterns_are_judged_by() -> None:
    """The judge reckons with URLs as long as are asked for, and no longer."""
    assert backtracking.LONGEST == MAX_URL_LENGTH


def test_the_letter_that_shows_it_is_found() -> None:
    """Ways that begin alike with one letter only, by its class or its case, are seen."""
    assert fault_of(r"(?:[a-m]x|[m-z]x)+$")
    assert not fault_of(r"(?:[a-l]x|[m-z]x)+$")
    assert fault_of(r"(?i)(?:x|[X-Z]y?)+$")
    assert not fault_of(r"(?:x|[X-Z]y?)+$")
    assert fault_of(r"(?:ü|[à-ÿ]a?)+$")


def test_patterns_that_are_no_danger_mean_what_they_mean(tmp_path: Path) -> None:
    """What is compiled is the pattern that was typed."""
    assert compiled(r"(?i)/TAG/\d+").search(f"{START}tag/12")
    assert compiled(r"/tag/").flags == re.compile(r"/tag/").flags
