"""Makes the picture on top of the README: the real dashboard on a real crawl of the demo site.

python docs/screenshot.py [docs/dashboard.svg]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}  # looked at when imported

from tui.app import CrawlApp
from tui.session import CrawlSession

SIZE = (120, 36)
DONE = 1_100
"""URLs after which the picture is taken."""
LONGEST = 90.0
"""Seconds to wait for them."""


async def take(target: Path) -> None:
    """Crawl the demo site in the dashboard, press some keys, and save what it shows."""
    with tempfile.TemporaryDirectory() as folder, CrawlSession() as session:
        client = session.demo(store=Path(folder) / "demo.crawl")
        app = CrawlApp(session, client)
        async with app.run_test(size=SIZE) as pilot:
            loop = asyncio.get_running_loop()
            end = loop.time() + LONGEST
            pressed = False
            while loop.time() < end:
                await pilot.pause(0.25)
                snapshot = client.snapshot()
                if snapshot is None:
                    continue
                if snapshot.done > DONE // 3 and not pressed:
                    await pilot.press(*["+"] * 12, ">")
                    pressed = True
                if snapshot.done > DONE:
                    break
            app.save_screenshot(str(target.name), path=str(target.parent))


def main() -> None:
    """Take the picture."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("dashboard.svg"))
    asyncio.run(take(target))
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
