"""What the dashboard shows of the results: which rows, in what order, with which columns.

A filter is read while it is typed. Its first screen comes before the rest, and a reading that
is not wanted any more is interrupted, so that no letter waits for the one before it.
"""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable

from crawler_core.errors import CrawlError
from crawler_core.filters import PRESETS, Preset, parse
from tui.bridge import Rows
from tui.screens.columns import ColumnsScreen
from tui.screens.dialogs import Ask
from tui.screens.reading import Read, Reading
from tui.screens.results import Ids, ResultFeed, ResultsPane, Wanted
from tui.screens.views import ViewsScreen

SORTED_EVERY = 3.0
"""Seconds between two readings of a sorted table while the crawl runs."""
_SHARE = 10
"""A sorted table is read anew after so many times what the last reading took."""
FIRST_SCREEN = 256
"""Rows that are shown before all others are read."""


class Finding(Reading):
    """The part of the dashboard that fills the results table."""

    _serial = 0
    _sorted_due = 0.0
    _asked_done = -1
    _reading: Rows | None = None
    """What a thread reads the results with now."""
    _wanted_now: Wanted | None = None
    """What the newest of these threads reads; the others give up."""
    _finder: Rows | None = None
    """A reader that was made ready for many searches; whoever uses it holds `_turn`."""
    _preparing = False

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def on_unmount(self) -> None:
        finder, self._finder = self._finder, None
        self._wanted_now = None
        for busy in (self._reading, finder):
            if busy is not None:
                busy.interrupt()
        if finder is not None:
            with self._turn:  # its thread lets go of it at once
                finder.close()

    def on_results_pane_opened(self, event: ResultsPane.Opened) -> None:
        event.stop()
        self._prepare()

    @property
    def tab(self) -> str:
        """The open tab."""
        raise NotImplementedError

    def open_tab(self, tab: str) -> None:
        """Show a tab."""
        raise NotImplementedError

    def on_results_pane_changed(self, event: ResultsPane.Changed) -> None:
        event.stop()
        self.read_results(event.wanted)

    def read_new_results(self) -> None:
        """Append what finished since the last look; read a sorted table again now and then."""
        pane = self.query_one(ResultsPane)
        if pane.feed is None:
            if not pane.busy:
                self.read_results(pane.wanted)
        elif pane.busy:
            pass
        elif pane.wanted.moves:
            done = self.latest.done if self.latest else 0
            if done != self._asked_done and time.monotonic() > self._sorted_due:
                self.read_results(pane.wanted, again=True)
        elif self._rows is not None:
            self._follow(pane, self._rows)
        pane.draw()

    def read_results(self, wanted: Wanted, *, again: bool = False) -> None:
        """Read the ids of a view in a thread, then show them; the first screen beforehand."""
        pane = self.query_one(ResultsPane)
        if not again:
            pane.busy = True
        self._asked_done = self.latest.done if self.latest else 0
        self._wanted_now = wanted
        if self._reading is not None:
            self._reading.interrupt()
        if not self._open():
            pane.busy = False
            return
        began, self._sorted_due = time.monotonic(), math.inf

        def read(rows: Rows) -> Callable[[], None]:
            with self._turn:
                if self._wanted_now is not wanted:  # typed on while this waited for its turn
                    return lambda: None
                finder = self._finder
                if finder is not None:
                    finder.prepare()
                    rows = finder
                self._reading = rows
                try:
                    first = not again and not parse(wanted.line).compares
                    if first and self._read_first(rows, wanted):
                        return lambda: None
                    ids, serial = self._read_all(rows, wanted)
                finally:
                    self._reading = None
                    if self._wanted_now is wanted:
                        now = time.monotonic()
                        self._sorted_due = now + max(SORTED_EVERY, _SHARE * (now - began))
            return lambda: self._show_results(wanted, ids, serial)

        def failed(sentence: str) -> None:
            if self._wanted_now is wanted:
                pane.busy = False
                pane.grid.empty = sentence
                pane.grid.repaint()

        self._in_thread("results", read, failed)

    def action_views(self) -> None:
        """Offer the views that have names."""
        if self.tab != "results":
            self.open_tab("results")
        pane = self.query_one(ResultsPane)
        screen = ViewsScreen(pane.wanted.preset)

        def take(preset: Preset | None) -> None:
            if preset is not None:
                pane.choose(preset)

        self.app.push_screen(screen, take)

        def read(rows: Rows) -> Callable[[], None]:
            for some in _counted_together():
                if screen.closed:
                    break
                numbers = rows.tally([self.session.view("all", text) for text in some])
                counts = dict(zip(some, numbers, strict=True))
                self.post_message(Read(functools.partial(screen.take_counts, counts)))
            return lambda: None

        self._in_thread("counts", read, lambda _: None)

    def action_columns(self) -> None:
        """Let columns be chosen."""
        if self.tab != "results":
            self.open_tab("results")
        pane = self.query_one(ResultsPane)

        def take(names: tuple[str, ...] | None) -> None:
            if names is not None:
                pane.show_columns(names)

        self.app.push_screen(ColumnsScreen([field.name for field in pane.fields]), take)

    def action_sort(self) -> None:
        """Ask by which of the shown columns to sort."""
        if self.tab != "results":
            return
        pane = self.query_one(ResultsPane)

        def take(answer: str | None) -> None:
            if answer:
                pane.sort_by(answer.removeprefix("by "))

        choices = [("f", "the order in which they finished", "by ")]
        choices += [(field.key, field.words, f"by {field.column.sort}") for field in pane.fields]
        says = ["The same column again turns the order."]
        self.app.push_screen(Ask("Sort by", says, choices), take)

    def _follow(self, pane: ResultsPane, rows: Rows) -> None:
        assert pane.feed is not None
        try:
            view = self.session.view("all", pane.wanted.line)
            more, self._serial = rows.follow(view, self._serial)
        except CrawlError as error:
            pane.grid.empty = str(error)
            return
        if more:
            pane.feed.extend(more)

    def _prepare(self) -> None:
        """Let a reader get ready for the searches to come; until then each has its own."""
        if self._preparing or self._finder is not None:
            return
        self._preparing = True

        def run() -> None:
            try:
                finder = self.session.rows(self.client.store)
                finder.prepare()
            except CrawlError:
                return  # searches say themselves what is wrong with the file
            finally:
                self._preparing = False
            self.post_message(Read(lambda: self._take_finder(finder)))

        self.run_worker(run, thread=True, group="prepare", exit_on_error=False)

    def _take_finder(self, finder: Rows) -> None:
        if self.is_attached:
            self._finder = finder
        else:
            finder.close()

    def _read_first(self, rows: Rows, wanted: Wanted) -> bool:
        """Show the rows that the screen begins with: the last ones if it follows the tail.

        True if these are all, or if something else is wanted by now.
        """
        view = self.session.view("all", wanted.line, wanted.sort, wanted.reverse)
        if wanted.sort:
            ids, serial = rows.ids(view, limit=FIRST_SCREEN), 0
        else:
            ids, serial = rows.tail(view, FIRST_SCREEN)
        whole = len(ids) < FIRST_SCREEN
        found = Ids.of(ids)
        self.post_message(Read(lambda: self._show_results(wanted, found, serial, whole=whole)))
        return whole or self._wanted_now is not wanted

    def _read_all(self, rows: Rows, wanted: Wanted) -> tuple[Ids, int]:
        if wanted.moves:
            view = self.session.view("all", wanted.line, wanted.sort, wanted.reverse)
            return Ids.of(rows.ids(view)), 0
        ids, serial = rows.follow(self.session.view("all", wanted.line), 0)
        return Ids.of(ids), serial

    def _show_results(self, wanted: Wanted, ids: Ids, serial: int, *, whole: bool = True) -> None:
        pane = self.query_one(ResultsPane)
        if wanted == pane.wanted and self._open() and self._rows is not None:
            self._serial = serial
            pane.fill(ResultFeed(ids, self._rows, self.home), whole=whole)


def _counted_together() -> list[list[str]]:
    """The filters of the views, a group at a time; those that compare all rows come last."""
    quick: dict[str, list[str]] = {}
    slow: list[list[str]] = []
    for preset in PRESETS:
        if parse(preset.text).compares:
            slow.append([preset.text])
        else:
            quick.setdefault(preset.group, []).append(preset.text)
    return [*quick.values(), *slow]
