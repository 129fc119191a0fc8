"""The command line as people run it: in this process, or in one of its own."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.site import Answer, SmallSite, html
from tui.cli import main

ROOT = Path(__file__).parents[2]
SECONDS = 60
"""After which a command that does not end has failed."""


class Result(msgspec.Struct, frozen=True):
    """What a command left."""

    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders of one's own, and a working folder that holds nothing."""
    for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home" / variable.lower()))
    for variable in ("CRAWLTUI_AUTH", "CRAWLTUI_COOKIE", "CRAWLTUI_HEADER", "CRAWLTUI_PROXY_AUTH"):
        monkeypatch.delenv(variable, raising=False)
    working = tmp_path / "work"
    working.mkdir()
    monkeypatch.chdir(working)
    return working


@pytest.fixture
def crawls_folder(tmp_path: Path) -> Path:
    """Where crawls are kept by default."""
    return tmp_path / "home" / "xdg_data_home" / "crawltui" / "crawls"


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Run a command line in this process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    yield run
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


@pytest.fixture
def site() -> Iterator[SmallSite]:
    """A site of six pages, a broken link on two of them."""
    pages: dict[str, Answer | str] = {
        "/": html("/a", "/b", "/missing", title="Home"),
        "/a": html("/b", "/c", title="A"),
        "/b": html("/missing", "/c", title="B"),
        "/c": Answer(status=301, headers={"Location": "/d"}),
        "/d": html("/", title="D"),
    }
    with SmallSite(pages) as served:
        yield served


def long_site(pages: int = 60, delay: float = 0.05) -> SmallSite:
    """A chain with side roads, slow enough to be interrupted."""
    links: dict[str, Answer | str] = {
        f"/p{n}": html(f"/p{n + 1}", f"/p{n + 2}", f"/p{n // 2}", f"/gone{n % 5}", title=f"P {n}")
        for n in range(pages - 2)
    }
    links |= {f"/p{n}": html("/p0", title=f"P {n}") for n in (pages - 2, pages - 1)}
    links["/"] = html("/p0", title="Home")
    return SmallSite(links, delay=delay)


def start(*arguments: object) -> subprocess.Popen[str]:
    """Begin a command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        # Where the test run itself is a background job SIGINT would be ignored below it.
        preexec_fn=_hear_signals,
    )


def end(process: subprocess.Popen[str]) -> Result:
    """Wait for a command that `start` began."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Result(process.returncode, out, err)


def command(*arguments: object) -> Result:
    """Run a command in a process of its own."""
    return end(start(*arguments))


def _hear_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
