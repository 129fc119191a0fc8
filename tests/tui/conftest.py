"""A crawl file with a few hundred rows, and clocks that show UTC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores import build_store
from tests.tui.fakes import FakeClient, FakeSession


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of all colours, wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("NO_COLOR", "FORCE_COLOR", "CRAWLTUI_THEME", "CRAWLTUI_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual's pilot not wait for an idle processor: the tests wait for messages."""

    async def brief(*_: object) -> None:
        for _turn in range(5):
            await asyncio.sleep(0)

    monkeypatch.setattr("textual.app.wait_for_idle", brief)
    monkeypatch.setattr("textual.pilot.wait_for_idle", brief)


@pytest.fixture(autouse=True)
def _lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said for a moment stays, however long a test takes to look at it."""
    long = 600.0
    monkeypatch.setattr("textual.notifications.Notification.time_left", property(lambda _: long))
    monkeypatch.setattr("tui.screens.steering._MEANT_FOR", long)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished crawl of 300 URLs; nobody writes to it."""
    return build_store(tmp_path_factory.mktemp("tui") / "docs.crawl", pages=300)


@pytest.fixture
def client(store: Path) -> FakeClient:
    """A crawl in full swing that stands still until it is told to move."""
    return FakeClient(store)


@pytest.fixture
def session(store: Path, client: FakeClient) -> FakeSession:
    """Opens that crawl."""
    return FakeSession(store, client)
