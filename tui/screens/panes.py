"""What the tabs hold: containers of panels and tables, each fed from the snapshot."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.events import Resize

from crawler_core.snapshot import FINAL_STATES, Completion, LogLine, Snapshot
from tui.bridge import UNSEEN, is_unseen
from tui.formats import count, home_of, plural
from tui.widgets import lists
from tui.widgets.grid import Grid, Key
from tui.widgets.ground import Pane, Row
from tui.widgets.overview import (
    Panel,
    answers,
    brief,
    fetch_pool,
    host_more,
    parse_pool,
    speed,
    stages,
)
from tui.widgets.paint import Line

if TYPE_CHECKING:
    from crawler_core.store.rows import BrokenTarget

RING = 500
"""Finished futures and log lines that the screen keeps; the crawl file holds all results."""
WIDE, TALL = 100, 30
"""Below these the panels of the overview give way to six lines."""
_NO_HOST = "none yet"
_NONE_DONE = "futures appear here as they complete"
_NOT_DONE_HERE = "nobody runs this crawl: 2 shows all results, 3 the broken ones"


class Overview(Pane):
    """All at a glance: pools, speed, pages, answers, hosts, and what just finished."""

    def __init__(self) -> None:
        super().__init__(id="overview")
        self._snapshot = Snapshot()
        self._ring: deque[Completion] = deque(maxlen=RING)
        self._last = 0
        self.steered = True
        """Whether keys change the pools: the panels name these keys."""

    def compose(self) -> ComposeResult:
        yield Panel(self._brief, widget_id="brief")
        with Row(id="cockpit"):
            with Pane(id="left"):
                yield Panel(self._fetch_pool, widget_id="fetch-pool")
                yield Panel(self._parse_pool, widget_id="parse-pool")
                yield Panel(self._stages, widget_id="stages")
            with Pane(id="right"):
                yield Panel(speed, widget_id="speed")
                yield Panel(answers, widget_id="answers")
        yield Grid("HOSTS", lists.HOST_COLUMNS, widget_id="overview-hosts", empty=_NO_HOST)
        yield Grid(
            "JUST FINISHED",
            lists.DONE_COLUMNS,
            widget_id="stream",
            follow=True,
            empty=_NONE_DONE,
        )

    def on_mount(self) -> None:
        self.query_one("#overview-hosts", Grid).more = self._more_hosts

    def on_resize(self, event: Resize) -> None:
        small = event.size.width < WIDE or event.size.height < TALL - 5
        self.set_class(small, "-small")
        self.set_class(event.size.height >= 36, "-roomy")
        self._host_rows(self._snapshot)

    def take(self, snapshot: Snapshot) -> None:
        """Keep what would be lost between two drawings: the futures that finished."""
        for row in snapshot.completions:
            if row.serial > self._last:
                self._ring.append(row)
                self._last = row.serial

    def look(self, snapshot: Snapshot, *, lists_too: bool, graphs_too: bool) -> None:
        """Draw the numbers; lists and graphs only when it is their turn."""
        self._snapshot = snapshot
        small = self.has_class("-small")
        for name in ("brief",) if small else ("fetch-pool", "parse-pool", "stages", "answers"):
            self.query_one(f"#{name}", Panel).look(snapshot)
        if graphs_too and not small:
            self.query_one("#speed", Panel).look(snapshot)
        if lists_too:
            self._host_rows(snapshot)
            hosts, stream = (self.query_one(f"#{n}", Grid) for n in ("overview-hosts", "stream"))
            unseen = is_unseen(snapshot)
            hosts.empty = UNSEEN if unseen else _NO_HOST
            stream.empty = _NOT_DONE_HERE if unseen else _NONE_DONE
            hosts.show(lists.hosts(snapshot.hosts))
            held = len(self._ring) - 1 - stream.place
            stream.note = "" if stream.follow or held <= 0 else f"{count(held)} below, t follows"
            stream.show(lists.finished(self._ring, home_of(snapshot.start_urls)))

    def completion(self, serial: Key | None) -> Completion | None:
        """A finished future by its serial number."""
        return next((row for row in self._ring if row.serial == serial), None)

    def _fetch_pool(self, snapshot: Snapshot, width: int, height: int) -> list[Line]:
        return fetch_pool(snapshot, width, height, keys=self.steered)

    def _parse_pool(self, snapshot: Snapshot, width: int, height: int) -> list[Line]:
        return parse_pool(snapshot, width, height, keys=self.steered)

    def _stages(self, snapshot: Snapshot, width: int, height: int) -> list[Line]:
        return stages(snapshot, width, height, keys=self.steered)

    def _brief(self, snapshot: Snapshot, width: int, height: int) -> list[Line]:
        return brief(snapshot, width, height, keys=self.steered)

    def _host_rows(self, snapshot: Snapshot) -> None:
        if not self.size:
            return  # another tab is open: a height for no room would be taken back at once
        room = self.size.height - (7 if self.has_class("-small") else 14)
        most = max(2, min(6, room // 3))
        rows = min(max(1, snapshot.host_count), most) + 1
        grid = self.query_one("#overview-hosts", Grid)
        if grid.styles.height is None or grid.styles.height.value != rows:
            grid.styles.height = rows

    def _more_hosts(self, shown: int) -> Line | None:
        return host_more(self._snapshot, shown)


class BrokenPane(Pane):
    """Broken targets above, the pages that hold the selected one below."""

    def __init__(self) -> None:
        super().__init__(id="broken")
        self.trouble = ""
        """Why the crawl file cannot be read."""
        self._targets: Sequence[BrokenTarget] = ()
        self._home = ""

    def compose(self) -> ComposeResult:
        yield Grid(
            "BROKEN",
            lists.BROKEN_COLUMNS,
            widget_id="broken-grid",
            empty="no broken link so far",
            cursor_always=True,
            tall_head=True,
        )
        yield Grid("FOUND ON", lists.SOURCE_COLUMNS, widget_id="sources-grid", empty="no page")

    def expect(self, snapshot: Snapshot) -> None:
        """Say what an empty list means: the crawl counts faster than its file is written."""
        grid = self.query_one("#broken-grid", Grid)
        doing = "read" if snapshot.state in FINAL_STATES else "written"
        known = f"{count(snapshot.broken)} broken, being {doing} …"
        says = self.trouble or (known if snapshot.broken else "no broken link so far")
        if says != grid.empty:
            grid.empty = says
            grid.repaint()

    def fill(self, targets: Sequence[BrokenTarget], total: int, home: str) -> None:
        """Show these targets."""
        self._targets, self._home, self.trouble = targets, home, ""
        grid = self.query_one("#broken-grid", Grid)
        shown = len(targets)
        grid.note = plural(total, "broken URL") + (f", first {count(shown)}" * (shown < total))
        grid.show(lists.broken(targets, home))
        self._sources()

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if event.grid.id == "broken-grid":
            self._sources()

    def target(self) -> BrokenTarget | None:
        """The selected target."""
        cursor = self.query_one("#broken-grid", Grid).cursor
        return next((t for t in self._targets if t.url_id == cursor), None)

    def source(self) -> str:
        """The address of the selected page that holds the target; "" if there is none."""
        cursor = self.query_one("#sources-grid", Grid).cursor
        target = self.target()
        if target is None or not isinstance(cursor, int) or cursor >= len(target.sources):
            return ""
        return target.sources[cursor].address

    def _sources(self) -> None:
        target = self.target()
        grid = self.query_one("#sources-grid", Grid)
        if target is not None:
            left = target.links - len(target.sources)
            grid.note = plural(target.links, "link")
            grid.note += f", first {count(len(target.sources))}" if left > 0 else ""
        grid.show(lists.sources(target, self._home))


class LogPane(Pane):
    """What was worth telling."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._lines: deque[LogLine] = deque(maxlen=RING)
        self._last = 0

    def compose(self) -> ComposeResult:
        yield Grid(
            "LOG",
            lists.LOG_COLUMNS,
            widget_id="log-grid",
            follow=True,
            empty="nothing to tell so far",
        )

    @property
    def total(self) -> int:
        """Lines told so far."""
        return len(self._lines)

    def take(self, snapshot: Snapshot) -> None:
        """Keep new lines."""
        for line in snapshot.log:
            if line.serial > self._last:
                self._lines.append(line)
                self._last = line.serial

    def selected(self) -> str:
        """The text of the selected line; "" if there is none."""
        cursor = self.query_one("#log-grid", Grid).cursor
        return next((line.text for line in self._lines if line.serial == cursor), "")

    def look(self, *, kept: bool = True) -> None:
        """Draw them; not `kept`: nobody runs this crawl, and its file has no log."""
        grid = self.query_one("#log-grid", Grid)
        grid.empty = "nothing to tell so far" if kept else "a crawl file does not keep the log"
        grid.show(lists.log(self._lines))
