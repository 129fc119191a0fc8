"""Engines that kill themselves at their n-th SQL statement, then a resume; run by the test.

    python -m tests.resume.dying_engine FOLDER START FIRST STEP LAST

For n in the range: a crawl in FOLDER/n.crawl dies when statement n starts, FOLDER/n.done
gets the addresses that are committed then, and a second process resumes the crawl to its
end. Each names itself as the user agent: `dies-n` and `resumes-n`. Ends early when a
crawl outlives its statement.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.local import Crawl
from crawler_core.store.writer import Store
from tests.crash import die_at


def crawl(path: Path, start: str, agent: str) -> None:
    """Crawl to the end, whatever is there already."""
    if path.exists():
        running = Crawl.resume(path, Secrets(), {"user_agent": agent})
    else:
        config = CrawlConfig(
            start_urls=(start,), parse_in="main", parser="soup", user_agent=agent, fetch_workers=3
        )
        running = Crawl.create(path, config, Secrets())
    running.start()
    running.wait()
    assert running.snapshot().state == "finished", running.snapshot().error
    running.close()


def note_done(path: Path) -> None:
    """Write down what the dead crawl had committed."""
    done: list[str] = []
    if path.exists():
        store = Store.open(path)
        addresses = {row.url_id: row.address for row in store.urls()}
        done = [addresses[row.url_id] for row in store.done_rows()]
        store.close()
    path.with_suffix(".done").write_text("\n".join(done))


def in_child(work: Callable[[], None]) -> bool:
    """Do this in a process of its own; False if it was killed. Exits if it failed."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(os.WEXITSTATUS(status))
    return os.WIFEXITED(status)


def main(folder: Path, start: str, numbers: range) -> None:
    """Let one crawl after the other die and be resumed."""
    until = time.monotonic() + 60
    for number in numbers:
        lived = one_death(folder / f"{number}.crawl", start, number)
        if lived or time.monotonic() > until:
            return


def one_death(path: Path, start: str, number: int) -> bool:
    """Let a crawl die at statement `number` and resume it; True if it lived to its end."""

    def dying() -> None:
        die_at(number)
        crawl(path, start, f"dies-{number}")

    lived = in_child(dying)
    in_child(lambda: note_done(path))
    in_child(lambda: crawl(path, start, f"resumes-{number}"))
    return lived


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], range(*(int(word) for word in sys.argv[3:6])))
