"""Which parser reads the next page: pinned, chosen by a key, or moved on when it is too slow."""

from __future__ import annotations

from crawler_core.config import ParserName

FAITHFUL = "soup"
"""BeautifulSoup: what `auto` starts with."""
FAST = "lexbor"
PATIENCE = 1.0
"""Seconds by which parsing must have held the crawl back longer than it has not."""


class ParserChoice:
    """The parser of one crawl. Pure: what happened is told by the engine."""

    def __init__(self, wanted: ParserName) -> None:
        self.is_automatic = wanted == "auto"
        self.name: str = FAITHFUL if wanted == "auto" else wanted
        self._held = 0.0

    def pin(self, name: str) -> None:
        """A person has chosen: nothing moves it any more."""
        self.is_automatic = False
        self.name = name

    def metered(self, seconds: float, *, is_held_back: bool) -> bool:
        """Note the last `seconds`: did pages wait while all parse workers were busy?

        True when the fast parser takes over, for the rest of the crawl. Moments without
        pages count against it, so a short burst changes nothing.
        """
        if not self.is_automatic or self.name == FAST:
            return False
        self._held = max(0.0, self._held + (seconds if is_held_back else -seconds))
        if self._held < PATIENCE:
            return False
        self.name = FAST
        return True
