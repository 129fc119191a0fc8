"""The app: which screen is shown, how one gets out, and what the terminal is told."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import msgspec
from rich.console import Console
from rich.text import Text
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import AppBlur, AppFocus, CursorPosition, Resize
from textual.filter import LineFilter
from textual.screen import Screen

from crawler_core import __version__
from tui.bridge import Client, CsvWish, Ending, Session, is_final
from tui.keymap import Keymap
from tui.keytable import KEYS
from tui.screens.dashboard import Dashboard
from tui.screens.keystrokes import InOrder
from tui.screens.results import ResultsPane
from tui.screens.small import TooSmall, is_too_small
from tui.screens.start import StartScreen
from tui.taste import WORDS
from tui.themes import THEMES, filters_for
from tui.wire import Forgiving, has_terminal, thrifty

CLOSE_WAIT = 5.0
"""Seconds that an engine gets to end in order when the app lets go of it."""
_log = logging.getLogger(__name__)
_CODES = {"quit": 0, "interrupt": 130, "terminate": 143, "hangup": 129}
_WHERE = "\x1b[6n"
"""Asks for the place of the cursor, which comes as an event when all before it is drawn."""
_OWED = 1.0
"""Seconds that an answer of the terminal is waited for: it would be typed at the prompt."""
_SILENCE = 10.0
"""Seconds without a frame after which the app is ended by force if its terminal is gone."""
_MISSED = 2
"""Looks for the terminal, one a second, after which it is taken to be gone."""


class Taste(msgspec.Struct, frozen=True):
    """How one likes it: keys, colours, and who remembers these."""

    keymap: Keymap = Keymap()
    theme: str = "dark"
    remember: Callable[[str], None] = lambda _: None
    """Called with the name of a theme that was chosen in the app."""
    columns: tuple[str, ...] = ()
    """Names of the results' columns; none: the usual ones."""
    remember_columns: Callable[[tuple[str, ...]], None] = lambda _: None
    """Called with the columns that were chosen in the app."""
    log: str = ""
    """The file in which the details are of what goes wrong inside."""


class CrawlApp(InOrder[Ending]):
    """The dashboard of one crawl, or the start screen if no crawl is given."""

    CSS_PATH = "app.tcss"
    TITLE = "crawltui"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - Textual names the type
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "quit", priority=True, show=False, id="interrupt"),
        Binding("ctrl+q", "interrupt", "quit", priority=True, show=False),
        Binding("ctrl+p", "command_palette", priority=True, show=False, id="palette"),
    ]

    def __init__(
        self,
        session: Session,
        client: Client | None = None,
        csv: CsvWish | None = None,
        taste: Taste = Taste(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        # Textual looks whether it is there; by no-color.org an empty one says nothing.
        self.no_color = bool(os.environ.get("NO_COLOR"))
        self._few = filters_for(self.console.color_system, no_color=self.no_color)
        self.taste = taste
        self.session = session
        self.client = client
        self._csv = csv
        self._interrupts = 0
        self._beat = time.monotonic()
        self._over = threading.Event()
        self._leaving = False
        self._started_by = os.getppid()

    def on_mount(self) -> None:
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = self.taste.theme
        self.set_keymap(self.taste.keymap.for_textual())
        if self.client is None:
            self.push_screen(StartScreen(self.session, __version__))
        else:
            self.push_screen(self.dashboard_of(self.client))
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

    def dashboard_of(self, client: Client) -> Dashboard:
        """A dashboard for a crawl."""
        taste = self.taste
        return Dashboard(client, self.session, self._csv, taste.keymap, taste.columns)

    def leave(self, reason: str, *, showing: bool = False) -> None:
        """End the app; `showing` keeps what is on the screen for the normal one."""
        dashboard = self.dashboard
        ending = Ending(
            reason=reason,
            exit_code=_CODES[reason],
            snapshot=dashboard.newest if dashboard else None,
            store=self.client.store if self.client else None,
            last_screen=self._last_screen() if showing else "",
            csv_rows=dashboard.csv_rows if dashboard else None,
            only_looked=self.client is not None and self.client.read_only,
        )
        if self._leaving or dashboard is None or not dashboard.echo.owes:
            self.exit(ending)
            return
        self._leaving = True
        until = time.monotonic() + _OWED

        def look() -> None:
            if not dashboard.echo.owes or time.monotonic() > until:
                self.exit(ending)

        self.set_interval(0.02, look)

    def action_interrupt(self) -> None:
        """Ctrl+C: ask the first time, go the second time, whatever is open."""
        self._interrupts += 1
        dashboard = self.dashboard
        if self._interrupts > 1 or dashboard is None:
            self.leave("interrupt")
        else:
            dashboard.action_leave()

    def turn_to(self, client: Client) -> None:
        """Show another crawl in place of what is shown now, and of all that lies over that."""
        self.client = client
        while not isinstance(self.screen, Dashboard | StartScreen):
            self.pop_screen()
        self.switch_screen(self.dashboard_of(client))
        if is_too_small(self.size):
            self.push_screen(TooSmall(crawling=True))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something now: the palette needs more room than nothing."""
        if action == "command_palette" and isinstance(self.screen, TooSmall):
            return False
        return super().check_action(action, parameters)

    def on_start_screen_opened(self, event: StartScreen.Opened) -> None:
        self.turn_to(event.client)

    def on_start_screen_leave(self, _: StartScreen.Leave) -> None:
        self.leave("quit")

    def on_dashboard_leave(self, event: Dashboard.Leave) -> None:
        self.leave("interrupt" if self._interrupts else "quit", showing=event.showing)

    def on_dashboard_drawn(self, _: Dashboard.Drawn) -> None:
        """Ask the terminal where it is, unless it owes an answer."""
        dashboard, driver = self.dashboard, self._driver
        if dashboard is None or driver is None or self.is_headless or self._leaving:
            return
        now = time.monotonic()
        if dashboard.echo.may_ask(now):
            dashboard.echo.asked(now)
            driver.write(_WHERE)

    def on_cursor_position(self, _: CursorPosition) -> None:
        if self.dashboard is not None:
            self.dashboard.echo.answered(time.monotonic())

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
        """Every key of the dashboard that is of use by its name, and the themes."""
        if isinstance(screen, Dashboard):
            looking = screen.client.read_only
            for key in KEYS:
                if key.name != "palette" and not (looking and key.changes):
                    action = screen.run_action
                    yield SystemCommand(
                        key.does[:1].upper() + key.does[1:],
                        f"key {self.taste.keymap.shown(key)}",
                        lambda run=action, name=key.action: self.call_later(run, name),
                    )
        for name, words in WORDS.items():
            note = "the colours that are shown now" if name == self.theme else "change the colours"
            yield SystemCommand(
                f"Theme: {words}", note, lambda name=name: self.action_choose_theme(name)
            )

    def action_choose_theme(self, name: str) -> None:
        """Change the colours, now and for the next time."""
        self.theme = name
        self.taste.remember(name)

    def on_results_pane_columns_chosen(self, event: ResultsPane.ColumnsChosen) -> None:
        """Keep the columns for the next crawl of this session, and for the next session."""
        self.taste = msgspec.structs.replace(self.taste, columns=event.names)
        self.taste.remember_columns(event.names)

    def get_driver_class(self) -> type[Driver]:
        """The driver of this platform, which sends as little as shows the same."""
        plain: type[Driver] = super().get_driver_class()

        class Thrifty(plain):  # type: ignore[misc,valid-type]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                if (file := getattr(self, "_file", None)) is not None:
                    self._file = Forgiving(file)

            def write(self, data: str) -> None:
                super().write(thrifty(data))

        return Thrifty

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What is left of the colours where the terminal has few or none."""
        return self._few or super().get_line_filters()

    def _fatal_error(self) -> None:
        # Textual would print every frame with its local variables, and these may be secrets.
        _log.exception("the screen failed")
        if self._failed:
            return
        self._failed = True
        name = type(self._exception).__name__
        where = f", the details are in {self.taste.log}" if self.taste.log else ""
        self.panic(Text(f"crawltui: The screen failed ({name}); what was crawled is kept{where}."))

    _failed = False

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
        threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True).start()

    def _alive(self) -> None:
        self._beat = time.monotonic()
        if self.is_web and os.getppid() != self._started_by:
            self.leave("hangup")  # a tab whose server was killed: nobody would ever end it

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        # A terminal may go without SIGHUP: this one is ignored (nohup), or the terminal is not
        # the controlling one (setsid, a supervisor). Textual's reader then turns without end at
        # one whole processor, and where the writer waits for ever nothing but this thread can
        # end the app.
        missed = 0
        while not self._over.wait(1.0):
            if self.is_web or has_terminal():
                missed = 0
                continue
            missed += 1
            if missed == _MISSED:
                loop.call_soon_threadsafe(self.leave, "hangup")
            if time.monotonic() - self._beat > _SILENCE:
                if self.client is not None:
                    self.client.close(wait=CLOSE_WAIT)
                os._exit(_CODES["hangup"])
