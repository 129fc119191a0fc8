"""The benchmark of keys: its crawl file is one that the dashboard can go on with."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import keys
from crawler_core.store.reader import StoreReader


def test_made_up_crawl(tmp_path: Path) -> None:
    """The file holds the finished URLs asked for, and one that waits."""
    path = tmp_path / "keys.crawl"
    keys.fill(path, "http://127.0.0.1:8080/", 1_200, 4)
    with StoreReader(path) as reader:
        summary = reader.summary()
        assert (summary.done, summary.waiting, summary.state) == (1_200, 1, "stopped")
        assert summary.broken == 60
        assert reader.shape().pages == 1_200


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A key without effect counts as the longest time there is."""
    keys.table([keys.Pressed("+", [10.0, 20.0, 30.0]), keys.Pressed("2", [40.0, None])])
    head, first, second, last = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["key", "times"]
    assert first.split() == ["+", "3", "20", "30", "30", "0"]
    assert second.split() == ["2", "2", "3000", "3000", "3000", "1"]
    assert last.startswith("all")
    assert "3000" in last
