"""Kept connections: how many, how long, and never one that could mix answers up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from crawler_core.config import Secrets
from crawler_core.fetch import classic, lean
from crawler_core.fetch.fetcher import MAX_CONNECTIONS
from crawler_core.model import Outcome
from tests.core.fetch.conftest import (
    TIMEOUT,
    Get,
    MakeFetcher,
    assert_cancelled,
    request,
    wait_until,
)
from tests.core.fetch.faultserver import FaultServer, Talk, chunked, response


@pytest.fixture
def servers() -> Iterator[list[FaultServer]]:
    made = [FaultServer() for _ in range(MAX_CONNECTIONS + 1)]
    for server in made:
        server.serve("/", response())
    yield made
    for server in made:
        server.close()


def test_few_connections_are_kept(servers: list[FaultServer], get: Get) -> None:
    """A thread that visits many hosts keeps a handful of connections, the latest ones."""
    first, *rest = servers
    for server in (first, *rest):
        assert get(server.url()).outcome is Outcome.OK
    for server in rest:
        get(server.url())
    assert [server.connections for server in rest] == [1] * len(rest)
    get(first.url())
    assert first.connections == 2


def test_an_old_connection_is_not_used_again(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its time an idle connection is replaced: servers close such ones unasked."""
    monkeypatch.setattr(lean, "KEEP_ALIVE_SECONDS", -1.0)
    monkeypatch.setattr(classic, "KEEP_ALIVE_SECONDS", -1.0)
    fetcher = make_fetcher()
    url = server.serve("/", response())
    for _ in range(2):
        assert fetcher.fetch(request(url)).outcome is Outcome.OK
    assert server.connections == 2


def test_bytes_that_come_late_are_nobodys_answer(server: FaultServer, get: Get) -> None:
    """What a server says between two requests, as some do before they close, is not read."""
    spoken = threading.Event()
    asked_on = threading.Event()

    def answer(talk: Talk) -> bool:
        talk.send(response(b"<title>asked"))
        asked_on.wait(5)
        talk.send(response(b"<title>unasked", status="408 Request Timeout"))
        spoken.set()
        return True

    url = server.serve("/", answer)
    assert get(url).body == b"<title>asked"
    asked_on.set()
    assert spoken.wait(5)
    assert get(url).body == b"<title>asked"
    assert server.connections == 2


def test_bytes_behind_an_answer_end_its_connection(server: FaultServer, get: Get) -> None:
    """Where one stray byte was read more may follow, so nothing is asked there any more."""
    url = server.serve("/", response(b"<p>") + b"H")
    for _ in range(2):
        assert get(url).body == b"<p>"
    assert server.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        response(b"<p>").replace(b"HTTP/1.1", b"HTTP/1.0"),
        chunked(b"<p>", headers="Content-Length: 3"),
        response(b"<p>", headers="Connection: close"),
    ],
)
def test_an_unclear_end_closes_the_connection(
    server: FaultServer, make_fetcher: MakeFetcher, raw: bytes
) -> None:
    """Where server and crawler may disagree on the end of an answer, nothing follows it."""
    fetcher = make_fetcher(http2=False)
    url = server.serve("/", raw)
    for _ in range(2):
        assert fetcher.fetch(request(url)).body == b"<p>"
    assert server.connections == 2


def test_the_deadline_holds_on_a_kept_connection(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Every exchange of a connection has its whole time, and no more than that."""

    each = 1.5  # seconds that an exchange may take

    def slow(talk: Talk) -> bool:
        time.sleep(each * 0.35)
        talk.send(response(b"<p>slow"))
        return True

    fetcher = make_fetcher(timeout=each)
    server.serve("/slow", slow)
    server.serve("/stall", Talk.hold)
    for _ in range(3):
        assert fetcher.fetch(request(server.url("/slow"))).body == b"<p>slow"
    result = fetcher.fetch(request(server.url("/stall")))
    assert result.outcome is Outcome.TIMEOUT
    assert each * 0.9 < result.seconds < each * 2
    assert server.connections == 1


@pytest.fixture
def deaf() -> Iterator[FaultServer]:
    """A server that accepts connections and reads nothing."""
    served = FaultServer()

    def wait(sock: object) -> bytes:
        served._stop.wait(10)
        return b""

    served._read_head = wait  # type: ignore[method-assign]
    yield served
    served.close()


BIG = Secrets(headers=(("X-Big", "x" * 16_000_000),))


def test_a_server_that_does_not_read_is_left_in_time(
    deaf: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """The deadline holds also while a request cannot be sent."""
    result = make_fetcher(BIG).fetch(request(deaf.url(), secrets=True))
    assert result.outcome is Outcome.TIMEOUT
    assert result.seconds < TIMEOUT + 5


def test_a_request_that_cannot_be_sent_can_be_cancelled(
    deaf: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Cancelling wakes a thread that waits to send."""
    fetcher = make_fetcher(BIG, timeout=30)
    assert_cancelled(fetcher, deaf.url(), lambda: deaf.connections)


def test_an_answer_to_a_request_half_read_counts(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """A server may refuse and hang up before it has read all that was sent."""
    server._read_head = lambda sock: sock.recv(100) and b"GET / HTTP/1.1\r\n\r\n"  # type: ignore[method-assign]
    refusal = response(b"", status="431 Too Large", headers="Connection: close")
    url = server.serve("/", lambda talk: talk.send(refusal))
    result = make_fetcher(BIG, timeout=5).fetch(request(url, secrets=True))
    assert (result.outcome, result.status_code) == (Outcome.CLIENT_ERROR, 431)


def test_closing_gives_every_connection_back(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """After `close` the server sees its connections end."""
    ended = threading.Event()

    def answer(talk: Talk) -> bool:
        talk.send(response())
        while talk.sock.recv(100):
            pass
        ended.set()
        return False

    fetcher = make_fetcher()
    assert fetcher.fetch(request(server.serve("/", answer))).outcome is Outcome.OK
    fetcher.close()
    wait_until(ended.is_set)
