"""A small web site on loopback, made of what a test says it answers."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a path answers with."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    """Content-Type is text/html; charset=utf-8 where it is not named."""
    delay: float = 0.0
    """Seconds before the answer; ended early when the site closes."""


def html(*links: str, title: str = "A page", body: str = "") -> str:
    """A page with these links, each with its own target as text."""
    anchors = "\n".join(f'<p><a href="{link}">to {link}</a></p>' for link in links)
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1>{body}{anchors}</body></html>"
    )


class SmallSite:
    """Serves `pages` (path with query -> answer, or HTML as text) at `url` until closed.

    A path that is missing answers 404. `hits` counts the requests by path; `delay` are seconds
    before every answer but that of robots.txt.
    """

    def __init__(
        self, pages: Mapping[str, Answer | str], *, address: str = "127.0.0.1", delay: float = 0.0
    ) -> None:
        self.pages = dict(pages)
        self.hits: Counter[str] = Counter()
        self.heads: dict[str, list[tuple[str, str]]] = {}
        """The request headers that came last, by path."""
        self._address = address
        self.delay = delay
        self._closing = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> SmallSite:
        site = self

        class Handler(_Handler):
            owner = site

        self._server = _Server((self._address, 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """host:port."""
        return f"{self._address}:{self.port}"

    @property
    def url(self) -> str:
        """The root of the site, with a slash at its end."""
        return f"http://{self.host}/"

    def answer(self, path: str, heads: list[tuple[str, str]]) -> Answer:
        """What a request gets, counted."""
        with self._lock:
            self.hits[path] += 1
            self.heads[path] = heads
        found = self.pages.get(path, Answer(status=404, body=html(title="Not found")))
        answer = Answer(body=found) if isinstance(found, str) else found
        seconds = answer.delay or (0.0 if path == "/robots.txt" else self.delay)
        if seconds:
            self._closing.wait(seconds)
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: SmallSite
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        answer = self.owner.answer(self.path, list(self.headers.items()))
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = {"Content-Type": "text/html; charset=utf-8", **answer.headers}
        head = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += [f"Content-Length: {len(body)}", "", ""]
        self.wfile.write("\r\n".join(head).encode("latin-1") + body)

    def log_message(self, *_: object) -> None:
        """Tests need no access log."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def closed_port() -> int:
    """A port of 127.0.0.1 at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
