# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""Scrapy with its LinkExtractor and its CSV feed, without the pauses that it makes by default.

python -m benchmarks.peers.scrapy_spider URL CSV
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response, TextResponse
from scrapy.linkextractors import LinkExtractor

from benchmarks.peers.fields import FIELDS


class SiteSpider(scrapy.Spider):
    """Every page of one site."""

    name = "site"

    def __init__(self, start: str) -> None:
        super().__init__(start_urls=[start])
        self.links = LinkExtractor(allow_domains=[urlsplit(start).netloc])

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """One row, and a request for each link."""
        if not isinstance(response, TextResponse):
            return
        links = self.links.extract_links(response)
        values = (
            response.url,
            response.status,
            (response.headers.get("Content-Type") or b"").decode(),
            response.css("title::text").get(""),
            response.css("meta[name=description]::attr(content)").get(""),
            response.xpath("string((//h1)[1])").get("").strip(),
            response.xpath("string((//h2)[1])").get("").strip(),
            response.css("link[rel=canonical]::attr(href)").get(""),
            len(links),
        )
        yield dict(zip(FIELDS, values, strict=True))
        for link in links:
            yield scrapy.Request(link.url)


def main(start: str, target: str) -> None:
    """Crawl the site of `start` into the CSV file `target`."""
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": 16,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
            "DOWNLOAD_DELAY": 0,
            "AUTOTHROTTLE_ENABLED": False,
            "ROBOTSTXT_OBEY": True,
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
            "FEEDS": {target: {"format": "csv", "fields": list(FIELDS)}},
        }
    )
    process.crawl(SiteSpider, start=start)
    process.start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
