"""A crawl dies while URLs are excluded, taken back, or capped: a resume has it all or nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from crawler_core.engine.ledger import Ledger
from crawler_core.model import UrlState
from crawler_core.scope import CAPPED, EXCLUDED
from crawler_core.store.writer import Store
from tests.stores import START, config, link, parsed, record, url_row

ROOT = Path(__file__).parents[2]
WAITING = 20
"""Waiting URLs of each of the two kinds."""


def before(path: Path) -> None:
    """A start page that links to waiting URLs of two kinds."""
    store = Store.create(path, config(), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    ids = range(2, 2 + 2 * WAITING)
    for url_id in ids:
        kind = "section" if url_id % 2 else "later"
        store.add_url(url_row(url_id, f"{START}{kind}/{url_id}"))
    store.finish(record(1, START, page=parsed()), [link(1, n) for n in ids])
    store.close()


def resumed(path: Path) -> None:
    """Take a crawl up again, and end what it was about when it died."""
    store = Store.open(path)
    ledger = Ledger(store, store.config, now=0.0, wall=time.time, chance=lambda: 0.5)
    ledger.load(0.0)
    ledger.works.go_on(time.monotonic, 60.0)
    assert ledger.works.is_idle
    store.close()


def test_surgery_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """Whatever statement it dies at, what the configuration says is kept out after a resume."""
    before(tmp_path / "before.crawl")
    done = subprocess.run(
        [sys.executable, "-m", "tests.resume.surgeon", str(tmp_path), "5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    seen = set()
    stores = [path for path in tmp_path.glob("*.crawl") if path.stem.isdigit()]
    assert len(stores) > 10
    for path in stores:
        resumed(path)
        store = Store.open(path)
        rows = list(store.urls())
        kept = [row.reason for row in rows if row.state is UrlState.KEPT_OUT]
        expected = [EXCLUDED + pattern for pattern in store.config.excluded]
        expected += [CAPPED + template for template, _ in store.config.caps]
        store.close()
        assert kept == [reason for reason in expected for _ in range(WAITING)], path
        assert len(rows) == 1 + 2 * WAITING
        seen.add(tuple(expected))
    assert len(seen) == 3  # nothing, excluded, capped
