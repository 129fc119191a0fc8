"""What failed, asked for again, in steps. Engine thread only."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from crawler_core.engine.works import STEP
from crawler_core.model import WORTH_ANOTHER_TRY, Outcome

if TYPE_CHECKING:
    from crawler_core.engine.ledger import Ledger


def ask_failed_again(ledger: Ledger) -> Iterator[None]:
    """Queue every URL again whose outcome may change, and tell how many those are.

    What an exclude or a cap would keep out stays as it ended. Hosts that could not be reached
    are taken up again once: what is left of one that fails again ends like it.
    """
    failed = yield from _failed(ledger)
    frontier = ledger.frontier
    for key in {frontier.host_of(url_id).key for url_id in failed}:
        if frontier.hosts[key].ending is not None:
            frontier.open_host(key)
    yield
    for place, url_id in enumerate(failed, 1):
        ledger.discovery.ask_again(url_id)
        if not place % STEP:
            yield
    urls = "URL is" if len(failed) == 1 else "URLs are"
    ledger.tell("info", f"{len(failed):,} failed {urls} asked for again")


def _failed(ledger: Ledger) -> Generator[None, None, array[int]]:
    """The URLs to be asked for again."""
    found, frontier = array("I"), ledger.frontier
    for looked_at, row in enumerate(ledger.store.done_rows(), 1):
        lost = row.outcome is Outcome.ROBOTS and frontier.host_of(row.url_id).ending is not None
        if (row.outcome in WORTH_ANOTHER_TRY or lost) and not ledger.is_barred(row.url_id):
            found.append(row.url_id)
        if not looked_at % STEP:
            yield
    return found
