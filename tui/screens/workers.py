"""The tab of the workers: the futures board, a lane a worker, the futures in flight."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Resize

from crawler_core.snapshot import FutureCounts, FutureView, Snapshot
from tui.formats import age, origin, plural
from tui.screens.dialogs import Ask, Choice
from tui.screens.steering import Steering
from tui.widgets import futures
from tui.widgets.grid import Grid
from tui.widgets.ground import Pane
from tui.widgets.lanes import Lanes
from tui.widgets.overview import Panel

_BOARD, _SMALL = 6, 13
"""Lines of the board, and from which height of the tab on it has them all."""
_LIST = 5
"""Lines that the list of futures keeps at least; three where there are hardly any."""
_LOW = 12
_LOWEST_BOARD = 4
"""Lines of the board without ages and exceptions."""


class WorkersPane(Pane):
    """What pools and futures do, seen from close by."""

    def __init__(self) -> None:
        super().__init__(id="workers")
        self._snapshot = Snapshot()
        self.lanes_first = False
        """Lanes get the lines of the list of futures too, where there are not enough for both."""

    def compose(self) -> ComposeResult:
        yield Panel(futures.board, widget_id="future-board")
        with Pane(id="lane-box"):  # its height changes; that of enlarged lanes must not
            yield Lanes(widget_id="lanes")
        yield Grid(
            "FUTURE",
            futures.COLUMNS,
            widget_id="futures",
            empty="none in flight",
            cursor_always=True,
        )

    def on_resize(self, _: Resize) -> None:
        self._share()

    def look(self, snapshot: Snapshot) -> None:
        """Draw board, lanes and list."""
        self._snapshot = snapshot
        self._share()
        self.query_one("#future-board", Panel).look(snapshot)
        self.query_one(Lanes).look(snapshot)
        grid = self.query_one("#futures", Grid)
        grid.note = futures.note(snapshot)
        grid.show(futures.feed(snapshot))

    def future(self) -> FutureView | None:
        """The selected future."""
        cursor = self.query_one("#futures", Grid).cursor
        return next((f for f in self._snapshot.futures if futures.key_of(f) == cursor), None)

    def fetch(self) -> int | None:
        """The number of the selected fetch; None if no fetch is selected."""
        future = self.future()
        return future.number if future is not None and future.kind == "fetch" else None

    def _share(self) -> None:
        """Give the lanes what they need, and the list of futures at least its few lines."""
        if not self.size:
            return  # another tab is open: heights for no room would be taken back at once
        wanted = len(self._snapshot.workers) + 1
        board = self._board(wanted)
        self.query_one("#future-board").styles.height = board
        room = self.size.height - board
        kept = min(room // 4 + 1, 3) if room < _LOW else max(_LIST, room // 3)
        if self.lanes_first:
            kept = min(kept, max(0, room - wanted))
        rows = max(3, min(wanted, room - kept))
        box = self.query_one("#lane-box")
        if box.styles.height is None or box.styles.height.value != rows:
            box.styles.height = rows

    def _board(self, wanted: int) -> int:
        """Lines of the board; lanes that come first want so many."""
        height = self.size.height
        if self.lanes_first and height - _BOARD < wanted:
            counts = self._snapshot.counts
            raised = counts.raised or counts.closed
            return _BOARD - 1 if raised else _LOWEST_BOARD
        return _BOARD if height >= _SMALL else _BOARD - 1


def question(future: FutureView, counts: FutureCounts) -> Ask:
    """What may be done with a future: the answers are those of `obey`, or "detail"."""
    where = f" on {future.worker}" if future.worker else ""
    says = [f"{future.state} for {age(future.age)}{where}. {future.url}"]
    if future.stuck:
        limit = counts.fetch_limit if future.kind == "fetch" else counts.parse_limit
        says.append(f"Stuck: nearly all of its kin finished within a third of {age(limit)}.")
    choices: list[Choice] = []
    if future.kind == "fetch":
        says.append("cancel() of a running future returns False: its connection is closed.")
        choices = [
            ("x", "cancel it", "cancel"),
            ("l", "cancel it and try again later", "later"),
            ("s", f"skip its host: ask nothing more of {_host_of(future)}", "skip"),
        ]
    else:
        says.append(
            f"It carries {plural(future.pages, 'page')}. A running one cannot be cancelled: a "
            "page that outlasts its deadline ends the process, and the others are sent again."
        )
        choices = [("s", f"skip its host: ask nothing more of {_host_of(future)}", "skip")]
    choices += [("d", "all about its page", "detail"), ("esc", "leave it", "")]
    return Ask(f"{future.kind} #{future.number}", says, choices)


def obey(steering: Steering, future: FutureView, answer: str) -> str:
    """Carry out an answer to `question`; a phrase for people."""
    match answer:
        case "cancel":
            return steering.cancel(future.number)
        case "later":
            return steering.cancel(future.number, later=True)
        case "skip":
            return steering.skip_host(_host_of(future))
        case _:
            return ""


def _host_of(future: FutureView) -> str:
    return origin(future.url).rstrip("/")
