"""Endless URL spaces are capped; real collections of pages are not."""

from __future__ import annotations

from crawler_core.config import TRAP_PAGES
from crawler_core.frontier.trap import SAMPLE, Crowd, TrapGuard

SITE = "http://site.test"


def _read(guard: TrapGuard, pages: int, address: str, title: str) -> int:
    """Ask for so many pages, each read before the next; how many were admitted."""
    admitted = 0
    for number in range(pages):
        page = address.format(number)
        if guard.admits(page):
            admitted += 1
            guard.saw(page, title.format(number))
    return admitted


def test_pages_of_one_template_and_title_are_capped() -> None:
    """500 pages of a calendar are read, whatever number changes in path or query."""
    assert _read(TrapGuard(), 600, SITE + "/day/{}", "Calendar") == TRAP_PAGES == 500
    assert _read(TrapGuard(), 600, SITE + "/cal?d={}&m=7", "") == 500


def test_templates_are_counted_apart() -> None:
    """A trap beside it takes nothing from another part of the site, or another host."""
    guard = TrapGuard(5)
    for address in ("/a/{}", "/b/{}", "/a/{}/x"):
        assert _read(guard, 9, SITE + address, "Same") == 5
    assert _read(guard, 9, "http://other.test/a/{}", "Same") == 5


def test_pages_with_titles_of_their_own_are_never_capped() -> None:
    """A shop's products differ in title and share a template."""
    assert _read(TrapGuard(5), 100, SITE + "/item/{}", "Item {}") == 100


def test_one_other_title_is_enough() -> None:
    """A template that has shown two titles stays open, also when they repeat."""
    guard = TrapGuard(5)
    assert _read(guard, 1, SITE + "/item/{}", "First") == 1
    assert _read(guard, 100, SITE + "/item/{}", "Rest") == 100


def test_a_template_without_digits_is_never_capped() -> None:
    """Only numbers are counted on; a path of letters may be asked for as it is."""
    guard = TrapGuard(1)
    assert all(guard.admits(f"{SITE}/page") for _ in range(10))


def test_unread_pages_are_no_proof() -> None:
    """While no title is known nothing is kept out; once one is, the count includes them."""
    guard = TrapGuard(5)
    assert all(guard.admits(f"{SITE}/{number}") for number in range(8))
    guard.saw(f"{SITE}/0", "Same")
    assert not guard.admits(f"{SITE}/9")


def test_titles_of_pages_that_were_not_counted_do_not_matter() -> None:
    """Only templates that were asked for are remembered."""
    guard = TrapGuard(1)
    guard.saw(f"{SITE}/1", "One")
    assert guard.admits(f"{SITE}/2")


def test_what_closes_is_news_once() -> None:
    """The first page of a template that is kept out is news; of one that is open none is."""
    guard = TrapGuard(5)
    assert _read(guard, 9, SITE + "/day/{}", "Same") == 5
    assert guard.news(f"{SITE}/day/6") == f"{SITE}/day/{{n}}"
    assert guard.news(f"{SITE}/day/7") == ""
    assert guard.news(f"{SITE}/other/1") == ""


def _crowd(template: str, waiting: int, others: int) -> Crowd:
    crowd = Crowd()
    for number in range(waiting):
        crowd.count(SAMPLE * number, lambda at: template.format(at // SAMPLE), 1)
    for number in range(others):
        crowd.count(SAMPLE * number, lambda at: f"{SITE}/{'abc'[at // SAMPLE % 3]}", 1)
    return crowd


def test_a_crowd_of_one_title_is_told_once() -> None:
    """What fills the queue and always had one title is news; a shop's products are none."""
    guard = TrapGuard()
    _read(guard, 40, SITE + "/day/{}", "Calendar")
    _read(guard, 40, SITE + "/item/{}", "Item {}")
    crowd = _crowd(SITE + "/day/{}", 60, 40)
    assert crowd.news(guard) == (SITE + "/day/{n}", 0.6)
    assert crowd.news(guard) is None
    assert _crowd(SITE + "/item/{}", 60, 40).news(guard) is None
    assert _crowd(SITE + "/day/{}", 5, 95).news(guard) is None


def test_a_crowd_goes_as_it_came() -> None:
    """What waits no more leaves nothing behind."""
    guard = TrapGuard()
    _read(guard, 40, SITE + "/day/{}", "Calendar")
    crowd = _crowd(SITE + "/day/{}", 60, 40)
    for number in range(60):
        crowd.count(SAMPLE * number, lambda at: f"{SITE}/day/{at // SAMPLE}", -1)
    assert crowd.news(guard) is None
    assert crowd._counts == {}
