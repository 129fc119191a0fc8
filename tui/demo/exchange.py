"""HTTP/1.1 for the demo site: requests in, `Site` answers out, faults of the transfer included."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from tui.demo.reply import Ending, Response
from tui.demo.site import Site

MAX_CONNECTIONS = 1_024
MAX_HEADER_BYTES = 32_768
MAX_COUNTED = 100_000
"""How many distinct targets are counted: the calendar has no end, memory has."""
IDLE_SECONDS = 60.0
_BAD_REQUEST = Response(400, (("Connection", "close"),), b"")
_NOT_ALLOWED = Response(405, (("Allow", "GET, HEAD"),), b"")


class Server:
    """Answers the connections of all hosts from one event loop."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._hits: Counter[tuple[int, str]] = Counter()
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._open = 0

    async def serve(self, sockets: Sequence[socket.socket], stop: asyncio.Event) -> None:
        """Accept on one listening socket a host until `stop` is set."""
        for index, listening in enumerate(sockets):
            await asyncio.start_server(
                partial(self._connection, index),
                sock=listening,
                limit=MAX_HEADER_BYTES,
                backlog=MAX_CONNECTIONS,
            )
        await stop.wait()

    async def _connection(
        self, host: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                while await self._exchange(host, reader, writer):
                    pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went away or fell silent: nobody is left to be told
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(
        self, host: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; True if the connection can carry another one."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            request = None
        else:
            request = _request(head)
        if request is None:
            writer.write(_encode(_BAD_REQUEST, with_body=True))
            await writer.drain()
            return False
        method, target, keep = request
        response = self._respond(host, method, target)
        if response.lane:
            async with self._lanes[response.lane]:
                await asyncio.sleep(response.delay)
        elif response.delay:
            await asyncio.sleep(response.delay)
        return await _send(writer, response, method) and keep

    def _respond(self, host: int, method: str, target: str) -> Response:
        if method not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        key = (host, target)
        hits = self._hits[key]
        if hits or len(self._hits) < MAX_COUNTED:
            self._hits[key] = hits + 1
        return self._site.respond(host, target, hits)


def _request(head: bytes) -> tuple[str, str, bool] | None:
    """Method, target and whether to keep the connection; None for what cannot be served.

    A request with a body is one of those: nothing here reads it, and its bytes would be taken for
    the next request.
    """
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    names = {}
    for line in lines:
        name, _, value = line.partition(":")
        names[name.lower()] = value.strip().lower()
    if "transfer-encoding" in names or names.get("content-length", "0") != "0":
        return None
    method, target, version = words
    if "://" in target.partition("?")[0]:
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    connection = names.get("connection", "")
    return method, target, version != "HTTP/1.0" and "close" not in connection


async def _send(writer: asyncio.StreamWriter, response: Response, method: str) -> bool:
    """Send an answer in the way that it asks for; True if the connection stays usable."""
    if method == "HEAD" or response.ending is not Ending.RESET:
        writer.write(_encode(response, with_body=method != "HEAD"))
        await writer.drain()
        return response.ending is not Ending.SHORT
    data = _encode(response, with_body=True)
    writer.write(data[: len(data) - len(response.body) // 2])
    await writer.drain()
    # A pause, for the half that was written would be thrown away with the reset.
    await asyncio.sleep(0.02)
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def _encode(response: Response, *, with_body: bool) -> bytes:
    """The bytes of an answer (RFC 9112 §2.1)."""
    body = response.body
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}", "Server: harbour"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.ending is Ending.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[i : i + 1_000] for i in range(0, len(body), 1_000)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        extra = 1_000 if response.ending is Ending.SHORT else 0
        lines.append(f"Content-Length: {len(body) + extra}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + body if with_body else head


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
