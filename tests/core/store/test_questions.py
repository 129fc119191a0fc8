"""What a reader says of one URL: why it is there, the way to it, and what looks like it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.model import LinkKind, Outcome, UrlState
from crawler_core.snapshot import HostView
from crawler_core.store import survey
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.stores import START, config, link, parsed, record, url_row

HOST = "http://site.test"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def _way(reader: StoreReader, url_id: int) -> list[int]:
    return [step.url_id for step in reader.why(url_id, ())[2]]


def _graph(path: Path, edges: Sequence[Sequence[int]], depths: Sequence[int]) -> None:
    """Pages 1, 2, … that link to those in `edges`, named in the order of their ids."""
    store = Store.create(path, config(), version="0.0", force=True)
    for url_id, depth in enumerate(depths, 1):
        source = next((n for n, to in enumerate(edges, 1) if url_id in to), 1)
        row = url_row(url_id, f"{START}{url_id}", depth=depth, source_id=source)
        store.add_url(msgspec.structs.replace(row, source_id=0 if url_id == 1 else source))
    for url_id, targets in enumerate(edges, 1):
        links = [link(url_id, target, anchor=f"to {target}") for target in targets]
        store.finish(record(url_id, f"{START}{url_id}", page=parsed()), links)
    store.close()


def _distances(edges: Sequence[Sequence[int]]) -> list[int | None]:
    found: list[int | None] = [None] * len(edges)
    found[0] = 0
    queue = deque([0])
    while queue:
        at = queue.popleft()
        for target in edges[at]:
            if found[target - 1] is None:
                found[target - 1] = (found[at] or 0) + 1
                queue.append(target - 1)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=9, max_size=9), st.booleans())
def test_the_way_is_a_shortest_one(
    tmp_path_factory: pytest.TempPathFactory, edges: list[list[int]], stale: bool
) -> None:
    """In any web of pages the way has as many links as a search finds, and each link is there."""
    path = tmp_path_factory.mktemp("graph") / "g.crawl"
    truth = _distances(edges)
    # A page that was named first by another than the nearest one keeps that name.
    depths = [99 if stale and d and d % 2 else (d or 0) for d in truth]
    _graph(path, edges, depths)
    with StoreReader(path) as reader:
        for url_id, distance in enumerate(truth, 1):
            way = _way(reader, url_id)
            if distance is None:
                assert way == []
                continue
            assert len(way) == distance + 1
            assert way[0] == 1
            assert way[-1] == url_id
            assert all(b in edges[a - 1] for a, b in itertools.pairwise(way))


def test_the_way_tells_words_of_links(path: Path) -> None:
    """Each step names the link that leads to it, one with words if there is one."""
    store = Store.create(path, config(), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    store.add_url(url_row(2, f"{START}a"))
    store.add_url(url_row(3, f"{START}p.png", depth=2, source_id=2, state=UrlState.KEPT_OUT))
    first = [link(1, 2, anchor=""), link(1, 2, anchor="the a", nofollow=True)]
    store.finish(record(1, START, page=parsed()), first)
    image = [link(2, 3, LinkKind.IMAGE, "")]
    store.finish(record(2, f"{START}a", page=parsed()), image)
    store.close()
    with StoreReader(path) as reader:
        start, second, third = reader.why(3, ())[2]
    assert (start.address, start.kind) == (START, None)
    assert (second.anchor, second.nofollow) == ("the a", True)
    assert (third.kind, third.anchor) == (LinkKind.IMAGE, "")


def test_waiting_urls_stand_in_line(path: Path) -> None:
    """Before a URL come those of its own host that are shallower, or as deep and found earlier."""
    store = Store.create(path, config(), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    for url_id, depth, host in ((2, 1, HOST), (3, 2, HOST), (4, 2, HOST), (5, 2, HOST)):
        store.add_url(url_row(url_id, f"{host}/{url_id}", depth=depth))
    store.add_url(url_row(6, f"{HOST}.other/6"))
    store.add_url(url_row(7, f"{HOST}:81/7"))
    store.save_host(HOST, robots_text="User-agent: *\nDisallow: /5", robots_fetched=9.0)
    store.finish(record(1, START, page=parsed()), [link(1, n) for n in range(2, 8)])
    store.close()
    with StoreReader(path) as reader:
        _, case, _ = reader.why(4, ())
        why, _, _ = reader.why(5, (), [HostView(HOST, True, rate_limit=1.0)])
    assert (case.ahead, case.host_waiting) == (2, 4)
    assert "robots.txt will keep it out" in dict(why.facts)["comes to"]
    assert "3 s or later" in dict(why.facts)["its host"]


def test_an_unknown_url_of_a_capped_template(path: Path) -> None:
    """A cap would keep an unknown URL of its template out, and no other."""
    store = Store.create(path, config(caps=((f"{HOST}/{{n}}", 1),)), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    store.close()
    with StoreReader(path) as reader:
        found, _, _ = reader.why(0, (f"{HOST}/7",))
        other, _, _ = reader.why(0, (f"{HOST}/a/7",))
    assert "You capped its template" in dict(found.facts)["if it were"]
    assert "would be asked for" in dict(other.facts)["if it were"]


def test_a_url_is_found_by_what_it_may_mean(path: Path) -> None:
    """The first known one of several addresses is meant; an unknown one names its neighbours."""
    store = Store.create(path, config(), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    store.add_url(url_row(2, f"{HOST}/a/"))
    store.finish(record(1, START, page=parsed()), [link(1, 2)])
    store.finish(record(2, f"{HOST}/a/", page=parsed()), [])
    store.close()
    with StoreReader(path) as reader:
        _, case, way = reader.why(0, ("https://site.test/a/", f"{HOST}/a/"))
        why, other, none = reader.why(0, (f"{HOST}/a",))
    assert (case.url_id, len(way)) == (2, 2)
    assert (other.url_id, other.near, none) == (0, (f"{HOST}/a/",), ())
    assert ("known as", f"{HOST}/a/") in why.facts


def test_twins_are_pages_with_the_same_bytes(path: Path) -> None:
    """Of two pages with one body the later names the earlier; failures have no twins."""
    store = Store.create(path, config(), version="0.0")
    for url_id in range(1, 5):
        store.add_url(url_row(url_id, f"{HOST}/{url_id}"))
    store.finish(record(1, f"{HOST}/1", Outcome.CLIENT_ERROR, 404, page=parsed("same")), [])
    store.finish(record(2, f"{HOST}/2", page=parsed("same")), [])
    store.finish(record(3, f"{HOST}/3", page=parsed("same")), [])
    store.finish(record(4, f"{HOST}/4", page=parsed("other")), [])
    store.close()
    with StoreReader(path) as reader:
        twins = [reader.why(url_id, ())[1].twin for url_id in range(1, 5)]
    assert twins == ["", "", f"{HOST}/2", ""]


@pytest.fixture
def calendar(path: Path) -> Path:
    """A start page, 30 waiting months, 12 done ones under one title, 5 kept out by a pattern."""
    store = Store.create(
        path, config(excluded=("/old/",), caps=((f"{HOST}/x/{{n}}", 3),)), version="0.0"
    )
    store.add_url(url_row(1, START, depth=0, source_id=0))
    store.finish(record(1, START, page=parsed("Start")), [])
    for url_id in range(2, 44):
        address = f"{HOST}/calendar/{url_id}"
        store.add_url(url_row(url_id, address))
        if url_id < 14:
            store.finish(record(url_id, address, page=parsed("Events")), [])
    for url_id in range(44, 49):
        row = url_row(url_id, f"{HOST}/old/{url_id}", state=UrlState.KEPT_OUT)
        store.add_url(msgspec.structs.replace(row, reason="excluded by /old/"))
    store.close()
    return path


def test_matches_are_counted(calendar: Path) -> None:
    """Each pattern has its waiting and its done URLs; what is kept out already counts no more."""
    with StoreReader(calendar) as reader:
        found = reader.matches(["/calendar/", "1$", "/old/", "^"])
    assert [(each.queued, each.done) for each in found] == [(30, 12), (3, 1), (0, 0), (30, 13)]


def test_counting_stops_when_told(calendar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants to know no more waits for one short read at the most."""
    asked = []

    def go_on() -> bool:
        asked.append(1)
        return False

    with StoreReader(calendar) as reader:
        assert reader.matches(["x"], go_on) == ()
        assert reader.survey(10, go_on).sightings == ()
    assert len(asked) == 2


def test_the_survey_finds_the_calendar(calendar: Path) -> None:
    """Templates are counted with the titles of their pages."""
    with StoreReader(calendar) as reader:
        found = reader.survey(10)
    assert (found.waiting, found.sampled) == (30, False)
    first = found.sightings[0]
    assert first.template == f"{HOST}/calendar/{{n}}"
    assert (first.queued, first.done, first.titled, first.titles) == (30, 12, 12, 1)


def test_a_large_crawl_is_sampled(calendar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A survey looks at so many URLs and no more; its shares stay those of the whole."""
    monkeypatch.setattr(survey, "_SURVEYED", 12)
    with StoreReader(calendar) as reader:
        found = reader.survey(10)
    assert found.sampled
    assert found.waiting == 30
    assert found.sightings[0].queued == pytest.approx(30, abs=4)


def test_a_survey_looks_at_no_more_urls_than_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly twice as many known URLs as are looked at are a sample already."""
    monkeypatch.setattr(survey, "_SURVEYED", 12)
    store = Store.create(path, config(), version="0.0")
    for url_id in range(1, 24):
        store.add_url(url_row(url_id, f"{HOST}/{url_id}"))
    store.close()
    with StoreReader(path) as reader:
        found = reader.survey(10)
    assert found.sampled
    assert found.sightings[0].queued // 2 <= 12


def test_cuts_are_read_from_the_file(calendar: Path) -> None:
    """What the driver cut off is in the configuration, with what it keeps out."""
    with StoreReader(calendar) as reader:
        found = reader.cuts()
    assert found.excluded == (("/old/", 5),)
    assert found.caps == ((f"{HOST}/x/{{n}}", 3, 0),)
