"""Scope surgery: a pattern that keeps URLs out from now on, and those that do so already.

Proposals are drawn from one URL; how many URLs a pattern would keep out follows as one types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from crawler_core.commands import CapTemplate, Exclude, UncapTemplate, Unexclude
from crawler_core.patterns import problem_of
from crawler_core.why import proposals
from tui.bridge import Rows
from tui.formats import count, cut_middle, plain, plural
from tui.widgets.grid import Column, Grid, ListFeed
from tui.widgets.hint import Hint

if TYPE_CHECKING:
    from crawler_core.store.survey import Cuts, Matches

COUNTED_AFTER = 0.15
"""Seconds without a key after which a typed pattern is counted."""
READ_EVERY = 1.5
"""Seconds between two looks at what the file says of the excluded patterns."""
_PROPOSED = (
    Column("what", 20),
    Column("waiting", 9, "right"),
    Column("done", 9, "right"),
    Column("pattern", align="middle", from_width=60),
)
_EXCLUDED = (Column("pattern", align="middle"), Column("kept out", 9, "right"))
Surgery = Exclude | Unexclude | CapTemplate | UncapTemplate


class Desk(Protocol):
    """What a screen that changes the scope of the crawl may do."""

    @property
    def looks_on(self) -> bool:
        """Whether the crawl is only looked at: nothing is sent to it."""

    def look(
        self,
        group: str,
        read: Callable[[Rows], Callable[[], None]],
        failed: Callable[[str], None],
    ) -> None:
        """Read the crawl file in a thread, then show what was read."""

    def operate(self, command: Surgery) -> str:
        """Send a command; why it cannot be sent, "" if it was."""


class ExcludeScreen(ModalScreen[None]):
    """Asks for a pattern, shows what it would do, and takes earlier ones back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("up", "propose(-1)", show=False),
        Binding("down", "propose(1)", show=False),
        Binding("enter", "take_back", show=False),
    ]

    def __init__(self, desk: Desk, address: str, *, meant: bool = True) -> None:
        """Not `meant`: the address is just the last one of a list, and nothing is typed of it."""
        super().__init__(classes="dialog exclude")
        self._meant = meant
        self._desk = desk
        self._proposals = proposals(address) if "://" in address else ()
        self._counts: dict[str, Matches] = {}
        self._slow: dict[str, str] = {}
        """Why patterns that were judged cannot be used."""
        self._cuts: Cuts | None = None
        self._asked = 0
        self._timer: Timer | None = None
        self._told = False
        """What a key came to is shown, until the pattern changes."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            looks = self._desk.looks_on
            box.border_title = "Excluded URLs" if looks else "Exclude URLs from here on"
            label = "how many URLs hold" if looks else "keep out every URL that holds"
            yield Static(Content(f"{label} this pattern:"), classes="label")
            yield Input(
                id="pattern",
                compact=True,
                placeholder="a part of an address, or a regular expression",
            )
            yield Static(Content(""), id="save-says")
            yield Grid("PROPOSALS", _PROPOSED, widget_id="proposals", cursor_always=True)
            yield Grid(
                "EXCLUDED WHILE IT RAN",
                _EXCLUDED,
                widget_id="excluded",
                empty="nothing so far",
            )
            yield Hint(widget_id="exclude-hint")

    def on_mount(self) -> None:
        proposed = self.query_one("#proposals", Grid)
        proposed.can_focus = False
        proposed.styles.height = len(self._proposals) + 1
        proposed.display = bool(self._proposals)
        self.query_one("#excluded", Grid).styles.height = 4
        self._draw()
        if self._proposals and self._meant:
            self._put(self._proposals[0][1])
        self.query_one("#pattern", Input).focus()
        self._count([pattern for _, pattern in self._proposals])
        self._read_cuts()
        self.set_interval(READ_EVERY, self._read_cuts)

    @property
    def pattern(self) -> str:
        """What is typed."""
        return self.query_one("#pattern", Input).value.strip()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._told = False
        if self.pattern not in self._counts and not self._problem(self.pattern):
            self._timer = self.set_timer(COUNTED_AFTER, self._count_typed)
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        pattern, problem = self.pattern, problem_of(self.pattern)
        refusal = problem or self._desk.operate(Exclude(pattern))
        if refusal:
            self._tell(refusal, "warn")
            return
        self._counts.clear()
        self._tell(f"excluded from here on: {pattern}", "ok")
        self.set_timer(READ_EVERY / 3, self._read_cuts)

    def on_descendant_focus(self) -> None:
        listing = self.query_one("#excluded", Grid).has_focus
        enter = "takes the pattern back" if listing else "excludes"
        self.query_one("#exclude-hint", Hint).show(
            *[("", "↑ ↓ proposals")] * (bool(self._proposals) and not listing),
            *[("enter", enter)] * (not self._desk.looks_on),
            *(("tab", "to the line" if listing else "to the list"), ("esc", "closes")),
        )

    def on_grid_moved(self, event: Grid.Moved) -> None:
        event.stop()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        event.stop()
        if event.grid.id == "excluded":
            self.action_take_back()
        else:
            self._put(str(event.key))

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    def action_propose(self, by: int) -> None:
        """Take the next proposal, or the one before."""
        grid = self.query_one("#proposals", Grid)
        if not self._proposals:
            return
        patterns = [pattern for _, pattern in self._proposals]
        place = patterns.index(self.pattern) + by if self.pattern in patterns else 0
        grid.select(patterns[max(0, min(place, len(patterns) - 1))])
        self._put(str(grid.cursor))

    def action_take_back(self) -> None:
        """Exclude by the selected pattern no more."""
        grid = self.query_one("#excluded", Grid)
        if not grid.has_focus or grid.cursor is None:
            return
        refusal = self._desk.operate(Unexclude(str(grid.cursor)))
        self._counts.clear()
        said = refusal or f"no longer excluded: {grid.cursor}"
        self._tell(said, "warn" if refusal else "ok")
        self.set_timer(READ_EVERY / 3, self._read_cuts)

    # -- what is read --------------------------------------------------------------------

    def _count_typed(self) -> None:
        if self.is_attached:
            self._count([self.pattern])

    def _count(self, patterns: Sequence[str]) -> None:
        """Have the URLs counted that hold each pattern; a later question stops this one.

        It is judged in the same thread whether they can be used: that takes some 10 ms.
        """
        self._asked += 1
        mine = self._asked
        wanted = tuple(p for p in dict.fromkeys(patterns) if not self._problem(p))
        if not wanted:
            self._count_the_rest()
            return

        def read(rows: Rows) -> Callable[[], None]:
            problems = {pattern: problem_of(pattern) for pattern in wanted}
            usable = [pattern for pattern in wanted if not problems[pattern]]
            found: Sequence[Matches] = ()
            if usable:
                found = rows.matches(usable, lambda: self._asked == mine and self.is_attached)

            def show() -> None:
                if self.is_attached and len(found) == len(usable):
                    self._slow.update({each: why for each, why in problems.items() if why})
                    self._counts.update(zip(usable, found, strict=True))
                    self._draw()
                    if self._asked == mine:
                        self._count_the_rest()

            return show

        self._desk.look("matches", read, self._failed)

    def _count_the_rest(self) -> None:
        """Count the proposals that a typed pattern came before."""
        left = [
            pattern
            for _, pattern in self._proposals
            if pattern not in self._counts and not self._problem(pattern)
        ]
        if left:
            self._count(left)

    def _read_cuts(self) -> None:
        def read(rows: Rows) -> Callable[[], None]:
            cuts = rows.cuts()

            def show() -> None:
                if self.is_attached:
                    self._show_cuts(cuts)

            return show

        if self.is_attached:
            self._desk.look("cuts", read, self._failed)

    def _show_cuts(self, cuts: Cuts) -> None:
        if self._cuts is not None and _rules(cuts) != _rules(self._cuts):
            self._counts.clear()
            self._count([self.pattern])
        self._cuts = cuts
        grid = self.query_one("#excluded", Grid)
        grid.show(
            ListFeed(
                [(pattern, ((pattern, ""), (count(kept), ""))) for pattern, kept in cuts.excluded]
            )
        )

    def _failed(self, sentence: str) -> None:
        if self.is_attached:
            self._tell(sentence, "error")

    # -- what is shown -------------------------------------------------------------------

    def _put(self, pattern: str) -> None:
        line = self.query_one("#pattern", Input)
        line.value = pattern
        line.action_select_all()  # a proposal: whoever types means something else

    def _draw(self) -> None:
        if not self._told:
            self._draw_line()
        grid = self.query_one("#proposals", Grid)
        grid.show(
            ListFeed(
                [
                    (pattern, ((words, ""), *self._numbers(pattern), (pattern, "dim")))
                    for words, pattern in self._proposals
                ]
            )
        )
        grid.select(self.pattern)

    def _draw_line(self) -> None:
        """Say what the typed pattern would do."""
        problem = self._problem(self.pattern)
        found = self._counts.get(self.pattern)
        if problem:
            self._say(problem, "warn" if self.pattern else "")
        elif found is None:
            self._say("counting …", "")
        else:
            done = f"; {plural(found.done, 'done one')} match too, and stay" if found.done else ""
            self._say(f"{plural(found.queued, 'waiting URL')} would be kept out{done}", "")

    def _problem(self, pattern: str) -> str:
        """Why a pattern cannot be used, as far as it is known without judging it."""
        return self._slow.get(pattern) or problem_of(pattern, is_judged=False)

    def _numbers(self, pattern: str) -> tuple[tuple[str, str], tuple[str, str]]:
        found = self._counts.get(pattern)
        if found is None:
            return ("…", "dim"), ("…", "dim")
        return (count(found.queued), "number" if found.queued else "dim"), (
            count(found.done),
            "dim",
        )

    def _tell(self, text: str, kind: str) -> None:
        self._told = True
        self._say(text, kind)

    def _say(self, text: str, kind: str) -> None:
        line = self.query_one("#save-says", Static)
        line.set_classes(kind)
        line.update(Content(cut_middle(plain(text), 200)))


def _rules(cuts: Cuts) -> list[str]:
    """What was excluded, however much it has kept out by now."""
    return [pattern for pattern, _ in cuts.excluded]
