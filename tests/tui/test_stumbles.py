"""What somebody new to the screen needs it to say, at 80 columns as well."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input, RadioSet

from crawler_core.commands import Cancel, SetFetchWorkers
from crawler_core.crawl.journal import log_path, open_log
from crawler_core.engine.view import time_left
from crawler_core.snapshot import FutureView, PoolView, Rates, StageCounts
from tests.tui.driving import Drive, drive
from tests.tui.fakes import HOME, FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp, Taste
from tui.bridge import Client
from tui.screens.exclude import ExcludeScreen
from tui.screens.help import sections
from tui.screens.panes import BrokenPane
from tui.screens.save import SaveScreen
from tui.screens.steering import Steering
from tui.widgets.fields import FIELDS, chosen
from tui.widgets.grid import Grid
from tui.widgets.header import Situation, crawl_line, shortened, situation_lines
from tui.widgets.overview import host_more
from tui.widgets.paint import Line

SMALL = (80, 24)
replace = msgspec.structs.replace


def _text(line: Line) -> str:
    return "".join(text for text, _ in line.pieces)


def test_a_fault_of_the_screen_is_one_sentence(
    session: FakeSession,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """An uncaught error shows no traceback and no local variable, and goes to the log file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    log = logging.getLogger()
    handlers = log.handlers
    open_log()

    def fail() -> None:
        password = "hunter" + "2"
        raise ZeroDivisionError(f"by design {len(password)}")

    async def scenario(it: Drive) -> None:
        it.app.call_later(fail)
        await it.pilot.pause(0.1)

    try:
        with pytest.raises(ZeroDivisionError):
            drive(CrawlApp(session, client, taste=Taste(log=str(log_path()))), scenario)
    finally:
        log.handlers = handlers
    said = capsys.readouterr().err
    assert "The screen failed (ZeroDivisionError)" in said
    assert "crawltui.log" in said.replace("\n", "")
    assert "Traceback" not in said
    assert "hunter" not in said
    kept = log_path().read_text()
    assert "ZeroDivisionError: by design 7" in kept
    assert "hunter2" not in kept


ADVICE = "16/16 fetch workers wait for servers, parsers 57% busy: press + or - as you like"


def test_advice_goes_before_a_change() -> None:
    """At 80 columns the key that is advised is there while a change is measured."""
    now = replace(busy_snapshot(), advice=ADVICE)
    situation = Situation(snapshot=now, chip=("8 → 16 fetch workers, measuring…", "accent"))
    says, change = situation_lines(situation, 80)
    assert _text(says).rstrip().endswith("press + or - as you like")
    assert "8 → 16" in _text(change)
    whole = replace(now, advice="https://a-very-long-name.example.org: 10/s is your limit: press .")
    situation = replace(situation, snapshot=replace(whole, verdict="POLITE"), frozen=True)
    both = "".join(_text(line) for line in situation_lines(situation, 80))
    assert "press ." in both, "what fits in no way goes on in the line of the change"


def test_the_autopilot_is_flagged_and_advises_no_key() -> None:
    """With AUTO no key for workers is named, which would end it; the flag is there at 80 too."""
    auto = replace(busy_snapshot(), autopilot=True, pilot="16 → 20: measuring…", advice=ADVICE)
    for width in (80, 120):
        line = _text(situation_lines(Situation(snapshot=auto, chip=(auto.pilot, "")), width)[0])
        assert " AUTO " in line
        assert "press" not in line
        assert "wait for servers" in line


@pytest.mark.parametrize(
    ("room", "auto", "says"),
    [
        (80, False, "a b, c d: press +"),
        (14, False, "a b: press +"),
        (5, False, "a b, c d: press +"),
        (5, True, "a b, c d: press +"),
    ],
)
def test_a_sentence_keeps_its_advice(room: int, auto: bool, says: str) -> None:
    """The clauses in the middle go first; what fits in no way stays whole."""
    assert shortened("a b, c d: press +", room, auto=auto) == says


def test_what_the_autopilot_does_may_go() -> None:
    """That the autopilot tries more is told on the next line as well."""
    assert shortened("a b, c d: autopilot tries more", 8, auto=True) == "a b, c d"


def test_the_title_adds_up() -> None:
    """At 80 columns the counts make up what was found, less what is kept out."""
    now = busy_snapshot()
    line = _text(crawl_line(now, 80))
    in_work = now.stages.fetching + now.stages.to_parse + now.stages.parsing
    assert f"{now.done:,} done" in line
    assert f"{in_work} in work" in line
    assert "5,392 waiting" in line
    done = replace(now, state="finished", stages=StageCounts(), kept_out=250, done=2_600)
    line = _text(crawl_line(replace(done, found=2_850), 80))
    assert "2,600 done  250 kept out  2,850 URLs" in line


@pytest.mark.parametrize(
    ("stages", "rates", "left"),
    [
        (StageCounts(waiting=1, to_parse=5_274, parsing=6), Rates(50.0, 44.0), 120.0),
        (StageCounts(waiting=0, to_parse=5_274, parsing=6), Rates(0.0, 44.0), 120.0),
        (StageCounts(waiting=600, to_parse=2), Rates(10.0, 10.0), 60.0),
        (StageCounts(waiting=600, to_parse=2), Rates(10.0, 0.0), None),
        (StageCounts(waiting=600), Rates(10.0, 10.0, 0.0, 12.0), None),
        (StageCounts(parsing=2), Rates(0.0, 40.0), None),
        (StageCounts(), Rates(), None),
    ],
)
def test_time_left_counts_what_waits_for_parsers(
    stages: StageCounts, rates: Rates, left: float | None
) -> None:
    """The longer of both queues says how long it takes; unknown where one stands still."""
    assert time_left(stages, rates, "running") == left
    assert time_left(stages, rates, "paused") is None


def test_a_pause_while_frozen_is_told(session: FakeSession, client: FakeClient) -> None:
    """A frozen display does not hide that space made the crawl go on."""

    async def scenario(it: Drive) -> None:
        await it.press("space", "f")
        assert not it.shows("the crawl is paused;")
        await it.press("space")
        assert it.shows("the crawl goes on;")

    drive(CrawlApp(session, client), scenario, SMALL)


def test_the_footer_says_how_to_go_on(session: FakeSession, client: FakeClient) -> None:
    """Paused, space goes on; at 80 columns the overview names s and w."""

    async def scenario(it: Drive) -> None:
        foot = it.screen()[-1]
        for hint in ("space pause", "s save", "w why", "? help", "q quit"):
            assert hint in foot
        await it.press("space")
        assert "space go on" in it.screen()[-1]
        assert it.shows("PAUSED")

    drive(CrawlApp(session, client), scenario, SMALL)


def test_broken_links_are_what_tab_3_saves(session: FakeSession, client: FakeClient) -> None:
    """On the tab of broken links these are chosen in the save dialog, with their file name."""

    async def scenario(it: Drive) -> None:
        await it.press("3", "s")
        screen = it.app.screen
        assert isinstance(screen, SaveScreen)
        assert screen.what == "broken"
        assert screen.query_one(RadioSet).pressed_index == 1
        assert it.shows("broken.partial.csv")

    drive(CrawlApp(session, client), scenario)


def test_an_empty_list_of_broken_links_says_why(session: FakeSession, client: FakeClient) -> None:
    """What is counted but not yet in the file is being written, not "no broken link"."""

    async def scenario(it: Drive) -> None:
        grid = it.dashboard.query_one("#broken-grid", Grid)
        pane = it.dashboard.query_one(BrokenPane)
        pane.expect(replace(busy_snapshot(), broken=10))
        assert grid.empty == "10 broken, being written …"
        pane.expect(replace(busy_snapshot(), broken=0))
        assert grid.empty == "no broken link so far"

    drive(CrawlApp(session, client), scenario)


def test_a_typo_is_not_a_number_of_workers(session: FakeSession, client: FakeClient) -> None:
    """A number that cannot be is refused with the limits, and the dialog stays open."""

    async def scenario(it: Drive) -> None:
        await it.press("W")
        for typed in ("402", "0", "64"):
            is_possible = typed == "64"
            it.app.screen.query_one("#fetch", Input).value = typed
            await it.press("enter")
            assert it.shows(f"{typed} fetch workers: 1 to 256 are possible.") != is_possible
            assert client.sent == [SetFetchWorkers(64)] * is_possible

    drive(CrawlApp(session, client), scenario, SMALL)


def test_a_sort_shows_its_first_row(session: FakeSession, client: FakeClient) -> None:
    """After a sort the cursor is on the first row; sizes begin with the greatest."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "end", "S", "a")
        pane = it.dashboard.query_one("#results-grid", Grid)
        assert pane.place == 0
        await it.press("end", "S", "z")
        assert it.shows("size▼")
        assert pane.place == 0
        await it.press("S", "z")
        assert it.shows("size▲")

    drive(CrawlApp(session, client), scenario)


def test_exclude_types_nothing_of_a_row_that_comes_and_goes(
    session: FakeSession, client: FakeClient
) -> None:
    """While the list follows its tail no pattern is filled in; else typing replaces it."""

    async def scenario(it: Drive) -> None:
        await it.press("2", "E")
        screen = it.app.screen
        assert isinstance(screen, ExcludeScreen)
        assert screen.pattern == ""
        await it.press("escape", "home", "E")
        screen = it.app.screen
        assert isinstance(screen, ExcludeScreen)
        assert screen.pattern
        await it.type("cal")
        assert screen.pattern == "cal"

    drive(CrawlApp(session, client), scenario)


def test_who_looks_on_is_offered_no_surgery(store: Path) -> None:
    """The screens that change the scope name no key that a crawl that is looked at refuses."""
    for read_only in (True, False):
        client = FakeClient(store, read_only=read_only)

        async def scenario(it: Drive, read_only: bool = read_only) -> None:
            for key, word in (("E", "excludes"), ("T", "caps the selected")):
                await it.press(key)
                assert it.shows(word) != read_only
                await it.press("escape")

        drive(CrawlApp(FakeSession(store, client), client), scenario, SMALL)


def test_what_has_finished_is_not_cancelled(client: FakeClient) -> None:
    """A fetch that is no longer under way is not said to be cancelled, nor is anything sent."""
    shown: Client = client
    steering = Steering(shown)
    steering.latest = busy_snapshot()
    assert steering.cancel(1268) == "fetch #1268 has already finished"
    parse = FutureView("parse", 7, "RUNNING", 9.0, f"{HOME}/")
    steering.latest = replace(steering.latest, oldest=parse, futures=(parse,))
    assert steering.cancel(None) == "no fetch is running"
    assert client.sent == []
    one = FutureView("fetch", 8, "RUNNING", 1.0, f"{HOME}/")
    steering.latest = replace(steering.latest, futures=(parse, one))
    assert steering.cancel(None) == "cancelling fetch #8"
    assert client.sent == [Cancel(8)]


def test_steps_of_a_limit_do_not_pile_up(session: FakeSession, client: FakeClient) -> None:
    """Three quick steps of a host's limit leave one message, the last."""

    async def scenario(it: Drive) -> None:
        await it.press("4", "down", "comma", "comma", "comma")
        lines = [line for line in it.screen() if "at most" in line]
        assert len(lines) == 1
        assert "3 requests/s" in lines[0]

    drive(CrawlApp(session, client), scenario)


def test_retry_names_hosts(session: FakeSession, client: FakeClient) -> None:
    """The question whether to ask again says on which hosts it failed."""
    now = busy_snapshot()
    client.show(hosts=tuple(replace(host, errors=2) for host in now.hosts[:5]))

    async def scenario(it: Drive) -> None:
        await it.press("R")
        told = " ".join(" ".join(line.split("│")[1:2]).strip() for line in it.screen())
        said = "In this run: docs.example.org, cdn.example.org, partner.example and 2 more"
        assert said in " ".join(told.split())

    drive(CrawlApp(session, client), scenario)


def test_the_address_keeps_its_room() -> None:
    """However many columns are ticked at 80 columns, some of the address can be read."""
    fields = chosen([field.name for field in FIELDS])
    grid = Grid("RESULTS", [field.column for field in fields])
    widths = {column.title: cells for _, column, cells in grid._shown(80)}
    assert widths["address"] >= 18


def test_small_words() -> None:
    """Numbers and keys are set apart, and the help begins with the words."""
    more = host_more(replace(busy_snapshot(), host_count=8), 6)
    assert more is not None
    assert "and 2 more · 4 shows all" in _text(more)
    titles = [title for title, _ in sections("overview")]
    assert titles[:2] == ["OVERVIEW", "WORDS"]
    words = {row[0][0].strip() for title, rows in sections("overview") for row in rows}
    assert {"bad", "queue wait", "err%, 429%"} <= words


def test_a_key_that_is_no_worker_helps_under_the_autopilot_too() -> None:
    """A pause and the parser are no affair of the autopilot: their keys are still named."""
    auto = replace(busy_snapshot(), autopilot=True, pilot="16 → 20: measuring…")
    for advice in ("12 URLs wait: press space to go on", "2/2 busy: press P for lexbor"):
        line = situation_lines(Situation(snapshot=replace(auto, advice=advice)), 80)[0]
        assert advice in _text(line)


def test_a_crawl_file_has_no_log(store: Path) -> None:
    """Who looks at a finished crawl is told that its log was not kept."""
    client = FakeClient(store, read_only=True)
    client.show(state="finished", log=(), fetch=PoolView("threads", 0, 0, 0))

    async def scenario(it: Drive) -> None:
        await it.press("6")
        assert it.shows("a crawl file does not keep the log")

    drive(CrawlApp(FakeSession(store, client), client), scenario)


def test_the_radar_explains_only_columns_that_are_shown(
    session: FakeSession, client: FakeClient
) -> None:
    """At 80 columns there is no column of the newest URLs, and no word about it."""
    for size, shown in ((SMALL, False), ((120, 36), True)):

        async def scenario(it: Drive, shown: bool = shown) -> None:
            await it.press("T")
            assert it.shows("titles: how many differ")
            assert it.shows("newest: of the URLs") == shown

        drive(CrawlApp(session, client), scenario, size)


def test_broken_links_are_read_again_until_all_are_there(
    session: FakeSession, client: FakeClient
) -> None:
    """A list that was read before the file held all that was counted is not the last word."""

    async def scenario(it: Drive) -> None:
        await it.press("3")
        grid = it.dashboard.query_one("#broken-grid", Grid)
        there = len(grid.feed)
        client.show(broken=there + 1)
        it.dashboard._broken_due = 0.0
        await it.settle()
        assert it.dashboard._broken_seen == (-1, -1)
        client.show(broken=there)
        it.dashboard._broken_due = 0.0
        await it.settle()
        assert it.dashboard._broken_seen == (there, busy_snapshot().done)

    drive(CrawlApp(session, client), scenario)
