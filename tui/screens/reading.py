"""What the dashboard reads from the crawl file, and in which thread it does so."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen

from crawler_core.errors import CrawlError
from crawler_core.snapshot import Snapshot
from tui.bridge import Client, Rows, Session
from tui.screens.detail import DetailScreen
from tui.screens.panes import BrokenPane
from tui.screens.results import ResultFeed, ResultsPane, Wanted

if TYPE_CHECKING:
    from crawler_core.store.rows import BrokenTarget, Detail

BROKEN_SHOWN = 500
SOURCES_SHOWN = 50
SORTED_EVERY = 3.0
"""Seconds between two readings of a sorted table while the crawl runs."""
BROKEN_EVERY = 1.5
_BROKEN_SHARE = 20
"""The list of broken links is read anew after so many times what the last reading took."""


class Read(Message):
    """What a thread read; `apply` shows it."""

    def __init__(self, apply: Callable[[], None]) -> None:
        super().__init__()
        self.apply = apply


class Reading(Screen[None]):
    """The part of the dashboard that reads the crawl file."""

    client: Client
    session: Session
    latest: Snapshot | None

    _rows: Rows | None = None
    _serial = 0
    _asked_at = 0.0
    _asked_done = -1
    _broken_due: float = 0.0
    _broken_seen = (-1, -1)

    @property
    def home(self) -> str:
        """Scheme and host of the first start URL."""
        raise NotImplementedError

    def on_read(self, event: Read) -> None:
        event.stop()
        event.apply()

    def on_results_pane_changed(self, event: ResultsPane.Changed) -> None:
        event.stop()
        self.read_results(event.wanted)

    def on_unmount(self) -> None:
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def read_new_results(self) -> None:
        """Append what finished since the last look; read a sorted table again now and then."""
        pane = self.query_one(ResultsPane)
        if pane.feed is None:
            if not pane.busy:
                self.read_results(pane.wanted)
        elif pane.wanted.sort:
            done = self.latest.done if self.latest else 0
            due = time.monotonic() - self._asked_at > SORTED_EVERY
            if due and done != self._asked_done and not pane.busy:
                self.read_results(pane.wanted)
        elif not pane.busy and self._rows is not None:
            try:
                view = self.session.view("all", pane.wanted.text)
                more, self._serial = self._rows.follow(view, self._serial)
            except CrawlError as error:
                pane.grid.empty = str(error)
                more = array("q")
            if more:
                pane.feed.extend(more)
        pane.draw()

    def read_results(self, wanted: Wanted) -> None:
        """Read the ids of a view in a thread, then show them."""
        pane = self.query_one(ResultsPane)
        pane.busy = True
        self._asked_at = time.monotonic()
        self._asked_done = self.latest.done if self.latest else 0
        if not self._open():
            pane.busy = False
            return

        def read(rows: Rows) -> Callable[[], None]:
            if wanted.sort:
                view = self.session.view("all", wanted.text, wanted.sort, wanted.reverse)
                ids, serial = rows.ids(view), 0
            else:
                ids, serial = rows.follow(self.session.view("all", wanted.text), 0)
            return lambda: self._show_results(wanted, ids, serial)

        self._in_thread("results", read, self._results_failed)

    def read_broken(self, snapshot: Snapshot) -> None:
        """Read the broken targets again, if there may be new ones or new pages that hold them."""
        seen = (snapshot.broken, snapshot.done)
        if seen == self._broken_seen or time.monotonic() < self._broken_due:
            return
        began = time.monotonic()
        self._broken_seen, self._broken_due = seen, began + BROKEN_EVERY

        def read(rows: Rows) -> Callable[[], None]:
            targets = rows.broken(BROKEN_SHOWN, sources=SOURCES_SHOWN)
            total = rows.broken_count()
            now = time.monotonic()
            self._broken_due = max(self._broken_due, now + _BROKEN_SHARE * (now - began))
            return lambda: self._show_broken(targets, total)

        self._in_thread("broken", read, lambda _: None)

    def read_detail(self, url_id: int, address: str) -> None:
        """Open the detail of a URL: by its id, or by its address if the id is 0."""
        screen = DetailScreen(address)
        self.app.push_screen(screen)

        def read(rows: Rows) -> Callable[[], None]:
            number = url_id or rows.find(address) or 0
            found = rows.detail(number) if number else None
            return lambda: self._show_detail(screen, found)

        self._in_thread("detail", read, screen.say)

    def _show_results(self, wanted: Wanted, ids: array[int], serial: int) -> None:
        pane = self.query_one(ResultsPane)
        if wanted == pane.wanted and self._open() and self._rows is not None:
            self._serial = serial
            pane.fill(ResultFeed(ids, self._rows, self.home))

    def _results_failed(self, sentence: str) -> None:
        pane = self.query_one(ResultsPane)
        pane.busy = False
        pane.grid.empty = sentence
        pane.grid.repaint()

    def _show_broken(self, targets: list[BrokenTarget], total: int) -> None:
        self.query_one(BrokenPane).fill(targets, total, self.home)

    def _show_detail(self, screen: DetailScreen, found: Detail | None) -> None:
        if not screen.is_attached:
            return
        if found is None:
            screen.say("This URL is not in the crawl file yet: try again in a moment.")
        else:
            screen.fill(found)

    def _open(self) -> bool:
        if self._rows is None:
            try:
                self._rows = self.session.rows(self.client.store)
            except CrawlError:
                return False
        return True

    def _in_thread(
        self,
        group: str,
        read: Callable[[Rows], Callable[[], None]],
        failed: Callable[[str], None],
    ) -> None:
        def run() -> None:
            try:
                rows = self.session.rows(self.client.store)
                try:
                    apply = read(rows)
                finally:
                    rows.close()
            except CrawlError as error:
                sentence = str(error)
                apply = lambda: failed(sentence)  # noqa: E731
            self.post_message(Read(apply))

        self.run_worker(run, thread=True, group=group, exclusive=True, exit_on_error=False)
