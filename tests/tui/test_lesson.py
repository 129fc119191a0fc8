"""The lesson on pools: its steps, what it measures, and its way from crawl to crawl."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import pytest

from crawler_core.commands import SetFetchWorkers, SetParseWorkers
from crawler_core.errors import EnvironmentRefused
from crawler_core.snapshot import FutureCounts, PoolView, Snapshot, WorkerView
from tests.patience import PATIENCE
from tests.tui.driving import Drive, drive
from tests.tui.fakes import AT, FakeClient, FakeSession, busy_snapshot
from tui.demo import heavy
from tui.lesson.captions import LINES, caption, table
from tui.lesson.measure import SETTLE, Measure, after, computing
from tui.lesson.screen import Lesson
from tui.lesson.show import LessonApp
from tui.lesson.stage import Stage
from tui.lesson.steps import DEADLINE, THREADS, Step, steps
from tui.screens.results import ResultsPane
from tui.session import CrawlSession
from tui.widgets.paint import Line

SIX = steps(2)


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line.pieces)


def seen(step: Step, second: float, done: int, state: str = "running") -> Snapshot:
    """A snapshot of the crawl of a step."""
    now = busy_snapshot(fetch=step.fetch, parse=step.parse)
    return msgspec.structs.replace(now, at=AT + second, done=done, state=state)


def measured(step: Step, *moments: tuple[float, int]) -> Measure:
    measure = Measure()
    for second, done in moments:
        measure = after(measure, step, seen(step, second, done))
    return measure


@pytest.mark.parametrize("cpus", [1, 2, 4, 64])
def test_steps_change_one_thing_each(cpus: int) -> None:
    """More threads, then more processes, then as many threads: all else stays as it was."""
    one, more, bound, several, lock, killed = steps(cpus)
    assert (one.fetch, more.fetch, one.crawl) == (1, THREADS, more.crawl)
    assert (bound.parse, bound.crawl, bound.fetch) == (1, several.crawl, several.fetch)
    assert 2 <= several.parse <= 4
    assert (lock.parse, lock.parse_in, lock.fetch) == (several.parse, "threads", several.fetch)
    assert killed.parse_in == "processes"


def test_rate_is_that_of_the_settled_crawl() -> None:
    """Pages that were done before the workers had settled do not count."""
    step = SIX[0]
    measure = measured(step, (0.0, 500), (0.5, 900), (SETTLE, 1_000), (SETTLE + 4.0, 1_100))
    assert (measure.rate, measure.seconds) == (25.0, 4.0)


def test_measure_begins_anew_when_somebody_steers() -> None:
    """A key that changes the workers interrupts the measure of the step."""
    step = SIX[0]
    measure = measured(step, (0.0, 0), (SETTLE, 100), (SETTLE + 2, 200))
    steered = msgspec.structs.replace(seen(step, 5.0, 300), fetch=PoolView("threads", 3, 3, 256))
    measure = after(measure, step, steered)
    assert measure.since == 0.0
    for second, done in ((6.0, 400), (6.0 + SETTLE, 500), (10.0 + SETTLE, 900)):
        measure = after(measure, step, seen(step, second, done))
    assert (measure.rate, measure.seconds) == (100.0, 4.0)


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "paused", "starting"])
def test_what_was_measured_stays(state: str) -> None:
    """A crawl that has ended, or is paused, changes the measure no more."""
    step = SIX[0]
    measure = measured(step, (0.0, 0), (SETTLE, 100), (SETTLE + 2, 200))
    assert after(measure, step, seen(step, 60.0, 200, state)) == measure


def test_share_of_a_cpu_is_read_off_the_lanes() -> None:
    """Half full lanes are workers that had a CPU for half of the time; dead ones do not count."""
    full = WorkerView("P1", "parse", levels="0" * 100 + "4" * 19)
    gone = WorkerView("P2", "parse", levels="8" * 119, ended=True)
    fetch = WorkerView("T01", "fetch", levels="8" * 119)
    assert computing(Snapshot(workers=(full, gone, fetch))) == 0.5
    assert computing(Snapshot()) == 0.0


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("at", range(6))
def test_caption_fits(at: int, width: int) -> None:
    """Every caption has its lines and no more, each within the width, numbers included."""
    measures = [Measure(1.0, 1.0, 0, 123.0, 1_234.5, 0.999, 0.999, 0.999, 12)] * 6
    lines = caption(SIX, at, measures, width)
    assert len(lines) == LINES
    assert all(line.at <= width for line in lines), [text_of(line) for line in lines]


def test_numbers_are_those_measured() -> None:
    """The caption compares the rate of a step with the one before, the table has all."""
    measures = [Measure() for _ in SIX]
    measures[0] = measured(SIX[0], (0.0, 0), (SETTLE, 100), (SETTLE + 10, 200))
    measures[1] = measured(SIX[1], (0.0, 0), (SETTLE, 100), (SETTLE + 10, 900))
    said = text_of(caption(SIX, 1, measures, 120)[-1])
    assert "80.0 pages/s (10 s)" in said
    assert "× 8.0 of step 1" in said
    assert "measuring" in text_of(caption(SIX, 2, measures, 120)[-1])
    rows = table(SIX, measures)
    assert len(rows) == 8
    assert "10.0" in rows[2]
    assert "80.0" in rows[3]
    assert rows[4].endswith("–")


def test_a_comparison_waits_until_it_means_something() -> None:
    """A rate of a few seconds is not compared; where other work takes the CPUs, it is said."""
    rates = [Measure(1.0, 1.0, 0, 20.0, 40.0) for _ in SIX]
    rates[3] = Measure(1.0, 1.0, 0, 5.0, 32.0, 0.13, 1.0, 0.9)
    assert "compared in 3 s" in text_of(caption(SIX, 3, rates, 120)[-1])
    assert "×" not in text_of(caption(SIX, 3, rates, 120)[-1])
    rates[3] = Measure(1.0, 1.0, 0, 8.0, 32.0, 0.13, 1.0, 0.9)
    said = text_of(caption(SIX, 3, rates, 120)[-1])
    assert "× 0.8 of step 3" in said
    assert "other work" not in said
    rates[3] = Measure(1.0, 1.0, 0, 8.0, 32.0, 0.13, 1.0, 0.45)
    said = text_of(caption(SIX, 3, rates, 80)[-1])
    assert "× 0.8 of step 3  other work takes the CPUs" in said
    assert "on a CPU 45 %" in said
    for alone, at in ((steps(1), 3), (SIX, 4)):  # processes without a CPU each; threads
        crowded = [Measure(1.0, 1.0, 0, 9.0, 30.0, 0.1, 1.0, 0.4)] * 6
        assert "other work" not in text_of(caption(alone, at, crowded, 120)[-1])


def test_what_has_no_room_leaves_no_comma() -> None:
    """Numbers are divided by commas, also where one of them was left out."""
    measures = [Measure(1.0, 1.0, 0, 30.0, 29.9, 0.13, 1.0, 0.13, 4)] * 6
    said = text_of(caption(SIX, 5, measures, 80)[-1])
    assert said.rstrip().endswith("4 futures raised, on a CPU 13 %")


def test_heavy_pages_are_a_tree() -> None:
    """Each page leads to others, all exist, and exactly one leads to the page that kills."""
    first = heavy.respond(heavy.target(0))
    assert first is not None
    assert len(first.body) > 60_000
    assert heavy.target(4).encode() in first.body
    fatal = heavy.respond(heavy.target(heavy.LEADS_TO_FATAL))
    assert fatal is not None
    assert heavy.FATAL.encode() in fatal.body
    assert heavy.FATAL.encode() not in first.body
    assert heavy.respond(heavy.target(heavy.PAGES - 1)) is not None
    for wrong in (heavy.target(heavy.PAGES), f"{heavy.PATH}x.html", f"{heavy.PATH}007.html"):
        assert heavy.respond(wrong) is None


class FakeStage:
    """Opens made-up crawls."""

    def __init__(self, store: Path, refuses: bool = False) -> None:
        self._store = store
        self._refuses = refuses
        self.opened: list[Step] = []
        self.clients: list[FakeClient] = []
        self.go = threading.Event()
        self.go.set()

    def open(self, step: Step) -> FakeClient:
        assert self.go.wait(PATIENCE)
        if self._refuses and self.opened:
            raise EnvironmentRefused("No more processes may be started here.")
        self.opened.append(step)
        snapshot = busy_snapshot(fetch=step.fetch, parse=step.parse)
        self.clients.append(FakeClient(self._store, snapshot=snapshot))
        return self.clients[-1]


def app_of(session: FakeSession, stage: FakeStage) -> LessonApp:
    lesson = Lesson(SIX)
    return LessonApp(session, stage.open(lesson.step), lesson, stage)


def test_way_through_the_lesson(session: FakeSession, store: Path) -> None:
    """Enter leads on, by commands or by a new crawl; after the last step comes the table."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        assert it.shows("STEP 1 OF 6")
        assert it.shows("WORKERS")
        assert it.shows("enter next step")
        await it.press("enter")
        assert it.shows("STEP 2 OF 6")
        assert stage.clients[0].sent == [SetFetchWorkers(THREADS), SetParseWorkers(1)]
        for number in (3, 4, 5, 6):
            await it.press("enter")
            assert it.shows(f"STEP {number} OF 6")
        assert it.shows("enter the rates")
        assert [step.crawl for step in stage.opened] == ["waits", "computes", "lock", "killed"]
        assert [client.closed for client in stage.clients] == [True, True, True, False]
        await it.press("enter")
        assert it.shows("What the six steps came to")
        await it.press("a")
        assert it.shows("STEP 1 OF 6")

    drive(app_of(session, stage), scenario, (80, 24))


def test_lanes_come_first(session: FakeSession, store: Path) -> None:
    """At 80 by 24 every lane that a step speaks of is seen, and the list gets what is left."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        await it.press("enter")
        workers = busy_snapshot(fetch=THREADS, parse=1).workers
        stage.clients[0].show(workers=workers, counts=FutureCounts(running=9))
        await it.settle()
        assert all(it.shows(f" T{n:02} ") for n in range(1, THREADS + 1))
        assert it.shows(" P1 ")
        assert it.shows("waiting →")

    drive(app_of(session, stage), scenario, (80, 24))


def test_no_key_is_advised(session: FakeSession, store: Path) -> None:
    """The verdict says what holds the crawl back; a key that helps would spoil the step."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        assert it.shows("parsers 49 % busy")
        assert not it.shows("press +")
        stage.clients[0].show(state="paused", verdict="PAUSED", advice="press space to go on")
        await it.settle()
        assert it.shows("press space to go on")

    drive(app_of(session, stage), scenario, (120, 36))


def test_way_back(session: FakeSession, store: Path) -> None:
    """Backspace leads back: to other workers of the same crawl, or to its crawl begun anew."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        await it.press("backspace")
        assert it.shows("STEP 1 OF 6")
        await it.press("enter", "enter", "backspace")
        assert it.shows("STEP 2 OF 6")
        assert [(step.crawl, step.fetch) for step in stage.opened] == [
            ("waits", 1),
            ("computes", SIX[2].fetch),
            ("waits", THREADS),
        ]
        await it.press("backspace")
        assert stage.clients[-1].sent == [SetFetchWorkers(1), SetParseWorkers(1)]

    drive(app_of(session, stage), scenario)


def test_a_step_that_begins_below_the_help(session: FakeSession, store: Path) -> None:
    """The new crawl takes the place of the old one, and the table of the tab has the focus."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        await it.press("enter")
        before = it.dashboard
        assert before.focused is not None
        assert before.focused.id == "futures"
        stage.go.clear()
        await it.pilot.press("enter", "question_mark")
        await it.pilot.pause()
        assert it.app.screen is not before
        assert it.shows("Enter leads to the next step")
        assert not it.shows("cancels it, or puts it off")
        stage.go.set()
        await it.settle()
        assert it.shows("STEP 3 OF 6")
        assert it.app.screen is it.dashboard
        assert it.dashboard is not before
        assert it.dashboard.focused is not None
        assert it.dashboard.focused.id == "futures"
        assert it.dashboard.client is stage.clients[-1]
        assert len(it.app.screen_stack) == 2

    drive(app_of(session, stage), scenario)


def test_columns_stay_from_crawl_to_crawl(session: FakeSession, store: Path) -> None:
    """The columns that were chosen are there in the next step too."""
    stage = FakeStage(store)

    async def scenario(it: Drive) -> None:
        usual = it.dashboard.query_one(ResultsPane).fields
        await it.press("2", "c", "space", "enter")
        chosen = it.dashboard.query_one(ResultsPane).fields
        assert len(chosen) == len(usual) - 1
        await it.press("enter", "enter")
        assert it.shows("STEP 3 OF 6")
        assert it.dashboard.query_one(ResultsPane).fields == chosen

    drive(app_of(session, stage), scenario)


def test_crawl_that_cannot_start(session: FakeSession, store: Path) -> None:
    """A step whose crawl cannot start says why, and the lesson stays open."""

    async def scenario(it: Drive) -> None:
        await it.press("enter", "enter")
        assert it.shows("No more processes")
        await it.press("q")

    ending = drive(app_of(session, FakeStage(store, refuses=True)), scenario)
    assert ending is not None
    assert ending.exit_code == 0


def until(stage: Stage, step: Step, tells: str) -> Snapshot:
    """Run the real crawl of a step until a future has raised, or pages are done."""
    client = stage.open(step)
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = client.snapshot()
            if now is not None and now.done > 5:
                names = [raised.name for raised in now.counts.raised]
                if not tells or tells in names:
                    return now
            time.sleep(0.05)
        raise AssertionError(now)
    finally:
        client.close(wait=5.0)


def test_only_the_last_step_kills() -> None:
    """On a busy computer a page takes its time: no worker of the other steps is killed for that."""
    with CrawlSession() as crawls, Stage(crawls) as stage:
        deadlines = [stage.config(step).parse_deadline for step in SIX]
    assert deadlines[-1] == DEADLINE
    assert min(deadlines[:-1]) > 5 * DEADLINE


@pytest.mark.timeout(240)
def test_real_crawls_of_the_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crawls are what the steps say: one that waits for servers, one whose worker is killed."""
    monkeypatch.setattr("tui.lesson.stage.PAGES", 300)
    monkeypatch.setattr("tui.lesson.stage.DEADLINE", 0.7)
    with CrawlSession() as session, Stage(session) as stage:
        waits = until(stage, SIX[0], "")
        killed = until(stage, SIX[5], "BrokenProcessPool")
    assert (waits.fetch.target, waits.parser, waits.parser_auto) == (1, "soup", False)
    assert waits.broken == 0
    (raised,) = killed.counts.raised
    assert raised.kind == "parse"
