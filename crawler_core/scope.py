"""Does a URL belong to the crawl, what is done with it, and if not: why not.

Pure rules over one configuration; the only state is the set of internal sites,
which grows when a start URL turns out to redirect to another site.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from crawler_core import radar
from crawler_core import url as urls
from crawler_core.config import MAX_REDIRECT_HOPS, MAX_URL_LENGTH, CrawlConfig
from crawler_core.model import FOLLOWED_KINDS, RESOURCE_KINDS, LinkKind, Role
from crawler_core.patterns import compiled

INVALID = "invalid URL"
NOT_HTTP = "not http"
TOO_LONG = f"longer than {MAX_URL_LENGTH:,} characters"
EXTERNAL_OFF = "external links off"
RESOURCES_OFF = "resources off"
NOT_INCLUDED = "matches no --include"
OUTSIDE = "outside the start folder"
TOO_DEEP = "deeper than --max-depth"
HOPS = f"more than {MAX_REDIRECT_HOPS} redirects"
MAX_PAGES = "beyond --max-pages"
TRAP = "trap: many pages of one pattern, one title"
EXCLUDED = "excluded by "
"""A pattern follows."""
CAPPED = "capped by you: "
"""A template follows."""
TAKEN_BACK = "the rule that kept it out was taken back"
"""Holds for a moment only, until the links to the URL are judged anew."""


class Verdict(msgspec.Struct, frozen=True):
    """What scope says of one link."""

    role: Role
    internal: bool
    reason: str = ""
    """Why the target is kept out; empty when it is to be requested."""


class Reference(msgspec.Struct, frozen=True):
    """The circumstances under which a URL was named."""

    kind: LinkKind
    nofollow: bool
    depth: int
    """Of the target."""
    hops: int
    """Redirects in a row that lead to the target."""
    crawled_source: bool
    """True when the naming page is itself crawled, not only checked."""


class Scope:
    """The rules of one crawl."""

    def __init__(
        self, config: CrawlConfig, sites: Iterable[str] = (), folders: Iterable[str] = ()
    ) -> None:
        """`sites` and `folders` are those that `add_site` added in an earlier run."""
        self._config = config
        self._include = [compiled(pattern) for pattern in config.include]
        self._exclude = {pattern: compiled(pattern) for pattern in config.exclude}
        self._cuts = {pattern: compiled(pattern) for pattern in config.excluded}
        self._closed = {template for template, _ in config.caps}
        """Templates of which nothing more is asked for."""
        self._beginnings = _beginnings(self._closed)
        """How their addresses begin: most others need no second look."""
        self.sites: set[str] = {urls.site(start) for start in config.start_urls} | set(sites)
        """`host[:port]` of every internal site (see `url.site`)."""
        self.folders = (*map(_folder, config.start_urls), *folders)
        """Where --stay-under stays."""
        self._inside = self._prefixes()

    def add_site(self, address: str) -> str | None:
        """Make the site of `address` internal; its name if it was not so before."""
        site = urls.site(address)
        if self._is_internal_site(site):
            return None
        self.sites.add(site)
        self.folders += (_folder(address),)
        self._inside = self._prefixes()
        return site

    def is_internal(self, address: str) -> bool:
        """True when the URL lies on a site of the crawl."""
        return address.startswith(self._inside) or self._is_internal_site(urls.site(address))

    def exclude(self, pattern: str) -> None:
        """Keep out what holds `pattern`, from now on. Raises ConfigError."""
        self._cuts[pattern] = compiled(pattern)

    def unexclude(self, pattern: str) -> None:
        """Undo `exclude`."""
        self._cuts.pop(pattern, None)

    def close_template(self, template: str) -> None:
        """Keep out all further URLs of a template, from now on."""
        self._closed.add(template)
        self._beginnings = _beginnings(self._closed)

    def open_template(self, template: str) -> None:
        """Undo `close_template`."""
        self._closed.discard(template)
        self._beginnings = _beginnings(self._closed)

    def cut(self, address: str) -> str:
        """Which rule that was made while the crawl runs keeps `address` out; "" if none does."""
        for pattern, found in self._cuts.items():
            if found.search(address):
                return EXCLUDED + pattern
        if self._beginnings and address.startswith(self._beginnings):
            # A longer one is none that is asked for, and its template may be dear.
            template = radar.template(address) if len(address) <= MAX_URL_LENGTH else ""
            if template in self._closed:
                return CAPPED + template
        return ""

    def barred(self, address: str) -> str:
        """Which exclude or cap keeps `address` out, however it is named; "" if none does."""
        for pattern, found in self._exclude.items():
            if found.search(address):
                return EXCLUDED + pattern
        return self.cut(address) if self._cuts or self._closed else ""

    def judge(self, address: str, reference: Reference) -> Verdict:
        """Say what is done with `address` when it is named like this."""
        if not address.startswith(("http://", "https://")):
            return Verdict(Role.CHECK, False, NOT_HTTP if address else INVALID)
        internal = self.is_internal(address)
        role = self._role(reference, internal)
        return Verdict(role, internal, self._reason(address, reference, internal))

    def _role(self, reference: Reference, internal: bool) -> Role:
        follow = reference.kind in FOLLOWED_KINDS and (
            not reference.nofollow or self._config.follow_nofollow
        )
        return Role.CRAWL if follow and internal and reference.crawled_source else Role.CHECK

    def _reason(self, address: str, reference: Reference, internal: bool) -> str:
        config = self._config
        if len(address) > MAX_URL_LENGTH:
            return TOO_LONG
        if not internal and not config.external:
            return EXTERNAL_OFF
        if reference.kind in RESOURCE_KINDS and not config.resources:
            return RESOURCES_OFF
        if barred := self.barred(address):
            return barred
        if internal and self._include and not any(p.search(address) for p in self._include):
            return NOT_INCLUDED
        if config.stay_under and internal and reference.kind not in RESOURCE_KINDS:
            place = urls.site(address) + urls.path_of(address)
            if not place.startswith(self.folders):
                return OUTSIDE
        if config.max_depth is not None and reference.depth > config.max_depth:
            return TOO_DEEP
        return HOPS if reference.hops > MAX_REDIRECT_HOPS else ""

    def _prefixes(self) -> tuple[str, ...]:
        """How nearly all internal addresses begin: told apart without cutting them up."""
        return tuple(f"{scheme}://{site}/" for site in self.sites for scheme in ("http", "https"))

    def _is_internal_site(self, site: str) -> bool:
        if site in self.sites:
            return True
        if not self._config.subdomains:
            return False
        # A subdomain's site ends as that of its parent does, port included.
        return any(site.endswith("." + own) for own in self.sites)


def is_permanent(reason: str) -> bool:
    """True when no other way of naming the URL can overrule `reason`.

    `EXTERNAL_OFF` is none of them: a site may become internal later.
    """
    return reason in {INVALID, NOT_HTTP, TOO_LONG, NOT_INCLUDED, TRAP} or (
        reason.startswith((EXCLUDED, CAPPED))
    )


def _beginnings(templates: Iterable[str]) -> tuple[str, ...]:
    return tuple({radar.beginning(each) for each in templates})


def _folder(address: str) -> str:
    """Site and path up to the last slash: what --stay-under stays under."""
    path = urls.path_of(address).partition("?")[0]
    return urls.site(address) + path[: path.rindex("/") + 1]
