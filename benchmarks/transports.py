"""What a request costs over each HTTP transport, and which promises each one keeps.

    python -m benchmarks.transports cpu URL...      CPU of a fetch, one thread and sixteen
    python -m benchmarks.transports promises        the fetch tests, over pyreqwest

Needs `pip install pyreqwest`. `cpu` needs a server on loopback; `promises` runs
`tests/core/fetch` with crawltui's own transport replaced by pyreqwest's
`compatibility.httpx.SyncHttpxTransport` (as good as it can be configured for the job), so
each test that fails is a promise that it does not keep. `docs/transports.md` says what
came out.
"""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

# On the main thread: pyreqwest 0.15.1 crashes the process once a thread that was the first
# to import it has ended.
from pyreqwest.client import SyncClientBuilder
from pyreqwest.compatibility.httpx import SyncHttpxTransport

from crawler_core.config import CrawlConfig, Secrets
from crawler_core.fetch import Fetcher, seat
from crawler_core.fetch.endings import (
    ConnectionFailed,
    ConnectionLost,
    DeadlinePassed,
    Ending,
    Malformed,
)
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.heads import Head
from crawler_core.fetch.stream import Dialler
from crawler_core.model import FetchRequest, Outcome, Purpose

ROUNDS = 5
FETCHES = 2_000
THREADS = 16


class PyreqwestTransport(httpx.BaseTransport):
    """pyreqwest in the place of `LeanTransport`: one client for each thread."""

    def __init__(self, dialler: Dialler, *, connections: int) -> None:
        self._dialler: Any = dialler
        builder = SyncClientBuilder().no_proxy().follow_redirects(False).http1_only()
        builder = builder.gzip(False).brotli(False).zstd(False).deflate(False).referer(False)
        builder = builder.http1_allow_obsolete_multiline_headers_in_responses(True)
        builder = builder.pool_max_idle_per_host(connections)
        if self._dialler._tls._ca_file:
            builder = builder.add_root_certificate_pem(
                Path(self._dialler._tls._ca_file).read_bytes()
            )
        builder = builder.danger_accept_invalid_certs(self._dialler._tls._insecure)
        self._client = builder.build()
        self._inner = SyncHttpxTransport(self._client)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one GET; what of the exchange cannot be told to pyreqwest is left out."""
        exchange: Exchange = self._dialler._place.exchange
        exchange.dialled = True  # pyreqwest tries stale connections again by itself
        exchange.mark_sent()
        target = request.extensions["target"].decode("ascii")
        sent = httpx.Request(
            "GET",
            request.extensions["origin"] + target,
            headers=request.headers,
            extensions={"timeout": {"total": exchange.left()}},
        )
        try:
            answer = self._inner.handle_request(sent)
        except Exception as error:
            raise _ending(error) from error
        version = answer.extensions["pyreqwest_response"].version
        head = Head.of_raw(answer.status_code, version, answer.headers.raw)
        return httpx.Response(
            answer.status_code, stream=_Counted(answer, exchange), extensions={"head": head}
        )

    def close(self) -> None:
        """Leave the idle connections to pyreqwest: it cannot be told to drop them."""


class _Counted(httpx.SyncByteStream):
    def __init__(self, answer: httpx.Response, exchange: Exchange) -> None:
        self._answer = answer
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._answer.stream, httpx.SyncByteStream)
        try:
            for data in self._answer.stream:
                self._exchange.take(len(data))
                yield data
        except Exception as error:
            raise _ending(error) from error

    def close(self) -> None:
        self._answer.close()


def _ending(error: Exception) -> Ending:
    """What pyreqwest raised, as ours: it tells causes in words only."""
    if isinstance(error, httpx.TimeoutException):
        return DeadlinePassed()
    cause = error.__cause__ or error
    text = f"{cause} {getattr(cause, 'details', '')}"
    number = re.search(r"os error ([0-9]+)", text)
    if number:
        return ConnectionFailed(OSError(int(number[1]), "as told"))
    if "certificate" in text or "tls" in text.lower():
        return ConnectionFailed(ssl.SSLError(1, text[:80]))
    if "closed before" in text or "end of file" in text or "unexpected EOF" in text:
        return ConnectionLost(ConnectionResetError(104, "closed"))
    return Malformed(text[:100])


def cpu(urls: list[str]) -> None:
    """Print the CPU of one fetch over each transport, in ms: the least of five rounds."""
    print(f"{'transport':10} {'1 thread':>9} {THREADS:>4} threads   (ms of CPU a fetch)")
    for name, make in _contenders().items():
        fetch = make()
        one = min(_spent(fetch, urls, 1) for _ in range(ROUNDS))
        many = min(_spent(fetch, urls, THREADS) for _ in range(ROUNDS))
        print(f"{name:10} {one:9.3f} {many:12.3f}", flush=True)


def _contenders() -> dict[str, Callable[[], Callable[[str], None]]]:
    return {
        "lean": _ours,
        "classic": lambda: _ours(http2=True),
        "pyreqwest": _pyreqwest,
        "httpx": _bare_httpx,
    }


def _ours(http2: bool = False) -> Callable[[str], None]:
    config = CrawlConfig(start_urls=("http://127.0.0.1/",), http2=http2)
    fetcher = Fetcher(config, Secrets(), version="0", start_hosts=("127.0.0.1",))

    def fetch(url: str) -> None:
        number = time.monotonic_ns()
        result = fetcher.fetch(FetchRequest(number, 1, url, Purpose.CRAWL))
        assert result.outcome is Outcome.OK, result.error

    return fetch


def _pyreqwest() -> Callable[[str], None]:
    pytest_configure()
    return _ours()


def _bare_httpx() -> Callable[[str], None]:
    """httpx as it comes, with none of the promises: a client for each thread."""
    local = threading.local()

    def fetch(url: str) -> None:
        if not hasattr(local, "client"):
            local.client = httpx.Client(trust_env=False)
        assert local.client.get(url).status_code == 200

    return fetch


def _spent(fetch: Callable[[str], None], urls: list[str], threads: int) -> float:
    """Milliseconds of this process's CPU for one of `FETCHES` fetches."""
    share = FETCHES // threads

    def run(first: int) -> None:
        for number in range(first, first + share):
            fetch(urls[number % len(urls)])

    workers = [threading.Thread(target=run, args=(n * share,)) for n in range(threads)]
    before = time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.process_time() - before) / (share * threads) * 1000


def pytest_configure() -> None:
    """As a pytest plugin (`-p benchmarks.transports`): put pyreqwest in our place."""
    setattr(seat, "LeanTransport", PyreqwestTransport)  # noqa: B010  # mypy knows a class


def promises() -> int:
    """Run the fetch tests over pyreqwest; the exit code is pytest's."""
    options = ["-q", "-p", "benchmarks.transports", "-k", "lean", "--timeout", "20", "--tb", "line"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "tests/core/fetch"], check=False
    ).returncode


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["promises"]:
            sys.exit(promises())
        case ["cpu", first, *more]:
            cpu([first, *more])
        case _:
            sys.exit(__doc__)
