"""The result of a crawl does not depend on the order in which answers arrive."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.crawling import Rows, crawl_to_end, rows_of
from tests.engine.site import Answer, Reply, Site, page, redirect

WORKERS = (1, 4, 16)


def results(
    folder: Path, site: Site, start: str, *, workers: tuple[int, ...] = WORKERS, **options: Any
) -> list[Rows]:
    """Rows of one crawl for each number of workers; latencies are different each time."""
    found = []
    for number in workers:
        chance = random.Random(number)
        site.delay = lambda chance=chance: chance.choice((0.0, 0.002, 0.01, 0.03))
        path = folder / f"{number}.crawl"
        last = crawl_to_end(path, site.url(start), fetch_workers=number, **options)
        assert last.state == "finished"
        found.append(rows_of(path))
    return found


def maze() -> dict[str, Answer]:
    """Every way in which what is learnt late changes what was decided early."""
    pages: dict[str, Answer] = {
        "/": page(
            "/long/1", "/short", '<a rel=nofollow href="/twice">', '<img src="/both">', "/hop0"
        ),
        "/twice": page("/behind-nofollow"),
        "/behind-nofollow": page(),
        "/both": page("/behind-image"),
        "/behind-image": page(),
        "/short": page("/middle"),
        "/middle": page("/late"),
        "/late": page("/twice", "/both", "/hop15", "/loop/a", "/deep/0", "/jump"),
        "/loop/a": redirect("/loop/b"),
        "/loop/b": redirect("/loop/a"),
        "/jump": redirect("/long/9"),
        "/end": page("/after-the-hops"),
        "/after-the-hops": page(),
    }
    pages |= {f"/long/{n}": page(f"/long/{n + 1}", f"/side/{n}") for n in range(1, 12)}
    pages |= {f"/side/{n}": page('<a rel="nofollow" href="/deep/3">') for n in range(1, 12)}
    pages |= {f"/deep/{n}": page(f"/deep/{n + 1}", "/end") for n in range(8)}
    pages |= {f"/hop{n}": redirect(f"/hop{n + 1}") for n in range(30)}
    pages["/hop30"] = redirect("/end")
    return pages


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_depth": 5},
        {"max_depth": 8, "follow_nofollow": True},
        {"exclude": ("side",), "include": ("long", "deep", "late|short|middle", "twice|behind")},
        {"resources": False, "max_depth": 6},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_latency_and_workers_change_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    """One, four and sixteen workers with other latencies give the same CSV."""
    with Site(maze()) as site:
        found = results(tmp_path, site, "/", **options)
    assert len(found[0]) > 20
    assert found[0] == found[1] == found[2]


def test_what_the_maze_comes_to(tmp_path: Path) -> None:
    """Depth is the shortest path, a page that is linked twice gets the greater role."""
    with Site(maze()) as site:
        (rows,) = results(tmp_path, site, "/", workers=(16,))
        found = {address.removeprefix(site.origin): row for address, row in rows.items()}
    assert found["/twice"]["Title 1"] == "page"
    assert found["/behind-nofollow"]["Crawl Depth"] == 2
    assert found["/behind-image"]["Outcome"] == "ok"
    assert found["/both"]["Outlinks"] == 1
    assert found["/long/9"]["Crawl Depth"] == 5
    assert found["/hop29"]["Outcome"] == "redirect"
    assert found["/after-the-hops"]["Outcome"] == "ok"


def test_start_redirects_to_another_site_late(tmp_path: Path) -> None:
    """A site that becomes internal late is crawled as if it had been internal all along."""
    for external in (True, False):
        for slow in (0.0, 0.1):
            new = Site({"/": page("/b"), "/a": page("/c"), "/b": page(), "/c": page()})
            old = Site({"/go": Reply(302, headers={"Location": new.url()}, delay=slow)})
            old.pages["/"] = page(new.url("/a"), new.url("/b"))
            with new, old:
                path = tmp_path / f"{external}{slow}"
                crawl_to_end(path, old.url(), old.url("/go"), external=external)
            paths = sorted(address.split("/", 3)[3] for address in rows_of(path))
            assert paths == ["", "", "a", "b", "c", "go"]


NODES = 9
KINDS = (
    '<a href="/{n}">x</a>',
    '<a href="/{n}">y</a>',
    '<a rel="nofollow" href="/{n}">z</a>',
    '<img src="/{n}">',
    '<iframe src="/{n}"></iframe>',
)
links = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.sampled_from(KINDS)), min_size=0, max_size=4
)
nodes = st.one_of(
    links.map(lambda each: page(*(kind.format(n=n) for n, kind in each))),
    st.integers(0, NODES - 1).map(lambda n: redirect(f"/{n}")),
    st.just(Reply(404)),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(
    graph=st.lists(nodes, min_size=NODES, max_size=NODES),
    depth=st.sampled_from([None, 2, 3]),
    under=st.booleans(),
)
def test_any_small_site(graph: list[Answer], depth: int | None, under: bool) -> None:
    """Whatever a small site's links are, one worker and eight give the same CSV."""
    pages: dict[str, Answer] = {f"/{n}": answer for n, answer in enumerate(graph)}
    pages["/0"] = page(*(f"/{n}" for n in range(1, NODES, 3)), '<img src="/2">', "/0")
    with tempfile.TemporaryDirectory() as folder, Site(pages) as site:
        one, eight = results(
            Path(folder), site, "/0", workers=(1, 8), max_depth=depth, stay_under=under
        )
    assert one == eight
