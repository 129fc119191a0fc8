"""The site that is crawled: pages of one size, in files, and a server of several processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import socket
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_WORDS = ("anchor", "berth", "buoy", "cargo", "chart", "crane", "dock", "ferry", "harbour", "keel")


def generate(folder: Path, pages: int, size: int) -> None:
    """Write `pages` pages of about `size` bytes that link to each other, the same each time."""
    chance = random.Random(7)
    for number in range(pages):
        links = {(number * 2 + 1) % pages, (number * 2 + 2) % pages}
        links |= {chance.randrange(pages) for _ in range(10)}
        parts = [
            f"<!doctype html><html lang=en><head><title>Page {number}</title>",
            f'<meta name=description content="About {number}"></head><body><h1>Page {number}</h1>',
            *(f'<p><a href="{_address(link)}">To page {link}</a></p>' for link in sorted(links)),
        ]
        length = sum(map(len, parts))
        while length < size:
            words = " ".join(chance.choices(_WORDS, k=12))
            parts.append(f'<p id="p{len(parts)}" class="text">{words} <b>{words[:9]}</b>.</p>')
            length += len(parts[-1])
        name = "index.html" if number == 0 else f"{number}.html"
        (folder / name).write_text("\n".join([*parts, "</body></html>"]), encoding="utf-8")


def _address(number: int) -> str:
    return f"/{number}.html" if number else "/"


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _serve(listening: socket.socket, folder: str) -> None:
    class Handler(_Handler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=folder)  # type: ignore[arg-type]

    server = _Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.serve_forever()


@contextlib.contextmanager
def served(folder: Path, processes: int = 2) -> Iterator[str]:
    """Serve `folder` on loopback; its URL. All processes accept on one socket."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        context = multiprocessing.get_context("fork")
        workers = [
            context.Process(target=_serve, args=(listening, str(folder)), daemon=True)
            for _ in range(processes)
        ]
        for worker in workers:
            worker.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()
