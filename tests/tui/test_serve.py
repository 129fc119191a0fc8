"""The dashboard in a browser: who gets in, what a tab is, and how all of it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pyte
import pytest
from textual_serve.download_manager import DownloadManager

from tests.patience import PATIENCE
from tests.stores import build_store
from tests.tui.browser import CHROMIUM, browser
from tui.cli import main
from tui.serve import Viewer
from tui.session import CrawlSession

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 100, 30


class Served:
    """`crawltui serve` of a store, in a process of its own."""

    def __init__(self, store: Path, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", "serve", str(store), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=home,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "XDG_CONFIG_HOME": str(home / "config"),
                "XDG_STATE_HOME": str(home / "state"),
            },
            start_new_session=True,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = [self.process.stdout.readline() for _ in range(2)]
        found = re.search(r"http://127\.0\.0\.1:\d+/\?key=\S+", self.said[-1])
        assert found is not None, self.said
        self.address = found[0]
        self.root, _, self.key = self.address.partition("?key=")

    def end(self) -> None:
        """Kill it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def viewers(self) -> list[int]:
        """The processes of the tabs that are open."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished crawl."""
    return build_store(tmp_path_factory.mktemp("served") / "site.crawl", pages=123)


@pytest.fixture
def served(crawl: Path, tmp_path: Path) -> Iterator[Served]:
    """That crawl, served."""
    it = Served(crawl, tmp_path)
    yield it
    it.end()


class Tab:
    """What a page does, without a page: a socket, and a terminal emulator behind it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)

    async def wait_for(self, text: str) -> str:
        """Read until a text is on the screen; the line that holds it."""
        end = time.monotonic() + PATIENCE
        while True:
            for line in self.screen.display:
                if text in line:
                    return str(line)
            left = end - time.monotonic()
            assert left > 0, "\n".join(self.screen.display)
            with suppress(TimeoutError):
                message = await self.socket.receive(left)
                assert message.type is aiohttp.WSMsgType.BINARY, message
                self._stream.feed(message.data)

    async def over(self) -> None:
        """Read until the other side closes."""
        while not self.socket.closed:
            await self.socket.receive(PATIENCE)

    async def press(self, keys: str) -> None:
        """Type."""
        await self.socket.send_json(["stdin", keys])


@asynccontextmanager
async def _tab(served: Served) -> Any:
    address = f"{served.root}ws?width={COLUMNS}&height={ROWS}&key={served.key}"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        yield Tab(socket)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)


def _run(scenario: Awaitable[None]) -> None:
    async def run() -> None:
        await scenario

    asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        (True, {}, 200),
        (False, {}, 403),
        (True, {"Host": "rebound.example"}, 403),
        (True, {"Origin": "http://evil.example"}, 403),
    ],
)
def test_only_those_who_know_the_address_get_in(
    served: Served, query: bool, headers: dict[str, str], status: int
) -> None:
    """The page and the socket need the key, the own host name and no foreign origin."""

    async def scenario() -> None:
        key = f"?key={served.key}" if query else ""
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{served.root}{key}") as answer:
                assert answer.status == status
                policy = answer.headers.get("Content-Security-Policy", "")
                assert ("frame-ancestors 'none'" in policy) == (status == 200)
                assert "googleapis" not in await answer.text()
            if status != 200:
                jar = aiohttp.DummyCookieJar()
                async with aiohttp.ClientSession(headers=headers, cookie_jar=jar) as other:
                    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                        await other.ws_connect(f"{served.root}ws{key}")
                    assert refused.value.status == status
        assert served.viewers() == []

    _run(scenario())


def test_each_tab_is_a_viewer_and_ends_with_it(served: Served) -> None:
    """Two tabs are two viewers of the same numbers; a closed one takes its process with it."""

    async def scenario() -> None:
        async with _tab(served) as first:
            await first.wait_for("123 URLs")
            await first.wait_for("READ-ONLY")
            async with _tab(served) as second:
                await second.press("2")
                await second.wait_for("RESULTS")
                assert len(served.viewers()) == 2
            await _until(lambda: len(served.viewers()) == 1)
            await first.press("q")
            await _until(lambda: served.viewers() == [])

    _run(scenario())


def test_a_viewer_that_cannot_start_says_why(crawl: Path, tmp_path: Path) -> None:
    """The page is told the sentence that the viewer ends with, and its socket is closed."""
    store = tmp_path / "gone.crawl"
    shutil.copyfile(crawl, store)
    served = Served(store, tmp_path)
    store.unlink()

    async def scenario() -> None:
        async with _tab(served) as tab:
            said = await tab.socket.receive_json(timeout=PATIENCE)
            assert said[0] == "ended"
            assert said[1].startswith(f"crawltui: There is no crawl at {store}")
            await tab.over()

    try:
        _run(scenario())
    finally:
        served.end()


_FAILS = """
import sys
from tui.cli import main
from tui.screens.dashboard import Dashboard

def fail(self):
    raise RuntimeError("made to fail")

Dashboard.action_help = fail
sys.exit(main(["viewer", sys.argv[1]]))
"""


class Page:
    """What a viewer is given of a page: nothing can be written to it once it is closed."""

    def __init__(self) -> None:
        self.drawn = b""
        self.told: list[str] = []
        self.closed = asyncio.Event()

    async def write_bytes(self, data: bytes) -> None:
        """Draw."""
        if self.closed.is_set():
            raise ConnectionResetError
        self.drawn += data

    async def write_str(self, text: str) -> None:
        """Tell something."""
        if self.closed.is_set():
            raise ConnectionResetError
        self.told.append(text)

    async def close(self) -> None:
        """Nobody looks any more."""
        self.closed.set()

    def viewer(self, *command: str) -> Viewer:
        """A viewer of this page."""
        return Viewer(
            shlex.join([sys.executable, *command]),
            write_bytes=self.write_bytes,
            write_str=self.write_str,
            close=self.close,
            download_manager=DownloadManager(),
        )


@pytest.mark.parametrize("width", [60, 100])
def test_a_viewer_that_fails_later_says_why(
    crawl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """A screen that fails after it was drawn has its whole sentence told before the page closes."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    page = Page()

    async def scenario() -> None:
        viewer = page.viewer("-c", _FAILS, str(crawl))
        await viewer.start(width, ROWS)
        try:
            await _until(lambda: bool(page.drawn))
            while not page.closed.is_set():
                await viewer.send_bytes(b"?")  # the first ones may come before the dashboard
                with suppress(TimeoutError):
                    await asyncio.wait_for(page.closed.wait(), 0.2)
        finally:
            await viewer.stop()

    _run(asyncio.wait_for(scenario(), 60))
    ((kind, why),) = [json.loads(told) for told in page.told]
    assert kind == "ended"
    assert why.startswith("crawltui: The screen failed (RuntimeError); what was crawled is kept")


def test_a_viewer_that_nobody_reads_can_end() -> None:
    """A viewer draws into a pipe that is never full, also when its page is gone."""
    floods = "import sys; sys.stdout.write('__GANGLION__\\n' + 'D\\0\\0\\0\\1x' * 1_000_000)"
    page = Page()

    async def scenario() -> None:
        await page.close()
        viewer = page.viewer("-c", floods)
        await viewer.start(80, 24)
        await viewer.stop()

    _run(asyncio.wait_for(scenario(), 60))


def test_no_file_is_written_out_of_a_tab(served: Served) -> None:
    """A tab neither offers nor obeys the key that saves a CSV, and says what does it."""

    async def scenario() -> None:
        async with _tab(served) as tab:
            says = await tab.wait_for("123 URLs, ")
            assert "3 shows them, w shows why 3 were kept out, q quits" in says
            assert "save" not in await tab.wait_for("? help")
            await tab.press("s")
            await tab.wait_for("A browser only looks on")

    _run(scenario())


def test_a_package_of_this_name_nearby_is_not_run(crawl: Path, tmp_path: Path) -> None:
    """A tab's viewer is this program, whatever the folder holds that serve was called in."""
    nearby = tmp_path / "tui"
    nearby.mkdir()
    (nearby / "__init__.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')")
    served = Served(crawl, tmp_path)

    async def scenario() -> None:
        async with _tab(served) as tab:
            await tab.wait_for("123 URLs")

    try:
        _run(scenario())
    finally:
        served.end()
    assert not (tmp_path / "taken").exists()


def test_ctrl_c_ends_the_server_and_all_viewers(served: Served) -> None:
    """The first Ctrl-C ends everything in order, with exit code 0."""

    async def scenario() -> None:
        async with _tab(served) as first, _tab(served) as second:
            await first.wait_for("READ-ONLY")
            await second.wait_for("READ-ONLY")
            viewers = served.viewers()
            served.process.send_signal(signal.SIGINT)
            await asyncio.gather(first.over(), second.over())
            await _until(lambda: served.process.poll() is not None)
            assert served.process.returncode == 0
            await _until(lambda: all(_is_dead(number) for number in viewers))

    _run(scenario())


def test_a_killed_server_leaves_no_viewer(served: Served) -> None:
    """A viewer whose server is gone ends by itself."""

    async def scenario() -> None:
        async with _tab(served) as tab:
            await tab.wait_for("READ-ONLY")
            (viewer,) = served.viewers()
            served.process.kill()
            served.process.wait()
            await _until(lambda: _is_dead(viewer))

    _run(scenario())


def test_a_viewer_writes_no_files(crawl: Path, tmp_path: Path) -> None:
    """Who looks on in a browser cannot write on the disk of the server."""
    with CrawlSession(exporting=False) as session, pytest.raises(Exception, match="only looks on"):
        session.export(crawl, tmp_path / "x.csv", "pages", bom=False)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_told(
    served: Served, crawl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that another program has gets a sentence, and exit code 2."""
    port = served.root.rpartition(":")[2].rstrip("/")
    assert main(["serve", str(crawl), "--port", port]) == 2
    assert f"Port {port} of 127.0.0.1 is not to be had" in capsys.readouterr().err


def test_without_the_package_it_is_told_how_to_install_it(
    crawl: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without textual-serve a sentence names the extra that brings it."""
    monkeypatch.delitem(sys.modules, "tui.serve", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    assert main(["serve", str(crawl)]) == 3
    assert "crawltui[serve]" in capsys.readouterr().err


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_real_browser_shows_the_crawl_s_numbers(served: Served, tmp_path: Path) -> None:
    """Headless Chromium opens the address: its page draws the numbers, and asks no other host."""

    async def scenario() -> None:
        async with browser(tmp_path) as page:
            await page.send("Page.navigate", url=served.address)
            screen = pyte.Screen(300, 100)
            stream = pyte.ByteStream(screen)
            async with asyncio.timeout(PATIENCE):
                while not any("123 URLs" in line for line in screen.display):
                    method, params = await page.event()
                    if method == "Network.webSocketFrameReceived":
                        stream.feed(_payload(params["response"]))
                    elif method == "Network.requestWillBeSent":
                        url = params["request"]["url"]
                        assert url.startswith((served.root, "data:")), url
            drawn = "document.querySelectorAll('.xterm-screen').length"
            assert await page.value(drawn) == 1
            assert await page.value("document.body.classList.contains('-first-byte')") is True
            assert len(served.viewers()) == 1

    _run(scenario())


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("allowed", [True, False])
def test_copying_in_a_browser(served: Served, tmp_path: Path, allowed: bool) -> None:
    """`y` puts the address into the browser's clipboard; where it may not, the page shows it."""
    refuse = "navigator.clipboard.writeText = () => Promise.reject(new Error('no'))"
    copied = "document.querySelector('#copied').hidden"

    async def scenario() -> None:
        async with browser(tmp_path) as page:
            origin = served.root.rstrip("/")
            granted = ["clipboardReadWrite", "clipboardSanitizedWrite"]
            await page.send("Browser.grantPermissions", permissions=granted, origin=origin)
            if not allowed:
                await page.send("Page.addScriptToEvaluateOnNewDocument", source=refuse)
            await page.send("Page.navigate", url=served.address)
            await page.until("!!document.querySelector('body.-first-byte textarea')")
            await page.value("document.querySelector('textarea').focus(), 1")
            await page.type("2")
            if allowed:
                await page.value("navigator.clipboard.writeText('nothing'), 1")
                await page.until(_CLIPBOARD + "=== 'nothing'")
            for _ in range(100):  # until the table is there
                await page.type("y")
                if await page.holds(_CLIPBOARD + "!== 'nothing'" if allowed else "!" + copied):
                    break
            if allowed:
                assert str(await page.value(_CLIPBOARD)).startswith("http://")
                assert await page.value(copied) is True
            else:
                line = await page.value("document.querySelector('#copied input').value")
                assert str(line).startswith("http://")

    _run(scenario())


_CLIPBOARD = "await navigator.clipboard.readText()"


def _payload(response: dict[str, Any]) -> bytes:

    data = str(response["payloadData"])
    return base64.b64decode(data) if response["opcode"] == 2 else b""


def _is_dead(number: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return True
