"""Results as they complete, written to CSV: with all that can happen to a future on its way.

Of the demo site two more pages are asked for: one whose server takes longer than `--within`, so
that its fetch is cancelled, and one whose parsing takes longer than `--deadline`, so that its
process is killed. Every URL has its row all the same.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

from pages import Work, command_line, job_of, work

from crawler_core.config import cpu_count
from crawler_core.export import neutralise
from crawler_core.model import FetchResult, Outcome, ParsedPage
from crawler_core.parse.worker import ParseFailure, parse_batch
from crawler_core.pools import ParsePool

THREADS = 16
BEYOND_PATIENCE = ("/slow/tide-table-6.html", "/lab/deadline.html")
HEADER = ("Address", "Status Code", "Outcome", "Title 1", "Exception")
Parse = Future[tuple[ParsedPage | ParseFailure, ...]]


def answers(todo: Work, within: float) -> Iterator[FetchResult]:
    """One for each request, as they complete; when time is up, what is left is cancelled."""
    with ThreadPoolExecutor(THREADS) as threads:
        left = {threads.submit(todo.fetcher.fetch, request): request for request in todo.requests}
        try:
            for future in as_completed(list(left), timeout=within):
                del left[future]
                yield future.result()
        except (TimeoutError, KeyboardInterrupt):
            # cancel() is True for a PENDING future: its call is never made. It is False for a
            # RUNNING one, which nobody can stop; but its connection can be closed under it.
            running = [future for future in left if not future.cancel()]
            for future in running:
                todo.fetcher.cancel(left[future].number)
            for future, request in left.items():
                never = FetchResult(request, Outcome.CANCELLED, error="never sent")
                yield never if future.cancelled() else future.result()


def row_of(result: FetchResult, parse: Parse) -> tuple[str, ...]:
    """A line of the CSV. A future holds a result or an exception, and says which."""
    title, exception = "", ""
    if (error := parse.exception()) is not None:
        exception = type(error).__name__
    elif isinstance(page := parse.result()[0], ParsedPage):
        title = page.title.text
    else:
        exception = page.error
    row = (result.request.url, str(result.status_code), result.outcome, title, exception)
    return tuple(neutralise(cell) for cell in row)  # a title must not run as a formula


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--csv", type=Path, default=Path("pages.csv"), help="(%(default)s)")
    parser.add_argument("--within", type=float, default=1.5, help="seconds to fetch all pages")
    parser.add_argument("--deadline", type=float, default=2.0, help="seconds to parse one page")
    options = parser.parse_args()

    def submit(result: FetchResult) -> Parse:
        return pool.submit(parse_batch, (job_of(result, options.deadline),), "soup")[0]

    with (
        work(options.urls, options.pages, BEYOND_PATIENCE) as todo,
        # crawltui's own pool around a ProcessPoolExecutor: a broken one is replaced.
        closing(ParsePool("processes", cpu_count())) as pool,
        options.csv.open("w", encoding="utf-8", newline="") as file,
    ):
        began = time.perf_counter()
        writer = csv.writer(file)
        writer.writerow(HEADER)
        parses = {submit(result): result for result in answers(todo, options.within)}
        suspects = []
        for parse in as_completed(parses):
            # One killed process breaks its pool, and each future in it carries that exception.
            if parse.exception() is None:
                writer.writerow(row_of(parses[parse], parse))
            else:
                suspects.append(parses[parse])
        for result in suspects:  # once more, alone: who breaks the pool now is to blame
            writer.writerow(row_of(result, submit(result)))
        took = time.perf_counter() - began
    counts = Counter(str(result.outcome) for result in parses.values())
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    print(f"{len(parses)} rows in {options.csv} after {took:.1f} s: {words}")
    print(f"{len(suspects)} parsed a second time, because a process of their pool was killed")


if __name__ == "__main__":
    main()
