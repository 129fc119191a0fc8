"""Connections that hold each exchange to its limits, whoever speaks HTTP over them.

Here, and nowhere else, every connect, handshake, read and write is capped to what is
left of the deadline (a timeout per read lets a server drip bytes for ever), received
bytes are counted, the address really connected to is checked, and cancelling takes hold.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import struct
import threading
from typing import Protocol

from crawler_core.fetch.endings import ConnectionFailed, ConnectionLost, DeadlinePassed
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.names import Address
from crawler_core.fetch.tls import Tls

KEEP_ALIVE_SECONDS = 15.0
"""How long a connection is kept idle."""
CONNECT_SHARE = 5.0
"""Seconds that an address may take to connect while there is another one to try."""
_SLICE = 0.1
"""Seconds between looks at cancelling while connecting: not every system can wake that."""
_LATE = 0.02
"""Seconds by which a read may outlast the deadline, so that few reads set their limit anew."""


class Place(Protocol):
    """Where a connection belongs: it tells the exchange that runs now and finds addresses."""

    @property
    def exchange(self) -> Exchange: ...

    def addresses(self, host: str) -> tuple[Address, ...]: ...


class Dialler:
    """Opens the connections of one thread."""

    def __init__(self, place: Place, tls: Tls) -> None:
        self._place = place
        self._tls = tls

    def connect(self, host: str, port: int) -> Stream:
        """Connect to the first permitted address of `host` that answers.

        Raises AddressRefused, ConnectionFailed, DeadlinePassed, FetchCancelled, or OSError
        if the name has no address.
        """
        exchange = self._place.exchange
        exchange.dialled = True
        addresses = self._place.addresses(host)
        for address in addresses[:-1]:
            try:
                return self._stream(_connected(address, port, exchange, CONNECT_SHARE))
            except ConnectionFailed:
                continue
        return self._stream(_connected(addresses[-1], port, exchange, None))

    def _stream(self, sock: socket.socket) -> Stream:
        stream = Stream(sock, self._place, self._tls)
        try:
            self._place.exchange.use(stream)
        except BaseException:
            stream.close()
            raise
        return stream


class Stream:
    """One connection, kept alive over many exchanges of its thread."""

    def __init__(self, sock: socket.socket, place: Place, tls: Tls) -> None:
        sock.setblocking(True)  # the kernel keeps the limit (`_allow`): one call a read, not two
        self._sock = sock
        self._place = place
        self._tls = tls
        self._lock = threading.Lock()
        self._closed = False
        self._secured: ssl.SSLSocket | None = None
        self._limit = 0.0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    @property
    def secured(self) -> ssl.SSLSocket | None:
        """The TLS layer, if there is one."""
        return self._secured

    @property
    def is_readable(self) -> bool:
        """True if something came in, or the end, while nothing was asked for."""
        if self._closed:
            return True
        if self._secured is not None and self._secured.pending():
            return True
        return bool(self._poll.poll(0))

    def read(self, max_bytes: int) -> bytes:
        """Return what has come in, b"" at the end; waits until the deadline at most.

        Raises ConnectionLost, DeadlinePassed or FetchCancelled.
        """
        exchange = self._place.exchange
        try:
            data = self._received(exchange, max_bytes)
        except TimeoutError as error:
            raise DeadlinePassed from error
        except OSError as error:
            exchange.left()
            raise ConnectionLost(error) from error
        exchange.take(len(data))
        if not data:
            exchange.left()  # cancelling shuts the socket down, which reads as an end
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`, until the deadline at most. Raises as `read` does."""
        exchange = self._place.exchange
        exchange.use(self)
        exchange.mark_sent()
        try:
            self._send(exchange, data)
        except TimeoutError as error:
            raise DeadlinePassed from error
        except OSError as error:
            exchange.left()
            raise ConnectionLost(error) from error

    def close(self) -> None:
        """Close the socket; harmless when done twice."""
        with self._lock:
            self._closed = True
            self._sock.close()

    def abort(self) -> None:
        """Shut the socket down, from any thread: whoever waits on it wakes at once."""
        with self._lock:
            if not self._closed:
                _shut_down(self._sock)

    def start_tls(self, host: str) -> None:
        """Speak TLS from here on, by the crawl's own configuration.

        Raises ConnectionFailed, DeadlinePassed or FetchCancelled, the connection closed.
        """
        exchange = self._place.exchange
        # Neither certificates nor SNI know brackets or the root's dot (RFC 6066 §3).
        name = host.strip("[]").rstrip(".")
        try:
            with self._lock:
                self._sock = self._secured = self._tls.context().wrap_socket(
                    self._sock, server_hostname=name, do_handshake_on_connect=False
                )
            self._secured.settimeout(exchange.left())
            self._secured.do_handshake()
        except TimeoutError as error:
            self.close()
            raise DeadlinePassed from error
        except Exception as error:
            self.close()
            exchange.left()
            raise ConnectionFailed(error) from error

    def _received(self, exchange: Exchange, max_bytes: int) -> bytes:
        if self._secured is not None:
            self._secured.settimeout(exchange.left())
            return self._secured.recv(max_bytes)
        while True:
            self._allow(exchange.left())
            try:
                return self._sock.recv(max_bytes)
            except BlockingIOError:  # the limit ran out: `left` says if the deadline has
                continue

    def _allow(self, seconds: float) -> None:
        """Let the kernel end the next read after `seconds`, give or take what does not matter."""
        if seconds / 2 < self._limit <= seconds + _LATE:
            return  # too short is only one more turn of the loop
        whole = max(int(seconds * 1e6), 1000)  # 0 would mean for ever
        limit = struct.pack("@ll", *divmod(whole, 1_000_000))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._limit = seconds

    def _send(self, exchange: Exchange, data: bytes) -> None:
        view = memoryview(data)
        while view:
            left = exchange.left()
            if self._secured is not None:
                self._secured.settimeout(left)
                view = view[self._secured.send(view) :]
                continue
            try:
                view = view[self._sock.send(view, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                _ready(self._sock, select.POLLOUT, left)


def _connected(
    address: Address, port: int, exchange: Exchange, share: float | None
) -> socket.socket:
    left = exchange.left()
    until = None if share is None else left - min(share, left / 2)
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConnectionFailed(error) from error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address.at(port))
        while code in (errno.EINPROGRESS, errno.EINTR, errno.EWOULDBLOCK, errno.EALREADY):
            left = exchange.left()
            if until is not None and left <= until:
                raise OSError(errno.ETIMEDOUT, "no answer to the connection")
            code = 0
            if not _ready(sock, select.POLLOUT, min(left, _SLICE)):
                code = errno.EINPROGRESS
        if code or (code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
            raise OSError(code, os.strerror(code))
    except OSError as error:
        sock.close()
        raise ConnectionFailed(error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _ready(sock: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(seconds * 1000))


def _shut_down(sock: socket.socket) -> None:
    try:
        # Not SSLSocket's own, which takes the TLS layer away from under a reader.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # never connected, or gone: nobody waits on it
