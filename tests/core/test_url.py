"""URLs: what becomes an Address, which keys are cut from it, what people may type."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core import url
from crawler_core.errors import ConfigError

BASE = "http://example.org/docs/page.html?q=1"
HOSTS = st.sampled_from(
    ["example.org", "EXAMPLE.org:8080", "u:p@a.b", "[::1]:80", "127.1", "bücher.de:443", "a@b@c"]
)
TAILS = st.text(st.sampled_from("/?#%@:.a1é \\\ud800\t-[]&=;"), max_size=20)
REFERENCES = st.one_of(
    st.text(max_size=30),
    TAILS,
    st.builds(
        lambda scheme, host, tail: f"{scheme}://{host}/{tail}",
        st.sampled_from(["http", "https", "HTTP", "ftp", "x"]),
        HOSTS,
        TAILS,
    ),
)


@given(REFERENCES)
def test_normalize_is_idempotent_and_cuts_fragment_and_credentials(reference: str) -> None:
    """An Address is its own Address, http(s), without fragment and credentials."""
    address = url.normalize(reference, BASE)
    if address is None:
        return
    parts = ada_url.parse_url(address)
    assert url.normalize(address) == address
    assert parts["protocol"] in {"http:", "https:"}
    assert "#" not in address
    assert parts["username"] == parts["password"] == ""


@given(REFERENCES)
def test_keys_cut_from_an_address_are_those_of_the_parser(reference: str) -> None:
    """host_key, hostname and path_of equal what the WHATWG parser says of the Address."""
    address = url.normalize(reference, BASE)
    if address is None:
        return
    parts = ada_url.parse_url(address)
    assert url.host_key(address) == parts["origin"]
    assert url.hostname(address) == parts["hostname"]
    assert url.path_of(address).partition("?")[0] == parts["pathname"]
    assert url.host_key(address) + url.path_of(address) == address
    assert url.folder_depth(address) == parts["pathname"].count("/") - 1


@given(REFERENCES)
def test_resolve_of_an_absolute_result_is_itself(reference: str) -> None:
    """Resolving an absolute href again changes nothing, and no text raises."""
    href = url.resolve(reference, BASE)
    if href is not None and href.startswith("http"):
        assert url.resolve(href) == href
        assert url.resolve(href, "https://other.example/x") == href


@given(REFERENCES)
def test_split_link_agrees_with_normalize(reference: str) -> None:
    """The URL half of split_link is the Address wherever the link is http(s)."""
    address = url.normalize(reference, BASE)
    absolute, _ = url.split_link(reference, BASE)
    assert "#" not in absolute
    if address is not None:
        assert absolute == address
    else:
        assert not absolute.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("../a b.html#x%20y", ("http://example.org/a%20b.html", "x y")),
        ("#%C3%A9", (BASE, "é")),
        ("#", (BASE, "")),
        ("//u:p@host/x", ("http://host/x", "")),
        ("ftp://u:p@host/x", ("ftp://host/x", "")),
        ("mailto:a@b.org?cc=c@d", ("mailto:a@b.org?cc=c@d", "")),
        ("mailto:a@b.org?x=c://d@e", ("mailto:a@b.org?x=c://d@e", "")),
        ("http://host:99999/", ("", "")),
        ("http://", ("", "")),
    ],
)
def test_split_link(reference: str, expected: tuple[str, str]) -> None:
    """Links of any scheme lose fragment and credentials; what cannot be parsed is empty."""
    assert url.split_link(reference, BASE) == expected


def test_unusable_references_have_no_address() -> None:
    """Other schemes and invalid hosts give None; a lone surrogate is U+FFFD as in browsers."""
    assert url.normalize("mailto:a@b.org") is None
    assert url.normalize("http://a b/") is None
    assert url.normalize("page.html") is None
    assert url.normalize("/\ud800", BASE) == "http://example.org/%EF%BF%BD"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://example.org/", "example.org"),
        ("https://example.org/", "example.org"),
        ("http://example.org:443/x", "example.org"),
        ("https://example.org:80/", "example.org"),
        ("http://example.org:8080/", "example.org:8080"),
        ("https://[::1]:80/", "[::1]"),
    ],
)
def test_site_counts_the_default_ports_as_one(address: str, expected: str) -> None:
    """A site is host and port, with 80, 443, http and https as one."""
    assert url.site(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://a/", 0),
        ("http://a/a", 0),
        ("http://a/a/", 1),
        ("http://a/a/b.html", 1),
        ("http://a/a/b/c?d/e/f", 2),
    ],
)
def test_folder_depth(address: str, expected: int) -> None:
    """Folder depth counts the folders of the path and not those of the query."""
    assert url.folder_depth(address) == expected


def test_template_keeps_host_and_escapes() -> None:
    """Only numbers of path and query become {n}: escapes spell letters, hosts are names."""
    one = url.template("http://h1.org:8080/y2024/%E4%B8%80/d07?p=33")
    assert one == "http://h1.org:8080/y{n}/%E4%B8%80/d{n}?p={n}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://a/%E4%B8%80?q=%C3%A9", "http://a/一?q=é"),
        ("http://xn--bcher-kva.de/x", "http://bücher.de/x"),
        ("http://a/%20%2F%25%1b", "http://a/%20%2F%25%1b"),
        ("http://a/%FF%C2%A0%E2%80%AE", "http://a/%FF%C2%A0%E2%80%AE"),
    ],
)
def test_display_decodes_only_what_is_printable_and_unambiguous(
    address: str, expected: str
) -> None:
    """Letters are decoded; escapes of ASCII, controls and broken UTF-8 stay as they are."""
    assert url.display(address) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (" http://Example.org ", ("http://example.org/",)),
        ("https://u:p@example.org/a#b", ("https://example.org/a",)),
        ("example.org", ("https://example.org/", "http://example.org/")),
        ("example.org/x?y", ("https://example.org/x?y", "http://example.org/x?y")),
        ("example.org:8080", ("https://example.org:8080/", "http://example.org:8080/")),
        ("localhost:8000/x", ("http://localhost:8000/x",)),
        ("a.localhost", ("http://a.localhost/",)),
        ("127.0.0.1", ("http://127.0.0.1/",)),
        ("192.0.2.7:81", ("http://192.0.2.7:81/",)),
        ("[::1]:8000", ("http://[::1]:8000/",)),
        ("user:pw@localhost:1", ("http://localhost:1/",)),
        ("//example.org", ("https://example.org/", "http://example.org/")),
    ],
)
def test_from_user_adds_the_scheme_that_is_meant(typed: str, expected: tuple[str, ...]) -> None:
    """Loopback and IP hosts get http, other hosts https and then http; a port is no scheme."""
    assert url.from_user(typed) == expected


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("http://", "no host"),
        ("https:///x", "no host"),
        ("http:/x", "no host"),
        ("http:example.org", "no host"),
        ("/etc/passwd", "no host"),
        ("..", "no host"),
        ("42", "number"),
        ("ftp://example.org/", "scheme ftp"),
        ("file:///etc/passwd", "scheme file"),
        ("javascript:alert(1)", "scheme javascript"),
        ("mailto:a@b.org", "scheme mailto"),
        ("a b.org", "not valid"),
        ("http://a b/", "not valid"),
        ("localhost:port", "not valid"),
        ("localhost:99999", "port 99999"),
        ("http://example.org:65536/", "port 65536"),
    ],
)
def test_from_user_refuses_with_one_sentence(typed: str, word: str) -> None:
    """What is no http(s) URL is refused in one sentence that names the fault."""
    with pytest.raises(ConfigError, match=word) as refusal:
        url.from_user(typed)
    assert str(refusal.value).endswith(".")


@given(st.text(max_size=40))
def test_from_user_gives_addresses_or_refuses(typed: str) -> None:
    """Any text gives Addresses or a ConfigError, and never another exception."""
    try:
        addresses = url.from_user(typed)
    except ConfigError:
        return
    assert addresses
    assert all(url.normalize(address) == address for address in addresses)


def test_refusals_do_not_show_a_password() -> None:
    """A typed password is not repeated in an error."""
    with pytest.raises(ConfigError) as refusal:
        url.from_user("http://user:hunter2@host:99999/")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("http://user:p%40ss@host/", "user:p@ss"),
        ("user:pass@host:80", "user:pass"),
        ("user@host", "user:"),
        ("host:80/a@b", None),
        ("http://host/", None),
        ("http://", None),
    ],
)
def test_credentials(typed: str, expected: str | None) -> None:
    """Credentials of a typed URL are split off, percent-decoded."""
    assert url.credentials(typed) == expected
