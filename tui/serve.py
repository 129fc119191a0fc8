"""The dashboard in a browser: a read-only viewer of one crawl for each tab.

textual-serve brings the terminal in the page and starts a process for each tab; here is what
makes that safe to leave open: one command that only looks, one address, one key, few tabs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from crawler_core.errors import ConfigError
from crawler_core.text import clean
from tui.streams import say

HOST = "127.0.0.1"
MOST_VIEWERS = 8
"""Tabs at once: each is a process of some 60 MB."""
_GOODBYE = 3.0
"""Seconds that viewers get to end; one that does not sees its parent gone soon after."""
_HEARTBEAT = 15.0
"""Seconds between two looks whether the page is still there."""
_PRELUDE = b"__GANGLION__\n"
"""What Textual's driver for pages writes before its first packet."""
_MOST_SAID = 2000
"""Bytes of a viewer's last words that are kept."""
_LEAST_CELLS, _MOST_CELLS = 10, 1000
_PAGES = Path(__file__).parent / "web"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data: blob:; "
    f"connect-src 'self' ws://{HOST}:*; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(store: Path, port: int = 0) -> int:
    """Serve viewers of `store` until Ctrl-C or SIGTERM; the exit code for the shell.

    `port` 0 takes one that is free. Raises ConfigError if the port is not to be had.
    """
    listening = _listen(port)
    server = Viewers(store, listening.getsockname()[1])
    asyncio.run(_until_interrupted(server, listening))
    return 0


class Viewer(AppService):
    """The process of one tab; when it ends by itself, the page is told its last words."""

    async def run(self) -> None:
        """Hand on what the viewer draws until it ends; then close the page's socket."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        words = asyncio.create_task(_last_words(process.stderr))
        # It has ended, or nobody looks on any more.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
            await self._hand_on(process.stdout)
        while await process.stdout.read(65_536):
            pass  # what nobody looks at is still written: a full pipe would hold its end back
        with contextlib.suppress(ConnectionResetError):
            if why := await words:
                await self.remote_write_str(json.dumps(["ended", why]))
            await self.remote_close()

    async def on_meta(self, data: bytes) -> None:
        """Obey what a viewer asks of the page; it is closed by `run`, after the last words."""
        if json.loads(data)["type"] != "exit":
            await super().on_meta(data)

    async def _hand_on(self, drawn: asyncio.StreamReader) -> None:
        """Packets: a letter for the kind, four bytes for the length, and what is in it."""
        while await drawn.readline() not in {_PRELUDE, b""}:
            pass
        kinds = {b"D": self.on_data, b"M": self.on_meta, b"P": self.on_packed}
        while True:
            head = await drawn.readexactly(5)
            packet = await drawn.readexactly(int.from_bytes(head[1:], "big"))
            if (take := kinds.get(head[:1])) is not None:
                await take(packet)


class Viewers(Server):
    """Hands out the page and starts a viewer for each tab that may have one.

    A page of somebody else's must neither read the crawl nor type into a viewer, so requests
    need the address's own host name (a name that was rebound to 127.0.0.1 is another one), no
    foreign origin, and the key that was printed: by the query at first, by a cookie then.
    """

    def __init__(self, store: Path, port: int) -> None:
        # With -P: a package of this name in the folder that one is in is not ours.
        viewer = [sys.executable, "-P", "-m", "tui", "viewer", str(store)]
        super().__init__(
            f"exec {shlex.join(viewer)}",
            host=HOST,
            port=port,
            title=f"crawltui {store.stem}",
            templates_path=_PAGES,
        )
        self.key = secrets.token_urlsafe(16)
        self._cookie = f"crawltui-{port}"
        self._store = store
        self._tabs: set[asyncio.Task[Any]] = set()

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{HOST}:{self.port}/?key={self.key}"

    async def make_app(self) -> web.Application:
        """The web application with its gate."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._gate(request, handler)

        app = await self._make_app()
        app.middlewares.append(gate)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing: the address is told when somebody listens there."""

    def tell(self) -> None:
        """Say what to open, for people."""
        say(
            f"{self._store.name}, read-only, in a browser on this machine: open",
            f"  {self.address}",
            f"At most {MOST_VIEWERS} tabs, each a viewer of its own. Ctrl-C ends it and them.",
        )

    async def on_shutdown(self, app: web.Application) -> None:
        """Let every viewer go; a cancelled tab tells its viewer to quit."""
        for tab in self._tabs:
            tab.cancel()
        if self._tabs:
            await asyncio.wait(set(self._tabs), timeout=_GOODBYE)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The life of a tab: a viewer for as long as its socket is open."""
        tab = asyncio.current_task()
        assert tab is not None
        self._refuse_crowd()
        self._tabs.add(tab)
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT)
        try:
            await socket.prepare(request)
            await self._look_on(socket, _cells(request, "width", 80), _cells(request, "height", 24))
        except asyncio.CancelledError:
            await socket.close()
        finally:
            self._tabs.discard(tab)
        return socket

    async def _look_on(self, socket: web.WebSocketResponse, width: int, height: int) -> None:
        async def close() -> None:
            await socket.close()

        viewer = Viewer(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        try:
            await viewer.start(width, height)
            await self._process_messages(socket, viewer)
        finally:
            await viewer.stop()

    def _refuse_crowd(self) -> None:
        if len(self._tabs) >= MOST_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MOST_VIEWERS} viewers are open: close one of their tabs first."
            )

    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        own = f"{HOST}:{self.port}"
        if request.host == f"localhost:{self.port}":
            raise web.HTTPFound(f"http://{own}{request.path_qs}")
        if request.host != own or request.headers.get("Origin", f"http://{own}") != f"http://{own}":
            raise web.HTTPForbidden(text=f"This is served as http://{own}/ and by no other name.")
        shown = request.query.get("key") or request.cookies.get(self._cookie, "")
        if not secrets.compare_digest(shown.encode(), self.key.encode()):
            raise web.HTTPForbidden(text="Open the address that crawltui serve has printed.")
        if request.path == "/":
            self._refuse_crowd()
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
            response.set_cookie(self._cookie, self.key, httponly=True, samesite="Strict")
        return response


async def _last_words(errors: asyncio.StreamReader) -> str:
    """The sentence, or else the line, that a process writes last; its end is waited for.

    A screen that fails wraps its sentence at the width of the page.
    """
    end = b""
    while more := await errors.read(4096):
        end = (end + more)[-_MOST_SAID:]
    _, ours, sentence = end.decode("utf-8", "replace").strip().rpartition("crawltui: ")
    said = " ".join(sentence.split()) if ours else sentence.rpartition("\n")[2]
    return clean(ours + said)


def _cells(request: web.Request, name: str, usual: int) -> int:
    """A size of the page's terminal, within reason."""
    with contextlib.suppress(ValueError):
        return max(_LEAST_CELLS, min(int(request.query.get(name, usual)), _MOST_CELLS))
    return usual


async def _until_interrupted(server: Viewers, listening: socket.socket) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _signals():
        loop.add_signal_handler(number, over.set)
    runner = web.AppRunner(await server.make_app(), shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        server.tell()
        await over.wait()
    finally:
        await runner.cleanup()


def _signals() -> Iterable[signal.Signals]:
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return (number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"Port {port} of {HOST} is not to be had ({error.strerror}): "
            "--port names another, --port 0 takes a free one."
        ) from None
    return listening
