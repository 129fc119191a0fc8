"""What an engine process and its owner say to each other, one JSON line each."""

from __future__ import annotations

import msgspec

from crawler_core.config import CrawlConfig, Secrets


class Startup(msgspec.Struct, frozen=True, kw_only=True):
    """What to crawl. The only place where secrets travel: over a pipe, never on disk."""

    store: str
    config: CrawlConfig | None = None
    """None: resume what the store says."""
    changes: dict[str, object] = {}
    """Options of a resumed crawl that were given anew."""
    secrets: Secrets = Secrets()
    force: bool = False
    meta: dict[str, str] = {}
    """Facts to remember in a new store."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's first and only line on stdout."""

    socket: str = ""
    store: str = ""
    error: str = ""
    """Why there is no crawl, for people."""
    exit_code: int = 0
