"""Threads fetch: while one of them waits for a server, the others wait as well.

A thread that waits for the network holds no lock of Python's, so sixteen of them wait in the time
of one. Parsing stays where it was, and is now what takes the time: it runs one page after the
other, and more threads would not help it, because only one thread at a time runs Python code (the
GIL, the global interpreter lock).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed

from pages import Report, command_line, job_of, work

from crawler_core.parse.worker import parse_page

THREADS = 16


def main() -> None:
    options = command_line(__doc__).parse_args()
    with (
        work(options.urls, options.pages) as (fetcher, requests),
        Report() as report,
        # Leaving the block is shutdown(wait=True): it ends when the last thread has ended.
        ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as threads,
    ):
        # submit() returns at once with a future: a promise of a result. All requests are with
        # the pool now, sixteen RUNNING, the others PENDING.
        futures = [threads.submit(fetcher.fetch, request) for request in requests]
        # The quickest answer first, not the first request: a slow page holds up no other one.
        for future in as_completed(futures):
            result = future.result()
            page = parse_page(job_of(result))
            report.add(result, page)


if __name__ == "__main__":
    main()
