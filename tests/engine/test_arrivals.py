"""For how long the oldest URL of the queues has waited: ids tell, and a few marks."""

from __future__ import annotations

from crawler_core.engine.arrivals import MARKS, Arrivals, waiting_age
from tests.core.frontier.rows import LOCAL, add, claimed, frontier


def test_ids_are_dated_by_the_marks() -> None:
    """An id is as old as the last mark before it was found; an earlier run's as the first."""
    arrivals = Arrivals()
    assert arrivals.age(1, 5.0) == 0.0
    for now, next_id in ((10.0, 50), (11.0, 80), (12.0, 80), (13.0, 90)):
        arrivals.mark(now, next_id)
    ages = {url_id: arrivals.age(url_id, 20.0) for url_id in (7, 50, 79, 80, 95)}
    assert ages == {7: 10.0, 50: 10.0, 79: 10.0, 80: 8.0, 95: 7.0}


def test_a_long_crawl_keeps_few_marks() -> None:
    """After hours there are no more marks than at first, and ages are still near the truth."""
    arrivals = Arrivals()
    for eighth in range(8 * 3600):
        arrivals.mark(eighth / 8, eighth + 1)
    assert len(arrivals._times) <= MARKS
    for found in (0.0, 600.0, 1800.0, 3000.0):
        age = arrivals.age(int(8 * found) + 1, 3600.0)
        assert 3600.0 - found <= age <= 3600.0 - found + 32.0


def test_oldest_is_looked_for_in_all_depths() -> None:
    """The head of a deeper level may have been found before that of the next one."""
    known, arrivals = frontier(), Arrivals()
    assert waiting_age(arrivals, known, 9.0) == 0.0
    for depth in (3, 1, 1, 2):
        arrivals.mark(float(known.next_id), known.next_id)
        add(known, f"{LOCAL}/{known.next_id}", depth)
    assert known.oldest == 1
    assert waiting_age(arrivals, known, 9.0) == 8.0


def test_what_does_not_wait_is_not_the_oldest() -> None:
    """URLs that were kept out, or moved up, stand in a queue that is not in turn yet."""
    known = frontier()
    ids = [add(known, f"{LOCAL}/{n}", 1 if n > 3 else 3) for n in range(6)]
    assert known.keep_out(ids[0], "no")
    known.lower(ids[1], 2)
    assert known.oldest == ids[1]
    assert known.keep_out(ids[1], "no")
    assert known.oldest == ids[2]
    known.reopen(ids[0])
    assert claimed(known, 0.0) == [ids[4], ids[5], ids[2], ids[3], ids[0]]
    assert known.oldest is None
