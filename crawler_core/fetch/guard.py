"""Finds the addresses of a host and lets through those that the policy permits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from crawler_core.fetch.addresses import AddressPolicy
from crawler_core.fetch.endings import AddressRefused
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.names import Address, Found, Resolver

START_SECONDS = 5.0
"""How long the start hosts' names may take in all before the crawl begins without them."""


class Guard:
    """Names and policy of a crawl, shared by all its threads.

    The start hosts' address classes are learned at once, and those of a host whose name
    cannot be looked up now when it first can.
    """

    def __init__(self, start_hosts: Iterable[str], *, allow_private: bool) -> None:
        self._resolver = Resolver()
        self._lock = threading.Lock()
        self._policy = AddressPolicy(allow_private=allow_private)
        hosts = dict.fromkeys(host.lower().strip("[]") for host in start_hosts)
        self._unlearned = set(hosts)
        pending = [(host, self._resolver.lookup(host)) for host in hosts]
        until = time.monotonic() + START_SECONDS
        for host, found in pending:
            self._learn(host, found, until - time.monotonic())

    @property
    def policy(self) -> AddressPolicy:
        """What is permitted now."""
        return self._policy

    def addresses(self, host: str, exchange: Exchange) -> tuple[Address, ...]:
        """Return where `host` may be connected to, at least one address.

        Raises AddressRefused, OSError (no such name), DeadlinePassed or FetchCancelled.
        """
        host = host.strip("[]")
        found = look_up(self._resolver, host, exchange)
        if host.lower() in self._unlearned:
            self._widen(host.lower(), found)
        policy = self._policy
        permitted = tuple(address for address in found if policy.permits(address.text))
        if not permitted:
            raise AddressRefused(f"{found[0].text} is not a public address")
        return permitted

    def _learn(self, host: str, found: Found, seconds: float) -> None:
        try:
            self._widen(host, found.result(timeout=max(0.0, seconds)))
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            return  # it stays unlearned; its own fetch tells what is wrong

    def _widen(self, host: str, addresses: tuple[Address, ...]) -> None:
        with self._lock:
            self._policy = self._policy.learning(address.text for address in addresses)
            self._unlearned.discard(host)


class Unguarded:
    """The proxy's own address: people chose it, and the target's cannot be seen."""

    def __init__(self) -> None:
        self._resolver = Resolver()

    def addresses(self, host: str, exchange: Exchange) -> tuple[Address, ...]:
        """Return the addresses of `host`. Raises as `Guard.addresses` does."""
        return look_up(self._resolver, host.strip("[]"), exchange)


def look_up(resolver: Resolver, host: str, exchange: Exchange) -> tuple[Address, ...]:
    """Wait for the addresses of `host`, no longer than `exchange` may."""
    found = resolver.lookup(host)
    if not found.done():
        found.add_done_callback(lambda _: exchange.woken.set())
    while not found.done():
        exchange.woken.wait(exchange.left())
        exchange.woken.clear()
        exchange.left()  # after the clearing, so that no cancelling is slept through
    return found.result(timeout=0)
