"""Why (not): by which rule a URL was asked for, waits, or was kept out. Pure.

What the crawl file knows of a URL is a `Case`; `explain` says in sentences what decided it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from crawler_core import audit, robots, scope
from crawler_core import url as urls
from crawler_core.config import MAX_REDIRECT_HOPS, MAX_URL_LENGTH, TRAP_PAGES, CrawlConfig
from crawler_core.errors import ConfigError
from crawler_core.model import LinkKind, Outcome, Role, UrlState
from crawler_core.patterns import compiled
from crawler_core.robots import Citation
from crawler_core.snapshot import HostView

ROBOTS_NAME = "robots.txt"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that the crawl file knows of one URL, and of its host."""

    address: str
    url_id: int = 0
    """0 for a URL that no page names."""
    state: UrlState | None = None
    reason: str = ""
    role: Role = Role.CRAWL
    internal: bool = True
    depth: int = 0
    hops: int = 0
    attempts: int = 0
    is_start: bool = False
    source: str = ""
    """The page that was first to name it."""
    outcome: Outcome | None = None
    status_code: int = 0
    status: str = ""
    error: str = ""
    indexability_status: str = ""
    redirect_url: str = ""
    canonical: str = ""
    meta_robots: str = ""
    x_robots_tag: str = ""
    twin: str = ""
    """A URL that finished earlier with the same bytes as its body."""
    near: tuple[str, ...] = ()
    """Known URLs that differ from this unknown one in their spelling only."""
    robots_text: str | None = None
    robots_known: bool = False
    """Its host's robots.txt was asked for, and there was an answer."""
    host_waiting: int = 0
    """URLs of its host that wait, itself included."""
    ahead: int = 0
    """Of these: how many come before it."""
    is_trap: bool = False
    """URLs of its template are kept out because their pages look like a trap."""


class Step(msgspec.Struct, frozen=True):
    """One URL on the way to another, and the link that leads to it."""

    url_id: int
    address: str
    kind: LinkKind | None = None
    """Of the link by which the step before leads here; None for the first URL of the way."""
    anchor: str = ""
    nofollow: bool = False


class Why(msgspec.Struct, frozen=True):
    """The answer: a word, a sentence, and what supports them."""

    word: str
    """DONE, WAITING, KEPT OUT or NEVER NAMED."""
    says: str
    facts: tuple[tuple[str, str], ...] = ()
    """Name and text; each a line."""


def explain(
    case: Case,
    config: CrawlConfig,
    sites: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
    host: HostView | None = None,
) -> Why:
    """Say why `case` is where it is.

    `sites` and `folders` are those that redirects of start URLs added, `host` is the host's
    present state while the crawl runs.
    """
    cited = _cited(case)
    if case.state is UrlState.DONE:
        return _done(case, config, cited)
    rules = scope.Scope(config, sites, folders)
    if case.state is UrlState.WAITING:
        return _waiting(case, config, cited, host)
    if case.state is UrlState.KEPT_OUT:
        return _kept_out(case, config, cited, rules)
    return _never_named(case, config, cited, rules)


# -- done --------------------------------------------------------------------------------


def _done(case: Case, config: CrawlConfig, cited: Citation | None) -> Why:
    if case.outcome is Outcome.ROBOTS:
        facts = tuple(_robots_facts(case, config, cited))
        return Why("KEPT OUT", _robots_sentence(case, cited), facts)
    answer = " ".join(part for part in (str(case.status_code or ""), case.status) if part)
    tries = "" if case.attempts < 2 else f", after {case.attempts} tries"
    says = f"It was asked for{tries}: {case.outcome}{f' ({answer})' if answer else ''}."
    return Why("DONE", says, tuple(_done_facts(case, config, cited)))


def _done_facts(
    case: Case, config: CrawlConfig, cited: Citation | None
) -> Iterator[tuple[str, str]]:
    if case.error:
        yield "error", case.error
    yield from _read_or_checked(case)
    if case.redirect_url:
        yield "leads on to", case.redirect_url
    yield "indexable", _indexable(case)
    if case.twin:
        yield "duplicate of", f"{case.twin} (the same bytes)"
    yield from _robots_facts(case, config, cited)


def _read_or_checked(case: Case) -> Iterator[tuple[str, str]]:
    if case.role is Role.CRAWL:
        return
    if not case.internal:
        yield "only checked", "it lies on another site: its links are not followed"
    else:
        yield "only checked", "it is no page, or only links that say nofollow lead to it"


def _indexable(case: Case) -> str:
    why = case.indexability_status
    if not why:
        return "yes"
    more = ""
    if why == "noindex":
        more = " by the header X-Robots-Tag: " + case.x_robots_tag
        if not audit.is_noindex(case.x_robots_tag):
            more = f" by its meta robots: {case.meta_robots}"
    elif why == "Canonicalised":
        more = f": its canonical is {case.canonical}"
    elif why == "Redirected":
        more = f" to {case.redirect_url}"
    return f"no: {why}{more}"


# -- robots.txt --------------------------------------------------------------------------


def _robots_sentence(case: Case, cited: Citation | None) -> str:
    if case.error == robots.UNAVAILABLE:
        return (
            "robots.txt of its host could not be read, which counts as a no to everything "
            "(RFC 9309 §2.3.1.4): R asks again."
        )
    where = f" in line {cited.number}" if cited else ""
    return f"robots.txt of its host keeps it out{where}: it was never asked for."


def _robots_facts(
    case: Case, config: CrawlConfig, cited: Citation | None
) -> Iterator[tuple[str, str]]:
    if config.ignore_robots:
        yield ROBOTS_NAME, "ignored, as --ignore-robots says"
        return
    if not case.address.startswith(("http://", "https://")):
        return
    name = f"{urls.host_key(case.address)}/{ROBOTS_NAME}"
    if not case.robots_known:
        yield ROBOTS_NAME, f"{name} was not read"
        return
    if case.robots_text is None:
        yield ROBOTS_NAME, f"{name}: there is none, so all is allowed"
    elif cited is None:
        yield ROBOTS_NAME, f"{name}: no line speaks of it, so it is allowed"
    else:
        word = "allowed by" if cited.allow else "kept out by"
        yield ROBOTS_NAME, f"{word} {name}:{cited.number}"
        yield f"line {cited.number}", cited.text
        yield "of the group", "User-agent: " + ", ".join(cited.agents)


def _cited(case: Case) -> Citation | None:
    return robots.deciding_line(case.robots_text, case.address) if case.robots_text else None


def _is_disallowed(config: CrawlConfig, cited: Citation | None) -> bool:
    return cited is not None and not cited.allow and not config.ignore_robots


# -- waiting -----------------------------------------------------------------------------


def _waiting(case: Case, config: CrawlConfig, cited: Citation | None, host: HostView | None) -> Why:
    name = urls.host_key(case.address)
    if case.ahead:
        says = f"It waits behind {case.ahead:,} other URLs of {name}."
    else:
        says = f"It waits, and is the next URL of {name}."
    if case.attempts:
        says = f"It waits for another try, after {case.attempts}."
    facts = [*_of_host(case, host), *_robots_facts(case, config, cited)]
    if case.robots_known and _is_disallowed(config, cited):
        facts.insert(0, ("comes to", "nothing: robots.txt will keep it out when its turn comes"))
    return Why("WAITING", says, tuple(facts))


def _of_host(case: Case, host: HostView | None) -> Iterator[tuple[str, str]]:
    yield "order", f"shallow URLs first: it is {case.depth} links from a start URL"
    if host is None:
        yield "its host", f"{case.host_waiting:,} URLs of it wait"
        return
    rate = f"at most {host.rate_limit:g} requests/s" if host.rate_limit else "no rate limit"
    wait = case.ahead / host.rate_limit if host.rate_limit else 0.0
    left = f": its turn comes in {wait:.0f} s or later" if wait >= 1 else ""
    yield "its host", f"{case.host_waiting:,} URLs of it wait, {rate}{left}"
    if host.state != "ok":
        more = f": {host.note}" if host.note else ""
        pause = f", next try in {host.wait_seconds:.0f} s" if host.wait_seconds >= 1 else ""
        yield "host state", f"{host.state}{more}{pause}"


# -- kept out, and what would be ---------------------------------------------------------


def _kept_out(case: Case, config: CrawlConfig, cited: Citation | None, rules: scope.Scope) -> Why:
    says, facts = _rule(case, case.reason, config, rules)
    return Why("KEPT OUT", says, (*facts, *_robots_facts(case, config, cited)))


def _never_named(
    case: Case, config: CrawlConfig, cited: Citation | None, rules: scope.Scope
) -> Why:
    says = "No page of this crawl has named it so far."
    reference = scope.Reference(
        kind=LinkKind.ANCHOR, nofollow=False, depth=0, hops=0, crawled_source=True
    )
    verdict = rules.judge(case.address, reference)
    facts: list[tuple[str, str]] = [("known as", near) for near in case.near]
    if verdict.reason:
        sentence, more = _rule(case, verdict.reason, config, rules)
        facts += [("if it were", sentence), *more]
    elif _is_disallowed(config, cited):
        facts.append(("if it were", "the scope would let it in, but robots.txt keeps it out"))
    elif case.is_trap and verdict.role is Role.CRAWL:
        sentence, more = _rule(case, scope.TRAP, config, rules)
        facts += [("if it were", f"it would be kept out. {sentence}"), *more]
    else:
        deep = "" if config.max_depth is None else f", up to {config.max_depth} links deep"
        done = "read and its links followed" if verdict.role is Role.CRAWL else "checked only"
        facts.append(("if it were", f"it would be asked for{deep}, {done}"))
    return Why("NEVER NAMED", says, (*facts, *_robots_facts(case, config, cited)))


def _rule(
    case: Case, reason: str, config: CrawlConfig, rules: scope.Scope
) -> tuple[str, list[tuple[str, str]]]:
    """A sentence on the rule that keeps a URL out, and what supports it."""
    if reason.startswith(scope.EXCLUDED):
        return _pattern_rule(case.address, reason.removeprefix(scope.EXCLUDED), config)
    if reason.startswith(scope.CAPPED):
        template = reason.removeprefix(scope.CAPPED)
        asked = dict(config.caps).get(template)
        of = f" at {asked:,} URLs" if asked else ""
        return f"You capped its template{of}; T takes that back.", [("template", template)]
    sentence = _SENTENCES.get(reason, f"{reason}.").format(
        site=urls.site(case.address) or "this host",
        sites=", ".join(sorted(rules.sites)[:4]),
        folders=", ".join(rules.folders[:4]),
        depth=case.depth,
        config=config,
    )
    facts = []
    if reason == scope.NOT_INCLUDED:
        facts = [("include", pattern) for pattern in config.include]
    elif reason == scope.TRAP:
        facts = [("template", urls.template(case.address))]
    return sentence, facts


def _pattern_rule(
    address: str, pattern: str, config: CrawlConfig
) -> tuple[str, list[tuple[str, str]]]:
    if pattern in config.excluded:
        says = "You excluded it while the crawl ran; E takes that back."
    else:
        says = "A pattern of --exclude keeps it out."
    facts = [("pattern", pattern)]
    if pattern in config.tolerated:  # to say what it matches may take for ever
        return says, facts
    try:
        found = compiled(pattern).search(address)
    except ConfigError:
        found = None
    if found is not None and found[0]:
        facts.append(("matches", found[0]))
    return says, facts


_SENTENCES = {
    scope.INVALID: "The link holds no valid URL: nothing can be asked for.",
    scope.NOT_HTTP: "It is neither http nor https: only such URLs can be asked for.",
    scope.TOO_LONG: f"It is longer than {MAX_URL_LENGTH:,} characters.",
    scope.EXTERNAL_OFF: "{site} is another site than {sites}, and external links are not checked "
    "(--no-external).",
    scope.RESOURCES_OFF: "It is an image, a style sheet, a script or the like, and these are not "
    "checked (--no-resources).",
    scope.NOT_INCLUDED: "It matches no pattern of --include.",
    scope.OUTSIDE: "It lies outside the start folder {folders}, where --stay-under stays.",
    scope.TOO_DEEP: "It is {depth} links from a start URL, and --max-depth is {config.max_depth}.",
    scope.HOPS: f"More than {MAX_REDIRECT_HOPS} redirects in a row lead to it.",
    scope.MAX_PAGES: "The crawl had asked for as many pages as --max-pages allows "
    "({config.max_pages}).",
    scope.TRAP: f"It looks like a trap: {TRAP_PAGES} pages of its template were asked for, and "
    "all had one title.",
}


def spellings(address: str) -> tuple[str, ...]:
    """Other spellings under which a page may be known: slash, scheme, www."""
    if not address.startswith(("http://", "https://")):
        return ()
    place, mark, query = address.partition("?")
    other = place[:-1] if place.endswith("/") else f"{place}/"
    scheme, _, rest = address.partition("://")
    named = rest.removeprefix("www.") if rest.startswith("www.") else f"www.{rest}"
    found = (
        f"{other}{mark}{query}",
        f"{'http' if scheme == 'https' else 'https'}://{rest}",
        f"{scheme}://{named}",
        place if mark else address,
    )
    return tuple(each for each in dict.fromkeys(found) if each != address)


def proposals(address: str) -> tuple[tuple[str, str], ...]:
    """(words, pattern) of what one may want to exclude, having seen `address`."""
    root = urls.host_key(address)
    place, _, query = address.partition("?")
    found = []
    if digits := _template_pattern(address):
        found.append(("its template", digits))
    names = dict.fromkeys(part.partition("=")[0] for part in query.split("&") if part)
    found += [(f"the parameter {name}", rf"[?&]{_literal(name)}=") for name in list(names)[:3]]
    if query:
        found.append(("it with any query", rf"^{_literal(place)}\?"))
    folder = place[: place.rindex("/") + 1] if place.count("/") > 2 else f"{root}/"
    above = folder[: folder.rindex("/", 0, -1) + 1]
    for words, each in (("its folder", folder), ("the folder above", above)):
        if len(each) > len(root) + 1:
            found.append((words, f"^{_literal(each)}"))
    found.append(("this URL alone", f"^{_literal(address)}$"))
    found.append(("its whole host", f"^{_literal(root)}/"))
    return tuple(found)


def _template_pattern(address: str) -> str:
    """The template of an address as a pattern; "" if it has no varying part."""
    root = urls.host_key(address)
    rest = urls.template(address)[len(root) :]
    if "{n}" not in rest:
        return ""
    return f"^{_literal(root)}" + r"\d+".join(map(_literal, rest.split("{n}"))) + "$"


def _literal(text: str) -> str:
    # `re.escape` puts a backslash before much that needs none: people are to read this.
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)
