"""The start screen: what it starts, what it opens, what it says."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.bridge import StartOptions
from tui.screens.start import command, plan


def test_starts_what_the_form_says(session: FakeSession, client: FakeClient) -> None:
    """Enter starts the crawl that was asked for, and the dashboard comes up."""

    async def scenario(it: Drive) -> None:
        assert it.shows("RECENT CRAWLS")
        await it.type("example.org")
        await it.press("tab", "space", "tab", "space", "tab", "tab", "space", "tab")
        await it.type("500")
        await it.press("tab")
        await it.type("3")
        assert it.shows("at most 1 request/s to example.org; 500 URLs take 8 min")
        await it.press("enter")
        assert it.shows("JUST FINISHED")

    drive(CrawlApp(session), scenario)
    assert session.asked == [
        StartOptions(
            url="example.org",
            speed="gentle",
            resources=False,
            external=True,
            subdomains=True,
            max_pages=500,
            max_time=180.0,
        )
    ]
    assert client.closed


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
def test_refusals_are_sentences(session: FakeSession, size: tuple[int, int]) -> None:
    """What cannot be started is refused in the engine's words, and can be mended."""

    async def scenario(it: Drive) -> None:
        await it.press("enter")
        assert it.shows("Type the address of a site")
        await it.type("not a site")
        await it.press("enter")
        assert it.shows("leave out the")

    drive(CrawlApp(session), scenario, size)


@pytest.mark.parametrize(("downs", "verb"), [(0, "resume"), (1, "look")])
def test_recent_crawls_open(
    session: FakeSession, client: FakeClient, downs: int, verb: str
) -> None:
    """Enter on an earlier crawl resumes it if it was stopped, and looks at it if it is done."""

    async def scenario(it: Drive) -> None:
        it.app.screen.query_one("#recent").focus()
        await it.press(*["down"] * downs, "enter")
        assert it.shows("JUST FINISHED")

    drive(CrawlApp(session), scenario)
    assert session.asked == [(verb, client.store)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_from_the_site_to_recent_crawls(
    session: FakeSession, client: FakeClient, size: tuple[int, int]
) -> None:
    """Down leads from the site to the recent crawls; the footer says what enter does to each."""

    async def scenario(it: Drive) -> None:
        assert it.shows("enter start")
        assert it.shows("↓ recent")
        await it.press("down")
        assert it.app.focused is it.app.screen.query_one("#recent")
        assert it.shows("enter resume")
        assert it.shows("esc back")
        await it.press("down")
        assert it.shows("enter look at")
        await it.press("escape")
        assert it.app.focused is it.app.screen.query_one("#site")
        assert it.shows("enter start")
        await it.press("down", "up", "enter")

    drive(CrawlApp(session), scenario, size)
    assert session.asked == [("resume", client.store)]


def test_escape_clears_first(session: FakeSession) -> None:
    """An address that is half typed is cleared by escape, and only the next one leaves."""

    async def scenario(it: Drive) -> None:
        await it.type("docs.exam")
        assert it.shows("esc clear")
        await it.press("escape")
        assert it.shows("New crawl")
        assert it.app.screen.query_one("#site", Input).value == ""
        assert it.shows("esc quit")
        await it.press("escape")

    ending = drive(CrawlApp(session), scenario)
    assert ending is not None
    assert ending.reason == "quit"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_help_at_the_start(session: FakeSession, size: tuple[int, int]) -> None:
    """F1 says what the keys do, and leaves all fields and crawls in sight."""

    async def scenario(it: Drive) -> None:
        await it.press("f1")
        assert it.shows("Enter starts the crawl from any field")
        assert it.shows("without network.")
        assert it.shows("docs.example.org")
        await it.type("site.test")
        assert it.app.screen.query_one("#site", Input).value == "site.test"

    drive(CrawlApp(session), scenario, size)


def test_demo_and_quit(session: FakeSession) -> None:
    """ctrl+d crawls the sample site; escape leaves without asking."""

    async def demo(it: Drive) -> None:
        await it.press("ctrl+d")

    async def leave(it: Drive) -> None:
        await it.press("escape")

    drive(CrawlApp(session), demo)
    assert session.asked == ["demo"]
    ending = drive(CrawlApp(session), leave)
    assert ending is not None
    assert (ending.reason, ending.exit_code, ending.store) == ("quit", 0, None)


@pytest.mark.parametrize(
    ("options", "sentence", "words"),
    [
        (
            StartOptions(url="https://docs.example.org/"),
            "So: at most 10 requests/s to docs.example.org; 10,000 URLs take 17 min or more.",
            "crawltui https://docs.example.org/",
        ),
        (
            StartOptions(url="127.0.0.1:8000", external=False),
            "So: normal is without limit here, as 127.0.0.1:8000 is this machine.",
            "crawltui 127.0.0.1:8000 --no-external",
        ),
        (
            StartOptions(url="e.org/?a=1&b=2", speed="mine", max_time=90.0),
            "So: no limit on requests to e.org. Choose this only for a site of your own.",
            "crawltui 'e.org/?a=1&b=2' --speed mine --max-time 90",
        ),
    ],
)
def test_plan_and_command(options: StartOptions, sentence: str, words: str) -> None:
    """The form is told as a sentence and as a command line that does the same."""
    assert plan(options) == sentence
    assert command(options) == words


def test_too_small_without_a_crawl(session: FakeSession) -> None:
    """Below 60×16 the start screen says what it needs, and tells of no crawl."""

    async def scenario(it: Drive) -> None:
        assert it.shows("60×16 needed")
        assert not it.shows("the crawl goes on")

    drive(CrawlApp(session), scenario, (50, 12))
