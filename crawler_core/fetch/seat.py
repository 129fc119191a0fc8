"""What one fetch thread owns: its httpx client, its connections, its current exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.heads import RequestHeaders, as_block
from crawler_core.fetch.lean import LeanTransport
from crawler_core.fetch.names import Address
from crawler_core.fetch.stream import Dialler
from crawler_core.fetch.target import ProxyServer, Target
from crawler_core.fetch.tls import Tls

Find = Callable[[str, Exchange], tuple[Address, ...]]
"""Gives the addresses of a host that may be connected to."""

_MAX_PREPARED = 64
"""Hosts whose requests a thread keeps prepared."""


class Seat:
    """One thread's place. Only `close` may be called from another thread."""

    def __init__(
        self,
        name: str,
        find: Find,
        tls: Tls,
        headers: RequestHeaders,
        *,
        connections: int,
        http2: bool,
        proxy: ProxyServer | None,
    ) -> None:
        self.name = name
        """The worker's name on the screen."""
        self.received = 0
        """Bytes received by all its exchanges."""
        self._find = find
        self._headers = headers
        self._exchange: Exchange | None = None
        self._prepared: dict[tuple[str, bool], httpx.Request] = {}
        dialler = Dialler(self, tls)
        self._transport: httpx.BaseTransport
        if http2 or proxy:
            from crawler_core.fetch.classic import ClassicTransport  # slow to load

            self._transport = ClassicTransport(
                dialler, connections=connections, http2=http2, proxy=proxy
            )
        else:
            self._transport = LeanTransport(dialler, connections=connections)
        self._client = _Client(
            transport=self._transport,
            auth=httpx.Auth(),  # none; httpx would look for one in every URL
            trust_env=False,
            follow_redirects=False,
            timeout=None,
        )

    @property
    def exchange(self) -> Exchange:
        """The exchange that runs now."""
        if self._exchange is None:
            raise RuntimeError("no exchange is running on this thread")
        return self._exchange

    def begin(self, seconds: float) -> Exchange:
        """Start an exchange that may take `seconds`."""
        self._exchange = Exchange(seconds, self._count)
        return self._exchange

    def addresses(self, host: str) -> tuple[Address, ...]:
        """Where `host` may be connected to, for the exchange that runs now."""
        return self._find(host, self.exchange)

    def send(self, target: Target, *, with_secrets: bool) -> httpx.Response:
        """Send a GET for `target` and return its answer with the body unread.

        A request is prepared once for each host and sent with ever new targets: making
        its URL and headers anew would cost more than all that httpx does besides. Its
        extensions are "target" (path and query as they are), "origin", and "fields", the
        header section as it is sent.
        """
        request = self._prepared.get((target.origin, with_secrets))
        if request is None:
            request = self._prepare(target, with_secrets)
        request.extensions["target"] = target.path
        return self._client.send(request, stream=True)

    def renew(self) -> None:
        """Drop all kept connections: what comes next goes over a new one."""
        self._transport.close()

    def close(self) -> None:
        """Give everything back; the client sends nothing any more."""
        self._client.close()

    def _count(self, number: int) -> None:
        self.received += number

    def _prepare(self, target: Target, with_secrets: bool) -> httpx.Request:
        headers = self._headers.for_host(target.authority, with_secrets=with_secrets)
        extensions: dict[str, Any] = {
            "timeout": {},
            "origin": target.origin,
            "fields": as_block(headers),
        }
        request = httpx.Request("GET", target.url, headers=headers, extensions=extensions)
        if len(self._prepared) >= _MAX_PREPARED:
            self._prepared.clear()
        self._prepared[target.origin, with_secrets] = request
        return request


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """No answer can make later requests carry a cookie, so none is looked for."""


class _Client(httpx.Client):
    _none = _NoCookies()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._none

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise RuntimeError("cookies are headers that people give, see `RequestHeaders`")
