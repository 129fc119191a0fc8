"""What the documents say is what the product does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_readme_has_the_product_s_own_key_table() -> None:
    """The table of keys in the README is made from the bindings."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "tables.py"), "--check"], check=False
    )
    assert done.returncode == 0, "run `python docs/tables.py`"


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    """Every relative link and every named file of a document exists."""
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    targets += re.findall(r"`((?:docs|tests|examples|benchmarks)/[\w./]*)`", text)
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert missing == []


def test_the_make_targets_are_those_that_are_told() -> None:
    """`make` lists every target."""
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = {line.split()[1] for line in listed.stdout.splitlines() if line.strip()}
    assert {"demo", "test", "check", "fix", "bench", "clean", "run"} <= named
