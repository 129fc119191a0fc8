"""The fetcher of a crawl: shared by all fetch threads, one exchange a thread at a time."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import itertools
import threading
import time
from collections.abc import Iterable

import msgspec

from crawler_core.config import MAX_FETCH_WORKERS, CrawlConfig, Secrets
from crawler_core.errors import ConfigError
from crawler_core.fetch import faults
from crawler_core.fetch.body import Body, read_body
from crawler_core.fetch.endings import ConnectionFailed
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.guard import Guard, Unguarded
from crawler_core.fetch.heads import Head, RequestHeaders, user_agent
from crawler_core.fetch.seat import Seat
from crawler_core.fetch.target import proxy_of, target_of
from crawler_core.fetch.tls import Tls
from crawler_core.fetch.verdicts import judge, retry_after
from crawler_core.model import NO_ANSWER, FetchRequest, FetchResult, Outcome, Purpose

MAX_CONNECTIONS = 4
"""Kept-alive connections of one thread."""


class _Answer(msgspec.Struct):
    """What one attempt has brought so far."""

    head: Head | None = None
    body: Body = msgspec.field(default_factory=Body)
    fault: Exception | None = None


class Fetcher:
    """Sends GET requests, one for each call of `fetch`, on as many threads as call it.

    `start_hosts` are the start URLs' host names or addresses: their address classes may
    be connected to (see `addresses`). Raises ConfigError if an option cannot be used.
    """

    def __init__(
        self, config: CrawlConfig, secrets: Secrets, *, version: str, start_hosts: Iterable[str]
    ) -> None:
        if config.http2 and importlib.util.find_spec("h2") is None:
            raise ConfigError(
                "HTTP/2 needs one more package: install crawltui[http2], or leave --http2 out."
            )
        self._config = config
        self._headers = RequestHeaders(user_agent(config.user_agent, version), secrets)
        self._proxy = proxy_of(config.proxy, secrets.proxy)
        self._tls = Tls(ca_file=config.ca_file, insecure=config.insecure, http2=config.http2)
        self._guard: Guard | Unguarded = (
            Unguarded() if self._proxy else Guard(start_hosts, allow_private=config.allow_private)
        )
        self._connections = _connections_per_thread()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._seats: list[Seat] = []
        self._numbers = itertools.count(1)
        self._running: dict[int, Exchange] = {}
        self._closed = False

    @property
    def wire_bytes(self) -> int:
        """Bytes received by all fetches so far, also by those still running."""
        return sum(seat.received for seat in self._seats)

    def fetch(self, request: FetchRequest) -> FetchResult:
        """Send one GET and return what came back: web faults are the result's outcome.

        Takes `config.timeout` seconds at most. Safe to call from many threads at once.
        """
        seat = self._seat()
        exchange = seat.begin(self._config.timeout)
        with self._lock:
            if self._closed:
                exchange.cancel()
            self._running[request.number] = exchange
        try:
            answer = self._answer(seat, request, exchange)
        finally:
            cancelled = exchange.end()
            with self._lock:
                self._running.pop(request.number, None)
        return _result(request, answer, exchange, seat.name, cancelled=cancelled)

    def cancel(self, number: int) -> bool:
        """End the running fetch with this number at once; False if none is running."""
        with self._lock:
            exchange = self._running.get(number)
        return exchange is not None and exchange.cancel()

    def cancel_all(self) -> int:
        """End all running fetches at once; return how many there were."""
        with self._lock:
            running = list(self._running.values())
        return sum(exchange.cancel() for exchange in running)

    def close(self) -> None:
        """Cancel what runs and close every connection; later fetches are cancelled."""
        with self._lock:
            self._closed = True
        self.cancel_all()
        with self._lock:
            seats = list(self._seats)
        for seat in seats:
            seat.close()

    def _seat(self) -> Seat:
        seat: Seat | None = getattr(self._local, "seat", None)
        if seat is None:
            seat = self._local.seat = Seat(
                f"T{next(self._numbers):02d}",
                self._guard.addresses,
                self._tls,
                self._headers,
                connections=self._connections,
                http2=self._config.http2,
                proxy=self._proxy,
            )
            with self._lock:
                self._seats.append(seat)
        return seat

    def _answer(self, seat: Seat, request: FetchRequest, exchange: Exchange) -> _Answer:
        """One attempt, and a second one at once if the first says nothing of the URL."""
        answer = _Answer()
        for is_last in (False, True):
            answer = _Answer()
            try:
                self._exchange(seat, request, exchange, answer)
                return answer
            except Exception as error:  # the page border: hostile answers raise anything
                answer.fault = error
            exchange.drop_connection()
            lost = faults.is_lost_connection(answer.fault, exchange)
            again = not is_last and (lost or faults.is_out_of_descriptors(answer.fault))
            if again or faults.is_unforeseen(answer.fault):
                seat.renew()
            if not again:
                return answer
            exchange.begin_again()
        return answer

    def _exchange(
        self, seat: Seat, request: FetchRequest, exchange: Exchange, answer: _Answer
    ) -> None:
        exchange.left()
        target = target_of(request.url)
        if target.url.port == 0:  # it would be taken for the default one
            raise ConnectionFailed(OSError(errno.EADDRNOTAVAIL, "port 0"))
        response = seat.send(target, with_secrets=request.send_secrets)
        try:
            head = response.extensions["head"]
            answer.head = head
            answer.body = read_body(
                response.iter_raw(), head, request.purpose, self._config.max_body, exchange
            )
            if not answer.body.is_whole:
                exchange.drop_connection()
        finally:
            response.close()


def _result(
    request: FetchRequest, answer: _Answer, exchange: Exchange, worker: str, *, cancelled: bool
) -> FetchResult:
    seconds = time.monotonic() - exchange.begun
    outcome, phrase = _verdict(request, answer, exchange, cancelled=cancelled)
    head, body = answer.head, answer.body
    if head is None or cancelled:
        return FetchResult(
            request=request,
            outcome=outcome,
            seconds=seconds,
            started=exchange.started,
            error=phrase,
            worker=worker,
            wire_bytes=exchange.received,
        )
    # An answer that broke off is none: its status would read like a complete one.
    unanswered = outcome in NO_ANSWER and answer.fault is not None
    return FetchResult(
        request=request,
        outcome=outcome,
        status_code=0 if unanswered else head.status,
        headers=head.kept(),
        body=body.data,
        body_read=body.is_read,
        is_html=body.is_html,
        size=body.size,
        transferred=body.transferred,
        seconds=seconds,
        started=exchange.started,
        http_version=head.http_version,
        location=head.location,
        retry_after=retry_after(head.get("retry-after"), exchange.started, head.get("date")),
        digest=hashlib.md5(body.data, usedforsecurity=False).hexdigest() if body.is_read else "",
        error=phrase,
        worker=worker,
        wire_bytes=exchange.received,
    )


def _verdict(
    request: FetchRequest, answer: _Answer, exchange: Exchange, *, cancelled: bool
) -> tuple[Outcome, str]:
    if cancelled:
        return Outcome.CANCELLED, faults.CANCELLED
    said = Outcome.OK, ""
    if answer.head is not None:
        said = judge(answer.head, answer.body.data, exchange.started)
    if said[0] is not Outcome.OK:
        return said  # an error page that breaks off is still that error
    if answer.fault is not None:
        return faults.explain(answer.fault, exchange, answered=answer.head is not None)
    if answer.body.is_cut and request.purpose is not Purpose.ROBOTS:
        return Outcome.TOO_LARGE, f"body cut at {len(answer.body.data):,} bytes"
    return said


def _connections_per_thread() -> int:
    """As many kept connections as leave descriptors for the rest of the process."""
    try:
        import resource
    except ImportError:
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, (soft - 128) // MAX_FETCH_WORKERS))
