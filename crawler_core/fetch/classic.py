"""HTTP/2 and proxies, through httpcore: for the crawls that ask for one of them.

httpx on top, httpcore below, and between them what must not be lost or guessed. httpx is
given no headers of the answer, they travel beside it as the extension "head"; the target
is sent exactly as given; and httpcore works over our own streams.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable, Iterator
from typing import Any, cast

import httpcore
import httpx

from crawler_core.fetch.endings import (
    ConnectionLost,
    DeadlinePassed,
    Ending,
    Malformed,
    ProxyRefused,
)
from crawler_core.fetch.framing import check_start
from crawler_core.fetch.heads import Head
from crawler_core.fetch.stream import KEEP_ALIVE_SECONDS, Dialler, Stream
from crawler_core.fetch.target import ProxyServer
from crawler_core.text import collapse

_FRAMING = (  # h11's words, which quote the hostile bytes -> ours
    ("illegal header line", "malformed header line"),
    ("illegal status line", "malformed status line"),
    ("illegal chunk", "malformed chunk"),
    ("chunk", "malformed chunk"),
    ("buffer too long", "the headers are too long"),
    ("Content-Length", "contradicting Content-Length"),
    ("Transfer-Encoding", "unknown Transfer-Encoding"),
    ("no response line", "malformed status line"),
)


class ClassicTransport(httpx.BaseTransport):
    """The connections of one thread, at most `connections`."""

    def __init__(
        self, dialler: Dialler, *, connections: int, http2: bool, proxy: ProxyServer | None
    ) -> None:
        # Never used for TLS, `_Connection.start_tls` says why; it trusts nobody.
        placeholder = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        shared: dict[str, Any] = {
            "ssl_context": placeholder,
            "max_connections": connections,
            "max_keepalive_connections": connections,
            "keepalive_expiry": KEEP_ALIVE_SECONDS,
            "http2": http2,
            "network_backend": _Backend(dialler),
        }
        self._pool: httpcore.ConnectionPool
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**shared)
        else:
            url = httpcore.URL(scheme=b"http", host=proxy.host, port=proxy.port, target=b"/")
            self._pool = httpcore.HTTPProxy(proxy_url=url, proxy_auth=proxy.auth, **shared)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a prepared request (see `Seat.send`) and read the head of its answer."""
        self._drop_polluted()
        host = request.url.raw_host
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                # httpcore writes hosts as they are into CONNECT and proxied targets
                host=b"[%b]" % host if b":" in host else host,
                port=request.url.port,
                target=request.extensions["target"],
            ),
            headers=request.headers.raw,
            content=cast("Iterator[bytes]", request.stream),
            extensions={"timeout": {}},
        )
        with _our_words():
            answer = self._pool.handle_request(sent)
        version = str(answer.extensions.get("http_version", b""), "latin-1")
        return httpx.Response(
            answer.status,
            stream=_Content(answer),
            extensions={"head": Head.of_raw(answer.status, version, answer.headers)},
        )

    def close(self) -> None:
        """Close all connections; later requests open new ones."""
        self._pool.close()

    def _drop_polluted(self) -> None:
        """Close connections that hold bytes beyond the end of their last answer.

        httpcore would take them for the beginning of the next one, so that one URL's
        bytes become the answer to another's request.
        """
        for connection in self._pool.connections:
            if connection.is_idle() and _bytes_beyond(connection):
                connection.close()


class _Content(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _our_words():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Connection(self._dialler.connect(host, port))


class _Connection(httpcore.NetworkStream):
    """One of our streams, as httpcore wants it; its timeouts are the exchange's."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._start: bytearray | None = None
        self._frames = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes)
        if self._start is not None and data:
            # Something that is no HTTP server is left before it runs out of time.
            self._start += data[: 5 - len(self._start)]
            check_start(self._start)
            if len(self._start) == 5:
                self._start = None
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        self._start = None if self._frames else bytearray()
        try:
            self._stream.write(buffer)
        except ConnectionLost as error:  # httpcore reads on after its own error only
            raise httpcore.WriteError(*error.args) from error

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        # httpcore changes its context for every connection, which is not safe for one
        # that threads share: the stream has its own.
        self._stream.start_tls(server_hostname or "")
        secured = self._stream.secured
        self._frames = secured is not None and secured.selected_alpn_protocol() == "h2"
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._stream.secured
        return self._stream.is_readable if info == "is_readable" else None


@contextlib.contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except Ending:
        raise
    except Exception as error:
        raise our_ending(error) from error


def our_ending(error: Exception) -> Exception:
    """What httpcore raised, as one of ours; what is no error of its own stays as it is."""
    if isinstance(error, httpcore.TimeoutException):
        return DeadlinePassed(*error.args)
    if isinstance(error, httpcore.ProxyError):
        return ProxyRefused(str(error))
    if isinstance(error, httpcore.ProtocolError):
        text = collapse(str(error))
        return Malformed(next((phrase for needle, phrase in _FRAMING if needle in text), text))
    if isinstance(error, httpcore.NetworkError):
        return ConnectionLost(*error.args)
    return error


def _bytes_beyond(connection: object) -> bool:
    # httpcore has no public face for this; proxied connections are wrapped once more.
    for _ in range(4):
        state = getattr(connection, "_h11_state", None)
        if state is not None:
            return bool(state.trailing_data[0])
        connection = getattr(connection, "_connection", None)
    return False
