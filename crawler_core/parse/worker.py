"""The parse worker: what a pool runs, and what its process is when it starts.

Nothing here needs a process: threads and the calling thread run the same functions. Only
the deadline and the memory limit are a process worker's own.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from functools import cache
from multiprocessing.connection import wait
from typing import cast

import msgspec

from crawler_core.model import ParsedPage, ParseJob
from crawler_core.parse import encoding
from crawler_core.parse.elements import Event, Reader, Refused
from crawler_core.parse.extract import extract
from crawler_core.text import clean

PARSERS = ("soup", "lexbor")
"""Every parser by the name that people give it: that of its module here."""

RECURSION_LIMIT = 5_000

_own_process = False
"""True in a process that `start_worker` has set up: only there a deadline may kill."""


class ParseFailure(msgspec.Struct, frozen=True):
    """A page that raised an exception in the parser: a fault of ours, told as it is."""

    url_id: int
    error: str


# A page travels as an array and a failure as a map of its id to its error: neither needs a tag.
_PACK = msgspec.msgpack.Encoder().encode
_UNPACK = msgspec.msgpack.Decoder(list[ParsedPage | dict[int, str]]).decode


def parse_page(job: ParseJob, parser: str = "soup") -> ParsedPage:
    """Facts and links of one document.

    Bytes of any kind are a document; MemoryError and RecursionError may come out. Raises
    KeyError for a parser that does not exist. A document that lexbor would take too long for
    is read by soup, and its page says so. `seconds` is CPU time of this thread.
    """
    began = time.thread_time()
    name = encoding.decide(job.body, job.content_type)
    text = encoding.decode(job.body, name)
    if b"\0" in job.body:  # else no encoding has a NUL in its text
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    parser, events = _events(text, parser)
    page = extract(events, job, name, len(text))
    return msgspec.structs.replace(
        page, parser=parser, seconds=time.thread_time() - began, worker=threading.get_native_id()
    )


def parse_batch(jobs: tuple[ParseJob, ...], parser: str) -> tuple[ParsedPage | ParseFailure, ...]:
    """Parse pages one after the other; one that raises does not harm the others."""
    return tuple(_guarded(job, parser) for job in jobs)


def parse_packed(jobs: tuple[ParseJob, ...], parser: str) -> bytes:
    """`parse_batch` for another process: its answer as one value of bytes, see `unpack`."""
    return _PACK(
        [
            {each.url_id: each.error} if isinstance(each, ParseFailure) else each
            for each in parse_batch(jobs, parser)
        ]
    )


def unpack(packed: bytes) -> tuple[ParsedPage | ParseFailure, ...]:
    """What `parse_packed` has packed, in the order of its jobs."""
    return tuple(
        ParseFailure(*next(iter(each.items()))) if isinstance(each, dict) else each
        for each in _UNPACK(packed)
    )


def warm_up() -> int:
    """Do nothing but exist: the first call starts a worker. Its process id."""
    return os.getpid()


def start_worker(memory_limit: int, devnull: bool) -> None:
    """Initialise a worker process: call it in a process of its own only.

    `memory_limit` is the address space in bytes (0: no limit); `devnull` points the
    standard streams to the null device, because a warning would paint over the screen.
    """
    global _own_process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
    if devnull:
        _silence()
    if memory_limit > 0:
        _limit_memory(memory_limit)
    _end_with_parent()
    # What is loaded stays: the collector looks at the trees of pages only.
    gc.freeze()
    _own_process = hasattr(signal, "setitimer")
    if _own_process:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _events(text: str, parser: str) -> tuple[str, Iterator[Event]]:
    try:
        return parser, _reader(parser)(text)
    except Refused:
        return "soup", _reader("soup")(text)


@cache
def _reader(parser: str) -> Reader:
    """A parser's library is loaded when the first page is read with it."""
    if parser not in PARSERS:
        raise KeyError(parser)
    module = importlib.import_module(f"crawler_core.parse.{parser}")
    return cast("Reader", module.read)


def _guarded(job: ParseJob, parser: str) -> ParsedPage | ParseFailure:
    try:
        return _timed(job, parser)
    except Exception as error:
        return ParseFailure(job.url_id, clean(f"{type(error).__name__}: {error}", 300))


def _timed(job: ParseJob, parser: str) -> ParsedPage:
    if not _own_process or job.deadline <= 0 or not _on_main_thread():
        return parse_page(job, parser)
    # Its default action ends the process even while C code holds the GIL; a handler in
    # Python would wait for that code.
    signal.setitimer(signal.ITIMER_REAL, job.deadline)
    try:
        return parse_page(job, parser)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)


def _limit_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:  # no such limit on this platform
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
