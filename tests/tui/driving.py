"""Driving the app in a test: run a scenario, wait until nothing is left to do, read the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

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
            await self.app.workers.wait_for_complete()
        await self.settle()

    async def type(self, text: str) -> None:
        """Type letters."""
        await self.pilot.press(*text)
        await self.settle()

    async def settle(self) -> None:
        """Wait for messages and threads; then draw once more."""
        await self.pilot.wait_for_scheduled_animations()
        await self.app.workers.wait_for_complete()
        if self.app.is_running and self.app.dashboard is not None:
            self.app.dashboard.tick()
            self.app.dashboard.redraw()
            await self.app.workers.wait_for_complete()
        await self.pilot.wait_for_scheduled_animations()

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
