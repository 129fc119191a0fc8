"""What the four examples share: which pages they fetch, and how they say what came of them.

The pages are some of the built-in demo site, which runs on this computer and answers after 20 to
300 ms, as real sites do. URLs on the command line take their place.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from crawler_core import __version__, url
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.model import FetchRequest, FetchResult, ParsedPage, ParseJob, Purpose
from tui.demo.hosts import Host

if TYPE_CHECKING:
    from crawler_core.fetch import Fetcher
    from tui.demo.server import DemoServer

SITE_PAGES = 400
LARGE = "/large/index.html?copy={}"
"""5,000 links: quickly fetched, slowly parsed. Every fifth page is one of these."""


class Work(NamedTuple):
    """What there is to do, and the one who fetches."""

    fetcher: Fetcher
    requests: list[FetchRequest]


def command_line(about: str | None) -> argparse.ArgumentParser:
    """The options that all four examples have."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL", help="instead of the demo site's pages")
    parser.add_argument("--pages", type=int, default=60, help="of the demo site (%(default)s)")
    return parser


@contextmanager
def work(urls: Sequence[str], pages: int, more: Sequence[str] = ()) -> Iterator[Work]:
    """Requests for these URLs, else for `pages` pages of the demo site and for `more` of it."""
    # Not at the top: every process of a pool imports that again, and needs neither to parse.
    from crawler_core.fetch import Fetcher
    from tui.demo.server import DemoServer

    with ExitStack() as stack:
        if not urls:
            demo = stack.enter_context(DemoServer(SITE_PAGES))
            urls = [*_chosen(demo, pages), *(demo.hosts.url(Host.MAIN, path) for path in more)]
        addresses = tuple(url.normalize(each) or each for each in urls)
        hosts = [url.hostname(address) for address in addresses]
        config = CrawlConfig(start_urls=addresses)
        fetcher = Fetcher(config, Secrets(), version=__version__, start_hosts=hosts)
        stack.callback(fetcher.close)
        numbered = enumerate(addresses, 1)
        yield Work(fetcher, [FetchRequest(n, n, each, Purpose.CRAWL) for n, each in numbered])


def job_of(result: FetchResult, deadline: float = 20.0) -> ParseJob:
    """What a parser needs of an answer: values only, so that it can go to another process."""
    request = result.request
    return ParseJob(
        request.url_id, request.url, result.body, result.content_type, deadline=deadline
    )


class Report:
    """A line for each page, and at the end how long it all took beside what was to be done."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._pages = 0
        self._waited = self._parsed = 0.0

    def __enter__(self) -> Report:
        return self

    def add(self, result: FetchResult, page: ParsedPage) -> None:
        """One page is done."""
        self._pages += 1
        self._waited += result.seconds
        self._parsed += page.seconds
        print(f"{result.status_code}  {result.request.url}  {page.title.text}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = time.perf_counter() - self._began
        if kind is None:
            print(
                f"{self._pages} pages in {took:.1f} s: "
                f"{self._waited:.1f} s of waiting and {self._parsed:.1f} s of parsing"
            )


def _chosen(demo: DemoServer, pages: int) -> list[str]:
    """The same pages each time, from the site's own sitemap."""
    sitemap = demo.site.respond(Host.MAIN, "/sitemap.xml").body.decode()
    listed = re.findall("<loc>(.*?)</loc>", sitemap)
    large = [demo.hosts.url(Host.MAIN, LARGE.format(number)) for number in range(pages // 5)]
    return [*listed[: pages - len(large)], *large]
