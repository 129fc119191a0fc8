"""A raw-socket server whose answers are exactly the bytes (and silences) of a test."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable


class Talk:
    """One connection while a route answers a request on it."""

    def __init__(
        self, sock: socket.socket, stop: threading.Event, head: bytes, number: int
    ) -> None:
        self.sock = sock
        self.number = number
        """1 for the first request on this connection."""
        self.head = head
        self._stop = stop

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, pieces: Iterable[bytes], every: float = 0.02) -> None:
        """Send piece after piece, with pauses, until the server stops or the peer leaves."""
        for piece in pieces:
            self.sock.sendall(piece)
            if self._stop.wait(every):
                return

    def hold(self) -> None:
        """Say nothing more until the peer closes or the server stops."""
        self.sock.settimeout(0.05)
        while not self._stop.is_set():
            try:
                if not self.sock.recv(65536):
                    return
            except TimeoutError:
                continue

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Route = bytes | Callable[[Talk], object]
"""Bytes are sent as they are, and the connection is kept; a function that returns True
keeps it, too; else it is closed."""


class FaultServer:
    """Serves `routes` by path; counts connections and keeps the heads it was sent."""

    def __init__(self, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.host = f"[{host}]" if ":" in host else host
        self.routes: dict[str, Route] = {}
        self.heads: list[bytes] = []
        self.connections = 0
        self._context = context
        self._stop = threading.Event()
        self._listener = socket.create_server((host, 0), family=family, backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def scheme(self) -> str:
        return "https" if self._context else "http"

    def url(self, path: str = "/", host: str = "") -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    def serve(self, path: str, route: Route) -> str:
        """Answer `path` with `route`; return its URL."""
        self.routes[path] = route
        return self.url(path)

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:  # closed, or out of descriptors for a while
                self._stop.wait(0.01)
                continue
            self.connections += 1
            self._start(self._talk, sock)

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock:
                number = 1
                while self._answer(sock, number):
                    number += 1

    def _answer(self, sock: socket.socket, number: int) -> bool:
        head = self._read_head(sock)
        if not head:
            return False
        self.heads.append(head)
        path = head.split(b" ")[1].decode("latin-1")
        route = self.routes.get(path) or self.routes.get(path.partition("?")[0])
        if route is None:
            route = response(b"nothing here", status="404 Not Found")
        if callable(route):
            return route(Talk(sock, self._stop, head, number)) is True
        sock.sendall(route)
        return True

    def _read_head(self, sock: socket.socket) -> bytes:
        head = b""
        sock.settimeout(0.05)
        while b"\r\n\r\n" not in head:
            try:
                data = sock.recv(65536)
            except TimeoutError:
                if self._stop.is_set():
                    return b""
                continue
            if not data:
                return b""
            head += data
        sock.settimeout(5)
        return head


def tunnel(status: bytes = b"200 Connection established") -> Route:
    """Answer a CONNECT with `status` and, if that is 200, carry bytes both ways."""

    def answer(talk: Talk) -> bool:
        talk.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if not status.startswith(b"200"):
            return False
        host, _, port = talk.head.split(b" ")[1].decode().rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as upstream:
            back = threading.Thread(target=_carry, args=(upstream, talk.sock), daemon=True)
            back.start()
            _carry(talk.sock, upstream)
            back.join(5)
        return False

    return answer


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def response(
    body: bytes = b"<p>hello",
    *,
    status: str = "200 OK",
    content_type: str = "text/html",
    length: int | None = -1,
    headers: str = "",
) -> bytes:
    """An HTTP/1.1 answer; `length` None leaves Content-Length out, -1 is the true one."""
    head = f"HTTP/1.1 {status}\r\n"
    if content_type:
        head += f"Content-Type: {content_type}\r\n"
    if length is not None:
        head += f"Content-Length: {len(body) if length < 0 else length}\r\n"
    for line in headers.splitlines():
        head += line + "\r\n"
    return head.encode("latin-1") + b"\r\n" + body


def chunked(*pieces: bytes, headers: str = "", end: bytes = b"0\r\n\r\n") -> bytes:
    """A chunked HTML answer."""
    head = response(b"", length=None, headers="Transfer-Encoding: chunked\n" + headers)
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end
