"""What a rule kept out that is no more: judged anew, in steps, as if there had never been the rule.

What links said meanwhile of the URLs to which the rule applied went unheard. So every stored link
to them counts as if its page were read now. Likewise with all links, when a site has turned out to
be internal. Engine thread only.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterator

from crawler_core.engine.discovery import Discovery
from crawler_core.engine.works import STEP
from crawler_core.frontier.table import Stage
from crawler_core.model import Role
from crawler_core.scope import TAKEN_BACK, is_permanent


def reconsider(
    discovery: Discovery, reason: str, holds: Callable[[str], bool]
) -> Generator[None, None, int]:
    """Judge anew what `reason` kept out; returns how many URLs wait again.

    `holds` tells to which addresses the rule applied. It may be interrupted wherever it yields:
    from the moment at which a URL is to be judged anew, links to it that are read meanwhile
    count as well.
    """
    kept, wanted = array("I"), set[int]()
    yield from _unsettle(discovery, reason, holds, kept, wanted)
    yield from _hear_again(discovery, wanted)
    return (yield from _settle_all(discovery, kept))


def hear_all_again(discovery: Discovery) -> Iterator[None]:
    """Offer all stored links once more: they lead to a site that is internal now."""
    table = discovery.table
    for source_id in range(1, len(table) + 1):
        if table.stage[source_id] == Stage.DONE:
            for edge in discovery.store.links_from(source_id):
                if discovery.has_news(source_id, edge):
                    discovery.offer_known(source_id, edge.target_id, edge.kind, edge.nofollow)
            discovery.relax()
        elif source_id % STEP:
            continue
        yield


def _unsettle(
    discovery: Discovery,
    reason: str,
    holds: Callable[[str], bool],
    kept: array[int],
    wanted: set[int],
) -> Iterator[None]:
    """Find what `reason` kept out, and of which URLs `holds` names links may say more."""
    table = discovery.table
    for url_id in range(1, len(table) + 1):
        is_kept = table.stage[url_id] == Stage.KEPT_OUT and table.reason(url_id) == reason
        if is_kept:
            kept.append(url_id)
            discovery.set_reason(url_id, TAKEN_BACK)
        if is_kept or (_is_unsettled(discovery, url_id) and holds(table.address(url_id))):
            wanted.add(url_id)
            discovery.offered[url_id] = 0
        if not url_id % STEP:
            yield


def _is_unsettled(discovery: Discovery, url_id: int) -> bool:
    """Whether a link may still say something new of a URL."""
    table = discovery.table
    if table.stage[url_id] == Stage.KEPT_OUT:
        return not is_permanent(table.reason(url_id))
    return table.role[url_id] != Role.CRAWL or not table.internal[url_id]


def _hear_again(discovery: Discovery, wanted: set[int]) -> Iterator[None]:
    """Offer all stored links to `wanted` once more."""
    store = discovery.store
    sources, last = store.naming(wanted, 0) if wanted else ([], 0)
    while last:
        yield
        for source_id in sources:
            for edge in store.links_from(source_id):
                if edge.target_id in wanted and discovery.has_news(source_id, edge):
                    discovery.offer_known(source_id, edge.target_id, edge.kind, edge.nofollow)
            discovery.relax()  # with what it comes from, so that no death can part them
            yield
        sources, last = store.naming(wanted, last)


def _settle_all(discovery: Discovery, kept: array[int]) -> Generator[None, None, int]:
    """Decide on what no link has decided; how many of `kept` are no longer kept out."""
    table, back = discovery.table, 0
    for looked_at, url_id in enumerate(kept):
        if table.stage[url_id] == Stage.KEPT_OUT and table.reason(url_id) == TAKEN_BACK:
            _settle(discovery, url_id, discovery.scope.barred(table.address(url_id)))
        back += table.stage[url_id] != Stage.KEPT_OUT
        if not looked_at % STEP:
            yield
    return back


def _settle(discovery: Discovery, url_id: int, reason: str) -> None:
    """Keep a URL out for another reason; one that no stored link speaks of waits again."""
    if reason:
        discovery.set_reason(url_id, reason)
        discovery.store.keep_out(url_id, reason)
    else:
        discovery.stats.skipped[TAKEN_BACK] -= 1
        discovery.frontier.reopen(url_id)
        discovery.store.update_url(discovery.table.row(url_id))
