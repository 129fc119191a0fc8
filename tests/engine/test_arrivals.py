"""For how long the oldest URL of the queues has waited: ids tell, and a few marks."""

from __future__ import annotations

from crawler_core.engine.arrivals import MARKS, Arrivals
from crawler_core.frontier.host import Host, Limits


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


def test_oldest_of_a_host_is_looked_for_in_all_depths() -> None:
    """The head of a deeper level may have been found before that of the next one."""
    host = Host("http://a.test", True, Limits(rate=0.0, at_once=4))
    nothing = host.oldest
    assert nothing is None
    host.push(40, 1)
    host.push(41, 1)
    host.push(12, 3)
    assert host.oldest == 12
    host.push(9, 1, front=True)
    assert host.oldest == 9
