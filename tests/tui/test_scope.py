"""Why, exclude and radar: the screens that ask what belongs to the crawl, and change it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from crawler_core import backtracking, patterns
from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
from crawler_core.errors import ConfigError
from crawler_core.model import UrlState
from crawler_core.scope import TRAP
from crawler_core.store import survey
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.stores import START, config, link, parsed, record, url_row
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession
from tui.app import CrawlApp
from tui.screens.exclude import ExcludeScreen
from tui.screens.radar import RadarScreen
from tui.screens.why import WhyScreen, meant

TEMPLATE = f"{START}calendar/{{n}}"
SIZES = [(80, 24), (120, 40)]


def _calendar(path: Path) -> None:
    """A start page, a done and 20 waiting months, a page kept out, and robots.txt."""
    store = Store.create(path, config(excluded=("/old/",)), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    for url_id in range(2, 23):
        store.add_url(url_row(url_id, f"{START}calendar/{url_id}"))
    store.add_url(
        msgspec.structs.replace(
            url_row(23, f"{START}old/x", state=UrlState.KEPT_OUT), reason="excluded by /old/"
        )
    )
    links = [link(1, n, anchor=f"month [/x] \x1b{n}") for n in range(2, 24)]
    store.finish(record(1, START, page=parsed("Start")), links)
    store.finish(record(2, f"{START}calendar/2", page=parsed("Events")), [])
    store.save_host(
        "http://site.test", robots_text="User-agent: *\nDisallow: /private", robots_fetched=1.0
    )
    store.close()


@pytest.fixture
def crawl(tmp_path: Path) -> tuple[FakeSession, FakeClient]:
    """A crawl of that calendar, and what opens it."""
    path = tmp_path / "calendar.crawl"
    _calendar(path)
    client = FakeClient(path)
    client.show(start_urls=(START,))
    return FakeSession(path, client), client


def _app(crawl: tuple[FakeSession, FakeClient]) -> CrawlApp:
    return CrawlApp(*crawl)


@pytest.mark.parametrize("size", SIZES)
def test_why_of_the_selected_row(
    crawl: tuple[FakeSession, FakeClient], size: tuple[int, int]
) -> None:
    """w on a row says how it ended and shows the way to it, with the words of the links."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "w")
        assert isinstance(it.app.screen, WhyScreen)
        assert it.shows("It was asked for: ok (200 OK).")
        assert it.shows("indexable     yes")
        assert it.shows("no line speaks of it")
        assert it.shows("THE SHORTEST WAY TO IT, 1 link ")
        assert it.shows("“month [/x] ")
        assert it.shows("/calendar/2")
        assert "\x1b" not in "".join(it.screen())
        await it.press("escape")
        assert it.app.screen is it.dashboard

    drive(_app(crawl), scenario, size)


def test_why_of_a_typed_url(crawl: tuple[FakeSession, FakeClient]) -> None:
    """Without a row a URL is asked for, and w asks for another; nonsense gets a sentence."""

    async def ask(it: Drive, text: str) -> None:
        line = it.app.screen.query_one("#typed", Input)
        assert line.has_focus
        line.value = text
        await it.press("enter")

    async def scenario(it: Drive) -> None:
        await it.press("6", "w")
        await ask(it, "/old/x")
        assert it.shows("You excluded it while the crawl ran")
        assert it.shows("pattern       /old/")
        await it.press("w")
        await ask(it, "site.test/private/1")
        assert it.shows("NEVER NAMED")
        assert it.shows("kept out by http://site.test/robots.txt:2")
        assert it.shows("line 2        Disallow: /private")
        await it.press("w")
        await ask(it, "/calendar/5")
        assert it.shows("It waits behind 2 other URLs of http://site.test.")
        await it.press("w")
        await ask(it, "mailto:me")
        assert it.shows("only http:// and https:// can be crawled")
        await it.press("escape", "w", "escape")
        assert isinstance(it.app.screen, WhyScreen)
        await it.press("escape")
        assert it.app.screen is it.dashboard

    drive(_app(crawl), scenario)


@pytest.mark.parametrize("size", SIZES)
def test_reasons_of_all_that_is_kept_out(
    crawl: tuple[FakeSession, FakeClient], size: tuple[int, int]
) -> None:
    """w tells how many URLs are kept out for what, before a URL is typed and below its answer."""
    traps = "trap: many pages of one pattern, one title"
    crawl[1].show(skipped={"too deep": 3, traps: 250})

    async def scenario(it: Drive) -> None:
        await it.press("6", "w")
        for _ in range(2):
            assert it.shows("ALL THAT IS KEPT OUT, 253 URLs")
            lines = it.screen()
            first = next(n for n, line in enumerate(lines) if f"250  {traps}" in line)
            assert "  3  too deep" in lines[first + 1]
            it.app.screen.query_one("#typed", Input).value = "/calendar/2"
            await it.press("enter")

    drive(_app(crawl), scenario, size)


def test_a_trap_is_known_by_what_it_keeps_out(tmp_path: Path) -> None:
    """A URL that no page names is of a trap if others of its template were kept out as one."""
    path = tmp_path / "trap.crawl"
    store = Store.create(path, config(), version="0.0")
    store.add_url(url_row(1, START, depth=0, source_id=0))
    kept = url_row(2, f"{START}events/901", state=UrlState.KEPT_OUT)
    store.add_url(msgspec.structs.replace(kept, reason=TRAP))
    store.close()
    with StoreReader(path) as reader:
        found = {
            name: reader.why(0, (f"{START}{name}",))[1].is_trap
            for name in ("events/902", "events/902/x", "eventsx/1", "events/")
        }
    assert found == {
        "events/902": True,
        "events/902/x": False,
        "eventsx/1": False,
        "events/": False,
    }


def test_what_a_typed_text_means() -> None:
    """A path is one of the crawled site, a bare host may be https or http."""
    assert meant(" /a?b#c ", START) == (f"{START}a?b",)
    assert meant("site.test/x", START) == ("https://site.test/x", "http://site.test/x")
    with pytest.raises(ConfigError):
        meant("", START)
    with pytest.raises(ConfigError, match="is no path of this site"):
        meant("/\\[", START)


@pytest.mark.parametrize("size", SIZES)
def test_exclude_and_take_back(
    crawl: tuple[FakeSession, FakeClient], size: tuple[int, int]
) -> None:
    """E proposes patterns with their numbers; enter sends one, tab and enter take one back."""
    _, client = crawl

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E")
        screen = it.app.screen
        assert isinstance(screen, ExcludeScreen)
        assert screen.pattern == r"^http://site\.test/calendar/\d+$"
        assert it.shows("20 waiting URLs would be kept out; 1 done one match too")
        assert it.shows("its folder                  20         1")
        await it.press("down")
        assert screen.pattern == r"^http://site\.test/calendar/"
        await it.press("enter")
        assert client.sent == [Exclude(r"^http://site\.test/calendar/")]
        await it.press("tab", "enter")
        assert client.sent[1:] == [Unexclude("/old/")]
        await it.press("escape")
        assert it.app.screen is it.dashboard

    drive(_app(crawl), scenario, size)


def test_numbers_follow_what_is_typed(crawl: tuple[FakeSession, FakeClient]) -> None:
    """A typed pattern is counted, a bad one is refused in a sentence and never sent."""
    _, client = crawl

    async def scenario(it: Drive) -> None:
        await it.press("6", "E")
        assert it.shows("An empty pattern matches every URL")
        await it.type("/1[0-4]$")
        await it.soon("5 waiting URLs would be kept out")
        await it.type("(")
        assert it.shows("This is no regular expression")
        await it.press("enter")
        assert client.sent == []

    drive(_app(crawl), scenario)


def test_patterns_are_judged_where_they_are_counted(
    crawl: tuple[FakeSession, FakeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No letter that is typed waits for the judge, and what it refuses is told and never sent."""
    _, client = crawl
    judging: list[str] = []
    real = backtracking.is_dear

    def is_dear(pattern: str) -> bool:
        judging.append(threading.current_thread().name)
        return real(pattern)

    monkeypatch.setattr(patterns, "is_dear", is_dear)

    async def scenario(it: Drive) -> None:
        await it.press("6", "E")
        await it.type("(x+x+)+y")
        await it.soon("This has repeats that")
        assert judging
        assert threading.main_thread().name not in judging
        await it.press("enter")
        assert client.sent == []
        await it.press(*["backspace"] * 8)
        await it.type("/1[0-4]$")
        await it.soon("5 waiting URLs would be kept out")

    drive(_app(crawl), scenario)


def test_what_an_exclude_catches_does_not_count_anew(
    crawl: tuple[FakeSession, FakeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count goes on while the numbers of earlier excludes grow, and begins anew for a new one."""
    cuts = [survey.Cuts(excluded=(("/old/", 1),))]
    monkeypatch.setattr(StoreReader, "cuts", lambda _: cuts[-1])

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E")
        screen = it.app.screen
        assert isinstance(screen, ExcludeScreen)
        await it.type("/1[0-4]$")
        await it.soon("5 waiting URLs would be kept out")
        await it.soon("its folder                  20         1")
        asked = screen._asked
        cuts.append(survey.Cuts(excluded=(("/old/", 7),)))
        screen._read_cuts()
        await it.until(lambda: screen._cuts == cuts[-1])
        assert screen._asked == asked
        cuts.append(survey.Cuts(excluded=(("/old/", 7), ("/new/", 0))))
        screen._read_cuts()
        await it.soon("/new/")
        assert screen._asked > asked

    drive(_app(crawl), scenario)


def test_proposals_are_counted_after_what_is_typed(
    crawl: tuple[FakeSession, FakeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that typing cut short is made up for, once the typed pattern has its number."""
    asked: list[tuple[str, ...]] = []
    real = StoreReader.matches

    def once_in_vain(self: StoreReader, patterns: Sequence[str], *rest: Any) -> Any:
        asked.append(tuple(patterns))
        return () if len(asked) == 1 else real(self, patterns, *rest)

    monkeypatch.setattr(StoreReader, "matches", once_in_vain)

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E")
        await it.type("x")
        await it.soon("0 waiting URLs would be kept out")
        await it.soon("its folder                  20         1")

    drive(_app(crawl), scenario)
    assert len(asked) >= 3


@pytest.mark.parametrize("size", SIZES)
def test_radar_caps_and_takes_back(
    crawl: tuple[FakeSession, FakeClient], size: tuple[int, int]
) -> None:
    """T lists templates; c caps the selected one, and takes the cap of a capped one back."""
    session, client = crawl

    async def scenario(it: Drive) -> None:
        await it.press("T")
        screen = it.app.screen
        assert isinstance(screen, RadarScreen)
        (row,) = [line for line in it.screen() if "/calendar/{n}" in line]
        assert row.split()[2:4] == ["20", "100"]
        assert it.shows("20 URLs wait")
        await it.press("c")
        assert client.sent == [CapTemplate(TEMPLATE)]
        store = Store.open(client.store)
        store.reconfigure(config(caps=((TEMPLATE, 1),)))
        store.close()
        screen._read()
        await it.settle()
        assert it.shows("capped")
        await it.press("c", "escape")
        assert client.sent[1:] == [UncapTemplate(TEMPLATE)]

    drive(_app(crawl), scenario, size)
    assert session.client is client


def test_a_viewer_sees_all_and_changes_nothing(crawl: tuple[FakeSession, FakeClient]) -> None:
    """In a crawl that is only looked at the numbers are there, and no command is sent."""
    session, client = crawl
    client.read_only = True

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E")
        assert it.shows("20 waiting URLs would be kept out")
        await it.press("enter")
        assert it.shows("only looked at")
        await it.press("escape", "T", "c")
        assert it.shows("only looked at")
        await it.press("escape", "w")
        assert it.shows("It was asked for")

    drive(CrawlApp(session, client), scenario)
    assert client.sent == []


def test_a_crawl_that_ended_can_go_on(crawl: tuple[FakeSession, FakeClient]) -> None:
    """After the end nothing can be excluded any more, but what was can be taken back."""
    _, client = crawl
    client.show(state="finished")

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E", "enter")
        assert it.shows("The crawl has ended")
        await it.press("tab", "enter")

    drive(_app(crawl), scenario)
    assert client.sent == [Unexclude("/old/")]


@pytest.mark.parametrize(
    ("state", "stopped_by"), [("stopped", "you"), ("failed", ""), ("incomplete", "--max-time")]
)
def test_a_crawl_that_was_stopped_is_resumed_first(
    crawl: tuple[FakeSession, FakeClient], state: str, stopped_by: str
) -> None:
    """A crawl that did not end by itself hears nothing more: that is said, and nothing is sent."""
    _, client = crawl
    client.show(state=state, stopped_by=stopped_by)

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "t", "E", "tab", "enter")
        assert it.shows("The crawl was stopped: resume it")
        assert not it.shows("no longer excluded")

    drive(_app(crawl), scenario)
    assert client.sent == []
