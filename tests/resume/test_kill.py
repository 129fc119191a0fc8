"""A crawl is killed, at any moment, and resumed: the result is as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from crawler_core.config import Secrets
from crawler_core.store.reader import StoreReader
from crawler_core.store.writer import Store
from tests.engine.crawling import crawl_to_end, resume_to_end, rows_of, until
from tests.engine.processes import alive, descendants, identities, needs_proc
from tests.engine.site import Ask, Reply, Site, page, redirect

ROOT = Path(__file__).parents[2]
STEP = 16
"""Every so many statements a crawl dies; all of them take minutes, and show the same."""


def library(count: int, weight: int = 1) -> dict[str, str | Reply]:
    """A stateless site of `count` pages with redirects, errors and a resource.

    No page is only checked at first: such a one may have to be asked for again to be read.
    """
    pages: dict[str, str | Reply] = {}
    for n in range(count):
        links = [f"/{2 * n + 1}", f"/{2 * n + 2}", f"/{n // 2}", '<img src="/i.png">']
        pages[f"/{n}"] = page(*links, title=f"page {n}", more="<p>some words here " * weight)
    for n in range(5, count, 11):
        pages[f"/{n}"] = redirect(f"/{n + 1}")
    pages["/i.png"] = Reply(body=b"png", headers={"Content-Type": "image/png"})
    return pages


def start(store: Path, url: str, parse_in: str = "main") -> subprocess.Popen[bytes]:
    """A crawl in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.resume.runner", str(store), url, parse_in],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )


def done_in(store: Path) -> set[str]:
    """Addresses whose pages are committed; the store is left as it is."""
    with StoreReader(store) as reader:
        return {row["Address"] for kind in (True, False) for row in reader.pages(kind)}


@needs_proc
def test_process_group_killed_three_times(tmp_path: Path) -> None:
    """kill -9 of the group, three times: same CSV, nothing done is asked again, no orphans."""
    pages = library(120, weight=100)
    killing = threading.Event()
    limit = 0

    def answer(ask: Ask) -> str | Reply | None:
        if limit and len(site.log) >= limit:
            killing.set()
            site.leaving.wait(0.3)
        return pages.get(ask.path)

    with Site(answer) as site:
        crawl_to_end(tmp_path / "whole.crawl", site.url("/0"))
        expected = rows_of(tmp_path / "whole.crawl")
        store = tmp_path / "killed.crawl"
        for share in (15, 40, 45):
            before = set() if not store.exists() else done_in(store)
            asked = len(site.log)
            killing.clear()
            limit = asked + share
            process = start(store, site.url("/0"), "processes")
            try:
                assert killing.wait(60)
                until(lambda before=before: done_in(store) > before)
                family = identities({process.pid} | descendants(process.pid))
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            assert len(family) >= 2
            until(lambda family=family: not alive(family))
            again = {site.url(ask.path) for ask in site.log[asked:]} & before
            assert again == set()
        limit, asked, before = 0, len(site.log), done_in(store)
        assert len(before) >= 3
        assert start(store, site.url("/0")).wait(60) == 0
        again = {site.url(ask.path) for ask in site.log[asked:]} & before
    assert again == set()
    assert rows_of(store) == expected


def test_every_statement_is_a_crash_point(tmp_path: Path) -> None:
    """A crawl that dies at the n-th statement and is resumed ends as one that was not."""
    with Site(library(9), delay=0.05) as site:  # several commits long
        crawl_to_end(tmp_path / "whole.crawl", site.url("/0"))
        expected = rows_of(tmp_path / "whole.crawl")
        program = [sys.executable, "-m", "tests.resume.dying_engine"]
        done = subprocess.run(
            [*program, str(tmp_path), site.url("/0"), "1", "1000", str(STEP)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert (done.returncode, done.stderr) == (0, "")
    asked = Counter((ask.headers["user-agent"], site.url(ask.path)) for ask in site.log)
    deaths = sorted(int(path.stem) for path in tmp_path.glob("*.done"))
    assert len(deaths) >= 10
    sizes = set()
    for number in deaths:
        committed = set((tmp_path / f"{number}.done").read_text().split())
        sizes.add(len(committed))
        assert rows_of(tmp_path / f"{number}.crawl") == expected, number
        for address in committed:
            assert not asked[f"resumes-{number}", address], (number, address)
    assert len(sizes) > 2


def test_time_and_bytes_survive(tmp_path: Path) -> None:
    """What a crawl has taken and received is counted on by the process that resumes it."""
    with Site(library(20), delay=0.05) as site:
        first = crawl_to_end(tmp_path / "a.crawl", site.url("/0"), fetch_workers=2)
        second = resume_to_end(tmp_path / "a.crawl")
    assert first.elapsed > 0.3
    # A snapshot is made a moment before or after the time is written down.
    assert second.elapsed == pytest.approx(first.elapsed, abs=0.2)
    assert second.bytes > 0
    assert (second.done, second.outcomes) == (first.done, first.outcomes)
    store = Store.open(tmp_path / "a.crawl")
    assert store.meta("state") == "finished"
    store.close()


def test_options_given_anew_are_remembered(tmp_path: Path) -> None:
    """What a resume changes holds for the next one too, and its secrets are asked for again."""
    store = tmp_path / "x.crawl"
    with Site({"/": page("/a"), "/a": page("/b"), "/b": page()}) as site:
        crawl_to_end(store, site.url(), max_depth=0)
        resume_to_end(store, Secrets(auth="me:word"), max_depth=1)
        assert resume_to_end(store).internal_done == 2
    with StoreReader(store) as reader:
        assert reader.config().max_depth == 1
        assert reader.config().secrets_needed == ("auth",)
