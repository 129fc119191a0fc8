"""What the keys of the dashboard do."""

from __future__ import annotations

from textual.widgets import Input

from crawler_core.commands import AnyCommand, Pause, ReopenHost, RetryFailed, SetHostRate
from crawler_core.snapshot import HostView
from tui.formats import cut, plural
from tui.keytable import TABS
from tui.screens import hosts
from tui.screens.asking import Asking
from tui.screens.browsing import visit
from tui.screens.dialogs import Ask, WorkersPrompt
from tui.screens.help import HelpScreen
from tui.screens.panes import BrokenPane, LogPane
from tui.screens.pictures import SitePane
from tui.screens.results import ResultsPane
from tui.screens.saving import Saving
from tui.screens.steering import SHUT
from tui.screens.workers import WorkersPane, obey, question
from tui.widgets.grid import Grid

_HOSTS_NAMED = 3
"""Hosts that the question whether to retry names."""


class Acts(Asking, Saving):
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

    def hasten(self) -> None:
        """Look for the effect of a command soon."""
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

    def action_autopilot(self) -> None:
        """Let measured steps set the numbers of workers, or stop that."""
        if self._may():
            self.say(self.steering.autopilot())

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
            said = self.steering.pause()
            if self.frozen:  # else the header says so at once
                self.say(f"{said}; the display is frozen: f goes on")

    def action_rate(self, by: int) -> None:
        """Change the limit of the selected host."""
        host = self._host_for(SetHostRate)
        if host is not None:
            self.say(self.steering.rate(host, by), instead=True)

    def action_host(self) -> None:
        """Offer what can be done with the selected host."""
        host = self._host_for(SetHostRate)
        if host is None:
            return

        def take(answer: str | None) -> None:
            if answer:
                self.say(hosts.obey(self.steering, host, answer))

        ended = bool(self.steering.refusal)
        self.app.push_screen(hosts.question(host, ended=ended), take)

    def action_cancel(self) -> None:
        """Cancel the selected fetch, or the oldest one."""
        if self._may():
            chosen = self.query_one(WorkersPane).fetch() if self.tab == "workers" else None
            self.say(self.steering.cancel(chosen))

    def action_retry(self) -> None:
        """Ask whether to ask again for what failed."""
        if not self._may(RetryFailed):
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
            *_failed_on(self.steering.failing_hosts()),
        ]
        choices = [("r", "ask again", "retry"), ("esc", "leave them", "")]
        self.app.push_screen(Ask("Retry what failed?", says, choices), take)

    def action_filter(self) -> None:
        """Filter the results."""
        if self.tab != "results":
            self.open_tab("results")
        self.minimize()  # the line lies beside the table, which may be enlarged
        self.query_one(ResultsPane).open_filter()

    def action_match(self, by: int) -> None:
        """Go to the next or previous row of the last filter."""
        if self.tab == "results" and not self.query_one(ResultsPane).next_match(by):
            self.say("Filter first: / asks for a word.")

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
        if self.tab == "site":
            self._folder_results()
            return
        if self.tab == "workers" and not self.steering.refusal:
            self._future()
            return
        if self.focused is not None and self.focused.id == "overview-hosts":
            self.open_tab("hosts")
            return
        url_id, address = self.selected()
        results = self.query_one(ResultsPane)
        if url_id or address:
            self.read_detail(url_id, address)
        elif self.tab == "results" and results.feed is None:
            results.then = self._detail_of_result

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
            self.say(f"copied {cut(address, 200)}")

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
        self.app.push_screen(HelpScreen(self.tab, self.keymap))

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
            future = self.query_one(WorkersPane).future()
            return 0, future.url if future else ""
        if tab == "site":
            return 0, self.query_one(SitePane).folder()
        return (0, self.completion_url()) if tab == "overview" else (0, "")

    def _detail_of_result(self) -> None:
        """Show all of the selected row, if it is still the results that one looks at."""
        if self.tab == "results":
            self.action_detail()

    def _folder_results(self) -> None:
        """Show the results that lie in the selected folder."""
        folder = self.query_one(SitePane).folder()
        if folder:
            self.open_tab("results")
            pane = self.query_one(ResultsPane)
            pane.open_filter()
            pane.query_one("#filter", Input).value = f"url:{folder}"
            pane.grid.focus()

    def _log_line(self) -> None:
        text = self.query_one(LogPane).selected()
        if text:
            self.app.push_screen(Ask("Log", [text], [("esc", "back", "")]))

    def _future(self) -> None:
        """Ask what to do with the selected future."""
        future = self.query_one(WorkersPane).future()
        if future is None:
            return

        def take(answer: str | None) -> None:
            if answer == "detail":
                self.read_detail(0, future.url)
            elif answer:
                self.say(obey(self.steering, future, answer))

        self.app.push_screen(question(future, self.steering.latest.counts), take)

    def _host_for(self, kind: type[AnyCommand]) -> HostView | None:
        """The selected host, if such a command may be sent to it; else it is said why not.

        A host that is not asked can be taken up again, also by a crawl that has ended.
        """
        host = self.host()
        if not self._may(ReopenHost if host is not None and host.state in SHUT else kind):
            return None
        if host is None:
            self.say("Select a host first: tab leads to the hosts.", severe=True)
        return host

    def _may(self, kind: type[AnyCommand] = Pause) -> bool:
        refusal = self.steering.refuses(kind)
        self.say(refusal, severe=True)
        if not refusal:
            self.hasten()
        return not refusal


def _failed_on(hosts: list[str]) -> list[str]:
    """On which hosts something failed: a line at the most."""
    if not hosts:
        return []
    more = len(hosts) - _HOSTS_NAMED
    return [f"In this run: {', '.join(hosts[:_HOSTS_NAMED])}{f' and {more} more' * (more > 0)}"]
