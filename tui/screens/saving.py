"""How results leave the dashboard: the save dialog, and the CSV of the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from crawler_core.errors import CrawlError
from crawler_core.snapshot import Snapshot
from tui.bridge import CsvWish, is_final
from tui.formats import csv_name, plain, plural, time_of_day
from tui.screens.finding import Finding
from tui.screens.reading import Read
from tui.screens.results import ResultsPane
from tui.screens.save import Saved, SaveScreen, What, Written
from tui.screens.steering import Steering

SAID_FOR = 3.0
"""Seconds that a message in the corner stays; twice that if there is more to read."""
_BY_ITSELF = frozenset({"finished", "incomplete"})
"""States of a crawl that has ended and that nobody stopped."""


class Saving(Finding):
    """The part of the dashboard that writes CSVs, and tells so in a corner of the screen."""

    _said = ""
    _said_at = 0.0

    steering: Steering
    csv: CsvWish | None = None
    csv_rows: int | None = None
    """Rows of the CSV that the command line asked for; None before it is written."""
    saved = ""
    """What the header says of the last CSV."""

    def redraw(self) -> None:
        """Draw everything again."""
        raise NotImplementedError

    def say(self, text: str, *, severe: bool = False, longer: bool = False) -> None:
        """Tell something in a corner of the screen; the same words only once in a while."""
        again = text == self._said and time.monotonic() - self._said_at < SAID_FOR
        if text and not again:
            self._said, self._said_at = text, time.monotonic()
            severity: Literal["warning", "information"] = "warning" if severe else "information"
            seconds = 2 * SAID_FOR if longer else SAID_FOR
            self.notify(plain(text), severity=severity, markup=False, timeout=seconds)

    def action_save(self) -> None:
        """Save a CSV."""
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

        def took(saved: Saved | None) -> None:
            if saved is not None:
                self._tell_saved(saved)

        self.app.push_screen(SaveScreen(write, name, self._shown()), took)

    def _shown(self) -> str:
        """The rows that a filter or a view leaves, in words; "" when all are shown."""
        pane = self.query_one(ResultsPane)
        if not pane.wanted.words:
            return ""
        if pane.busy or pane.feed is None:
            return f"the rows shown: {pane.wanted.words}"
        return f"the {plural(len(pane.feed), 'row')} shown: {pane.wanted.words}"

    def write_wished_csv(self, snapshot: Snapshot) -> None:
        """Write what --csv asked for, once, when the crawl has ended by itself."""
        wish, session, store = self.csv, self.session, self.client.store
        if wish is None or self._is_writing or snapshot.state not in _BY_ITSELF:
            return
        self._is_writing = True

        def run() -> None:
            try:
                rows = session.export(store, wish.target, "pages", bom=wish.bom)
            except CrawlError as error:
                sentence = str(error)
                self.post_message(Read(lambda: self.say(sentence, severe=True, longer=True)))
            else:
                saved = Saved(wish.target, "pages", rows, time.time())
                self.post_message(Read(lambda: self._wish_fulfilled(saved)))

        self.run_worker(run, thread=True, group="wish", exit_on_error=False)

    _is_writing = False

    def _wish_fulfilled(self, saved: Saved) -> None:
        self.csv_rows = saved.rows
        self._tell_saved(saved)

    def _tell_saved(self, saved: Saved) -> None:
        self.saved = f"saved {time_of_day(saved.at)[:5]} {saved.target.name}, {saved.counted}"
        what = "" if saved.what == "shown" else f" of {saved.what}"
        self.say(f"{saved.counted}{what} written to {saved.target}", longer=True)
        self.redraw()
