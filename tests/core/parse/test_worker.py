"""The parse worker: batches, deadline, the parent's death, what a worker loads."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec
import pytest

from crawler_core import forkserver
from crawler_core.model import ParsedPage
from crawler_core.parse.worker import (
    PARSERS,
    ParseFailure,
    parse_batch,
    parse_packed,
    parse_page,
    start_worker,
    unpack,
)
from tests.core.parse.pages import job

SLOW = "<div>" * 1_000_000
ROOM = {"crawler_core", "msgspec", "ada_url"}
LIBRARIES = {"soup": {"bs4", "lxml"}, "lexbor": {"selectolax"}}


def _states() -> tuple[object, ...]:
    """What the initializer set up, seen from inside."""
    import resource

    return (
        signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        os.path.samefile("/dev/fd/1", os.devnull),
        resource.getrlimit(resource.RLIMIT_AS)[0],
        signal.getitimer(signal.ITIMER_REAL),
    )


def _parse_slowly() -> None:
    start_worker(0, True)
    parse_batch((job(SLOW, deadline=0.3),), "soup")


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        1,
        mp_context=forkserver.context(),
        initializer=start_worker,
        initargs=(4 << 30, True),
    )


def test_a_failing_page_does_not_harm_its_batch() -> None:
    """An exception becomes the page's ParseFailure; the others of the batch are parsed."""
    broken = job("", url="no url", url_id=7, content_type=None)
    first, failure, last = parse_batch((job("<title>a"), broken, job("<title>b")), "soup")
    assert isinstance(first, ParsedPage)
    assert isinstance(last, ParsedPage)
    assert (first.title.text, last.title.text) == ("a", "b")
    assert isinstance(failure, ParseFailure)
    assert failure.url_id == 7
    assert failure.error.startswith(("AttributeError", "TypeError"))


@pytest.mark.parametrize("parser", PARSERS)
def test_what_is_packed_is_unpacked(parser: str) -> None:
    """A packed batch is the batch: pages with all their parts, failures, and their order."""
    html = "<title>a\u202e</title><h1>b</h1><a href='x?\u00e9#f' rel=nofollow id=i>c</a>"
    jobs = (job("", url_id=1 << 40, content_type=None), job(html), job(""))
    failure, *pages = unpack(parse_packed(jobs, parser))
    assert isinstance(failure, ParseFailure)
    assert failure.url_id == 1 << 40
    assert "NoneType" in failure.error
    for page, given in zip(pages, jobs[1:], strict=True):
        assert isinstance(page, ParsedPage)
        expected = parse_page(given, parser)
        assert msgspec.structs.replace(page, seconds=0.0) == msgspec.structs.replace(
            expected, seconds=0.0
        )
    assert unpack(parse_packed((), parser)) == ()


def test_an_unknown_parser_is_a_failure() -> None:
    """A name that is no parser's loads nothing, whatever it is."""
    for name in ("", "worker", "..model", "os"):
        (failure,) = parse_batch((job("<p>x"),), name)
        assert isinstance(failure, ParseFailure)
        assert failure.error.startswith("KeyError")


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "<a href=x>y</a>" + "</div>" * 100_000,
        "<p>" + "".join(f"<b {n}>" for n in range(2_000)) + "</p>" + "<p>x" * 2_000 + "<a href=x>y",
    ],
    ids=["depth", "formatting"],
)
def test_soup_reads_what_lexbor_would_explode_on(html: str) -> None:
    """Markup that HTML5's tree makes quadratic is read by soup, and the page says so."""
    page = parse_page(job(html), "lexbor")
    assert page.parser == "soup"
    assert [link.anchor for link in page.links] == ["y"]


def test_large_ordinary_pages_are_read_by_lexbor() -> None:
    """Tags without end tags, and much formatting that is closed, are no reason to refuse."""
    html = "<ul>" + "<li><b>x</b><br>\n" * 20_000 + "</ul>"
    page = parse_page(job(html), "lexbor")
    assert (page.parser, page.word_count) == ("lexbor", 20_000)


def test_no_deadline_outside_a_worker_process() -> None:
    """In threads and in the main process no timer is armed that could end the program."""
    before = signal.getsignal(signal.SIGALRM)
    (page,) = parse_batch((job("<title>a</title>" + "<p>x" * 2000, deadline=0.001),), "soup")
    assert isinstance(page, ParsedPage)
    assert page.seconds > 0.001
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_pool_worker_is_set_up_and_disarmed() -> None:
    """Signals, streams and limit are set, and no timer runs on after a batch."""
    with _pool() as pool:
        (page,) = pool.submit(parse_batch, (job("<title>a", deadline=60.0),), "soup").result(60)
        states = pool.submit(_states).result(60)
    assert isinstance(page, ParsedPage)
    assert page.worker != os.getpid()
    assert states == (True, True, True, 4 << 30, (0.0, 0.0))


def test_the_deadline_breaks_the_pool() -> None:
    """A page that outlasts its deadline ends its worker process."""
    with _pool() as pool:
        future = pool.submit(parse_batch, (job(SLOW, deadline=0.3),), "soup")
        with pytest.raises(BrokenProcessPool):
            future.result(60)


def test_the_deadline_is_the_signals_default_action() -> None:
    """The process is ended by SIGALRM itself, so no code can hold it off."""
    process = multiprocessing.get_context("spawn").Process(target=_parse_slowly)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGALRM


PARENT = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from crawler_core.parse.worker import start_worker

if __name__ == "__main__":
    pool = ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"),
        initializer=start_worker, initargs=(0, True),
    )
    print(pool.submit(os.getpid).result(), flush=True)
    sys.stdin.read()
"""


def _runs(pid: int) -> bool:
    """True while a process of this id runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """After a hard kill of the parent no orphan stays."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT, "utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    )
    try:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert _runs(worker)
    finally:
        parent.kill()
        parent.communicate(timeout=30)
    give_up = time.monotonic() + 15
    while _runs(worker) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not _runs(worker)


@pytest.mark.parametrize(("parser", "other"), [("soup", "selectolax"), ("lexbor", "bs4")])
def test_a_worker_loads_only_what_parsing_needs(parser: str, other: str) -> None:
    """No httpx, sqlite3, textual, pool or other parser's code is loaded to parse a page."""
    code = (
        "import json, sys\n"
        "from crawler_core.parse.worker import parse_batch\n"
        "from crawler_core.model import ParseJob\n"
        "parse_batch((ParseJob(1, 'http://a/', b'<p>\\xc3\\xa9<a href=x?y>', ''),), "
        f"{parser!r})\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    output = subprocess.run(
        [sys.executable, "-c", code],
        env=path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    loaded = set(json.loads(output))
    assert {name for name in loaded if name.startswith("crawler_core.")} <= {
        *(f"crawler_core.{name}" for name in ("model", "text", "errors", "url", "parse")),
        *(name for name in loaded if name.startswith("crawler_core.parse.")),
    }
    assert loaded.isdisjoint({"httpx", "httpcore", "sqlite3", "textual", "rich", "click", "ssl"})
    assert loaded.isdisjoint({"asyncio", "concurrent.futures", "msgspec.json.schema", "tui"})
    assert loaded >= ROOM | LIBRARIES[parser]
    assert other not in loaded
