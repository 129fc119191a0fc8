"""Tab 4: every host with its load, its speed, its faults and its limits, and what to do with it."""

from __future__ import annotations

from textual.app import ComposeResult

from crawler_core.snapshot import HostView, Snapshot
from tui.bridge import UNSEEN, is_unseen
from tui.formats import count, host_name, percent, plural
from tui.screens.dialogs import Ask
from tui.screens.steering import SHUT, Steering
from tui.widgets import lists
from tui.widgets.grid import Grid
from tui.widgets.ground import Pane


class HostsPane(Pane):
    """All hosts that the engine tells of."""

    def __init__(self) -> None:
        super().__init__(id="hosts")

    def compose(self) -> ComposeResult:
        yield Grid(
            "HOSTS",
            lists.BOARD_COLUMNS,
            widget_id="hosts-grid",
            empty="none yet",
            cursor_always=True,
            tall_head=True,
        )

    def look(self, snapshot: Snapshot) -> None:
        """Draw the hosts."""
        grid = self.query_one("#hosts-grid", Grid)
        left = snapshot.host_count - len(snapshot.hosts)
        grid.empty = UNSEEN if is_unseen(snapshot) else "none yet"
        grid.note = f"{count(left)} quiet ones not shown" if left > 0 else ""
        grid.show(lists.board(snapshot.hosts))


def question(host: HostView, *, ended: bool = False) -> Ask:
    """What can be done with a host, after the end of the crawl too, and all that is known of it."""
    choices = [(",", "slower", "slower"), (".", "faster", "faster")]
    if host.state in SHUT:
        choices = [("r", "take it up again", "reopen")]
    else:
        choices.append(("p", "pause it: the crawl waits until you go on", "pause"))
    if host.state not in {"skipped", "given up"} and not ended:
        choices.append(("s", "skip it: ask nothing more of it", "skip"))
    if host.state == "throttled":
        choices.append(("r", "ask again at once, although it asked us to wait", "reopen"))
    choices.append(("esc", "leave it as it is", ""))
    return Ask(host_name(host.host), list(_says(host)), choices)


def obey(steering: Steering, host: HostView, answer: str) -> str:
    """Do what was answered to `question`; a phrase for people."""
    match answer:
        case "slower":
            return steering.rate(host, -1)
        case "faster":
            return steering.rate(host, 1)
        case "pause":
            return steering.hold(host)
        case "skip":
            return steering.skip(host)
        case "reopen":
            return steering.reopen(host)
    return ""


def _says(host: HostView) -> tuple[str, ...]:
    limit = f"{host.rate_limit:g} requests/s" if host.rate_limit else "no rate limit"
    if host.ceiling:
        limit += f" (--max-rate {host.ceiling:g})"
    lines = [
        f"{count(host.done)} done, {count(host.waiting)} waiting, "
        f"{host.per_second:.1f} requests/s now, {limit}",
        f"{plural(host.answers, 'answer')}: {percent(host.errors, host.answers)} errors, "
        f"{percent(host.throttles, host.answers)} asked for fewer requests; "
        f"half within {host.p50_ms:,.0f} ms, 95 of 100 within {host.p95_ms:,.0f} ms",
        f"robots.txt: {host.robots}",
    ]
    if host.crawl_delay:
        lines[-1] += f", {host.crawl_delay:g} s between requests"
    if host.pace:
        lines.append(f"the autopilot holds it below {host.pace:.1f} requests/s")
    if host.note:
        lines.append(host.note)
    return tuple(lines)
