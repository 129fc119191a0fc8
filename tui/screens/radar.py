"""The trap radar: kinds of URLs that fill the queue, and one key that caps the selected one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from crawler_core.commands import CapTemplate, UncapTemplate
from crawler_core.radar import Sighting, Survey
from tui.bridge import Rows
from tui.formats import count, percent, plain, plural, short_url
from tui.screens.exclude import Desk
from tui.widgets.grid import Cell, Column, Grid, ListFeed
from tui.widgets.hint import Hint

if TYPE_CHECKING:
    from crawler_core.store.survey import Cuts

SHOWN = 100
"""Templates that are listed."""
READ_EVERY = 3.0
"""Seconds between two surveys, or more where one takes long."""
_SHARE = 10
"""A survey is made anew after so many times what the last one took."""
_WITH_NEWEST = 86
"""Cells from which on the table says of how many of the newest URLs a kind is."""
_COLUMNS = (
    Column("kind of URL", align="middle"),
    Column("waiting", 8, "right"),
    Column("of all", 6, "right"),
    Column("newest", 6, "right", from_width=_WITH_NEWEST),
    Column("done", 8, "right"),
    Column("titles", 7, "right"),
    Column("kept out", 9, "right", from_width=96),
)
_HINT = (("c", "caps the selected kind, again takes it back"), ("esc", "closes"))
_LEGEND = "titles: how many differ on its pages"
_NEWEST = "newest: of the URLs found last   "


class RadarScreen(ModalScreen[None]):
    """All templates, the most suspicious first; read again while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,T", "close", show=False),
        Binding("c,enter", "cap", show=False),
    ]

    def __init__(self, desk: Desk, home: str) -> None:
        super().__init__(classes="sheet radar")
        self._desk = desk
        self._home = home
        self._survey = Survey()
        self._caps: dict[str, tuple[int, int]] = {}
        self._busy = False
        self._due = 0.0

    def compose(self) -> ComposeResult:
        yield Grid(
            "TRAP RADAR",
            _COLUMNS,
            widget_id="radar-grid",
            empty="reading …",
            tall_head=True,
            cursor_always=True,
        )
        yield Static(Content(_LEGEND), id="radar-says", classes="hint")
        yield Hint(*_HINT[self._desk.looks_on :])

    def on_mount(self) -> None:
        self.query_one("#radar-grid", Grid).focus()
        self._read()
        self.set_interval(0.5, self._read_when_due)

    def on_resize(self) -> None:
        self.call_after_refresh(self._explain)

    def on_grid_moved(self, event: Grid.Moved) -> None:
        event.stop()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        event.stop()

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    def action_cap(self) -> None:
        """Cap the selected template, or take its cap back."""
        cursor = self.query_one("#radar-grid", Grid).cursor
        if cursor is None:
            return
        kind = str(cursor)
        if kind in self._caps:
            refusal, done = self._desk.operate(UncapTemplate(kind)), "no longer capped"
        else:
            refusal, done = self._desk.operate(CapTemplate(kind)), "capped"
        self._say(refusal or f"{done}: {short_url(kind, self._home)}")
        self._due = time.monotonic() + READ_EVERY / 6

    def _read_when_due(self) -> None:
        if time.monotonic() >= self._due:
            self._read()

    def _read(self) -> None:
        if self._busy:
            return
        self._busy = True

        def read(rows: Rows) -> Callable[[], None]:
            began = time.monotonic()
            survey, cuts = rows.survey(SHOWN, lambda: self.is_attached), rows.cuts()
            took = time.monotonic() - began

            def show() -> None:
                self._busy = False
                if self.is_attached:
                    self._due = time.monotonic() + max(READ_EVERY, _SHARE * took)
                    self._show(survey, cuts)

            return show

        self._desk.look("radar", read, self._failed)

    def _show(self, survey: Survey, cuts: Cuts) -> None:
        self._survey = survey
        self._caps = {kind: (limit, kept) for kind, limit, kept in cuts.caps}
        seen = {each.template for each in survey.sightings}
        # A kind that was capped is of no concern to the survey any more, but may be taken back.
        rest = [
            Sighting(kind, 0, limit, kept, 0.0, 0.0, 0, 0)
            for kind, (limit, kept) in self._caps.items()
            if kind not in seen
        ]
        rows = [(each.template, self._cells(each)) for each in (*survey.sightings, *rest)]
        grid = self.query_one("#radar-grid", Grid)
        about = "about " if survey.sampled else ""
        grid.note = f"{about}{plural(survey.waiting, 'URL')} wait"
        grid.empty = "no kind of URL stands out"
        grid.show(ListFeed(rows))

    def _cells(self, each: Sighting) -> Sequence[Cell]:
        capped = self._caps.get(each.template)
        kept = max(each.kept_out, capped[1] if capped else 0)
        tone = "broken" if each.suspicion >= 0.25 else "warn" if each.suspicion >= 0.1 else ""
        same = each.titled > 1 and each.titles == 1
        return (
            (
                short_url(each.template, self._home),
                "dim" if capped else tone,
                "capped" * bool(capped),
            ),
            (count(each.queued), ""),
            (percent(each.share, 1.0), tone),
            (percent(each.growth, 1.0), ""),
            (count(each.done), ""),
            (count(each.titles) if each.titled else "", "warn" if same else ""),
            (count(kept) if kept else "", "dim"),
        )

    def _explain(self) -> None:
        """Say what the columns mean that there is room for."""
        if self.is_attached:
            wide = self.query_one("#radar-grid", Grid).size.width >= _WITH_NEWEST
            self._say(_NEWEST * wide + _LEGEND)

    def _failed(self, sentence: str) -> None:
        self._busy = False
        if self.is_attached:
            self._due = time.monotonic() + READ_EVERY
            self._say(sentence)

    def _say(self, text: str) -> None:
        self.query_one("#radar-says", Static).update(Content(plain(text)))
