"""Waiting URLs that are kept out after all, and those that come back."""

from __future__ import annotations

from crawler_core.frontier.claims import Fetch, KeptOut
from crawler_core.frontier.trap import TrapGuard
from crawler_core.model import Role
from crawler_core.scope import TRAP
from tests.core.frontier.rows import LOCAL, REMOTE, add, claimed, frontier


def test_a_waiting_url_is_passed_over() -> None:
    """What is kept out is no longer claimed or counted as waiting; its neighbours are."""
    known = frontier()
    ids = [add(known, f"{LOCAL}/{n}") for n in range(4)]
    assert known.keep_out(ids[1], "no")
    assert known.keep_out(ids[3], "no")
    assert (known.waiting, known.kept_out) == (2, 2)
    assert known.table.reason(ids[1]) == "no"
    assert claimed(known, 0.0) == [ids[0], ids[2]]
    for url_id in (ids[0], ids[2]):
        known.finish(url_id)
    assert known.is_done


def test_only_what_waits_can_be_kept_out() -> None:
    """A start URL, one that is in flight and one that is done stay what they are."""
    known = frontier()
    start = add(known, f"{LOCAL}/", 0, start_chain=1)
    page = add(known, f"{LOCAL}/a")
    assert not known.keep_out(start, "no")
    assert claimed(known, 0.0) == [start, page]
    assert not known.keep_out(page, "no")
    known.finish(page)
    assert not known.keep_out(page, "no")
    assert (known.kept_out, known.done) == (0, 1)


def test_a_retry_is_forgotten_and_its_host_goes_on() -> None:
    """A host that sleeps because of a retry that is kept out asks for its other URLs at once."""
    known = frontier()
    first = add(known, f"{LOCAL}/1")
    assert claimed(known, 0.0) == [first]
    known.retry(first, 0.0, 60.0)
    assert known.claim(1.0) is None
    assert known.keep_out(first, "no")
    assert known.host_of(first).retry_count == 0
    second = add(known, f"{LOCAL}/2")
    assert claimed(known, 2.0) == [second]
    known.finish(second)
    assert known.is_done


def test_what_comes_back_is_claimed_once() -> None:
    """However often a URL is kept out and let in again, it is asked for once."""
    known = frontier()
    page = add(known, f"{LOCAL}/1")
    other = add(known, f"{LOCAL}/2")
    for _ in range(3):
        assert known.keep_out(page, "no")
        known.reopen(page)
    assert (known.waiting, known.kept_out) == (2, 0)
    assert claimed(known, 0.0) == [page, other]
    assert known.in_flight == 2
    known.finish(page)
    known.finish(other)
    assert known.is_done


def test_a_rule_made_on_the_way_is_asked_last() -> None:
    """Just before a request goes out the rules of the driver are asked; start URLs are exempt."""
    known = frontier()
    known.cut = lambda address: "no" if "x" in address else ""
    start = add(known, f"{LOCAL}/x", 0, start_chain=1)
    page = add(known, f"{LOCAL}/xx")
    good = add(known, f"{LOCAL}/good")
    claims = [known.claim(0.0) for _ in range(3)]
    assert claims == [Fetch(start, LOCAL), KeptOut(page, "no"), Fetch(good, LOCAL)]


def test_a_polite_host_waits_no_longer_for_what_is_gone() -> None:
    """Keeping out all of a host leaves nothing to wake for that would be asked."""
    known = frontier()
    ids = [add(known, f"{REMOTE}/{n}") for n in range(3)]
    assert claimed(known, 0.0) == ids[:1]
    for url_id in ids[1:]:
        assert known.keep_out(url_id, "no")
    known.finish(ids[0])
    assert known.is_done
    assert known.claim(100.0) is None


def test_forgotten_retries_are_passed_over() -> None:
    """Of many retries that are kept out none is shown, counted or asked for; the others are."""
    known = frontier()
    ids = [add(known, f"{LOCAL}/{n}") for n in range(6)]
    assert claimed(known, 0.0) == ids
    host = known.host_of(ids[0])
    for place, url_id in enumerate(ids):
        known.retry(url_id, 0.0, 10.0 + place)
    for url_id in (ids[0], ids[2], ids[3]):
        assert known.keep_out(url_id, "no")
    assert host.retry_count == known.waiting == 3
    assert host.peek_retry() == (11.0, ids[1])
    known.reopen(ids[0])  # waits with the others now, not behind them
    assert claimed(known, 9.0) == [ids[0]]
    known.retry(ids[0], 9.0, 100.0)
    assert claimed(known, 20.0) == [ids[1], ids[4], ids[5]]
    assert claimed(known, 109.0) == [ids[0]]
    assert host.retry_count == 0


def test_a_trap_is_none_for_what_is_only_checked() -> None:
    """More pages of its template are kept out; a link to one is looked up all the same."""
    known = frontier()
    known.trap = TrapGuard(1)
    first = add(known, f"{LOCAL}/day/0")
    assert claimed(known, 0.0) == [first]
    known.trap.saw(f"{LOCAL}/day/0", "same")
    trapped = add(known, f"{LOCAL}/day/1")
    assert known.claim(0.0) == KeptOut(trapped, TRAP)
    checked = add(known, f"{LOCAL}/day/4", role=Role.CHECK)
    assert claimed(known, 0.0) == [checked]
