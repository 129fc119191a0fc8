"""The lesson from its start to the table after it: put together here."""

from __future__ import annotations

import sys
from pathlib import Path

from crawler_core.config import cpu_count
from tui import app
from tui.bridge import Client, Session
from tui.dash import spare_frames, taste_of
from tui.keymap import read_keymap
from tui.lesson.captions import table
from tui.lesson.screen import Lesson, LessonScreen, Opens
from tui.lesson.stage import Stage
from tui.lesson.steps import steps
from tui.screens.dashboard import Dashboard
from tui.session import CrawlSession
from tui.taste import chosen_theme
from tui.wire import has_terminal, write_nowhere


class LessonApp(app.CrawlApp):
    """The dashboard with a caption."""

    CSS_PATH = str(Path(app.__file__).with_name("app.tcss"))

    def __init__(
        self,
        session: Session,
        client: Client,
        lesson: Lesson,
        stage: Opens,
        taste: app.Taste = app.Taste(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(session, client, None, taste)
        self._lesson = lesson
        self._stage = stage

    def dashboard_of(self, client: Client) -> Dashboard:
        """The lesson's own dashboard."""
        lesson, stage = self._lesson, self._stage
        return LessonScreen(client, self.session, lesson, stage, self.taste, self.turn_to)


def open_lesson(theme: str = "") -> int:
    """Show the lesson until the user leaves; the exit code for the shell.

    Raises CrawlError before the screen is taken over if the site or the crawl cannot start.
    """
    taste = taste_of(read_keymap(), chosen_theme(theme))
    lesson = Lesson(steps(cpu_count()))
    with CrawlSession() as session, Stage(session) as stage:
        shown = LessonApp(session, stage.open(lesson.step), lesson, stage, taste)
        spare_frames()
        ending = shown.run()
    if not has_terminal():
        write_nowhere()  # there is nobody to show the table to
    if any(measure.seconds for measure in lesson.measures):
        sys.stdout.write("\n".join(table(lesson.steps, lesson.measures)) + "\n")
    return 70 if ending is None else ending.exit_code
