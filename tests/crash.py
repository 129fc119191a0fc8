"""Death at a chosen SQL statement, for tests of what is left on disk."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any


def die_at(statement: int) -> None:
    """Let this process be killed when SQL statement number `statement` starts.

    Counted are the statements of all connections that are opened from now on.
    """
    left = statement
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def count_down(_: str) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(count_down)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
