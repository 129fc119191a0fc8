"""Owns an engine process until it is killed: `python -m tests.engine.owner STORE START`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path


def main(store: Path, start: str) -> None:
    """Start an engine process, say so, and wait."""
    from crawler_core.config import CrawlConfig
    from crawler_core.crawl.messages import Startup
    from crawler_core.crawl.remote import RemoteCrawl

    crawl = RemoteCrawl.open(
        Startup(store=str(store), config=CrawlConfig(start_urls=(start,), parse_workers=1))
    )
    sys.stdout.write(f"{crawl.store}\n")
    sys.stdout.flush()
    threading.Event().wait(60)
    crawl.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
