"""Crawls that are kept: where, their list, deleting and exporting them."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from crawler_core.crawl import places
from crawler_core.errors import EnvironmentRefused, StoreInUse
from crawler_core.store.lock import StoreLock, lock_path
from tests.cli.conftest import Call
from tests.site import SmallSite
from tests.stores import build_store

START = "https://example.test:8443/docs/"


def keep(name: str, state: str = "finished", *, age: float = 0.0, waiting: int = 0) -> Path:
    """A crawl in the default folder, last written to `age` seconds ago."""
    path = build_store(places.default_folder() / f"{name}.crawl", state=state, waiting=waiting)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_places_are_named_after_host_and_time(crawls_folder: Path) -> None:
    """HOST-YYYYMMDD-HHMMSS.crawl, and no two crawls get the same one."""
    now = time.mktime((2026, 3, 4, 5, 6, 7, 0, 0, -1))
    first = places.new_store(START, now=now)
    second = places.new_store(START, now=now)
    assert first == crawls_folder / "example.test-8443-20260304-050607.crawl"
    assert second == crawls_folder / "example.test-8443-20260304-050607-2.crawl"
    assert places.new_store("http://[::1]/", now=now).name.startswith("1-2026")
    assert places.new_store(START, name="demo", now=now).name.startswith("demo-2026")


def test_a_reserved_place_can_be_taken(crawls_folder: Path) -> None:
    """The reservation is the lock file, which the crawl then owns."""
    path = places.new_store(START)
    assert lock_path(path).exists()
    StoreLock.acquire(path).release()
    assert not lock_path(path).exists()


def test_a_folder_that_cannot_be_made_is_told(crawls_folder: Path) -> None:
    """A file in the way ends in a sentence that names --store."""
    crawls_folder.parent.mkdir(parents=True)
    crawls_folder.write_text("in the way")
    with pytest.raises(EnvironmentRefused, match="--store"):
        places.default_folder()


def test_the_folder_is_for_its_owner_alone() -> None:
    """What was crawled is nobody else's business."""
    assert stat.S_IMODE(places.default_folder().stat().st_mode) == 0o700


def test_killed_and_stopped_crawls_are_unfinished() -> None:
    """What still waits, or was never told to have ended, can be gone on with."""
    keep("done")
    keep("killed", "running", waiting=2)
    keep("stopped", "stopped", waiting=2)
    keep("capped", "incomplete", waiting=1)
    found = {entry.name: entry for entry in places.crawls(places.default_folder())}
    assert {name for name, entry in found.items() if entry.is_unfinished} == {
        "killed",
        "stopped",
        "capped",
    }
    assert found["killed"].state == "killed"
    assert found["done"].size > 0


def test_a_running_crawl_is_not_unfinished() -> None:
    """Nobody goes on with a crawl that another process runs."""
    path = keep("busy", "running", waiting=2)
    lock = StoreLock.acquire(path)
    try:
        entry = places.look(path)
        assert entry is not None
        assert (entry.state, entry.is_unfinished) == ("running", False)
        assert places.newest_unfinished(path.parent) is None
        with pytest.raises(StoreInUse):
            places.delete(path)
    finally:
        lock.release()
    assert places.newest_unfinished(path.parent) == path


def test_names_and_paths_are_both_understood(home: Path) -> None:
    """A name from the list, with or without its ending, or any path."""
    kept = keep("example.test-1")
    own = build_store(home / "own.crawl")
    assert places.resolve("example.test-1") == kept
    assert places.resolve("example.test-1.crawl") == kept
    assert places.resolve(str(kept)) == kept
    assert places.resolve("own.crawl").resolve() == own
    assert places.resolve("absent") == Path("absent")


def test_the_list_shows_state_and_size(call: Call) -> None:
    """One line a crawl with its counts; a damaged file is listed, not fatal."""
    keep("one")
    keep("two", "stopped", waiting=7)
    (places.default_folder() / "odd.crawl").write_text("nothing")
    lock = StoreLock.acquire(keep("busy", "running"))
    try:
        result = call("crawls")
    finally:
        lock.release()
    assert result.code == 0
    lines = {line.split()[0]: line for line in result.out.splitlines()}
    assert "finished" in lines["one"]
    assert "stopped" in lines["two"]
    assert " 7 " in lines["two"]
    assert "unreadable" in lines["odd"]
    assert "running" in lines["busy"]
    assert "kB" in lines["one"]


def test_an_empty_list_says_so(call: Call) -> None:
    """Nobody wonders whether the list is broken."""
    result = call("crawls")
    assert result.code == 0
    assert "No crawls" in result.out


def test_the_newest_comes_first(call: Call, site: SmallSite) -> None:
    """The list is ordered by when crawls began."""
    keep("old")  # begun in 2023
    assert call("run", site.url, "--quiet", "--parse-in", "main").code == 0
    names = [line.split()[0] for line in call("crawls").out.splitlines()[1:3]]
    assert names[0].startswith("127.0.0.1-")
    assert names[1] == "old"


def test_one_crawl_is_deleted_by_its_name(call: Call) -> None:
    """--delete NAME removes it and nothing else."""
    gone, kept = keep("gone"), keep("kept")
    assert call("crawls", "--delete", "gone").code == 0
    assert (gone.exists(), kept.exists()) == (False, True)


def test_a_running_crawl_is_never_deleted(call: Call) -> None:
    """Neither by name (3) nor among the old ones."""
    busy, old = keep("busy", age=90 * 86_400), keep("old", age=90 * 86_400)
    lock = StoreLock.acquire(busy)
    try:
        assert call("crawls", "--delete", "busy").code == 3
        result = call("crawls", "--delete", "--older", "30d")
    finally:
        lock.release()
    assert result.code == 0
    assert "Kept busy: it is running" in result.out
    assert (busy.exists(), old.exists()) == (True, False)


def test_age_alone_deletes_nothing(call: Call) -> None:
    """--older only chooses: without --delete the old ones are listed."""
    old, young = keep("old", age=40 * 86_400), keep("young", age=86_400)
    result = call("crawls", "--older", "30d")
    assert "old" in result.out
    assert "young" not in result.out
    assert old.exists()
    assert call("crawls", "--delete", "--older", "30d").code == 0
    assert (old.exists(), young.exists()) == (False, True)


def test_foreign_files_are_not_deleted(call: Call) -> None:
    """A file that is no crawl stays, whatever its name."""
    odd = places.default_folder() / "odd.crawl"
    odd.write_text("nothing")
    assert call("crawls", "--delete", "odd").code == 2
    assert odd.exists()


@pytest.mark.parametrize("what", ["pages", "broken", "external", "links", "skipped"])
def test_every_table_is_exported(what: str, call: Call, home: Path) -> None:
    """export writes each table to a file, and the same bytes to stdout."""
    keep("site")
    assert call("export", "site", "-o", "out.csv", "--what", what).code == 0
    written = (home / "out.csv").read_bytes()
    assert written.count(b"\r\n") > 1
    assert call("export", "site", "-o", "-", "--what", what).out.encode() == written


def test_an_export_of_an_unfinished_crawl_says_so(call: Call, home: Path) -> None:
    """The number of waiting URLs is told on stderr."""
    keep("site", "stopped", waiting=5)
    result = call("export", "site", "-o", "out.csv", "--csv-bom")
    assert result.code == 0
    assert "5 URLs still wait" in result.err
    assert "rows to out.csv" in result.out
    assert (home / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_resume_takes_the_newest_unfinished(call: Call, site: SmallSite) -> None:
    """`crawltui resume` without a store goes on with the one that was left off."""
    keep("older", "stopped", waiting=2)
    with SmallSite(site.pages, delay=0.3) as slow:
        options = ("--quiet", "--max-time", "0.5", "--parse-in", "main")
        assert call("run", slow.url, *options).code == 4
        result = call("resume", "--parse-in", "main", "--max-time", "60")
    assert result.code == 0, result
    assert f"{slow.url}: finished" in result.out
