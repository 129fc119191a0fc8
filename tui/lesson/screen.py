"""The dashboard with a caption: enter leads from step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from crawler_core.commands import SetFetchWorkers, SetParseWorkers
from crawler_core.errors import CrawlError
from crawler_core.snapshot import Snapshot
from tui.app import Taste
from tui.bridge import Client, Session, is_final
from tui.keys import without_keys
from tui.lesson.captions import LINES, caption, table
from tui.lesson.measure import Measure, after
from tui.lesson.steps import Step
from tui.screens.dashboard import Dashboard
from tui.screens.help import HelpScreen
from tui.screens.workers import WorkersPane
from tui.widgets.hint import Hint
from tui.widgets.paint import Line, Painted

_GRACE = 3.0
"""Seconds that the crawl of the last step gets to end before the next one begins."""
_ABOUT = (
    "Six steps on pools of threads and of processes. The caption at the bottom says what to look "
    "at: the lanes above it are full where a worker was busy. Enter leads to the next step, "
    "backspace to the one before; after the last one comes a table of what was measured. All other "
    "keys do what they do in every crawl, and change the one of the step that is shown."
)


class Opens(Protocol):
    """Where crawls come from."""

    def open(self, step: Step) -> Client:
        """Start the crawl of a step; takes a while."""


class Lesson:
    """How far the lesson is, and what was measured so far."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        self.at = 0
        self.measures = [Measure() for _ in steps]

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.steps[self.at]

    @property
    def is_last(self) -> bool:
        """Nothing comes after this step but the table."""
        return self.at == len(self.steps) - 1

    def go(self, to: int) -> None:
        """Show another step, and measure it anew."""
        self.at = max(0, min(to, len(self.steps) - 1))
        self.measures[self.at] = Measure()


class Caption(Painted):
    """What the class is to see."""

    DEFAULT_CSS = "Caption { background: $panel; }"

    def __init__(self, lesson: Lesson) -> None:
        super().__init__(widget_id="caption")
        self._lesson = lesson
        self.busy = ""
        self.styles.height = LINES

    def paint(self, width: int, height: int) -> list[Line]:
        now = self._lesson
        return caption(now.steps, now.at, now.measures, width, busy=self.busy)


class Sheet(Painted):
    """Lines of text as they are."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines
        self.styles.height = len(lines)

    def paint(self, width: int, height: int) -> list[Line]:
        return [Line(text, "" if place > 1 else "dim") for place, text in enumerate(self._lines)]


class LessonEnd(ModalScreen[str]):
    """The table of the six rates."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace,enter", "dismiss_with('')", show=False),
        Binding("q,Q", "dismiss_with('quit')", show=False),
        Binding("a", "dismiss_with('again')", show=False),
    ]

    def __init__(self, lesson: Lesson) -> None:
        super().__init__(classes="dialog")
        self._sheet = Sheet(table(lesson.steps, lesson.measures))

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "What the six steps came to, on this computer"
            yield self._sheet
            yield Hint(("a", "again from step 1"), ("q", "quit"), ("esc", "back"))

    def action_dismiss_with(self, answer: str) -> None:
        """Close with an answer."""
        self.dismiss(answer)


class LessonScreen(Dashboard):
    """One step's crawl, with its caption."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("backspace", "step(-1)", show=False)]

    class Opened(Message):
        """The crawl of another step runs."""

        def __init__(self, client: Client) -> None:
            super().__init__()
            self.client = client

    class Failed(Message):
        """It could not be started."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(
        self,
        client: Client,
        session: Session,
        lesson: Lesson,
        stage: Opens,
        taste: Taste,
        turn_to: Callable[[Client], None],
    ) -> None:
        """`turn_to` is called with the client of each crawl that takes the place of this one."""
        super().__init__(client, session, None, taste.keymap, taste.columns)
        self._lesson = lesson
        self._stage = stage
        self._turn_to = turn_to
        self._caption = Caption(lesson)

    def on_mount(self) -> None:
        self.mount(self._caption, before="#foot")
        self.query_one(WorkersPane).lanes_first = True
        self.open_tab("workers")

    def tick(self) -> None:
        super().tick()
        lesson, newest = self._lesson, self.newest
        if newest is not None and not self._caption.busy:
            at = lesson.at
            lesson.measures[at] = after(lesson.measures[at], lesson.step, newest)
        self._caption.repaint()

    @property
    def told(self) -> Snapshot | None:
        """The state without a key that would help this crawl: the steps show what does."""
        now = self.latest
        if now is None or now.state != "running":
            return now
        return msgspec.structs.replace(now, advice=without_keys(now.advice))

    def hints(self, tab: str, *, changing: bool) -> list[tuple[str, str, str]]:
        """What enter does here comes first, then the keys of the dashboard."""
        leads = "the rates" if self._lesson.is_last else "next step"
        others = super().hints(tab, changing=changing)
        return [("enter", leads, "detail"), *(hint for hint in others if hint[2] != "detail")]

    def action_help(self) -> None:
        """Show the help, which begins with the lesson."""
        self.app.push_screen(HelpScreen(self.tab, self.keymap, _ABOUT))

    def action_detail(self) -> None:
        """Enter: the next step, or the table after the last one."""
        self.action_step(1)

    def action_step(self, by: int) -> None:
        """Go to another step: by commands where its crawl runs, else with a new crawl."""
        lesson = self._lesson
        if self._caption.busy:
            return
        if by > 0 and lesson.is_last:
            self.app.push_screen(LessonEnd(lesson), self._ended)
        elif lesson.at + by >= 0:
            self._go(lesson.at + by)

    def action_leave(self, showing: bool = False) -> None:
        """Quit: there is nothing to lose."""
        self.post_message(self.Leave(showing))

    def on_lesson_screen_opened(self, event: Opened) -> None:
        event.stop()
        self._turn_to(event.client)

    def on_lesson_screen_failed(self, event: Failed) -> None:
        event.stop()
        self._caption.busy = ""
        self.say(event.why, severe=True)

    def _ended(self, answer: str | None) -> None:
        if answer == "quit":
            self.action_leave()
        elif answer == "again":
            self._go(0)

    def _go(self, to: int) -> None:
        lesson, before = self._lesson, self._lesson.step
        lesson.go(to)
        step = lesson.step
        if step.crawl == before.crawl and not is_final(self.newest):
            self.client.send(SetFetchWorkers(step.fetch))
            self.client.send(SetParseWorkers(step.parse))
            self.redraw()
            return
        self._caption.busy = "the crawl of this step is being started …"
        self._caption.repaint()
        self.run_worker(self._begin_crawl, thread=True, exit_on_error=False)

    def _begin_crawl(self) -> None:
        # The old crawl ends first: two of them would share the CPUs that are measured.
        self.client.close(wait=_GRACE)
        try:
            client = self._stage.open(self._lesson.step)
        except CrawlError as error:
            self.post_message(self.Failed(str(error)))
            return
        if not self.post_message(self.Opened(client)):
            client.close(wait=0.0)
