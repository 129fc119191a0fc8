"""HTTP/2, the option: one small server of frames, and what happens without the package."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import ssl
import threading
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import pytest
import trustme

from crawler_core.errors import ConfigError
from crawler_core.model import Outcome
from tests.core.fetch.conftest import TIMEOUT, MakeFetcher, request

HTML = [(":status", "200"), ("content-type", "text/html")]

IMAGE = [(":status", "200"), ("content-type", "image/png"), ("content-length", "100000")]


class FrameServer:
    """Answers over HTTP/2 by path; /stall says nothing, /reset resets the stream."""

    def __init__(self, authority: trustme.CA) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.set_alpn_protocols(["h2"])
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.paths: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, True) as sock:
            state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            state.initiate_connection()
            sock.sendall(state.data_to_send())
            while data := sock.recv(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self._answer(state, event)
                sock.sendall(state.data_to_send())

    def _answer(self, state: h2.connection.H2Connection, event: h2.events.RequestReceived) -> None:
        assert event.headers is not None
        assert event.stream_id is not None
        names = {bytes(name): bytes(value) for name, value in event.headers}
        path = names[b":path"].decode()
        self.paths.append(path)
        if path == "/reset":
            state.reset_stream(event.stream_id)
        elif path == "/image":
            state.send_headers(event.stream_id, IMAGE)
            state.send_data(event.stream_id, b"x" * 10_000)
        elif path != "/stall":
            state.send_headers(event.stream_id, HTML)
            state.send_data(event.stream_id, b"<p>frames", end_stream=True)


@pytest.fixture
def frames() -> Iterator[tuple[FrameServer, trustme.CA]]:
    authority = trustme.CA()
    server = FrameServer(authority)
    yield server, authority
    server.close()


def test_pages_come_over_one_http2_connection(
    frames: tuple[FrameServer, trustme.CA], make_fetcher: MakeFetcher
) -> None:
    """With the option, a server that speaks HTTP/2 is spoken to in it, targets untouched."""
    server, _ = frames
    fetcher = make_fetcher(http2=True, insecure=True, timeout=5)
    for path in ("/", "/a|b?%zz"):
        result = fetcher.fetch(request(server.url(path)))
        assert (result.outcome, result.body) == (Outcome.OK, b"<p>frames")
        assert result.http_version == "HTTP/2"
    assert server.paths == ["/", "/a|b?%zz"]
    assert server.connections == 1


def test_faults_of_streams_are_outcomes(
    frames: tuple[FrameServer, trustme.CA], make_fetcher: MakeFetcher
) -> None:
    """A reset stream, a stall and a body left unread do not harm what follows."""
    server, _ = frames
    fetcher = make_fetcher(http2=True, insecure=True)
    assert fetcher.fetch(request(server.url("/reset"))).outcome is Outcome.PROTOCOL_ERROR
    assert fetcher.fetch(request(server.url("/"))).body == b"<p>frames"
    stalled = fetcher.fetch(request(server.url("/stall")))
    assert stalled.outcome is Outcome.TIMEOUT
    assert stalled.seconds < TIMEOUT + 5
    assert fetcher.fetch(request(server.url("/"))).body == b"<p>frames"
    before = server.connections
    assert fetcher.fetch(request(server.url("/image"))).outcome is Outcome.OK
    assert fetcher.fetch(request(server.url("/"))).body == b"<p>frames"
    assert server.connections == before + 1  # unread frames would fill the old one's window


def test_the_option_needs_its_package(
    make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without h2 the option is refused with what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"install crawltui\[http2\]"):
        make_fetcher(http2=True)
