"""Asking again for what failed, beside excludes and caps that were made meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import CapTemplate, Exclude, RetryFailed
from crawler_core.crawl.local import Crawl
from crawler_core.engine import surgery
from crawler_core.engine.ledger import Ledger
from crawler_core.frontier.table import UrlTable
from crawler_core.model import Outcome, Role, UrlRow, UrlState
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.engine.crawling import config, crawling, outcomes_of, until
from tests.engine.site import Ask, Reply, Site, page

FAILING = [f"/{kind}/{n}" for kind in ("cal", "log") for n in range(4)]
START = "http://127.0.0.1/"


def _answer(ask: Ask) -> Reply | str | None:
    if ask.path == "/":
        return page(*FAILING, title="start")
    return Reply(500, b"") if ask.path in FAILING else None


@pytest.fixture
def failed(tmp_path: Path) -> Iterator[tuple[Crawl, Site, Path]]:
    """A crawl that is over, eight of whose nine URLs ended as server errors."""
    path = tmp_path / "a.crawl"
    with (
        Site(_answer) as site,
        crawling(path, site.url(), retries=0, fetch_workers=2) as crawl,
    ):
        assert crawl.wait(20)
        assert crawl.snapshot().broken == 8
        yield crawl, site, path


def _told(crawl: Crawl, words: str) -> bool:
    return any(words in line.text for line in crawl.snapshot().log)


def test_what_was_cut_off_meanwhile_keeps_its_results(failed: tuple[Crawl, Site, Path]) -> None:
    """Only what is asked again is said to be, and nothing else is thrown away."""
    crawl, site, path = failed
    crawl.send(CapTemplate(site.url("/cal/{n}"), 0))
    crawl.send(Exclude("/log/[12]$"))
    crawl.send(RetryFailed())
    until(lambda: _told(crawl, "2 failed URLs are asked for again"))
    until(lambda: site.hits["/log/3"] == 2)
    assert crawl.wait(20)
    assert {ask for ask in FAILING if site.hits[ask] == 2} == {"/log/0", "/log/3"}
    assert crawl.snapshot().broken == 8
    crawl.close()
    ended = outcomes_of(path)
    assert all(ended[url] == str(Outcome.SERVER_ERROR) for url in FAILING)


def test_a_cap_that_is_just_full_counts_as_full(failed: tuple[Crawl, Site, Path]) -> None:
    """All URLs of a template were asked for, and no more may be: their results stay."""
    crawl, site, _ = failed
    crawl.send(CapTemplate(site.url("/cal/{n}"), 4))
    crawl.send(RetryFailed())
    until(lambda: _told(crawl, "4 failed URLs are asked for again"))
    until(lambda: all(site.hits[url] == 2 for url in FAILING if "log" in url))
    assert crawl.wait(20)
    assert {site.hits[url] for url in FAILING if "cal" in url} == {1}
    assert crawl.snapshot().broken == 8


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A loaded crawl with 2,000 URLs of which half were asked for."""
    store = Store.create(tmp_path / "b.crawl", config(START), version="1")
    found = Ledger(store, store.config, now=0.0, wall=time.time, chance=lambda: 0.5)
    found.load(0.0)
    for number in range(2, 2_002):
        kind = "abcdefghij"[number % 10]
        row = UrlRow(
            url_id=number,
            address=f"{START}{kind}/{number}",
            depth=1,
            hops=0,
            role=Role.CRAWL,
            internal=True,
            state=UrlState.WAITING,
            source_id=1,
            attempts=number % 4 // 2,
        )
        found.frontier.accept(row)
        store.add_url(row)
    store.commit()
    yield found
    store.close()


def test_all_caps_of_a_resume_are_counted_in_one_pass(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each URL that was asked for is looked at once, however many caps there are."""
    templates = [f"{START}{kind}/{{n}}" for kind in "abcdefghij"]
    surgery._reconfigure(ledger, caps=tuple((each, 150) for each in templates))
    looked_at = list[int]()
    real = UrlTable.address

    def address(self: UrlTable, url_id: int) -> str:
        looked_at.append(url_id)
        return real(self, url_id)

    monkeypatch.setattr(UrlTable, "address", address)
    surgery.take_up(ledger)
    asked = sum(ledger.frontier.table.asked)
    assert asked == 1_000
    assert sorted(looked_at) == sorted(set(looked_at))
    assert len(looked_at) == asked
    monkeypatch.undo()
    assert ledger.frontier.trap.caps == dict.fromkeys(templates, 50)


def test_a_full_cap_is_closed_once(ledger: Ledger) -> None:
    """What it turns away afterwards starts no further pass over all that is known."""
    template = f"{START}a/{{n}}"
    ledger.frontier.trap.caps[template] = 0
    surgery.close_if_full(ledger, template)
    assert not ledger.works.is_idle
    while ledger.go_on(time.monotonic):
        pass
    kept_out = ledger.frontier.kept_out
    assert kept_out == 200
    for _ in range(100):
        surgery.close_if_full(ledger, template)
        assert ledger.works.is_idle
    with StoreReader(ledger.store.path) as reader:
        assert reader.summary().found >= 2_000
