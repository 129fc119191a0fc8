"""Patterns that people type: which are refused, which are not, and how long the others take."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core import backtracking
from crawler_core.config import MAX_URL_LENGTH, CrawlConfig
from crawler_core.errors import ConfigError
from crawler_core.patterns import compiled, fault_of, problem_of
from crawler_core.scope import Scope
from crawler_core.store import survey

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
]
POLYNOMIAL = [
    r".*.*.*x",
    r"\w+\d+x",
    r"/.*/.*\.html",
    r"a*a*a*b",
    r"(\d*?){3}!",
    r"^https?://[^/]+/.*.*.*x",
    r"(?!.*.*.*x)y",
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
    """Typed and as an option, and it takes no time to tell."""
    begun = time.perf_counter()
    assert "for ever" in problem_of(pattern)
    assert time.perf_counter() - begun < 2
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


def test_the_longest_url_is_what_patterns_are_judged_by() -> None:
    """The judge reckons with URLs as long as are asked for, and no longer."""
    assert backtracking.LONGEST == MAX_URL_LENGTH


def test_the_letter_that_shows_it_is_found() -> None:
    """Ways that begin alike with one letter only, by its class or its case, are seen."""
    assert fault_of(r"(?:[a-m]x|[m-z]x)+$")
    assert not fault_of(r"(?:[a-l]x|[m-z]x)+$")
    assert fault_of(r"(?i)(?:ab|Ac)+(?:x|[X-Z]y)+$")
    assert not fault_of(r"(?:x|[X-Z]y)+$")
    assert fault_of(r"(?:ü|[à-ÿ]a?)+$")


def test_patterns_that_are_no_danger_mean_what_they_mean(tmp_path: Path) -> None:
    """What is compiled is the pattern that was typed."""
    assert compiled(r"(?i)/TAG/\d+").search(f"{START}tag/12")
    assert compiled(r"/tag/").flags == re.compile(r"/tag/").flags
