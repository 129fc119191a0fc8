"""The readers of a crawl: read-only connections that never hold the writer back.

A reader sees what is committed, also while another process writes, and on a closed crawl.
What screens read again and again is short, so that SQLite's -wal can be folded in between; an
export, `why` and the copies for searches hold one read open for seconds in a large crawl.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crawler_core import url as urls
from crawler_core.config import CrawlConfig
from crawler_core.model import Outcome, UrlState
from crawler_core.radar import Survey
from crawler_core.snapshot import HostView
from crawler_core.store import (
    cases,
    facts,
    files,
    linklists,
    paths,
    plans,
    report,
    schema,
    settings,
    survey,
    upkeep,
    views,
)
from crawler_core.store.copies import Copies
from crawler_core.store.counts import AllLinkCounts
from crawler_core.store.detail import read_detail
from crawler_core.store.faults import primary_code, translating
from crawler_core.store.idlists import read_ids
from crawler_core.store.linklists import Edge
from crawler_core.store.rows import (
    BrokenSource,
    BrokenTarget,
    Detail,
    ResultRow,
    SkippedRow,
    Summary,
    View,
)
from crawler_core.store.shape import Shape, advance
from crawler_core.store.survey import Cuts, Matches
from crawler_core.store.tree import Folders, folders
from crawler_core.why import Case, Step, Why, explain

_SORTING_KIB = 64 * 1024
"""Cache of a reader that sorts a million rows: twice as fast as with SQLite's usual 2 MB."""
_CHUNK = 500
"""Ids in one IN list."""

_ROWS = (
    "SELECT u.id, u.address, p.status_code, p.status, p.outcome, p.content_type, p.title, "
    "u.depth, p.size, p.response_time, u.internal, p.indexability, p.indexability_status, "
    "p.redirect_url, p.broken, p.title_length, p.word_count, p.description, p.h1_1, p.canonical "
    "FROM pages AS p JOIN urls AS u ON u.id = p.url_id "
    "WHERE p.url_id IN "
)
_BROKEN = (
    "SELECT u.id, u.address, p.status_code, p.status, p.outcome, u.internal FROM pages AS p "
    "JOIN urls AS u ON u.id = p.url_id WHERE p.broken = 1 ORDER BY p.serial LIMIT ? OFFSET ?"
)
_SKIPPED = (
    "SELECT u.id, u.address, u.reason, coalesce(s.address, '') FROM urls AS u "
    "LEFT JOIN urls AS s ON s.id = u.source "
    f"WHERE u.state = {UrlState.KEPT_OUT:d} ORDER BY u.id LIMIT ? OFFSET ?"
)


class StoreReader:
    """Reads one crawl; threads that share one read in turn, never at once.

    All methods raise EnvironmentRefused or StoreFormatError when the disk or the file
    fails them.
    """

    def __init__(self, path: Path) -> None:
        """Raises StoreFormatError (missing, damaged, foreign, newer) and EnvironmentRefused.

        A store of an older version is brought up first; that raises StoreInUse as well.
        """
        self.path = path.resolve()
        with files.refusing(self.path):
            self._connection = files.connect_reader(self.path)
            if schema.is_older(self._connection):
                self._connection.close()
                upkeep.bring_up(self.path)
                self._connection = files.connect_reader(self.path)
        self._copies = Copies(self._connection)

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one moment of the crawl."""
        with translating(self.path):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def config(self) -> CrawlConfig:
        """What the crawl was asked to do. Raises StoreFormatError."""
        return settings.decode(self.meta("config"), self.path)

    def meta(self, key: str) -> str | None:
        """A fact about the whole crawl; None if it was never told."""
        rows = self._read("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def summary(self) -> Summary:
        """The crawl in numbers, counted anew."""
        with self.snapshot():
            states = self._counts("SELECT state, count(*) FROM urls GROUP BY state")
            return Summary(
                state=self.meta("state") or "",
                start_urls=self.config().start_urls,
                started=self._moment("started"),
                finished=self._moment("finished"),
                elapsed=self._moment("elapsed"),
                found=sum(states.values()),
                done=states.get(UrlState.DONE, 0),
                waiting=states.get(UrlState.WAITING, 0),
                kept_out=states.get(UrlState.KEPT_OUT, 0),
                internal_done=self.count(View("pages")),
                broken=self.broken_count(),
                outcomes=self._counts("SELECT outcome, count(*) FROM pages GROUP BY outcome"),
                statuses=self._counts(
                    "SELECT cast(status_code AS TEXT), count(*) FROM pages GROUP BY status_code"
                ),
                skipped=self._counts(
                    f"SELECT reason, count(*) FROM urls WHERE state = {UrlState.KEPT_OUT:d} "
                    "GROUP BY reason ORDER BY count(*) DESC, reason"
                ),
                bytes=self._read("SELECT coalesce(sum(transferred), 0) FROM pages")[0][0],
            )

    def ids(self, view: View, after: int = 0, limit: int | None = None) -> array[int]:
        """URL ids of `view` in its order; with `after`, those finished later than that serial."""
        most = -1 if limit is None else limit
        if after or not self._copies.ready:
            condition, values = views.where(view, after)
            return self._ids(f"SELECT p.url_id {condition} {views.order(view)}", values, most)
        for plan in plans.plans(view, self._copies.mark, limit):
            found = self._ids(plan.ids(), plan.values, most)
            if not plan.attempt or len(found) == limit:
                break
        return found

    def prepare(self) -> bool:
        """Do a part of getting ready for many searches; True when there is nothing left to do.

        All parts take 10 s for a million pages, see `Copies.bring_up`; then searches are fast,
        and what finished since is taken in. Does nothing for a small crawl, and without a disk
        that has room for it.
        """
        with translating(self.path):
            try:
                self._connection.execute(f"PRAGMA cache_size = -{_SORTING_KIB}")
                return self._copies.bring_up()
            except sqlite3.OperationalError as error:
                if primary_code(error) not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
                    raise
                self._copies.give_up()
                return True

    def follow(self, view: View, after: int) -> tuple[array[int], int]:
        """Ids of `view` that finished later than serial `after`, and the serial to go on from.

        Costs only what is new. A page that was fetched again comes again; one that waits
        again has no row until then.
        """
        with self.snapshot():
            newest = self._newest(copied=not after)
            if newest <= after:
                return array("q"), after
            return self.ids(View(view.kind, view.text), after), newest

    def tail(self, view: View, limit: int) -> tuple[array[int], int]:
        """The last ids of `view` in the order of finishing, and the serial to follow on from."""
        with self.snapshot():
            newest = self._newest(copied=True)
            ids = self.ids(View(view.kind, view.text, reverse=True), limit=limit)
            ids.reverse()
            return ids, newest

    def count(self, view: View) -> int:
        """How many URLs `view` has."""
        if self._copies.ready:
            plan = plans.count(view, self._copies.mark)
            return int(self._read(f"SELECT count(*) {plan.body}", plan.values)[0][0])
        condition, values = views.where(view)
        return int(self._read(f"SELECT count(*) {condition}", values)[0][0])

    def tally(self, wanted: Sequence[View]) -> list[int]:
        """How many URLs each of several views has: one pass for all of them."""
        if len(wanted) < 2:
            return [self.count(view) for view in wanted]
        if self._copies.ready:
            statement, values = plans.tally(wanted, self._copies.mark)
        else:
            statement, values = views.tally([views.condition_of(view) for view in wanted])
        return [count or 0 for count in self._read(statement, values)[0]]

    def interrupt(self) -> None:
        """Let what another thread reads with this reader end at once, with a CrawlError."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed in the meantime
            self._connection.interrupt()

    def be_brief(self, seconds: float) -> None:
        """Wait no longer than so for a file that another program has locked."""
        self._connection.execute(f"PRAGMA busy_timeout = {int(1000 * seconds)}")

    def rows(self, ids: Sequence[int]) -> list[ResultRow]:
        """The lines of the given URLs, in that order; those not done are left out."""
        found: dict[int, ResultRow] = {}
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            for row in self._read(f"{_ROWS} ({', '.join('?' * len(part))})", tuple(part)):
                found[row[0]] = _result(row)
        return [found[url_id] for url_id in ids if url_id in found]

    def find(self, address: str) -> int | None:
        """The id of an address, exactly as stored; None if it is unknown."""
        rows = self._read("SELECT id FROM urls WHERE address = ?", (address,))
        return rows[0][0] if rows else None

    def broken_count(self) -> int:
        """How many URLs are broken."""
        return self.count(View("broken"))

    def broken(self, limit: int, offset: int = 0, sources: int = 3) -> list[BrokenTarget]:
        """Broken URLs in the order in which they were found, each with its first sources."""
        with self.snapshot():
            rows = self._read(_BROKEN, (limit, offset))
            found: dict[int, list[tuple[int, Edge]]] = {row[0]: [] for row in rows}
            counts = dict.fromkeys(found, 0)
            for source, edge in linklists.edges_to(self._connection, found):
                if report.holds(edge):
                    counts[edge.target_id] += 1
                    if len(found[edge.target_id]) < sources:
                        found[edge.target_id].append((source, edge))
            ids = (source for links in found.values() for source, _ in links)
            ends = linklists.ends(self._connection, ids)
            return [
                BrokenTarget(
                    *(url_id, address, code, status, Outcome(outcome), bool(internal)),
                    links=counts[url_id],
                    sources=tuple(
                        BrokenSource(ends[source].address, edge.anchor, edge.kind)
                        for source, edge in found[url_id]
                    ),
                )
                for url_id, address, code, status, outcome, internal in rows
            ]

    def detail(self, url_id: int) -> Detail | None:
        """All of one URL, done or not; None if the id is unknown."""
        with self.snapshot():
            return read_detail(self._connection, url_id)

    def shape(self, known: Shape | None = None) -> Shape:
        """How the crawl went, counted on from what is known; see `shape.advance`."""
        with self.snapshot():
            return advance(self._connection, known)

    def folders(self, address: str = "") -> Folders:
        """What lies in a folder, the largest first; in "" lie the hosts."""
        with self.snapshot():
            return folders(self._connection, address)

    def why(
        self, url_id: int, addresses: Sequence[str], hosts: Sequence[HostView] = ()
    ) -> tuple[Why, Case, tuple[Step, ...]]:
        """Why a URL is where it is, what is known of it, and the shortest way to it.

        It is named by its id, or, if that is 0, by addresses of which the first known one
        is meant. `hosts` are the states of hosts while the crawl runs.
        """
        with self.snapshot():
            if not url_id:
                url_id, address = cases.find_first(self._connection, addresses)
                addresses = [address]
            case = cases.read_case(self._connection, url_id, next(iter(addresses), ""))
            sites, folders = (
                tuple(json.loads(self.meta(name) or "[]")) for name in ("sites", "folders")
            )
            key = urls.host_key(case.address) if "://" in case.address else ""
            host = next((host for host in hosts if host.host == key), None)
            way = paths.shortest(self._connection, url_id) if url_id else ()
            return explain(case, self.config(), sites, folders, host), case, way

    def matches(
        self, patterns: Sequence[str], go_on: Callable[[], bool] = lambda: True
    ) -> tuple[Matches, ...]:
        """How many URLs hold each of some patterns; () if `go_on` says no on the way."""
        with translating(self.path):
            return survey.matches(self._connection, patterns, go_on)

    def survey(self, limit: int, go_on: Callable[[], bool] = lambda: True) -> Survey:
        """The URL templates that look most like traps; see `radar`."""
        with translating(self.path):
            return survey.survey(self._connection, limit, go_on)

    def cuts(self) -> Cuts:
        """What the driver excluded and capped while the crawl ran."""
        with self.snapshot():
            return survey.cuts(self._connection, self.config())

    def skipped(self, limit: int, offset: int = 0) -> list[SkippedRow]:
        """URLs kept out of the crawl, in the order in which they were found."""
        return [SkippedRow(*row) for row in self._read(_SKIPPED, (limit, offset))]

    def pages(self, internal: bool) -> Iterator[dict[str, Any]]:
        """Rows of the export of internal or external URLs, by crawl depth, then address."""
        for values in self.page_values(internal):
            yield dict(zip(facts.NAMES, values, strict=True))

    def page_values(self, internal: bool) -> Iterator[list[Any]]:
        """The same, as the bare values."""
        with self.snapshot():
            ids = facts.ordered_pages(self._connection, internal)
            counts = AllLinkCounts(self._connection)
            yield from facts.page_values(self._connection, ids, counts)

    def view_values(self, view: View) -> Iterator[list[Any]]:
        """The same, of the URLs of `view` in its order."""
        with self.snapshot():
            ids = self.ids(view)
            counts = AllLinkCounts(self._connection)
            yield from facts.page_values(self._connection, ids, counts)

    def links(self) -> Iterator[dict[str, Any]]:
        """Rows of the export of links."""
        with self.snapshot():
            yield from report.links(self._connection)

    def broken_links(self) -> Iterator[dict[str, Any]]:
        """Rows of the export of broken links."""
        with self.snapshot():
            yield from report.broken_links(self._connection)

    def skipped_rows(self) -> Iterator[dict[str, Any]]:
        """Rows of the export of URLs kept out."""
        with self.snapshot():
            yield from report.skipped(self._connection)

    def _newest(self, *, copied: bool) -> int:
        if copied and self._copies.ready:
            return self._copies.mark
        return int(self._read("SELECT coalesce(max(serial), 0) FROM pages")[0][0])

    def _ids(self, statement: str, values: Sequence[views.Value], most: int) -> array[int]:
        with translating(self.path):
            return read_ids(self._connection, f"{statement} LIMIT ?", (*values, most))

    def _read(self, statement: str, values: Sequence[views.Value] = ()) -> list[tuple[Any, ...]]:
        with translating(self.path):
            return self._connection.execute(statement, values).fetchall()

    def _counts(self, statement: str) -> dict[Any, int]:
        return dict(self._read(statement))

    def _moment(self, key: str) -> float:
        return float(self.meta(key) or 0)


def _result(row: tuple[Any, ...]) -> ResultRow:
    url_id, address, code, status, outcome, *rest = row
    content_type, title, depth, size, seconds, internal, fit, why, target, broken, *more = rest
    return ResultRow(
        *(url_id, address, code, status, Outcome(outcome)),
        *(content_type, title, depth, size, seconds),
        *(bool(internal), fit, why, target, bool(broken), *more),
    )
