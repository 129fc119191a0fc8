"""Host names to addresses, with what `getaddrinfo` lacks: a way out, and no two at once.

`socket.getaddrinfo` cannot be interrupted and knows no deadline, so it runs on a thread
of its own; who waits for it can leave. Lookups of one host in flight are shared, and
answers are kept for a minute, so that many connections to one host ask once.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from concurrent.futures import Future

import msgspec

KEPT_SECONDS = 60.0
MAX_KEPT = 10_000


class Address(msgspec.Struct, frozen=True):
    """One place to connect to."""

    family: int
    text: str
    """The numeric address, without its zone."""
    rest: tuple[int, ...] = ()
    """Flow and scope of an IPv6 address."""

    def at(self, port: int) -> tuple[str | int, ...]:
        """What `socket.connect` takes."""
        return (self.text, port, *self.rest)


Found = Future[tuple[Address, ...]]


class Resolver:
    """Looks names up, for all threads of a crawl."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[str, Found] = {}
        self._kept: dict[str, tuple[float, Found]] = {}

    def lookup(self, host: str) -> Found:
        """Return the future of the addresses of `host` (a name or a numeric address).

        It ends with OSError (`socket.gaierror`) if there are none.
        """
        literal = _literal(host)
        if literal is not None:
            return _done((literal,))
        with self._lock:
            until, found = self._kept.get(host, (0.0, None))
            if found is not None and time.monotonic() < until:
                return found
            if host in self._pending:
                return self._pending[host]
            found = self._pending[host] = Future()
        thread = threading.Thread(
            target=self._look_up, args=(host, found), name=f"dns {host[:40]}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # no thread to be had: the caller's lookup fails, not us
            self._forget(host)
            found.set_exception(OSError(str(error)))
        return found

    def _look_up(self, host: str, found: Found) -> None:
        try:
            addresses = _ask(host)
        except Exception as error:  # handed to whoever waits
            self._forget(host)
            found.set_exception(error)
            return
        with self._lock:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[host] = (time.monotonic() + KEPT_SECONDS, found)
            del self._pending[host]
        found.set_result(addresses)

    def _forget(self, host: str) -> None:
        with self._lock:
            self._pending.pop(host, None)


def _ask(host: str) -> tuple[Address, ...]:
    # Bytes, because a str goes through the idna codec, which refuses names that DNS has.
    rows = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    addresses = [
        Address(family, str(place[0]).partition("%")[0], tuple(int(x) for x in place[2:]))
        for family, _, _, _, place in rows
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "no usable address")
    return tuple(dict.fromkeys(addresses))


def _literal(host: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    if parsed.version == 4:
        return Address(socket.AF_INET, str(parsed))
    return Address(socket.AF_INET6, str(parsed), (0, 0))


def _done(addresses: tuple[Address, ...]) -> Found:
    found: Found = Future()
    found.set_result(addresses)
    return found
