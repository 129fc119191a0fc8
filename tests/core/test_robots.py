"""robots.txt by RFC 9309: who is meant, which rule decides, and what an answer means."""

from __future__ import annotations

import codecs
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from crawler_core.robots import MAX_BYTES, Answer, Rules, read_answer, text_of

SITE = "http://site.test"


def _allows(robots: str, path: str) -> bool:
    return Rules(robots).allows(SITE + path)


def _for_all(*lines: str) -> str:
    return "\n".join(("User-agent: *", *lines))


@pytest.mark.parametrize(
    ("rule", "path", "matches"),
    [
        ("/fish", "/fish", True),
        ("/fish", "/fish.html", True),
        ("/fish", "/catfish", False),
        ("/fish", "/Fish", False),
        ("/fish*.php", "/fishheads/catfish.php?x=1", True),
        ("/*.php$", "/a.php", True),
        ("/*.php$", "/a.php?x", False),
        ("/*.php$", "/a.php/b.php", True),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a$b", "/a$b", True),
        ("/a*b*c$", "/abcbc", True),
        ("/a*bc$", "/abc", True),
        ("/a*abc$", "/abc", False),
        ("*", "/anything", True),
        ("*.gif", "/x.gif", True),
        ("/*?", "/a?b", True),
        ("/*?", "/a", False),
        ("fish", "/fish", False),
        ("/a-%2A.html", "/a-*.html", True),
        ("/a%24", "/a$", True),
        ("/ツ", "/%E3%83%84", True),
        ("/%e3%83%84", "/%E3%83%84", True),
        ("/%62%61%7A", "/baz", True),
        ("/baz", "/%62az", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2fb", "/a%2Fb", True),
    ],
)
def test_patterns(rule: str, path: str, matches: bool) -> None:
    """A rule is a prefix with `*` and a closing `$`; both sides are spelled alike first."""
    assert _allows(_for_all(f"Disallow: {rule}"), path) is not matches


@pytest.mark.parametrize(
    ("lines", "path", "allowed"),
    [
        (("Disallow: /", "Allow: /p"), "/page", True),
        (("Allow: /p", "Disallow: /"), "/page", True),
        (("Allow: /folder", "Disallow: /folder"), "/folder/page", True),
        (("Allow: /page", "Disallow: /*.htm"), "/page.htm", False),
        (("Allow: /page", "Disallow: /*.ph"), "/page.php5", True),
        (("Allow: /$", "Disallow: /"), "/", True),
        (("Allow: /$", "Disallow: /"), "/page.htm", False),
        (("Disallow: /a", "Allow: /a*", "Disallow: /ab"), "/abc", True),
        (("Disallow:",), "/", True),
        (("Allow: /docs/index.html", "Disallow: /"), "/docs/", True),
        (("Allow: /docs/index.html", "Disallow: /"), "/docs/x", False),
        ((), "/", True),
    ],
)
def test_the_longest_rule_decides(lines: tuple[str, ...], path: str, allowed: bool) -> None:
    """Order does not matter; where two rules are equally long, allow wins."""
    assert _allows(_for_all(*lines), path) is allowed


@pytest.mark.parametrize(
    ("agent", "meant"),
    [
        ("crawltui", True),
        ("CrawlTUI", True),
        ("crawltui/1.0", True),
        ("crawltui (+https://example.org)", True),
        ("crawl", False),
        ("crawltuibot", False),
        ("crawltui-images", False),
        ("mycrawltui", False),
        ("*", True),
        ("* and more", True),
        ("*bot", False),
        ("", False),
    ],
)
def test_whom_a_group_is_for(agent: str, meant: bool) -> None:
    """The product token is compared as a whole, in any case; `*` means everyone."""
    assert _allows(f"User-agent: {agent}\nDisallow: /", "/a") is not meant


def test_groups_of_one_agent_are_merged() -> None:
    """All groups that name us count, and none of those for everyone."""
    text = (
        "User-agent: *\nDisallow: /all\n\nUser-agent: crawltui\nDisallow: /one\n"
        "User-agent: other\nDisallow: /other\nUser-agent: Crawltui\nUser-agent: x\nDisallow: /two\n"
    )
    verdicts = {path: _allows(text, path) for path in ("/all", "/one", "/other", "/two")}
    assert verdicts == {"/all": True, "/one": False, "/other": True, "/two": False}


def test_lines_that_are_no_rules_do_not_end_a_list_of_agents() -> None:
    """Blank lines, comments, Sitemap and Crawl-delay stand anywhere among the agents."""
    text = "User-agent: crawltui\n\n# x\nSitemap: /s\nCrawl-delay: 2\nUser-agent: b\nDisallow: /"
    assert not _allows(text, "/a")
    assert Rules(text).crawl_delay == 2.0
    assert not Rules(text, "b").allows(f"{SITE}/a")


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\rDisallow: /a",
        "User-agent: *\r\nDisallow: /a",
        "  User-agent\t: *  \n\tDisallow :/a # comment",
        "USER-AGENT: *\nDISALLOW: /a",
        "user-agent *\ndisallow /a",
        "useragent: *\ndissallow: /a",
    ],
)
def test_spellings_of_a_line(text: str) -> None:
    """Line ends, blanks, case, a missing colon and common slips do not matter."""
    assert not _allows(text, "/a")
    assert _allows(text, "/b")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("10 seconds", 10.0),
        ("30", 30.0),
        ("31", 30.0),
        ("999999999999999999999", 30.0),
        ("-1", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("often", 0.0),
        ("", 0.0),
    ],
)
def test_crawl_delay(value: str, seconds: float) -> None:
    """A delay is a number of seconds, at most 30; anything else is none."""
    assert Rules(_for_all(f"Crawl-delay: {value}", "Disallow: /x")).crawl_delay == seconds


def test_the_delay_is_that_of_our_group() -> None:
    """Everyone's delay does not hold where a group names us; of two the longer one holds."""
    everyone = "User-agent: *\nCrawl-delay: 20\nDisallow: /x\n"
    ours = "User-agent: crawltui\nCrawl-delay: 1\nDisallow: /y\n"
    assert Rules(everyone).crawl_delay == 20.0
    assert Rules(everyone + ours).crawl_delay == 1.0
    assert Rules(ours + everyone + ours.replace("1", "3")).crawl_delay == 3.0


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\nDisallow: /a",
        codecs.BOM_UTF8 + b"User-agent: *\nDisallow: /a",
        codecs.BOM_UTF8[:2] + b"User-agent: *\nDisallow: /a",
        codecs.BOM_UTF16_LE + "User-agent: *\nDisallow: /a".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "User-agent: *\nDisallow: /a".encode("utf-16-be"),
    ],
)
def test_encodings(body: bytes) -> None:
    """UTF-8 and, where a byte-order mark says so, UTF-16 are read."""
    assert not Rules.from_body(body).allows(f"{SITE}/a")
    assert Rules(text_of(body)).allows(f"{SITE}/b")


def test_the_rule_that_is_cut_at_the_limit_is_dropped() -> None:
    """Half of `Disallow: /private` must not become `Disallow: /`."""
    head = b"User-agent: *\nDisallow: /first\n"
    filler = b"#" * (MAX_BYTES - len(head) - len(b"\nDisallow: /"))
    rules = Rules.from_body(head + filler + b"\nDisallow: /private\n")
    assert rules.allows(f"{SITE}/second")
    assert not rules.allows(f"{SITE}/first")


@given(st.binary(max_size=300), st.text(max_size=30))
def test_no_body_raises(body: bytes, path: str) -> None:
    """Whatever a server sends, there are rules, and they answer."""
    rules = Rules.from_body(b"User-agent: *\nDisallow: " + body)
    assert rules.allows(f"{SITE}/{path}") in {True, False}


@given(
    st.text("ab*$/", min_size=1, max_size=12),
    st.text("ab/", max_size=12),
)
def test_matching_is_that_of_the_standard(rule: str, path: str) -> None:
    """The piecewise search finds what trying every length of every `*` finds."""

    def slow(pattern: str, rest: str) -> bool:
        if not pattern:
            return True
        if pattern == "$":
            return not rest
        if pattern[0] == "*":
            return any(slow(pattern[1:], rest[skip:]) for skip in range(len(rest) + 1))
        return rest.startswith(pattern[0]) and slow(pattern[1:], rest[1:])

    assert _allows(_for_all(f"Disallow: {rule}"), f"/{path}") is not slow(rule, f"/{path}")


@pytest.mark.parametrize(
    "rule", ["/" + "*a" * 2_000 + "b", "/" + "*" * 100_000 + "b", "/" + "a*" * 2_000 + "$"]
)
def test_hostile_patterns_take_linear_time(rule: str) -> None:
    """No pattern makes the matcher try again what it has tried."""
    rules = Rules(_for_all(f"Disallow: {rule}"))
    address = f"{SITE}/" + "a" * 2_000
    began = time.process_time()
    for _ in range(20):
        rules.allows(address)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("outcome", "code", "location", "answer"),
    [
        (Outcome.OK, 200, "", Answer.RULES),
        (Outcome.TOO_LARGE, 200, "", Answer.RULES),
        (Outcome.REDIRECT, 301, "/other.txt", Answer.REDIRECT),
        (Outcome.CLIENT_ERROR, 304, "", Answer.ALLOW),
        (Outcome.CLIENT_ERROR, 404, "", Answer.ALLOW),
        (Outcome.BLOCKED, 403, "", Answer.ALLOW),
        (Outcome.THROTTLED, 429, "", Answer.RETRY),
        (Outcome.SERVER_ERROR, 500, "", Answer.RETRY),
        (Outcome.THROTTLED, 503, "", Answer.RETRY),
        (Outcome.TIMEOUT, 0, "", Answer.RETRY),
        (Outcome.RESET, 0, "", Answer.RETRY),
        (Outcome.PROTOCOL_ERROR, 0, "", Answer.RETRY),
        (Outcome.CANCELLED, 0, "", Answer.RETRY),
        (Outcome.DNS, 0, "", Answer.DEAD),
        (Outcome.REFUSED, 0, "", Answer.DEAD),
        (Outcome.TLS, 0, "", Answer.DEAD),
        (Outcome.POLICY, 0, "", Answer.DEAD),
    ],
)
def test_what_an_answer_means(outcome: Outcome, code: int, location: str, answer: Answer) -> None:
    """4xx allows, 5xx and silence ask for another try, redirects lead on (§2.3.1)."""
    request = FetchRequest(1, 0, f"{SITE}/robots.txt", Purpose.ROBOTS)
    assert read_answer(FetchResult(request, outcome, code, location=location)) is answer
