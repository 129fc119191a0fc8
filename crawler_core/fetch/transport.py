"""httpx on top, httpcore below, and between them what must not be lost or guessed.

httpx parses every Location (and fails on some), keeps cookies, decodes bodies without
bound and writes targets anew. So it is given no headers of the answer: they travel
beside it, as the extension "head"; and the target is sent exactly as given.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import cast

import httpcore
import httpx

from crawler_core.fetch.heads import Head

KEEP_ALIVE_SECONDS = 15.0


class ProxyServer:
    """An HTTP proxy: where it is, and the credentials that it asks for."""

    def __init__(self, url: httpcore.URL, auth: tuple[bytes, bytes] | None) -> None:
        self.url = url
        self.auth = auth


class Transport(httpx.BaseTransport):
    """The connections of one thread."""

    def __init__(
        self,
        backend: httpcore.NetworkBackend,
        *,
        connections: int,
        http2: bool,
        proxy: ProxyServer | None,
    ) -> None:
        # Never used for TLS, `stream.Stream.start_tls` says why; it trusts nobody.
        placeholder = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=placeholder,
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                http2=http2,
                network_backend=backend,
            )
        else:
            self._pool = httpcore.HTTPProxy(
                proxy_url=proxy.url,
                proxy_auth=proxy.auth,
                ssl_context=placeholder,
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                http2=http2,
                network_backend=backend,
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request whose extension "target" is the path and query as they are."""
        host = request.url.raw_host
        answer = self._pool.handle_request(
            httpcore.Request(
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
        )
        version = str(answer.extensions.get("http_version", b""), "latin-1")
        return httpx.Response(
            answer.status,
            stream=_Content(answer),
            extensions={"head": Head(answer.status, version, answer.headers)},
        )

    def drop_polluted(self) -> None:
        """Close connections that hold bytes beyond the end of their last answer.

        httpcore would take them for the beginning of the next one, so that one URL's
        bytes become the answer to another's request.
        """
        for connection in self._pool.connections:
            if connection.is_idle() and _bytes_beyond(connection):
                connection.close()

    def close(self) -> None:
        """Close all connections; later requests open new ones."""
        self._pool.close()


class _Content(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _bytes_beyond(connection: object) -> bool:
    # httpcore has no public face for this; proxied connections are wrapped once more.
    for _ in range(4):
        state = getattr(connection, "_h11_state", None)
        if state is not None:
            return bool(state.trailing_data[0])
        connection = getattr(connection, "_connection", None)
    return False
