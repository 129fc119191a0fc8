"""How results leave the dashboard: the save dialog, and the CSV of the command line."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Literal

from crawler_core.errors import CrawlError
from crawler_core.snapshot import Snapshot
from tui.bridge import CsvWish, is_final
from tui.formats import csv_name, plain, plural, time_of_day
from tui.keymap import Keymap
from tui.keys import respelled
from tui.screens.finding import Finding
from tui.screens.reading import Read
from tui.screens.results import ResultsPane
from tui.screens.save import Answer, Order, Saved, SaveScreen, What, Written, carried_out
from tui.screens.steering import Steering

SAID_FOR = 3.0
"""Seconds that a message in the corner stays; twice that if there is more to read."""
_BY_ITSELF = frozenset({"finished", "incomplete"})
"""States of a crawl that has ended and that nobody stopped."""


class Saving(Finding):
    """The part of the dashboard that writes CSVs, and tells so in a corner of the screen."""

    _said = ""
    _said_at = 0.0
    _said_instead = ""
    """The words of the last message that the next one of its kind takes the place of."""

    steering: Steering
    keymap: Keymap
    csv: CsvWish | None = None
    csv_rows: int | None = None
    """Rows of the CSV that the command line asked for; None before it is written."""
    saved = ""
    """What the header says of the last CSV."""

    def say(
        self, text: str, *, severe: bool = False, longer: bool = False, instead: bool = False
    ) -> None:
        """Tell something in a corner of the screen, the same words only once in a while.

        Keys of the table that it names are those of one's own. What is said `instead` takes the
        place of what was said so before: the steps of one number do not pile up.
        """
        text = respelled(text, self.keymap)
        again = text == self._said and time.monotonic() - self._said_at < SAID_FOR
        if text and not again:
            self._said, self._said_at = text, time.monotonic()
            words = plain(text)
            if instead:
                for note in [n for n in self.app._notifications if n.message == self._said_instead]:
                    self.app._unnotify(note)  # the public way takes all of them away
                self._said_instead = words
            severity: Literal["warning", "information"] = "warning" if severe else "information"
            seconds = 2 * SAID_FOR if longer else SAID_FOR
            self.notify(words, severity=severity, markup=False, timeout=seconds)

    def action_save(self) -> None:
        """Save a CSV, but not out of a browser's tab: it would be written on another's disk."""
        if self.app.is_web:
            self.say(f"A browser only looks on: crawltui export {self.client.store.stem} -o FILE")
            return
        latest, session, store = self.steering.latest, self.session, self.client.store

        def name(what: str) -> str:
            return csv_name(latest.start_urls, partial=not is_final(latest), what=what)

        wanted = self.query_one(ResultsPane).wanted

        def write(target: Path, what: What, bom: bool) -> Written:
            if what != "shown":
                return Written(session.export(store, target, what, bom=bom))
            view = session.view("all", wanted.line, wanted.sort, wanted.reverse)
            rows = session.export(store, target, "pages", bom=bom, view=view)
            reader = session.rows(store)
            try:
                return Written(rows, reader.count(session.view("all")))
            finally:
                reader.close()

        def save(screen: SaveScreen, order: Order) -> None:
            def run() -> None:
                answer = carried_out(order, write)
                self.post_message(Read(lambda: self._answered(screen, answer)))

            self.run_worker(run, thread=True, group="export", exit_on_error=False)

        first: What | None = "broken" if self.tab == "broken" else None
        self.app.push_screen(SaveScreen(save, name, self._shown(), first))

    def _answered(self, screen: SaveScreen, answer: Answer) -> None:
        """Tell what came of an order: the dialog may have been closed meanwhile."""
        if screen.is_attached:
            screen.take(answer)
        elif answer.exists is not None:
            self.say(f"{answer.exists.name} exists: nothing was written.", severe=True)
        elif answer.saved is None:
            self.say(answer.sentence, severe=True, longer=True)
        if answer.saved is not None:
            self._tell_saved(answer.saved)

    def _shown(self) -> str:
        """The rows that a filter or a view leaves, in words; "" when all are shown."""
        pane = self.query_one(ResultsPane)
        if not pane.wanted.words:
            return ""
        if pane.busy or pane.feed is None:
            return f"the rows shown: {pane.wanted.words}"
        return f"the {plural(len(pane.feed), 'row')} shown: {pane.wanted.words}"

    def write_wished_csv(self, snapshot: Snapshot) -> None:
        """Write what --csv asked for, each time that the crawl has ended by itself.

        A rule that is taken back lets an ended crawl go on: what was written then is old.
        """
        wish, session, store = self.csv, self.session, self.client.store
        end = snapshot.sequence if snapshot.state in _BY_ITSELF else -1
        if wish is None or end == self._written_end:
            return
        self._written_end, self.csv_rows = end, None
        if end < 0:
            return

        def run() -> None:
            try:
                with self._one_at_a_time:
                    rows = session.export(store, wish.target, "pages", bom=wish.bom)
            except CrawlError as error:
                sentence = str(error)
                self.post_message(Read(lambda: self.say(sentence, severe=True, longer=True)))
            else:
                saved = Saved(wish.target, "pages", rows, time.time())
                self.post_message(Read(lambda: self._wish_fulfilled(saved, end)))

        self.run_worker(run, thread=True, group="wish", exit_on_error=False)

    _written_end = -1
    """Number of the last snapshot of the end that was written; -1 while the crawl goes on."""
    _one_at_a_time = threading.Lock()
    """What is written last stays: it is to be of the last end."""

    def _wish_fulfilled(self, saved: Saved, end: int) -> None:
        if end == self._written_end:
            self.csv_rows = saved.rows
        self._tell_saved(saved)

    def _tell_saved(self, saved: Saved) -> None:
        self.saved = f"saved {time_of_day(saved.at)[:5]} {saved.target.name}, {saved.counted}"
        what = "" if saved.what == "shown" else f" of {saved.what}"
        self.say(f"{saved.counted}{what} written to {saved.target}", longer=True)
        self.redraw()
