"""Prepared answers of the main host: slow, moved, missing, flaky, forbidden, broken, private."""

from __future__ import annotations

from tui.demo.frame import Frame
from tui.demo.hosts import Host
from tui.demo.prose import dice, paragraphs
from tui.demo.reply import Answer, Headers, Response, html, redirect
from tui.demo.sections import Specimen


def always(response: Response) -> Answer:
    """An answer that does not depend on how often it was asked for."""
    return lambda hits: response


def plain_page(frame: Frame, target: str, title: str, *, delay: float = 0.03) -> Response:
    """A healthy page with two paragraphs."""
    main = f"<h1>{title}</h1>\n{paragraphs(dice(target), 2)}"
    return html(frame.page(target, title, main), delay=delay)


def error_page(status: int, phrase: str, headers: Headers = ()) -> Response:
    """The error page of the harbour office."""
    body = (
        f'<!doctype html><html lang="en"><head><title>{status} {phrase}</title></head><body>'
        f'<h1>{phrase}</h1><p>The harbour office answers with {status}. <a href="/">Home</a></p>'
        "</body></html>"
    )
    return html(body, status, headers=headers)


def slow(frame: Frame) -> list[Specimen]:
    """Six pages that take 1.0 to 2.0 s."""
    made = []
    for number in range(6):
        target, title = f"/slow/tide-table-{number + 1}.html", f"Tide table {number + 1}"
        page = plain_page(frame, target, title, delay=1.0 + number / 5)
        made.append(Specimen(target, title, always(page), f"after {page.delay:.1f} s"))
    return made


def moved(frame: Frame) -> list[Specimen]:
    """Redirects of every kind; what cannot be followed ends at an odd address."""
    partner, market = frame.hosts.url(Host.PARTNER), frame.hosts.url(Host.MARKET)
    rows = (
        ("301.html", 301, "/guide/", "for good"),
        ("302.html", 302, "/blog/", "for now"),
        ("303.html", 303, "/news/", "see other"),
        ("307.html", 307, "/shop/", "for now, same method"),
        ("308.html", 308, "/reference/", "for good, same method"),
        ("relative.html", 302, "../news/", "a relative Location"),
        ("folder", 301, "/moved/folder/", "the slash that was missing"),
        ("chain-1.html", 301, "/moved/chain-2.html", "a chain of three"),
        ("chain-2.html", 302, "/moved/chain-3.html", "its second hop"),
        ("chain-3.html", 307, "/news/", "its third hop"),
        ("loop-a.html", 302, "/moved/loop-b.html", "a loop of two"),
        ("loop-b.html", 302, "/moved/loop-a.html", "the other half of the loop"),
        ("self.html", 301, "/moved/self.html", "a loop of one"),
        ("partner.html", 302, partner, "to an external host"),
        ("market.html", 302, market, "to another host of this site"),
        ("to-missing.html", 301, "/missing/old-pier.html", "to a page that is gone"),
        ("to-private.html", 302, "/private/ledger.html", "to a page that robots.txt refuses"),
        ("odd-port.html", 302, "http://127.0.0.1:99999/", "to a port that does not exist"),
        ("script.html", 302, "javascript:alert(1)", "to something that is no address"),
        ("empty.html", 302, "", "to nowhere"),
    )
    hops = {"chain-2.html", "chain-3.html", "loop-b.html"}
    made = [
        Specimen(
            f"/moved/{name}",
            f"Moved: {note}",
            always(redirect(location, status)),
            f"{status}",
            linked=name not in hops,
        )
        for name, status, location, note in rows
    ]
    folder = plain_page(frame, "/moved/folder/", "A folder with its slash")
    made.append(Specimen("/moved/folder/", "A folder", always(folder), linked=False))
    for name, content in (("refresh", "0; url=/guide/"), ("refresh-late", "5;URL='/shop/'")):
        target = f"/moved/{name}.html"
        head = f'<meta http-equiv="refresh" content="{content}">\n'
        text = frame.page(target, f"Moved: {name}", "<h1>Please wait</h1>", head=head)
        made.append(Specimen(target, f"Moved: meta {name}", always(html(text)), "meta refresh"))
    return made


MISSING = ("old-pier", "tide-table-1998", "lost-and-found", "harbour-song", "fee-list")
"""The pages that are linked from many places and answer 404."""


def missing(frame: Frame) -> list[Specimen]:
    """404s, one of them with the look of a page, and two 410s."""
    lost = always(error_page(404, "Not Found"))
    gone = always(error_page(410, "Gone"))
    made = [Specimen(f"/missing/{name}.html", f"The {name}", lost, "404") for name in MISSING]
    text = frame.page("/missing/polite.html", "We looked everywhere", "<h1>Not here</h1>")
    polite = always(html(text, 404))
    made.append(Specimen("/missing/polite.html", "A polite 404", polite, "404 with a menu"))
    for name in ("steam-ferry", "coal-price"):
        made.append(Specimen(f"/missing/{name}.html", f"The {name}", gone, "410"))
    return made


def flaky(frame: Frame) -> list[Specimen]:
    """Six pages that fail once or twice before they answer."""
    made = []
    for number, (status, failures) in enumerate(
        ((500, 1), (500, 1), (502, 1), (500, 2), (503, 1), (500, 1)), start=1
    ):
        target, title = f"/flaky/lock-gate-{number}.html", f"Lock gate {number}"
        good = plain_page(frame, target, title)
        bad = error_page(status, "The gate is stuck, ask again")
        answer = _recovers(bad, good, failures)
        made.append(Specimen(target, title, answer, f"{status} {failures} times, then 200"))
        made.append(_healthy(frame, f"/flaky/log-{number}.html", f"Log of gate {number}"))
    return made


def _recovers(bad: Response, good: Response, failures: int) -> Answer:
    return lambda hits: bad if hits < failures else good


def _healthy(frame: Frame, target: str, title: str) -> Specimen:
    return Specimen(target, title, always(plain_page(frame, target, title)), "200")


def forbidden(frame: Frame) -> list[Specimen]:
    """Pages that are there, but not for us."""
    basic = (("WWW-Authenticate", 'Basic realm="harbour office"'),)
    rows = (
        ("office.html", error_page(401, "Unauthorized", basic), "401"),
        ("customs.html", error_page(403, "Forbidden"), "403"),
        ("navy.html", error_page(403, "Forbidden"), "403"),
        ("smugglers.html", error_page(451, "Unavailable For Legal Reasons"), "451"),
    )
    made = []
    for name, response, note in rows:
        made.append(Specimen(f"/forbidden/{name}", f"Entry {note}", always(response), note))
        made.append(_healthy(frame, f"/forbidden/view-of-{name}", f"A view of {name}, from afar"))
    return made


def broken(frame: Frame) -> list[Specimen]:
    """Pages that answer with a server error every time."""
    made = []
    for status, phrase in ((500, "Internal Server Error"), (503, "Service Unavailable")):
        target = f"/broken/{status}.html"
        made.append(
            Specimen(target, f"Broken: {phrase}", always(error_page(status, phrase)), str(status))
        )
        made.append(_healthy(frame, f"/broken/repair-of-{status}.html", f"Repairing {status}"))
    return made


def private(frame: Frame) -> list[Specimen]:
    """Pages below the path that robots.txt refuses; one of them is allowed again."""
    made = [
        _healthy(frame, f"/private/{name}.html", title)
        for name, title in (("ledger", "The ledger"), ("letters", "Letters"), ("safe", "The safe"))
    ]
    allowed = "/private/visitors.html"
    return [*made, _healthy(frame, allowed, "Visitors’ book, allowed by robots.txt")]
