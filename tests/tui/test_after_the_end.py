"""What keys do after the end of a crawl: what gives it something to do again is obeyed."""

from __future__ import annotations

import msgspec
import pytest

from crawler_core.commands import AnyCommand, ReopenHost, RetryFailed
from crawler_core.engine import engine
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens import steering

DOCS = "https://docs.example.org"
KEYS: list[tuple[list[str], list[AnyCommand]]] = [
    (["R", "enter"], [RetryFailed()]),
    (["4", "full_stop"], [ReopenHost(DOCS)]),
    (["4", "H", "r"], [ReopenHost(DOCS)]),
    (["4", "H", "s", "p", "escape"], []),
    (["plus", "space", "x", "W"], []),
]


def _end(client: FakeClient, state: str, stopped_by: str = "") -> None:
    now = client.snapshot()
    assert now is not None
    first = msgspec.structs.replace(now.hosts[0], state="robots unavailable")
    client.show(state=state, stopped_by=stopped_by, hosts=(first, *now.hosts[1:]))


def test_the_screen_knows_what_the_engine_obeys() -> None:
    """The commands that make an ended crawl go on are the same on both sides."""
    assert set(steering.GOES_ON) == set(engine.GOES_ON)


@pytest.mark.parametrize("state", ["finished", "incomplete"])
@pytest.mark.parametrize(("keys", "sent"), KEYS)
def test_a_crawl_that_ended_by_itself_can_go_on(
    session: FakeSession, client: FakeClient, keys: list[str], sent: list[AnyCommand], state: str
) -> None:
    """What failed is asked for again, a host is taken up again; all else does nothing."""
    _end(client, state)

    async def scenario(it: Drive) -> None:
        await it.press(*keys)
        assert client.sent == sent

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize(("state", "offered"), [("finished", True), ("stopped", False)])
def test_the_footer_offers_what_is_obeyed(
    session: FakeSession, client: FakeClient, state: str, offered: bool
) -> None:
    """Beside the broken links stands the key that asks again, as long as it does something."""
    client.show(state=state)

    async def scenario(it: Drive) -> None:
        await it.press("3")
        assert it.shows("R retry failed") is offered

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize(
    ("state", "stopped_by"), [("stopped", "you"), ("failed", ""), ("incomplete", "--max-time")]
)
@pytest.mark.parametrize("keys", [["R"], ["4", "full_stop"], ["4", "H"]])
def test_a_crawl_that_was_stopped_hears_nothing(
    session: FakeSession, client: FakeClient, keys: list[str], state: str, stopped_by: str
) -> None:
    """It is said that it has to be resumed first, and nothing is sent."""
    _end(client, state, stopped_by)

    async def scenario(it: Drive) -> None:
        await it.press(*keys)
        assert it.shows("The crawl was stopped: resume it first.")
        await it.press("enter")
        assert client.sent == []

    drive(CrawlApp(session, client), scenario)
