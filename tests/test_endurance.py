"""The endurance run works, and what it says of memory and disk holds at a small scale."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_bytes_of_a_link_and_of_a_url(tmp_path: Path) -> None:
    """A link takes few bytes on disk, nothing beside the store stays, and all pages are done."""
    sizes = ("--pages", "1000", "--links", "60000", "--urls", "5000")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.endurance", *sizes, "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1,000 pages, 60,000 links, 5,000 URLs" in done.stdout
    assert "5,000 URLs known" in done.stdout
    assert "CSV: 1,000 rows" in done.stdout
    closed = re.search(r"([\d.]+) MB closed", done.stdout)
    assert closed is not None
    assert 1 < float(closed[1]) < 6, "60,000 links of 41 bytes, 5,000 URLs, 1,000 pages"
    assert list(tmp_path.iterdir()) == []
