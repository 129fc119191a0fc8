"""The one table of what the demo site has, where it is, and which fault it shows."""

from __future__ import annotations

from dataclasses import dataclass

from tui.demo.hosts import Host
from tui.demo.reply import Answer


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the site: everything below `path` on `host`, and what is to be seen there."""

    host: Host
    path: str
    title: str
    shows: str


@dataclass(frozen=True, slots=True)
class Specimen:
    """One prepared URL of the main host: how it is linked and what it answers.

    `href` is how its section's index writes the link (raw or encoded); `note` says what is odd.
    """

    target: str
    anchor: str
    answer: Answer
    note: str = ""
    rel: str = ""
    href: str = ""
    linked: bool = True


# Sections that mostly fail stand between sections that do not: a crawler works breadth first, and
# a long row of failures would make it take the whole host for broken.
SECTIONS = (
    Section(Host.MAIN, "/guide/", "Guide", "chapters of a manual, healthy pages in 20 to 300 ms"),
    Section(Host.MAIN, "/reference/", "Reference", "an API reference, healthy pages"),
    Section(Host.MAIN, "/blog/", "Blog", "dated posts, a paged list"),
    Section(Host.MAIN, "/shop/", "Shop", "categories and products, images from another host"),
    Section(Host.MAIN, "/news/", "News", "short items by month"),
    Section(Host.MAIN, "/slow/", "Slow", "six pages that take 1 to 2 s each"),
    Section(
        Host.MAIN, "/moved/", "Moved", "301 302 307 308, a chain, loops, meta refresh, odd ones"
    ),
    Section(Host.MAIN, "/titles/", "Titles", "duplicate, missing and overlong titles; two h1"),
    Section(Host.MAIN, "/missing/", "Missing", "404s linked from many pages; 410"),
    Section(Host.MAIN, "/unicode/", "Unicode", "paths and titles in many scripts, raw and encoded"),
    Section(Host.MAIN, "/flaky/", "Flaky", "500s and 502s that recover when they are asked again"),
    Section(Host.MAIN, "/files/", "Files", "pdf, zip, png, csv, txt, json and more, no HTML"),
    Section(Host.MAIN, "/forbidden/", "Forbidden", "401, 403 and 451"),
    Section(Host.MAIN, "/drafts/", "Drafts", "noindex by meta and by header, nofollow"),
    Section(Host.MAIN, "/broken/", "Broken", "500 and 503 that never recover"),
    Section(Host.MAIN, "/copies/", "Copies", "canonicals to other pages, variants by query"),
    Section(Host.MAIN, "/private/", "Private", "disallowed by robots.txt, all but one page"),
    Section(Host.MAIN, "/hostile/", "Hostile", "titles that attack terminals, markup and sheets"),
    Section(Host.MAIN, "/large/", "Large", "a page of 2 MB and a page with 5,000 links"),
    Section(Host.MAIN, "/encodings/", "Encodings", "windows-1252, Shift_JIS, UTF-16 and others"),
    Section(
        Host.MAIN, "/wire/", "Wire", "gzip, torn gzip, chunks, a reset, a wrong length, nothing"
    ),
    Section(Host.MAIN, "/ferry/", "Ferry", "pages that are served one at a time; ?crossings=300"),
    Section(Host.MAIN, "/lab/", "Lab", "a page that takes longer to parse than the demo allows"),
    Section(
        Host.CALENDAR, "/calendar/", "Calendar", "an endless calendar, one title for all months"
    ),
    Section(Host.MARKET, "/stall/", "Fish market", "429 and 503 with Retry-After: 1 or 3"),
    Section(
        Host.CDN, "/img/", "CDN", "images, styles and scripts of the other hosts; some are lost"
    ),
    Section(
        Host.PARTNER, "/", "Partner", "external pages, a bot wall, 403, 451 and 999, Crawl-delay"
    ),
)
"""Where each thing is, in the order in which the home page links it."""
