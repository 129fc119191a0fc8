"""Which rule decided on a URL, in words; and what one may want to exclude, having seen it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crawler_core import robots, scope
from crawler_core.config import CrawlConfig
from crawler_core.model import Outcome, Role, UrlState
from crawler_core.patterns import problem_of
from crawler_core.snapshot import HostView
from crawler_core.why import Case, Why, explain, proposals, spellings

START = "https://site.test/docs/"
PAGE = "https://site.test/docs/a/7?sort=x"
ROBOTS = "User-agent: *\nDisallow: /docs/a\n"


def _why(address: str = PAGE, options: dict[str, Any] | None = None, **fields: Any) -> Why:
    host = fields.pop("host", None)
    config = CrawlConfig(start_urls=(START,), **(options or {}))
    return explain(Case(address=address, **fields), config, host=host)


def _kept_out(reason: str, options: dict[str, Any] | None = None, **fields: Any) -> Why:
    return _why(options=options, state=UrlState.KEPT_OUT, reason=reason, url_id=3, **fields)


@pytest.mark.parametrize(
    ("reason", "options", "says"),
    [
        (scope.TOO_DEEP, {"max_depth": 2}, "It is 5 links from a start URL, and --max-depth is 2."),
        (scope.MAX_PAGES, {"max_pages": 40}, "allows (40)"),
        (scope.EXTERNAL_OFF, {"external": False}, "is another site than site.test"),
        (scope.OUTSIDE, {"stay_under": True}, "outside the start folder site.test/docs/"),
        (scope.NOT_INCLUDED, {"include": ("/x/",)}, "matches no pattern of --include"),
        (scope.RESOURCES_OFF, {}, "--no-resources"),
        (scope.HOPS, {}, "More than 20 redirects"),
        (scope.TRAP, {}, "500 pages of its template"),
        (scope.INVALID, {}, "no valid URL"),
        (scope.NOT_HTTP, {}, "neither http nor https"),
        (scope.TOO_LONG, {}, "2,083"),
    ],
)
def test_each_rule_has_its_sentence(reason: str, options: dict[str, Any], says: str) -> None:
    """Whatever keeps a URL out is named with the value that it was given."""
    why = _kept_out(reason, options, depth=5)
    assert why.word == "KEPT OUT"
    assert says in why.says


def test_a_pattern_says_whose_it_is() -> None:
    """A pattern of the command line and one of the driver are told apart, with what matched."""
    theirs = _kept_out("excluded by /a/[0-9]", {"exclude": ("/a/[0-9]",)})
    mine = _kept_out("excluded by /a/[0-9]", {"excluded": ("/a/[0-9]",)})
    assert "--exclude" in theirs.says
    assert "You excluded it" in mine.says
    assert dict(mine.facts)["pattern"] == "/a/[0-9]"
    assert dict(mine.facts)["matches"] == "/a/7"
    capped = _kept_out("capped by you: T{n}", {"caps": (("T{n}", 12),)})
    assert "You capped its template at 12 URLs" in capped.says


def test_robots_line_is_cited() -> None:
    """A refusal by robots.txt names the line, its text, and the group that it stands in."""
    why = _why(
        state=UrlState.DONE,
        outcome=Outcome.ROBOTS,
        error=robots.DISALLOWED,
        robots_text=ROBOTS,
        robots_known=True,
    )
    assert why.word == "KEPT OUT"
    assert "in line 2" in why.says
    facts = dict(why.facts)
    assert facts["robots.txt"] == "kept out by https://site.test/robots.txt:2"
    assert facts["line 2"] == "Disallow: /docs/a"
    assert facts["of the group"] == "User-agent: *"


def test_robots_out_of_reach() -> None:
    """A robots.txt that could not be read is a no of its own kind."""
    why = _why(state=UrlState.DONE, outcome=Outcome.ROBOTS, error=robots.UNAVAILABLE)
    assert "could not be read" in why.says


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"indexability_status": ""}, "yes"),
        (
            {"indexability_status": "noindex", "meta_robots": "noindex"},
            "no: noindex by its meta robots: noindex",
        ),
        (
            {"indexability_status": "noindex", "x_robots_tag": "noindex"},
            "no: noindex by the header X-Robots-Tag: noindex",
        ),
        (
            {"indexability_status": "Canonicalised", "canonical": START},
            f"no: Canonicalised: its canonical is {START}",
        ),
    ],
)
def test_done_says_whether_indexable(fields: dict[str, Any], says: str) -> None:
    """A URL that is done says how it ended, and why it is indexable or not."""
    why = _why(
        state=UrlState.DONE, outcome=Outcome.OK, status_code=200, status="OK", attempts=2, **fields
    )
    assert (why.word, why.says) == ("DONE", "It was asked for, after 2 tries: ok (200 OK).")
    assert dict(why.facts)["indexable"] == says


def test_done_says_of_what_it_is_a_copy() -> None:
    """A page with the bytes of an earlier one names it; one that was only checked says why."""
    why = _why(state=UrlState.DONE, outcome=Outcome.OK, status_code=200, twin=START)
    assert dict(why.facts)["duplicate of"].startswith(START)
    checked = _why(state=UrlState.DONE, outcome=Outcome.OK, role=Role.CHECK, internal=False)
    assert "another site" in dict(checked.facts)["only checked"]


def test_waiting_says_behind_what() -> None:
    """A URL that waits says how many come first, and how fast its host is asked."""
    host = HostView("https://site.test", True, rate_limit=2.0, state="throttled", note="429")
    why = _why(state=UrlState.WAITING, ahead=40, host_waiting=50, depth=2, host=host)
    assert why.says == "It waits behind 40 other URLs of https://site.test."
    facts = dict(why.facts)
    assert facts["its host"].endswith("at most 2 requests/s: its turn comes in 20 s or later")
    assert facts["host state"] == "throttled: 429"
    assert "next URL" in _why(state=UrlState.WAITING).says
    refused = _why(state=UrlState.WAITING, robots_text=ROBOTS, robots_known=True)
    assert refused.facts[0][0] == "comes to"


@pytest.mark.parametrize(
    ("address", "options", "says"),
    [
        (PAGE, {}, "it would be asked for, read and its links followed"),
        (PAGE, {"exclude": ("sort=",)}, "A pattern of --exclude keeps it out."),
        ("https://far.test/", {}, "checked only"),
        ("https://far.test/", {"external": False}, "another site"),
        (PAGE, {"stay_under": True, "max_depth": 4}, "up to 4 links deep"),
    ],
)
def test_never_named_says_what_would_be(address: str, options: dict[str, Any], says: str) -> None:
    """Of an unknown URL the rules are asked what they would say."""
    why = _why(address, options)
    assert why.word == "NEVER NAMED"
    assert says in dict(why.facts)["if it were"]


def test_never_named_and_disallowed() -> None:
    """What robots.txt would refuse is said of an unknown URL too, unless it is ignored."""
    fields: dict[str, Any] = {"robots_text": ROBOTS, "robots_known": True}
    assert "robots.txt keeps it out" in dict(_why(**fields).facts)["if it were"]
    ignored = _why(options={"ignore_robots": True}, **fields)
    assert "would be asked for" in dict(ignored.facts)["if it were"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [(0, "You capped its template;"), (12, "You capped its template at 12 URLs;")],
)
def test_never_named_and_capped(asked: int, says: str) -> None:
    """What a cap would keep out is said of an unknown URL, with its number once it is counted."""
    caps = (("https://site.test/docs/a/{n}?sort={v}", asked),)
    assert says in dict(_why(options={"caps": caps}).facts)["if it were"]
    other = dict(_why(START, {"caps": caps}).facts)
    assert other["if it were"].startswith("it would be asked for")


def test_never_named_and_a_trap() -> None:
    """Of an unknown URL of a template that looks like a trap it is said that it stays out."""
    facts = dict(_why(is_trap=True).facts)
    assert facts["if it were"].startswith("it would be kept out. It looks like a trap: 500 pages")
    assert facts["template"] == "https://site.test/docs/a/{n}?sort=x"
    refused = dict(_why(is_trap=True, robots_text=ROBOTS, robots_known=True).facts)
    assert "robots.txt keeps it out" in refused["if it were"]
    checked = dict(_why("https://far.test/", is_trap=True).facts)
    assert "checked only" in checked["if it were"]


def test_robots_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an answer needs the line that decides, it is looked for once."""
    asked: list[str] = []

    def cite(text: str, address: str) -> robots.Citation | None:
        asked.append(address)
        return deciding_line(text, address)

    deciding_line = robots.deciding_line
    monkeypatch.setattr(robots, "deciding_line", cite)
    fields: dict[str, Any] = {"robots_text": ROBOTS, "robots_known": True}
    for state, outcome in (
        (UrlState.DONE, Outcome.ROBOTS),
        (UrlState.WAITING, None),
        (None, None),
    ):
        _why(state=state, outcome=outcome, **fields)
    assert asked == [PAGE] * 3


def test_spellings() -> None:
    """A page may be known with a slash, by another scheme, or without its www."""
    found = spellings("https://www.site.test/a?b=1")
    assert found == (
        "https://www.site.test/a/?b=1",
        "http://www.site.test/a?b=1",
        "https://site.test/a?b=1",
        "https://www.site.test/a",
    )
    assert spellings("mailto:x") == ()


@pytest.mark.parametrize(
    "address",
    [
        PAGE,
        START,
        "https://site.test/",
        "https://site.test/a(b)+c/*x/12.html?q=[1]&r|s=2",
        "http://127.0.0.1:80/calendar/2026/11/",
    ],
)
def test_proposals_match_their_url(address: str) -> None:
    """Each proposed pattern can be used, and matches the URL from which it was drawn."""
    found = proposals(address)
    assert len({pattern for _, pattern in found}) == len(found)
    for words, pattern in found:
        assert problem_of(pattern) == "", words
        assert re.search(pattern, address), (words, pattern)


def test_proposals_are_narrow() -> None:
    """The folder's pattern leaves other folders, the template's pattern other kinds."""
    found = dict(proposals(PAGE))
    assert found["its template"] == r"^https://site\.test/docs/a/\d+\?sort=x$"
    assert found["its folder"] == r"^https://site\.test/docs/a/"
    assert found["the folder above"] == r"^https://site\.test/docs/"
    assert found["the parameter sort"] == "[?&]sort="
    assert not re.search(found["its folder"], "https://site.test/docs/b/")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "empty pattern"),
        ("(", "no regular expression"),
        ("(a+)+$", "for ever"),
        ("(?:x*x*y)*$", "for ever"),
        ("((a+))+$", "for ever"),
        ("^(?P<x>[^/]+/?){3,}$", "for ever"),
        ("(a{2,}b){20}", ""),
        ("((a|b)*c)+", ""),
        (r"/calendar/\d+/\d+", ""),
        ("(a[*+)]b)+", ""),
        ("(?:ab?)+", ""),
        ("(a{2}b){3}", ""),
        ("(a+b)?c+", ""),
        ("[](]a+b*", ""),
        (r"/(shop|blog)/", ""),
        (r"\(a+\)+", ""),
    ],
)
def test_problems_of_patterns(pattern: str, says: str) -> None:
    """What cannot be used as a pattern is told in a sentence."""
    found = problem_of(pattern)
    assert says in found
    assert bool(says) == bool(found)
