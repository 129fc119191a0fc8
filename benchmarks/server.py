"""Who serves the site: nginx where it is installed, else (and for latency) servers of our own.

python -m benchmarks.server FOLDER [--port N] [--latency MS] [--processes N]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import mimetypes
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

_HEAD = "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nLinkChecker: 1\r\n\r\n"
"""The last header tells linkchecker that it need not keep to ten requests a second."""
_TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
_NGINX = """
{user}daemon off; pid {own}/pid; error_log {own}/errors; worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  include {types}; default_type application/octet-stream; access_log off; sendfile on;
  keepalive_requests 1000000; add_header LinkChecker 1;
  client_body_temp_path {own}/b; proxy_temp_path {own}/p; fastcgi_temp_path {own}/f;
  uwsgi_temp_path {own}/u; scgi_temp_path {own}/s;
  server {{ listen 127.0.0.1:{port}; root "{folder}"; index index.html; }}
}}
"""
_MIME_TYPES = Path("/etc/nginx/mime.types")


class Server(NamedTuple):
    """A server that runs."""

    url: str
    words: str
    """What it is."""
    process: int
    """Id of its first process."""


@contextlib.contextmanager
def served(
    folder: Path, latency: float = 0.0, own: bool = False, limit: int = 0
) -> Iterator[Server]:
    """Serve `folder` on loopback.

    `latency` (seconds before each answer), `limit` (requests answered in any second, the others
    get 429; 0 is none) and `own` ask for the server of this file.
    """
    port = _free_port()
    nginx = None if own or latency or limit else shutil.which("nginx") or _sbin_nginx()
    if nginx and _MIME_TYPES.is_file():
        with _nginx(nginx, folder.resolve(), port) as process:
            yield Server(f"http://127.0.0.1:{port}/", "nginx", process)
        return
    processes = 1 if latency or limit else 2
    words = (
        f"a server of its own ({processes} processes)" if processes > 1 else "a server of its own"
    )
    if latency:
        words += f", {latency * 1000:.0f} ms before each answer"
    if limit:
        words += f", {limit} requests/s"
    with _ours(folder, port, latency, processes, limit) as process:
        yield Server(f"http://127.0.0.1:{port}/", words, process)


def _sbin_nginx() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextlib.contextmanager
def _nginx(program: str, folder: Path, port: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as own:
        file = Path(own, "nginx.conf")
        user = "user root; " if os.geteuid() == 0 else ""  # else its workers may not read ours
        values = {"user": user, "types": _MIME_TYPES, "port": port, "folder": folder}
        file.write_text(_NGINX.format(own=own, **values))
        command = [program, "-c", str(file), "-e", f"{own}/errors"]
        with _running(command, port) as process:
            yield process


@contextlib.contextmanager
def _ours(folder: Path, port: int, latency: float, processes: int, limit: int) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.server", str(folder), "--port", str(port)]
    command += ["--latency", str(latency * 1000), "--processes", str(processes)]
    command += ["--limit", str(limit)]
    with _running(command, port) as process:
        yield process


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    server = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit("The server of the site did not start.")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class _Gate:
    """Lets `limit` requests through in any second; 0 is without limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lately: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Whether a request that comes now is answered."""
        while self._lately and now - self._lately[0] > 1.0:
            self._lately.popleft()
        if self._limit and len(self._lately) >= self._limit:
            return False
        if self._limit:
            self._lately.append(now)
        return True


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, for GET and HEAD of files that were read into memory."""

    def __init__(
        self, answers: dict[str, tuple[bytes, bytes]], latency: float, gate: _Gate
    ) -> None:
        self._answers = answers
        self._latency = latency
        self._gate = gate
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            method, _, rest = request.partition(b" ")
            path = unquote(rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1"))
            head, body = self._answers.get(path) or self._answers[""]
            if not self._gate.admits(time.monotonic()):
                head, body = _TOO_MANY, b""
            answer = head if method == b"HEAD" else head + body
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _answers(folder: Path) -> dict[str, tuple[bytes, bytes]]:
    """Head and body by path; the empty path is the answer for all others."""
    found = {"": _answer("404 Not Found", "text/plain", b"no such page\n")}
    for path in folder.rglob("*"):
        if path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            answer = _answer("200 OK", kind, path.read_bytes())
            name = "/" + path.relative_to(folder).as_posix()
            found[name] = answer
            if path.name == "index.html":
                found[name.removesuffix("index.html")] = answer
    return found


def _answer(status: str, kind: str, body: bytes) -> tuple[bytes, bytes]:
    return _HEAD.format(status, kind, len(body)).encode(), body


def _serve(listening: socket.socket, folder: Path, latency: float, limit: int) -> None:
    answers, gate = _answers(folder), _Gate(limit)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(answers, latency, gate), sock=listening
        )
        await server.serve_forever()

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(run())


def main() -> None:
    """Serve until a signal ends it; all processes accept on one socket."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0, help="requests/s; others get 429")
    options = parser.parse_args()
    listening = socket.create_server(("127.0.0.1", options.port), backlog=1024)
    arguments = (listening, options.folder, options.latency / 1000, options.limit)
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_serve, args=arguments, daemon=True)
        for _ in range(options.processes - 1)
    ]
    for other in others:
        other.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _serve(*arguments)
    finally:
        for other in others:
            other.terminate()


if __name__ == "__main__":
    main()
