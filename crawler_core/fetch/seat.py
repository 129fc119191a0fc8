"""What one fetch thread owns: its httpx client, its connections, its current exchange."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.names import Address
from crawler_core.fetch.stream import Backend
from crawler_core.fetch.tls import Tls
from crawler_core.fetch.transport import ProxyServer, Transport

Find = Callable[[str, Exchange], tuple[Address, ...]]
"""Gives the addresses of a host that may be connected to."""


class Seat:
    """One thread's place. Only `close` may be called from another thread."""

    def __init__(
        self,
        name: str,
        find: Find,
        tls: Tls,
        *,
        connections: int,
        http2: bool,
        proxy: ProxyServer | None,
    ) -> None:
        self.name = name
        """The worker's name on the screen."""
        self._find = find
        self._exchange: Exchange | None = None
        self._transport = Transport(
            Backend(self, tls), connections=connections, http2=http2, proxy=proxy
        )
        self._client = httpx.Client(
            transport=self._transport, trust_env=False, follow_redirects=False, timeout=None
        )

    @property
    def exchange(self) -> Exchange:
        """The exchange that runs now."""
        if self._exchange is None:
            raise RuntimeError("no exchange is running on this thread")
        return self._exchange

    def addresses(self, host: str) -> tuple[Address, ...]:
        """Where `host` may be connected to, for the exchange that runs now."""
        return self._find(host, self.exchange)

    def send(
        self, origin: httpx.URL, target: bytes, headers: list[tuple[bytes, bytes]], work: Exchange
    ) -> httpx.Response:
        """Send a GET for `target` and return its answer with the body unread."""
        self._exchange = work
        request = httpx.Request("GET", origin, headers=headers, extensions={"target": target})
        return self._client.send(request, stream=True)

    def settle(self) -> None:
        """After an exchange: keep no connection that could mix answers up."""
        self._transport.drop_polluted()

    def renew(self) -> None:
        """Drop all kept connections: what comes next goes over a new one."""
        self._transport.close()

    def close(self) -> None:
        """Give everything back; the client sends nothing any more."""
        self._client.close()
