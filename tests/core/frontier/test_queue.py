"""What is next: breadth first, hosts in turn, retries last, caps that keep their word."""

from __future__ import annotations

import time

from crawler_core import scope
from crawler_core.frontier.claims import AskRobots, Fetch, KeptOut, Refused
from crawler_core.frontier.table import Stage
from crawler_core.model import Outcome, Role, UrlState
from crawler_core.robots import DISALLOWED
from tests.core.frontier.rows import FAR, LOCAL, REMOTE, add, claimed, frontier, rules


def test_shallow_urls_come_first() -> None:
    """Within a host depth decides, then the order in which the URLs were found."""
    known = frontier()
    deep, first, second = (
        add(known, f"{LOCAL}/{name}", depth) for name, depth in (("c", 3), ("a", 1), ("b", 1))
    )
    assert claimed(known, 0.0) == [first, second, deep]


def test_a_shorter_path_moves_a_waiting_url_up() -> None:
    """A URL whose depth is lowered is asked for once, at its new place."""
    known = frontier()
    deep, other = add(known, f"{LOCAL}/deep", 5), add(known, f"{LOCAL}/other", 3)
    known.lower(deep, 4)
    known.lower(deep, 1)
    assert claimed(known, 0.0) == [deep, other]
    assert known.table.depth[deep] == 1


def test_hosts_take_turns() -> None:
    """A host with many URLs does not keep another one waiting."""
    known = frontier()
    many = [add(known, f"{LOCAL}/{number}") for number in range(50)]
    late = add(known, f"{REMOTE}/one")
    assert late in claimed(known, 0.0)[:2]
    assert known.in_flight == len(many) + 1


def test_a_sleeping_host_blocks_nobody() -> None:
    """While one host is snoozed, failing or full, the others go on."""
    known = frontier()
    throttled = add(known, f"{REMOTE}/a")
    assert claimed(known, 0.0) == [throttled]
    assert known.throttle(throttled, 0.0, 120.0)
    others = [add(known, f"{LOCAL}/{number}") for number in range(3)]
    assert claimed(known, 1.0) == others
    assert known.next_wake() == 120.0
    assert claimed(known, 119.9) == []
    assert claimed(known, 120.0) == [throttled]


def test_retries_come_last_and_not_too_early() -> None:
    """A failed URL waits for its time and behind every other URL of its host."""
    known = frontier()
    failed, other = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/b")
    assert isinstance(known.claim(0.0), Fetch)
    known.retry(failed, 0.0, 2.0)
    assert claimed(known, 1.0) == [other]
    assert known.hosts[LOCAL].retry_count == 1
    late = add(known, f"{LOCAL}/c")
    assert claimed(known, 3.0) == [late, failed]
    assert known.table.attempts[failed] == 2
    assert known.hosts[LOCAL].retry_count == 0


def test_new_urls_do_not_wait_for_a_retry() -> None:
    """A host that has only a retry left is woken by what is found meanwhile."""
    known = frontier()
    failed = add(known, f"{LOCAL}/a")
    assert claimed(known, 0.0) == [failed]
    known.retry(failed, 0.0, 60.0)
    assert claimed(known, 1.0) == []
    found = add(known, f"{LOCAL}/b")
    assert claimed(known, 1.0) == [found]


def test_an_earlier_retry_does_not_wait_for_a_later_one() -> None:
    """The retry that is due first decides when its host is woken."""
    known = frontier()
    slow, quick = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/b")
    assert claimed(known, 0.0) == [slow, quick]
    known.retry(slow, 0.0, 60.0)
    assert claimed(known, 0.0) == []
    known.retry(quick, 0.0, 2.0)
    assert claimed(known, 2.0) == [quick]
    assert claimed(known, 60.0) == [slow]


def test_a_shorter_path_does_not_hurry_a_retry() -> None:
    """A retry keeps its place behind the others when its depth is lowered."""
    known = frontier()
    failed = add(known, f"{LOCAL}/a", 3)
    assert claimed(known, 0.0) == [failed]
    known.retry(failed, 0.0, 5.0)
    known.lower(failed, 1)
    other = add(known, f"{LOCAL}/b", 4)
    assert claimed(known, 1.0) == [other]
    assert claimed(known, 5.0) == [failed]


def test_a_throttled_url_gives_up_after_five_waits() -> None:
    """The sixth throttling answer ends the URL; until then it waits at the front."""
    known = frontier()
    url_id = add(known, f"{LOCAL}/a")
    for wait in range(5):
        assert claimed(known, 10.0 * wait) == [url_id]
        assert known.throttle(url_id, 10.0 * wait, 10.0)
    assert claimed(known, 50.0) == [url_id]
    assert not known.throttle(url_id, 50.0, 10.0)
    assert known.table.stage[url_id] == Stage.IN_FLIGHT
    known.finish(url_id)
    assert known.is_done


def test_robots_is_asked_first_and_once() -> None:
    """No URL of a host is sent before its robots.txt is known; the rest of it waits."""
    known = frontier(ignore_robots=False)
    url_id, hidden = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/private")
    assert known.claim(0.0) == AskRobots(LOCAL)
    assert known.claim(0.0) is None
    add(known, f"{LOCAL}/b")
    assert known.claim(9.0) is None
    known.set_robots(LOCAL, "ok", rules("Disallow: /private"))
    assert known.claim(9.0) == Fetch(url_id, LOCAL)
    assert known.claim(9.0) == Refused(hidden, Outcome.ROBOTS, DISALLOWED)


def test_refusals_cost_no_time() -> None:
    """What needs no request ends at once, even on a host that is asked once in 30 s."""
    known = frontier(ignore_robots=False)
    for number in range(100):
        add(known, f"{REMOTE}/private/{number}")
    assert known.claim(0.0) == AskRobots(REMOTE)
    known.set_robots(REMOTE, "ok", rules("Disallow: /private", "Crawl-delay: 30"))
    refused = [known.claim(0.0) for _ in range(100)]
    assert all(isinstance(claim, Refused) for claim in refused)
    assert known.is_done
    assert known.done == 100


def test_a_host_that_ends_takes_its_urls_along_until_it_is_opened() -> None:
    """Unavailable robots.txt ends what waits; taken up again, the host is asked anew."""
    known = frontier(ignore_robots=False)
    ended = add(known, f"{FAR}/a")
    assert known.claim(0.0) == AskRobots(FAR)
    known.end_host(FAR, Outcome.ROBOTS, "robots.txt unavailable")
    assert known.claim(0.0) == Refused(ended, Outcome.ROBOTS, "robots.txt unavailable")
    known.open_host(FAR)
    known.reopen(ended)
    assert known.claim(1.0) == AskRobots(FAR)


def test_closed_hosts_keep_their_urls() -> None:
    """A skipped host's URLs stay waiting, and the crawl is done without them."""
    known = frontier()
    add(known, f"{LOCAL}/a")
    waits = add(known, f"{REMOTE}/a")
    known.close_host(REMOTE, "skipped by you")
    (sent,) = claimed(known, 0.0)
    assert not known.is_done
    known.finish(sent)
    assert known.is_done
    assert (known.waiting, known.shelved) == (1, 1)
    known.open_host(REMOTE)
    assert not known.is_done
    assert claimed(known, 0.0) == [waits]


def test_max_pages_counts_pages_and_keeps_the_rest_out() -> None:
    """Checks are free, start URLs always go, and each page beyond the cap is told why."""
    known = frontier(max_pages=2)
    check = add(known, f"{LOCAL}/logo.png", role=Role.CHECK)
    outside = add(known, f"{FAR}/")
    pages = [add(known, f"{LOCAL}/{number}") for number in range(3)]
    start = add(known, f"{LOCAL}/start", start_chain=1)
    claims = [known.claim(0.0) for _ in range(6)]
    sent = {claim.url_id for claim in claims if isinstance(claim, Fetch)}
    assert sent == {check, outside, *pages[:2], start}
    assert KeptOut(pages[2], scope.MAX_PAGES) in claims
    assert known.table.reason(pages[2]) == scope.MAX_PAGES
    assert known.pages_asked == 3


def test_a_page_that_was_begun_is_not_kept_out() -> None:
    """A retry keeps its place under --max-pages, though others were waiting for one."""
    known = frontier(max_pages=1)
    first, second = add(known, f"{LOCAL}/a"), add(known, f"{LOCAL}/b")
    assert known.claim(0.0) == Fetch(first, LOCAL)
    known.retry(first, 0.0, 1.0)
    assert known.claim(0.5) == KeptOut(second, scope.MAX_PAGES)
    assert claimed(known, 1.0) == [first]
    known.finish(first)
    known.reopen(first)
    assert claimed(known, 2.0) == [first]
    assert known.pages_asked == 1


def test_a_resumed_crawl_counts_what_was_asked_before() -> None:
    """Pages done or begun by an earlier run count under --max-pages, refused ones do not."""
    known = frontier(max_pages=2)
    add(known, f"{LOCAL}/done", state=UrlState.DONE, attempts=1)
    add(known, f"{LOCAL}/refused", state=UrlState.DONE)
    begun = add(known, f"{LOCAL}/begun", attempts=1)
    fresh = add(known, f"{LOCAL}/fresh", 0)
    assert known.pages_asked == 2
    assert known.claim(0.0) == KeptOut(fresh, scope.MAX_PAGES)
    assert claimed(known, 0.0) == [begun]


def test_a_check_that_becomes_a_page_is_counted() -> None:
    """What was asked for as a check counts as a page once a page links to it."""
    known = frontier(max_pages=1)
    url_id = add(known, f"{LOCAL}/a", role=Role.CHECK)
    assert claimed(known, 0.0) == [url_id]
    assert known.pages_asked == 0
    known.promote(url_id, Role.CRAWL, internal=True)
    assert known.pages_asked == 1


def test_the_trap_keeps_pages_out_once() -> None:
    """Pages of one template under one title are capped; a page that was begun goes on."""
    known = frontier()
    ids = [add(known, f"{LOCAL}/day/{number}") for number in range(501)]
    sent = [known.claim(0.0) for _ in range(500)]
    assert all(isinstance(claim, Fetch) for claim in sent)
    known.trap.saw(f"{LOCAL}/day/0", "Calendar")
    known.retry(ids[0], 0.0, 0.0)
    assert known.claim(0.0) == KeptOut(ids[500], scope.TRAP)
    assert known.claim(0.0) == Fetch(ids[0], LOCAL)


def test_very_deep_chains_are_counted() -> None:
    """Crawl Depth has no ceiling within reach: a chain of 100,000 pages counts on."""
    known = frontier()
    url_id = add(known, f"{LOCAL}/a", 100_000)
    assert known.table.row(url_id).depth == 100_000
    known.lower(url_id, 70_000)
    assert claimed(known, 0.0) == [url_id]


def test_time_per_url_does_not_grow_with_the_queue() -> None:
    """Taking in and claiming 6,000 URLs of 200 hosts costs about as much each as 600 of 20."""

    def cost(hosts: int) -> float:
        known = frontier()
        began = time.process_time()
        for number in range(hosts * 30):
            add(known, f"http://127.0.{number % hosts // 200}.{number % hosts % 200}/{number}")
        assert len(claimed(known, 0.0)) == hosts * 30
        return (time.process_time() - began) / hosts

    small = min(cost(20) for _ in range(3))
    assert cost(200) < 4 * small


def test_a_long_queue_keeps_its_order() -> None:
    """Thousands of URLs come out as they went in, also those put back to the front."""
    known = frontier(per_host=0)
    pages = [add(known, f"{LOCAL}/{n}") for n in range(5_000)]
    out: list[int] = []
    while isinstance(claim := known.claim(0.0), Fetch):
        if claim.url_id % 7 == 0 and known.table.attempts[claim.url_id] == 1:
            known.release(claim.url_id)
            continue
        out.append(claim.url_id)
        known.finish(claim.url_id)
    assert out == pages
    assert known.is_done


def test_urls_kept_out_make_no_host_known() -> None:
    """A host is known from the first URL that may be asked for, not from one kept out."""
    known = frontier()
    kept = add(known, f"{FAR}/a", state=UrlState.KEPT_OUT, reason="too deep")
    assert list(known.hosts) == []
    known.reopen(kept)
    assert list(known.hosts) == [FAR]
    assert known.host_of(kept) is known.hosts[FAR]
    other = add(known, f"{FAR}/b")
    assert known.host_of(other) is known.hosts[FAR]
