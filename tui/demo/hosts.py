"""The addresses of the demo site: which of its hosts is which, and how each one is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Host(IntEnum):
    """The hosts of the demo, in the order in which their addresses are listed."""

    MAIN = 0
    CALENDAR = 1
    MARKET = 2
    CDN = 3
    PARTNER = 4


START_HOSTS = (Host.MAIN, Host.CALENDAR, Host.MARKET)
"""The hosts whose roots the demo crawl starts from; the others are external to it."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """One (address, port) for each `Host`, in its order."""

    addresses: tuple[tuple[str, int], ...]

    def origin(self, host: Host) -> str:
        """The origin of a host, `http://127.0.0.1:40001`, without a slash at its end."""
        address, port = self.addresses[host]
        return f"http://{address}:{port}"

    def url(self, host: Host, target: str = "/") -> str:
        """The absolute URL of a target (a path with its query) on a host."""
        return self.origin(host) + target

    @property
    def start_urls(self) -> tuple[str, ...]:
        """The URLs that the demo crawl starts from."""
        return tuple(self.url(host) for host in START_HOSTS)
