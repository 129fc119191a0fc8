"""A URL taken apart for sending, without changing a sign of it. Pure."""

from __future__ import annotations

import functools
import re

import httpx
import msgspec

from crawler_core.errors import ConfigError

_URL = re.compile(r"(https?)://(?:[^/?#@]*@)?([^/?#@]+)([^#]*)")
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")


class Target(msgspec.Struct, frozen=True):
    """Where a request goes and what it asks for."""

    origin: str
    authority: str
    """Host and port as written: the Host header."""
    path: bytes
    """Path and query, exactly as in the URL (RFC 9112 §3.2.1)."""

    @property
    def url(self) -> httpx.URL:
        """The origin as httpx wants it. Raises httpx.InvalidURL."""
        return _origin(self.origin)


class ProxyServer(msgspec.Struct, frozen=True):
    """An HTTP proxy: where it is, and the credentials that it asks for."""

    host: bytes
    port: int
    auth: tuple[bytes, bytes] | None


def target_of(url: str) -> Target:
    """Take a WHATWG serialisation apart. Raises ValueError if it is no http(s) URL.

    Credentials are left out: they are never sent because a page said so.
    """
    found = _URL.fullmatch(url)
    if found is None or not url.isascii():
        raise ValueError("not an http or https URL")
    scheme, authority, path = found.groups()
    if not path.startswith("/"):
        path = f"/{path}"
    return Target(f"{scheme}://{authority}", authority, path.encode("ascii"))


def proxy_of(url: str, credentials: str = "") -> ProxyServer | None:
    """Read the --proxy option, None for ""; `credentials` are USER:PASS.

    Raises ConfigError, without repeating secrets.
    """
    if not url:
        return None
    try:
        parsed = httpx.URL(url if "://" in url else f"http://{url}")
    except httpx.InvalidURL as error:
        raise ConfigError("--proxy needs an address like http://HOST:PORT.") from error
    if parsed.scheme != "http" or not _HOST.fullmatch(parsed.raw_host):
        raise ConfigError("--proxy needs an HTTP proxy, as in http://HOST:PORT.")
    user, _, password = credentials.partition(":")
    auth = (user.encode(), password.encode()) if credentials else None
    return ProxyServer(parsed.raw_host, parsed.port or 80, auth)


@functools.lru_cache(maxsize=4096)
def _origin(text: str) -> httpx.URL:
    return httpx.URL(text)
