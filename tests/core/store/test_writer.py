"""What goes into a store comes out of it, and nothing is half written."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crawler_core.config import CrawlConfig
from crawler_core.errors import (
    ConfigError,
    CrawlError,
    EnvironmentRefused,
    StoreFormatError,
    StoreInUse,
)
from crawler_core.model import LinkKind, Outcome, Role, UrlRow, UrlState
from crawler_core.store import schema
from crawler_core.store.linklists import Edge, Packed
from crawler_core.store.lock import StoreLock
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import HostRow
from crawler_core.store.writer import Store
from tests.stores import build_store, config, fill, link, parsed, record, url_row

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test may make its store."""
    return tmp_path / "a.crawl"


def test_configuration_round_trip(path: Path) -> None:
    """A resumed crawl gets exactly the configuration that it was created with."""
    wanted = config(max_pages=7, include=("a+", "b"), rate=2.5, speed="gentle", subdomains=True)
    Store.create(path, wanted, version="1.2").close()
    store = Store.open(path)
    assert (store.config, store.meta("version")) == (wanted, "1.2")
    store.close()


def test_more_parse_workers_than_this_machine_allows(path: Path) -> None:
    """A store from a machine with more CPUs opens; the workers are cut to what is allowed."""
    Store.create(path, config(), version="1").close()
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE meta SET value = json_set(value, '$.parse_workers', 4096) WHERE key = 'config'"
    )
    connection.commit()
    connection.close()
    with StoreReader(path) as reader:
        assert 0 < reader.config().parse_workers < 4096


def test_urls_round_trip(path: Path) -> None:
    """Every field of a URL survives, in the order of the ids, and so does a change of it."""
    first = UrlRow(1, "http://site.test/", 0, 0, Role.CRAWL, True, UrlState.WAITING, 0, "", 0, 1)
    second = UrlRow(
        2, "http://x.test/é", 3, 2, Role.CHECK, False, UrlState.KEPT_OUT, 1, "why", 4, 0, 5
    )
    store = Store.create(path, config(), version="1")
    store.add_url(second)
    store.add_url(first)
    assert list(store.urls()) == [first, second]
    changed = UrlRow(2, "http://x.test/é", 1, 0, Role.CRAWL, True, UrlState.WAITING, 7, "", 1, 2, 0)
    store.update_url(changed)
    store.set_attempts(1, 3, 2)
    store.close()
    again = Store.open(path)
    rows = list(again.urls())
    assert (rows[0].attempts, rows[0].throttles, rows[1]) == (3, 2, changed)
    again.close()


def test_urls_may_be_read_while_they_change(path: Path) -> None:
    """Walking over all URLs sees each once although rows are written in between."""
    store = Store.create(path, config(), version="1")
    for n in range(1, 12_001):
        store.add_url(url_row(n, f"http://site.test/{n}"))
    seen = []
    for row in store.urls():
        seen.append(row.url_id)
        if row.url_id % 1000 == 0:
            store.set_attempts(row.url_id, 1)
            store.commit()
    assert seen == list(range(1, 12_001))
    store.close()


def test_links_are_seen_before_the_commit(path: Path) -> None:
    """The writer reads back a page's links, in order and with all their facts, at once."""
    store = Store.create(path, config(), version="1")
    store.add_url(url_row(1, "http://site.test/"))
    links: list[Packed] = [
        (1, LinkKind.ANCHOR, 1, "a", "nofollow ugc", "top"),
        (2, LinkKind.IMAGE, 3, "b"),
        (1, LinkKind.AREA, 2, "", "", "end"),
        (1, LinkKind.FRAME, 0, ""),
    ]
    store.finish(record(1, "http://site.test/", page=parsed()), links)
    found = store.links_from(1)
    assert found == [Edge(*link) for link in links]
    assert [edge.nofollow for edge in found] == [True, True, False, False]
    assert store.outcome_of(1) == (Outcome.OK, 200, True)
    assert store.outcome_of(2) is None
    with StoreReader(path) as reader:
        assert reader.summary().done == 0
        store.commit()
        assert reader.summary().done == 1
    store.close()


def test_many_words_on_one_url_before_the_commit(path: Path) -> None:
    """Whatever is said of a URL within one transaction, the last word holds."""
    store = Store.create(path, config(), version="1")
    address = "http://site.test/"
    store.add_url(url_row(1, address, depth=5))
    store.update_url(url_row(1, address, depth=4))
    store.set_attempts(1, 2, 1)
    store.keep_out(1, "too deep")
    store.update_url(url_row(1, address, depth=3))
    store.finish(record(1, address, page=parsed("old"), attempts=3), [link(1, 1)])
    store.update_url(url_row(1, address, depth=2))
    assert store.outcome_of(1) is None
    assert store.links_from(1) == []
    store.finish(record(1, address, page=parsed("new"), attempts=1), [])
    store.update_url(url_row(1, address, depth=1, state=UrlState.DONE))
    store.commit()
    assert [(row.depth, row.state, row.reason) for row in store.urls()] == [(1, UrlState.DONE, "")]
    assert [row.title for row in store.done_rows()] == ["new"]
    assert store.links_from(1) == []
    store.close()


def test_a_large_transaction_is_not_kept_in_memory(path: Path) -> None:
    """Pages, URLs and links beyond a bound are handed to SQLite before the commit."""
    store = Store.create(path, config(), version="1")
    pile = store._pile
    most = 0
    for n in range(1, 20_001):
        store.add_url(url_row(n, f"http://site.test/{n}"))
        most = max(most, len(pile))
    for n in range(1, 1_001):
        store.finish(record(n, f"http://site.test/{n}", page=parsed()), [link(n, n)] * 5)
        most = max(most, len(pile))
    assert 100 < most < 5_000
    assert store.pending == 1_000
    with StoreReader(path) as reader:
        assert reader.summary().found == 0
        store.commit()
        found = reader.summary()
        assert (found.found, found.done) == (20_000, 1_000)
    store.close()


def test_a_page_fetched_again_replaces_the_first(path: Path) -> None:
    """A second finish leaves one row, the new links only, and a later serial."""
    store = Store.create(path, config(), version="1")
    store.add_url(url_row(1, "http://site.test/"))
    store.add_url(url_row(2, "http://site.test/2"))
    store.finish(record(1, "http://site.test/", page=parsed("old")), [link(1, 2), link(1, 1)])
    store.finish(record(2, "http://site.test/2"), [])
    store.finish(record(1, "http://site.test/", page=parsed("new"), attempts=3), [link(1, 1)])
    assert [edge.target_id for edge in store.links_from(1)] == [1]
    assert [(row.url_id, row.title) for row in store.done_rows()] == [(2, ""), (1, "new")]
    assert next(store.urls()).attempts == 3
    assert store.pending == 3
    store.commit()
    assert store.pending == 0
    store.close()


def test_a_page_that_waits_again_has_no_row(path: Path) -> None:
    """Reopening or keeping out a done URL drops its row and its links with it."""
    store = Store.create(path, config(), version="1")
    for n in (1, 2):
        store.add_url(url_row(n, f"http://site.test/{n}"))
        store.finish(record(n, f"http://site.test/{n}", page=parsed()), [link(n, 1)])
    store.update_url(url_row(1, "http://site.test/1"))
    store.keep_out(2, "excluded")
    assert list(store.done_rows()) == []
    assert store.links_from(1) + store.links_from(2) == []
    assert [(row.state, row.reason) for row in store.urls()] == [
        (UrlState.WAITING, ""),
        (UrlState.KEPT_OUT, "excluded"),
    ]
    store.close()


def test_hosts_keep_what_is_not_named(path: Path) -> None:
    """Saving some fields of a host leaves its others as they were."""
    store = Store.create(path, config(), version="1")
    store.save_host("http://a.test", robots_text="User-agent: *", robots_status=200)
    store.save_host("http://a.test", not_before=12.5, requests=3, rate=0.5)
    store.save_host("http://b.test", state="given up", note="503 all the time")
    store.save_host("http://b.test")
    expected = [
        HostRow(
            "http://a.test",
            12.5,
            robots_text="User-agent: *",
            robots_status=200,
            requests=3,
            rate=0.5,
        ),
        HostRow("http://b.test", state="given up", note="503 all the time"),
    ]
    store.close()
    again = Store.open(path)
    assert list(again.hosts()) == expected
    with pytest.raises(TypeError, match="colour"):
        again.save_host("http://a.test", colour="red")
    again.close()


def test_lengths_beyond_sqlites_integers(path: Path) -> None:
    """A Content-Length that no integer of SQLite holds is stored as the largest one."""
    huge = record(1, "http://site.test/")
    assert huge.result is not None
    result = type(huge.result)(**{**_fields(huge.result), "size": 10**30})
    store = Store.create(path, config(), version="1")
    store.add_url(url_row(1, "http://site.test/"))
    store.finish(type(huge)(**{**_fields(huge), "result": result}), [])
    store.close()
    with StoreReader(path) as reader:
        assert [row.size for row in reader.rows([1])] == [2**63 - 1]


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}  # type: ignore[attr-defined]


def test_create_never_overwrites(path: Path) -> None:
    """A file in the way is refused and left alone; --force replaces crawls, nothing else."""
    path.write_text("dear diary")
    with pytest.raises(ConfigError, match="--force"):
        Store.create(path, config(), version="1")
    with pytest.raises(StoreFormatError, match="no crawl of crawltui"):
        Store.create(path, config(), version="1", force=True)
    assert path.read_text() == "dear diary"
    path.unlink()
    build_store(path, 20)
    store = Store.create(path, config(max_pages=1), version="1", force=True)
    assert (list(store.urls()), store.config.max_pages) == ([], 1)
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]


@pytest.mark.parametrize("place", ["missing/a.crawl", "file/a.crawl"])
def test_a_folder_that_does_not_do(tmp_path: Path, place: str) -> None:
    """A store in a folder that is none is refused in one sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentRefused, match="cannot be written"):
        Store.create(tmp_path / place, config(), version="1")


def test_disk_full_rolls_back_and_stays_refused(path: Path) -> None:
    """When the file cannot grow, the last commit stands, and nothing is written after it."""
    store = Store.create(path, config(), version="1")
    fill(store, 20)
    store.commit()
    connection = store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(EnvironmentRefused, match="disk is full"):
        _write_until_refused(store)
    for write in (store.commit, lambda: store.set_meta("a", "b")):
        with pytest.raises(EnvironmentRefused, match="disk is full"):
            write()
    store.abandon()
    again = Store.open(path)
    assert len(list(again.done_rows())) == 20
    fill_more(again, 1000)
    again.close()


def _write_until_refused(store: Store) -> None:
    for n in range(100, 10_000):
        fill_more(store, n)


def fill_more(store: Store, n: int) -> None:
    """Add and finish one more page."""
    store.add_url(url_row(n, f"http://site.test/more/{n}"))
    page = parsed(f"Page {n}" * 100)
    store.finish(record(n, f"http://site.test/more/{n}", page=page), [link(n, n)] * 20)


def test_a_file_size_limit_is_a_full_disk(path: Path) -> None:
    """A write that the kernel refuses ends in one sentence, and the store can be resumed."""
    build_store(path, 20)
    program = (
        "import sys; from pathlib import Path; from crawler_core.store.writer import Store;"
        "from tests.core.store.test_writer import run_out; run_out(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "a.crawl" in done.stdout
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    store = Store.open(path)
    done_pages = len(list(store.done_rows()))
    assert done_pages == sum(row.state is UrlState.DONE for row in store.urls())
    assert done_pages >= 20
    store.close()


def run_out(path: Path) -> None:
    """Write pages under a limit of file sizes until refused; say why on stdout."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store.open(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    try:
        for n in range(100, 10_000):
            fill_more(store, n)
            store.commit()
    except EnvironmentRefused as error:
        print(error)  # noqa: T201
    store.abandon()


def test_our_own_mistake_commits_nothing_of_the_page(path: Path) -> None:
    """A text that cannot be encoded takes the whole page back, and the store refuses more."""
    store = Store.create(path, config(), version="1")
    store.add_url(url_row(1, "http://site.test/"))
    store.commit()
    with pytest.raises(UnicodeEncodeError):
        store.finish(record(1, "http://site.test/", page=parsed()), [link(1, 1, anchor="\ud800")])
    with pytest.raises(CrawlError):
        store.commit()
    store.close()
    again = Store.open(path)
    assert [row.state for row in again.urls()] == [UrlState.WAITING]
    assert again.outcome_of(1) is None
    again.close()


def test_closed_is_closed(path: Path) -> None:
    """A second close does nothing, and a write after it is refused."""
    store = Store.create(path, config(), version="1")
    store.set_meta("a", "b")
    store.close()
    store.close()
    with pytest.raises(EnvironmentRefused, match="closed"):
        store.set_meta("a", "c")
    with StoreReader(path) as reader:
        assert reader.meta("a") == "b"


def test_an_unreadable_configuration(path: Path) -> None:
    """A store whose configuration makes no sense is refused and its owner's lock is freed."""
    Store.create(path, config(), version="1").close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '{}' WHERE key = 'config'")
    connection.commit()
    connection.close()
    for _ in range(2):
        with pytest.raises(StoreFormatError, match="configuration"):
            Store.open(path)
    assert not path.with_name("a.crawl.lock").exists()


def test_steps_to_newer_tables(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a store of an earlier version runs each step to this one, in order."""
    build_store(path, 5)
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 2)
    steps = {now: "ALTER TABLE urls ADD COLUMN a", now + 1: "UPDATE urls SET a = depth"}
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    store = Store.open(path)
    assert len(list(store.urls())) == 10
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (now + 2,)
    assert connection.execute("SELECT count(*) FROM urls WHERE a = depth").fetchone() == (10,)
    connection.close()


def test_a_store_of_version_1_is_brought_up(path: Path) -> None:
    """Links that were a row each become lists, for whoever opens it first, and none is lost."""
    build_store(path, 20)
    with StoreReader(path) as reader:
        links, details = list(reader.links()), [reader.detail(n) for n in range(1, 26)]
    assert len(links) > 20
    make_version_1(path)
    with StoreReader(path) as reader:
        assert list(reader.links()) == links
        assert [reader.detail(n) for n in range(1, 26)] == details
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]
    make_version_1(path)
    store = Store.open(path)
    assert [len(store.links_from(n)) for n in (1, 2, 5)] == [19, 4, 1]
    store.close()


def test_a_store_of_version_2_is_brought_up(path: Path) -> None:
    """The targets of links are made of their lists, as if they had been written with them."""
    build_store(path, 20)
    connection = sqlite3.connect(path)
    before = connection.execute("SELECT * FROM targets").fetchall()
    connection.executescript("DROP TABLE targets; PRAGMA user_version = 2;")
    connection.close()
    Store.open(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT * FROM targets").fetchall() == before
    connection.close()
    assert len(before) > 10
    assert any(hyperlinks for _, hyperlinks, _, _ in before)


def test_a_store_of_version_1_that_is_in_use(path: Path) -> None:
    """While another crawltui runs an older store, a reader says so and changes nothing."""
    build_store(path, 5)
    make_version_1(path)
    before = path.read_bytes()
    lock = StoreLock.acquire(path)
    with pytest.raises(StoreInUse):
        StoreReader(path)
    lock.release()
    assert path.read_bytes() == before


def make_version_1(path: Path) -> None:
    """Give a store the tables of version 1."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE link_rows (
            source INTEGER NOT NULL, position INTEGER NOT NULL, target INTEGER NOT NULL,
            kind INTEGER NOT NULL, flags INTEGER NOT NULL, anchor TEXT NOT NULL,
            rel TEXT NOT NULL, fragment TEXT NOT NULL, PRIMARY KEY (source, position)
        ) WITHOUT ROWID;
        INSERT INTO link_rows SELECT * FROM links;
        DROP VIEW links;
        DROP TABLE link_lists;
        DROP TABLE targets;
        ALTER TABLE link_rows RENAME TO links;
        CREATE INDEX links_target ON links (target, source, kind, flags);
        CREATE UNIQUE INDEX urls_address ON urls (address);
        PRAGMA user_version = 1;
        """
    )
    connection.close()


def test_configuration_holds_no_secret_fields() -> None:
    """What is stored of a crawl's configuration has no place for credentials."""
    assert not {"auth", "cookies", "headers"} & set(CrawlConfig.__struct_fields__)
