"""Panels drawn from snapshots: what they say, and that what matters has room."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui.fakes import busy_snapshot
from tui.keys import without_keys
from tui.widgets import futures
from tui.widgets.header import verdict
from tui.widgets.overview import parse_pool
from tui.widgets.paint import Line
from tui.widgets.steady import at_rest

replace = msgspec.structs.replace


def _text(line: Line) -> str:
    return "".join(text for text, _ in line.pieces)


@pytest.mark.parametrize("width", [49, 59, 99])
def test_a_rebuilt_pool_is_told_at_any_width(width: int) -> None:
    """That a pool was rebuilt goes before the size of the backlog, and nothing is cut off."""
    now = busy_snapshot()
    now = replace(now, parse=replace(now.parse, rebuilt=12), parser_auto=True)
    line = parse_pool(now, width, 4)[-1]
    assert "rebuilt 12×" in _text(line)
    assert line.at <= width
    assert ("backlog 412 kB" in _text(line)) == (width == 99)


@pytest.mark.parametrize(
    ("says", "left"),
    [
        (
            "16/16 fetch workers wait for servers, parsers 49% busy: press +",
            "16/16 fetch workers wait for servers, parsers 49% busy",
        ),
        (
            "2/2 parse workers busy, 41 pages wait to be parsed: press > or P for lexbor",
            "2/2 parse workers busy, 41 pages wait to be parsed",
        ),
        (
            "http://a.test:8080: 10/s is your limit: + has no effect, . on tab 4 raises it",
            "http://a.test:8080: 10/s is your limit",
        ),
        (
            "http://a.test: 10/s is your limit: + has no effect, --max-rate allows no more",
            "http://a.test: 10/s is your limit, --max-rate allows no more",
        ),
        ("12 URLs wait: press space to go on", "12 URLs wait"),
        ("4 left, oldest 18 s", "4 left, oldest 18 s"),
        (
            "80% of the time goes into waiting for the disk: no key helps, a crawl file on a "
            "faster disk would",
            "80% of the time goes into waiting for the disk: no key helps, a crawl file on a "
            "faster disk would",
        ),
    ],
)
def test_who_only_looks_on_is_advised_no_key(says: str, left: str) -> None:
    """A viewer reads what is the case; the crawl's owner also which key helps."""
    assert without_keys(says) == left
    now = replace(busy_snapshot(), advice=says)
    assert verdict(now, read_only=True)[1] == left
    assert verdict(now)[1] == says


@pytest.mark.parametrize(
    ("pilot", "left"),
    [
        ("autopilot: 2 → 4 fetch workers, measuring…", "autopilot: 2 → 4 fetch workers"),
        ("autopilot: measures first", ""),
        ("autopilot: 8 fetch workers are the most there may be",) * 2,
    ],
)
def test_nothing_is_measured_any_more_at_the_end(pilot: str, left: str) -> None:
    """The autopilot of a crawl that has ended is off, and what it did last is still told."""
    ended = at_rest(replace(busy_snapshot(), autopilot=True, pilot=pilot))
    assert (ended.autopilot, ended.pilot) == (False, left)


@pytest.mark.parametrize(("age", "shown"), [(75.0, "75 s"), (0.0, "")])
def test_the_oldest_waiting_page_has_an_age(age: float, shown: str) -> None:
    """The futures board says how long the first of the queue has waited, where that is known."""
    now = busy_snapshot()
    now = replace(now, counts=replace(now.counts, waiting_age=age))
    names, _, ages = (_text(line) for line in futures.board(now, 120, 6)[1:4])
    end = names.index("waiting") + len("waiting")
    assert ages[9:end].strip() == shown
