"""Connections: an httpcore network backend that holds each exchange to its limits.

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
import threading
from collections.abc import Iterable
from typing import Any, Protocol

import httpcore

from crawler_core.fetch.exchange import DeadlinePassed, Exchange
from crawler_core.fetch.names import Address
from crawler_core.fetch.tls import Tls

CONNECT_SHARE = 5.0
"""Seconds that an address may take to connect while there is another one to try."""
_SLICE = 0.1
"""Seconds between looks at cancelling while connecting: not every system can wake that."""


class AddressRefused(httpcore.ConnectError):
    """No address of the host may be connected to."""


class NotHttp(httpcore.RemoteProtocolError):
    """What came back does not begin like an HTTP answer."""


class Place(Protocol):
    """Where a backend belongs: it tells the exchange that runs now and finds addresses."""

    @property
    def exchange(self) -> Exchange: ...

    def addresses(self, host: str) -> tuple[Address, ...]: ...


class Backend(httpcore.NetworkBackend):
    """Opens the connections of one thread."""

    def __init__(self, place: Place, tls: Tls) -> None:
        self._place = place
        self._tls = tls

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first permitted address that answers.

        Raises AddressRefused, httpcore.ConnectError, DeadlinePassed or FetchCancelled.
        """
        exchange = self._place.exchange
        exchange.dialled = True
        addresses = self._place.addresses(host)
        for address in addresses[:-1]:
            try:
                return self._stream(_connected(address, port, exchange, CONNECT_SHARE))
            except httpcore.ConnectError:
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


class Stream(httpcore.NetworkStream):
    """One connection, kept alive over many exchanges of its thread."""

    def __init__(self, sock: socket.socket, place: Place, tls: Tls) -> None:
        self._sock = sock
        self._place = place
        self._tls = tls
        self._lock = threading.Lock()
        self._closed = False
        self._start: bytearray | None = None
        self._frames = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come in, b"" at the end; waits until the deadline at most."""
        exchange = self._place.exchange
        left = exchange.left()
        try:
            self._sock.settimeout(left)
            data = self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise DeadlinePassed from error
        except OSError as error:
            exchange.left()
            raise httpcore.ReadError(error) from error
        exchange.take(len(data))
        if not data:
            exchange.left()  # cancelling shuts the socket down, which reads as an end
        elif self._start is not None:
            self._check_start(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer` until the deadline at most."""
        if not buffer:
            return
        exchange = self._place.exchange
        exchange.use(self)
        exchange.mark_sent()
        self._start = None if self._frames else bytearray()
        view = memoryview(buffer)
        try:
            while view:
                self._sock.settimeout(exchange.left())
                view = view[self._sock.send(view) :]
        except TimeoutError as error:
            raise DeadlinePassed from error
        except OSError as error:
            exchange.left()
            raise httpcore.WriteError(error) from error

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

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Speak TLS from here on, by the crawl's own configuration.

        `ssl_context` is not used: httpcore changes it for every connection, which is
        not safe for one that threads share.
        """
        exchange = self._place.exchange
        # Neither certificates nor SNI know brackets or the root's dot (RFC 6066 §3).
        name = (server_hostname or "").strip("[]").rstrip(".")
        try:
            with self._lock:
                self._sock = secured = self._tls.context().wrap_socket(
                    self._sock, server_hostname=name, do_handshake_on_connect=False
                )
            secured.settimeout(exchange.left())
            secured.do_handshake()
        except TimeoutError as error:
            self.close()
            raise DeadlinePassed from error
        except Exception as error:
            self.close()
            exchange.left()
            raise httpcore.ConnectError(error) from error
        self._frames = secured.selected_alpn_protocol() == "h2"
        return self

    def get_extra_info(self, info: str) -> Any:
        """Answer what httpcore asks of a stream."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "is_readable":
            return self._is_readable()
        return None

    def _is_readable(self) -> bool:
        if self._closed or self._sock.fileno() < 0:
            return True
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        return _ready(self._sock, select.POLLIN, 0.0)

    def _check_start(self, data: bytes) -> None:
        """End an exchange with something that is no HTTP server before it runs out of time."""
        assert self._start is not None
        self._start += data[: 5 - len(self._start)]
        if not b"HTTP/".startswith(self._start):
            raise NotHttp("the answer is not HTTP")
        if len(self._start) == 5:
            self._start = None


def _connected(
    address: Address, port: int, exchange: Exchange, share: float | None
) -> socket.socket:
    left = exchange.left()
    until = None if share is None else left - min(share, left / 2)
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from error
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
        raise httpcore.ConnectError(error) from error
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
