"""What keys do after the end of a crawl: what gives it something to do again is obeyed."""

from __future__ import annotations

import msgspec
import pytest

from crawler_core.commands import AnyCommand, ReopenHost, RetryFailed
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp

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


@pytest.mark.parametrize("state", ["finished", "incomplete"])
def test_a_crawl_that_ended_by_itself_can_go_on(
    session: FakeSession, client: FakeClient, state: str
) -> None:
    """What failed is asked for again, a host is taken up again; all else does nothing."""
    _end(client, state)

    async def scenario(it: Drive) -> None:
        for keys, sent in KEYS:
            await it.press(*keys)
            assert client.sent == sent, keys
            client.sent.clear()

    drive(CrawlApp(session, client), scenario)


def test_the_footer_offers_what_is_obeyed(session: FakeSession, client: FakeClient) -> None:
    """Beside the broken links stands the key that asks again, as long as it does something."""

    async def scenario(it: Drive) -> None:
        await it.press("3")
        for state, offered in (("finished", True), ("stopped", False)):
            client.show(state=state)
            await it.settle()
            assert it.shows("R retry failed") is offered

    drive(CrawlApp(session, client), scenario)


@pytest.mark.parametrize(
    ("state", "stopped_by"), [("stopped", "you"), ("failed", ""), ("incomplete", "--max-time")]
)
def test_a_crawl_that_was_stopped_hears_nothing(
    session: FakeSession, client: FakeClient, state: str, stopped_by: str
) -> None:
    """It is said that it has to be resumed first, and nothing is sent."""
    _end(client, state, stopped_by)

    async def scenario(it: Drive) -> None:
        for keys in (["R"], ["4", "full_stop"], ["4", "H"]):
            it.dashboard.say("Something else.")  # for the same words are not told twice at once
            it.app.clear_notifications()
            await it.press("1")
            assert not it.shows("resume it first")
            await it.press(*keys)
            assert it.shows("The crawl was stopped: resume it first."), keys
            await it.press("enter")
            assert client.sent == []
            await it.press("escape")

    drive(CrawlApp(session, client), scenario)
