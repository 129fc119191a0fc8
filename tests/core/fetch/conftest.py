"""A server of faults and fetchers for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from crawler_core.config import CrawlConfig, Secrets
from crawler_core.fetch import Fetcher
from crawler_core.model import FetchRequest, FetchResult, Purpose
from tests.core.fetch.faultserver import FaultServer

TIMEOUT = 0.4

MakeFetcher = Callable[..., Fetcher]
Get = Callable[..., FetchResult]

_numbers = itertools.count(1)


def request(url: str, purpose: Purpose = Purpose.CRAWL, *, secrets: bool = False) -> FetchRequest:
    return FetchRequest(
        number=next(_numbers), url_id=1, url=url, purpose=purpose, send_secrets=secrets
    )


@pytest.fixture
def server() -> Iterator[FaultServer]:
    served = FaultServer()
    yield served
    served.close()


@pytest.fixture
def make_fetcher() -> Iterator[MakeFetcher]:
    made: list[Fetcher] = []

    def make(
        secrets: Secrets | None = None,
        start_hosts: tuple[str, ...] = ("127.0.0.1",),
        **options: object,
    ) -> Fetcher:
        values = {"start_urls": ("http://127.0.0.1/",), "timeout": TIMEOUT, **options}
        fetcher = Fetcher(
            CrawlConfig(**values),  # type: ignore[arg-type]
            secrets or Secrets(),
            version="1.2.3",
            start_hosts=start_hosts,
        )
        made.append(fetcher)
        return fetcher

    yield make
    for fetcher in made:
        fetcher.close()


@pytest.fixture
def get(make_fetcher: MakeFetcher) -> Get:
    """One GET by a fetcher with a deadline of `TIMEOUT` seconds."""
    fetcher = make_fetcher()

    def run(url: str, purpose: Purpose = Purpose.CRAWL) -> FetchResult:
        return fetcher.fetch(request(url, purpose))

    return run
