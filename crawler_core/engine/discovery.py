"""Links into the frontier: new URLs, shorter paths, greater roles.

The result does not depend on the order in which pages arrive: whatever was kept out,
only checked, or found deeper is taken up again when a later link says better. For URLs
that are done already the change runs on over their stored links.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

from crawler_core.config import MAX_URL_LENGTH, START_CHAIN_HOPS
from crawler_core.frontier.frontier import Frontier
from crawler_core.frontier.table import Stage
from crawler_core.model import (
    FOLLOWED_KINDS,
    RESOURCE_KINDS,
    Link,
    LinkKind,
    Outcome,
    Role,
    UrlRow,
    UrlState,
)
from crawler_core.scope import (
    HOPS,
    INVALID,
    TAKEN_BACK,
    TOO_DEEP,
    Reference,
    Scope,
    is_permanent,
)
from crawler_core.stats import Stats
from crawler_core.store.linklists import Edge, Packed
from crawler_core.store.schema import NOFOLLOW, ONLY_FRAGMENT
from crawler_core.store.writer import Store

_REDIRECTING = frozenset({LinkKind.REDIRECT, LinkKind.META_REFRESH})
_PATH = frozenset({TOO_DEEP, HOPS})
_OF_THE_PATH = _PATH | {""}
"""Reasons that another path to the URL can lift: what the link says of it still counts."""
_READ = frozenset({Outcome.OK, Outcome.TOO_LARGE})

_MANNER = [0] * (max(LinkKind) + 1)
"""One bit for each way in which scope tells kinds of links apart; 0 where hops count."""
for _kind in LinkKind:
    if _kind not in _REDIRECTING:
        _MANNER[_kind] = 1 if _kind in FOLLOWED_KINDS else 2 if _kind in RESOURCE_KINDS else 4
_NOFOLLOW_SHIFT = 3
_UNCRAWLED_SHIFT = 6
_ALL_MANNERS = 0xFFFF


class Discovery:
    """Admits what pages link to."""

    def __init__(self, frontier: Frontier, scope: Scope, store: Store, stats: Stats) -> None:
        self.frontier = frontier
        self.table = frontier.table
        self.scope = scope
        self.store = store
        self.stats = stats
        self.chain_ended: Callable[[int], object] = self.end_of_start_chain
        """Called with a URL that had its answer before it was known that a start leads there."""
        self._to_relax: list[int] = []
        self._ended: list[int] = []
        self.offered = array("H", [0])
        """By URL: the manners (`_MANNER`, shifted) in which nothing more can be had of it."""

    def start(self, addresses: Iterable[str]) -> None:
        """Take in the start URLs."""
        self.offered.extend([0] * (len(self.table) + 1 - len(self.offered)))
        for address in addresses:
            if not self.table.find(address):
                self._accept(address, Role.CRAWL, 0, 0, True, 0, "", start_chain=1)

    def follow(self, source_id: int, links: Sequence[Link]) -> tuple[list[Packed], int]:
        """Admit the links of a finished page: as the store keeps them, how many URLs are new."""
        before = len(self.table)
        table, offered = self.table, self.offered
        depths, hops, find = table.depth, table.hops, table.find
        depth = depths[source_id] + 1
        shift = 0 if table.role[source_id] == Role.CRAWL else _UNCRAWLED_SHIFT
        rows: list[Packed] = []
        for link in links:
            kind = link.kind
            if kind is LinkKind.CANONICAL:
                continue
            target = find(link.url)
            if target:
                # Most links of a site are in every page: those cost three look-ups.
                manner = _MANNER[kind] << shift + _NOFOLLOW_SHIFT * link.nofollow
                if not offered[target] & manner or depths[target] > depth or hops[target]:
                    self.offer_known(source_id, target, kind, link.nofollow)
            else:
                target = self._offer_new(source_id, link)
                if not target:
                    continue
            flags = NOFOLLOW * link.nofollow | ONLY_FRAGMENT * link.only_fragment
            if link.rel or link.fragment:
                rows.append((target, kind, flags, link.anchor, link.rel, link.fragment))
            else:
                rows.append((target, kind, flags, link.anchor))
        self.relax()
        return rows, len(self.table) - before

    def end_of_start_chain(self, url_id: int) -> str | None:
        """A start URL, or what it redirects to, answered: the site that became internal.

        What links to that site said before counts as little as if they had not been read: all of
        them are to be heard again.
        """
        address = self.table.address(url_id)
        site = self.scope.add_site(address)
        if not self.table.internal[url_id]:
            self.frontier.promote(url_id, Role.CRAWL, internal=True)
            self.store.update_url(self.table.row(url_id))
        if site is not None:
            self.offered = array("H", bytes(2 * len(self.offered)))
        return site

    def relax(self) -> None:
        """Offer again what changed pages link to, until nothing changes."""
        while self._ended or self._to_relax:
            if self._ended:
                self._end_chain(self._ended.pop())
                continue
            source_id = self._to_relax.pop()
            for row in self.store.links_from(source_id):
                self.offer_known(source_id, row.target_id, row.kind, row.nofollow)

    def ask_again(self, url_id: int) -> None:
        """Queue a URL that is done, as if it had never been asked for."""
        if self.table.stage[url_id] != Stage.DONE:
            return
        known = self.store.outcome_of(url_id)
        if known is not None:
            self.stats.count(known[0], known[1], bool(self.table.internal[url_id]), by=-1)
        self.table.attempts[url_id] = 0
        self.table.throttles[url_id] = 0
        self.frontier.reopen(url_id)
        self.store.update_url(self.table.row(url_id))

    def has_news(self, source_id: int, edge: Edge) -> bool:
        """Whether a link to a known URL can change anything, by the look-ups of `follow`."""
        table, target = self.table, edge.target_id
        reference = self._reference(source_id, edge.kind, edge.nofollow)
        nearer = table.depth[target] > reference.depth
        return not self.offered[target] & _manner(reference) or nearer or table.hops[target] > 0

    def offer_known(self, source_id: int, target: int, kind: LinkKind, nofollow: bool) -> None:
        """Take in what one more link to a known URL says of it."""
        table = self.table
        stage = table.stage[target]
        chain = self._chain(source_id, kind)
        if not chain and stage == Stage.KEPT_OUT and is_permanent(table.reason(target)):
            self.offered[target] = _ALL_MANNERS
            return
        reference = self._reference(source_id, kind, nofollow)
        verdict = self.scope.judge(table.address(target), reference)
        if verdict.reason not in _PATH:
            self.offered[target] |= _manner(reference)
        role, internal = Role(table.role[target]), bool(table.internal[target])
        better = self._shorten(target, reference)
        chained = chain > 0 and not table.start_chain[target]
        if chained:
            table.start_chain[target] = chain
            role, better = Role.CRAWL, True
        if verdict.reason in _OF_THE_PATH:
            role, internal = max(role, verdict.role), internal or verdict.internal
        promoted = role > table.role[target]
        if (role, internal) != (table.role[target], bool(table.internal[target])):
            if stage == Stage.DONE and internal and not table.internal[target]:
                self.stats.internal_done += 1  # it was counted as one of another site
            self.frontier.promote(target, role, internal)
            better = True
        if stage == Stage.KEPT_OUT and (chain or not verdict.reason):
            self.stats.skipped[table.reason(target)] -= 1
            self.frontier.reopen(target)
            better = True
        elif stage == Stage.KEPT_OUT and table.reason(target) == TAKEN_BACK:
            self.set_reason(target, verdict.reason)
            better = True
        if better:
            self._pass_on(target, promoted, chained)

    def set_reason(self, url_id: int, reason: str) -> None:
        """Keep a URL out for another reason."""
        self.stats.skipped[self.table.reason(url_id)] -= 1
        self.stats.skipped[reason] += 1
        self.table.set_reason(url_id, reason)

    # -- inside --------------------------------------------------------------------------

    def _end_chain(self, url_id: int) -> None:
        was_internal = self.table.internal[url_id]
        self.chain_ended(url_id)
        # It was counted as one of another site.
        self.stats.internal_done += self.table.internal[url_id] - was_internal

    def _reference(self, source_id: int, kind: LinkKind, nofollow: bool) -> Reference:
        table = self.table
        return Reference(
            kind=kind,
            nofollow=nofollow,
            depth=table.depth[source_id] + 1,
            hops=table.hops[source_id] + 1 if kind in _REDIRECTING else 0,
            crawled_source=table.role[source_id] == Role.CRAWL,
        )

    def _chain(self, source_id: int, kind: LinkKind) -> int:
        """Place in a start URL's redirect chain that a target gets; 0 if in none."""
        place = self.table.start_chain[source_id]
        return place + 1 if kind is LinkKind.REDIRECT and 0 < place <= START_CHAIN_HOPS else 0

    def _offer_new(self, source_id: int, link: Link) -> int:
        """The id of what a link leads to; 0 if that is nothing at all."""
        address = link.url or link.raw
        if len(address) > MAX_URL_LENGTH:
            address = address[:MAX_URL_LENGTH] + "…"  # kept out, so never asked for
        if not link.url:
            return self._note_invalid(source_id, address) if address else 0
        return self._offer(source_id, address, link.kind, link.nofollow)

    def _offer(self, source_id: int, address: str, kind: LinkKind, nofollow: bool) -> int:
        known = self.table.find(address)
        if known:
            self.offer_known(source_id, known, kind, nofollow)
            return known
        reference = self._reference(source_id, kind, nofollow)
        verdict = self.scope.judge(address, reference)
        chain = self._chain(source_id, kind)
        counts = verdict.reason in _OF_THE_PATH  # else the link says nothing of what is to be done
        return self._accept(
            address,
            Role.CRAWL if chain else verdict.role if counts else Role.CHECK,
            reference.depth,
            reference.hops,
            verdict.internal,
            source_id,
            "" if chain else verdict.reason,
            start_chain=chain,
            offered=0 if verdict.reason in _PATH else _manner(reference),
        )

    def _note_invalid(self, source_id: int, raw: str) -> int:
        """What cannot be a URL is known by its text, so that people can find and mend it."""
        depth = self.table.depth[source_id] + 1
        return self.table.find(raw) or self._accept(
            raw, Role.CHECK, depth, 0, False, source_id, INVALID, offered=_ALL_MANNERS
        )

    def _accept(
        self,
        address: str,
        role: Role,
        depth: int,
        hops: int,
        internal: bool,
        source_id: int,
        reason: str,
        *,
        start_chain: int = 0,
        offered: int = 0,
    ) -> int:
        row = UrlRow(
            url_id=self.frontier.next_id,
            address=address,
            depth=depth,
            hops=hops,
            role=role,
            internal=internal,
            state=UrlState.KEPT_OUT if reason else UrlState.WAITING,
            source_id=source_id,
            reason=reason,
            start_chain=start_chain,
        )
        self.frontier.accept(row)
        self.offered.append(offered)
        self.store.add_url(row)
        if reason:
            self.stats.skipped[reason] += 1
        return row.url_id

    def _shorten(self, target: int, reference: Reference) -> bool:
        """Note a shorter path or a shorter chain of redirects; True if it is one."""
        table = self.table
        better = False
        if reference.depth < table.depth[target]:
            self.frontier.lower(target, reference.depth)
            better = True
        if reference.hops < table.hops[target]:
            table.hops[target] = reference.hops
            better = True
        return better

    def _pass_on(self, target: int, promoted: bool, chained: bool) -> None:
        """Write a changed URL down, and let the change run on over what it links to."""
        self.store.update_url(self.table.row(target))
        if self.table.stage[target] != Stage.DONE:
            return
        if promoted and self._body_is_missing(target):
            self.ask_again(target)
            return
        self._to_relax.append(target)
        if chained and self._is_answer(target):
            self._ended.append(target)

    def _body_is_missing(self, url_id: int) -> bool:
        """True for a page that was only checked, but has a body to read."""
        known = self.store.outcome_of(url_id)
        return known is not None and known[0] in _READ and known[2]

    def _is_answer(self, url_id: int) -> bool:
        """True for what ends a chain of redirects: an answer that is no redirect itself."""
        known = self.store.outcome_of(url_id)
        return known is not None and known[0] is not Outcome.REDIRECT and known[1] > 0


def _manner(reference: Reference) -> int:
    """The bit of the manner in which a URL is named."""
    shift = 0 if reference.crawled_source else _UNCRAWLED_SHIFT
    return _MANNER[reference.kind] << shift + _NOFOLLOW_SHIFT * reference.nofollow
