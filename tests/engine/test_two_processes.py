"""An engine in a process of its own: driven, watched, killed, left alone by its owner."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler_core.commands import RetryFailed, SetFetchWorkers, Stop
from crawler_core.config import Secrets
from crawler_core.crawl.broadcast import socket_path
from crawler_core.crawl.local import Crawl
from crawler_core.crawl.messages import Startup
from crawler_core.crawl.remote import RemoteCrawl, WatchedCrawl
from crawler_core.errors import ConfigError, EnvironmentRefused, StoreInUse
from crawler_core.store.lock import is_locked, read_owner
from crawler_core.store.reader import StoreReader
from tests.engine.crawling import (
    config,
    crawl_to_end,
    crawling,
    resume_to_end,
    rows_of,
    see,
    until,
)
from tests.engine.processes import alive, command_of, descendants, identities, needs_proc
from tests.engine.site import Ask, Reply, Site, page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def endless(ask: Ask) -> str | Reply | None:
    """A site that goes on and on, not very fast."""
    if not ask.path.startswith("/n"):
        return page("/n1") if ask.path == "/" else None
    n = int(ask.path[2:])
    reply = page(f"/n{n * 2}", f"/n{n * 2 + 1}", title=f"page {n}")
    return Reply(body=reply.encode(), headers={"Content-Type": "text/html"}, delay=0.05)


@contextlib.contextmanager
def remote(store: Path, start: str, **options: object) -> Iterator[RemoteCrawl]:
    """A crawl in a process of its own, closed in the end."""
    crawl = RemoteCrawl.open(Startup(store=str(store), config=config(start, **options)))
    try:
        yield crawl
    finally:
        crawl.close()


def test_engine_process_obeys_and_is_gone_in_the_end(store: Path) -> None:
    """Snapshots arrive, commands work, and closing leaves a store and no process."""
    with Site(endless) as site:
        before = identities(descendants(os.getpid()))
        crawl = RemoteCrawl.open(
            Startup(
                store=str(store),
                config=config(site.url(), parse_in="processes", parse_workers=1, fetch_workers=2),
                meta={"note": "kept"},
            )
        )
        try:
            see(crawl, lambda now: now.done > 5)
            crawl.send(SetFetchWorkers(7))
            see(crawl, lambda now: now.fetch.target == 7)
            family = identities(descendants(os.getpid())) - before
            assert len(family) > 1
            crawl.send(Stop())
            last = see(crawl, lambda now: now.state == "stopped")
        finally:
            began = time.monotonic()
            crawl.close()
        assert time.monotonic() - began < 30
    assert last.stages.waiting > 0
    assert not is_locked(store)
    assert [file.name for file in store.parent.iterdir()] == [store.name]
    with StoreReader(store) as reader:
        assert reader.meta("note") == "kept"
        assert reader.summary().done == last.done
    until(lambda: not alive(family))


def test_engine_process_goes_on_after_its_end(store: Path) -> None:
    """A finished crawl still takes commands: what failed can be asked for again."""
    with (
        Site({"/": page("/a"), "/a": Reply(500)}) as site,
        remote(store, site.url(), retries=0) as crawl,
    ):
        see(crawl, lambda now: now.state == "finished" and now.broken)
        site.pages["/a"] = page()
        crawl.send(RetryFailed())
        assert see(crawl, lambda now: now.state == "finished" and not now.broken).done == 2


def test_refusals_reach_the_owner(store: Path, tmp_path: Path) -> None:
    """What the engine process refuses is the same exception with the same sentence here."""
    with pytest.raises(ConfigError, match="There is no crawl at"):
        RemoteCrawl.open(Startup(store=str(tmp_path / "none.crawl")))
    with pytest.raises(EnvironmentRefused, match="cannot be written"):
        RemoteCrawl.open(
            Startup(store=str(tmp_path / "no" / "folder"), config=config("http://127.0.0.1:1/"))
        )
    with Site({"/": page()}) as site, crawling(store, site.url()):
        with pytest.raises(EnvironmentRefused, match=f"process {os.getpid()}"):
            RemoteCrawl.open(Startup(store=str(store)))
        with pytest.raises(StoreInUse):
            Crawl.resume(store, Secrets())
    with pytest.raises(ConfigError, match="fetch-workers"):
        Crawl.resume(store, Secrets(), {"fetch_workers": 0})
    with pytest.raises(ConfigError, match="cannot be used"):
        Crawl.resume(store, Secrets(), {"fetch_workers": "many"})
    assert not is_locked(store)


@needs_proc
def test_killed_engine_is_told_in_a_sentence(store: Path) -> None:
    """When its engine process is killed the owner sees a failed crawl, which can be resumed."""
    before = descendants(os.getpid())
    with Site(endless) as site, remote(store, site.url()) as crawl:
        see(crawl, lambda now: now.done > 5)
        ours = descendants(os.getpid()) - before
        (engine,) = [pid for pid in ours if "crawl.process" in command_of(pid)]
        os.kill(engine, signal.SIGKILL)
        last = see(crawl, lambda now: now.state == "failed")
        assert "resume" in last.error
        assert (last.exit_code, last.done > 5) == (70, True)
    with Site(endless, port=site.port) as site:
        last = resume_to_end(store, max_pages=30)
    assert last.state == "finished"


@needs_proc
def test_death_of_the_owner_ends_the_engine(store: Path) -> None:
    """The owner is killed: the engine stops in good order, and is gone."""
    with Site(endless) as site:
        owner = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.owner", str(store), site.url()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert owner.stdout is not None
        with owner.stdout:
            try:
                assert owner.stdout.readline()
                until(lambda: site.hits["/n7"])
                family = identities(descendants(owner.pid))
                assert len(family) >= 3
            finally:
                owner.kill()
                owner.wait()
        until(lambda: not alive(family))
    with StoreReader(store) as reader:
        assert reader.summary().state == "stopped"
        assert reader.summary().waiting > 0
    assert not is_locked(store)


@pytest.mark.parametrize("length", [1, 150], ids=["short path", "long path"])
def test_viewers_see_a_running_crawl(tmp_path: Path, length: int) -> None:
    """A crawl of another process can be watched, by many, wherever its store is."""
    folder = tmp_path / ("d" * length)
    folder.mkdir()
    store = folder / "a.crawl"
    with Site(endless) as site, crawling(store, site.url()) as crawl:
        viewers = [WatchedCrawl(store) for _ in range(3)]
        try:
            for viewer in viewers:
                last = see(viewer, lambda now: now.done > 3)
                assert (last.store, viewer.read_only) == (str(store), True)
                viewer.send(Stop())
            done = crawl.snapshot().done
            assert see(crawl, lambda now: now.done > done + 5).state == "running"
            crawl.send(Stop())
            for viewer in viewers:
                see(viewer, lambda now: now.state == "stopped")
        finally:
            for viewer in viewers:
                viewer.close()
    with pytest.raises(EnvironmentRefused, match="cannot be watched"):
        WatchedCrawl(store)
    assert not socket_path(store).exists()


def test_viewers_that_do_not_read_delay_nobody(store: Path) -> None:
    """A viewer that reads nothing holds neither the crawl nor its end."""
    with Site(endless) as site, crawling(store, site.url(), max_pages=60, fetch_workers=4) as crawl:
        deaf = []
        for _ in range(3):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            line.connect(str((read_owner(store) or {})["socket"]))
            deaf.append(line)
        assert crawl.wait(60)
        began = time.monotonic()
        crawl.close()
        assert time.monotonic() - began < 30
        for line in deaf:
            line.close()


def test_full_disk_fails_with_a_sentence(tmp_path: Path) -> None:
    """A disk that takes no more ends the crawl with exit code 3; a resume completes it."""
    store = tmp_path / "a.crawl"
    pages = {f"/{n}": page(f"/{n + 1}", title="x" * 900, more=f"<p id={n}>") for n in range(300)}

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    with Site({**pages, "/": page(*pages)}) as site:
        crawl_to_end(tmp_path / "whole.crawl", site.url())
        done = subprocess.run(
            [sys.executable, "-m", "tests.resume.runner", str(store), site.url()],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=small_disk,
        )
        assert done.returncode == 3
        assert str(store) in done.stderr
        assert "Traceback" not in done.stderr
        last = resume_to_end(store)
    assert last.state == "finished"
    assert rows_of(store) == rows_of(tmp_path / "whole.crawl")


STALLED = """
import pathlib, socket, sys, time
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.local import Crawl
config = CrawlConfig(start_urls=(sys.argv[2],), parse_in="main")
crawl = Crawl.create(pathlib.Path(sys.argv[1]), config, Secrets())
crawl.start()
while not any("stalled" in future.url for future in crawl.snapshot().futures):
    time.sleep(0.01)
print(time.time(), flush=True)
crawl.close()
"""


def test_stalled_name_server_does_not_delay_the_end(store: Path) -> None:
    """A process whose fetch waits for a name is gone soon after its crawl is closed."""
    with Site({"/": page("http://stalled.test/")}) as site:
        done = subprocess.run(
            [sys.executable, "-c", STALLED, str(store), site.url()],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert time.time() - float(done.stdout) < 30, "a name is waited for 60 s"


def test_snapshots_stay_small(store: Path) -> None:
    """Whatever has been crawled, a snapshot is bounded, and so is what the engine keeps."""
    import msgspec

    pages = {f"/{n}": page(title=str(n)) for n in range(400)}
    with (
        Site({**pages, "/": page(*pages)}) as site,
        crawling(store, site.url(), parse_in="threads") as crawl,
    ):
        assert crawl.wait(60)
        last = crawl.snapshot()
    assert last.done == 401
    assert len(last.completions) == 200
    assert len(msgspec.json.encode(last)) < 120_000
