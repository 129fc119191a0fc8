"""A writer that kills itself at its n-th SQL statement; run as a program by the test.

    python -m tests.core.store.dying FOLDER

makes FOLDER/1, FOLDER/2, … each with the store of a writer that died one statement
later than the one before, until one lives to its end. FOLDER/n/committed tells what the
writer had committed by then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from crawler_core.model import Heading, UrlState
from crawler_core.store.writer import Store
from tests.crash import die_at
from tests.stores import config, link, parsed, record, url_row

PAGES = 5
LINKS = 3
"""Links of a first fetch; a second one has twice as many."""
LIMIT = 500


def address(n: int) -> str:
    """The URL of page `n`."""
    return f"http://site.test/{n}"


def write(store: Store, tell: Callable[[str], None]) -> None:
    """Everything that a crawl does to a store, with a word to `tell` after each commit."""
    for n in range(1, PAGES + 1):
        store.add_url(url_row(n, address(n)))
    store.commit()
    tell("urls")
    for n in (1, 2):
        finish(store, n, "first", LINKS)
        store.save_host("http://site.test", requests=n)
    store.commit()
    tell("pages")
    finish(store, 1, "second", 2 * LINKS)
    store.keep_out(3, "excluded")
    store.update_url(url_row(2, address(2), state=UrlState.WAITING))
    store.set_attempts(4, 2)
    store.commit()
    tell("again")
    finish(store, 2, "second", 2 * LINKS)
    store.set_meta("state", "finished")
    store.commit()
    tell("end")


def finish(store: Store, n: int, title: str, links: int) -> None:
    """Finish page `n` with so many links, and as many element ids."""
    page = parsed(title, h2=(Heading(str(links)),), ids=tuple(f"id{i}" for i in range(links)))
    store.finish(
        record(n, address(n), page=page, headers={"x-links": str(links)}),
        [link(n, 1 + i % PAGES) for i in range(links)],
    )


def write_until_death(statement: int, folder: Path) -> None:
    """Write a store in `folder` and be killed when SQL statement number `statement` starts."""

    def tell(word: str) -> None:
        with (folder / "committed").open("a") as file:
            file.write(f"{word}\n")

    die_at(statement)
    store = Store.create(folder / "a.crawl", config(), version="0")
    tell("created")
    write(store, tell)
    store.close()
    tell("closed")


def main(folder: Path) -> None:
    """Let one writer after the other die, until one does not."""
    for statement in range(1, LIMIT):
        place = folder / str(statement)
        place.mkdir()
        child = os.fork()
        if child == 0:
            try:
                write_until_death(statement, place)
            except BaseException as error:
                print(f"writer {statement}: {error!r}", file=sys.stderr)  # noqa: T201
                os._exit(1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
    sys.exit(f"still dying after {LIMIT} statements")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
