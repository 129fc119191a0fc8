"""The app: which screen is shown, how one gets out, and what the terminal is told."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from typing import ClassVar

from rich.console import Console
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.events import AppBlur, AppFocus, Resize
from textual.screen import Screen
from textual.theme import Theme

from crawler_core import __version__
from tui.bridge import Client, CsvWish, Ending, Session, is_final
from tui.keytable import KEYS
from tui.screens.dashboard import Dashboard
from tui.screens.keystrokes import InOrder
from tui.screens.small import TooSmall, is_too_small
from tui.screens.start import StartScreen

CLOSE_WAIT = 5.0
"""Seconds that an engine gets to end in order when the app lets go of it."""
_CODES = {"quit": 0, "interrupt": 130, "terminate": 143, "hangup": 129}
_SILENCE = 10.0
"""Seconds without a frame after which the terminal is looked for."""

THEME = Theme(
    name="crawltui",
    dark=True,
    primary="#6cb6ff",
    secondary="#b191e8",
    accent="#f0b35a",
    foreground="#d6dce5",
    background="#11151c",
    surface="#171c25",
    panel="#1e2530",
    success="#7fc98b",
    warning="#e8b45a",
    error="#ef7d78",
)


class CrawlApp(InOrder[Ending]):
    """The dashboard of one crawl, or the start screen if no crawl is given."""

    CSS_PATH = "app.tcss"
    TITLE = "crawltui"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - Textual names the type
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "quit", priority=True, show=False, id="interrupt"),
        Binding("ctrl+q", "interrupt", "quit", priority=True, show=False),
    ]

    def __init__(
        self, session: Session, client: Client | None = None, csv: CsvWish | None = None
    ) -> None:
        super().__init__()
        self.session = session
        self.client = client
        self._csv = csv
        self._interrupts = 0
        self._beat = time.monotonic()
        self._over = threading.Event()

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = "crawltui"
        if self.client is None:
            self.push_screen(StartScreen(self.session, __version__))
        else:
            self.push_screen(Dashboard(self.client, self.session, self._csv))
        if not self.is_headless:
            self._listen()
        self.set_interval(0.5, self._alive)

    async def on_unmount(self) -> None:
        self._over.set()
        if self.client is not None:
            await asyncio.to_thread(self.client.close, wait=CLOSE_WAIT)

    @property
    def dashboard(self) -> Dashboard | None:
        """The dashboard, if a crawl is shown."""
        return next((s for s in self.screen_stack if isinstance(s, Dashboard)), None)

    def leave(self, reason: str, *, showing: bool = False) -> None:
        """End the app; `showing` keeps what is on the screen for the normal one."""
        dashboard = self.dashboard
        self.exit(
            Ending(
                reason=reason,
                exit_code=_CODES[reason],
                snapshot=dashboard.newest if dashboard else None,
                store=self.client.store if self.client else None,
                last_screen=self._last_screen() if showing else "",
                csv_rows=dashboard.csv_rows if dashboard else None,
            )
        )

    def action_interrupt(self) -> None:
        """Ctrl+C: ask the first time, go the second time, whatever is open."""
        self._interrupts += 1
        dashboard = self.dashboard
        if self._interrupts > 1 or dashboard is None:
            self.leave("interrupt")
        else:
            dashboard.action_leave()

    def on_start_screen_opened(self, event: StartScreen.Opened) -> None:
        self.client = event.client
        self.switch_screen(Dashboard(event.client, self.session, self._csv))

    def on_start_screen_leave(self, _: StartScreen.Leave) -> None:
        self.leave("quit")

    def on_dashboard_leave(self, event: Dashboard.Leave) -> None:
        self.leave("interrupt" if self._interrupts else "quit", showing=event.showing)

    def on_dashboard_stay(self, _: Dashboard.Stay) -> None:
        self._interrupts = 0

    def on_app_blur(self, _: AppBlur) -> None:
        self._used(False)

    def on_app_focus(self, _: AppFocus) -> None:
        self._used(True)

    def on_resize(self, event: Resize) -> None:
        shown = isinstance(self.screen, TooSmall)
        if is_too_small(event.size) and not shown:
            self.push_screen(TooSmall(crawling=self._is_crawling))
        elif shown and not is_too_small(event.size):
            self.pop_screen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the dashboard by its name, and the themes."""
        if isinstance(screen, Dashboard):
            for key in KEYS:
                if not key.action.startswith("app."):
                    action = screen.run_action
                    yield SystemCommand(
                        key.does.capitalize(),
                        f"key {key.shown}",
                        lambda run=action, name=key.action: self.call_later(run, name),
                    )
        yield SystemCommand("Theme", "change the colours", self.action_change_theme)

    @property
    def _is_crawling(self) -> bool:
        dashboard = self.dashboard
        return dashboard is not None and not is_final(dashboard.newest)

    def _used(self, used: bool) -> None:
        if self.dashboard is not None:
            self.dashboard.unfocused = not used

    def _last_screen(self) -> str:
        # The compositor is private to Textual, yet its own screenshots go the same way:
        # there is no public one to the screen as text.
        width, height = self.size
        console = Console(
            width=width,
            height=height,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            record=True,
            legacy_windows=False,
        )
        console.print(self.screen._compositor.render_update(full=True))
        return console.export_text(styles=True)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number, reason in (
            (signal.SIGTERM, "terminate"),
            (signal.SIGHUP, "hangup"),
            (signal.SIGINT, "interrupt"),
        ):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.leave, reason)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _alive(self) -> None:
        self._beat = time.monotonic()

    def _watch(self) -> None:
        # With SIGHUP ignored (nohup) and the terminal gone, the writer of the terminal dies
        # and the loop waits for it for ever: nobody but another thread can then end the app.
        while not self._over.wait(1.0):
            if time.monotonic() - self._beat > _SILENCE and not _has_terminal():
                if self.client is not None:
                    self.client.close(wait=CLOSE_WAIT)
                os._exit(_CODES["hangup"])


def _has_terminal() -> bool:
    stream = sys.__stderr__
    try:
        return stream is not None and bool(os.get_terminal_size(stream.fileno()))
    except (OSError, ValueError):
        return False
