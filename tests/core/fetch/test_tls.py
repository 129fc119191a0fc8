"""TLS: verified unless told otherwise, and every failure has a human phrase."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crawler_core.errors import ConfigError
from crawler_core.fetch import Fetcher
from crawler_core.model import Outcome
from tests.core.fetch.conftest import (
    TIMEOUT,
    MakeFetcher,
    assert_cancelled,
    request,
    wait_until,
)
from tests.core.fetch.faultserver import FaultServer, Talk, response, tunnel

Serve = Callable[[ssl.SSLContext | None], FaultServer]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def serve() -> Iterator[Serve]:
    made: list[FaultServer] = []

    def start(context: ssl.SSLContext | None) -> FaultServer:
        served = FaultServer(context=context)
        served.serve("/", response(b"<p>secure"))
        made.append(served)
        return served

    yield start
    for served in made:
        served.close()


def context_for(authority: trustme.CA, *names: str, **options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_trusted_site_is_read_over_a_kept_connection(
    serve: Serve, authority: trustme.CA, ca_file: str, make_fetcher: MakeFetcher
) -> None:
    """With its authority named by --ca-file, a private site is an ordinary one."""
    server = serve(context_for(authority, "127.0.0.1"))
    fetcher = make_fetcher(ca_file=ca_file, timeout=5)
    for _ in range(3):
        result = fetcher.fetch(request(server.url("/")))
        assert (result.outcome, result.body) == (Outcome.OK, b"<p>secure")
    assert server.connections == 1
    assert result.http_version == "HTTP/1.1"


def test_the_name_is_told_without_its_dot(
    serve: Serve,
    authority: trustme.CA,
    ca_file: str,
    make_fetcher: MakeFetcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host written with the root's dot is verified, and announced, without it."""
    row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [row])
    context = context_for(authority, "dotted.test")
    told: list[str | None] = []
    context.sni_callback = lambda _sock, name, _context: told.append(name)
    server = serve(context)
    fetcher = make_fetcher(ca_file=ca_file, timeout=5)
    for host in ("dotted.test", "dotted.test."):
        result = fetcher.fetch(request(server.url("/", host)))
        assert (result.outcome, result.error) == (Outcome.OK, "")
    assert told == ["dotted.test"] * 2


def test_certificate_faults_are_named(
    serve: Serve,
    authority: trustme.CA,
    ca_file: str,
    make_fetcher: MakeFetcher,
    tmp_path: Path,
) -> None:
    """Expired, foreign, self-signed and unknown certificates are refused, each by its name."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    cases = [
        (context_for(authority, "127.0.0.1", not_after=past), "certificate has expired"),
        (context_for(authority, "127.0.0.9"), "address does not match the certificate"),
        (self_signed(tmp_path), "self-signed certificate"),
        (context_for(trustme.CA(), "127.0.0.1"), "certificate is not from a known authority"),
    ]
    fetcher = make_fetcher(ca_file=ca_file, timeout=5)
    for context, phrase in cases:
        server = serve(context)
        result = fetcher.fetch(request(server.url("/")))
        assert (result.outcome, result.status_code, result.error) == (Outcome.TLS, 0, phrase)
        assert server.heads == []
    server = serve(context_for(authority, "other.test"))
    named = make_fetcher(ca_file=ca_file, timeout=5, start_hosts=("localhost",))
    result = named.fetch(request(server.url("/", "localhost")))
    assert result.error == "host name does not match the certificate"


def test_insecure_reads_what_cannot_be_verified(
    serve: Serve, make_fetcher: MakeFetcher, tmp_path: Path
) -> None:
    """--insecure accepts any certificate."""
    server = serve(self_signed(tmp_path))
    result = make_fetcher(insecure=True, timeout=5).fetch(request(server.url("/")))
    assert result.body == b"<p>secure"


def test_plain_http_on_a_tls_port_is_named(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """An https URL whose server answers in plain text is a TLS error."""

    def rude(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server.serve("/", rude)
    server._read_head = lambda sock: sock.recv(64) and b"GET / HTTP/1.1\r\n\r\n"  # type: ignore[method-assign]
    result = make_fetcher().fetch(request(server.url("/").replace("http:", "https:")))
    assert result.outcome is Outcome.TLS
    assert result.error == "the server does not speak TLS on this port"


def test_tls_on_a_plain_port_is_a_protocol_error(
    serve: Serve, authority: trustme.CA, make_fetcher: MakeFetcher
) -> None:
    """An http URL at a TLS server ends at once."""
    server = serve(context_for(authority, "127.0.0.1"))
    result = make_fetcher().fetch(request(server.url("/").replace("https:", "http:")))
    assert result.outcome in (Outcome.PROTOCOL_ERROR, Outcome.RESET)
    assert result.seconds < TIMEOUT


def _silent(server: FaultServer) -> threading.Event:
    """Make a server accept connections and say nothing at all on them."""
    reached = threading.Event()

    def wait(sock: object) -> bytes:
        reached.set()
        server._stop.wait(10)
        return b""

    server._read_head = wait  # type: ignore[method-assign]
    return reached


def test_a_stalled_handshake_ends_in_time(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A server that accepts and never answers the handshake is a timeout."""
    _silent(server)
    result = make_fetcher().fetch(request(server.url("/").replace("http:", "https:")))
    assert (result.outcome, result.error) == (Outcome.TIMEOUT, "no connection in time")
    assert result.seconds < TIMEOUT + 5


def test_a_stalled_handshake_can_be_cancelled(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Cancelling wakes a thread in a handshake."""
    reached = _silent(server)
    fetcher = make_fetcher(timeout=30)
    assert_cancelled(fetcher, server.url("/").replace("http:", "https:"), reached.is_set)


def test_a_connection_closed_in_the_handshake_is_a_reset(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """A server that hangs up during the handshake may be tried again: it is no TLS error."""
    server._read_head = lambda sock: b""  # type: ignore[method-assign]
    result = make_fetcher().fetch(request(server.url("/").replace("http:", "https:")))
    assert result.outcome is Outcome.RESET


def test_a_stalled_secure_answer_can_be_cancelled(
    serve: Serve, authority: trustme.CA, ca_file: str, make_fetcher: MakeFetcher
) -> None:
    """Cancelling wakes a thread that reads through TLS."""
    server = serve(context_for(authority, "127.0.0.1"))
    server.serve("/stall", Talk.hold)
    fetcher = make_fetcher(ca_file=ca_file, timeout=30)
    assert_cancelled(fetcher, server.url("/stall"), lambda: server.heads)


def test_an_https_page_comes_through_a_tunnel(
    server: FaultServer,
    serve: Serve,
    authority: trustme.CA,
    ca_file: str,
    make_fetcher: MakeFetcher,
) -> None:
    """https URLs go through the proxy's tunnel, verified against the site's own certificate."""
    site = serve(context_for(authority, "127.0.0.1"))
    server.serve(f"127.0.0.1:{site.port}", tunnel())
    fetcher = make_fetcher(proxy=f"http://127.0.0.1:{server.port}", ca_file=ca_file, timeout=5)
    for _ in range(2):
        result = fetcher.fetch(request(site.url("/")))
        assert (result.outcome, result.body) == (Outcome.OK, b"<p>secure")
    assert server.heads[0].startswith(f"CONNECT 127.0.0.1:{site.port} ".encode())
    assert (server.connections, site.connections) == (1, 1)
    fetcher.close()  # the tunnel's two threads end with their connection


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bad_ca_file_is_told_at_the_start(
    make_fetcher: MakeFetcher, tmp_path: Path, content: bytes | None
) -> None:
    """A file of authorities that is missing, empty or none is a wrong option."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="--ca-file"):
        make_fetcher(ca_file=str(path))


def test_threads_share_one_configuration(
    serve: Serve, authority: trustme.CA, ca_file: str, make_fetcher: MakeFetcher
) -> None:
    """Eight threads that shake hands at once all get their answer."""
    server = serve(context_for(authority, "127.0.0.1"))
    fetcher: Fetcher = make_fetcher(ca_file=ca_file, timeout=10)
    done: list[Outcome] = []
    threads = [
        threading.Thread(
            target=lambda: done.append(fetcher.fetch(request(server.url("/"))).outcome)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(done) == 8, 10)
    assert set(done) == {Outcome.OK}
