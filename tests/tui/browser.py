"""A headless Chromium for tests: a page that is driven over its debugging socket."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
"""None where there is no such browser."""


class Page:
    """A page of a browser, driven over its debugging socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._events: list[tuple[str, dict[str, Any]]] = []

    async def send(self, method: str, **params: object) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=PATIENCE)
            if message.get("id") == self._number:
                return dict(message["result"])
            self._events.append((message["method"], message["params"]))

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The next thing that happened."""
        if self._events:
            return self._events.pop(0)
        message = await self._socket.receive_json(timeout=PATIENCE)
        return message.get("method", ""), message.get("params", {})

    async def value(self, expression: str) -> object:
        """What an expression is in the page; None while there is no page."""
        found = await self.send("Runtime.evaluate", expression=expression, replMode=True)
        return found["result"].get("value")

    async def holds(self, expression: str, seconds: float = 0.5) -> bool:
        """Whether an expression becomes true soon."""
        end = time.monotonic() + seconds
        while await self.value(expression) is not True:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.02)
        return True

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        assert await self.holds(expression, PATIENCE), expression

    async def type(self, letter: str) -> None:
        """Press and release a key, as a hand does."""
        code = ord(letter.upper())
        key = {"key": letter, "windowsVirtualKeyCode": code}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=letter, **key)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **key)


@asynccontextmanager
async def browser(home: Path) -> Any:
    """A headless browser that can reach nothing but this machine."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--proxy-server=127.0.0.1:9",
        "--proxy-bypass-list=127.0.0.1",
        "--window-size=1200,760",
        "--remote-debugging-port=0",
        f"--user-data-dir={home / 'browser'}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            assert process.stderr is not None
            port = ""
            while not port:
                line = (await process.stderr.readline()).decode()
                found = re.search(r"listening on ws://127\.0\.0\.1:(\d+)/", line)
                port = found[1] if found else ""
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                (page, *_) = [entry for entry in await answer.json() if entry["type"] == "page"]
            address = page["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                driven = Page(socket)
                await driven.send("Network.enable")
                await driven.send("Page.enable")
                yield driven
    finally:
        process.terminate()
        await process.wait()
