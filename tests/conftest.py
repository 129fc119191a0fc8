"""What holds for all tests.

The order of the files: the longest first, so that no process ends long after the others. No
property test fails for being slow, and each finds on every machine what it finds on one.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("crawltui", deadline=None, derandomize=True)
settings.load_profile("crawltui")

LONGEST = (
    *("tui/test_verdicts", "cli/test_runs", "tui/test_serve", "terminal/test_dashboard"),
    *("tui/test_dashboard", "core/parse/test_agreement", "engine/test_two_processes"),
    *("resume/test_kill", "engine/test_pilot", "engine/test_order", "test_examples"),
    *("terminal/test_lines", "engine/test_steering", "test_benchmarks", "tui/test_lesson"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file; within a file, and among all others, the order stays."""
    items.sort(
        key=lambda item: next((n for n, name in enumerate(LONGEST) if name in item.nodeid), 99)
    )
