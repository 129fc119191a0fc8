"""Where the lesson plays: the built-in site, and a crawl of it for each kind of step."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from msgspec.structs import replace

from crawler_core.config import CrawlConfig, Secrets
from tui.bridge import Client
from tui.demo import heavy
from tui.demo.hosts import Host
from tui.demo.library import SHELVES
from tui.demo.sections import SECTIONS
from tui.demo.server import DemoServer
from tui.lesson.steps import DEADLINE, CrawlName, Step
from tui.session import CrawlSession

PAGES = 12_000
"""Of the site whose pages are waited for."""
NOTE = "LESSON: a made-up site on this computer"


class Stage:
    """Serves the site and opens crawls. Use it as a context manager.

    Crawl files lie in a folder of their own that goes away at the end.
    """

    def __init__(self, session: CrawlSession) -> None:
        self._session = session
        self._resources = contextlib.ExitStack()
        self._number = 0

    def __enter__(self) -> Stage:
        self._server = self._resources.enter_context(DemoServer(PAGES))
        folder = tempfile.TemporaryDirectory(prefix="crawltui-lesson-", ignore_cleanup_errors=True)
        self._folder = Path(self._resources.enter_context(folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def open(self, step: Step) -> Client:
        """Start the crawl of a step. Raises CrawlError where it cannot."""
        self._number += 1
        store = self._folder / f"step-{self._number}-{step.crawl}.crawl"
        client = self._session.crawl(self.config(step), Secrets(), store)
        client.note = NOTE
        return client

    def config(self, step: Step) -> CrawlConfig:
        """What the crawl of a step is set to."""
        starts, excluded = self._site(step.crawl)
        config = CrawlConfig(
            start_urls=tuple(self._server.hosts.url(Host.MAIN, target) for target in starts),
            exclude=excluded,
            fetch_workers=step.fetch,
            parse_workers=step.parse,
            parse_in=step.parse_in,
            parser="soup",  # one that takes its time, so that pools are what makes the difference
            resources=False,
            external=False,
        )
        # Where nothing is to be killed, nothing is on a busy computer either.
        return replace(config, parse_deadline=DEADLINE) if step.crawl == "killed" else config

    def _site(self, crawl: CrawlName) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Start targets, and patterns of what is left out."""
        if crawl == "waits":
            shelves = tuple(f"/{shelf.name}/" for shelf in SHELVES)
            others = (s.path for s in SECTIONS if s.host is Host.MAIN and s.path not in shelves)
            return shelves, tuple(others)
        fatal = () if crawl == "killed" else (heavy.FATAL,)
        return (heavy.target(0),), fatal
