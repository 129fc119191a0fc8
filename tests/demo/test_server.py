"""The demo site over real sockets, and the life of its process."""

from __future__ import annotations

import contextlib
import errno
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from crawler_core.errors import ConfigError, CrawlError
from tui.demo import server
from tui.demo.exchange import MAX_HEADER_BYTES
from tui.demo.hosts import Host
from tui.demo.server import DemoServer, bind

COMMAND = [sys.executable, "-m", "tui.demo.server", "--pages", "60"]


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer(60) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as made:
        yield made


def raw(demo: DemoServer, data: bytes) -> bytes:
    """What the main host sends back for these bytes until it closes the connection."""
    with socket.create_connection(demo.hosts.addresses[Host.MAIN], timeout=10) as connection:
        connection.sendall(data)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
    return received


def gone(address: tuple[str, int]) -> bool:
    """Whether nobody listens at the address any more, within five seconds."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_start_urls_answer(demo: DemoServer, client: httpx.Client) -> None:
    """Every start URL is a page, and each host speaks for itself."""
    bodies = {client.get(url).raise_for_status().text for url in demo.start_urls}
    assert len(bodies) == 3
    assert len(demo.hosts.addresses) == len(Host)


def test_what_is_sent_is_what_the_site_says(demo: DemoServer, client: httpx.Client) -> None:
    """Status and body on the wire are those of the pure site."""
    for target in ("/", "/guide/", "/titles/missing-1.html", "/large/archive.html", "/no/such"):
        answer = client.get(demo.hosts.url(Host.MAIN, target))
        expected = demo.site.respond(Host.MAIN, target)
        assert (answer.status_code, answer.content) == (expected.status, expected.body)


def test_connection_is_kept(demo: DemoServer) -> None:
    """Two requests in one connection get two answers, HEAD without a body."""
    head = b"HEAD /terms.html HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = raw(demo, head + last)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert b"<html" not in received
    assert received.endswith(demo.site.respond(Host.MAIN, "/robots.txt").body)


def test_redirects(demo: DemoServer, client: httpx.Client) -> None:
    """The chain ends after three hops, the loop does not end."""
    chain = client.get(demo.hosts.url(Host.MAIN, "/moved/chain-1.html"), follow_redirects=True)
    assert [hop.status_code for hop in chain.history] == [301, 302, 307]
    with pytest.raises(httpx.TooManyRedirects):
        client.get(demo.hosts.url(Host.MAIN, "/moved/loop-a.html"), follow_redirects=True)


def test_failures_recover_when_asked_again(demo: DemoServer, client: httpx.Client) -> None:
    """The server counts visits: a flaky page and a throttled stall answer the next time."""
    flaky = demo.hosts.url(Host.MAIN, "/flaky/lock-gate-1.html")
    assert [client.get(flaky).status_code for _ in range(3)] == [500, 200, 200]
    stall = demo.hosts.url(Host.MARKET, "/stall/6.html")
    first = client.get(stall)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    assert client.get(stall).status_code == 200


def test_reset_and_short_bodies_fail(demo: DemoServer, client: httpx.Client) -> None:
    """A reset and a wrong length end in errors after the head and a part of the body."""
    for name, error in (("reset", httpx.ReadError), ("short", httpx.RemoteProtocolError)):
        with client.stream("GET", demo.hosts.url(Host.MAIN, f"/wire/{name}.html")) as answer:
            assert answer.status_code == 200
            received: list[bytes] = []
            with pytest.raises(error):
                received.extend(answer.iter_raw())
            assert b"".join(received).startswith(b"<!doctype html>")


def test_packed_and_chunked_bodies(demo: DemoServer, client: httpx.Client) -> None:
    """gzip and chunks arrive whole, the empty page is an empty 200."""
    packed = client.get(demo.hosts.url(Host.MAIN, "/wire/gzip.html"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.text.endswith("</html>\n")
    chunked = client.get(demo.hosts.url(Host.MAIN, "/wire/chunked.html"))
    assert chunked.headers["Transfer-Encoding"] == "chunked"
    assert chunked.content == demo.site.respond(Host.MAIN, "/wire/chunked.html").body
    empty = client.get(demo.hosts.url(Host.MAIN, "/wire/empty.html"))
    assert (empty.status_code, empty.content) == (200, b"")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"\xff\xfe\x00 / HTTP/9\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * MAX_HEADER_BYTES, b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"400"),
        (b"DELETE / HTTP/1.0\r\n\r\n", b"405"),
        (b"GET http://127.0.0.1/terms.html HTTP/1.0\r\n\r\n", b"200"),
        ("GET /unicode/港.html HTTP/1.0\r\n\r\n".encode(), b"200"),
    ],
)
def test_bad_requests_are_answered(
    demo: DemoServer, client: httpx.Client, data: bytes, status: bytes
) -> None:
    """Whatever arrives gets an answer or a closed connection, and the server lives on."""
    received = raw(demo, data)
    assert received == b"" or received.startswith(b"HTTP/1.1 " + status)
    assert client.get(demo.hosts.url(Host.MAIN, "/robots.txt")).status_code == 200


def test_many_connections(demo: DemoServer) -> None:
    """256 connections that are open at once are all answered."""
    with contextlib.ExitStack() as stack:
        address = demo.hosts.addresses[Host.MARKET]
        made = [stack.enter_context(socket.create_connection(address, 10)) for _ in range(256)]
        for connection in made:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(connection.recv(15) == b"HTTP/1.1 200 OK" for connection in made)


def test_hosts_are_distinct() -> None:
    """Every host has an address of its own, on one port where there are several addresses."""
    sockets = bind()
    names = [made.getsockname() for made in sockets]
    for made in sockets:
        made.close()
    assert len(set(names)) == len(Host)
    several = len({address for address, _ in names}) > 1
    assert len({port for _, port in names}) == (1 if several else len(Host))


def test_several_ports_where_only_one_address_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without 127.0.0.2 every host gets a port of its own on 127.0.0.1."""
    real = server._listen

    def only_the_first(address: str, port: int) -> socket.socket:
        if address != "127.0.0.1":
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(address, port)

    monkeypatch.setattr(server, "_listen", only_the_first)
    sockets = bind()
    names = {made.getsockname() for made in sockets}
    for made in sockets:
        made.close()
    assert {address for address, _ in names} == {"127.0.0.1"}
    assert len(names) == len(Host)


def test_process_ends_with_its_stdin() -> None:
    """The process announces itself in one line and ends when its stdin does."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        address, port = told["hosts"][0]
        assert told["start"][0] == f"http://{address}:{port}/"
        process.send_signal(signal.SIGINT)
        assert httpx.get(told["start"][1], trust_env=False).status_code == 200
        process.stdin.close()
        assert process.wait(60) == 0


def test_process_ends_with_sigterm() -> None:
    """SIGTERM ends the process in good order, with a connection open."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        address, port = json.loads(process.stdout.readline())["hosts"][0]
        with socket.create_connection((address, port)) as connection:
            connection.sendall(b"GET /slow/tide-table-6.html HTTP/1.1\r\n\r\n")
            process.terminate()
            assert process.wait(60) == 0


_OWNER = """
import sys
from tui.demo.server import DemoServer
with DemoServer(60) as demo:
    sys.stdout.write(repr(demo.hosts.addresses[0]) + "\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def test_server_dies_with_a_killed_owner() -> None:
    """A server whose owner is killed without a word is gone soon after."""
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        address, _, port = owner.stdout.readline().decode().strip("()\n").partition(", ")
        owner.kill()
    assert gone((address.strip("'"), int(port)))


def test_closed_server_is_gone() -> None:
    """After its block nobody listens, and closing again does no harm."""
    with DemoServer(60) as running:
        address = running.hosts.addresses[0]
    running.close()
    assert gone(address)


def test_faults_of_the_owner_are_told() -> None:
    """A number out of range and a question too early are errors with a sentence."""
    with pytest.raises(ConfigError, match="50 to 20000 pages, not 3"):
        DemoServer(3)
    with pytest.raises(CrawlError, match="not running"):
        _ = DemoServer(60).start_urls


def test_server_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server process that ends at once is an error that says how to look into it."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CrawlError, match="did not start"), DemoServer(60):
        pass
