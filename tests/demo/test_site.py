"""The demo site as a pure function: the same every time, whole, with every fault it promises."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import zipfile
from collections import Counter, deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import ada_url
import pytest
from bs4 import BeautifulSoup
from bs4.filter import SoupStrainer

from tui.demo.heads import HOSTILE, SCRIPTS
from tui.demo.hosts import START_HOSTS, Host, Hosts
from tui.demo.neighbours import STALLS, THROTTLED
from tui.demo.reply import Ending, Response
from tui.demo.sections import SECTIONS
from tui.demo.site import MAX_PAGES, MIN_PAGES, Site

HOSTS = Hosts(tuple((f"127.0.0.{number}", 4001) for number in range(1, len(Host) + 1)))
INDEX = {HOSTS.origin(host): host for host in Host}
CALENDAR_SAMPLE = 40
LINKING = ["a", "area", "iframe", "img", "script", "link", "video"]
LOST = {
    "/missing/",
    "/static/lost.png",
    "/img/harbour-07.png",
    "/img/harbour-23.png",
    "/closed-for-good.html",
}


@dataclass
class Walk:
    """What a crawl without manners finds: answers by host and target, who links what."""

    answers: dict[tuple[Host, str], Response] = field(default_factory=dict)
    sources: dict[tuple[Host, str], set[str]] = field(default_factory=dict)
    anchors: dict[tuple[Host, str], set[str]] = field(default_factory=dict)
    links: dict[tuple[Host, str], int] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)

    def main(self, path: str) -> list[Response]:
        """The answers of the main host below a path."""
        return [
            answer
            for (host, target), answer in self.answers.items()
            if host is Host.MAIN and target.startswith(path)
        ]


def soup_of(response: Response, only: list[str] | None = None) -> BeautifulSoup:
    """The parsed body of an answer, or `only` some elements of it, unpacked if it is packed."""
    body = response.body
    if dict(response.headers).get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return BeautifulSoup(body, "lxml", parse_only=SoupStrainer(only))


def links_of(url: str, response: Response) -> list[tuple[str, str]]:
    """Every absolute URL that an answer leads to or loads, with its anchor text."""
    headers = dict(response.headers)
    found = [(headers["Location"], "")] if "Location" in headers else []
    parsed = headers.get("Content-Type", "").startswith("text/html") and "deadline" not in url
    if response.status == 200 and parsed and "torn" not in url:
        for tag in soup_of(response, LINKING)(LINKING):
            href = tag.get("href") or tag.get("src")
            if href is not None:
                found.append((str(href), tag.get_text()))
    resolved = []
    for href, anchor in found:
        try:
            resolved.append((ada_url.join_url(url, href).partition("#")[0], anchor))
        except ValueError:
            continue
    return resolved


def walk(site: Site) -> Walk:
    """Follow every link of the site from its start URLs, except most of the endless calendar."""
    done = Walk()
    queue = deque((host, "/") for host in START_HOSTS)
    seen, months = set(queue), 0
    while queue:
        host, target = key = queue.popleft()
        months += host is Host.CALENDAR
        url = HOSTS.url(host, target)
        answer = done.answers[key] = site.respond(host, target, 9)
        links = links_of(url, answer)
        done.links[key] = len(links)
        for link, anchor in links:
            parts = urlsplit(link)
            other = INDEX.get(f"{parts.scheme}://{parts.netloc}")
            if other is None:
                done.outside.add(link)
                continue
            next_key = (other, parts.path + (f"?{parts.query}" if parts.query else ""))
            done.sources.setdefault(next_key, set()).add(url)
            done.anchors.setdefault(next_key, set()).add(anchor)
            if next_key not in seen and not (other is Host.CALENDAR and months > CALENDAR_SAMPLE):
                seen.add(next_key)
                queue.append(next_key)
    return done


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(HOSTS, 260)


@pytest.fixture(scope="module")
def walked(site: Site) -> Walk:
    return walk(site)


def test_same_bytes_every_time(walked: Walk) -> None:
    """Two sites of the same hosts and number answer every target alike."""
    other = Site(HOSTS, 260)
    for (host, target), answer in walked.answers.items():
        assert other.respond(host, target, 9) == answer, target


@pytest.mark.parametrize("pages", [260, 2_000, MAX_PAGES])
def test_as_many_pages_as_asked(pages: int) -> None:
    """The main host has the number of pages that was asked for, give or take ten."""
    assert Site(HOSTS, pages).page_count == pytest.approx(pages, abs=10)


def test_small_site_keeps_its_faults() -> None:
    """The smallest site still has every prepared fault."""
    small = Site(HOSTS, MIN_PAGES)
    assert small.page_count < 300
    assert small.respond(Host.MAIN, "/hostile/c1.html").status == 200


def test_every_page_is_linked(site: Site, walked: Walk) -> None:
    """Following links finds the pages of the main host that the site counts, and no others."""
    resources = [
        (host, target)
        for host, target in walked.answers
        if host is Host.MAIN and target.startswith(("/static/", "/favicon.ico"))
    ]
    found = sum(host is Host.MAIN for host, _ in walked.answers) - len(resources)
    assert found == site.page_count


def test_only_planned_pages_are_missing(walked: Walk) -> None:
    """No link leads to a 404 that is not there on purpose."""
    lost = {target for (_, target), answer in walked.answers.items() if answer.status == 404}
    assert lost
    assert not [target for target in lost if not target.startswith(tuple(LOST))]


def test_every_section_is_reached(walked: Walk) -> None:
    """Each row of the table of sections has pages that following links finds."""
    for section in SECTIONS:
        assert any(
            host is section.host and target.startswith(section.path)
            for host, target in walked.answers
        ), section


def test_nothing_leaves_loopback(walked: Walk) -> None:
    """Links to other hosts than the demo's are only those that cannot be fetched at all."""
    web = {link for link in walked.outside if link.startswith("http")}
    assert {urlsplit(link).hostname for link in web} <= {"127.0.0.1"}


def test_missing_pages_have_many_sources(walked: Walk) -> None:
    """A 404 is linked from several pages under different anchor texts."""
    key = (Host.MAIN, "/missing/old-pier.html")
    assert len(walked.sources[key]) >= 3
    assert len(walked.anchors[key]) >= 3


def test_status_codes(walked: Walk) -> None:
    """All the status codes of the plan are there."""
    statuses = Counter(answer.status for answer in walked.answers.values())
    wanted = {200, 301, 302, 303, 307, 308, 401, 403, 404, 410, 451, 500, 503, 999}
    assert wanted <= set(statuses)


def test_titles_of_the_library_differ() -> None:
    """No two pages outside of the prepared sections share a title."""
    site = Site(HOSTS)
    sitemap = site.respond(Host.MAIN, "/sitemap.xml").body.decode()
    titles: Counter[str] = Counter()
    for url in re.findall("<loc>(.*?)</loc>", sitemap):
        body = site.respond(Host.MAIN, urlsplit(url).path).body.decode()
        titles.update(re.findall("<title>(.*?)</title>", body))
    assert titles.total() > 1_500
    assert [title for title, count in titles.items() if count > 1] == []


def test_latencies(walked: Walk) -> None:
    """Pages take at most 0.3 s and 0.12 s in the mean; six of them 1 to 2 s."""
    slow = [answer.delay for answer in walked.main("/slow/t")]
    assert len(slow) == 6
    assert 1.0 <= min(slow) <= max(slow) <= 2.0
    rest = [answer.delay for answer in walked.answers.values() if answer.delay < 1.0]
    assert max(rest) <= 0.3
    assert sum(rest) / len(rest) <= 0.12


def test_flaky_pages_recover(site: Site) -> None:
    """A flaky page fails at first and answers 200 within two retries."""
    for number in range(1, 7):
        target = f"/flaky/lock-gate-{number}.html"
        statuses = [site.respond(Host.MAIN, target, hits).status for hits in range(3)]
        assert statuses[0] >= 500
        assert statuses[-1] == 200


def test_market_throttles_and_gives_in(site: Site) -> None:
    """A few stalls ask to wait, five times at most in all, then answer."""
    refusals = 0
    for number in range(1, STALLS + 1):
        for hits in range(4):
            answer = site.respond(Host.MARKET, f"/stall/{number}.html", hits)
            if answer.status == 200:
                break
            assert number in THROTTLED
            assert dict(answer.headers)["Retry-After"] == ("3" if number == 20 else "1")
            refusals += 1
        assert answer.status == 200
    assert len(THROTTLED) <= refusals <= 5


def test_calendar_has_no_end(site: Site, walked: Walk) -> None:
    """Months link to further months without end, all with one title, and become many quickly."""
    months = [
        answer
        for (host, target), answer in walked.answers.items()
        if host is Host.CALENDAR and target != "/"
    ]
    assert len({str(soup_of(month).title) for month in months}) == 1
    far = site.respond(Host.CALENDAR, "/calendar/99999/12/")
    assert "/calendar/100000/12/" in far.body.decode()
    assert site.respond(Host.CALENDAR, "/calendar/2026/13/").status == 404
    level, known = {"/calendar/2026/11/"}, {"/calendar/2026/11/"}
    for _ in range(5):
        level = (
            {
                str(link["href"])
                for target in level
                for link in soup_of(site.respond(Host.CALENDAR, target))("a")
            }
            - known
            - {"/"}
        )
        known |= level
    assert len(known) >= 500


def test_redirects_end_where_planned(site: Site) -> None:
    """The chain has three hops, the loops never end."""
    target, hops = "/moved/chain-1.html", 0
    while (answer := site.respond(Host.MAIN, target)).status != 200:
        target, hops = dict(answer.headers)["Location"], hops + 1
    assert (target, hops) == ("/news/", 3)
    for name in ("loop-a", "loop-b", "self"):
        answer = site.respond(Host.MAIN, f"/moved/{name}.html")
        assert dict(answer.headers)["Location"].startswith("/moved/")


def test_hostile_titles_are_raw(site: Site) -> None:
    """The attacks are in the bodies as they are, control characters and all."""
    for name, attack in HOSTILE:
        body = site.respond(Host.MAIN, f"/hostile/{name}.html").body.decode()
        if not set(attack) & set("&<>"):
            assert f"<title>{attack}</title>" in body
    assert b"\x1b]0;" in site.respond(Host.MAIN, "/hostile/window-title.html").body
    assert "\u009b".encode() in site.respond(Host.MAIN, "/hostile/c1.html").body


def test_unicode_paths_answer_raw_and_encoded(site: Site) -> None:
    """A path in any script is found raw, encoded, and encoded in small letters."""
    for name, title, _ in SCRIPTS:
        raw = f"/unicode/{name}".replace(" ", "%20")
        encoded = urlsplit(ada_url.join_url(HOSTS.url(Host.MAIN), raw)).path
        small = re.sub("%..", lambda escape: escape[0].lower(), encoded)
        for target in (raw, encoded, small):
            answer = site.respond(Host.MAIN, target)
            assert answer.status == 200, target
            assert title in answer.body.decode()


def test_composed_and_combining_paths_are_two_pages(walked: Walk) -> None:
    """`café` composed and combined are two URLs, as they are for browsers."""
    assert (Host.MAIN, "/unicode/caf%C3%A9.html") in walked.answers
    assert (Host.MAIN, "/unicode/cafe%CC%81.html") in walked.answers


def test_large_pages(walked: Walk) -> None:
    """One page has 2 MB, another one 5,000 links, and neither adds a URL of its own making."""
    archive = walked.answers[Host.MAIN, "/large/archive.html"]
    assert 2_000_000 <= len(archive.body) <= 2_200_000
    assert walked.links[Host.MAIN, "/large/index.html"] >= 5_000


def test_files_are_what_they_say(site: Site) -> None:
    """The files have the type of their name and its first bytes."""
    for name, kind, start in (
        ("fees.pdf", "application/pdf", b"%PDF-1.4"),
        ("aerial.png", "image/png", b"\x89PNG"),
        ("logbooks.zip", "application/zip", b"PK"),
    ):
        answer = site.respond(Host.MAIN, f"/files/{name}")
        assert dict(answer.headers)["Content-Type"] == kind
        assert answer.body.startswith(start)
    packed = site.respond(Host.MAIN, "/files/logbooks.zip").body
    assert zipfile.ZipFile(io.BytesIO(packed)).testzip() is None


def test_encodings_decode(site: Site) -> None:
    """Bytes are in the encoding that the page's place promises."""
    shift_jis = site.respond(Host.MAIN, "/encodings/shift-jis.html")
    assert dict(shift_jis.headers)["Content-Type"] == "text/html"
    assert "港の案内" in shift_jis.body.decode("shift_jis")
    assert "“Zur Möwe”" in site.respond(Host.MAIN, "/encodings/windows-1252.html").body.decode(
        "cp1252"
    )


def test_torn_gzip_is_torn(site: Site) -> None:
    """The packed page unpacks, the torn one does not."""
    whole = site.respond(Host.MAIN, "/wire/gzip.html")
    assert b"</html>" in gzip.decompress(whole.body)
    with pytest.raises(EOFError):
        gzip.decompress(site.respond(Host.MAIN, "/wire/torn-gzip.html").body)
    assert site.respond(Host.MAIN, "/wire/reset.html").ending is Ending.RESET


def test_robots(site: Site) -> None:
    """robots.txt refuses a part that is linked, names the sitemap, and slows the partner down."""
    text = site.respond(Host.MAIN, "/robots.txt").body.decode()
    assert "Disallow: /private/" in text
    assert f"Sitemap: {HOSTS.url(Host.MAIN, '/sitemap.xml')}" in text
    assert "Crawl-delay" in site.respond(Host.PARTNER, "/robots.txt").body.decode()
    assert site.respond(Host.CDN, "/robots.txt").status == 404


def test_resources_are_few(walked: Walk) -> None:
    """All pages together load about fifty distinct resources."""
    resources = [
        target
        for host, target in walked.answers
        if host is Host.CDN or target.startswith(("/static/", "/favicon"))
    ]
    assert 30 <= len(resources) <= 70


@pytest.mark.parametrize(
    "target",
    ["", "*", "//", "/%", "/%zz", "/\udcff", "/../..", "/guide/%00", "?", "/" + "a" * 9_999],
)
def test_strange_targets_are_answered(site: Site, target: str) -> None:
    """Whatever a client asks for gets an answer from every host."""
    for host in Host:
        assert site.respond(host, target).status in (200, 404)


_PARSE = """
import sys
from bs4 import BeautifulSoup
body = sys.stdin.buffer.read()
sys.stdout.write("ready\\n")
sys.stdout.flush()
BeautifulSoup(body, "lxml")
"""


def test_deadline_page_outlasts_the_parser(site: Site) -> None:
    """The page for the parse deadline is small, and not parsed 2.2 seconds after it was read."""
    body = site.respond(Host.MAIN, "/lab/deadline.html").body
    assert len(body) < 4_000_000
    with subprocess.Popen(
        [sys.executable, "-c", _PARSE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(body)
        child.stdin.close()
        assert child.stdout.readline() == b"ready\n"
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(2.2)
        finally:
            child.kill()
