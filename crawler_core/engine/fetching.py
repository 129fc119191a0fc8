"""The way of a request through the fetch pool: who is asked, since when, with what secrets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from typing import Any

import msgspec

from crawler_core import url as urls
from crawler_core.engine.board import FetchBoard, fetch_on_board
from crawler_core.fetch import Fetcher
from crawler_core.model import FetchRequest, FetchResult, Outcome
from crawler_core.pools import FetchPool

AnyFuture = Future[Any]

_log = logging.getLogger(__name__)


class Sent(msgspec.Struct, frozen=True):
    """What one fetch future carries."""

    request: FetchRequest
    at: float
    """When it was submitted, on the engine's clock."""


class FetchDesk:
    """Feeds the fetch pool and takes its futures back. Used by the engine thread only."""

    def __init__(
        self,
        pool: FetchPool,
        fetcher: Fetcher,
        done: Callable[[AnyFuture], None],
        *,
        secret_hosts: Iterable[str],
    ) -> None:
        """`secret_hosts`: the hosts (scheme + host + port) that credentials may go to."""
        self.pool = pool
        self.board = FetchBoard()
        self.in_flight: dict[AnyFuture, Sent] = {}
        self._fetcher = fetcher
        self._done = done
        self._secret_hosts = frozenset(secret_hosts)
        self._number = 0
        self._later: set[int] = set()

    @property
    def is_idle(self) -> bool:
        """Nothing is in flight."""
        return not self.in_flight

    def next_number(self) -> int:
        """The number of the next future."""
        self._number += 1
        return self._number

    def may_see_secrets(self, host: str) -> bool:
        """True for hosts that credentials go to."""
        return host in self._secret_hosts

    def submit(self, request: FetchRequest, now: float) -> None:
        """Start one fetch; the caller looks at `pool.room` first."""
        future = self.pool.submit(fetch_on_board, self.board, self._fetcher, request)
        self.in_flight[future] = Sent(request, now)
        future.add_done_callback(self._done)

    def landed(self, future: AnyFuture, now: float) -> tuple[FetchResult, float]:
        """A fetch future is done: what it brought, and the seconds it waited for a thread."""
        sent = self.in_flight.pop(future)
        self.pool.landed()
        result = _result_of(future, sent.request)
        return result, max(0.0, now - sent.at - result.seconds)

    def cancel(self, number: int, *, later: bool = False) -> bool | None:
        """Cancel one fetch; it lands as `cancelled`. What `Future.cancel()` said of it.

        False: it was running, so its connection is closed. None: there is no such fetch.
        `later` has its URL asked for again.
        """
        wanted = (f for f, sent in self.in_flight.items() if sent.request.number == number)
        future = next(wanted, None)
        if future is None:
            return None
        if later:
            self._later.add(number)
        was_pending = future.cancel()
        if not was_pending:
            self._fetcher.cancel(number)
        return was_pending

    def is_put_off(self, result: FetchResult) -> bool:
        """True when a fetch that landed was cancelled to be asked for again. Tells it once."""
        number = result.request.number
        if number not in self._later:
            return False
        self._later.discard(number)
        return result.outcome is Outcome.CANCELLED

    def cancel_all(self) -> None:
        """Cancel everything that runs."""
        self._fetcher.cancel_all()

    def drop_all(self) -> list[FetchRequest]:
        """Cancel and forget what is in flight; the requests, to be released."""
        self.cancel_all()
        lost = [sent.request for sent in self.in_flight.values()]
        self.in_flight.clear()
        for _ in lost:
            self.pool.landed()
        return lost


def hosts_for_secrets(starts: Iterable[str]) -> frozenset[str]:
    """The hosts that credentials may go to: those of the start URLs, over TLS as well."""
    hosts = {urls.host_key(start) for start in starts}
    plain = {host.removeprefix("http://") for host in hosts if host.startswith("http://")}
    return frozenset(hosts | {f"https://{name}" for name in plain if _has_default_port(name)})


def _has_default_port(name: str) -> bool:
    return ":" not in name.rpartition("]")[2]


def _result_of(future: AnyFuture, request: FetchRequest) -> FetchResult:
    """The future's value; an exception is a mistake of ours, shown by its name."""
    try:
        value = future.result()
    except CancelledError:
        return FetchResult(request, Outcome.CANCELLED, error="cancelled")
    except Exception as error:
        _log.error("a fetch raised", exc_info=error)
        why = f"{type(error).__name__}: {error}"[:200]
        return FetchResult(request, Outcome.PROTOCOL_ERROR, error=why)
    assert isinstance(value, FetchResult)
    return value
