"""The tables of a store, what marks a file as ours, and how an older one is brought up.

The schema is a public format, described for people in docs/store.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from crawler_core.errors import StoreFormatError
from crawler_core.store import targets
from crawler_core.store.faults import primary_code

APPLICATION_ID = 0x43525754
"""ASCII "CRWT" in the header of the file (`PRAGMA application_id`)."""
VERSION = 3
"""`PRAGMA user_version`: goes up with every change of the tables."""

_URLS = """
CREATE TABLE urls (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    depth INTEGER NOT NULL,
    hops INTEGER NOT NULL,
    role INTEGER NOT NULL,
    internal INTEGER NOT NULL,
    state INTEGER NOT NULL,
    source INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    start_chain INTEGER NOT NULL DEFAULT 0,
    throttles INTEGER NOT NULL DEFAULT 0
);
"""
# One row for each page instead of one for each link: writing a page's links costs a tenth
# so (measured: 0.4 µs a link, 2 µs as a row of its own, 5 µs with an index on the target).
_LINKS = """
CREATE TABLE link_lists (
    source INTEGER PRIMARY KEY,
    links TEXT NOT NULL
);
CREATE VIEW links AS
SELECT
    lists.source AS source,
    item.key AS position,
    json_extract(item.value, '$[0]') AS target,
    json_extract(item.value, '$[1]') AS kind,
    json_extract(item.value, '$[2]') AS flags,
    coalesce(json_extract(item.value, '$[3]'), '') AS anchor,
    coalesce(json_extract(item.value, '$[4]'), '') AS rel,
    coalesce(json_extract(item.value, '$[5]'), '') AS fragment
FROM link_lists AS lists, json_each(lists.links) AS item;
"""

TABLES = f"""
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

{_URLS}
CREATE TABLE pages (
    serial INTEGER PRIMARY KEY,
    url_id INTEGER NOT NULL UNIQUE REFERENCES urls (id),
    outcome TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    status TEXT NOT NULL,
    broken INTEGER NOT NULL,
    indexability TEXT NOT NULL,
    indexability_status TEXT NOT NULL,
    content_type TEXT NOT NULL,
    is_html INTEGER NOT NULL,
    parsed INTEGER NOT NULL,
    size INTEGER,
    transferred INTEGER,
    response_time REAL,
    finished REAL NOT NULL,
    redirect_url TEXT NOT NULL,
    redirect_type TEXT NOT NULL,
    title TEXT NOT NULL,
    title_length INTEGER,
    description TEXT NOT NULL,
    description_length INTEGER,
    keywords TEXT NOT NULL,
    h1_1 TEXT NOT NULL,
    h1_1_length INTEGER,
    h1_2 TEXT NOT NULL,
    h1_2_length INTEGER,
    h2_1 TEXT NOT NULL,
    h2_1_length INTEGER,
    h2_2 TEXT NOT NULL,
    h2_2_length INTEGER,
    meta_robots TEXT NOT NULL,
    x_robots_tag TEXT NOT NULL,
    meta_refresh TEXT NOT NULL,
    canonical TEXT NOT NULL,
    word_count INTEGER,
    text_ratio REAL,
    hash TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    language TEXT NOT NULL,
    encoding TEXT NOT NULL,
    http_version TEXT NOT NULL,
    parser TEXT NOT NULL,
    links_cut INTEGER NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX pages_broken ON pages (serial, url_id) WHERE broken = 1;

CREATE TABLE headers (
    url_id INTEGER PRIMARY KEY,
    headers TEXT NOT NULL
);

{_LINKS}
{targets.TABLE}
CREATE TABLE element_ids (
    url_id INTEGER PRIMARY KEY,
    names TEXT NOT NULL
);

CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    not_before REAL NOT NULL DEFAULT 0,
    robots_text TEXT,
    robots_status INTEGER NOT NULL DEFAULT 0,
    robots_fetched REAL NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    rate REAL
) WITHOUT ROWID;
"""

NOFOLLOW = 1
"""Bit of `links.flags`: rel or the page's meta robots says nofollow."""
ONLY_FRAGMENT = targets.ONLY_FRAGMENT

_PACK_LINKS = f"""
CREATE TEMP TABLE link_rows AS SELECT * FROM links;
DROP TABLE links;
{_LINKS}
INSERT INTO link_lists (source, links)
SELECT source, json_group_array(json_array(target, kind, flags, anchor, rel, fragment))
FROM (SELECT * FROM link_rows ORDER BY source, position) GROUP BY source;
DROP TABLE link_rows;
CREATE TEMP TABLE url_rows AS SELECT * FROM urls;
DROP TABLE urls;
{_URLS}
INSERT INTO urls SELECT * FROM url_rows ORDER BY id;
DROP TABLE url_rows;
"""

MIGRATIONS: Mapping[int, str] = {1: _PACK_LINKS, 2: targets.TABLE + targets.FILL}
"""Version to the statements that lead from it to the next one."""


def build(path: Path, meta: Mapping[str, str]) -> None:
    """Make a store at `path`, which must not exist, with `meta` and nothing else in it.

    Nothing is synced: that is for the caller to do, once, before the file gets its name.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {VERSION}; {TABLES} "
        )
        connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", meta.items())
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def is_older(connection: sqlite3.Connection) -> bool:
    """True for a store that `migrate` has to bring up before it can be read."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version < VERSION


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older store to the present version, each step in one transaction."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    targets.teach(connection)
    for step in range(version, VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[step]}; PRAGMA user_version = {step + 1}; COMMIT;"
        )


def identify(path: Path) -> None:
    """Return if `path` is a store that this version reads; nothing is written or locked.

    Read as immutable: SQLite then makes no -wal and -shm beside a foreign database.
    Our marks are in the main file from the moment that it has its name. Raises
    StoreFormatError.
    """
    if not path.exists():
        raise StoreFormatError(
            f"There is no crawl at {path}: crawltui crawls lists those that there are."
        )
    if not path.is_file():
        raise StoreFormatError(f"{path} is not a file: name the file of a crawl.")
    marks = _marks(path)
    if marks is not None:
        _judge(path, *marks)


def verify(connection: sqlite3.Connection, path: Path) -> None:
    """Like `identify`, on the live database. Raises StoreFormatError and sqlite3.Error."""
    _judge(path, *_read_marks(connection))
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _judge(path: Path, application: int, version: int) -> None:
    if application != APPLICATION_ID:
        raise StoreFormatError(f"{path} is no crawl of crawltui: name another file.")
    if not 0 < version <= VERSION:
        raise StoreFormatError(
            f"{path} was made by a newer crawltui (format {version}, this one reads up to "
            f"{VERSION}): update crawltui to open it."
        )


def _read_marks(connection: sqlite3.Connection) -> tuple[int, int]:
    return (
        connection.execute("PRAGMA application_id").fetchone()[0],
        connection.execute("PRAGMA user_version").fetchone()[0],
    )


def _marks(path: Path) -> tuple[int, int] | None:
    """Application id and version; None if only the live database can tell.

    A checkpoint cut short leaves a main file that is damaged without its -wal.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
        try:
            return _read_marks(connection)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if (
            primary_code(error) == sqlite3.SQLITE_CORRUPT
            and path.with_name(path.name + "-wal").exists()
        ):
            return None
        if primary_code(error) == sqlite3.SQLITE_CORRUPT:
            raise StoreFormatError(
                f"{path} is damaged, perhaps cut short by a copy: restore it or crawl again."
            ) from error
        if primary_code(error) == sqlite3.SQLITE_CANTOPEN:
            raise StoreFormatError(
                f"{path} cannot be read: check its permissions or name another file."
            ) from error
        raise StoreFormatError(f"{path} is no crawl of crawltui: name another file.") from error
