"""1,056 verdicts on robots.txt files that other projects agree on, and odd files.

Tier `consensus`: source, Google's library and Protego agree; tier `rfc`: source and Google's
library agree. URLs go through `url.resolve` first, as every Address has.
"""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler_core.robots import CRAWL_DELAY_CAP, Rules
from crawler_core.url import resolve

FOLDER = os.environ.get("CRAWLTUI_SUITES", "")
pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(not FOLDER, reason="CRAWLTUI_SUITES names no folder of test suites"),
]

NOT_ESCAPED = (
    "the source hands in a URL with a raw letter beyond ASCII, which then equals no rule; our "
    "addresses are escaped before, and on those Google's library says what we say"
)
UNRESERVED = (
    "RFC 9309 §2.2.2 names this very pair (/foo/bar/%62%61%7A and /foo/bar/baz) as equal; "
    "Google's library does not decode the rule"
)
DIGITS = (
    "the name has digits, which a product token has not (§2.2.1); cut at them as for every "
    "other case, the group holds, and so says Google's library. Ours has none"
)
EXAMPLE = "http://example.com"
MISSES = {
    ("ID_Encoding", "FooBot", "http://foo.bar/foo/bar/ツ"): (2, NOT_ESCAPED),
    ("ID_Encoding", "FooBot", "http://foo.bar/foo/bar/baz"): (1, UNRESERVED),
    ("stress/369883.textproto#0", "AB42bot", f"{EXAMPLE}/foo/bar"): (1, DIGITS),
    ("stress/369883.textproto#0", "AB42bot", f"{EXAMPLE}/"): (1, DIGITS),
    ("stress/860237.textproto#0", "XYZ123bot", f"{EXAMPLE}/robots.txt"): (1, DIGITS),
}
"""Every known difference, how often, and its reason; a new or a vanished one fails."""


def _cases() -> list[dict[str, Any]]:
    text = (Path(FOLDER) / "robots/robots_cases.json").read_text("utf-8")
    return [case for case in json.loads(text) if case["tier"] in {"consensus", "rfc"}]


def _body(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["robots_b64"]) if "robots_b64" in case else case["robots"].encode()


def test_all_agreed_verdicts_are_ours() -> None:
    """The 1,056 cases that must pass do so, apart from the six that are listed."""
    cases = _cases()
    wrong: Counter[tuple[str, str, str]] = Counter()
    for case in cases:
        address = resolve(case["url"], "http://site.test/")
        assert address is not None, case["url"]
        if Rules.from_body(_body(case), case["ua"]).allows(address) is not case["allowed"]:
            wrong[case["test"], case["ua"], case["url"]] += 1
    assert len(cases) == 1_056
    assert wrong == {key: count for key, (count, _) in MISSES.items()}


def test_odd_bodies_never_raise() -> None:
    """Byte-order marks, UTF-16, lone CRs, HTML and worse give rules, whatever they say."""
    files = sorted((Path(FOLDER) / "robots/odd_bodies").iterdir())
    assert len(files) == 46
    for path in files:
        for agent in ("crawltui", "Googlebot", "*", ""):
            rules = Rules.from_body(path.read_bytes(), agent)
            assert rules.allows("http://site.test/a?b=c") in {True, False}
            assert 0 <= rules.crawl_delay <= CRAWL_DELAY_CAP
