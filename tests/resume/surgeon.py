"""Surgery that dies at its n-th SQL statement; run as a program by the test.

    python -m tests.resume.surgeon FOLDER STEP

copies FOLDER/before.crawl to FOLDER/1.crawl, FOLDER/(1 + STEP).crawl, … and lets a ledger
exclude, take back, and cap on each, until one lives to its end. Each is killed one STEP of
statements later than the one before.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from pathlib import Path

from crawler_core.commands import AnyCommand, CapTemplate, Exclude, Unexclude
from crawler_core.engine import surgery
from crawler_core.engine.ledger import Ledger
from crawler_core.store.writer import Store
from tests.crash import die_at

COMMANDS: tuple[AnyCommand, ...] = (
    Exclude("/section/"),
    Unexclude("/section/"),
    CapTemplate("http://site.test/later/{n}"),
)


def operate(path: Path) -> None:
    """Carry out the commands, each slice of them in a transaction of its own."""
    store = Store.open(path)
    ledger = Ledger(store, store.config, now=0.0, wall=time.time, chance=lambda: 0.5)
    ledger.load(0.0)
    store.commit()
    for command in COMMANDS:
        surgery.operate(ledger, command)  # type: ignore[arg-type]
        while ledger.works.go_on(lambda: 0.0, 0.0):  # in the smallest slices
            store.commit()
    store.close()


def dies(path: Path, statement: int) -> bool:
    """Operate in a child that dies at this statement; False if it lived."""
    child = os.fork()
    if child == 0:
        try:
            die_at(statement)
            operate(path)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(os.WEXITSTATUS(status))
    return not os.WIFEXITED(status)


def main(folder: Path, step: int) -> None:
    """One death after the other."""
    number = 1
    while True:
        path = folder / f"{number}.crawl"
        shutil.copy(folder / "before.crawl", path)
        if not dies(path, number):
            return
        number += step


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
