"""The other hosts of the demo: the endless calendar, the fish market, the CDN, the partner."""

from __future__ import annotations

import re

from tui.demo.answers import error_page
from tui.demo.bodies import png
from tui.demo.frame import IMAGES
from tui.demo.hosts import Host, Hosts
from tui.demo.prose import dice, paragraphs
from tui.demo.reply import Response, file, fraction, html, redirect

STALLS = 40
THROTTLED = {6: (429, 1), 7: (429, 1), 20: (429, 2), 31: (503, 1)}
"""Stalls that refuse at first: number -> status and how many times. Never more than five waits."""
PATIENT_STALL = 20
"""It asks for three seconds instead of one."""

PARTNER_PAGES = ("ropes", "paint", "charts", "lamps", "sails", "timber", "history", "contact")
_MONTH = re.compile(r"/calendar/(\d{1,6})/(\d{1,2})/")
_ENGLISH = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'


def calendar(hosts: Hosts, target: str) -> Response | None:
    """Months without end: every one links to its year, its neighbours and far years.

    The far years make it wide as well as endless, so that a cap on pages of one template is reached
    within a few levels.
    """
    if target == "/":
        main = hosts.url(Host.MAIN)
        return html(
            f"{_ENGLISH}<title>Harbour calendar</title></head><body><h1>Harbour calendar</h1>"
            f'<p><a href="/calendar/2026/11/">This month</a> <a href="{main}">Harbour Docs</a></p>'
            "<p>It has no last page, on purpose.</p></body></html>"
        )
    found = _MONTH.fullmatch(target)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    year, month = int(found[1]), int(found[2])
    wanted = [(year, other) for other in range(1, 13)]
    wanted += [(year + far, month) for far in (-10, -1, 1, 10)]
    links = " ".join(
        f'<a href="/calendar/{y}/{m:02d}/">{y}-{m:02d}</a>' for y, m in wanted if 0 <= y <= 999_999
    )
    text = (
        f"{_ENGLISH}<title>Tide and event calendar</title></head><body>"
        f"<h1>{year}-{month:02d}</h1><p>No events this month.</p><p>{links}</p>"
        '<p><a href="/">Today</a></p></body></html>'
    )
    return html(text, delay=0.01 + 0.01 * fraction(target))


def market(hosts: Hosts, target: str, hits: int) -> Response | None:
    """Forty stalls; a few of them ask the visitor to come back in a second."""
    if target == "/":
        items = "".join(
            f'<li><a href="/stall/{number}.html">Stall {number}</a></li>\n'
            for number in range(1, STALLS + 1)
        )
        return html(
            f"{_ENGLISH}<title>Fish market</title></head><body><h1>Fish market</h1>\n"
            f'<ul>{items}</ul><p><a href="{hosts.url(Host.MAIN)}">Harbour Docs</a></p>'
            "</body></html>"
        )
    found = re.fullmatch(r"/stall/([1-9]\d?)\.html", target)
    if found is None or int(found[1]) > STALLS:
        return None
    number = int(found[1])
    status, times = THROTTLED.get(number, (0, 0))
    wait = "3" if number == PATIENT_STALL else "1"
    if hits < times:
        return error_page(status, "One at a time, please", (("Retry-After", wait),))
    text = (
        f"{_ENGLISH}<title>Stall {number}</title></head><body><h1>Stall {number}</h1>"
        f'{paragraphs(dice(target), 2)}<p><a href="/">The market</a></p></body></html>'
    )
    return html(text, delay=0.02)


def cdn(hosts: Hosts, target: str) -> Response | None:
    """Styles, scripts and pictures; pictures 7 and 23 are lost, picture 11 has moved."""
    if target == "/":
        return html(f"{_ENGLISH}<title>CDN</title></head><body><h1>Nothing here</h1></body></html>")
    if target == "/css/theme.css":
        return file(b"body { font-family: serif; max-width: 60em }\n", "text/css")
    if target == "/js/search.js":
        return file(b"document.documentElement.dataset.ready = 'yes';\n", "text/javascript")
    found = re.fullmatch(r"/img/harbour-(\d\d)\.png", target)
    if found is None or int(found[1]) >= IMAGES or int(found[1]) in (7, 23):
        return None
    number = int(found[1])
    if number == 11:
        return redirect("/img/harbour-12.png", 301)
    return file(png(64, 48, (number * 7, 90, 240 - number * 6)), "image/png")


def partner(hosts: Hosts, target: str) -> Response | None:
    """A foreign site: a few pages, and doors that are shut to crawlers."""
    if target == "/":
        links = "".join(f'<a href="/{name}.html">{name}</a> ' for name in PARTNER_PAGES)
        return html(
            f"{_ENGLISH}<title>Chandlers’ Guild</title></head><body><h1>Guild</h1>{links}"
            f'<a href="{hosts.url(Host.MAIN)}">Harbour Docs</a></body></html>'
        )
    if target.removeprefix("/").removesuffix(".html") in PARTNER_PAGES:
        name = target[1:-5]
        text = f"{_ENGLISH}<title>{name}</title></head><body><h1>{name}</h1></body></html>"
        return html(text, delay=0.05)
    if target == "/members.html":
        return _wall()
    if target == "/prices.html":
        return error_page(403, "Forbidden")
    if target == "/insurance.html":
        return error_page(451, "Unavailable For Legal Reasons")
    if target == "/profile.html":
        return error_page(999, "Request denied")
    if target == "/old.html":
        return redirect("/history.html", 301)
    return None


def _wall() -> Response:
    """What the challenge page of a bot wall looks like to a client without scripts."""
    return html(
        f"{_ENGLISH}<title>Just a moment...</title></head><body><h1>Checking your browser</h1>"
        "<noscript>Enable JavaScript and cookies to continue</noscript></body></html>",
        403,
        headers=(("cf-mitigated", "challenge"), ("Server", "cloudflare")),
    )


PARTNER_LINKS = (
    *(f"/{name}.html" for name in PARTNER_PAGES),
    *("/members.html", "/prices.html", "/insurance.html", "/profile.html", "/old.html"),
    "/closed-for-good.html",
)
"""What the main host links on the partner's; the last one is a 404."""
