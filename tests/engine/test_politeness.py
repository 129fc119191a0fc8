"""Manners over real sockets: robots.txt, waits, retries, redirects, checks, credentials."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from crawler_core.commands import Stop
from crawler_core.config import Secrets
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
from tests.engine.site import Answer, Ask, Reply, Site, closed_port, page, redirect


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def failing(times: int, reply: Reply, then: Reply | str) -> Any:
    """An answer that is `reply` so often, and `then` from there on."""
    return lambda ask: reply if ask.number <= times else then


def test_disallowed_urls_are_rows_and_not_requests(store: Path) -> None:
    """What robots.txt disallows is a row of the CSV, and is not asked for."""
    robots = Reply(body=b"User-agent: crawltui\nDisallow: /no")
    with Site({"/robots.txt": robots, "/": page("/no/1", "/yes"), "/yes": page()}) as site:
        crawl_to_end(store, site.url())
        assert "/no/1" not in site.hits
    row = rows_of(store)[site.url("/no/1")]
    assert (row["Status Code"], row["Status"]) == (0, "Blocked by robots.txt")
    assert (row["Outcome"], row["Indexability Status"]) == ("robots", "Blocked by robots.txt")
    assert outcomes_of(store)["/yes"] == "ok"


@pytest.mark.usefixtures("quick_retries")
def test_robots_that_fail_are_asked_for_three_times(store: Path) -> None:
    """robots.txt that answers 5xx is tried three times; then nothing else is asked for."""
    with Site({"/robots.txt": Reply(503), "/": page("/a")}) as site:
        last = crawl_to_end(store, site.url())
        assert site.hits == {"/robots.txt": 3}
    row = rows_of(store)[site.url()]
    assert (row["Outcome"], row["Status"]) == ("robots", "robots.txt unavailable")
    assert (last.state, last.exit_code) == ("finished", 3)


def test_missing_robots_allow_everything(store: Path) -> None:
    """robots.txt that answers 4xx allows everything; `--ignore-robots` does not even ask."""
    with Site({"/robots.txt": Reply(403), "/": page()}) as site:
        crawl_to_end(store, site.url())
        assert outcomes_of(store) == {"/": "ok"}
        assert site.hits["/robots.txt"] == 1
        crawl_to_end(store.with_name("b"), site.url(), ignore_robots=True)
        assert site.hits["/robots.txt"] == 1


def test_redirected_robots_are_followed(store: Path) -> None:
    """The rules may lie where robots.txt redirects to."""
    rules = Reply(body=b"User-agent: *\nDisallow: /a")
    with Site(
        {"/robots.txt": redirect("/r2"), "/r2": rules, "/": page("/a"), "/a": page()}
    ) as site:
        crawl_to_end(store, site.url())
    assert outcomes_of(store) == {"/": "ok", "/a": "robots"}


def test_crawl_delay_is_kept(store: Path) -> None:
    """Between two requests lies the Crawl-delay, however many workers there are."""
    robots = Reply(body=b"User-agent: *\nCrawl-delay: 0.3")
    pages: dict[str, Answer] = {"/robots.txt": robots, "/": page("/1", "/2", "/3")}
    with Site({**pages, "/1": page(), "/2": page(), "/3": page()}) as site:
        last = crawl_to_end(store, site.url())
        times = site.times()
    assert [host.crawl_delay for host in last.hosts] == [0.3]
    assert len(times) == 4
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.2  # as they come in, not as sent
    assert times[-1] - times[0] > 0.8


def test_429_stops_the_whole_host_for_its_time(store: Path) -> None:
    """After 429 the host is left alone as long as it asks; then the URL is asked for again."""
    busy = failing(1, Reply(429, headers={"Retry-After": "1"}), page())
    pages = {f"/{n}": page() for n in range(40)}
    with Site({**pages, "/": page("/busy", *pages), "/busy": busy}, delay=0.01) as site:
        crawl_to_end(store, site.url(), fetch_workers=1)
        refused = site.times("/busy")[0]
        in_the_wait = [at for at in site.times() if refused < at < refused + 0.95]
        assert in_the_wait == []
        assert site.hits["/busy"] == 2
    assert set(outcomes_of(store).values()) == {"ok"}
    assert rows_of(store, raw=True)[site.url("/busy")]["Attempts"] == 2


def test_endless_429_ends_as_throttled(store: Path) -> None:
    """A URL that is told to wait five times and again is given up as throttled."""
    busy = Reply(429, headers={"Retry-After": "0"})
    with Site({"/": page("/busy", "/ok"), "/busy": busy, "/ok": page()}) as site:
        last = crawl_to_end(store, site.url())
        assert site.hits["/busy"] == 6
    assert outcomes_of(store) == {"/": "ok", "/busy": "throttled", "/ok": "ok"}
    assert (last.state, last.broken) == ("finished", 0)


def test_503_with_retry_after_is_a_wait_and_500_a_retry(store: Path) -> None:
    """503 with Retry-After waits, 500 is asked for again after all others; both recover."""
    pages: dict[str, Answer] = {f"/{n}": page() for n in range(20)}
    pages["/503"] = failing(1, Reply(503, headers={"Retry-After": "0"}), page())
    pages["/500"] = failing(2, Reply(500), page())
    with Site({"/": page("/503", "/500", *pages), **pages}) as site:
        crawl_to_end(store, site.url(), fetch_workers=1)
        asked = [ask.path for ask in site.log if ask.path == "/500" or ask.path[1:].isdigit()]
    assert set(outcomes_of(store).values()) == {"ok"}
    assert asked.count("/500") == 3
    assert asked[-2:] == ["/500", "/500"]


@pytest.mark.usefixtures("quick_retries")
def test_500_without_end_is_asked_for_three_times(store: Path) -> None:
    """`--retries 2` means three requests; the last answer is what is told."""
    with Site({"/": page("/500"), "/500": Reply(500)}) as site:
        last = crawl_to_end(store, site.url())
        assert site.hits["/500"] == 3
        crawl_to_end(store.with_name("b"), site.url(), retries=0)
        assert site.hits["/500"] == 4
    row = rows_of(store, raw=True)[site.url("/500")]
    assert (row["Outcome"], row["Status Code"], row["Attempts"]) == ("server error", 500, 3)
    assert last.broken == 1


def test_redirects_of_all_sorts(store: Path) -> None:
    """Loops end, a chain is cut after 20 hops, a target that is no URL is told."""
    pages: dict[str, Answer] = {f"/hop{n}": redirect(f"/hop{n + 1}") for n in range(30)}
    pages |= {"/a": redirect("/b"), "/b": redirect("/a"), "/self": redirect("/self")}
    pages |= {"/odd": redirect("http://["), "/mail": redirect("mailto:a@b")}
    with Site({"/": page("/hop0", "/a", "/self", "/odd", "/mail"), **pages}) as site:
        last = crawl_to_end(store, site.url(), external=False)
        assert site.hits["/hop20"] == 1
        assert site.hits["/hop21"] == 0
    outcomes = outcomes_of(store)
    assert last.state == "finished"
    assert outcomes["/odd"] == "protocol error"
    assert {outcomes[path] for path in ("/a", "/b", "/self", "/hop20", "/mail")} == {"redirect"}
    assert skipped_of(store) == {
        site.url("/hop21"): "more than 20 redirects",
        "mailto:a@b": "not http",
    }
    depths = {address: row["Crawl Depth"] for address, row in rows_of(store).items()}
    assert (depths[site.url("/hop0")], depths[site.url("/hop20")]) == (1, 21)
    assert rows_of(store)[site.url("/a")]["Redirect URL"] == site.url("/b")


def test_start_url_that_moves_to_another_site(store: Path) -> None:
    """The site at which a start URL's redirects end is crawled as well, and that is told."""
    new = Site({"/": page("/a"), "/a": page()})
    old = Site({"/": redirect("/x"), "/x": redirect(new.url())})
    with new, old:
        last = crawl_to_end(store, old.url())
    assert sorted(rows_of(store)) == sorted([old.url(), old.url("/x"), new.url(), new.url("/a")])
    assert f"127.0.0.1:{new.port}" in last.sites
    assert any("redirects to" in line.text for line in last.log)


def test_start_chain_of_more_than_five_hops_stays_external(store: Path) -> None:
    """After five hops the site at the end of a start URL's redirects is another one."""
    with Site({"/": page("/a"), "/a": page()}) as new:
        hops: dict[str, Answer] = {f"/{n}": redirect(f"/{n + 1}") for n in range(5)}
        with Site({**hops, "/5": redirect(new.url())}) as old:
            crawl_to_end(store, old.url("/0"))
    assert new.url() in rows_of(store, internal=False)
    assert new.hits["/a"] == 0


def test_external_links_are_checked_one_at_a_time(store: Path) -> None:
    """An external URL is asked for with GET, its body left unread, its links not followed."""
    big = Reply(body=b"<a href=/deeper>" * 100_000, headers={"Content-Type": "text/html"})
    others: dict[str, Answer] = {
        f"/{n}": Reply(delay=0.02, body=page("/deeper").encode()) for n in range(6)
    }
    others |= {"/big": big, "/robots.txt": Reply(body=b"User-agent: *\nDisallow: /4")}
    with Site(others, host="127.0.0.2") as far:
        links = [far.url(f"/{n}") for n in range(6)]
        with Site({"/": page(*links, far.url("/big"), far.url("/missing"))}) as near:
            last = crawl_to_end(store, near.url())
            crawl_to_end(store.with_name("b"), near.url(), external=False)
        assert far.busiest == 1
        assert "/4" not in far.hits
        assert "/deeper" not in far.hits
        found = rows_of(store, internal=False)
        assert found[far.url("/4")]["Outcome"] == "robots"
        assert found[far.url("/missing")]["Status Code"] == 404
        assert found[far.url("/big")]["Size (bytes)"] == 1_600_000
        assert found[far.url("/big")]["Transferred (bytes)"] == ""
        assert last.broken == 1
        row = rows_of(store)[near.url()]
        assert (row["Outlinks"], row["External Outlinks"]) == (0, 8)
        assert rows_of(store.with_name("b"), internal=False) == {}
        assert set(skipped_of(store.with_name("b")).values()) == {"external links off"}


def test_resources_are_checked_only(store: Path) -> None:
    """Images, scripts, styles are asked for their status; `--no-resources` turns that off."""
    marks = '<img src="/i.png"><script src="/s.js"></script><link rel=stylesheet href="/c.css">'
    html = Reply(body=page("/x").encode(), headers={"Content-Type": "text/html"})
    with Site(
        {
            "/": page(marks, "/d.pdf"),
            "/i.png": html,
            "/s.js": Reply(),
            "/d.pdf": Reply(body=b"x" * 300_000, headers={"Content-Type": "application/pdf"}),
        }
    ) as site:
        crawl_to_end(store, site.url())
        assert outcomes_of(store) == {
            "/": "ok",
            "/i.png": "ok",
            "/s.js": "ok",
            "/c.css": "client error",
            "/d.pdf": "ok",
        }
        assert "/x" not in site.hits
        assert rows_of(store)[site.url("/i.png")]["Inlinks"] == 1
        crawl_to_end(store.with_name("b"), site.url(), resources=False)
    assert sorted(outcomes_of(store.with_name("b"))) == ["/", "/d.pdf"]


def test_credentials_go_to_the_start_hosts_only(store: Path) -> None:
    """Secrets reach the start URL's host, no other; they are not in the store, but missed."""
    secrets = Secrets(
        auth="ann:hunter2hunter2", cookies=("sid=c00kiec00kie",), headers=(("X-Key", "k3yk3y"),)
    )
    with Site({"/x": page()}, host="127.0.0.2") as far:
        with Site(
            {"/": page("/a", "/go", far.url("/x")), "/a": page(), "/go": redirect(far.url("/x"))}
        ) as near:
            crawl_to_end(store, near.url(), secrets=secrets)
            for ask in near.log:
                assert ask.headers["cookie"] == "sid=c00kiec00kie", ask.path
                assert ask.headers["x-key"] == "k3yk3y"
                assert ask.headers["authorization"].startswith("Basic ")
        assert {ask.path for ask in far.log} == {"/robots.txt", "/x"}
        for ask in far.log:
            assert not {"cookie", "x-key", "authorization"} & ask.headers.keys()
    for file in store.parent.iterdir():
        content = file.read_bytes()
        for secret in (b"hunter2", b"c00kie", b"k3yk3y", b"YW5uOmh1bnRlcjJodW50ZXIy"):
            assert secret not in content
    with StoreReader(store) as reader:
        assert reader.config().secrets_needed == ("auth", "cookie sid", "header X-Key")


def test_attempts_and_waits_survive_a_stop(store: Path) -> None:
    """A URL's tries and a host's wait are taken up where a stopped crawl left them."""
    with Site({"/": page("/busy"), "/busy": Reply(429, headers={"Retry-After": "2"})}) as site:
        with crawling(store, site.url()) as crawl:
            until(lambda: crawl.snapshot().outcomes and site.hits["/busy"])
            until(lambda: crawl.snapshot().hosts[0].wait_seconds > 0)
            crawl.send(Stop())
            assert crawl.wait(60)
        stopped = Store.open(store)
        assert [host.not_before > 0 for host in stopped.hosts()] == [True]
        stopped.close()
        asked = site.times("/busy")[0]
        site.pages["/busy"] = page()
        last = resume_to_end(store)
        assert site.times("/busy")[1] - asked > 1.9
    assert last.state == "finished"
    assert rows_of(store, raw=True)[site.url("/busy")]["Attempts"] == 2


@pytest.mark.usefixtures("quick_retries")
def test_a_host_that_is_not_there(store: Path) -> None:
    """Without any HTTP answer from a start URL the exit code is 3, and its row is written."""
    start = f"http://127.0.0.1:{closed_port()}/"
    last = crawl_to_end(store, start)
    assert (last.state, last.exit_code) == ("finished", 3)
    assert rows_of(store)[start]["Status"] == "Connection Refused"


def test_a_start_url_that_is_missing_is_an_answer(store: Path) -> None:
    """A start URL that answers 404 is a finished crawl, and so is one that robots.txt refuses."""
    with Site({}) as site:
        assert crawl_to_end(store, site.url()).exit_code == 0
        assert resume_to_end(store).exit_code == 0
    with Site({"/robots.txt": Reply(body=b"User-agent: *\nDisallow: /")}) as site:
        assert crawl_to_end(store.with_name("b"), site.url()).exit_code == 0
        assert resume_to_end(store.with_name("b")).exit_code == 0


def named(ask: Ask) -> str:
    """A page named as the path."""
    return page(title=ask.path)


@pytest.mark.usefixtures("quick_retries")
def test_page_cap_counts_redirects_and_keeps_what_was_begun(store: Path) -> None:
    """`--max-pages` counts requested internal URLs; one that is retried keeps its place."""
    pages: dict[str, Answer] = {f"/{n}": named for n in range(50)}
    pages["/0"] = failing(2, Reply(500), page())
    pages["/1"] = redirect("/2")
    with Site({"/": page(*pages), **pages}) as site:
        last = crawl_to_end(store, site.url(), max_pages=10, fetch_workers=3)
    outcomes = outcomes_of(store)
    assert (last.state, last.exit_code, len(outcomes)) == ("finished", 0, 10)
    assert outcomes["/0"] == "ok"
    assert set(skipped_of(store).values()) == {"beyond --max-pages"}
    assert resume_to_end(store, max_pages=20).exit_code == 0
    assert len(outcomes_of(store)) == 20


def test_redirect_url_is_the_key_of_its_target(tmp_path: Path) -> None:
    """Fragment and credentials of a Location are no part of Redirect URL, so that it joins."""
    store = tmp_path / "x.crawl"
    with Site({"/": redirect("/t#a"), "/t": page()}) as site:
        crawl_to_end(store, site.url())
        assert rows_of(store)[site.url()]["Redirect URL"] == site.url("/t")
