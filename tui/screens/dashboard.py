"""The dashboard: polls the crawl a few times a second and draws what changed.

Numbers are drawn at 8 frames a second, lists at 4, graphs at 2. Nothing here waits for the
engine. What takes long to read is read in threads; single rows, and the few that are new, are
read here, with a tenth of a second of patience for a file that another program has locked.
"""

from __future__ import annotations

import time
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget

from crawler_core.commands import RetryFailed
from crawler_core.snapshot import HostView, Snapshot
from tui.bridge import Client, CsvWish, Session, is_final, is_unseen
from tui.formats import count, home_of
from tui.keymap import Keymap
from tui.keys import bindings, hints
from tui.keytable import TABS
from tui.screens.acts import Acts
from tui.screens.dialogs import LeavingScreen, quit_question
from tui.screens.hosts import HostsPane
from tui.screens.panes import BrokenPane, LogPane, Overview
from tui.screens.pictures import SitePane
from tui.screens.results import ResultsPane
from tui.screens.steering import Steering
from tui.screens.workers import WorkersPane
from tui.widgets.change import Watch, chip, watch
from tui.widgets.grid import Grid
from tui.widgets.ground import Bare
from tui.widgets.header import Foot, Head, Situation, TabBar
from tui.widgets.pace import FRAMES, Echo, Pace, after
from tui.widgets.sending import lay_out
from tui.widgets.steady import Steady, at_rest, looks_same, steady
from tui.widgets.switcher import Switcher

MAIN_GRIDS = {
    "overview": "stream",
    "results": "results-grid",
    "broken": "broken-grid",
    "hosts": "hosts-grid",
    "workers": "futures",
    "log": "log-grid",
    "site": "site-tree",
}
"""The table of each tab that has the focus when the tab is opened."""


QUIET = 5 * FRAMES
"""Ticks without a new snapshot after which nothing is drawn any more."""
HURRY = 0.02
"""Seconds between two looks for the effect of a command."""
HURRIED = 0.4
"""Seconds after a command during which its effect is looked for so often."""
_LATE = 2
"""Ticks since the last news when the first one is without any: what comes now is not to wait for
another tick."""
STILL = 4
"""Ticks with the same numbers, enough for all to be drawn, after which they rest: a pause."""


class Dashboard(Bare, Acts):
    """One crawl on one screen."""

    # Textual would send the whole screen again whenever another table gets the focus.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(),
        Binding("escape", "back", show=False),
    ]

    class Leave(Message):
        """The crawl is over, or let go: the app may end."""

        def __init__(self, showing: bool) -> None:
            super().__init__()
            self.showing = showing

    class Drawn(Message):
        """A frame has been handed to the terminal."""

    class Stay(Message):
        """The question whether to quit was answered with no."""

    def __init__(
        self,
        client: Client,
        session: Session,
        csv: CsvWish | None = None,
        keymap: Keymap = Keymap(),  # noqa: B008 - frozen
        columns: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._columns = columns
        self.keymap = keymap
        self.echo = Echo()
        self.client = client
        self.session = session
        self.csv = csv
        self.steering = Steering(client)
        self.newest: Snapshot | None = None
        """The newest state known; `latest` is the one that is shown."""
        self.latest: Snapshot | None = None
        self.frozen = False
        self.unfocused = False
        """True while the terminal window is not the one that is used."""
        self._watch = Watch()
        self._steady = Steady()
        self._pace = Pace()
        self._ticks = 0
        self._due = 0
        self._quiet = 0
        self._still = 0
        self._last_tick = 0.0
        self._hurry_until = 0.0

    def compose(self) -> ComposeResult:
        yield Head(widget_id="head")
        yield TabBar(widget_id="tabs")
        with Switcher(initial=TABS[0], id="switcher"):
            yield Overview()
            yield ResultsPane(self._columns)
            yield BrokenPane()
            yield HostsPane()
            yield WorkersPane()
            yield LogPane()
            yield SitePane()
        yield Foot(widget_id="foot")

    def on_mount(self) -> None:
        self._hurry = self.set_interval(HURRY, self._look_soon, pause=True)
        self.query_one(f"#{MAIN_GRIDS[self.tab]}", Grid).focus()
        self.tick()
        self.redraw()
        self.set_interval(1 / FRAMES, self._beat)

    @property
    def tab(self) -> str:
        """The open tab."""
        return self.query_one(Switcher).current or TABS[0]

    def tick(self) -> None:
        """Take the newest snapshot and draw what it changed."""
        snapshot = self.client.snapshot()
        if snapshot is None or not self.is_attached:
            return
        # A crawl whose process died keeps its number, and is not what it was.
        if self.newest is None or _mark(snapshot) != _mark(self.newest):
            self._steady = steady(self._steady, snapshot)
            snapshot = msgspec.structs.replace(
                snapshot, verdict=self._steady.word, advice=self._steady.says
            )
            if is_final(snapshot):
                snapshot = at_rest(snapshot)
            self.newest = self.steering.latest = snapshot
            self.write_wished_csv(snapshot)
            self._watch = watch(self._watch, snapshot, snapshot.at)
            self.query_one(Overview).take(snapshot)
            self.query_one(LogPane).take(snapshot)
            self._quiet = 0
            if not looks_same(snapshot, self.latest):
                self._still = 0
        self._quiet += 1
        self._still += 1
        if self._quiet == _LATE and self._pace.stride == 1 and not self.unfocused:
            self._look_often(1 / FRAMES)
        if self.frozen or self._quiet > QUIET:
            return
        self.latest = self.steering.foreseen(self.newest)
        self._ticks += 1
        self._draw(lists_too=self._ticks % 2 == 1, graphs_too=self._ticks % 4 == 1)

    def open_tab(self, tab: str) -> None:
        """Show a tab and give its table the focus."""
        self.minimize()
        self.query_one(ResultsPane).then = None
        self.query_one(Switcher).turn_to(tab)
        # At once: a key that comes next is meant for this table and what it holds.
        self.set_focus(self.query_one(f"#{MAIN_GRIDS[tab]}", Grid))
        self.redraw()
        lay_out(self)
        self.call_after_refresh(self.redraw)  # now that the sizes are known

    def host(self) -> HostView | None:
        """The host that keys change: the selected one, or the only one."""
        hosts = self.latest.hosts if self.latest else ()
        name = "hosts-grid" if self.tab == "hosts" else "overview-hosts"
        cursor = self.query_one(f"#{name}", Grid).cursor
        return next((h for h in hosts if h.host == cursor), hosts[0] if len(hosts) == 1 else None)

    def completion_url(self) -> str:
        """The URL of the finished future under the cursor of the overview."""
        cursor = self.query_one("#stream", Grid).cursor
        row = self.query_one(Overview).completion(cursor)
        return row.url if row is not None else ""

    def redraw(self) -> None:
        """Draw everything again."""
        self._quiet = self._still = 0
        self._draw(lists_too=True, graphs_too=True)

    @property
    def told(self) -> Snapshot | None:
        """What the top lines tell of."""
        return self.latest

    def head(self) -> None:
        """Draw the top lines."""
        snapshot = self.told
        situation = Situation(
            snapshot=snapshot,
            chip=chip(self._watch.change, snapshot.pilot if snapshot else ""),
            note=self.client.note,
            read_only=self.client.read_only,
            frozen=self.frozen,
            saved=self.saved or self._unsaved,
            keymap=self.keymap,
            saves=not self.app.is_web,
        )
        self.query_one(Head).look(situation)

    @property
    def _unsaved(self) -> str:
        if self.csv is not None:
            return f"{self.csv.target.name} is written at the end"
        return "" if self.client.read_only else "no CSV saved yet"

    def hasten(self) -> None:
        """A key sends a command: its effect is looked for more often than at the usual beat."""
        self._look_often(HURRIED)
        self.call_later(self._foresee)

    def _look_often(self, seconds: float) -> None:
        self._hurry_until = max(self._hurry_until, time.monotonic() + seconds)
        self._hurry.resume()

    def _foresee(self) -> None:
        """Show what was asked for although the engine has not told of it yet."""
        if self.newest is not None and not self.frozen:
            self.latest = self.steering.foreseen(self.newest)
            self._draw(lists_too=False, graphs_too=False)

    def _look_soon(self) -> None:
        snapshot = self.client.snapshot()
        if snapshot is not None and (self.newest is None or _mark(snapshot) != _mark(self.newest)):
            self.tick()
        if time.monotonic() > self._hurry_until:
            self._hurry.pause()

    def _beat(self) -> None:
        now = time.monotonic()
        if self._last_tick:
            self._pace = after(self._pace, now - self._last_tick)
        self._last_tick = now
        self._due += 1
        stride = max(self._pace.stride, 2 if self.unfocused else 1)
        if self._due >= stride and not self.echo.is_behind(now):
            self._due = 0
            self.tick()
            self.call_after_refresh(self.post_message, self.Drawn())

    def hints(self, tab: str, *, changing: bool) -> list[tuple[str, str, str]]:
        """The keys that the footer names; without `changing`, none that changes the crawl."""
        again = self.steering.failed() and not self.steering.refuses(RetryFailed)
        also = ("retry",) if again else ()
        found = hints(tab, changing=changing, keymap=self.keymap, also=also)
        words = {"detail": "its URLs"} if tab == "site" else {}
        if self.latest is not None and self.latest.paused:
            words["pause"] = "go on"
        idle = {"save"} if self.app.is_web else set()
        if tab == "workers" and is_final(self.latest):
            idle.add("detail")
        if self.client.read_only:
            idle.add("exclude")
        return [
            (keys, words.get(action, word), action)
            for keys, word, action in found
            if action not in idle
        ]

    def _draw(self, *, lists_too: bool, graphs_too: bool) -> None:
        snapshot, tab = self.latest, self.tab
        self.head()
        changing = not self.client.read_only and not is_final(snapshot)
        self.query_one(Foot).look(self.hints(tab, changing=changing))
        if snapshot is None:
            return
        badges = {
            "results": snapshot.done,
            "broken": snapshot.broken,
            "hosts": snapshot.host_count,
            "log": self.query_one(LogPane).total,
        }
        self.query_one(TabBar).look(tab, badges)
        if tab == "overview":
            overview = self.query_one(Overview)
            overview.steered = changing
            if self._still <= STILL:
                overview.look(snapshot, lists_too=lists_too, graphs_too=graphs_too)
        elif not lists_too:
            return
        elif tab == "results":
            self.read_new_results()
        elif tab == "broken":
            self.query_one(BrokenPane).expect(snapshot)
            self.read_broken(snapshot)
        elif tab == "hosts":
            self.query_one(HostsPane).look(snapshot)
        elif tab == "workers":
            self.query_one(WorkersPane).look(snapshot)
        elif tab == "log":
            self.query_one(LogPane).look(kept=not is_unseen(snapshot))
        elif tab == "site":
            self.query_one(SitePane).look(snapshot, reading=not self.frozen)

    def action_leave(self, showing: bool = False) -> None:
        """Quit; ask first while the crawl runs."""
        snapshot = self.newest
        if self.client.read_only or is_final(snapshot):
            self.post_message(self.Leave(showing))
            return

        def left(_: None) -> None:
            self.post_message(self.Leave(showing))

        def take(answer: str | None) -> None:
            if answer:
                self.steering.stop()
                self.app.push_screen(LeavingScreen(self.client), left)
            else:
                self.post_message(self.Stay())

        done = count(snapshot.done) if snapshot else "nothing"
        waiting = count(snapshot.stages.waiting) if snapshot else "nothing"
        self.app.push_screen(quit_question(done, waiting, str(self.client.store)), take)

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        event.stop()
        self.action_detail()

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        self.open_tab(event.tab)

    async def on_foot_pressed(self, event: Foot.Pressed) -> None:
        await self.run_action(event.action_name)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    @property
    def home(self) -> str:
        """Scheme and host of the first start URL: its pages are shown by their path."""
        return home_of(self.latest.start_urls) if self.latest else ""


def _mark(snapshot: Snapshot) -> tuple[int, str]:
    return snapshot.sequence, snapshot.state
