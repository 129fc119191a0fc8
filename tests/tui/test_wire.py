"""A terminal that goes away does not hold up the program that wrote to it."""

from __future__ import annotations

import os

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from tui.wire import Forgiving


def test_the_writer_outlives_its_terminal() -> None:
    """More is written than its queue holds after the other end of a pty was closed, and it ends."""
    master, slave = os.openpty()
    with open(slave, "w", encoding="utf-8") as terminal:
        file = Forgiving(terminal)
        assert file.isatty()
        os.close(master)
        writer = WriterThread(file)  # type: ignore[arg-type]  # as much of a file as it needs
        writer.start()
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write("x" * 1000)
        writer.stop()
        assert not writer.is_alive()
