"""Snapshots for viewers, over a local socket beside the store.

Read-only: whoever may open the socket sees what the crawl does and can change nothing.
Every viewer has a thread of its own that sends the newest snapshot only, so a slow one
delays nobody and nothing piles up.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from crawler_core.snapshot import FINAL_STATES, Snapshot

_LONGEST_PATH = 100
"""Bytes; a socket's address holds 104 to 108 with its final NUL."""
_LOOK = 0.02
"""Seconds between two looks for a new snapshot: the engine makes some eight a second, and one
at once when a command has taken effect."""
_FRAME_AT_THE_END = 0.5
_SEND_TIMEOUT = 30.0
"""Seconds after which a viewer that reads nothing is let go."""

_LAST_WORD = 1.0
"""Seconds that viewers have to take in the last snapshot."""


def socket_path(store: Path) -> Path:
    """Where the crawl of `store` is to listen: beside it if the name fits into an address."""
    beside = store.with_name(store.name + ".sock")
    if len(os.fsencode(beside)) < _LONGEST_PATH:
        return beside
    digest = hashlib.sha256(os.fsencode(store.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"crawltui-{os.getuid()}-{digest}.sock"


class Broadcast:
    """Listens until `close`, and sends snapshots to whoever connects."""

    def __init__(self, path: Path, snapshot: Callable[[], Snapshot]) -> None:
        self.path = path
        self._snapshot = snapshot
        self._closing = threading.Event()
        self._viewers: list[threading.Thread] = []
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)  # for the owner's eyes only
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(mask)
        self._listener.listen(8)
        threading.Thread(target=self._accept, name="broadcast", daemon=True).start()

    def close(self) -> None:
        """Stop listening; viewers get the last snapshot first."""
        self._closing.set()
        deadline = time.monotonic() + _LAST_WORD
        for viewer in self._viewers:
            viewer.join(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            viewer = threading.Thread(
                target=self._serve, args=(connection,), name="viewer", daemon=True
            )
            self._viewers = [*(v for v in self._viewers if v.is_alive()), viewer]
            viewer.start()

    def _serve(self, connection: socket.socket) -> None:
        encode = msgspec.json.Encoder().encode
        sent = -1
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_SEND_TIMEOUT)
            while True:
                last = self._closing.is_set()
                snapshot = self._snapshot()
                if snapshot.sequence != sent:
                    connection.sendall(encode(snapshot) + b"\n")
                    sent = snapshot.sequence
                if last:
                    return
                self._closing.wait(_FRAME_AT_THE_END if snapshot.state in FINAL_STATES else _LOOK)
