"""The board of hosts, the menu of a host, and the chip of a change that a key brought about."""

from __future__ import annotations

import msgspec
import pytest

from crawler_core.commands import PauseHost, ReopenHost, SetHostRate, SkipHost
from crawler_core.snapshot import HostView
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.screens.hosts import obey, question
from tui.screens.steering import SHUT, Steering
from tui.screens.workers import question as of_future
from tui.widgets.change import Watch, chip, watch
from tui.widgets.lists import board, host_limit

BUSY = HostView(
    *("https://docs.example.org", True, 11, 5_300, 4_100, 96, 54.1, 182.0, 0.0, 32),
    p95_ms=610.0,
    answers=4_200,
    errors=84,
    throttles=3,
    robots="ok",
)


def _with(**changes: object) -> HostView:
    return msgspec.structs.replace(BUSY, **changes)


def test_the_board_tells_load_speed_faults_and_limits() -> None:
    """In flight of what is allowed, rate, both latencies, shares of errors and of refusals."""
    texts = [cell[0] for cell in board([BUSY]).cells(0)]
    assert texts[2:12] == [
        *("11/32", "5,300", "4,100", "54.1", "none", "182", "610", "2", "<1", "ok"),
    ]
    limited = [cell[0] for cell in board([_with(interval=0.5, rate_limit=10.0)]).cells(0)]
    assert limited[6] == "2/s"  # a Crawl-delay may hold back more than the rate


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_matters_most_fits(
    session: FakeSession, client: FakeClient, size: tuple[int, int]
) -> None:
    """Names, speed, faults and states of hosts are there at 80 columns; the rest where it fits."""
    now = client.snapshot()
    assert now is not None
    client.show(hosts=(_with(state="paused"), *now.hosts[1:]))

    async def scenario(it: Drive) -> None:
        await it.press("4")
        for title in ("now", "req/s", "p50 ms", "err%", "429%", "state"):
            assert it.shows(title)
        assert it.shows("docs.example.org")
        assert it.shows("PAUSED by you")
        assert it.shows("THROTTLED next try")
        assert it.shows("robots") == (size[0] >= 120)

    drive(CrawlApp(session, client), scenario, size)


@pytest.mark.parametrize("state", sorted(SHUT))
def test_one_key_opens_every_host_that_is_not_asked(client: FakeClient, state: str) -> None:
    """A full stop takes it up again, a comma does nothing, and the menu offers the same."""
    steering, host = Steering(client), _with(state=state)
    assert steering.rate(host, 1).endswith("taken up again")
    assert client.sent == [ReopenHost(BUSY.host)]
    assert "not asked" in steering.rate(host, -1)
    assert client.sent == [ReopenHost(BUSY.host)]
    offered = [answer for _, _, answer in question(host)._choices.choices]
    assert "reopen" in offered
    assert not {"slower", "faster", "pause"} & set(offered)


@pytest.mark.parametrize("state", ["skipped", "given up", "failing", "paused"])
def test_the_board_names_the_key_that_opens(state: str) -> None:
    """Who sees a host that is not asked sees what to press as well."""
    assert ". " in host_limit(_with(state=state))[0]


def test_a_host_that_asked_for_patience_is_left_alone_by_the_keys(client: FakeClient) -> None:
    """A full stop does not cut a Retry-After short."""
    host = _with(state="throttled", wait_seconds=12.0, rate_limit=5.0)
    Steering(client).rate(host, 1)
    assert client.sent == [SetHostRate(BUSY.host, 7.0)]


def test_every_answer_of_the_menu_does_something(client: FakeClient) -> None:
    """Slower, faster, pause, skip and reopen send their commands; no answer sends none."""
    steering, host = Steering(client), _with(rate_limit=10.0)
    for answer in ("slower", "faster", "pause", "skip", "reopen"):
        assert obey(steering, host, answer)
    assert obey(steering, host, "") == ""
    assert client.sent == [
        SetHostRate(BUSY.host, 7.0),
        SetHostRate(BUSY.host, 15.0),
        PauseHost(BUSY.host),
        SkipHost(BUSY.host),
        ReopenHost(BUSY.host),
    ]


def test_keys_stop_at_the_ceiling(client: FakeClient) -> None:
    """The steps of a full stop end at --max-rate, also from no limit at all downwards."""
    steering = Steering(client)
    steering.rate(_with(rate_limit=10.0, ceiling=12.0), 1)
    assert "--max-rate allows 12" in steering.rate(_with(rate_limit=12.0, ceiling=12.0), 1)
    assert client.sent == [SetHostRate(BUSY.host, 12.0)]


def test_a_change_of_a_limit_is_measured() -> None:
    """The chip tells whose limit it was, from what to what, and what it brought."""
    before = msgspec.structs.replace(busy_snapshot(), hosts=(_with(rate_limit=10.0),))
    before = msgspec.structs.replace(before, history=((10.0, 8.0, 100.0, 1.0),) * 5)
    seen = watch(Watch(), before, 0.0)
    raised = msgspec.structs.replace(before, hosts=(_with(rate_limit=20.0),))
    seen = watch(seen, raised, 1.0)
    assert chip(seen.change) == ("docs.example.org: 10/s → 20/s, measuring…", "accent")
    raised = msgspec.structs.replace(raised, history=((15.0, 8.0, 100.0, 1.0),) * 5)
    seen = watch(seen, raised, 6.0)
    says = "docs.example.org: 10/s → 20/s, 10 → 15 fetches/s (+50 %)"
    assert chip(seen.change) == (says, "ok")


def test_the_autopilot_s_own_words_take_the_place_of_the_chip() -> None:
    """While it flies the line tells its steps, and AUTO stands beside the verdict."""
    words = "autopilot: 8 → 16 fetch workers, 41 → 79 fetches/s (+93 %)"
    assert chip(None, words) == (words, "strong")
    assert chip(None, "autopilot: 8 → 16 fetch workers, measuring…")[1] == "accent"


def test_auto_is_shown_while_the_autopilot_flies(session: FakeSession, client: FakeClient) -> None:
    """Its last step is on the third line, however long the verdict is."""
    client.show(autopilot=True, pilot="autopilot: 8 → 16 fetch workers, 41 → 79 fetches/s (+93 %)")

    async def scenario(it: Drive) -> None:
        assert it.shows(" AUTO ")
        assert it.shows("autopilot: 8 → 16 fetch workers, 41 → 79 fetches/s (+93 %)")

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize("state", ["", "throttled", *sorted(SHUT)])
def test_no_menu_takes_the_keys_of_lists(state: str) -> None:
    """j and k lead down and up in every menu: no answer has such a key, and each has its own."""
    future = busy_snapshot().futures[0]
    parse = msgspec.structs.replace(future, kind="parse")
    counts = busy_snapshot().counts
    for ask in (question(_with(state=state)), of_future(future, counts), of_future(parse, counts)):
        keys = [key for key, _, _ in ask._choices.choices]
        assert not {"j", "k"} & set(keys)
        assert len(set(keys)) == len(keys)
