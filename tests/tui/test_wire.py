"""A terminal that goes away does not hold up the program that wrote to it."""

from __future__ import annotations

import os
import select
import threading
import tty

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


def test_a_terminal_that_does_not_block_gets_everything() -> None:
    """A slow terminal that another program has made one that does not block loses nothing."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(slave, False)
    sent = "".join(f"{number:06} €" for number in range(20_000))
    with open(slave, "w", encoding="utf-8") as terminal:
        file = Forgiving(terminal)

        def write() -> None:
            for start in range(0, len(sent), 3_000):
                file.write(sent[start : start + 3_000])
            file.flush()

        writer = threading.Thread(target=write)
        writer.start()
        got = b""
        while len(got) < len(sent.encode()) and select.select([master], [], [], 10.0)[0]:
            got += os.read(master, 4_096)
        writer.join(10.0)
        assert not writer.is_alive()
    os.close(master)
    assert got.decode() == sent
