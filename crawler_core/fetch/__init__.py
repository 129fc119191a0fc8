"""One HTTP GET on a thread: a `FetchRequest` in, a `FetchResult` out, never an exception.

The only door to the network (`httpx`, `httpcore`, `ssl`, DNS). A request passes

    Fetcher (one for a crawl) -> Seat (one a thread: httpx.Client, connections)
      -> lean (HTTP/1.1) | classic (httpcore: HTTP/2, proxies)
      -> stream (deadline, cancel, bytes, addresses)

and its answer comes back through `framing` (what HTTP/1.1 allows), `heads` (its headers),
`body` (how much of it is read), `decode` (bounded decompression), `verdicts` (status ->
Outcome) and `faults` (exception -> Outcome).
"""

from __future__ import annotations

from crawler_core.fetch import httpx_alone as httpx_alone  # before all that imports httpx
from crawler_core.fetch.faults import DNS_AGAIN, NO_DESCRIPTORS, NO_SUCH_NAME
from crawler_core.fetch.fetcher import Fetcher

__all__ = ["DNS_AGAIN", "NO_DESCRIPTORS", "NO_SUCH_NAME", "Fetcher"]
