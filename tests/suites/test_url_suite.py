"""The WHATWG cases of the shared suites, read from the folder that CRAWLTUI_SUITES names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from crawler_core.url import resolve

FOLDER = os.environ.get("CRAWLTUI_SUITES", "")
pytestmark = [
    pytest.mark.suite,
    pytest.mark.skipif(not FOLDER, reason="CRAWLTUI_SUITES names no folder of test suites"),
]


def test_every_web_case_resolves_as_the_standard_says() -> None:
    """All 482 web cases give the href of the standard, or None where parsing must fail."""
    cases = json.loads((Path(FOLDER) / "url/resolve_web.json").read_text("utf-8"))
    wrong = [
        (case["input"], case["base"], case["expected"], found)
        for case in cases
        if (found := resolve(case["input"], case["base"])) != case["expected"]
    ]
    assert wrong == []
    assert len(cases) == 482
