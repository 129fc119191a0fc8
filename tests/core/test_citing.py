"""Which line of a robots.txt decides on a URL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core import robots
from crawler_core.robots import AGENTS_SHOWN, Citation, Rules, deciding_line

SITE = "http://site.test"
TEXT = """\
# of the house
User-agent: other
Disallow: /

User-agent: crawltui
User-agent: crawlother
Disallow: /private/   # a comment
Allow: /private/open
Disallow: /*.pdf$

User-agent: *
Disallow: /general/
"""


@pytest.mark.parametrize(
    ("path", "number", "allow"),
    [
        ("/private/x", 7, False),
        ("/private/open/x", 8, True),
        ("/a/b.pdf", 9, False),
        ("/general/", 0, False),
        ("/", 0, False),
    ],
)
def test_the_longest_match_is_cited(path: str, number: int, allow: bool) -> None:
    """The line counts from 1, and only those of our own group if there is one."""
    found = deciding_line(TEXT, SITE + path)
    if not number:
        assert found is None
        return
    assert found is not None
    assert (found.number, found.allow) == (number, allow)
    assert found.agents == ("crawltui", "crawlother")


def test_the_line_is_cited_as_written() -> None:
    """The text is that of the file, comment included, cleaned of what drives a terminal."""
    found = deciding_line("User-agent: *\r\n  Disallow: /a\x1b[31m # no\r\n", SITE + "/a%1B[31m")
    assert found == Citation(2, "Disallow: /a\N{REPLACEMENT CHARACTER}[31m # no", False, ("*",))


def test_a_crowded_group_is_read_in_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but agents and rules costs no more than its lines, and names a few."""
    cleaned: list[str] = []

    def clean(text: str, limit: int = 2_000) -> str:
        cleaned.append(text)
        return robots_clean(text, limit)

    robots_clean = robots.clean
    monkeypatch.setattr(robots, "clean", clean)
    agents = [f"User-agent: {name}" for name in ("x", "*", *map(str, range(500)))]
    found = deciding_line("\n".join((*agents, *["Disallow: /a"] * 500)), f"{SITE}/a")
    assert found is not None
    assert found.agents == ("x", "*", "0", "1", "2", "3", "4", "5", "…")
    assert len(found.agents) == AGENTS_SHOWN + 1
    assert len(cleaned) < 20


_LINE = st.sampled_from(
    ["User-agent: *", "User-agent: crawltui", "User-agent: x", "Crawl-delay: 2", "", "# c"]
) | st.builds(
    "{}: {}".format,
    st.sampled_from(["Allow", "Disallow", "Disalow"]),
    st.text(alphabet="/ab*$.%", max_size=5).map(lambda text: f"/{text}") | st.just("/a/index.html"),
)


@settings(max_examples=300)
@given(st.lists(_LINE, max_size=10), st.text(alphabet="/ab.$*%", max_size=6))
def test_the_cited_line_says_what_the_rules_say(lines: list[str], path: str) -> None:
    """Whatever the file, citing and deciding never disagree."""
    text = "\n".join(("User-agent: *", *lines))
    address = f"{SITE}/{path}"
    found = deciding_line(text, address)
    assert Rules(text).allows(address) is (found is None or found.allow)
    if found is not None:
        assert text.split("\n")[found.number - 1].strip() == found.text
