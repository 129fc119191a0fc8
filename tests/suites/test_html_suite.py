"""The browser's view of 246 documents, and inputs that make parsers backtrack.

The oracle's file holds exactly the 246 documents with expected values. Compared are
`crawl_set` (http(s) targets of a and area, fragment cut), the title and the charset. Where
the oracle allows two forms of a query, ours is the one in the document's encoding.
"""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from crawler_core.model import HYPERLINK_KINDS, ParsedPage, ParseJob
from crawler_core.parse import encoding
from crawler_core.parse.worker import PARSERS, parse_page
from crawler_core.url import normalize

FOLDER = os.environ.get("CRAWLTUI_SUITES", "")
pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(not FOLDER, reason="CRAWLTUI_SUITES names no folder of test suites"),
]

GUESS = "undeclared and valid UTF-8: we guess UTF-8, the oracle takes windows-1252 without a look"
MISSES = {
    ("linkinator/relative/nested/nested.html", "charset"): GUESS,
    ("linkinator/relative/ohai.html", "charset"): GUESS,
    ("linkchecker/urlencoding_anchor.html", "charset"): GUESS,
    ("linkchecker/http.xhtml", "crawl_set"): (
        "XHTML without namespace has no links for an XML parser; we read it as HTML"
    ),
    ("scrapy/test_restrict_xpaths_with_html_entities/220", "crawl_set"): (
        "the oracle writes ASCII letters of the query as references; the URL Standard encodes "
        "only the euro sign, in the document's ISO-8859-15 (%A4)"
    ),
}
"""Every known difference and its reason; the test fails when one vanishes or a new one comes."""


def _cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((Path(FOLDER) / "html" / name).read_text("utf-8"))
    return loaded


def _body(case: dict[str, Any]) -> bytes:
    return case["html"].encode() if "html" in case else base64.b64decode(case["html_b64"])


def _crawl_set(page: ParsedPage) -> list[str]:
    return sorted(
        {
            link.url
            for link in page.links
            if link.kind in HYPERLINK_KINDS and link.url.startswith(("http://", "https://"))
        }
    )


@pytest.mark.parametrize("parser", PARSERS)
def test_documents_are_read_as_a_browser_reads_them(parser: str) -> None:
    """Links, title and charset of all 246 documents are a browser's, but for listed misses."""
    cases = _cases("links_oracle.json")
    found: dict[tuple[str, str], object] = {}
    for case in cases:
        expected = case["expected"]
        url = normalize(case["url"])
        assert url is not None
        page = parse_page(ParseJob(1, url, _body(case), case["content_type"]), parser)
        views = {
            "crawl_set": (_crawl_set(page), expected["crawl_set"]),
            "title": (page.title.text, expected["title"]),
            "charset": (page.encoding, expected["charset"].lower()),
        }
        found |= {(case["id"], name): both for name, both in views.items() if both[0] != both[1]}
    assert len(cases) == 246
    assert found.keys() == MISSES.keys(), {
        key: found.get(key) for key in found.keys() ^ MISSES.keys()
    }


def test_encodings_are_those_of_the_html5lib_cases() -> None:
    """All 82 documents of the encoding suite get their expected encoding."""
    wrong = []
    cases = _cases("html5lib_encoding.json")
    for case in cases:
        body = base64.b64decode(case["data_b64"])
        name = encoding.decide(body, "")
        if name != case["expected_encoding"].lower():
            wrong.append((body, name, case["expected_encoding"]))
    assert wrong == []
    assert len(cases) == 82


def _built(recipe: str) -> str:
    """The input that a recipe ("'x'*3 + 'y'") describes, without evaluating it as code."""
    if "mailto" in recipe:
        return f'<a href="mailto:{"a" * 500_000}@">x</a>'
    text = ""
    for part in recipe.split(" + "):
        literal, _, times = part.rpartition("*") if part[-1].isdigit() else (part, "", "1")
        text += literal.strip()[1:-1].replace('\\"', '"') * int(times)
    return text


@pytest.mark.parametrize("parser", PARSERS)
def test_backtracking_inputs_take_linear_time(parser: str) -> None:
    """Each of the inputs is parsed within seconds, encoding decision included."""
    recipes = _cases("backtracking_inputs.json")
    assert len(recipes) == 10
    for recipe in recipes:
        body = _built(recipe["build"]).encode()
        assert len(body) >= 100_000
        began = time.process_time()
        parse_page(ParseJob(1, "http://example.org/", body, "text/html"), parser)
        assert time.process_time() - began < 5, recipe
