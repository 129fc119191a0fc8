"""A server of faults and fetchers for it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler_core.config import CrawlConfig, Secrets
from crawler_core.fetch import Fetcher
from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from tests.core.fetch.faultserver import FaultServer
from tests.patience import PATIENCE

TIMEOUT = 0.8

MakeFetcher = Callable[..., Fetcher]
Get = Callable[..., FetchResult]

_numbers = itertools.count(1)


def request(url: str, purpose: Purpose = Purpose.CRAWL, *, secrets: bool = False) -> FetchRequest:
    return FetchRequest(
        number=next(_numbers), url_id=1, url=url, purpose=purpose, send_secrets=secrets
    )


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def assert_cancelled(fetcher: Fetcher, url: str, is_there: Callable[[], object]) -> None:
    """Fetch on a thread, cancel once `is_there`, and demand that the fetch ends at once."""
    job = request(url)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(fetcher.fetch, job)
        wait_until(is_there)
        asked = time.monotonic()
        assert fetcher.cancel(job.number)
        result = future.result(PATIENCE)
        assert time.monotonic() - asked < 10
    found = (result.outcome, result.status_code, result.error)
    assert found == (Outcome.CANCELLED, 0, "cancelled")
    assert not fetcher.cancel(job.number)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    served = FaultServer()
    yield served
    served.close()


@pytest.fixture(params=["lean", "classic"])
def make_fetcher(request: pytest.FixtureRequest) -> Iterator[MakeFetcher]:
    """Fetchers over each transport: both keep every promise.

    Where nothing is negotiated, the option of HTTP/2 only means that httpcore speaks 1.1.
    """
    made: list[Fetcher] = []

    def make(
        secrets: Secrets | None = None,
        start_hosts: tuple[str, ...] = ("127.0.0.1",),
        **options: object,
    ) -> Fetcher:
        values = {"start_urls": ("http://127.0.0.1/",), "timeout": TIMEOUT}
        values |= {"http2": request.param == "classic", **options}
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
