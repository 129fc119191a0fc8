"""Stores of earlier versions: patterns that would be refused today hold on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import Exclude, Unexclude
from crawler_core.config import Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.errors import ConfigError
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.engine.crawling import (
    config,
    crawl_to_end,
    crawling,
    outcomes_of,
    resume_to_end,
    rows_of,
    skipped_of,
    until,
)
from tests.engine.site import Site, page

EARLIER = {"exclude": [r"/(\w\w?)+z$"], "excluded": [r"/(?:b|bb)+x$"], "include": [r"(/|/)+\w*$"]}
PAGES = {
    "/": page("/az", "/bx", "/c", title="start"),
    "/az": page(title="az"),
    "/bx": page(title="bx"),
    "/c": page("/bbx", "/d", title="c"),
    "/d": page("/dz", title="d"),
}

Stored = tuple[Path, Site]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Stored]:
    """A crawl that stopped after two pages, with patterns that are refused today."""
    path = tmp_path / "a.crawl"
    with Site(dict(PAGES)) as site:
        crawl_to_end(path, site.url(), max_pages=2, exclude=("/az$",), excluded=("/bx$",))
        writer = Store.open(path)
        fields = json.loads(writer.meta("config") or "")
        del fields["tolerated"]  # as an earlier version wrote it
        writer.set_meta("config", json.dumps({**fields, **EARLIER}))
        for row in writer.urls():
            if row.reason.startswith("excluded by "):
                kind = "excluded" if row.address.endswith("bx") else "exclude"
                writer.keep_out(row.url_id, f"excluded by {EARLIER[kind][0]}")
        writer.close()
        yield path, site


def test_it_opens_for_all_that_only_reads(stored: Stored) -> None:
    """Its configuration, its rows, its excludes and the answers of "why" are there."""
    store, site = stored
    assert set(rows_of(store)) == {site.url("/"), site.url("/c")}
    with StoreReader(store) as reader:
        kept = reader.config()
        assert {name: list(getattr(kept, name)) for name in EARLIER} == EARLIER
        assert reader.cuts().excluded == ((EARLIER["excluded"][0], 1),)
        answer, _, _ = reader.why(0, [site.url("/bx")])
        assert answer.word == "KEPT OUT"
        assert ("pattern", EARLIER["excluded"][0]) in answer.facts
        assert "matches" not in dict(answer.facts)  # to say so may take for ever


def test_a_resume_uses_them_and_warns(stored: Stored) -> None:
    """They keep out what they match, and the log says that they may hold the crawl up."""
    store, site = stored
    last = resume_to_end(store, max_pages=50)
    told = [line.text for line in last.log if "may hold the crawl up" in line.text]
    assert len(told) == 3
    assert all("for ever" in text for text in told)
    assert set(outcomes_of(store)) == {"/", "/c", "/d"}
    kept_out = skipped_of(store)
    assert kept_out[site.url("/dz")] == f"excluded by {EARLIER['exclude'][0]}"
    assert kept_out[site.url("/bbx")] == f"excluded by {EARLIER['excluded'][0]}"


def test_one_can_be_taken_back_and_then_not_be_given_again(stored: Stored) -> None:
    """Taking an exclude of an earlier version back works; to type it again is refused."""
    store, site = stored
    crawl = Crawl.resume(store, Secrets(), {"max_pages": 50})
    try:
        crawl.start()
        assert crawl.wait(60)
        crawl.send(Unexclude(EARLIER["excluded"][0]))
        until(lambda: site.hits["/bx"] == site.hits["/bbx"] == 1)
        assert crawl.wait(60)
        assert any("no longer excluded" in line.text for line in crawl.snapshot().log)
    finally:
        crawl.close()
    with StoreReader(store) as reader:
        assert reader.config().excluded == ()
    with crawling(store.with_name("b.crawl"), site.url()) as other:
        other.send(Exclude(EARLIER["excluded"][0]))
        until(lambda: any("is not excluded: This has" in it.text for it in other.snapshot().log))


def test_what_is_typed_now_is_judged(stored: Stored) -> None:
    """A new pattern of that kind is refused, for a new crawl and for a resumed one."""
    store, _ = stored
    with pytest.raises(ConfigError, match="for ever"):
        resume_to_end(store, exclude=(r"(x+x+)+y",))
    with pytest.raises(ConfigError, match="for ever"):
        config("http://127.0.0.1/", exclude=tuple(EARLIER["exclude"]))
    assert resume_to_end(store, max_pages=50).state == "finished"
