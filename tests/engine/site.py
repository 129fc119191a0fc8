"""Small web sites on loopback: a dict of paths, or a function, and a log of who asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple


class Ask(NamedTuple):
    """One request that came in."""

    path: str
    at: float
    """Monotonic time."""
    number: int
    """How often this path was asked for, this time included."""
    headers: dict[str, str]
    """Names in lower case."""


class Reply(NamedTuple):
    """What a path answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    delay: float = 0.0
    """Seconds before the answer."""


Answer = Reply | str | Callable[[Ask], "Reply | str"]


def page(*links: str, title: str = "", more: str = "") -> str:
    """An HTML page with links; a link that starts with "<" is an element of its own."""
    marks = [link if link.startswith("<") else f'<a href="{link}">{link}</a>' for link in links]
    head = f"<!doctype html><meta charset=utf-8><title>{title or 'page'}</title>"
    return f"{head}<body>{' '.join(marks)}{more}"


def redirect(to: str, status: int = 302) -> Reply:
    """A redirect."""
    return Reply(status, headers={"Location": to})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    disable_nagle_algorithm = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A crawler may leave at any time."""


class Site:
    """Serves `pages` from a port of its own; a context manager.

    A text is an HTML page, a function is asked each time; what is not there is a 404.
    `pages` may be changed while it serves. `delay` is seconds before every answer.
    """

    def __init__(
        self,
        pages: Mapping[str, Answer] | Callable[[Ask], Reply | str | None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        delay: float | Callable[[], float] = 0.0,
    ) -> None:
        self.pages: dict[str, Answer] = {} if callable(pages) else dict(pages)
        self._made = pages if callable(pages) else None
        self.delay = delay
        self.hits: Counter[str] = Counter()
        self.log: list[Ask] = []
        self.busy = 0
        self.busiest = 0
        """Most requests at once."""
        self._lock = threading.Lock()
        self.leaving = threading.Event()
        """Set when the site closes: what waits in an answer ends."""
        self._server = _Server((host, port), self._handler())
        self.port: int = self._server.server_address[1]
        self.origin = f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True, name=f"site {self.port}"
        )

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leaving.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "/") -> str:
        """The URL of a path."""
        return self.origin + path

    def times(self, path: str | None = None) -> list[float]:
        """When it was asked (for `path`); robots.txt only by its name."""
        return [
            ask.at for ask in self.log if ask.path == path or (path is None and not _is_robots(ask))
        ]

    def _handler(site) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                with site._lock:
                    site.hits[self.path] += 1
                    site.busy += 1
                    site.busiest = max(site.busiest, site.busy)
                    ask = Ask(
                        self.path,
                        time.monotonic(),
                        site.hits[self.path],
                        {name.lower(): value for name, value in self.headers.items()},
                    )
                    site.log.append(ask)
                try:
                    reply = site._reply(ask)
                finally:
                    with site._lock:
                        site.busy -= 1
                with contextlib.suppress(OSError):
                    self.wfile.write(_bytes(reply))

            def log_message(self, *_: object) -> None:
                """Silence."""

        return Handler

    def _reply(self, ask: Ask) -> Reply:
        answer: Answer | None = self.pages.get(ask.path)
        if answer is None and self._made is not None:
            answer = self._made(ask)
        if callable(answer):
            answer = answer(ask)
        if answer is None:
            answer = Reply(404, b"nothing here")
        elif isinstance(answer, str):
            answer = Reply(body=answer.encode(), headers={"Content-Type": "text/html"})
        wait = answer.delay + (self.delay() if callable(self.delay) else self.delay)
        if wait:
            self.leaving.wait(wait)
        return answer


def _is_robots(ask: Ask) -> bool:
    return ask.path == "/robots.txt"


def _bytes(reply: Reply) -> bytes:
    phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else "Odd"
    head = [f"HTTP/1.1 {reply.status} {phrase}", f"Content-Length: {len(reply.body)}"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + reply.body


def closed_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
