"""Threads fetch and processes parse: waiting overlaps, and so does work of the CPU.

Each process has an interpreter and a GIL of its own, so two of them parse on two CPUs at once.
What goes to a process and comes back is pickled, so it has to be a value: a ParseJob with the
bytes of a page, a ParsedPage with what was found.
"""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from pages import Report, command_line, job_of, work

from crawler_core.config import cpu_count
from crawler_core.forkserver import context
from crawler_core.model import FetchResult, ParsedPage
from crawler_core.parse.worker import parse_page, start_worker, warm_up
from crawler_core.pools import WORKER_MEMORY

THREADS = 16


def main() -> None:
    options = command_line(__doc__).parse_args()
    with (
        work(options.urls, options.pages) as (fetcher, requests),
        Report() as report,
        ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as threads,
        ProcessPoolExecutor(
            cpu_count(),
            # Not fork: it would copy the threads' locks, held or not.
            mp_context=context("soup"),
            # Each process: leaves Ctrl-C to us, has a limit of memory, ends when we end.
            initializer=start_worker,
            initargs=(WORKER_MEMORY, True),
        ) as processes,
    ):
        processes.submit(warm_up)  # a process starts while the first servers think
        fetches = [threads.submit(fetcher.fetch, request) for request in requests]
        parses: dict[Future[ParsedPage], FetchResult] = {}
        for fetched in as_completed(fetches):
            # The second pool is fed while the first still works: no stage waits for the other.
            result = fetched.result()
            parses[processes.submit(parse_page, job_of(result))] = result
        for parsed in as_completed(parses):
            report.add(parses[parsed], parsed.result())


# Every new process imports this file again, and must not start a crawl of its own then.
if __name__ == "__main__":
    main()
