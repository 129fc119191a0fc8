"""What the dashboard asks the crawl file about the scope of the crawl, and what it changes there.

Each question is read in a thread; the screens that ask lie over the dashboard and are filled
when the answer is there.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.bridge import Rows
from tui.screens.exclude import ExcludeScreen, Surgery
from tui.screens.radar import RadarScreen
from tui.screens.saving import Saving
from tui.screens.why import WhyScreen
from tui.widgets.grid import Grid


class Asking(Saving):
    """The part of the dashboard that asks why, and changes what belongs to the crawl."""

    def selected(self) -> tuple[int, str]:
        """Id (0 if unknown) and address of the selected row."""
        raise NotImplementedError

    def action_why(self) -> None:
        """Say why the selected URL, or one that is typed, is where it is."""
        skipped = self.latest.skipped if self.latest else {}
        self.app.push_screen(WhyScreen(self.home, self._ask_why, *self.selected(), skipped))

    def action_exclude(self) -> None:
        """Exclude URLs by a pattern, or take that back."""
        focused = self.focused
        meant = not (isinstance(focused, Grid) and focused.follow)
        self.app.push_screen(ExcludeScreen(self, self.selected()[1], meant=meant))

    def action_radar(self) -> None:
        """Show which kinds of URLs grow fast."""
        self.app.push_screen(RadarScreen(self, self.home))

    @property
    def looks_on(self) -> bool:
        """Whether the crawl is only looked at."""
        return self.client.read_only

    def look(
        self,
        group: str,
        read: Callable[[Rows], Callable[[], None]],
        failed: Callable[[str], None],
    ) -> None:
        """Read the crawl file in a thread, then show what was read."""
        self._in_thread(group, read, failed)

    def operate(self, command: Surgery) -> str:
        """Change what belongs to the crawl; why not, if that cannot be done."""
        return self.steering.scope(command)

    def _ask_why(self, screen: WhyScreen, url_id: int, addresses: tuple[str, ...]) -> None:
        hosts = self.latest.hosts if self.latest else ()

        def read(rows: Rows) -> Callable[[], None]:
            why, case, way = rows.why(url_id, addresses, hosts)

            def show() -> None:
                if screen.is_attached and screen.asked == addresses:
                    screen.fill(why, case, way)

            return show

        def failed(sentence: str) -> None:
            if screen.asked == addresses:
                screen.say(sentence)

        self._in_thread("why", read, failed)
