"""The start screen: which site, how fast, what to follow, when to stop; and earlier crawls."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, RadioSet, Static

from crawler_core.config import Speed
from crawler_core.errors import CrawlError
from tui.bridge import Client, RecentCrawl, Session, StartOptions
from tui.formats import count, day, plain
from tui.widgets.grid import Cell, Column, Grid, Key, ListFeed
from tui.widgets.header import Foot
from tui.widgets.toggles import Pick, Tick

_SPEEDS: tuple[Speed | None, ...] = ("gentle", None, "mine")
"""None leaves it to the kind of host: this machine has no limit, all others are `normal`."""
_SPEED_WORDS = ("gentle, 1/s", "normal, 10/s and 5 at once", "my own site: no limit")
_PER_SECOND = {"gentle": 1.0, "normal": 10.0}
_PAGES_TOLD = 10_000
_THIS_MACHINE = ("localhost", "127.", "[::1]")
_ABOUT = (
    "Enter starts the crawl from any field; on a recent crawl it resumes that one, or looks at it. "
    "tab and shift+tab go from field to field, ↓ in Site to the recent crawls. Space ticks. Esc "
    "clears a field, then quits. ctrl+d crawls a sample site on this computer, without network."
)
RECENT_COLUMNS = (
    Column("", 0, "middle"),
    Column("started", 17, from_width=90),
    Column("state", 26),
    Column("broken", 7, "right"),
    Column("enter does", 12),
)


class StartScreen(Screen[None]):
    """Asks for what is needed to start a crawl, or opens an earlier one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("q", "quit", show=False),
        Binding("d", "demo", show=False),
        Binding("ctrl+d", "demo", show=False, priority=True),
        Binding("enter", "start", show=False, priority=True),
        Binding("f1,question_mark", "help", show=False),
        Binding("down", "down", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Opened(Message):
        """A crawl was opened."""

        def __init__(self, client: Client) -> None:
            super().__init__()
            self.client = client

    class Failed(Message):
        """It could not be opened: a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    class Listed(Message):
        """Earlier crawls were read."""

        def __init__(self, crawls: Sequence[RecentCrawl]) -> None:
            super().__init__()
            self.crawls = crawls

    class Leave(Message):
        """Nothing is wanted."""

    def __init__(self, session: Session, version: str) -> None:
        super().__init__()
        self._session = session
        self._version = version
        self._crawls: Sequence[RecentCrawl] = ()
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(id="start"):
            yield Static(
                Content.assemble(
                    (f" crawltui {self._version} ", "$accent bold"),
                    "  Crawl a site, watch it live, steer it by keys, save a CSV.",
                ),
                id="start-title",
            )
            with Vertical(id="form") as form:
                form.border_title = "New crawl"
                with Horizontal(classes="row"):
                    yield Static("Site", classes="label")
                    yield Input(placeholder="https://docs.example.org/", id="site", compact=True)
                with Horizontal(classes="row tall"):
                    yield Static("Speed", classes="label")
                    with RadioSet(id="speed", compact=True):
                        for number, words in enumerate(_SPEED_WORDS):
                            yield Pick(Content(words), value=number == 1, compact=True)
                with Horizontal(classes="row follow"):
                    yield Static("Follow", classes="label")
                    with Container(id="follow"):
                        yield Tick("images, css, scripts", True, id="resources", compact=True)
                        yield Tick("external links", True, id="external", compact=True)
                        yield Tick("subdomains", False, id="subdomains", compact=True)
                with Horizontal(classes="row"):
                    yield Static("Stop", classes="label")
                    yield Static("at", classes="word")
                    yield Input(type="integer", id="pages", compact=True, placeholder="no limit")
                    yield Static("pages or", classes="word")
                    yield Input(type="number", id="minutes", compact=True, placeholder="no limit")
                    yield Static("minutes", classes="word")
            yield Static(id="plan")
            yield Static(id="start-says")
            yield Grid(
                "RECENT CRAWLS",
                RECENT_COLUMNS,
                widget_id="recent",
                empty="none yet: ctrl+d crawls a sample site, without any network",
            )
        yield Foot(widget_id="start-foot")

    def on_mount(self) -> None:
        self.query_one("#site", Input).focus()
        self._plan()
        self._hint()
        self.run_worker(self._list, thread=True, exit_on_error=False)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height < 28, "-short")
        self.set_class(event.size.width < 76, "-narrow")
        self.call_after_refresh(self.query_one(Foot).repaint)
        self.call_after_refresh(self.query_one(Grid).repaint)

    @property
    def options(self) -> StartOptions:
        """What the form says."""
        pages, minutes = (self.query_one(f"#{n}", Input).value for n in ("pages", "minutes"))
        return StartOptions(
            url=self.query_one("#site", Input).value.strip(),
            speed=_SPEEDS[max(0, self.query_one("#speed", RadioSet).pressed_index)],
            resources=self.query_one("#resources", Tick).value,
            external=self.query_one("#external", Tick).value,
            subdomains=self.query_one("#subdomains", Tick).value,
            max_pages=int(pages) if pages.isdigit() and int(pages) else None,
            max_time=60 * float(minutes) if _is_number(minutes) else None,
        )

    def action_start(self) -> None:
        """Start the crawl, or open the selected earlier one."""
        grid = self.query_one("#recent", Grid)
        if grid.has_focus and isinstance(grid.cursor, int):
            self._open(self._crawls[grid.cursor])
            return
        options = self.options
        if not options.url:
            self._say("Type the address of a site, such as docs.example.org.", "warn")
            self.query_one("#site", Input).focus()
            return
        self._begin("starting …", lambda: self._session.start(options))

    def action_demo(self) -> None:
        """Crawl the sample site."""
        self._begin("starting the sample site …", self._session.demo)

    def action_leave(self) -> None:
        """Escape: clear the field, come back from the recent crawls, or else leave the app."""
        focused = self.focused
        if isinstance(focused, Input) and focused.value:
            focused.value = ""
        elif isinstance(focused, Grid):
            self.query_one("#site", Input).focus()
        else:
            self.post_message(self.Leave())

    def action_quit(self) -> None:
        """Leave the app."""
        self.post_message(self.Leave())

    def action_down(self) -> None:
        """From the site to the recent crawls if there are any, from elsewhere to the next field."""
        if self._crawls and self.focused is self.query_one("#site"):
            self.query_one("#recent").focus()
        else:
            self.app.action_focus_next()

    def action_help(self) -> None:
        """Say what the keys do here."""
        self._say(_ABOUT, "")

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        self._hint()

    def on_grid_moved(self, event: Grid.Moved) -> None:
        event.stop()
        self._hint()

    def on_input_changed(self, _: Input.Changed) -> None:
        self._plan()
        self._hint()

    def on_radio_set_changed(self, _: RadioSet.Changed) -> None:
        self._plan()

    def on_checkbox_changed(self, _: Tick.Changed) -> None:
        self._plan()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        event.stop()
        self.action_start()

    async def on_foot_pressed(self, event: Foot.Pressed) -> None:
        await self.run_action(event.action_name)

    def on_start_screen_failed(self, event: Failed) -> None:
        event.stop()
        self._busy = False
        self._say(event.sentence, "error")

    def on_start_screen_listed(self, event: Listed) -> None:
        event.stop()
        self._crawls = event.crawls
        rows: list[tuple[Key, Sequence[Cell]]] = [
            (place, _recent_cells(crawl, time.time())) for place, crawl in enumerate(event.crawls)
        ]
        self.query_one("#recent", Grid).show(ListFeed(rows))
        self._hint()

    def _hint(self) -> None:
        """Name the keys that do something where the focus is."""
        grid, focused = self.query_one("#recent", Grid), self.focused
        lit = grid.cursor if focused is grid else None
        enter, leave = "start", "quit"
        if isinstance(lit, int):
            enter, leave = _verb(self._crawls[lit]), "back"
        elif isinstance(focused, Input) and focused.value:
            leave = "clear"
        hints = [("enter", enter, "start"), ("tab", "next field", "app.focus_next")]
        if self._crawls and focused is self.query_one("#site"):
            hints.append(("↓", "recent", "down"))
        hints += [("ctrl+d", "demo, no network", "demo"), ("F1", "help", "help")]
        self.query_one(Foot).look([*hints, ("esc", leave, "leave")])

    def _open(self, crawl: RecentCrawl) -> None:
        if crawl.resumable:
            self._begin("resuming …", lambda: self._session.resume(crawl.path))
        else:
            self._begin("opening …", lambda: self._session.look(crawl.path))

    def _begin(self, words: str, opens: Callable[[], Client]) -> None:
        if self._busy:
            return
        self._busy = True
        self._say(words, "")

        def run() -> None:
            try:
                client = opens()
            except CrawlError as error:
                self.post_message(self.Failed(str(error)))
            else:
                if not self.post_message(self.Opened(client)):
                    client.close(wait=0.0)

        self.run_worker(run, thread=True, exit_on_error=False)

    def _list(self) -> None:
        try:
            self.post_message(self.Listed(self._session.recent()))
        except CrawlError as error:
            self.post_message(self.Failed(str(error)))

    def _say(self, text: str, kind: str) -> None:
        line = self.query_one("#start-says", Static)
        line.set_classes(kind)
        line.update(Content(plain(text)))

    def _plan(self) -> None:
        options = self.options
        self.query_one("#plan", Static).update(
            Content.assemble(
                (f"{plan(options)}\n", "$text"),
                ("As a command:  ", "$text-muted"),
                (command(options), "$text"),
            )
        )


def plan(options: StartOptions) -> str:
    """What the speed means, in one sentence."""
    site = options.url.partition("://")[2] or options.url
    host = site.partition("/")[0] or "a host"
    per_second = _PER_SECOND.get(options.speed or "normal")
    if options.speed is None and host.startswith(_THIS_MACHINE):
        return f"So: normal is without limit here, as {host} is this machine."
    if per_second is None:
        return f"So: no limit on requests to {host}. Choose this only for a site of your own."
    pages = min(options.max_pages or _PAGES_TOLD, _PAGES_TOLD)
    minutes = pages / per_second / 60
    took = f"{minutes:.0f} min" if minutes >= 1 else f"{60 * minutes:.0f} s"
    return (
        f"So: at most {per_second:g} {'request' if per_second == 1 else 'requests'}/s to {host}; "
        f"{count(pages)} URLs take {took} or more."
    )


def command(options: StartOptions) -> str:
    """The same crawl as a command line."""
    url = options.url or "URL"
    words = ["crawltui", f"'{url}'" if set(url) & set("&?;*() '\"$#") else url]
    if options.speed:
        words.append(f"--speed {options.speed}")
    words += ["--no-resources"] * (not options.resources)
    words += ["--no-external"] * (not options.external)
    words += ["--subdomains"] * options.subdomains
    if options.max_pages:
        words.append(f"--max-pages {options.max_pages}")
    if options.max_time:
        words.append(f"--max-time {options.max_time:g}")
    return " ".join(words)


def _recent_cells(crawl: RecentCrawl, now: float) -> Sequence[Cell]:
    if crawl.state == "finished":
        state, style = f"finished, {count(crawl.done)}", "ok"
    else:
        state, style = f"{crawl.state}, {count(crawl.done)} of {count(crawl.found)}", "warn"
    return (
        (crawl.site, ""),
        (day(crawl.started, now), "dim"),
        (state, style),
        (count(crawl.broken), "broken" if crawl.broken else "dim"),
        (_verb(crawl), "key"),
    )


def _verb(crawl: RecentCrawl) -> str:
    return "resume" if crawl.resumable else "look at"


def _is_number(text: str) -> bool:
    try:
        return 0 < float(text) < 1e7
    except ValueError:
        return False
