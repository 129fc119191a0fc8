"""Scope surgery: excluding URLs from a running crawl, capping templates, and taking it back.

A rule holds from the moment of its order: it is written first, and what would be asked for is
looked at once more. To go through all that waits, or through all links, is a work in slices.
A crawl that dies meanwhile knows the rule, and which rules it was taking back (`TAKING_BACK`):
a resume begins that work anew. Engine thread only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from crawler_core import radar
from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
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
        case CapTemplate(template=template):
            _cap(ledger, template)
        case UncapTemplate(template=template):
            _uncap(ledger, template)


def take_up(ledger: Ledger) -> None:
    """After loading: carry out the rules of earlier runs, go on with what was cut short."""
    config = ledger.config
    for pattern in {*config.include, *config.exclude, *config.excluded} & {*config.tolerated}:
        ledger.tell(
            "warning", f"{clean(pattern, 200)} may hold the crawl up: {problem_of(pattern)}"
        )
    if config.excluded or config.caps:
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
    guard = ledger.frontier.trap
    if template := guard.news(address):
        ledger.tell(
            "warning",
            f"looks like a trap: {clean(template, 200)}: {guard.limit} pages had one title, "
            "more of them are kept out",
        )


# -- orders ------------------------------------------------------------------------------


def _exclude(ledger: Ledger, pattern: str) -> None:
    problem = problem_of(pattern)
    if problem:
        ledger.tell("info", f"{clean(pattern, 200)} is not excluded: {problem}")
        return
    ledger.scope.exclude(pattern)
    excluded = dict.fromkeys((*ledger.config.excluded, pattern))
    _reconfigure(ledger, excluded=tuple(excluded))
    ledger.works.add(_excluding(ledger, pattern, _in_force(ledger, EXCLUDED + pattern)))


def _excluding(ledger: Ledger, pattern: str, order: int) -> Iterator[None]:
    reason = EXCLUDED + pattern
    yield from _keep_out(ledger, lambda: ledger.works.is_newest(reason, order))
    if ledger.works.is_newest(reason, order):
        kept_out = _urls(ledger.stats.skipped[reason])
        ledger.tell("info", f"excluded by you: {clean(pattern, 200)} ({kept_out} kept out)")


def _unexclude(ledger: Ledger, pattern: str) -> None:
    if pattern not in ledger.config.excluded:
        ledger.tell("info", f"{clean(pattern, 200)} was not excluded")
        return
    ledger.scope.unexclude(pattern)
    excluded = tuple(each for each in ledger.config.excluded if each != pattern)
    _reconfigure(ledger, excluded=excluded)
    _take_back(ledger, EXCLUDED + pattern, f"no longer excluded: {clean(pattern, 200)}")


def _cap(ledger: Ledger, template: str) -> None:
    ledger.scope.close_template(template)
    _keep_cap(ledger, template, 0)
    ledger.works.add(_capping(ledger, template, _in_force(ledger, CAPPED + template)))


def _capping(ledger: Ledger, template: str, order: int) -> Iterator[None]:
    reason = CAPPED + template
    yield from _keep_out(ledger, lambda: ledger.works.is_newest(reason, order))
    asked = yield from _asked(ledger, template)
    if ledger.works.is_newest(reason, order):
        _keep_cap(ledger, template, asked)
        kept_out = _urls(ledger.stats.skipped[reason])
        ledger.tell("info", f"capped by you: {clean(template, 200)} ({kept_out} kept out)")


def _uncap(ledger: Ledger, template: str) -> None:
    if template not in dict(ledger.config.caps):
        ledger.tell("info", f"{clean(template, 200)} was not capped")
        return
    ledger.scope.open_template(template)
    _keep_cap(ledger, template, None)
    _take_back(ledger, CAPPED + template, f"no longer capped: {clean(template, 200)}")


def _keep_cap(ledger: Ledger, template: str, asked: int | None) -> None:
    """Write down at how many URLs a template is capped; None: it is no more."""
    caps = tuple(cap for cap in ledger.config.caps if cap[0] != template)
    _reconfigure(ledger, caps=caps if asked is None else (*caps, (template, asked)))


def _take_back(ledger: Ledger, reason: str, told: str = "") -> None:
    _note_taking_back(ledger, dict.fromkeys((*_taking_back(ledger), reason)))
    ledger.works.add(_judge_anew(ledger, reason, ledger.works.ordered(reason), told))


def _in_force(ledger: Ledger, reason: str) -> int:
    """Note that a rule holds: nothing of it is to be taken back. The number of this order."""
    _note_taken_back(ledger, reason)
    return ledger.works.ordered(reason)


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


def _judge_anew(ledger: Ledger, reason: str, order: int, told: str) -> Iterator[None]:
    """Judge all URLs anew that `reason` kept out, which is no rule any more."""
    if not ledger.works.is_newest(reason, order):
        return
    back = yield from reconsider(ledger.discovery, reason, _holds(reason))
    if ledger.works.is_newest(reason, order):  # else it is a rule again, or it is to be done again
        _note_taken_back(ledger, reason)
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


def _asked(ledger: Ledger, template: str) -> Generator[None, None, int]:
    """How many URLs of a template have been asked for."""
    table, is_of, found = ledger.frontier.table, _of_template(template), 0
    for url_id in range(1, len(table) + 1):
        found += table.asked[url_id] and is_of(table.address(url_id))
        if not url_id % STEP:
            yield
    return found


# -- what is being taken back, for a resume ----------------------------------------------


def _taking_back(ledger: Ledger) -> list[str]:
    return list(json.loads(ledger.store.meta(TAKING_BACK) or "[]"))


def _note_taking_back(ledger: Ledger, reasons: Iterable[str]) -> None:
    ledger.store.set_meta(TAKING_BACK, json.dumps(list(reasons)))


def _note_taken_back(ledger: Ledger, reason: str) -> None:
    _note_taking_back(ledger, (each for each in _taking_back(ledger) if each != reason))
