"""Endless URL spaces: templates that yield page after page under one title."""

from __future__ import annotations

from crawler_core import url as urls
from crawler_core.config import TRAP_PAGES


class _Template:
    __slots__ = ("asked", "title", "varied")

    def __init__(self) -> None:
        self.asked = 0
        self.title: int | None = None  # its hash: a site may have very many templates
        self.varied = False


class TrapGuard:
    """Counts pages by URL template (digits as {n}) and remembers whether titles differ.

    A page is counted when it is asked for, its title is known when it was parsed: pages
    that are under way while the limit is reached come on top of it.
    """

    def __init__(self, limit: int = TRAP_PAGES) -> None:
        self._limit = limit
        self._templates: dict[str, _Template] = {}

    def admits(self, address: str) -> bool:
        """Count a page about to be asked for; False when its template is used up."""
        key = urls.template(address)
        if "{n}" not in key:
            return True
        known = self._templates.get(key)
        if known is None:
            known = self._templates[key] = _Template()
        if known.asked >= self._limit and known.title is not None and not known.varied:
            return False
        known.asked += 1
        return True

    def saw(self, address: str, title: str) -> None:
        """Note the title of a page that was read; "" for a page without one."""
        known = self._templates.get(urls.template(address))
        if known is None or known.varied:
            return
        if known.title is None:
            known.title = hash(title)
        elif known.title != hash(title):
            known.varied = True
