"""URLs as browsers read them (WHATWG URL Standard, by `ada_url`) and the keys cut from them.

An Address is the WHATWG serialisation of an http(s) URL without fragment and credentials:
the key everywhere. Nothing more is normalised, so `/a` and `/a/` differ. The functions that
take an `address` cut strings instead of parsing again; they hold for any value that
`normalize` returned.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import ada_url

from crawler_core.errors import ConfigError
from crawler_core.text import clean

_HTTP = ("http://", "https://")
_AUTHORITY_END = re.compile(r"[/?#]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]+")
_ESCAPE_OR_DIGITS = re.compile(r"(%[0-9A-Fa-f]{2})|[0-9]+")
_ESCAPED_BEYOND_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r":([0-9]*)$")
_TYPED_CREDENTIALS = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:(?=/))?[/\\]*)[^/?#\\]*@")
_OTHER_SCHEMES = frozenset(
    {"about", "blob", "data", "file", "ftp", "ftps", "git", "gopher", "irc", "javascript"}
    | {"mailto", "news", "sftp", "sms", "ssh", "svn", "tel", "telnet", "urn", "view-source"}
    | {"ws", "wss"}
)


def resolve(reference: str, base: str | None = None) -> str | None:
    """The WHATWG href of `reference` against `base`; None when it cannot be parsed."""
    try:
        if base is None:
            return ada_url.normalize_url(reference)
        return str(ada_url.join_url(base, reference))
    except ValueError:
        if not _SURROGATE.search(reference):
            return None
        # A browser's string is made of scalar values: lone surrogates become U+FFFD.
        return resolve(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", reference), base)


def normalize(reference: str, base: str | None = None) -> str | None:
    """The Address of `reference`, or None if it is no http(s) URL."""
    href = resolve(reference, base)
    if href is None or not href.startswith(_HTTP):
        return None
    return _without_credentials(href.partition("#")[0])


def split_link(reference: str, base: str) -> tuple[str, str]:
    """Return the absolute URL of a link, of any scheme, and its decoded fragment.

    The URL has neither fragment nor credentials and is "" when it cannot be parsed. The
    fragment is percent-decoded as UTF-8, as browsers look up ids (HTML, "find a potential
    indicated element"); it is not cleaned.
    """
    href = resolve(reference, base)
    if href is None:
        return "", ""
    url, _, fragment = href.partition("#")
    if "@" in url:
        url = _without_credentials(url)
    return url, unquote(fragment) if "%" in fragment else fragment


def host_key(address: str) -> str:
    """The politeness key `scheme://host[:port]`: the WHATWG origin."""
    return address[: _authority_end(address)]


def site(address: str) -> str:
    """`host[:port]` with 80 and 443, http and https counted as one (all written without port)."""
    authority = _authority(address)
    if authority.endswith(":443") and address.startswith("http://"):
        return authority[:-4]
    if authority.endswith(":80") and address.startswith("https://"):
        return authority[:-3]
    return authority


def hostname(address: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    return _PORT.sub("", _authority(address))


def is_loopback(address: str) -> bool:
    """True for the names and literal addresses of this machine itself."""
    host = hostname(address)
    return host in {"localhost", "[::1]"} or host.startswith("127.") or host.endswith(".localhost")


def path_of(address: str) -> str:
    """Path and query: what robots.txt rules are matched with."""
    return address[_authority_end(address) :] or "/"


def folder_depth(address: str) -> int:
    """Number of folders in the path: `/a` has none, `/a/` and `/a/b.html` have one."""
    return max(path_of(address).partition("?")[0].count("/") - 1, 0)


def template(address: str) -> str:
    """`address` with the digit runs of path and query as `{n}`: equal for pages of one trap."""
    end = _authority_end(address)
    rest = address[end:]
    if "%" in rest:
        # The digits of percent-escapes are letters of a text, not numbers.
        return address[:end] + _ESCAPE_OR_DIGITS.sub(lambda m: m[1] or "{n}", rest)
    return address[:end] + _DIGITS.sub("{n}", rest)


def display(address: str) -> str:
    """The form for screens: IDN host and printable UTF-8 escapes decoded, cleaned.

    ASCII escapes (`%20`, `%2F`, `%25`) stay, so that no two addresses of a site look alike.
    """
    host = hostname(address)
    if "xn--" in host:
        address = address.replace(host, ada_url.idna.decode(host), 1)
    if "%" in address:
        address = _ESCAPED_BEYOND_ASCII.sub(_decoded_if_printable, address)
    return clean(address)


def from_user(text: str) -> tuple[str, ...]:
    """The Addresses that a typed URL may mean, in the order in which to try them.

    Without a scheme, loopback and IP hosts get `http://`, all others `https://`, then
    `http://`; `host:port` is never a scheme. Credentials are dropped: see `credentials`.
    Raises ConfigError when the text is no http(s) URL.
    """
    typed = text.strip()
    shown = clean(_TYPED_CREDENTIALS.sub(r"\1…@", typed), 200)
    if not typed:
        raise ConfigError("The URL is empty: write one such as https://example.org/.")
    scheme = _scheme_of(typed)
    if scheme not in {"", "http", "https"}:
        raise ConfigError(
            f"{shown} has the scheme {scheme}: only http:// and https:// can be crawled."
        )
    bare = typed[len(scheme) + 1 :] if scheme else typed
    slashes = len(bare) - len(bare.lstrip("/\\"))
    if slashes != 2 and (scheme or slashes):
        raise ConfigError(f"{shown} names no host: write it as http://HOST/PATH.")
    bare = bare[slashes:]
    _check_host(bare, shown)
    schemes = (scheme,) if scheme else _schemes_to_try(bare)
    found = [normalize(f"{each}://{bare}") for each in schemes]
    addresses = tuple(address for address in found if address is not None)
    if not addresses:
        raise ConfigError(f"{shown} is no URL: its host name is not valid.")
    return addresses


def credentials(text: str) -> str | None:
    """The `user:password` of a typed URL, percent-decoded; None when it has none."""
    typed = text.strip()
    scheme = _scheme_of(typed)
    bare = typed[len(scheme) + 1 :] if scheme else typed
    try:
        parts = ada_url.parse_url("http://" + bare.lstrip("/\\"), ("username", "password"))
    except ValueError:
        return None
    if not parts["username"] and not parts["password"]:
        return None
    return f"{unquote(parts['username'])}:{unquote(parts['password'])}"


def _authority_end(url: str) -> int:
    found = _AUTHORITY_END.search(url, url.find("://") + 3)
    return found.start() if found else len(url)


def _authority(url: str) -> str:
    return url[url.find("://") + 3 : _authority_end(url)]


def _without_credentials(url: str) -> str:
    start = url.find("://") + 3
    # A colon that is not the scheme's own ("mailto:a@b?x=c://d") starts no authority.
    if start < 3 or url.find(":") != start - 3:
        return url
    end = _authority_end(url)
    at = url.rfind("@", start, end)
    return url if at < 0 else url[:start] + url[at + 1 :]


def _decoded_if_printable(escapes: re.Match[str]) -> str:
    try:
        text = bytes.fromhex(escapes[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return escapes[0]
    return text if text.isprintable() else escapes[0]


def _scheme_of(typed: str) -> str:
    """The scheme of a typed URL in lower case; "" when it starts with a host or user."""
    found = _SCHEME.match(typed)
    if found is None:
        return ""
    scheme, rest = found[1].lower(), typed[found.end() :]
    if rest.startswith(("/", "\\")):
        return scheme
    if re.match(r"[0-9]*(?:[/?#\\]|$)", rest):
        return ""  # host:port
    if scheme in _OTHER_SCHEMES or scheme in {"http", "https"}:
        return scheme
    return ""


def _check_host(bare: str, shown: str) -> None:
    """Refuse what a browser's parser would accept but nobody means as a host."""
    host = re.split(r"[/?#\\]", bare, maxsplit=1)[0].rpartition("@")[2]
    port = _PORT.search(host)
    if port and port[1] and int(port[1][:9]) > 65535:
        raise ConfigError(f"{shown} has the port {port[1][:9]}: ports go from 0 to 65535.")
    name = _PORT.sub("", host)
    if not name.strip("."):
        raise ConfigError(f"{shown} names no host: write it as http://HOST/PATH.")
    if name.isdecimal():
        raise ConfigError(f"{shown} is a number and no host: write a name or an IP address.")


def _schemes_to_try(bare: str) -> tuple[str, ...]:
    try:
        parts = ada_url.parse_url(f"http://{bare}", ("hostname", "host_type"))
    except ValueError:
        return ("http",)
    name = parts["hostname"]
    if parts["host_type"] != ada_url.HostType.DEFAULT:
        return ("http",)
    if name == "localhost" or name.endswith(".localhost"):
        return ("http",)
    return ("https", "http")
