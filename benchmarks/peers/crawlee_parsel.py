# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""crawlee's ParselCrawler with its own HTTP client; its storage on disk, as it comes, or in memory.

python -m benchmarks.peers.crawlee_parsel URL CSV [memory]
"""

from __future__ import annotations

import asyncio
import logging
import sys

from crawlee import ConcurrencySettings
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import MemoryStorageClient

from benchmarks.peers.fields import FIELDS


async def crawl(start: str, target: str, storage: str = "") -> None:
    """Crawl the site of `start` into the CSV file `target`."""
    crawler = ParselCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=16, desired_concurrency=16, max_concurrency=16
        ),
        storage_client=MemoryStorageClient() if storage == "memory" else None,
        respect_robots_txt_file=True,
        configure_logging=False,
    )

    @crawler.router.default_handler
    async def page(context: ParselCrawlingContext) -> None:
        found, answer = context.selector, context.http_response
        values = (
            context.request.url,
            answer.status_code,
            answer.headers.get("content-type") or "",
            found.css("title::text").get(""),
            found.css("meta[name=description]::attr(content)").get(""),
            (found.xpath("string((//h1)[1])").get() or "").strip(),
            (found.xpath("string((//h2)[1])").get() or "").strip(),
            found.css("link[rel=canonical]::attr(href)").get(""),
            len(found.css("a[href]")),
        )
        await context.push_data(dict(zip(FIELDS, values, strict=True)))
        await context.enqueue_links()

    await crawler.run([start])
    await crawler.export_data(target)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(crawl(*sys.argv[1:]))
