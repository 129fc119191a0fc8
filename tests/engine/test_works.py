"""Long works in slices: what the engine's other work sees of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
from crawler_core.engine import asking_again, surgery
from crawler_core.engine.ledger import Ledger
from crawler_core.engine.works import Works
from crawler_core.frontier.claims import Fetch, KeptOut
from crawler_core.model import (
    FetchRequest,
    FetchResult,
    Link,
    LinkKind,
    Outcome,
    ParsedPage,
    Purpose,
)
from crawler_core.store.linklists import Edge
from crawler_core.store.writer import Store
from tests.engine.crawling import config

HOST = "http://a.test"
URLS = 3_000


def loaded(store: Store) -> Ledger:
    """A ledger that knows what is in the store."""
    ledger = Ledger(store, store.config, now=0.0, wall=lambda: 0.0, chance=lambda: 0.5)
    ledger.load(0.0)
    return ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A start page was read: many URLs of two kinds wait, by turns."""
    settings = config(f"{HOST}/", ignore_robots=True, rate=0, per_host=0)
    store = Store.create(tmp_path / "a.crawl", settings, version="0")
    known = loaded(store)
    assert known.frontier.claim(0.0) == Fetch(1, HOST)
    kinds = ("even", "odd")
    links = tuple(Link(f"{HOST}/{kinds[n % 2]}/{n}", LinkKind.ANCHOR) for n in range(URLS))
    request = FetchRequest(0, 1, f"{HOST}/", Purpose.CRAWL)
    answer = FetchResult(request, Outcome.OK, 200, is_html=True)
    known.record(answer, ParsedPage(links=links))
    yield known
    store.close()


def test_a_slice_ends_when_its_time_is_up() -> None:
    """It goes on where it was interrupted; what was ordered first is done first."""
    done: list[str] = []
    works, clock = Works(), iter(range(1_000))

    def steps(name: str) -> Iterator[None]:
        for number in range(4):
            done.append(f"{name}{number}")
            yield

    works.add(steps("a"))
    works.add(steps("b"))
    assert works.go_on(lambda: next(clock), 3)
    assert done == ["a0", "a1", "a2"]
    assert works.go_on(lambda: next(clock), 100)
    assert done[3:] == ["a3", "b0", "b1", "b2", "b3"]
    assert works.is_idle
    assert not works.go_on(lambda: next(clock), 100)


def test_what_a_slice_has_not_reached_is_not_asked_for(ledger: Ledger) -> None:
    """From the order on no URL that the pattern holds is sent, whether it was looked at or not."""
    surgery.operate(ledger, Exclude("/odd/"))
    claims = [ledger.frontier.claim(0.0) for _ in range(400)]
    out = [claim for claim in claims if isinstance(claim, KeptOut)]
    sent = [claim for claim in claims if isinstance(claim, Fetch)]
    assert len(out) == len(sent) == 200
    assert all("/even/" in ledger.frontier.table.address(claim.url_id) for claim in sent)
    for claim in out:
        ledger.kept_out(claim)
    assert ledger.works.go_on(time.monotonic, 60)
    assert ledger.stats.skipped["excluded by /odd/"] == ledger.frontier.kept_out == URLS // 2
    assert ledger.stats.log[-1].text == "excluded by you: /odd/ (1,500 URLs kept out)"


def test_an_undo_overtakes_what_it_undoes(ledger: Ledger) -> None:
    """Taken back before it was carried out, a pattern keeps nothing out."""
    clock = iter(range(10_000))
    surgery.operate(ledger, Exclude("/odd/"))
    assert ledger.works.go_on(lambda: next(clock), 100)
    assert 0 < ledger.frontier.kept_out < URLS // 2
    surgery.operate(ledger, Unexclude("/odd/"))
    assert ledger.works.go_on(time.monotonic, 60)
    assert (ledger.frontier.kept_out, ledger.frontier.waiting) == (0, URLS)
    assert [line.text for line in ledger.stats.log if "excluded by you" in line.text] == []
    assert not +ledger.stats.skipped


def test_a_resume_ends_what_a_death_cut_short(ledger: Ledger) -> None:
    """The rule is in the file before the first URL is kept out, and a resume keeps out the rest."""
    clock = iter(range(10_000))
    surgery.operate(ledger, Exclude("/odd/"))
    ledger.works.go_on(lambda: next(clock), 100)
    ledger.store.commit()
    ledger.store.abandon()
    store = Store.open(ledger.store.path)
    after = loaded(store)
    assert 0 < after.frontier.kept_out < URLS // 2
    assert not after.is_done
    after.works.go_on(time.monotonic, 60)
    assert after.frontier.kept_out == sum(after.stats.skipped.values()) == URLS // 2
    store.close()


def test_a_cap_holds_from_its_order_on(ledger: Ledger) -> None:
    """No URL of the template is sent any more; how many were before is counted in the end."""
    template = f"{HOST}/odd/{{n}}"
    asked = [ledger.frontier.claim(0.0) for _ in range(100)]
    surgery.operate(ledger, CapTemplate(template))
    assert ledger.config.caps == ((template, 0),)
    clock = iter(range(100_000))
    while not ledger.works.is_idle or ledger.frontier.waiting:
        claim = ledger.frontier.claim(0.0)
        if isinstance(claim, KeptOut):
            ledger.kept_out(claim)
        asked.append(claim)
        ledger.works.go_on(lambda: next(clock), 1)
    sent = [ledger.frontier.table.address(each.url_id) for each in asked if isinstance(each, Fetch)]
    assert sum("/odd/" in address for address in sent) == 50
    assert sum("/even/" in address for address in sent) == URLS // 2
    assert ledger.config.caps == ((template, 50),)
    assert ledger.stats.log[-1].text == f"capped by you: {template} (1,450 URLs kept out)"


def test_what_is_excluded_again_is_not_taken_back(ledger: Ledger) -> None:
    """Excluded, taken back and excluded before the first of it is done: only the last counts."""
    for command in (Exclude("/odd/"), Unexclude("/odd/"), Exclude("/odd/")):
        surgery.operate(ledger, command)
    assert ledger.works.go_on(time.monotonic, 60)
    assert ledger.frontier.kept_out == ledger.stats.skipped["excluded by /odd/"] == URLS // 2
    told = [line.text for line in ledger.stats.log]
    assert told == ["excluded by you: /odd/ (1,500 URLs kept out)"]
    assert ledger.store.meta(surgery.TAKING_BACK) == "[]"


@pytest.mark.parametrize("steps", [1, 6, 12, 14, 16])
def test_an_undo_may_be_undone_half_way(ledger: Ledger, steps: int) -> None:
    """What waits again already is kept out once more, and a resume has nothing to judge."""
    surgery.operate(ledger, Exclude("/odd/"))
    assert ledger.works.go_on(time.monotonic, 60)
    clock = iter(range(10_000))
    surgery.operate(ledger, Unexclude("/odd/"))
    assert ledger.works.go_on(lambda: next(clock), steps)
    assert not ledger.works.is_idle
    surgery.operate(ledger, Exclude("/odd/"))
    assert ledger.works.go_on(time.monotonic, 60)
    assert ledger.frontier.kept_out == ledger.stats.skipped["excluded by /odd/"] == URLS // 2
    assert +ledger.stats.skipped == {"excluded by /odd/": URLS // 2}
    assert [line.text for line in ledger.stats.log if "no longer" in line.text] == []
    assert ledger.store.meta(surgery.TAKING_BACK) == "[]"


def test_what_is_no_rule_is_not_taken_back(ledger: Ledger) -> None:
    """A key pressed twice orders nothing anew."""
    surgery.operate(ledger, UncapTemplate(f"{HOST}/odd/{{n}}"))
    surgery.operate(ledger, Unexclude("/odd/"))
    assert ledger.works.is_idle
    told = [line.text for line in ledger.stats.log]
    assert told == [f"{HOST}/odd/{{n}} was not capped", "/odd/ was not excluded"]


# -- what else would hold the engine up ---------------------------------------------------

PAGES = 40


def asked(ledger: Ledger, web: dict[str, tuple[Link, ...] | str], *, last: str) -> None:
    """Ask for all that waits; links are a page, a text is where it redirects, `last` comes last."""
    held: list[Fetch] = []
    moments = itertools.count(0.0, 1000.0)
    while claim := ledger.frontier.claim(next(moments)) or (held.pop() if held else None):
        assert isinstance(claim, Fetch)
        url = ledger.frontier.table.address(claim.url_id)
        if url == last and ledger.frontier.waiting:
            held.append(claim)
            continue
        found = web.get(url, "")
        request = FetchRequest(0, claim.url_id, url, Purpose.CRAWL)
        if isinstance(found, tuple):
            answer = FetchResult(request, Outcome.OK, 200, is_html=True, body_read=True)
            ledger.record(answer, ParsedPage(links=found))
        elif found:
            ledger.record(FetchResult(request, Outcome.REDIRECT, 302, location=found), None)
        else:
            ledger.record(FetchResult(request, Outcome.SERVER_ERROR, 500), None)


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[Ledger]:
    """Many pages were read, whose links lead to another site; a start redirects to it at last.

    All that is on that site has failed.
    """
    go, other = "http://go.test/", "http://b.test"
    settings = config(f"{HOST}/", go, ignore_robots=True, rate=0, per_host=0)
    store = Store.create(tmp_path / "b.crawl", settings, version="0")
    known = loaded(store)
    pages = [f"{HOST}/{n}" for n in range(PAGES)]
    web: dict[str, tuple[Link, ...] | str] = {
        page: (Link(f"{other}/{n}", LinkKind.ANCHOR),) for n, page in enumerate(pages)
    }
    web[f"{HOST}/"] = tuple(Link(page, LinkKind.ANCHOR) for page in pages)
    web |= {go: f"{other}/", f"{other}/": ()}
    asked(known, web, last=go)
    yield known
    store.close()


def in_steps(ledger: Ledger) -> Iterator[None]:
    """Go on with the works, one step after the other."""
    while ledger.works.go_on(lambda: 0.0, 0.0):
        yield


def test_links_to_a_new_site_are_heard_page_by_page(
    wide: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a start has redirected to another site, no step reads the links of more than a page."""
    table, read = wide.frontier.table, list[int]()
    on_it = [url_id for url_id in range(1, len(table) + 1) if "b.test/" in table.address(url_id)]
    assert len(on_it) == PAGES + 1
    assert sum(table.internal[url_id] for url_id in on_it) == 1
    real = Store.links_from

    def links_from(store: Store, source_id: int) -> list[Edge]:
        read.append(source_id)
        return real(store, source_id)

    monkeypatch.setattr(Store, "links_from", links_from)
    assert not wide.works.is_idle
    most = before = 0
    for _ in in_steps(wide):
        most, before = max(most, len(read) - before), len(read)
    assert 0 < most <= 2  # its own, and those of what has changed by them
    assert all(table.internal[url_id] for url_id in on_it)
    assert wide.is_done
    assert not wide.store.meta("unheard")


def test_what_failed_is_asked_again_in_steps(wide: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it waits in the end, and it is told how much that is."""
    for _ in in_steps(wide):
        pass
    monkeypatch.setattr(asking_again, "STEP", 4)
    assert wide.frontier.waiting == 0
    wide.retry_failed()
    most = before = 0
    for _ in in_steps(wide):
        most, before = max(most, wide.frontier.waiting - before), wide.frontier.waiting
    assert (most, wide.frontier.waiting) == (4, PAGES)
    assert wide.stats.log[-1].text == f"{PAGES} failed URLs are asked for again"
