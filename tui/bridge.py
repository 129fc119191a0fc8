"""What the screens know of the world below them: a client, a session and rows, as protocols.

The engine runs in another process. A screen reads a frozen snapshot a few times a second,
sends commands, and reads the crawl file over a read-only connection: three small faces,
so that a real crawl, a file that is looked at and a made-up one in a test are the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from crawler_core.commands import AnyCommand
from crawler_core.config import Speed
from crawler_core.snapshot import FINAL_STATES, HostView, Snapshot

if TYPE_CHECKING:
    from crawler_core.radar import Survey
    from crawler_core.store.rows import BrokenTarget, Detail, ResultRow, View
    from crawler_core.store.shape import Shape
    from crawler_core.store.survey import Cuts, Matches
    from crawler_core.store.tree import Folders
    from crawler_core.why import Case, Step, Why

Export = Literal["pages", "broken", "external", "links", "skipped"]


class StartOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the start screen asks for; all else keeps its default."""

    url: str
    """As typed: it may lack a scheme."""
    speed: Speed | None = None
    """None: as the kind of host demands."""
    resources: bool = True
    external: bool = True
    subdomains: bool = False
    max_pages: int | None = None
    max_time: float | None = None
    """Seconds."""


class RecentCrawl(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of earlier crawls."""

    path: Path
    site: str
    started: float
    """Unix time."""
    state: str
    """running, finished, stopped, incomplete or failed; "running" is one of another process."""
    done: int
    found: int
    broken: int

    @property
    def resumable(self) -> bool:
        """True when something is left to do and nobody does it."""
        return self.state in {"stopped", "incomplete"}


class CsvWish(msgspec.Struct, frozen=True):
    """A CSV that is written when the crawl ends, as the command line asked for it."""

    target: Path
    bom: bool = False


class Client(Protocol):
    """One crawl, seen from a screen. Nothing here ever blocks, but `close`."""

    @property
    def read_only(self) -> bool:
        """True when commands are not sent: a file that is looked at, or another's crawl."""

    @property
    def store(self) -> Path:
        """The crawl file."""

    @property
    def note(self) -> str:
        """A phrase for the header, such as that the site is a sample; "" without one."""

    def snapshot(self) -> Snapshot | None:
        """The newest state known; None before the first one."""

    def send(self, command: AnyCommand) -> None:
        """Hand a command to the engine."""

    def close(self, *, wait: float = ...) -> None:
        """Let go of the crawl, waiting at most `wait` seconds: the engine then ends in order."""


class Rows(Protocol):
    """The crawl file as the screens read it; threads that share one read in turn."""

    def ids(self, view: View, after: int = 0, limit: int | None = None) -> array[int]:
        """The ids of a view's rows, in its order."""

    def follow(self, view: View, after: int) -> tuple[array[int], int]:
        """The ids of rows that finished after a serial number, and the number to go on from."""

    def count(self, view: View) -> int:
        """How many rows a view has."""

    def tally(self, wanted: Sequence[View]) -> list[int]:
        """How many rows each of several views has."""

    def tail(self, view: View, limit: int) -> tuple[array[int], int]:
        """The ids that finished last, in this order, and the number to follow on from."""

    def rows(self, ids: Sequence[int]) -> list[ResultRow]:
        """The rows of some ids; what is not done is left out."""

    def prepare(self) -> bool:
        """Do a part of getting ready for many searches; True when nothing is left to do."""

    def interrupt(self) -> None:
        """Called from another thread: let what is read now end at once, with a CrawlError."""

    def be_brief(self, seconds: float) -> None:
        """Wait no longer than so for a file that another program has locked."""

    def broken(self, limit: int, offset: int = 0, sources: int = 3) -> list[BrokenTarget]:
        """Broken targets, each with the first pages that hold a link to it."""

    def broken_count(self) -> int:
        """How many URLs are broken."""

    def detail(self, url_id: int) -> Detail | None:
        """All that is known of one URL; None if the id is unknown."""

    def find(self, address: str) -> int | None:
        """The id of an address; None if it is unknown."""

    def shape(self, known: Shape | None = None) -> Shape:
        """How the crawl went over time, how deep, large and slow it is; from what is known on."""

    def folders(self, address: str = "") -> Folders:
        """What lies in a folder of the site; in "" lie the hosts."""

    def why(
        self, url_id: int, addresses: Sequence[str], hosts: Sequence[HostView] = ()
    ) -> tuple[Why, Case, Sequence[Step]]:
        """Why a URL (by id, or the first known of some addresses) is where it is."""

    def matches(
        self, patterns: Sequence[str], go_on: Callable[[], bool] = ...
    ) -> Sequence[Matches]:
        """How many URLs hold each pattern; nothing if `go_on` says no on the way."""

    def survey(self, limit: int, go_on: Callable[[], bool] = ...) -> Survey:
        """The URL templates that look most like traps."""

    def cuts(self) -> Cuts:
        """What was excluded and capped while the crawl ran."""

    def close(self) -> None:
        """Let go of the file."""


class Session(Protocol):
    """What may be opened. Calls may take a while: they are made in threads.

    All of them raise CrawlError with a sentence for people.
    """

    def start(self, options: StartOptions) -> Client:
        """Start a crawl."""

    def resume(self, store: Path) -> Client:
        """Go on with a crawl."""

    def look(self, store: Path) -> Client:
        """Look at a crawl, read-only."""

    def demo(self) -> Client:
        """Crawl the built-in sample site."""

    def recent(self) -> Sequence[RecentCrawl]:
        """Earlier crawls, newest first."""

    def rows(self, store: Path) -> Rows:
        """Open a crawl file for reading, for the thread that asks."""

    def view(self, kind: str, text: str = "", sort: str = "", reverse: bool = False) -> View:
        """Name a selection of rows: a kind, a text to filter by, a column to sort by."""

    def export(
        self, store: Path, target: Path, what: Export, *, bom: bool, view: View | None = None
    ) -> int:
        """Write a CSV, of the rows of `view` if there is one; the number of rows written."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the app ended: what is needed to print the summary on the normal screen."""

    reason: str
    """quit, interrupt, terminate or hangup."""
    exit_code: int
    """0 after `quit`, else 130, 143 or 129."""
    snapshot: Snapshot | None = None
    """The last one seen; None when no crawl was opened."""
    store: Path | None = None
    last_screen: str = ""
    """The last screen with its colours as terminal codes, if it was asked for."""
    csv_rows: int | None = None
    """Rows of the CSV that was wished for, if the whole crawl was written to it."""
    only_looked: bool = False
    """The crawl was that of others, or over: nothing was done to it."""


UNSEEN = "known only while a crawl runs"
"""What is said of workers, futures and hosts where `is_unseen`."""


def is_unseen(snapshot: Snapshot) -> bool:
    """Whether nobody runs the crawl: its file tells of no worker, no future and no host."""
    return is_final(snapshot) and not snapshot.fetch.maximum


def is_final(snapshot: Snapshot | None) -> bool:
    """Whether a crawl changes no more."""
    return snapshot is not None and snapshot.state in FINAL_STATES
