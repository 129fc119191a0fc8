"""Endless URL spaces: templates that yield page after page under one title."""

from __future__ import annotations

from collections.abc import Callable

from crawler_core import url as urls
from crawler_core.config import TRAP_PAGES

SAMPLE = 16
"""Of so many waiting URLs one is looked at, to see what the queue is made of."""
_SAMPLES = 4
_WORTH_TELLING = 0.1
"""Share of the queue from which on a template is worth a word, and its samples at the least."""
_ALIKE = 30
"""Pages of a template that are read before their titles are taken for all alike."""


class _Template:
    __slots__ = ("asked", "is_told", "title", "varied")

    def __init__(self) -> None:
        self.asked = 0
        self.is_told = False
        self.title: int | None = None  # its hash: a site may have very many templates
        self.varied = False


class TrapGuard:
    """Counts pages by URL template (digits as {n}) and remembers whether titles differ.

    A page is counted when it is asked for, its title is known when it was parsed: pages
    that are under way while the limit is reached come on top of it.
    """

    def __init__(self, limit: int = TRAP_PAGES) -> None:
        self.limit = limit
        self._templates: dict[str, _Template] = {}

    def admits(self, address: str) -> bool:
        """Count a page about to be asked for; False when its template is used up."""
        key = urls.template(address)
        if "{n}" not in key:
            return True
        known = self._templates.get(key)
        if known is None:
            known = self._templates[key] = _Template()
        if known.asked >= self.limit and known.title is not None and not known.varied:
            return False
        known.asked += 1
        return True

    def news(self, address: str) -> str:
        """The template of a page that was not admitted, if that is the first one of it; else ""."""
        kind = urls.template(address)
        known = self._templates.get(kind)
        if known is None or known.is_told:
            return ""
        known.is_told = True
        return kind

    def saw(self, address: str, title: str) -> None:
        """Note the title of a page that was read; "" for a page without one."""
        known = self._templates.get(urls.template(address))
        if known is None or known.varied:
            return
        if known.title is None:
            known.title = hash(title)
        elif known.title != hash(title):
            known.varied = True

    def looks_endless(self, address_template: str) -> bool:
        """True when pages enough of a template were read and all of them had one title."""
        known = self._templates.get(address_template)
        return (
            known is not None
            and known.asked >= _ALIKE
            and known.title is not None
            and not known.varied
        )


class Crowd:
    """What the queue is made of: templates of every `SAMPLE`-th waiting URL."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._total = 0
        self._told: set[str] = set()

    def count(self, url_id: int, address_of: Callable[[int], str], by: int) -> None:
        """Note that a URL has come to wait (1), or does so no more (-1)."""
        if url_id % SAMPLE:
            return
        self._total += by
        kind = urls.template(address_of(url_id))
        if "{n}" not in kind:
            return
        left = self._counts.get(kind, 0) + by
        if left > 0:
            self._counts[kind] = left
        else:
            self._counts.pop(kind, None)

    def news(self, guard: TrapGuard) -> tuple[str, float] | None:
        """(template, share of the queue) of a likely trap that was not told of yet."""
        for kind, number in self._counts.items():
            is_much = number >= _SAMPLES and number >= _WORTH_TELLING * self._total
            if is_much and kind not in self._told and guard.looks_endless(kind):
                self._told.add(kind)
                return kind, number / self._total
        return None
