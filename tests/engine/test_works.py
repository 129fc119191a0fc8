"""Long works in slices: what the engine's other work sees of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import CapTemplate, Exclude, Unexclude
from crawler_core.engine import surgery
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


def test_a_cap_holds_while_it_is_counted(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more URLs of a template are asked for than its limit, and in the end no fewer."""
    monkeypatch.setattr(surgery, "STEP", 1)
    template = f"{HOST}/odd/{{n}}"
    asked = [ledger.frontier.claim(0.0) for _ in range(100)]
    surgery.operate(ledger, CapTemplate(template, 80))
    clock = iter(range(100_000))
    while not ledger.works.is_idle or ledger.frontier.waiting:
        claim = ledger.frontier.claim(0.0)
        if isinstance(claim, KeptOut):
            ledger.kept_out(claim)
        asked.append(claim)
        ledger.works.go_on(lambda: next(clock), 1)
    sent = [ledger.frontier.table.address(each.url_id) for each in asked if isinstance(each, Fetch)]
    assert sum("/odd/" in address for address in sent) == 80
    assert sum("/even/" in address for address in sent) == URLS // 2
