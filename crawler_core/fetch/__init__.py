"""One HTTP GET on a thread: a `FetchRequest` in, a `FetchResult` out, never an exception.

The only door to the network (`httpx`, `httpcore`, `ssl`, DNS). A request passes

    Fetcher (one for a crawl) -> Seat (one a thread: httpx.Client, connections)
      -> transport (httpcore pool) -> stream (deadline, cancel, bytes, addresses)

and its answer comes back through `heads` (status and headers), `body` (how much of it is
read), `decode` (bounded decompression), `verdicts` (status -> Outcome) and `faults`
(exception -> Outcome).
"""

from __future__ import annotations

from crawler_core.fetch.faults import DNS_AGAIN, NO_DESCRIPTORS, NO_SUCH_NAME
from crawler_core.fetch.fetcher import Fetcher

__all__ = ["DNS_AGAIN", "NO_DESCRIPTORS", "NO_SUCH_NAME", "Fetcher"]
