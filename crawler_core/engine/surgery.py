"""Scope surgery: excluding URLs from a running crawl, capping templates, and taking it back.

A rule holds from the moment of its order: it is written first, and what would be asked for is
looked at once more. To go through all that waits, or through all links, is a work in slices.
A crawl that dies meanwhile knows the rule, and which rules it was taking back (`TAKING_BACK`):
a resume begins that work anew. Engine thread only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from crawler_core import radar
from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
from crawler_core.config import TRAP_PAGES
from crawler_core.engine.reconsidering import reconsider
from crawler_core.engine.works import STEP
from crawler_core.frontier.table import Stage
from crawler_core.patterns import compiled, problem_of
from crawler_core.scope import CAPPED, EXCLUDED
from crawler_core.text import clean

if TYPE_CHECKING:
    from crawler_core.engine.ledger import Ledger

Surgery = Exclude | Unexclude | CapTemplate | UncapTemplate

TAKING_BACK = "taking_back"
"""Of the store's meta: reasons (JSON) whose URLs are being judged anew."""


def operate(ledger: Ledger, command: Surgery) -> None:
    """Change what belongs to the crawl. What came of it is told when the work is done."""
    match command:
        case Exclude(pattern=pattern):
            _exclude(ledger, pattern)
        case Unexclude(pattern=pattern):
            _unexclude(ledger, pattern)
        case CapTemplate(template=template, limit=limit):
            _cap(ledger, template, limit)
        case UncapTemplate(template=template):
            _uncap(ledger, template)


def take_up(ledger: Ledger) -> None:
    """After loading: put the rules of earlier runs into force, go on with what was cut short."""
    config = ledger.config
    asked = _asked(ledger, [template for template, _ in config.caps])
    for template, limit in config.caps:
        ledger.frontier.trap.caps[template] = max(0, limit - asked[template])
        close_if_full(ledger, template)
    for pattern in {*config.include, *config.exclude, *config.excluded} & {*config.tolerated}:
        ledger.tell(
            "warning", f"{clean(pattern, 200)} may hold the crawl up: {problem_of(pattern)}"
        )
    if config.excluded:
        ledger.works.add(_keep_out(ledger, lambda: True))
    for reason in _taking_back(ledger):
        _take_back(ledger, reason)


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


def tell_of_trap(ledger: Ledger, address: str) -> None:
    """Tell once for each template that its pages are kept out from now on."""
    if template := ledger.frontier.trap.news(address):
        ledger.tell(
            "warning",
            f"looks like a trap: {clean(template, 200)}: {TRAP_PAGES} pages had one title, "
            "more of them are kept out",
        )


def close_if_full(ledger: Ledger, template: str) -> None:
    """Ask for nothing more of a template whose cap is reached; what waits of it is kept out."""
    if ledger.frontier.trap.caps.get(template, 1) > 0 or ledger.scope.is_closed(template):
        return
    ledger.scope.close_template(template)
    ledger.works.add(_keep_out(ledger, lambda: ledger.scope.is_closed(template)))


# -- orders ------------------------------------------------------------------------------


def _exclude(ledger: Ledger, pattern: str) -> None:
    problem = problem_of(pattern)
    if problem:
        ledger.tell("info", f"{clean(pattern, 200)} is not excluded: {problem}")
        return
    ledger.scope.exclude(pattern)
    excluded = dict.fromkeys((*ledger.config.excluded, pattern))
    _reconfigure(ledger, excluded=tuple(excluded))
    order = ledger.works.ordered(EXCLUDED + pattern)
    before = ledger.stats.skipped[EXCLUDED + pattern]
    ledger.works.add(_excluding(ledger, pattern, order, before))


def _excluding(ledger: Ledger, pattern: str, order: int, before: int) -> Iterator[None]:
    reason = EXCLUDED + pattern
    yield from _keep_out(ledger, lambda: ledger.works.is_newest(reason, order))
    if ledger.works.is_newest(reason, order):
        dropped = ledger.stats.skipped[reason] - before
        ledger.tell("info", f"excluded by you: {clean(pattern, 200)} ({_urls(dropped)} kept out)")


def _unexclude(ledger: Ledger, pattern: str) -> None:
    if pattern not in ledger.config.excluded:
        ledger.tell("info", f"{clean(pattern, 200)} was not excluded")
        return
    ledger.scope.unexclude(pattern)
    excluded = tuple(each for each in ledger.config.excluded if each != pattern)
    _reconfigure(ledger, excluded=excluded)
    _take_back(ledger, EXCLUDED + pattern, f"no longer excluded: {clean(pattern, 200)}")


def _cap(ledger: Ledger, template: str, limit: int) -> None:
    others = tuple(cap for cap in ledger.config.caps if cap[0] != template)
    _reconfigure(ledger, caps=(*others, (template, limit)))
    count = _Count(ledger, template)
    # Until it is known how many were asked for already, the least that may be left is.
    ledger.frontier.trap.caps[template] = count.left = max(0, limit - count.at_most)
    order = _begin_taking_back(ledger, CAPPED + template)  # an earlier cap may have been lower
    ledger.works.add(_capping(ledger, count, limit, order))


def _capping(ledger: Ledger, count: _Count, limit: int, order: int) -> Iterator[None]:
    template, reason, caps = count.template, CAPPED + count.template, ledger.frontier.trap.caps
    yield from count.steps()
    if not ledger.works.is_newest(reason, order):
        return
    asked = count.asked + count.left - caps[template]
    limit = max(limit, asked)
    others = tuple(cap for cap in ledger.config.caps if cap[0] != template)
    _reconfigure(ledger, caps=(*others, (template, limit)))
    caps[template] = limit - asked
    if caps[template]:
        ledger.scope.open_template(template)
        yield from _judge_anew(ledger, reason, order)
    else:
        _end_taking_back(ledger, reason, order)
        ledger.scope.close_template(template)
        yield from _keep_out(ledger, lambda: ledger.works.is_newest(reason, order))
    if ledger.works.is_newest(reason, order):
        kept_out = _urls(ledger.stats.skipped[reason])
        ledger.tell("info", f"capped by you: {clean(template, 200)} ({kept_out} kept out)")


def _uncap(ledger: Ledger, template: str) -> None:
    _reconfigure(ledger, caps=tuple(cap for cap in ledger.config.caps if cap[0] != template))
    ledger.frontier.trap.caps.pop(template, None)
    ledger.scope.open_template(template)
    _take_back(ledger, CAPPED + template, f"no longer capped: {clean(template, 200)}")


def _take_back(ledger: Ledger, reason: str, told: str = "") -> None:
    order = _begin_taking_back(ledger, reason)
    ledger.works.add(_judge_anew(ledger, reason, order, told))


def _reconfigure(ledger: Ledger, **changes: object) -> None:
    ledger.config = msgspec.structs.replace(ledger.config, **changes)
    ledger.store.reconfigure(ledger.config)


def _urls(number: int) -> str:
    return "1 URL" if number == 1 else f"{number:,} URLs"


# -- works -------------------------------------------------------------------------------


def _keep_out(ledger: Ledger, still: Callable[[], bool]) -> Iterator[None]:
    """Keep out all that waits and that the rules of now forbid, while it is `still` wanted.

    What becomes known meanwhile needs no look: the scope judges it by these rules.
    """
    table, cut = ledger.frontier.table, ledger.scope.cut
    for url_id in range(1, len(table) + 1):
        if table.stage[url_id] == Stage.WAITING and (reason := cut(table.address(url_id))):
            if ledger.frontier.keep_out(url_id, reason):
                ledger.store.keep_out(url_id, reason)
                ledger.stats.skipped[reason] += 1
        elif url_id % STEP:
            continue
        yield
        if not still():
            return


def _judge_anew(ledger: Ledger, reason: str, order: int, told: str = "") -> Iterator[None]:
    """Judge all URLs anew that `reason` kept out; it is no rule any more, or a weaker one."""
    back = yield from reconsider(ledger.discovery, reason, _holds(reason))
    _end_taking_back(ledger, reason, order)
    if told:
        ledger.tell("info", f"{told} ({_urls(back)} waiting again)")


def _holds(reason: str) -> Callable[[str], bool]:
    """To which addresses the rule applied that gave `reason`."""
    if reason.startswith(CAPPED):
        return _of_template(reason.removeprefix(CAPPED))
    held = compiled(reason.removeprefix(EXCLUDED)).search
    return lambda url: held(url) is not None


def _of_template(template: str) -> Callable[[str], bool]:
    start = radar.beginning(template)
    return lambda url: url.startswith(start) and radar.template(url) == template


def _asked(ledger: Ledger, templates: Sequence[str]) -> dict[str, int]:
    """How many URLs of each template have been asked for, counted in one pass."""
    found = dict.fromkeys(templates, 0)
    beginnings = tuple({radar.beginning(each) for each in templates})
    table = ledger.frontier.table
    flags = bytes(table.asked) if found else b""
    url_id = flags.find(1)
    while url_id > 0:
        address = table.address(url_id)
        if address.startswith(beginnings) and (kind := radar.template(address)) in found:
            found[kind] += 1
        url_id = flags.find(1, url_id + 1)
    return found


class _Count:
    """Counts the URLs of a template that had been asked for when it was made."""

    def __init__(self, ledger: Ledger, template: str) -> None:
        self.template = template
        self.asked = 0
        self.left = 0
        """How many more of them might be asked for while it counted."""
        self._table = ledger.frontier.table
        self._flags = bytes(self._table.asked)

    @property
    def at_most(self) -> int:
        """How many it can be, known at once."""
        return self._flags.count(1)

    def steps(self) -> Iterator[None]:
        """Count in steps."""
        is_of = _of_template(self.template)
        url_id, looked_at = self._flags.find(1), 0
        while url_id > 0:
            self.asked += is_of(self._table.address(url_id))
            url_id, looked_at = self._flags.find(1, url_id + 1), looked_at + 1
            if not looked_at % STEP:
                yield


# -- what is being taken back, for a resume ----------------------------------------------


def _taking_back(ledger: Ledger) -> list[str]:
    return list(json.loads(ledger.store.meta(TAKING_BACK) or "[]"))


def _begin_taking_back(ledger: Ledger, reason: str) -> int:
    """Note that the URLs of `reason` are to be judged anew; the number of this order."""
    reasons = dict.fromkeys((*_taking_back(ledger), reason))
    ledger.store.set_meta(TAKING_BACK, json.dumps(list(reasons)))
    return ledger.works.ordered(reason)


def _end_taking_back(ledger: Ledger, reason: str, order: int) -> None:
    if ledger.works.is_newest(reason, order):  # else it is to be done once more
        left = [each for each in _taking_back(ledger) if each != reason]
        ledger.store.set_meta(TAKING_BACK, json.dumps(left))
