"""What the dashboard shows of the results: which rows, in what order, with which columns.

A filter is read while it is typed. Its first screen comes before the rest, and a reading that
is not wanted any more is interrupted, so that no letter waits for the one before it.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence

from crawler_core.errors import CrawlError
from crawler_core.filters import PRESETS, Preset, parse
from tui.bridge import Rows
from tui.screens.columns import ColumnsScreen
from tui.screens.dialogs import Ask
from tui.screens.feed import READ_AGAIN, Ids, ResultFeed
from tui.screens.preparing import Preparing, What
from tui.screens.reading import Read
from tui.screens.results import ResultsPane, Wanted
from tui.screens.views import ViewsScreen

SORTED_EVERY = 3.0
"""Seconds between two readings of a sorted table while the crawl runs."""
_SHARE = 10
"""A sorted table is read anew after so many times what the last reading took."""
FOLLOWED = 500
"""URLs that finished unseen from which on a thread reads the table anew."""
_GLANCE = 0.05
"""Seconds between two looks whether the reader is ready."""
FIRST_SCREEN = 256
"""Rows that are shown before all others are read."""


class Finding(Preparing):
    """The part of the dashboard that fills the results table."""

    _serial = 0
    _sorted_due = 0.0
    _asked_done = -1
    _wanted_now: Wanted | None = None
    """What the newest thread reads; the others give up."""
    _rests_until = 0.0
    """The crawl file could not be read: it is left alone for a moment."""
    _moved = False
    """Rows of a long table have moved: a thread is to read it anew."""

    def on_unmount(self) -> None:
        self._wanted_now = None

    def on_results_pane_opened(self, event: ResultsPane.Opened) -> None:
        event.stop()
        self._wished_at = time.monotonic()  # letters come next: they are not to share the processor
        self.prepare()

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

    def no_rows(self, sentence: str) -> None:
        """Tell why the crawl file cannot be read, and try again in a moment."""
        if self.is_attached:
            pane = self.query_one(ResultsPane)
            pane.trouble = sentence
            pane.draw()
            self._rests_until = time.monotonic() + READ_AGAIN
            self.set_timer(READ_AGAIN, self.redraw)  # a crawl that is over has no beat for it

    def read_new_results(self) -> None:
        """Append what finished since the last look; read a sorted table again now and then."""
        pane, now = self.query_one(ResultsPane), time.monotonic()
        done = self.latest.done if self.latest else 0
        if now < self._rests_until or self._sorted_due == math.inf:
            pass
        elif pane.feed is None or pane.busy:  # nothing was read yet, or that has failed
            if now > self._sorted_due:
                self.read_results(pane.wanted)
        elif pane.wanted.moves or self._moved:
            if done != self._asked_done and now > self._sorted_due:
                self.read_results(pane.wanted, again=True)
        elif done - self._asked_done > FOLLOWED:
            self.read_results(pane.wanted, again=True)
        elif self._rows is not None:
            self._asked_done = done
            self._follow(pane, self._rows)
        if self._ready:
            self.prepare()
        pane.draw()

    def read_results(self, wanted: Wanted, *, again: bool = False) -> None:
        """Read the ids of a view in a thread, then show them; the first screen beforehand."""
        pane = self.query_one(ResultsPane)
        if not again:
            pane.busy = True
            self._make_way()
            if wanted.line or wanted.sort:
                self.prepare()
        self._asked_done = self.latest.done if self.latest else 0
        self._wanted_now = wanted
        if not self._open():
            pane.busy = False
            return
        began, self._sorted_due = time.monotonic(), math.inf

        def read(rows: Rows) -> Callable[[], None]:
            over: tuple[What, ...] = () if again else ("part",)
            with self._at_turn("rows", rows, *over) as finder:
                if self._wanted_now is not wanted:  # typed on while this waited for its turn
                    return lambda: None
                if self._ready:
                    finder.prepare()
                try:
                    first = not again and (self._ready or not parse(wanted.line).compares)
                    if first and self._read_first(finder, wanted):
                        return lambda: None
                    ids, serial = self._read_all(finder, wanted)
                finally:
                    if self._wanted_now is wanted:
                        now = time.monotonic()
                        self._sorted_due = now + max(SORTED_EVERY, _SHARE * (now - began))
            return lambda: self._show_results(wanted, ids, serial)

        def failed(sentence: str) -> None:
            if self._wanted_now is wanted:
                self._asked_done, self._sorted_due = -1, 0.0
                self.no_rows(sentence)

        self._in_thread("results", read, failed)

    def action_views(self) -> None:
        """Offer the views that have names."""
        if self.tab != "results":
            self.open_tab("results")
        pane = self.query_one(ResultsPane)
        typed = pane.wanted.text
        screen = ViewsScreen(pane.wanted.preset, typed)
        self.prepare()

        def take(preset: Preset | None) -> None:
            screen.closed = True
            self._interrupt("counts")
            if preset is not None:
                pane.choose(preset)

        self.app.push_screen(screen, take)

        def read(rows: Rows) -> Callable[[], None]:
            for some in _counted_together():
                self._await_ready(some, screen)
                with self._at_turn("counts", rows) as finder:
                    if screen.closed or self._left:
                        break
                    lines = [f"{text} {typed}".strip() for text in some]
                    numbers = finder.tally([self.session.view("all", line) for line in lines])
                counts = dict(zip(some, numbers, strict=True))
                self.post_message(Read(functools.partial(screen.take_counts, counts)))
            return lambda: None

        self._in_thread("counts", read, lambda _: None)

    def _await_ready(self, some: Sequence[str], screen: ViewsScreen) -> None:
        """What compares all rows is counted when that has become cheap."""
        if any(parse(text).compares for text in some):
            while self._preparing and not (self._ready or screen.closed or self._left):
                time.sleep(_GLANCE)

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
            more, serial = rows.follow(view, self._serial)
        except CrawlError as error:
            self.no_rows(str(error))
            return
        pane.trouble = ""
        if more and not pane.feed.extend(more):
            self._asked_done, self._moved = -1, True
        else:
            self._serial = serial

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
            self._serial, self._moved = serial, False
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
