"""The page template: head, navigation, breadcrumbs, footer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tui.demo.hosts import Host, Hosts
from tui.demo.reply import fraction
from tui.demo.sections import SECTIONS

IMAGES = 36
"""How many distinct pictures the pages show."""

Crumb = tuple[str, str]
"""A breadcrumb: its label and its path."""

_MENU = ("/guide/", "/reference/", "/blog/", "/shop/", "/news/")


class Frame:
    """Puts a page's own content between what all pages of the main host have in common."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        cdn = hosts.origin(Host.CDN)
        self._assets = (
            f'<link rel="stylesheet" href="{cdn}/css/theme.css">\n'
            '<link rel="stylesheet" href="/static/harbour.css">\n'
            '<link rel="icon" href="/favicon.ico">\n'
            f'<script defer src="{cdn}/js/search.js"></script>\n'
            '<script defer src="/static/harbour.js"></script>\n'
        )
        titles = {section.path: section.title for section in SECTIONS}
        menu = "".join(f'<li><a href="{path}">{titles[path]}</a></li>' for path in _MENU)
        self._header = (
            '<header><a href="/"><img src="/static/logo.png" alt="Harbour Docs"></a>'
            f'<nav><ul>{menu}<li><a href="/lab/">Faults on purpose</a></li></ul></nav></header>\n'
        )
        self._footer = (
            "<footer><p>Harbour Docs, a made-up site that crawltui serves to itself. "
            '<a href="/about.html">About</a> <a href="/terms.html">Terms</a> '
            f'<a href="{hosts.url(Host.PARTNER)}" rel="external">Chandlers’ Guild</a> '
            '<a href="#top">Top</a></p></footer>\n'
        )

    def page(
        self,
        target: str,
        title: str | None,
        main: str,
        *,
        description: str | None = "",
        head: str = "",
        canonical: str | None = "",
        crumbs: Sequence[Crumb] = (),
        lang: str = "en",
    ) -> str:
        """A whole page as text.

        None leaves an element out; an empty `description` is made from the title, an empty
        `canonical` is the page itself.
        """
        parts = [f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n']
        if title is not None:
            parts.append(f"<title>{escape(title, quote=False)}</title>\n")
        if description is not None:
            text = description or f"{title or target}: what the harbour office has to say about it."
            parts.append(f'<meta name="description" content="{escape(text)}">\n')
        if canonical is not None:
            own = self.hosts.url(Host.MAIN, target.partition("?")[0])
            parts.append(f'<link rel="canonical" href="{escape(canonical or own)}">\n')
        parts += (head, self._assets, '</head>\n<body id="top">\n', self._header)
        parts.append(_breadcrumbs(crumbs))
        parts += ("<main>\n", main, "\n</main>\n", self._footer, "</body>\n</html>\n")
        return "".join(parts)

    def image(self, target: str, number: int) -> str:
        """The number-th picture of a page, an element that loads it from the CDN."""
        index = int(fraction(f"image {number} {target}") * IMAGES)
        url = self.hosts.url(Host.CDN, f"/img/harbour-{index:02d}.png")
        return f'<img src="{url}" alt="Picture {index} of the harbour" width="64" height="48">'


def _breadcrumbs(crumbs: Sequence[Crumb]) -> str:
    if not crumbs:
        return ""
    links = " › ".join(f'<a href="{escape(path)}">{escape(label)}</a>' for label, path in crumbs)
    return f'<nav aria-label="Breadcrumb"><a href="/">Home</a> › {links}</nav>\n'
