"""The endurance run works, and what it says of memory and disk holds at a small scale."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_bytes_of_a_link_and_of_a_url(tmp_path: Path) -> None:
    """A link takes few bytes on disk, nothing beside the store stays, and all pages are done."""
    sizes = ("--pages", "500", "--links", "30000", "--urls", "2500")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.endurance", *sizes, "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "500 pages, 30,000 links, 2,500 URLs" in done.stdout
    assert "2,500 URLs known" in done.stdout
    assert "CSV: 500 rows" in done.stdout
    closed = re.search(r"([\d.]+) MB closed", done.stdout)
    assert closed is not None
    assert 0.5 < float(closed[1]) < 3, "30,000 links of 41 bytes, 2,500 URLs, 500 pages"
    assert list(tmp_path.iterdir()) == []
