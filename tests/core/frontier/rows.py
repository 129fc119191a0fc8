"""Rows and frontiers for tests: short words for what a crawl would have found."""

from __future__ import annotations

from typing import Any

import msgspec

from crawler_core.config import CrawlConfig
from crawler_core.frontier.claims import Fetch
from crawler_core.frontier.frontier import Frontier
from crawler_core.model import Role, UrlRow, UrlState
from crawler_core.robots import Rules

LOCAL = "http://127.0.0.1:8000"
REMOTE = "https://site.test"
FAR = "https://far.test"


def frontier(**options: Any) -> Frontier:
    """A frontier that starts at `LOCAL` and asks for no robots.txt unless told to."""
    options.setdefault("ignore_robots", True)
    return Frontier(CrawlConfig(start_urls=(f"{LOCAL}/",), **options))


def add(target: Frontier, address: str, depth: int = 1, **fields: Any) -> int:
    """Accept a waiting internal page at `address`; its id."""
    row = UrlRow(
        url_id=target.next_id,
        address=address,
        depth=depth,
        hops=0,
        role=Role.CRAWL,
        internal=not address.startswith(FAR),
        state=UrlState.WAITING,
        source_id=0,
    )
    target.accept(msgspec.structs.replace(row, **fields))
    return row.url_id


def claimed(target: Frontier, now: float) -> list[int]:
    """The ids of all that may be sent at `now`, in order."""
    found = []
    while isinstance(claim := target.claim(now), Fetch):
        found.append(claim.url_id)
    assert claim is None, claim
    return found


def rules(*lines: str) -> Rules:
    """Rules of a group for everyone."""
    return Rules("\n".join(("User-agent: *", *lines)))
