"""The naive loop: one thread, urllib and lxml.html, no robots.txt, no store, no politeness.

python -m benchmarks.peers.naive_lxml URL CSV
"""

from __future__ import annotations

import csv
import http.client
import sys
import urllib.error
import urllib.request
from collections import deque
from urllib.parse import urldefrag, urljoin, urlsplit

import lxml.html

from benchmarks.peers.fields import FIELDS


def crawl(start: str, target: str) -> None:
    """Follow every link of the site of `start`, and write one row a page to `target`."""
    host = urlsplit(start).netloc
    seen, waiting = {start}, deque([start])
    with open(target, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(FIELDS)
        while waiting:
            url = waiting.popleft()
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    status, kind, body = (
                        answer.status,
                        answer.headers["Content-Type"],
                        answer.read(),
                    )
            except (urllib.error.HTTPError, http.client.HTTPException, OSError):
                continue
            if not kind.startswith("text/html") or not body:
                continue
            page = lxml.html.document_fromstring(body)
            links = [link for anchor in page.iter("a") if (link := anchor.get("href"))]
            rows.writerow((url, status, kind, *fields(page), len(links)))
            for link in links:
                try:
                    found = urldefrag(urljoin(url, link))[0]
                except ValueError:
                    continue
                if found not in seen and urlsplit(found).netloc == host:
                    seen.add(found)
                    waiting.append(found)


def fields(page: lxml.html.HtmlElement) -> tuple[str, ...]:
    """Title, description, first headings and canonical of a page."""
    return (
        page.findtext(".//title") or "",
        str(page.xpath("string(//meta[@name='description']/@content)")),
        str(page.xpath("string(//h1)")).strip(),
        str(page.xpath("string(//h2)")).strip(),
        str(page.xpath("string(//link[@rel='canonical']/@href)")),
    )


if __name__ == "__main__":
    crawl(sys.argv[1], sys.argv[2])
