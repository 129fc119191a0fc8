"""The plain loop to compare with: one thread, urllib, BeautifulSoup, no store.

python -m benchmarks.naive URL     prints pages and seconds
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections import deque
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup


def crawl(start: str) -> int:
    """Follow every link of the site; the number of pages."""
    seen, waiting, pages = {start}, deque([start]), 0
    while waiting:
        url = waiting.popleft()
        with urllib.request.urlopen(url, timeout=30) as answer:
            soup = BeautifulSoup(answer.read(), "lxml")
        pages += 1
        for anchor in soup.find_all("a", href=True):
            target = urldefrag(urljoin(url, str(anchor["href"])))[0]
            if target.startswith(start) and target not in seen:
                seen.add(target)
                waiting.append(target)
    return pages


if __name__ == "__main__":
    began = time.perf_counter()
    count = crawl(sys.argv[1])
    print(count, time.perf_counter() - began)
