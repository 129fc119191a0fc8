"""What the dashboard reads from the crawl file, and in which thread it does so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen

from crawler_core.errors import CrawlError
from crawler_core.snapshot import Snapshot
from tui.bridge import Client, Rows, Session
from tui.screens.detail import DetailScreen
from tui.screens.panes import BrokenPane
from tui.screens.pictures import SitePane

if TYPE_CHECKING:
    from crawler_core.store.rows import BrokenTarget, Detail

_log = logging.getLogger(__name__)
BROKEN_SHOWN = 500
SOURCES_SHOWN = 50
BROKEN_EVERY = 1.5
PATIENCE = 0.1
"""Seconds that a row is waited for while another program keeps the file locked."""
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
    """What this thread reads with: single rows, and what is new."""
    _opening = False
    _broken_due: float = 0.0
    _broken_seen = (-1, -1)

    @property
    def home(self) -> str:
        """Scheme and host of the first start URL."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw everything again, and look whether there is something new to read."""
        raise NotImplementedError

    def on_read(self, event: Read) -> None:
        event.stop()
        event.apply()

    def on_site_pane_asked(self, event: SitePane.Asked) -> None:
        event.stop()
        self._in_thread(event.group, event.read, event.failed)

    def on_mount(self) -> None:
        self._open()

    def on_unmount(self) -> None:
        if self._rows is not None:
            self._rows.close()
            self._rows = None

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

        def failed(sentence: str) -> None:
            self._broken_seen, self._broken_due = (-1, -1), time.monotonic() + BROKEN_EVERY
            self.query_one(BrokenPane).trouble = sentence
            self.redraw()
            self.set_timer(BROKEN_EVERY, self.redraw)  # a crawl that is over has no beat for it

        self._in_thread("broken", read, failed)

    def read_detail(self, url_id: int, address: str) -> None:
        """Open the detail of a URL: by its id, or by its address if the id is 0."""
        screen = DetailScreen(address)
        self.app.push_screen(screen)

        def read(rows: Rows) -> Callable[[], None]:
            number = url_id or rows.find(address) or 0
            found = rows.detail(number) if number else None
            return lambda: self._show_detail(screen, found)

        self._in_thread("detail", read, screen.say)

    def _show_broken(self, targets: list[BrokenTarget], total: int) -> None:
        if self.latest is not None and total < self.latest.broken:
            self._broken_seen = (-1, -1)  # not all of them were written yet
        self.query_one(BrokenPane).fill(targets, total, self.home)

    def _show_detail(self, screen: DetailScreen, found: Detail | None) -> None:
        if not screen.is_attached:
            return
        if found is None:
            screen.say("This URL is not in the crawl file yet: try again in a moment.")
        else:
            screen.fill(found)

    def no_rows(self, sentence: str) -> None:
        """Tell why the crawl file cannot be read."""
        raise NotImplementedError

    def _open(self) -> bool:
        """Whether rows can be read here; if not, a thread tries to open the file."""
        if self._rows is None and not self._opening:
            self._opening = True
            self.run_worker(self._opened, thread=True, group="open", exit_on_error=False)
        return self._rows is not None

    def _opened(self) -> None:
        try:
            rows = self.session.rows(self.client.store)
            rows.be_brief(PATIENCE)
        except Exception as error:
            sentence = _told(error)
            self.post_message(Read(lambda: self._not_opened(sentence)))
        else:
            if not self.post_message(Read(lambda: self._take(rows))):
                rows.close()

    def _take(self, rows: Rows) -> None:
        self._opening = False
        if self.is_attached:
            self._rows = rows
        else:
            rows.close()

    def _not_opened(self, sentence: str) -> None:
        self._opening = False
        self.no_rows(sentence)

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
            except Exception as error:
                sentence = _told(error)
                apply = lambda: failed(sentence)  # noqa: E731
            self.post_message(Read(apply))

        self.run_worker(run, thread=True, group=group, exclusive=True, exit_on_error=False)


def _told(error: Exception) -> str:
    """Why nothing was read, for people; what nobody foresaw is in the log too."""
    if isinstance(error, CrawlError):
        return str(error)
    _log.error("the crawl file could not be read", exc_info=error)
    return f"The crawl file cannot be read: {str(error).rstrip('.')}."
