"""The dashboard in a browser: a read-only viewer of one crawl for each tab.

textual-serve brings the terminal in the page and starts a process for each tab; here is what
makes that safe to leave open: one command that only looks, one address, one key, few tabs.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from crawler_core.errors import ConfigError
from tui.streams import say

HOST = "127.0.0.1"
MOST_VIEWERS = 8
"""Tabs at once: each is a process of some 60 MB."""
_GOODBYE = 3.0
"""Seconds that viewers get to end; one that does not sees its parent gone soon after."""
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


class Viewers(Server):
    """Hands out the page and starts a viewer for each tab that may have one.

    A page of somebody else's must neither read the crawl nor type into a viewer, so requests
    need the address's own host name (a name that was rebound to 127.0.0.1 is another one), no
    foreign origin, and the key that was printed: by the query at first, by a cookie then.
    """

    def __init__(self, store: Path, port: int) -> None:
        viewer = [sys.executable, "-m", "tui", "viewer", str(store)]
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
        tab = asyncio.current_task()
        assert tab is not None
        self._refuse_crowd()
        self._tabs.add(tab)
        try:
            return await super().handle_websocket(request)
        finally:
            self._tabs.discard(tab)

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
