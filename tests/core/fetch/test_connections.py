"""Connections: kept, stale, mixed up, cancelled, shared out over threads, proxied."""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler_core.config import Secrets
from crawler_core.errors import ConfigError
from crawler_core.fetch import DNS_AGAIN, NO_DESCRIPTORS, NO_SUCH_NAME
from crawler_core.model import FetchResult, Outcome, Purpose
from tests.core.fetch.conftest import Get, MakeFetcher, assert_cancelled, request, wait_until
from tests.core.fetch.faultserver import FaultServer, Route, Talk, response, tunnel


def test_a_connection_is_kept(server: FaultServer, get: Get) -> None:
    """Requests of one thread to one host share a connection."""
    url = server.serve("/", response())
    assert [get(url).outcome for _ in range(5)] == [Outcome.OK] * 5
    assert server.connections == 1


def _once_per_connection(how: str) -> Route:
    """Answer the first request of a connection; end it at the second, without a byte."""

    def answer(talk: Talk) -> bool:
        if talk.number == 1:
            talk.send(response(b"<p>fresh"))
            return True
        if how == "reset":
            talk.reset()
        return False

    return answer


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_stale_connection_is_no_fault(server: FaultServer, get: Get, how: str) -> None:
    """A kept connection that the server ends is replaced at once, unseen."""
    url = server.serve("/", _once_per_connection(how))
    assert [get(url).body for _ in range(4)] == [b"<p>fresh"] * 4
    assert len(server.heads) >= 4


def test_a_fresh_connection_that_ends_is_a_fault(server: FaultServer, get: Get) -> None:
    """Only a reused connection is tried again: a server that hangs up is asked once."""
    url = server.serve("/", lambda talk: False)
    assert get(url).outcome is Outcome.RESET
    assert len(server.heads) == 1


def test_a_connection_closed_while_idle_is_replaced(server: FaultServer, get: Get) -> None:
    """A server that closes after its answer without saying so is asked anew."""

    def answer(talk: Talk) -> None:
        talk.send(response())

    url = server.serve("/", answer)
    assert [get(url).outcome for _ in range(5)] == [Outcome.OK] * 5


@pytest.mark.parametrize("purpose", [Purpose.CRAWL, Purpose.CHECK])
def test_bytes_beyond_an_answer_are_nobodys_answer(
    server: FaultServer, get: Get, purpose: Purpose
) -> None:
    """What a server sends after the end of an answer never answers another request."""
    stray = response(b"<title>stray")
    server.serve("/long", response(b"<title>long") + stray)
    server.serve("/next", response(b"<title>next"))
    for _ in range(3):
        assert get(server.url("/long"), purpose).status_code == 200
        assert get(server.url("/next")).body == b"<title>next"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?",
        "/a//b/./c",
        "/|^'[]{}`%zz?q=|^'[]{}`%zz",
        "/%E4%zz%2f%2F?a=b&c=%20+",
        "/;p=1,2/@:!$&()*+=~?/?:@",
        "/\\a?\\b",
    ],
)
def test_the_target_is_sent_as_it_is(server: FaultServer, get: Get, path: str) -> None:
    """Path and query go out exactly as the URL has them."""
    get(server.url(path))
    assert server.heads[0].split(b"\r\n")[0] == f"GET {path} HTTP/1.1".encode()


def test_the_request_says_who_asks(server: FaultServer, get: Get) -> None:
    """Host, product and what is understood are sent; nothing else."""
    get(server.url("/"))
    lines = server.heads[0].decode().splitlines()
    assert lines[1:-1] == [
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: crawltui/1.2.3 (+https://crawltui.example/bot)",
        "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding: gzip, deflate",
    ]


def test_cookies_of_an_answer_are_never_sent(server: FaultServer, get: Get) -> None:
    """No answer can make later requests carry a cookie."""
    url = server.serve("/", response(headers="Set-Cookie: a=b; Path=/"))
    for _ in range(3):
        get(url)
    assert not any(b"cookie" in head.lower() for head in server.heads)


def test_the_environment_is_not_asked(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables and netrc of the environment change nothing."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert make_fetcher().fetch(request(server.serve("/", response()))).outcome is Outcome.OK


def test_credentials_in_a_url_are_not_sent(server: FaultServer, get: Get) -> None:
    """`user:secret@` is no order to log in."""
    server.serve("/", response())
    assert get(server.url("/", f"user:secret@{server.host}")).outcome is Outcome.OK
    assert b"secret" not in server.heads[0]
    assert b"uthorization" not in server.heads[0]


def test_ipv6_works_by_number(make_fetcher: MakeFetcher) -> None:
    """An IPv6 address is connected to without, and named with, its brackets."""
    try:
        served = FaultServer("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    try:
        fetcher = make_fetcher(start_hosts=("[::1]",))
        result = fetcher.fetch(request(served.serve("/", response())))
        assert result.outcome is Outcome.OK
        assert f"Host: [::1]:{served.port}".encode() in served.heads[0]
    finally:
        served.close()


Row = tuple[object, ...]


def _rows(*addresses: str) -> list[Row]:
    found: list[Row] = []
    for text in addresses:
        six = ":" in text
        family = socket.AF_INET6 if six else socket.AF_INET
        found.append((family, socket.SOCK_STREAM, 6, "", (text, 0, 0, 0) if six else (text, 0)))
    return found


def test_the_next_address_is_tried(
    server: FaultServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose first addresses refuse is reached at its last."""
    addresses = _rows("::1", "127.0.0.3", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    server.serve("/", response())
    assert get(server.url("/", "many.test")).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        (socket.EAI_NONAME, NO_SUCH_NAME),
        (socket.EAI_AGAIN, DNS_AGAIN),
        (socket.EAI_FAIL, DNS_AGAIN),
    ],
)
def test_a_failed_lookup_says_whether_to_ask_again(
    get: Get, monkeypatch: pytest.MonkeyPatch, code: int, phrase: str
) -> None:
    """A name that does not exist and a name server that fails are told apart."""

    def fail(*_: object, **__: object) -> list[Row]:
        raise socket.gaierror(code, "as told")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    result = get("http://nowhere.test/")
    assert (result.outcome, result.error) == (Outcome.DNS, phrase)


def test_lookups_of_one_name_are_shared_and_kept(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many threads that need one host ask the name server once."""
    asked: list[bytes] = []
    gate = threading.Event()

    def resolve(host: bytes, *_: object, **__: object) -> list[Row]:
        asked.append(host)
        gate.wait(5)
        return _rows("127.0.0.1")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.serve("/", response())
    fetcher = make_fetcher(timeout=10)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(fetcher.fetch, request(server.url("/", "one.test"))) for _ in range(8)]
        wait_until(lambda: asked)
        gate.set()
        assert {job.result().outcome for job in jobs} == {Outcome.OK}
    assert asked == [b"one.test"]


def test_a_name_server_that_stalls_cannot_hold_a_fetch(
    make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline and cancelling hold during a lookup, too."""
    gate = threading.Event()
    waits = threading.Event()

    def resolve(*_: object, **__: object) -> list[Row]:
        waits.set()
        gate.wait(10)
        return _rows("127.0.0.1")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        result = make_fetcher().fetch(request("http://slow.test/"))
        assert result.outcome is Outcome.TIMEOUT
        waits.clear()
        slow = make_fetcher(timeout=20)
        assert_cancelled(slow, "http://slow.test/", waits.is_set)
    finally:
        gate.set()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", response(b"<p>", length=99)])
def test_a_stalled_fetch_ends_when_it_is_cancelled(
    server: FaultServer, make_fetcher: MakeFetcher, start: bytes
) -> None:
    """Cancelling wakes a thread that waits for a server, and frees it for other work."""
    started = threading.Event()

    def stall(talk: Talk) -> None:
        talk.send(start)
        started.set()
        talk.hold()

    fetcher = make_fetcher(timeout=30)
    assert_cancelled(fetcher, server.serve("/", stall), started.is_set)
    assert fetcher.fetch(request(server.serve("/good", response()))).outcome is Outcome.OK


@contextlib.contextmanager
def _deaf_listener() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filling = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            filling.append(filler)
        yield listener.getsockname()[1]
        for filler in filling:
            filler.close()


def test_connecting_can_be_cancelled_and_ends_in_time(make_fetcher: MakeFetcher) -> None:
    """A host that swallows packets holds a thread no longer than the deadline."""
    with _deaf_listener() as port:
        result = make_fetcher().fetch(request(f"http://127.0.0.1:{port}/"))
        assert (result.outcome, result.error) == (Outcome.TIMEOUT, "no connection in time")
        fetcher = make_fetcher(timeout=30)
        assert_cancelled(fetcher, f"http://127.0.0.1:{port}/", lambda: fetcher._running)


def test_cancel_all_and_close_end_everything(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """All threads come back at once, and a closed fetcher sends nothing more."""
    url = server.serve("/", Talk.hold)
    fetcher = make_fetcher(timeout=30)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(fetcher.fetch, request(url)) for _ in range(8)]
        wait_until(lambda: len(server.heads) == 8)
        assert fetcher.cancel_all() == 8
        assert {job.result(2).outcome for job in jobs} == {Outcome.CANCELLED}
        jobs = [pool.submit(fetcher.fetch, request(url)) for _ in range(8)]
        wait_until(lambda: len(server.heads) == 16)
        fetcher.close()
        assert {job.result(2).outcome for job in jobs} == {Outcome.CANCELLED}
    sent = len(server.heads)
    assert fetcher.fetch(request(url)).outcome is Outcome.CANCELLED
    assert len(server.heads) == sent


def test_nothing_runs_nothing_is_cancelled(make_fetcher: MakeFetcher) -> None:
    """Cancelling an unknown number says that nothing ran."""
    fetcher = make_fetcher()
    assert not fetcher.cancel(12345)
    assert fetcher.cancel_all() == 0


def test_thirty_two_threads_share_one_fetcher(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Answers reach the thread that asked, over one connection a thread."""
    for number in range(40):
        server.serve(f"/{number}", response(f"<p>page {number}".encode()))
    fetcher = make_fetcher(timeout=10)
    ready = threading.Barrier(32)

    def run(thread: int) -> list[FetchResult]:
        ready.wait(10)
        numbers = itertools.islice(itertools.cycle(range(40)), thread, thread + 10)
        return [fetcher.fetch(request(server.url(f"/{number}"))) for number in numbers]

    with ThreadPoolExecutor(32) as pool:
        results = [result for found in pool.map(run, range(32)) for result in found]
    assert len(results) == 320
    for result in results:
        assert result.body.decode() == f"<p>page {result.request.url.rpartition('/')[2]}"
    assert len({result.worker for result in results}) == 32
    assert server.connections == 32
    assert sum(result.wire_bytes for result in results) == fetcher.wire_bytes


def test_no_descriptors_is_this_machines_fault(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Without a free descriptor a fetch says so, and works again once there is one."""
    fetcher = make_fetcher()
    url = server.serve("/", response())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # 0 to 2 are in use, so nothing can be opened, whatever other threads close meanwhile.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        result = fetcher.fetch(request(url))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert (result.outcome, result.error) == (Outcome.REFUSED, NO_DESCRIPTORS)
    assert fetcher.fetch(request(url)).outcome is Outcome.OK


def test_a_proxy_is_asked_for_http_pages(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """http URLs go to the proxy whole, with its credentials, and names are left to it."""
    fetcher = make_fetcher(
        proxy=f"http://127.0.0.1:{server.port}",
        secrets=Secrets(proxy="me:word"),
        start_hosts=(),
    )
    server.serve("http://elsewhere.test/a|b?c", response(b"<p>by proxy"))
    result = fetcher.fetch(request("http://elsewhere.test/a|b?c"))
    assert result.body == b"<p>by proxy"
    assert b"Proxy-Authorization: Basic bWU6d29yZA==" in server.heads[0]
    assert b"Host: elsewhere.test\r\n" in server.heads[0]


def test_a_proxy_that_refuses_a_tunnel_is_told(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """An https URL whose tunnel the proxy denies ends as refused, with the proxy's words."""
    server.serve("secure.test:443", tunnel(b"407 Log in first"))
    result = make_fetcher(proxy=f"127.0.0.1:{server.port}").fetch(request("https://secure.test/"))
    assert result.outcome is Outcome.REFUSED
    assert result.error == "the proxy refused: 407 Log in first"


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://[", "http://x:y"]
)
def test_a_proxy_that_cannot_be_used_is_an_error(make_fetcher: MakeFetcher, proxy: str) -> None:
    """Only HTTP proxies are spoken to; anything else is told before a byte is sent."""
    with pytest.raises(ConfigError, match="--proxy needs"):
        make_fetcher(proxy=proxy)
