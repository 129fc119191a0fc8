"""Scope surgery on a running crawl: what is excluded, capped and taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import (
    CapTemplate,
    Exclude,
    Pause,
    Resume,
    Stop,
    UncapTemplate,
    Unexclude,
)
from crawler_core.crawl.local import Crawl
from crawler_core.frontier.trap import TrapGuard
from crawler_core.model import UrlState
from crawler_core.scope import CAPPED
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.engine.crawling import (
    crawl_to_end,
    crawling,
    outcomes_of,
    resume_to_end,
    rows_of,
    skipped_of,
    until,
)
from tests.engine.site import Answer, Ask, Reply, Site, page

PAGES = [f"/{kind}/{n}" for kind in ("keep", "drop") for n in range(30)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def shelves() -> dict[str, Answer]:
    """A start page, two shelves of pages, and pages that name more of the second shelf."""
    site: dict[str, Answer] = {path: page(f"{path}/more", title=path) for path in PAGES}
    site |= {f"{path}/more": page("/drop/deep/1?x=2", title="more") for path in PAGES}
    site["/drop/deep/1?x=2"] = page(title="deep")
    site["/"] = page(*PAGES)
    return site


class Gate:
    """Lets the start page out at once, and everything else when it opens."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._pages = shelves()

    def __call__(self, ask: Ask) -> Reply | str | None:
        if ask.path not in {"/", "/robots.txt"}:
            self._open.wait(60)
        found = self._pages.get(ask.path)
        return None if found is None or callable(found) else found

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def held(store: Path) -> Iterator[tuple[Crawl, Gate, Site]]:
    """A crawl whose two fetch workers hold a page each while all others wait."""
    gate = Gate()
    with (
        Site(gate) as site,
        crawling(store, site.url(), fetch_workers=2, parse_in="threads") as crawl,
    ):
        until(lambda: crawl.snapshot().stages.waiting >= 58)
        crawl.send(Pause())
        until(lambda: crawl.snapshot().paused)
        yield crawl, gate, site
        gate.open()


def waiting(store: Path) -> set[str]:
    """Paths of what waits, as the file has it."""
    with StoreReader(store) as reader:
        ids = range(1, reader.summary().found + 1)
        details = [reader.detail(url_id) for url_id in ids]
    return {
        "/" + each.address.split("/", 3)[3]
        for each in details
        if each is not None and each.state is UrlState.WAITING
    }


def caps_in(store: Path) -> tuple[tuple[str, int, int], ...]:
    """The caps as a screen reads them."""
    with StoreReader(store) as reader:
        return reader.cuts().caps


def wait_for_line(crawl: Crawl, text: str) -> None:
    """Wait for a line of the log: it comes when all that waits has been looked at."""
    until(lambda: any(text in line.text for line in crawl.snapshot().log))


def finish(crawl: Crawl, gate: Gate) -> None:
    """Let the crawl go on to its end."""
    gate.open()
    crawl.send(Resume())
    assert crawl.wait(60), crawl.snapshot()


def test_excluded_urls_are_kept_out(store: Path, held: tuple[Crawl, Gate, Site]) -> None:
    """What waits and matches is kept out at once, what is named later as well; the rest goes on."""
    crawl, gate, site = held
    before = crawl.snapshot()
    crawl.send(Exclude("/drop/"))
    wait_for_line(crawl, "excluded by you: /drop/")
    now = crawl.snapshot()
    assert now.kept_out >= 28
    assert now.stages.waiting + now.kept_out == before.stages.waiting
    assert now.skipped == {"excluded by /drop/": now.kept_out}
    finish(crawl, gate)
    asked = {ask.path for ask in site.log if ask.path.startswith("/drop")}
    assert len(asked) <= 2  # those that were under way
    skipped = skipped_of(store)
    assert set(skipped.values()) == {"excluded by /drop/"}
    assert any("/drop/deep/" in address for address in skipped)
    with StoreReader(store) as reader:
        assert reader.config().excluded == ("/drop/",)
        assert reader.cuts().excluded == (("/drop/", len(skipped)),)
    kept = [path for path in outcomes_of(store) if path.startswith("/keep")]
    assert len(kept) == 60


def test_an_exclude_taken_back_leaves_no_trace(
    store: Path, held: tuple[Crawl, Gate, Site], tmp_path: Path
) -> None:
    """After taking it back the crawl ends as one that never had the pattern."""
    crawl, gate, site = held
    crawl.send(Exclude("/drop/"))
    until(lambda: crawl.snapshot().kept_out >= 28)
    crawl.send(Unexclude("/drop/"))
    wait_for_line(crawl, "waiting again")
    assert crawl.snapshot().kept_out == 0
    finish(crawl, gate)
    last = crawl.snapshot()
    assert last.skipped.get("excluded by /drop/", 0) == 0
    assert sum(last.skipped.values()) == 0
    crawl_to_end(tmp_path / "b.crawl", site.url())
    assert rows_of(store) == rows_of(tmp_path / "b.crawl")
    assert max(site.hits[path] for path in PAGES) == 2  # once in each crawl


def test_two_patterns_hold_apart(store: Path, held: tuple[Crawl, Gate, Site]) -> None:
    """Taking one pattern back leaves out what another one excludes, for that one's reason."""
    crawl, _, _ = held
    crawl.send(Exclude("/drop/1"))
    crawl.send(Exclude("/drop/"))
    wait_for_line(crawl, "excluded by you: /drop/ (")
    first = crawl.snapshot()
    assert first.kept_out >= 28
    assert first.skipped["excluded by /drop/1"] == 11
    crawl.send(Unexclude("/drop/1"))
    wait_for_line(crawl, "waiting again")
    now = crawl.snapshot()
    assert now.kept_out == first.kept_out
    assert now.skipped["excluded by /drop/"] == now.kept_out


def test_a_finished_crawl_goes_on_with_what_is_taken_back(
    store: Path, held: tuple[Crawl, Gate, Site]
) -> None:
    """Taking a pattern back gives a crawl that had ended something to do again."""
    crawl, gate, _ = held
    crawl.send(Exclude("/drop/"))
    until(lambda: crawl.snapshot().kept_out >= 28)
    finish(crawl, gate)
    before = crawl.snapshot()
    assert before.state == "finished"
    crawl.send(Unexclude("/drop/"))
    until(lambda: crawl.snapshot().done > before.done and crawl.is_over)
    assert crawl.snapshot().done == 1 + 4 * 30 + 1


def test_a_start_url_cannot_be_excluded(store: Path) -> None:
    """A pattern that matches everything leaves the start URLs, and the crawl ends."""
    with Site(shelves()) as site, crawling(store, site.url(), parse_in="threads") as crawl:
        crawl.send(Exclude("http"))
        assert crawl.wait(60)
        assert crawl.snapshot().state == "finished"
    assert "/" in outcomes_of(store)


@pytest.mark.parametrize("pattern", ["(", "(a+)+$", ""])
def test_a_bad_pattern_changes_nothing(
    store: Path, held: tuple[Crawl, Gate, Site], pattern: str
) -> None:
    """What is no pattern, or one that may never end, is refused in a sentence."""
    crawl, _, _ = held
    crawl.send(Exclude(pattern))
    until(lambda: crawl.snapshot().log)
    assert "is not excluded" in crawl.snapshot().log[-1].text
    assert crawl.snapshot().kept_out == 0


def test_a_retry_that_is_excluded_is_not_sent(store: Path) -> None:
    """A URL that waits for another try is dropped as well, and its host goes on."""
    pages: dict[str, Answer] = {"/": page("/flaky", "/good"), "/good": page(title="good")}
    pages["/flaky"] = Reply(500)
    with (
        Site(pages) as site,
        crawling(store, site.url(), parse_in="threads", retries=5) as crawl,
    ):
        until(lambda: crawl.snapshot().stages.retry == 1)
        crawl.send(Exclude("flaky"))
        assert crawl.wait(60)
        assert crawl.snapshot().state == "finished"
    assert list(skipped_of(store).values()) == ["excluded by flaky"]


def test_a_capped_template_is_left(store: Path, held: tuple[Crawl, Gate, Site]) -> None:
    """No more URLs of a capped template are asked for; taking the cap back asks for the rest."""
    crawl, gate, site = held
    template = site.url("/drop/{n}")
    crawl.send(CapTemplate(template))
    wait_for_line(crawl, "capped by you")
    kept = crawl.snapshot().skipped[CAPPED + template]
    assert kept == crawl.snapshot().kept_out >= 28
    until(lambda: caps_in(store) == ((template, 30 - kept, kept),))
    crawl.send(UncapTemplate(template))
    until(lambda: crawl.snapshot().kept_out == 0)
    finish(crawl, gate)
    assert len([path for path in outcomes_of(store) if path.startswith("/drop/")]) == 61


def test_resume_keeps_what_was_cut(store: Path, held: tuple[Crawl, Gate, Site]) -> None:
    """A stopped crawl goes on with its excludes and caps, which can then be taken back."""
    crawl, gate, site = held
    template = site.url("/keep/{n}")
    crawl.send(Exclude("/drop/"))
    crawl.send(CapTemplate(template))
    until(lambda: crawl.snapshot().kept_out >= 56)
    crawl.send(Stop())
    gate.open()
    assert crawl.wait(60)
    crawl.close()
    kept = skipped_of(store)
    last = resume_to_end(store)
    assert last.state == "finished"
    assert kept.items() <= skipped_of(store).items()
    assert last.skipped["excluded by /drop/"] >= 28


def test_what_was_under_way_at_a_kill_is_dropped(store: Path) -> None:
    """A URL that was in flight when it was excluded, and never finished, is not asked for again."""
    with Site(shelves()) as site:
        with crawling(store, site.url(), max_pages=1) as crawl:
            assert crawl.wait(60)
        writer = Store.open(store)
        row = next(row for row in writer.urls() if row.address.endswith("/drop/3"))
        changed = type(row)(
            *(row.url_id, row.address, row.depth, row.hops, row.role, row.internal),
            *(UrlState.WAITING, row.source_id),
        )
        writer.update_url(changed)
        config = writer.config
        writer.reconfigure(type(config)(start_urls=config.start_urls, excluded=("/drop/",)))
        writer.close()
        before = site.hits["/drop/3"]
        resume_to_end(store, parse_in="main")
        assert site.hits["/drop/3"] == before == 0
    assert skipped_of(store)[site.url("/drop/3")] == "excluded by /drop/"


def test_a_trap_that_closes_is_told_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page that is kept out as one of a trap gets a line in the log, others none."""
    monkeypatch.setattr(TrapGuard.__init__, "__defaults__", (6,))
    days = [f"/day/{n}" for n in range(1, 20)]
    site: dict[str, Answer] = {"/": page("/day/0")}  # its title is known when the others are asked
    site |= {day: page(title="Events") for day in days} | {"/day/0": page(*days, title="Events")}
    with (
        Site(site) as served,
        crawling(store, served.url("/"), parse_in="main", fetch_workers=1) as crawl,
    ):
        assert crawl.wait(60)
        told = [line for line in crawl.snapshot().log if "looks like a trap" in line.text]
        assert f"{served.url('/day/{n}')}: 6 pages had one title" in told[0].text
    assert len(told) == 1
    assert "trap: many pages of one pattern, one title" in skipped_of(store).values()


def test_a_trap_that_fills_the_queue_is_told(store: Path) -> None:
    """The log names a template that is much of what waits and whose pages have one title."""

    def answer(ask: Ask) -> str:
        day = int(ask.path.rpartition("/")[2] or 0)
        return page(*(f"/day/{20 * day + n}" for n in range(20)), title="Events")

    # It is looked for once a second: the 500 pages after which the guard ends it take longer.
    with (
        Site(answer, delay=0.03) as site,
        crawling(
            store, site.url("/day/1"), ignore_robots=True, parse_in="threads", fetch_workers=4
        ) as crawl,
    ):
        until(lambda: any("T shows it" in line.text for line in crawl.snapshot().log))
        told = next(line for line in crawl.snapshot().log if "T shows it" in line.text)
        crawl.send(Stop())
        assert crawl.wait(60)
    assert told.level == "warning"
    assert told.text.startswith(site.url("/day/{n}") + " is ")
