"""Scope surgery: excluding URLs from a running crawl, capping templates, and taking it back.

What a rule keeps out, the rule itself and the counts change in one transaction, so that a
crawl that dies at any moment is resumed either with all of it or without. Engine thread only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from crawler_core import radar
from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
from crawler_core.frontier.table import Stage
from crawler_core.scope import CAPPED, EXCLUDED, problem_of
from crawler_core.text import clean

if TYPE_CHECKING:
    from crawler_core.engine.ledger import Ledger

Surgery = Exclude | Unexclude | CapTemplate | UncapTemplate


def operate(ledger: Ledger, command: Surgery) -> str:
    """Change what belongs to the crawl; what came of it, for people."""
    match command:
        case Exclude(pattern=pattern):
            return _exclude(ledger, pattern)
        case Unexclude(pattern=pattern):
            return _unexclude(ledger, pattern)
        case CapTemplate(template=template, limit=limit):
            return _cap(ledger, template, limit)
        case UncapTemplate(template=template):
            return _uncap(ledger, template)


def hint(ledger: Ledger) -> str:
    """A word on what looks like a trap and fills the queue; "" if there is nothing new to say."""
    found = ledger.frontier.crowd.news(ledger.frontier.trap)
    if found is None:
        return ""
    template, share = found
    return (
        f"{clean(template, 200)} is {share:.0%} of what waits, and all its pages had one title: "
        "T shows it, and caps it"
    )


def set_cap(ledger: Ledger, template: str, limit: int) -> int:
    """Put a cap into force; how many waiting URLs it keeps out at once."""
    ledger.frontier.trap.caps[template] = max(0, limit - _asked(ledger, template))
    return close_if_full(ledger, template)


def close_if_full(ledger: Ledger, template: str) -> int:
    """Keep out all that waits of a template whose cap is reached; how many URLs that is."""
    if ledger.frontier.trap.caps.get(template, 1) > 0:
        return 0
    ledger.scope.close_template(template)
    return sum(_keep_out(ledger, url_id, CAPPED + template) for url_id in _waiting(ledger))


def _exclude(ledger: Ledger, pattern: str) -> str:
    problem = problem_of(pattern)
    if problem:
        return f"{clean(pattern, 200)} is not excluded: {problem}"
    ledger.scope.exclude(pattern)
    excluded = dict.fromkeys((*ledger.config.excluded, pattern))
    _reconfigure(ledger, excluded=tuple(excluded))
    dropped = sum(_keep_out(ledger, url_id, EXCLUDED + pattern) for url_id in _waiting(ledger))
    return f"excluded by you: {clean(pattern, 200)} ({_urls(dropped)} kept out)"


def _unexclude(ledger: Ledger, pattern: str) -> str:
    if pattern not in ledger.config.excluded:
        return f"{clean(pattern, 200)} was not excluded"
    ledger.scope.unexclude(pattern)
    excluded = tuple(each for each in ledger.config.excluded if each != pattern)
    _reconfigure(ledger, excluded=excluded)
    held = re.compile(pattern).search
    back = ledger.discovery.reconsider(EXCLUDED + pattern, lambda url: held(url) is not None)
    return f"no longer excluded: {clean(pattern, 200)} ({_urls(back)} waiting again)"


def _cap(ledger: Ledger, template: str, limit: int) -> str:
    others = tuple(cap for cap in ledger.config.caps if cap[0] != template)
    limit = max(limit, _asked(ledger, template))
    _reconfigure(ledger, caps=(*others, (template, limit)))
    _open(ledger, template)  # an earlier cap may have been a lower one
    dropped = set_cap(ledger, template, limit)
    return f"capped by you: {clean(template, 200)} ({_urls(dropped)} kept out)"


def _uncap(ledger: Ledger, template: str) -> str:
    _reconfigure(ledger, caps=tuple(cap for cap in ledger.config.caps if cap[0] != template))
    back = _open(ledger, template)
    return f"no longer capped: {clean(template, 200)} ({_urls(back)} waiting again)"


def _open(ledger: Ledger, template: str) -> int:
    """Lift a cap; how many URLs wait again."""
    ledger.frontier.trap.caps.pop(template, None)
    ledger.scope.open_template(template)
    return ledger.discovery.reconsider(CAPPED + template, _of_template(template))


def _urls(number: int) -> str:
    return "1 URL" if number == 1 else f"{number:,} URLs"


def _reconfigure(ledger: Ledger, **changes: object) -> None:
    ledger.config = msgspec.structs.replace(ledger.config, **changes)
    ledger.store.reconfigure(ledger.config)


def _keep_out(ledger: Ledger, url_id: int, reason: str) -> bool:
    """Keep one waiting URL out if the rules of now say so, and for no other reason."""
    if ledger.scope.cut(ledger.frontier.table.address(url_id)) != reason:
        return False
    if not ledger.frontier.keep_out(url_id, reason):
        return False
    ledger.store.keep_out(url_id, reason)
    ledger.stats.skipped[reason] += 1
    return True


def _waiting(ledger: Ledger) -> Iterator[int]:
    stages = ledger.frontier.table.stage
    return (url_id for url_id in range(1, len(stages)) if stages[url_id] == Stage.WAITING)


def _asked(ledger: Ledger, template: str) -> int:
    """How many URLs of a template were ever asked for."""
    table, is_of = ledger.frontier.table, _of_template(template)
    ids = (url_id for url_id in range(1, len(table) + 1) if table.asked[url_id])
    return sum(is_of(table.address(url_id)) for url_id in ids)


def _of_template(template: str) -> Callable[[str], bool]:
    start = radar.beginning(template)
    return lambda url: url.startswith(start) and radar.template(url) == template
