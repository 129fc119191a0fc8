"""Driving the app in a test: run a scenario, wait until nothing is left to do, read the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from textual.events import Key
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.patience import PATIENCE
from tui.app import CrawlApp
from tui.bridge import Ending
from tui.screens.dashboard import Dashboard

Scenario = Callable[["Drive"], Awaitable[None]]


class Drive:
    """The app under a scenario."""

    def __init__(self, app: CrawlApp, pilot: Pilot[Ending]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def dashboard(self) -> Dashboard:
        found = self.app.dashboard
        assert found is not None
        return found

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and let everything that follows happen."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.wait_for_scheduled_animations()
            await self._threads()
        await self.settle()

    async def type(self, text: str) -> None:
        """Type letters."""
        await self.pilot.press(*text)
        await self.settle()

    async def burst(self, *keys: str, until: Callable[[], bool]) -> None:
        """Keys all at once, as a quick typist or a script sends them; then wait for `until`."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
        await self.until(until)

    async def soon(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: self.shows(text))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "\n".join(self.screen())
            await self.pilot.pause(0.02)
            await self.settle()

    async def settle(self) -> None:
        """Wait for messages and threads; then draw once more."""
        await self.pilot.wait_for_scheduled_animations()
        await self._threads()
        dashboard = self.app.dashboard
        if self.app.is_running and dashboard is not None and dashboard.query("#fetch-pool"):
            dashboard.tick()
            dashboard.redraw()
            await self._threads()
        await self.pilot.wait_for_scheduled_animations()

    async def _threads(self) -> None:
        with suppress(WorkerCancelled):  # one that reads for a filter is replaced by the next
            await self.app.workers.wait_for_complete()

    def screen(self) -> list[str]:
        """The lines that are shown."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return [strip.text for strip in strips]

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return any(text in line for line in self.screen())


def drive(app: CrawlApp, scenario: Scenario, size: tuple[int, int] = (120, 36)) -> Ending | None:
    """Run the app under a scenario; what the app returned."""

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            it = Drive(app, pilot)
            await it.settle()
            await scenario(it)

    asyncio.run(run())
    return app.return_value
