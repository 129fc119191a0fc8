"""URL templates: what addresses of one kind have in common, and which kinds grow suspiciously.

A trap (a calendar, a shop's filters, a folder that links into itself) is endless because one
template yields URL after URL. This room says which template an address has, and counts them.
"""

from __future__ import annotations

import msgspec

from crawler_core import url as urls
from crawler_core.model import UrlState

NEWEST = 1_000
"""URLs found last, among which a template's growth is seen."""
_REPEATED = 3
"""How often a folder's name stands in a path that winds back into itself."""
_NAMES = 8
"""Parameters that a template names; the others are "…"."""
_TEMPLATES = 20_000
"""Templates that are counted at once; beyond, those seen once are forgotten."""
_WORTH_IT = 10
"""Part of the templates that must have been forgotten for others to be taken in later."""
_TITLES = 500
"""Distinct titles of a template that are told apart."""
_ENOUGH = 5
"""Titles from which on it means something that they are equal."""


class Sighting(msgspec.Struct, frozen=True):
    """One template in numbers of URLs; they are estimates where the crawl is large."""

    template: str
    queued: int
    done: int
    kept_out: int
    share: float
    """Of all that waits, 0 to 1."""
    growth: float
    """Its share of the URLs found last (`NEWEST`), 0 to 1."""
    titled: int
    """Of the done ones: pages with a title."""
    titles: int
    """Distinct titles among these."""

    @property
    def sameness(self) -> float:
        """How much its pages are alike, 0 to 1; a half while too few of them are known."""
        if self.titled < _ENOUGH:
            return 0.5
        return 1.0 - (self.titles - 1) / self.titled

    @property
    def suspicion(self) -> float:
        """What it makes of the crawl's work, more so if its pages are alike; 0 to 1.

        What neither waits nor grows is no matter of concern any more.
        """
        return (2 * self.share + self.growth) / 3 * (0.2 + 0.8 * self.sameness)


class Survey(msgspec.Struct, frozen=True):
    """All templates of a crawl at one moment, the most suspicious first."""

    waiting: int = 0
    sampled: bool = False
    """True where the numbers are drawn from a sample of the URLs."""
    sightings: tuple[Sighting, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """One known URL as the radar looks at it."""

    address: str
    state: UrlState
    title: str | None
    """None while it is not a page that was read."""
    is_new: bool
    """Among the URLs found last."""


def template(address: str) -> str:
    """What `address` has in common with others of its kind; itself where it has no varying part.

    Digits become `{n}`, the values of parameters `{v}` (their names sorted, each once), and a
    path that holds a folder's name three times ends there with `{again}`.
    """
    place, mark, query = address.partition("?")
    winding = _winding(place) if place.count("/") >= _REPEATED + 3 else ""
    if winding:
        return urls.template(winding) + "/{again}"
    kind = urls.template(place)
    if not mark:
        return kind
    names = sorted({part.partition("=")[0] for part in query.split("&") if part})
    shown = [f"{name}={{v}}" for name in names[:_NAMES]] + ["…"] * (len(names) > _NAMES)
    return f"{kind}?{_no_digits('&'.join(shown))}"


def beginning(template_: str) -> str:
    """The text with which every address of a template begins."""
    return template_.partition("{")[0].partition("?")[0]


class Radar:
    """Counts the templates of URLs that are shown to it one by one."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}
        self._queued = 0
        self._new = 0
        self._is_full = False

    def see(self, seen: Seen) -> None:
        """Count one URL."""
        self._queued += seen.state is UrlState.WAITING
        self._new += seen.is_new
        kind = template(seen.address)
        if "{" not in kind:
            return
        track = self._tracks.get(kind)
        if track is None:
            if len(self._tracks) >= _TEMPLATES:
                self._forget()
            if self._is_full:
                return
            track = self._tracks[kind] = _Track()
        track.count(seen)

    def survey(self, waiting: int, scale: int, limit: int) -> Survey:
        """The `limit` most suspicious templates; each URL shown stands for `scale` ones."""
        found = [
            self._sighting(kind, track, scale)
            for kind, track in self._tracks.items()
            if track.total > 1
        ]
        found.sort(key=lambda each: (-each.suspicion, -each.queued, -each.done, each.template))
        return Survey(waiting, scale > 1, tuple(found[:limit]))

    def _forget(self) -> None:
        """Make room; if there is hardly any to be made, no more templates are taken in."""
        if self._is_full:
            return
        self._tracks = {k: t for k, t in self._tracks.items() if t.total > 1}
        self._is_full = len(self._tracks) > _TEMPLATES - _TEMPLATES // _WORTH_IT

    def _sighting(self, kind: str, track: _Track, scale: int) -> Sighting:
        return Sighting(
            template=kind,
            queued=track.states[UrlState.WAITING] * scale,
            done=track.states[UrlState.DONE] * scale,
            kept_out=track.states[UrlState.KEPT_OUT] * scale,
            share=track.states[UrlState.WAITING] / self._queued if self._queued else 0.0,
            growth=track.new / self._new if self._new else 0.0,
            titled=track.titled,
            titles=len(track.titles),
        )


class _Track:
    __slots__ = ("new", "states", "titled", "titles", "total")

    def __init__(self) -> None:
        self.total = self.new = self.titled = 0
        self.states = [0] * len(UrlState)
        self.titles: set[int] = set()

    def count(self, seen: Seen) -> None:
        self.total += 1
        self.states[seen.state] += 1
        self.new += seen.is_new and seen.state is not UrlState.KEPT_OUT
        if seen.title is not None:
            self.titled += 1
            if len(self.titles) < _TITLES:
                self.titles.add(hash(seen.title))


def _winding(place: str) -> str:
    """`place` up to the folder that comes back a third time; "" if none does."""
    root = urls.host_key(place)
    parts = place[len(root) + 1 :].split("/")
    times: dict[str, int] = {}
    for part in parts:
        times[part] = times.get(part, 0) + 1
        if part and times[part] >= _REPEATED:
            return f"{root}/{'/'.join(parts[: parts.index(part) + 1])}"
    return ""


def _no_digits(text: str) -> str:
    # `urls.template` wants a whole address; a query of names is none.
    return urls.template(f"http://x/{text}")[len("http://x/") :]
