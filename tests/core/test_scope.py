"""What belongs to a crawl, what is done with it, and why the rest is kept out."""

from __future__ import annotations

from typing import Any

import pytest

from crawler_core import radar, scope
from crawler_core.config import CrawlConfig
from crawler_core.model import FOLLOWED_KINDS, RESOURCE_KINDS, LinkKind, Role
from crawler_core.scope import Reference, Scope, Verdict, is_permanent

START = "https://site.test/docs/index.html"


def _scope(start: str = START, **options: Any) -> Scope:
    return Scope(CrawlConfig(start_urls=(start,), **options))


def _link(
    kind: LinkKind = LinkKind.ANCHOR,
    *,
    nofollow: bool = False,
    depth: int = 1,
    hops: int = 0,
    crawled: bool = True,
) -> Reference:
    return Reference(kind, nofollow, depth, hops, crawled)


def _reason(rules: Scope, address: str, **circumstances: Any) -> str:
    return rules.judge(address, _link(**circumstances)).reason


@pytest.mark.parametrize(
    ("address", "internal"),
    [
        ("https://site.test/", True),
        ("http://site.test/x", True),
        ("http://site.test:443/x", True),
        ("https://site.test:80/x", True),
        ("https://site.test:8443/", False),
        ("https://www.site.test/", False),
        ("https://notsite.test/", False),
        ("https://site.test.evil.test/", False),
    ],
)
def test_a_site_is_host_and_port(address: str, internal: bool) -> None:
    """http and https, 80 and 443 are one site; another port or name is another."""
    assert _scope().is_internal(address) is internal


@pytest.mark.parametrize(
    ("start", "address", "internal"),
    [
        (START, "https://www.site.test/", True),
        (START, "http://a.b.site.test/", True),
        (START, "https://notsite.test/", False),
        (START, "https://a.site.test:8080/", False),
        ("http://site.test:8080/", "http://a.site.test:8080/", True),
        ("http://site.test:8080/", "http://a.site.test/", False),
        ("http://[::1]:8000/", "http://[::1]:8000/a", True),
        ("http://[::1]:8000/", "http://[::1]:8001/a", False),
        ("http://[::1]/", "http://[2001::1]/", False),
        ("http://127.0.0.1:81/", "http://127.0.0.1:81/a", True),
    ],
)
def test_subdomains(start: str, address: str, internal: bool) -> None:
    """--subdomains takes in names below a site's own at the same port, and IPv6 is no name."""
    assert _scope(start, subdomains=True).is_internal(address) is internal


@pytest.mark.parametrize("kind", LinkKind)
@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("nofollow", [True, False])
def test_roles(kind: LinkKind, internal: bool, nofollow: bool) -> None:
    """Only followed kinds to internal URLs are crawled; nofollow and resources are checked."""
    address = "https://site.test/x" if internal else "https://far.test/x"
    link = _link(kind, nofollow=nofollow)
    crawled = kind in FOLLOWED_KINDS and internal and not nofollow
    verdict = _scope().judge(address, link)
    assert verdict == Verdict(Role.CRAWL if crawled else Role.CHECK, internal)
    followed = _scope(follow_nofollow=True).judge(address, link)
    assert (followed.role == Role.CRAWL) is (kind in FOLLOWED_KINDS and internal)


def test_what_a_checked_url_redirects_to_is_checked() -> None:
    """A chain that begins with a check stays one."""
    link = _link(LinkKind.REDIRECT, hops=1, crawled=False)
    assert _scope().judge("https://site.test/x", link).role is Role.CHECK


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", scope.INVALID),
        ("mailto:a@b.test", scope.NOT_HTTP),
        ("javascript:void(0)", scope.NOT_HTTP),
        ("ftp://site.test/", scope.NOT_HTTP),
        ("https://site.test/" + "a" * (2_083 - 18), ""),
        ("https://site.test/" + "a" * (2_084 - 18), scope.TOO_LONG),
    ],
)
def test_what_cannot_be_asked_for(address: str, reason: str) -> None:
    """Other schemes and URLs of more than 2,083 characters are kept out."""
    assert _reason(_scope(), address) == reason


def test_options_that_turn_requests_off() -> None:
    """--no-external and --no-resources keep out just these."""
    bare = _scope(external=False)
    assert _reason(bare, "https://far.test/") == scope.EXTERNAL_OFF
    assert _reason(bare, "https://far.test/a.css", kind=LinkKind.STYLESHEET) == scope.EXTERNAL_OFF
    assert _reason(bare, "https://site.test/a.png", kind=LinkKind.IMAGE) == ""
    plain = _scope(resources=False)
    for kind in RESOURCE_KINDS:
        assert _reason(plain, "https://site.test/x", kind=kind) == scope.RESOURCES_OFF
    assert _reason(plain, "https://site.test/x") == ""


def test_exclude_wins_and_include_is_for_the_own_site() -> None:
    """Patterns are searched in the whole Address; --exclude holds for external URLs, too."""
    rules = _scope(include=("/docs/", r"\.png$"), exclude=("/docs/old", r"far\.test/ads"))
    assert _reason(rules, "https://site.test/docs/a") == ""
    assert _reason(rules, "https://site.test/logo.png", kind=LinkKind.IMAGE) == ""
    assert _reason(rules, "https://site.test/blog") == scope.NOT_INCLUDED
    assert _reason(rules, "https://site.test/docs/old/a") == "excluded by /docs/old"
    assert _reason(rules, "https://far.test/blog") == ""
    assert _reason(rules, "https://far.test/ads/1") == r"excluded by far\.test/ads"


@pytest.mark.parametrize(
    ("address", "kind", "reason"),
    [
        ("https://site.test/docs/", LinkKind.ANCHOR, ""),
        ("http://site.test/docs/a/b?x=/", LinkKind.ANCHOR, ""),
        ("http://site.test:443/docs/a", LinkKind.ANCHOR, ""),
        ("https://site.test/docs", LinkKind.ANCHOR, scope.OUTSIDE),
        ("https://site.test/docs2/", LinkKind.ANCHOR, scope.OUTSIDE),
        ("https://site.test/", LinkKind.REDIRECT, scope.OUTSIDE),
        ("https://site.test/logo.png", LinkKind.IMAGE, ""),
        ("https://far.test/", LinkKind.ANCHOR, ""),
    ],
)
def test_stay_under(address: str, kind: LinkKind, reason: str) -> None:
    """Followed URLs stay in the start URL's folder; resources and external checks are free."""
    assert _reason(_scope(stay_under=True), address, kind=kind) == reason


def test_stay_under_a_start_url_with_slashes_in_its_query() -> None:
    """The folder is cut from the path alone."""
    rules = _scope("https://site.test/a/b?next=/c/d/", stay_under=True)
    assert _reason(rules, "https://site.test/a/x") == ""
    assert _reason(rules, "https://site.test/c/d/") == scope.OUTSIDE


def test_a_site_that_is_taken_in_has_a_folder_of_its_own() -> None:
    """Where a start URL redirects to, --stay-under goes on from there."""
    rules = _scope(stay_under=True)
    assert rules.add_site("https://www.site.test/en/start") == "www.site.test"
    assert rules.add_site("http://www.site.test/other") is None
    assert _reason(rules, "https://www.site.test/en/a") == ""
    assert _reason(rules, "https://www.site.test/de/a") == scope.OUTSIDE
    assert rules.sites == {"site.test", "www.site.test"}


def test_depth_and_redirects_are_limited() -> None:
    """--max-depth and 20 redirects in a row are reached, not passed."""
    rules = _scope(max_depth=2)
    assert _reason(rules, "https://site.test/a", depth=2) == ""
    assert _reason(rules, "https://site.test/a", depth=3) == scope.TOO_DEEP
    assert _reason(rules, "https://site.test/a", depth=2, hops=20) == ""
    assert _reason(rules, "https://site.test/a", depth=2, hops=21) == scope.HOPS
    assert _reason(_scope(max_depth=0), "https://site.test/a", depth=1) == scope.TOO_DEEP


def test_sites_of_an_earlier_run_are_internal() -> None:
    """A resumed crawl knows the sites that were taken in."""
    config = CrawlConfig(start_urls=(START,))
    assert Scope(config, ["www.site.test"]).is_internal("https://www.site.test/")


def test_which_reasons_are_final() -> None:
    """What depends on the Address alone stays; depth, kind, and sites may change."""
    final = (scope.INVALID, scope.NOT_HTTP, scope.TOO_LONG, scope.NOT_INCLUDED, scope.TRAP)
    assert all(is_permanent(reason) for reason in (*final, "excluded by x"))
    changing = (scope.TOO_DEEP, scope.HOPS, scope.OUTSIDE, scope.RESOURCES_OFF, scope.MAX_PAGES)
    assert not any(is_permanent(reason) for reason in (*changing, scope.EXTERNAL_OFF))


def test_a_resume_stays_under_the_same_folders() -> None:
    """What a site that a start URL redirected to brought in counts after a resume too."""
    config = CrawlConfig(start_urls=("http://a.test/x/",), stay_under=True)
    first = Scope(config)
    first.add_site("http://www.b.test/y/")
    resumed = Scope(config, sorted(first.sites), sorted(first.folders))
    link = Reference(LinkKind.ANCHOR, False, 1, 0, True)
    for address in ("http://www.b.test/y/1", "http://www.b.test/z/1", "http://a.test/x/1"):
        assert resumed.judge(address, link) == first.judge(address, link)
    assert first.judge("http://www.b.test/y/1", link).reason == ""


def test_a_template_is_made_at_most_once_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many caps are full; and of no address that is too long to be asked for."""
    rules, made = _scope(), list[str]()
    real = radar.template

    def template(address: str) -> str:
        made.append(address)
        return real(address)

    monkeypatch.setattr(radar, "template", template)
    for name in "abcdefghijklmnopqrstuvwxyz":
        rules.close_template(f"https://site.test/{name}/{{n}}")
        rules.close_template(f"https://site.test/shop?{name}={{v}}")
    assert rules.cut("https://site.test/k/12") == f"{scope.CAPPED}https://site.test/k/{{n}}"
    assert rules.cut("https://site.test/shop?xx=1") == ""
    assert len(made) == 2
    assert rules.cut("https://site.test/other/1") == ""
    assert rules.cut("https://site.test/k/" + "a/" * 2_000) == ""
    assert len(made) == 2
    rules.open_template("https://site.test/k/{n}")
    assert rules.cut("https://site.test/k/12") == ""
