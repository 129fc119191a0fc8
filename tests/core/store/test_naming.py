"""Which pages name certain URLs: looked up piece by piece, while other pages are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler_core.store import targets
from crawler_core.store.writer import Store
from tests.stores import START, config, link, parsed, record, url_row

PAGES = 40


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Each page names its two followers."""
    made = Store.create(tmp_path / "a.crawl", config(), version="0.0")
    for url_id in range(1, PAGES + 3):
        made.add_url(url_row(url_id, f"{START}{url_id}"))
    for url_id in range(1, PAGES + 1):
        made.finish(
            record(url_id, f"{START}{url_id}", page=parsed()),
            [link(url_id, url_id + 1), link(url_id, url_id + 2)],
        )
    return made


def pieces(store: Store, wanted: set[int]) -> list[list[int]]:
    """What each piece holds, to the end."""
    found = []
    sources, last = store.naming(wanted, 0)
    while last:
        found.append(sources)
        sources, last = store.naming(wanted, last)
    return found


@pytest.mark.parametrize("piece", [1, 7, 20_000])
def test_all_pages_that_name_a_url_are_found(
    store: Store, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the pieces, each page comes once, also those that are not committed yet."""
    monkeypatch.setattr(targets, "_PIECE", piece)
    found = pieces(store, {5, 6, 30})
    assert [source for each in found for source in each] == [3, 4, 5, 28, 29]
    assert len(found) == {1: PAGES, 7: PAGES // 4, 20_000: 1}[piece]
    assert not any(pieces(store, {1_000}))
    store.close()


def test_a_page_that_is_written_meanwhile_is_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes in behind the place that was reached is looked at as well."""
    monkeypatch.setattr(targets, "_PIECE", 1)
    assert store.naming({5}, 0) == ([], 1)
    late = PAGES + 1
    store.finish(record(late, f"{START}{late}", page=parsed()), [link(late, 5)])
    assert store.naming({5}, PAGES) == ([late], late)
    assert store.naming({5}, late) == ([], 0)
    store.close()
