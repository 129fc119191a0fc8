"""The result of a crawl does not depend on the order in which answers arrive."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler_core import radar
from crawler_core.commands import (
    CapTemplate,
    Exclude,
    UncapTemplate,
    Unexclude,
)
from crawler_core.engine import discovery, reconsidering, surgery
from crawler_core.engine.ledger import Ledger
from crawler_core.frontier.claims import Fetch, KeptOut
from crawler_core.model import (
    FetchRequest,
    FetchResult,
    Link,
    LinkKind,
    Outcome,
    ParsedPage,
    Purpose,
    Role,
)
from crawler_core.store import targets
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.engine.crawling import NOT_COMPARED, Rows, config, crawl_to_end, rows_of
from tests.engine.site import Answer, Reply, Site, page, redirect

WORKERS = (1, 16)


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
    """One worker and sixteen, with other latencies, give the same CSV."""
    with Site(maze()) as site:
        one, sixteen = results(tmp_path, site, "/", **options)
    assert len(one) > 20
    assert one == sixteen


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


Node = str | tuple[Link, ...] | None
"""Where a URL redirects to, the links of a page, or nothing: 404."""

ADDRESSES = [
    *(f"http://a.test/{n}" for n in range(6)),
    *(f"http://a.test/out/{n}" for n in range(2)),
    *(f"http://sub.a.test/{n}" for n in range(2)),
    *(f"http://b.test/{n}" for n in range(2)),
]
LINKED = [*[LinkKind.ANCHOR] * 6, *sorted(set(LinkKind) - {LinkKind.REDIRECT})]


def web_of(chance: random.Random) -> dict[str, Node]:
    """A dense web: what one page says of a URL another one overrules."""

    def node() -> Node:
        kind = chance.random()
        if kind < 0.3:
            return chance.choice(ADDRESSES) if kind < 0.25 else None
        return tuple(
            Link(chance.choice(ADDRESSES), chance.choice(LINKED), nofollow=chance.random() < 0.3)
            for _ in range(chance.randrange(1, 5))
        )

    web = {address: node() for address in ADDRESSES}
    web["http://go.test/"] = "http://b.test/0"
    web[ADDRESSES[0]] = tuple(Link(address, LinkKind.ANCHOR) for address in ADDRESSES[1::3])
    return web


def options_of(chance: random.Random) -> dict[str, Any]:
    """Some of the options that decide what is asked for."""
    found: dict[str, Any] = {
        name: chance.random() < 0.5 for name in ("external", "follow_nofollow", "subdomains")
    }
    seldom = {"exclude": ("/out/",), "resources": False, "stay_under": True}
    found |= {name: value for name, value in seldom.items() if chance.random() < 0.2}
    return found | ({"max_depth": chance.randrange(1, 5)} if chance.random() < 0.4 else {})


def answer(request: FetchRequest, node: Node) -> FetchResult:
    """What the server of a made-up web says."""
    if node is None:
        return FetchResult(request, Outcome.CLIENT_ERROR, 404)
    if isinstance(node, str):
        return FetchResult(request, Outcome.REDIRECT, 302, location=node)
    read = request.purpose is Purpose.CRAWL
    return FetchResult(request, Outcome.OK, 200, body_read=read, is_html=True)


def loaded(store: Store) -> Ledger:
    """A ledger that knows what is in the store."""
    ledger = Ledger(store, store.config, now=0.0, wall=lambda: 0.0, chance=lambda: 0.5)
    ledger.load(0.0)
    return ledger


def walk(
    path: Path,
    web: dict[str, Node],
    order: random.Random,
    meddle: Callable[[Ledger], bool] = lambda _: False,
    deaths: int = 0,
    **options: Any,
) -> list[Any]:
    """All exports of a crawl without a network, whose answers and pages arrive in `order`.

    `meddle` may change something at every step, and says whether it has or still will. At most
    so many `deaths` lose what was not committed; but for these no URL is asked for twice in the
    same way.
    """
    is_mortal = deaths > 0
    asked: Counter[tuple[str, Purpose]] = Counter()
    starts = ("http://a.test/0", "http://go.test/")
    settings = config(*starts, ignore_robots=True, rate=0, per_host=0, **options)
    store = Store.create(path, settings, version="0", force=True)
    ledger, now = loaded(store), 0.0
    table = ledger.frontier.table
    flying: list[FetchResult] = []
    read: list[FetchResult] = []
    while meddle(ledger) or not ledger.is_done:
        now += 1000
        if deaths and order.random() < 0.3:
            store.commit()
        elif deaths and order.random() < 0.05:
            deaths -= 1
            store.abandon()
            store = Store.open(path)
            ledger = loaded(store)
            table = ledger.frontier.table
            flying, read = [], []
        claim = ledger.frontier.claim(now) if order.random() < 0.6 else None
        if isinstance(claim, Fetch):
            url, role = table.address(claim.url_id), Role(table.role[claim.url_id])
            purpose = Purpose.CRAWL if role is Role.CRAWL else Purpose.CHECK
            asked[url, purpose] += 1
            flying.append(answer(FetchRequest(0, claim.url_id, url, purpose), web.get(url)))
        elif isinstance(claim, KeptOut):
            ledger.kept_out(claim)
        elif flying and order.random() < 0.5:
            result = flying.pop(order.randrange(len(flying)))
            if ledger.answered(result, now)[0]:
                read.append(result)
        elif not ledger.works.is_idle:
            ledger.works.go_on(lambda: 0.0, order.randrange(2))  # a step, or all
        elif read:
            result = read.pop(order.randrange(len(read)))
            links = web[result.request.url]
            assert isinstance(links, tuple)
            ledger.record(result, ParsedPage(links=links))
    store.close()
    assert is_mortal or max(asked.values()) == 1
    with StoreReader(path) as reader:
        assert reader.summary().internal_done == ledger.stats.internal_done
        assert reader.summary().skipped == +ledger.stats.skipped
        rows = [*reader.pages(True), *reader.pages(False), *reader.links()]
        return [{name: row[name] for name in row.keys() - NOT_COMPARED} for row in rows]


def test_what_is_known_of_a_link_may_be_skipped(tmp_path: Path) -> None:
    """Whatever order pages arrive in, links that are not looked at again would change nothing."""
    path = tmp_path / "a.crawl"
    for seed in range(30):
        web, options = web_of(random.Random(seed)), options_of(random.Random(seed))
        found = [walk(path, web, random.Random(order), **options) for order in range(2)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(discovery, "_MANNER", [0] * len(discovery._MANNER))
            every_link = walk(path, web, random.Random(0), **options)
        assert found == [every_link] * 2, seed


SUBTLE = (64, 79, 123, 137, 205, 218, 311, 499, 537, 1008, 1022)
"""Webs in which a start leads to what was answered or read before, or not every link counts."""


@pytest.mark.parametrize("seed", SUBTLE)
def test_the_order_of_answers_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Whether a start's redirect is known first or last, its site is internal and all is read."""
    web, options = web_of(random.Random(seed)), options_of(random.Random(seed))
    path = tmp_path / "a.crawl"
    first, *others = (walk(path, web, random.Random(order), **options) for order in range(8))
    assert others == [first] * 7


@pytest.mark.parametrize("seed", SUBTLE)
def test_a_death_changes_nothing(tmp_path: Path, seed: int) -> None:
    """A site that has become internal is crawled whole, also if its links were not all heard."""
    web, options = web_of(random.Random(seed)), options_of(random.Random(seed))
    path = tmp_path / "a.crawl"
    plain = walk(path, web, random.Random(0), **options)
    for order in range(6):
        assert walk(path, web, random.Random(order), deaths=5, **options) == plain


class Surgeon:
    """Excludes and caps for a while, at random moments, and takes everything back in the end."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._steps = 60
        self._open: list[surgery.Surgery] = []
        self.operations = 0

    def __call__(self, ledger: Ledger) -> bool:
        self._steps -= 1
        self._work(ledger)
        if self._steps > 0 and self._chance.random() < 0.3:
            self._cut(ledger)
        elif self._open and (self._steps <= 0 or self._chance.random() < 0.2):
            self._operate(ledger, self._open.pop(self._chance.randrange(len(self._open))))
        return self._steps > 0 or bool(self._open) or not ledger.works.is_idle

    def _work(self, ledger: Ledger) -> None:
        """Go on with what was ordered, for a few steps: the crawl goes on in between."""
        if self._chance.random() < 0.6:
            clock = iter(range(10_000))
            ledger.works.go_on(lambda: next(clock), self._chance.randrange(1, 9))

    def _cut(self, ledger: Ledger) -> None:
        pattern = self._chance.choice(["/[0-2]$", "/out/", "sub", "b.test", "[1357]$", "http"])
        template = radar.template(self._chance.choice(ADDRESSES))
        choices: list[tuple[surgery.Surgery, surgery.Surgery]] = [
            (Exclude(pattern), Unexclude(pattern)),
            (CapTemplate(template), UncapTemplate(template)),
        ]
        cut, back = self._chance.choice(choices)
        self._operate(ledger, cut)
        self._open.append(back)

    def _operate(self, ledger: Ledger, command: surgery.Surgery) -> None:
        surgery.operate(ledger, command)
        ledger.store.commit()  # as far as it has come in its first moment
        self.operations += 1


def in_the_smallest_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let surgery be interrupted after each URL and each page."""
    for room, name in ((surgery, "STEP"), (reconsidering, "STEP"), (targets, "_PIECE")):
        monkeypatch.setattr(room, name, 1)


def test_what_is_taken_back_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is excluded and capped on the way, in however small slices that is done, once it
    is taken back the result is the same."""
    in_the_smallest_slices(monkeypatch)
    path = tmp_path / "a.crawl"
    operations = 0
    for seed in range(40):
        web, options = web_of(random.Random(seed)), options_of(random.Random(seed))
        plain = walk(path, web, random.Random(seed), **options)
        surgeon = Surgeon(random.Random(seed))
        assert walk(path, web, random.Random(seed), surgeon, **options) == plain, seed
        operations += surgeon.operations
    assert operations > 340


def test_surgery_that_dies_is_done_by_the_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crawl killed in the middle of surgery knows its rules, and ends as if it had lived."""
    in_the_smallest_slices(monkeypatch)
    path = tmp_path / "a.crawl"
    for seed in range(25):
        web, options = web_of(random.Random(seed)), options_of(random.Random(seed))
        plain = walk(path, web, random.Random(seed), **options)
        surgeon = Surgeon(random.Random(seed))
        found = walk(path, web, random.Random(seed), surgeon, deaths=4, **options)
        assert found == plain, seed


def test_a_start_may_redirect_to_what_is_excluded(tmp_path: Path) -> None:
    """Where a start URL leads is crawled, also if a page named it before and it was kept out."""
    out = "http://a.test/out/0"
    nodes: dict[str, Node] = {"http://a.test/0": (Link(out, LinkKind.ANCHOR),), out: ()}
    nodes["http://go.test/"] = out
    for seed in range(8):
        found = walk(tmp_path / "a.crawl", nodes, random.Random(seed), exclude=("/out/",))
        assert [row["Outcome"] for row in found if row.get("Address") == out] == ["ok"]
