"""The demo site as a pure function: from host, target and earlier visits to the answer.

Which page shows which fault is written down once, in `sections.SECTIONS`, and on the site itself
below `/lab/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import unquote_to_bytes

from tui.demo import answers, bodies, ferry, heads, heavy, neighbours
from tui.demo.frame import Frame
from tui.demo.hosts import Host, Hosts
from tui.demo.library import Aside, Library, sitemap
from tui.demo.prose import dice, paragraphs
from tui.demo.reply import Response, file, html
from tui.demo.sections import SECTIONS, Section, Specimen

DEFAULT_PAGES = 2_000
MIN_PAGES = 50
MAX_PAGES = 20_000

_FIXED = ("/", "/about.html", "/terms.html")
_PARTNER_ROBOTS = "User-agent: *\nCrawl-delay: 0.5\nDisallow: /cart/\n"


class Site:
    """The whole demo site with about `pages` URLs on its main host.

    The prepared faults (about 200 URLs) are there however small the number is. The same hosts and
    number give the same site, byte for byte.
    """

    def __init__(self, hosts: Hosts, pages: int = DEFAULT_PAGES) -> None:
        self.hosts = hosts
        self._frame = Frame(hosts)
        self._shown = self._prepare()
        self._specimens = {
            _key(specimen.target): specimen
            for specimens in self._shown.values()
            for specimen in specimens
        }
        fixed = len(self._specimens) + len(self._shown) + len(_FIXED) + ferry.PAGES
        self._library = Library(self._frame, pages - fixed, self._asides())
        self._indexes = {
            section.path: section for section in SECTIONS if section.path in self._shown
        }
        self.page_count = fixed + len(self._library)

    def respond(self, host_index: int, target: str, hits: int = 0) -> Response:
        """What a host answers to a GET of `target` (path and query, as in a request line).

        `hits` says how often that target was requested before; the few answers that change with it
        are failures that recover. Never raises on a strange target: that is a 404.
        """
        target = target.partition("#")[0]
        host = Host(host_index)
        if target == "/robots.txt":
            found = self._robots(host)
        elif host is Host.MAIN:
            found = self._main(target, hits)
        elif host is Host.CALENDAR:
            found = neighbours.calendar(self.hosts, target)
        elif host is Host.MARKET:
            found = neighbours.market(self.hosts, target, hits)
        elif host is Host.CDN:
            found = neighbours.cdn(self.hosts, target)
        else:
            found = neighbours.partner(self.hosts, target)
        return answers.error_page(404, "Not Found") if found is None else found

    def _main(self, target: str, hits: int) -> Response | None:
        path = target.partition("?")[0]
        specimen = self._specimens.get(_key(target)) or self._specimens.get(_key(path))
        if specimen is not None:
            return specimen.answer(hits)
        if path.startswith(heavy.PATH):
            return heavy.respond(path)
        if path in self._indexes:
            return html(self._index(self._indexes[path]), delay=0.03)
        found = ferry.respond(self._frame, target) or self._library.respond(target)
        return found or self._single(path)

    def _single(self, path: str) -> Response | None:
        """The few pages and files that belong to no section."""
        if path == "/":
            return html(self._home(), delay=0.03)
        if path == "/about.html":
            main = f"<h1>About</h1>\n{paragraphs(dice(path), 2)}\n{_loader()}"
            return html(self._frame.page(path, "About Harbour Docs", main))
        if path == "/terms.html":
            return answers.plain_page(self._frame, path, "Terms of mooring")
        if path == "/sitemap.xml":
            targets = [*_FIXED, *self._library.targets()]
            return file(sitemap(self._frame, targets).encode(), "application/xml")
        return _static(path)

    def _robots(self, host: Host) -> Response | None:
        if host is Host.MAIN:
            place = self.hosts.url(Host.MAIN, "/sitemap.xml")
            rules = "Disallow: /private/\nAllow: /private/visitors.html\n"
            text = f"# The harbour office\nUser-agent: *\n{rules}\nSitemap: {place}\n"
        elif host is Host.MARKET:
            text = "User-agent: *\nDisallow:\n"
        elif host is Host.PARTNER:
            text = _PARTNER_ROBOTS
        else:
            return None
        return file(text.encode(), "text/plain; charset=utf-8")

    def _prepare(self) -> dict[str, list[Specimen]]:
        frame = self._frame
        return {
            "/slow/": answers.slow(frame),
            "/moved/": answers.moved(frame),
            "/missing/": answers.missing(frame),
            "/flaky/": answers.flaky(frame),
            "/forbidden/": answers.forbidden(frame),
            "/broken/": answers.broken(frame),
            "/private/": answers.private(frame),
            "/drafts/": heads.drafts(frame),
            "/copies/": heads.copies(frame),
            "/titles/": heads.titles(frame),
            "/unicode/": heads.unicode(frame),
            "/hostile/": heads.hostile(frame),
            "/files/": bodies.files(frame),
            "/large/": bodies.large(frame, lambda: self._library.targets()),
            "/encodings/": bodies.encodings(frame),
            "/wire/": bodies.wire(frame),
            "/lab/": bodies.lab(frame),
        }

    def _asides(self) -> Sequence[Aside]:
        """The faults that pages of the library link to, whichever page it is."""
        made = [Aside(f"/missing/{n}.html", n.replace("-", " ")) for n in answers.MISSING]
        partner = [self.hosts.url(Host.PARTNER, target) for target in neighbours.PARTNER_LINKS]
        made += [Aside(url, "offer of the guild", "external") for url in partner]
        made += [
            Aside("/private/ledger.html", "ledger"),
            Aside("/moved/301.html", "front page"),
            Aside("/files/fees.pdf", "fee table"),
            Aside("/drafts/noindex.html", "draft"),
            Aside("/drafts/sponsored.html", "advertisement", "nofollow sponsored"),
            Aside("/copies/jacket.html?colour=red", "jacket"),
            Aside("/flaky/lock-gate-1.html", "lock gate"),
        ]
        return made

    def _home(self) -> str:
        links = "".join(
            f'<li><a href="{self._entry(section)}">{section.title}</a>: {section.shows}</li>\n'
            for section in SECTIONS
            if section.host is not Host.CDN
        )
        main = f"<h1>Harbour Docs</h1>\n{paragraphs(dice('/'), 2)}\n<ul>\n{links}</ul>"
        return self._frame.page("/", "Harbour Docs", main)

    def _entry(self, section: Section) -> str:
        if section.host is Host.MAIN:
            return section.path
        return self.hosts.url(section.host)

    def _index(self, section: Section) -> str:
        items = "".join(
            _item(specimen) for specimen in self._shown[section.path] if specimen.linked
        )
        extra = bodies.overview(self._frame) if section.path == "/lab/" else ""
        main = (
            f"<h1>{section.title}</h1>\n<p>Here: {section.shows}.</p>\n<ul>\n{items}</ul>\n{extra}"
        )
        crumbs = ((section.title, section.path),)
        return self._frame.page(section.path, f"{section.title} | On purpose", main, crumbs=crumbs)


def _item(specimen: Specimen) -> str:
    href = escape(specimen.href or specimen.target)
    rel = f' rel="{specimen.rel}"' if specimen.rel else ""
    anchor = escape(specimen.anchor, quote=False)
    return f'<li><a href="{href}"{rel}>{anchor}</a> ({escape(specimen.note)})</li>\n'


def _key(target: str) -> bytes:
    """A target with its percent-escapes undone, so that `%C3%A9`, `%c3%a9` and raw bytes meet."""
    return unquote_to_bytes(target.encode("utf-8", "surrogateescape"))


def _loader() -> str:
    """Media elements of the main host; one of their files is lost."""
    return (
        '<img src="/static/quay.png" srcset="/static/quay-2x.png 2x" alt="The quay">'
        '<img src="/static/lost.png" alt="Lost"><video src="/static/tide.mp4" controls></video>'
        '<iframe src="/terms.html" title="Terms"></iframe>'
    )


def _static(path: str) -> Response | None:
    if path == "/static/harbour.css":
        return file(b"main { line-height: 1.5 }\n", "text/css")
    if path == "/static/harbour.js":
        return file(b"console.log('ahoy');\n", "text/javascript")
    if path == "/static/tide.mp4":
        return file(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4")
    if path in ("/static/logo.png", "/static/quay.png", "/static/quay-2x.png", "/favicon.ico"):
        return file(bodies.png(32, 32, (10, 60, 110)), "image/png")
    return None
