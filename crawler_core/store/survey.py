"""Counting URLs by what their addresses look like: matches of patterns, and templates.

Both walk over all known URLs in short reads, and may be told to stop between two of them:
whoever types a pattern wants no more to know about the one before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from crawler_core.config import CrawlConfig
from crawler_core.model import UrlState
from crawler_core.patterns import compiled
from crawler_core.radar import NEWEST, Radar, Seen, Survey
from crawler_core.scope import CAPPED, EXCLUDED

_CHUNK = 2_000
_SURVEYED = 100_000
"""URLs that a survey looks at, at the most; of a larger crawl it takes every n-th."""
_STATES = {state.value: state for state in UrlState}

_ADDRESSES = (
    "SELECT id, state, address, start_chain FROM urls WHERE id > ? AND state <> "
    f"{UrlState.KEPT_OUT:d} ORDER BY id LIMIT {_CHUNK}"
)
_SEEN = (
    "SELECT u.id, u.state, u.address, CASE WHEN p.parsed THEN p.title END FROM urls AS u "
    "LEFT JOIN pages AS p ON p.url_id = u.id "
    f"WHERE u.id > ?1 AND u.id % ?2 = 0 ORDER BY u.id LIMIT {_CHUNK}"
)
_REASONS = (
    "SELECT reason, count(*) FROM urls "
    f"WHERE state = {UrlState.KEPT_OUT:d} AND substr(reason, 1, ?) = ? GROUP BY reason"
)


class Matches(msgspec.Struct, frozen=True):
    """How many URLs hold a pattern."""

    queued: int = 0
    """Waiting ones, which an exclude would keep out."""
    done: int = 0


class Cuts(msgspec.Struct, frozen=True):
    """What the driver cut off while the crawl ran, in the order in which it was done."""

    excluded: tuple[tuple[str, int], ...] = ()
    """Pattern, URLs that it keeps out."""
    caps: tuple[tuple[str, int, int], ...] = ()
    """Template, URLs that were asked for before it was capped, URLs that are kept out."""


def matches(
    connection: sqlite3.Connection, patterns: Sequence[str], go_on: Callable[[], bool]
) -> tuple[Matches, ...]:
    """Count for each pattern the URLs that hold it; () if told to stop.

    Start URLs count as done: nothing keeps them out. Raises ConfigError for what is no pattern.
    """
    searches = [compiled(pattern).search for pattern in patterns]
    queued, done = [0] * len(searches), [0] * len(searches)
    last = 0
    while rows := connection.execute(_ADDRESSES, (last,)).fetchall():
        if not go_on():
            return ()
        last = rows[-1][0]
        for _, state, address, is_start in rows:
            counts = queued if state == UrlState.WAITING and not is_start else done
            for place, search in enumerate(searches):
                if search(address):
                    counts[place] += 1
        time.sleep(0)  # whoever draws the screen may want the interpreter
    return tuple(Matches(q, d) for q, d in zip(queued, done, strict=True))


def cuts(connection: sqlite3.Connection, config: CrawlConfig) -> Cuts:
    """What the driver excluded and capped, and how many URLs each keeps out."""
    excluded, capped = (_kept_out_by(connection, begins) for begins in (EXCLUDED, CAPPED))
    return Cuts(
        tuple((pattern, excluded.get(EXCLUDED + pattern, 0)) for pattern in config.excluded),
        tuple((kind, limit, capped.get(CAPPED + kind, 0)) for kind, limit in config.caps),
    )


def survey(connection: sqlite3.Connection, limit: int, go_on: Callable[[], bool]) -> Survey:
    """The `limit` most suspicious templates of a crawl; an empty survey if told to stop."""
    newest, waiting = connection.execute(
        f"SELECT coalesce(max(id), 0), coalesce(sum(state = {UrlState.WAITING:d}), 0) FROM urls"
    ).fetchone()
    scale = max(1, -(-newest // _SURVEYED))  # rounded up
    radar = Radar()
    for seen in _walk(connection, scale, newest - NEWEST * scale):
        if not go_on():
            return Survey()
        for each in seen:
            radar.see(each)
        time.sleep(0)
    return radar.survey(waiting, scale, limit)


def _walk(connection: sqlite3.Connection, scale: int, old: int) -> Iterator[list[Seen]]:
    last = 0
    while rows := connection.execute(_SEEN, (last, scale)).fetchall():
        last = rows[-1][0]
        yield [
            Seen(address, _STATES[state], title, url_id > old)
            for url_id, state, address, title in rows
        ]


def _kept_out_by(connection: sqlite3.Connection, begins: str) -> dict[str, int]:
    return dict(connection.execute(_REASONS, (len(begins), begins)).fetchall())
