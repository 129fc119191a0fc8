"""Asking again for what failed, beside excludes and caps that were made meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import CapTemplate, Exclude, RetryFailed
from crawler_core.crawl.local import Crawl
from crawler_core.model import Outcome
from tests.engine.crawling import crawling, outcomes_of, until
from tests.engine.site import Ask, Reply, Site, page

FAILING = [f"/{kind}/{n}" for kind in ("cal", "log") for n in range(4)]


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
        assert crawl.wait(60)
        assert crawl.snapshot().broken == 8
        yield crawl, site, path


def _told(crawl: Crawl, words: str) -> bool:
    return any(words in line.text for line in crawl.snapshot().log)


def test_what_was_cut_off_meanwhile_keeps_its_results(failed: tuple[Crawl, Site, Path]) -> None:
    """Only what is asked again is said to be, and nothing else is thrown away."""
    crawl, site, path = failed
    crawl.send(CapTemplate(site.url("/cal/{n}")))
    crawl.send(Exclude("/log/[12]$"))
    crawl.send(RetryFailed())
    until(lambda: _told(crawl, "2 failed URLs are asked for again"))
    until(lambda: site.hits["/log/3"] == 2)
    assert crawl.wait(60)
    assert {ask for ask in FAILING if site.hits[ask] == 2} == {"/log/0", "/log/3"}
    assert crawl.snapshot().broken == 8
    crawl.close()
    ended = outcomes_of(path)
    assert all(ended[url] == str(Outcome.SERVER_ERROR) for url in FAILING)
