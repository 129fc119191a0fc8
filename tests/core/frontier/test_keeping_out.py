"""Waiting URLs that are kept out after all, and those that come back."""

from __future__ import annotations

from crawler_core.frontier.claims import Fetch, KeptOut
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
