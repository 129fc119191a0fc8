"""A crawl finds what a plain, independent crawler finds."""

from __future__ import annotations

import contextlib
import mimetypes
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path
from urllib.parse import unquote

import ada_url
import lxml.html
import pytest

from tests.engine.crawling import crawl_to_end, rows_of
from tests.engine.site import Ask, Reply, Site, page, redirect

DOCUMENTATION = (
    ("python3.11-doc", Path("/usr/share/doc/python3.11/html"), "/index.html"),
    ("debian-reference-en", Path("/usr/share/debian-reference"), "/index.en.html"),
)
MOST_FILES = 12
"""HTML files of each package that are served, so that the comparison takes seconds."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def plain_crawl(start: str) -> dict[str, int]:
    """Status of every URL of the start's origin that its pages lead to, one after the other."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
    origin = ada_url.URL(start).origin
    statuses: dict[str, int] = {}
    queue = deque([start])
    while queue:
        address = queue.popleft()
        if address in statuses:
            continue
        try:
            with opener.open(address, timeout=10) as answer:
                statuses[address] = answer.status
                is_html = answer.headers.get_content_type() == "text/html"
                queue.extend(links_in(answer.read(), address) if is_html else ())
        except urllib.error.HTTPError as error:
            statuses[address] = error.code
            if error.headers.get("Location"):
                queue.append(ada_url.join_url(address, error.headers["Location"]))
        queue = deque(url.partition("#")[0] for url in queue if ada_url.URL(url).origin == origin)
    return statuses


def links_in(body: bytes, address: str) -> list[str]:
    """Absolute URLs that a page leads to."""
    root = lxml.html.fromstring(body)
    base = root.xpath("//base/@href")
    against = ada_url.join_url(address, base[0]) if base else address
    found = []
    for tag in root.iter("a", "area", "iframe", "frame"):
        value = tag.get("src" if tag.tag in {"iframe", "frame"} else "href")
        if value is None or "nofollow" in (tag.get("rel") or "").split():
            continue
        with contextlib.suppress(ValueError):
            found.append(ada_url.join_url(against, value))
    return [url for url in found if url.startswith("http")]


def folder_of(root: Path) -> dict[str, Path]:
    """The files to serve by path: the first HTML files, and all that is not HTML."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    pages = [path for path in files if path.suffix == ".html"]
    pages.sort(key=lambda path: (not path.name.startswith("index"), path))
    kept = set(pages[:MOST_FILES]) | {path for path in files if path.suffix != ".html"}
    return {"/" + path.relative_to(root).as_posix(): path for path in kept}


def serve(files: dict[str, Path]) -> Site:
    def answer(ask: Ask) -> Reply | None:
        path = files.get(unquote(ask.path.partition("?")[0]))
        if path is None:
            return None
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Reply(body=path.read_bytes(), headers={"Content-Type": kind})

    return Site(answer)


@pytest.mark.parametrize(
    ("name", "root", "start"), DOCUMENTATION, ids=[d[0] for d in DOCUMENTATION]
)
def test_debian_documentation(tmp_path: Path, name: str, root: Path, start: str) -> None:
    """URLs and statuses of documentation that Debian ships equal those of a plain crawler."""
    if not (root / start[1:]).exists():
        pytest.skip(f"the Debian package {name} is not installed")
    with serve(folder_of(root)) as site:
        expected = plain_crawl(site.url(start))
        last = crawl_to_end(
            tmp_path / "a.crawl",
            site.url(start),
            external=False,
            resources=False,
            parse_in="processes",
        )
    found = {address: row["Status Code"] for address, row in rows_of(tmp_path / "a.crawl").items()}
    assert last.state == "finished"
    assert len(expected) > 10
    assert found == expected


def generated(ask: Ask) -> Reply | str | None:
    """A site with what real ones have: cycles, dead ends, redirects, bases, odd references."""
    if not ask.path.startswith("/d/"):
        return page("/d/1") if ask.path == "/" else None
    name = ask.path[3:].partition("?")[0]
    if not name.isdigit() or int(name) > 60:
        return None
    n = int(name)
    if n % 11 == 0:
        return redirect(f"{n + 1}?from={n}")
    if n % 13 == 0:
        return Reply(body=b"%PDF", headers={"Content-Type": "application/pdf"})
    if n % 17 == 0:
        return Reply(410, page("/d/never").encode(), headers={"Content-Type": "text/html"})
    links = [f"{n * 2}", f"./{n * 2 + 1}#part", f"/d/{n + 7}?q=ü&amp;x", "../d/1", "mailto:a@b"]
    links += ["http://[", "  /d/2\n ", "//" + ask.headers["host"] + f"/d/{n + 1}", "?x", ""]
    base = '<base href="/d/x/">' if n % 19 == 0 else ""
    return page(*links, f'<iframe src="{n + 3}"></iframe>', title=f"{n}", more=base)


@pytest.mark.parametrize("where", ["main", "processes"])
def test_generated_site(tmp_path: Path, where: str) -> None:
    """On a site with odd references, too, wherever the pages are parsed."""
    with Site(generated) as site:
        expected = plain_crawl(site.url())
        last = crawl_to_end(tmp_path / "a.crawl", site.url(), external=False, parse_in=where)
    found = {address: row["Status Code"] for address, row in rows_of(tmp_path / "a.crawl").items()}
    assert last.state == "finished"
    assert {200, 302, 404, 410} <= set(expected.values())
    assert len(expected) > 120
    assert found == expected
