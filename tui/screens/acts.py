"""What the keys of the dashboard do."""

from __future__ import annotations

from crawler_core.snapshot import HostView, Snapshot
from tui.formats import count, host_name, plural
from tui.keytable import TABS
from tui.screens.browsing import visit
from tui.screens.dialogs import Ask, WorkersPrompt
from tui.screens.help import HelpScreen
from tui.screens.panes import BrokenPane, LogPane, WorkersPane
from tui.screens.results import ResultsPane
from tui.screens.saving import Saving
from tui.widgets.grid import Grid
from tui.widgets.lists import RESULT_COLUMNS

_SORT_KEYS = {
    "": ("f", "the order in which they finished"),
    "address": ("a", "address"),
    "status": ("c", "status code"),
    "outcome": ("u", "outcome"),
    "title": ("t", "title"),
    "depth": ("d", "depth"),
    "size": ("z", "size"),
    "seconds": ("m", "time to answer"),
    "type": ("y", "content type"),
}


class Acts(Saving):
    """The part of the dashboard that acts: every key of the table ends here."""

    frozen: bool

    @property
    def tab(self) -> str:
        """The open tab."""
        raise NotImplementedError

    def open_tab(self, tab: str) -> None:
        """Show a tab."""
        raise NotImplementedError

    def host(self) -> HostView | None:
        """The selected host."""
        raise NotImplementedError

    def completion_url(self) -> str:
        """The URL of the selected finished future."""
        raise NotImplementedError

    def action_fetch(self, by: int) -> None:
        """Change the number of fetch workers."""
        if self._may():
            self.say(self.steering.workers("fetch", by))

    def action_parse(self, by: int) -> None:
        """Change the number of parse workers."""
        if self._may():
            self.say(self.steering.workers("parse", by))

    def action_parser(self) -> None:
        """Change to the other parser."""
        if self._may():
            self.say(self.steering.parser())

    def action_workers(self) -> None:
        """Ask for both numbers."""
        if not self._may():
            return
        latest = self.steering.latest

        def take(answer: tuple[int, int] | None) -> None:
            if answer is not None:
                for kind, now, wanted in zip(
                    ("fetch", "parse"),
                    (latest.fetch.target, latest.parse.target),
                    answer,
                    strict=True,
                ):
                    if wanted != now:
                        self.steering.set_workers(kind, wanted)

        limits = self.steering.limits()
        self.app.push_screen(WorkersPrompt(latest.fetch.target, latest.parse.target, limits), take)

    def action_pause(self) -> None:
        """Pause, or go on."""
        if self._may():
            self.say(self.steering.pause())

    def action_rate(self, by: int) -> None:
        """Change the limit of the selected host."""
        if not self._may():
            return
        host = self.host()
        if host is None:
            self.say("Select a host first: tab leads to the hosts.", severe=True)
        else:
            self.say(self.steering.rate(host, by))

    def action_host(self) -> None:
        """Offer what can be done with the selected host."""
        if not self._may():
            return
        host = self.host()
        if host is None:
            self.say("Select a host first: tab leads to the hosts.", severe=True)
            return

        def take(answer: str | None) -> None:
            if answer == "slower":
                self.say(self.steering.rate(host, -1))
            elif answer == "faster":
                self.say(self.steering.rate(host, 1))
            elif answer == "skip":
                self.say(self.steering.skip(host))
            elif answer == "reopen":
                self.say(self.steering.reopen(host))

        limit = f"{host.rate_limit:g} requests/s" if host.rate_limit else "no rate limit"
        says = [
            f"{count(host.done)} done, {count(host.waiting)} waiting, "
            f"{host.per_second:.1f} requests/s now, {limit}"
        ]
        if host.note:
            says.append(host.note)
        choices = [
            (",", "slower", "slower"),
            (".", "faster", "faster"),
            ("k", "skip it: ask nothing more of it", "skip"),
            ("r", "take it up again", "reopen"),
            ("esc", "leave it as it is", ""),
        ]
        self.app.push_screen(Ask(host_name(host.host), says, choices), take)

    def action_cancel(self) -> None:
        """Cancel the selected fetch, or the oldest one."""
        if self._may():
            chosen = self.query_one(WorkersPane).fetch() if self.tab == "workers" else None
            self.say(self.steering.cancel(chosen))

    def action_retry(self) -> None:
        """Ask whether to ask again for what failed."""
        if not self._may():
            return
        failed = self.steering.failed()
        if not failed:
            self.say("Nothing has failed in a way that may change.")
            return

        def take(answer: str | None) -> None:
            if answer:
                self.say(self.steering.retry())

        says = [
            f"{plural(failed, 'URL')} failed in a way that may change: no answer, a server error, "
            "too many requests, or a parser that failed.",
            "They are asked for again, at the end of the queues of their hosts.",
        ]
        choices = [("r", "ask again", "retry"), ("esc", "leave them", "")]
        self.app.push_screen(Ask("Retry what failed?", says, choices), take)

    def action_filter(self) -> None:
        """Filter the results."""
        if self.tab != "results":
            self.open_tab("results")
        self.query_one(ResultsPane).open_filter()

    def action_match(self, by: int) -> None:
        """Go to the next or previous row of the last filter."""
        if self.tab == "results" and not self.query_one(ResultsPane).next_match(by):
            self.say("Filter first: / asks for a word.")

    def action_sort(self) -> None:
        """Ask by which column to sort."""
        if self.tab != "results":
            return
        pane = self.query_one(ResultsPane)
        sortable = ["", *(column.sort for column in RESULT_COLUMNS if column.sort)]

        def take(answer: str | None) -> None:
            if answer:
                pane.sort_by(answer.removeprefix("by "))

        choices = [(*_SORT_KEYS[name], f"by {name}") for name in sortable]
        says = ["The same column again turns the order."]
        self.app.push_screen(Ask("Sort by", says, choices), take)

    def action_follow(self) -> None:
        """Follow the tail of the focused table, or stop."""
        focused = self.focused
        if isinstance(focused, Grid):
            focused.follow = not focused.follow
            if focused.follow:
                focused.action_jump(-1)
            self.redraw()

    def action_detail(self) -> None:
        """Show all of the selected row."""
        if self.tab == "log":
            self._log_line()
            return
        if self.tab == "hosts":
            self.action_host()
            return
        if self.focused is not None and self.focused.id == "overview-hosts":
            self.open_tab("hosts")
            return
        url_id, address = self.selected()
        results = self.query_one(ResultsPane)
        if url_id or address:
            self.read_detail(url_id, address)
        elif self.tab == "results" and results.feed is None:
            results.then = self.action_detail

    def action_open(self) -> None:
        """Open the selected URL in the browser."""
        _, address = self.selected()
        if address:
            self.say(visit(self.app, address))

    def action_copy(self) -> None:
        """Copy the selected URL."""
        _, address = self.selected()
        if address:
            self.app.copy_to_clipboard(address)
            self.say("copied the URL")

    def action_tab(self, tab: str) -> None:
        """Open a tab."""
        if tab in TABS:
            self.open_tab(tab)

    def action_enlarge(self) -> None:
        """Give the focused panel the whole screen, or take it back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def action_freeze(self) -> None:
        """Freeze the display, or go on drawing."""
        self.frozen = not self.frozen
        self.redraw()

    def action_help(self) -> None:
        """Show the help of the open tab."""
        self.app.push_screen(HelpScreen(self.tab))

    def action_back(self) -> None:
        """Escape: out of an enlarged panel, or of a filter."""
        if self.maximized is not None:
            self.minimize()
        elif self.tab == "results":
            self.query_one(ResultsPane).clear_filter()

    def selected(self) -> tuple[int, str]:
        """Id (0 if unknown) and address of the selected row."""
        tab = self.tab
        if tab == "results":
            pane = self.query_one(ResultsPane)
            row = pane.feed.row(pane.grid.place) if pane.feed and len(pane.feed) else None
            return (row.url_id, row.address) if row else (0, "")
        if tab == "broken":
            pane_b = self.query_one(BrokenPane)
            if self.focused is not None and self.focused.id == "sources-grid":
                return 0, pane_b.source()
            target = pane_b.target()
            return (target.url_id, target.address) if target else (0, "")
        if tab == "workers":
            return 0, self._worker_url(self.steering.latest)
        return (0, self.completion_url()) if tab == "overview" else (0, "")

    def _log_line(self) -> None:
        text = self.query_one(LogPane).selected()
        if text:
            self.app.push_screen(Ask("Log", [text], [("esc", "back", "")]))

    def _worker_url(self, snapshot: Snapshot) -> str:
        focused = self.focused
        if isinstance(focused, Grid) and focused.id == "lanes":
            doing = {worker.name: worker.doing for worker in snapshot.workers}
            return doing.get(str(focused.cursor), "")
        cursor = str(self.query_one("#futures", Grid).cursor)
        urls = {f"{future.kind} {future.number}": future.url for future in snapshot.futures}
        return urls.get(cursor, "")

    def _may(self) -> bool:
        refusal = self.steering.refusal
        self.say(refusal, severe=True)
        return not refusal
