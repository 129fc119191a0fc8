"""What the dashboard may open, for real: crawls, crawl files, the demo site."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler_core import url as urls
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl import places
from crawler_core.crawl.messages import Startup
from crawler_core.crawl.remote import RemoteCrawl, WatchedCrawl
from crawler_core.crawl.still import StoredCrawl
from crawler_core.errors import ConfigError
from crawler_core.export import export_csv
from crawler_core.store.lock import is_locked
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from tui.bridge import Client, Export, RecentCrawl, StartOptions
from tui.demo.server import DemoServer
from tui.demo.site import DEFAULT_PAGES
from tui.options import resolve_start

DEMO_NOTE = "SAMPLE SITE: its faults are on purpose"
DEMO_DEADLINE = 2.0
"""Seconds that a page of the demo may take to parse, so that a killed worker is seen."""
_DEMO_FETCH_WORKERS = 4
_DEMO_PARSE_WORKERS = 1
_RECENT = 12
_NOBODY = "nobody runs this crawl now"


class CrawlSession:
    """Opens crawls, each with its engine in a process of its own.

    Use it as a context manager: on the way out the demo site's server, if one was
    started, ends.
    """

    def __init__(self, *, raw_csv: bool = False, exporting: bool = True) -> None:
        self._raw_csv = raw_csv
        self._exporting = exporting
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> CrawlSession:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    # -- crawls --------------------------------------------------------------------------

    def start(self, options: StartOptions) -> Client:
        """Start a crawl as the start screen asks for it."""
        (start,) = resolve_start((options.url,))
        credentials = urls.credentials(options.url) or ""
        config = CrawlConfig(
            start_urls=(start,),
            speed=options.speed,
            resources=options.resources,
            external=options.external,
            subdomains=options.subdomains,
            max_pages=options.max_pages,
            max_time=options.max_time,
        )
        return self.crawl(config, Secrets(auth=credentials))

    def crawl(
        self,
        config: CrawlConfig,
        secrets: Secrets,
        store: Path | None = None,
        *,
        force: bool = False,
    ) -> RemoteCrawl:
        """Start a crawl."""
        path = store or places.new_store(config.start_urls[0])
        return RemoteCrawl.open(
            Startup(store=str(path), config=config, secrets=secrets, force=force)
        )

    def resume(
        self,
        store: Path,
        secrets: Secrets = Secrets(),  # noqa: B008 - frozen
        changes: dict[str, object] | None = None,
    ) -> Client:
        """Go on with a crawl; the demo site is served again where it was."""
        note = DEMO_NOTE if self._serve_demo_of(store) else ""
        return RemoteCrawl.open(
            Startup(store=str(store), secrets=secrets, changes=changes or {}), note
        )

    def look(self, store: Path) -> Client:
        """Look at a crawl: live if a process runs it."""
        return WatchedCrawl(store) if is_locked(store) else StoredCrawl(store, _NOBODY)

    def demo(
        self, pages: int | None = 0, store: Path | None = None, *, force: bool = False
    ) -> Client:
        """Crawl the built-in sample site, slowly at first so that a first key is seen to work."""
        server = self._resources.enter_context(
            DemoServer() if pages is None else DemoServer(pages or DEFAULT_PAGES)
        )
        config = CrawlConfig(
            start_urls=server.start_urls,
            fetch_workers=_DEMO_FETCH_WORKERS,
            parse_workers=_DEMO_PARSE_WORKERS,
            parse_deadline=DEMO_DEADLINE,
            parser="soup",  # some of its faults are faults for one parser only
        )
        path = store or places.new_store(config.start_urls[0], name="demo")
        return RemoteCrawl.open(
            Startup(store=str(path), config=config, meta={"demo": server.saved}, force=force),
            DEMO_NOTE,
        )

    def recent(self) -> Sequence[RecentCrawl]:
        """Earlier crawls, newest first."""
        found = []
        for entry in places.crawls(places.default_folder())[:_RECENT]:
            summary = entry.summary
            if summary is None:
                continue
            state = "stopped" if summary.state == "running" and not entry.running else summary.state
            found.append(
                RecentCrawl(
                    path=entry.path,
                    site=", ".join(urls.display(start) for start in summary.start_urls[:1]),
                    started=summary.started,
                    state="running" if entry.running else state,
                    done=summary.done,
                    found=summary.found,
                    broken=summary.broken,
                )
            )
        return found

    # -- crawl files ---------------------------------------------------------------------

    def rows(self, store: Path) -> StoreReader:
        """Open a crawl file for reading, for the thread that asks."""
        return StoreReader(store)

    def view(self, kind: str, text: str = "", sort: str = "", reverse: bool = False) -> View:
        """Name a selection of rows. Raises ConfigError for a kind or column that is none."""
        return msgspec.convert(
            {"kind": kind, "text": text, "sort": sort, "reverse": reverse}, type=View
        )

    def export(
        self, store: Path, target: Path, what: Export, *, bom: bool, view: View | None = None
    ) -> int:
        """Write a CSV, of the rows of `view` if there is one; the number of rows written.

        Raises ConfigError where none is written.
        """
        if not self._exporting:
            raise ConfigError(
                f"A browser only looks on: crawltui export {store.stem} -o FILE writes a CSV."
            )
        with StoreReader(store) as reader:
            return export_csv(reader, target, what, view=view, bom=bom, raw=self._raw_csv)

    def _serve_demo_of(self, store: Path) -> bool:
        """Serve the demo site again if `store` is a crawl of it."""
        with StoreReader(store) as reader:
            saved = reader.meta("demo")
        if saved is None:
            return False
        self._resources.enter_context(DemoServer.again(saved))
        return True
