"""A store belongs to one crawl at a time, and files of others are left as they are."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from crawler_core.errors import StoreFormatError, StoreInUse
from crawler_core.store import schema
from crawler_core.store.lock import StoreLock, is_locked, lock_path, read_owner
from crawler_core.store.reader import StoreReader
from crawler_core.store.upkeep import remove, settle
from crawler_core.store.writer import Store
from tests.stores import build_store, config, fill, url_row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test may make its store."""
    return tmp_path / "a.crawl"


def own(path: str, pipe: Connection) -> None:
    """Own a store until killed, with something not committed and something not folded in."""
    store = Store.open(Path(path))
    store.lock.write({"pid": 4711, "socket": "/run/a.sock"})
    store.set_meta("note", "committed")
    store.commit()
    store.set_meta("note", "not committed")
    pipe.send("owned")
    pipe.recv()


def test_another_process_owns_it(path: Path) -> None:
    """A second writer is refused and told who runs; viewers read; a kill frees the store."""
    build_store(path, 5)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    owner = context.Process(target=own, args=(str(path), theirs), daemon=True)
    owner.start()
    assert ours.poll(30)
    assert ours.recv() == "owned"
    try:
        with pytest.raises(StoreInUse, match="process 4711"):
            Store.open(path)
        with pytest.raises(StoreInUse):
            Store.create(path, config(), version="1", force=True)
        with pytest.raises(StoreInUse):
            remove(path)
        assert is_locked(path)
        assert not settle(path)
        assert read_owner(path) == {"pid": 4711, "socket": "/run/a.sock"}
        with StoreReader(path) as reader:
            assert reader.meta("note") == "committed"
    finally:
        owner.kill()
        owner.join()
    assert lock_path(path).exists()
    assert not is_locked(path)
    assert read_owner(path) is None
    with StoreReader(path) as reader:
        assert (reader.meta("note"), reader.summary().done) == ("committed", 5)
    assert settle(path)
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]


def test_one_owner_within_a_process(path: Path) -> None:
    """The same process cannot own a store twice either, and can again after closing it."""
    store = Store.create(path, config(), version="1")
    with pytest.raises(StoreInUse):
        Store.open(path)
    store.close()
    Store.open(path).close()


def test_the_lock_of_a_removed_name_is_worth_nothing(path: Path) -> None:
    """Whoever locked a file that the owner then removed does not become a second owner."""
    lock = StoreLock.acquire(path)
    late = lock_path(path).open()
    lock.release()
    second = StoreLock.acquire(path)
    assert lock_path(path).stat().st_ino == second_inode(second)
    late.close()
    assert is_locked(path)
    lock.release()
    assert is_locked(path)
    second.release()
    assert not lock_path(path).exists()


def second_inode(lock: StoreLock) -> int:
    """The file that a lock really holds."""
    return os.fstat(lock._descriptor).st_ino


def test_a_link_to_a_store_is_the_same_store(path: Path, tmp_path: Path) -> None:
    """Ownership cannot be got round by a symbolic link."""
    store = Store.create(path, config(), version="1")
    link = tmp_path / "link.crawl"
    link.symlink_to(path)
    assert is_locked(link)
    with pytest.raises(StoreInUse):
        Store.open(link)
    store.close()


def test_a_reader_keeps_the_wal_until_settled(path: Path) -> None:
    """A store closed under a reader stays readable, and is one file after settling."""
    build_store(path, 5)
    store = Store.open(path)
    store.set_meta("note", "x")
    store.commit()
    reader = StoreReader(path)
    assert reader.meta("note") == "x"
    store.close()
    assert reader.meta("note") == "x"
    reader.close()
    assert settle(path)
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]
    with StoreReader(path) as again:
        assert again.meta("note") == "x"
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]


def test_readers_do_not_hold_the_writer_back(path: Path) -> None:
    """While a reader keeps a snapshot open the writer commits, and the snapshot stands still."""
    store = Store.create(path, config(), version="1")
    fill(store, 10)
    store.commit()
    with StoreReader(path) as reader:
        with reader.snapshot():
            assert reader.summary().found == 15
            store.add_url(url_row(100, "http://site.test/new"))
            store.commit()
            assert reader.summary().found == 15
        assert reader.summary().found == 16
    store.close()


def test_remove(path: Path) -> None:
    """Deleting a crawl leaves nothing of it, and deletes nothing that is no crawl."""
    build_store(path, 5)
    remove(path)
    assert list(path.parent.iterdir()) == []
    path.write_text("dear diary")
    with pytest.raises(StoreFormatError):
        remove(path)
    assert path.read_text() == "dear diary"


@pytest.mark.parametrize("name", ["a b?c#d%20&mode=rwc.crawl", "é日本.crawl", ":memory:"])
def test_names_that_mean_something_elsewhere(tmp_path: Path, name: str) -> None:
    """A store may have any name that the file system takes."""
    path = build_store(tmp_path / name, 5)
    with StoreReader(path) as reader:
        assert reader.summary().done == 5
    assert [file.name for file in tmp_path.iterdir()] == [name]


def empty(path: Path) -> None:
    """A file of no bytes."""
    path.write_bytes(b"")


def text(path: Path) -> None:
    """No database at all."""
    path.write_text("Address,Status\r\n" * 1000)


def foreign(path: Path) -> None:
    """A database of another program, in WAL mode as browsers have theirs."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE urls (id INTEGER PRIMARY KEY, address TEXT)")
    connection.close()


def truncated(path: Path) -> None:
    """The first two thirds of a store."""
    build_store(path, 50)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def beheaded(path: Path) -> None:
    """The first 60 bytes of a store."""
    build_store(path, 5)
    path.write_bytes(path.read_bytes()[:60])


def newer(path: Path) -> None:
    """A store of a version to come."""
    build_store(path, 5)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()


MAKERS = {
    empty: "no crawl of crawltui",
    text: "no crawl of crawltui",
    foreign: "no crawl of crawltui",
    truncated: "damaged",
    beheaded: "no crawl of crawltui",
    newer: "newer crawltui",
}


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_is_no_store_is_refused_and_untouched(path: Path, make: object) -> None:
    """Writers, readers and removal refuse the file in one sentence and change no byte."""
    assert callable(make)
    make(path)
    before = path.read_bytes()
    for use in (Store.open, StoreReader, remove):
        with pytest.raises(StoreFormatError, match=MAKERS[make]) as refusal:  # type: ignore[index]
            use(path)
        assert "\n" not in str(refusal.value)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.crawl"]


@pytest.mark.parametrize("use", [Store.open, StoreReader, remove])
def test_a_missing_store(path: Path, use: object) -> None:
    """A store that does not exist is refused, and nothing is made in its place."""
    assert callable(use)
    with pytest.raises(StoreFormatError, match="no crawl at"):
        use(path)
    with pytest.raises(StoreFormatError, match="not a file"):
        use(path.parent)
    assert list(path.parent.iterdir()) == []
