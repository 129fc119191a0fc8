"""What a command line asks for, as values: checked before anything is sent."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from crawler_core import url as urls
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.messages import Startup
from crawler_core.errors import ConfigError

PROBE_SECONDS = 5.0
"""How long a host may take to say whether it speaks TLS, when a URL came without scheme."""
_AUTH, _COOKIE, _HEADER = "CRAWLTUI_AUTH", "CRAWLTUI_COOKIE", "CRAWLTUI_HEADER"
_PROXY_AUTH = "CRAWLTUI_PROXY_AUTH"


class DashRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the dashboard is to open."""

    kind: Literal["start", "crawl", "resume", "view", "demo"]
    config: CrawlConfig | None = None
    """The new crawl, or the resumed one with its changes; None for the other kinds."""
    changes: dict[str, object] = {}
    """Options of a resumed crawl that were given anew."""
    secrets: Secrets = Secrets()
    store: Path | None = None
    """Always named for crawl, resume and view; None means the default place."""
    csv: Path | None = None
    """Where the pages are written at the end; None: nowhere."""
    csv_bom: bool = False
    force: bool = False
    pages: int = 0
    """Of the demo site; only for kind demo."""
    theme: str = ""
    """Colours by name; "" as remembered."""
    served: bool = False
    """True in a tab of `serve`: it writes no files here, and no summary."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What a run without a screen leaves and says."""

    csv: Path | None = None
    csv_to_stdout: bool = False
    csv_bom: bool = False
    json: bool = False
    quiet: bool = False
    fail_on_broken: bool = False

    @property
    def takes_stdout(self) -> bool:
        """Standard output belongs to data; people read standard error."""
        return self.json or self.csv_to_stdout


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A crawl without a screen."""

    startup: Startup
    output: Output = Output()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets as they were typed on the command line."""

    auth: str | None = None
    cookies: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    proxy: str = ""
    """USER:PASS of --proxy."""

    def __repr__(self) -> str:
        return "Credentials(…)"


def given(options: Mapping[str, Any]) -> dict[str, object]:
    """Only those options that were given: the others keep the crawl's own value."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def collect_secrets(
    typed: Credentials, start_urls: Sequence[str] = (), environ: Mapping[str, str] = os.environ
) -> Secrets:
    """Secrets from options, else from the environment, else (auth) from the start URLs.

    CRAWLTUI_COOKIE holds cookies one a line or separated by ";", CRAWLTUI_HEADER headers one
    a line, CRAWLTUI_PROXY_AUTH those for --proxy. Raises ConfigError without repeating a value.
    """
    auth = typed.auth or environ.get(_AUTH, "") or _auth_in(start_urls)
    if auth and ":" not in auth:
        raise ConfigError("--auth (or CRAWLTUI_AUTH) needs USER:PASS, with a colon between them.")
    cookies = typed.cookies or _parts(environ.get(_COOKIE, "").replace(";", "\n"))
    for cookie in cookies:
        if not cookie.partition("=")[0].strip() or "=" not in cookie:
            raise ConfigError("--cookie (or CRAWLTUI_COOKIE) needs NAME=VALUE.")
    headers = typed.headers or _parts(environ.get(_HEADER, ""))
    return Secrets(
        auth=auth,
        cookies=tuple(cookie.strip() for cookie in cookies),
        headers=tuple(_header(line) for line in headers),
        proxy=typed.proxy or environ.get(_PROXY_AUTH, ""),
    )


def split_proxy(text: str) -> tuple[str, str]:
    """The address of a proxy and its USER:PASS ("" if none), as --proxy holds both."""
    before, at, host = text.rpartition("@")
    scheme, slashes, credentials = before.rpartition("://")
    return (f"{scheme}{slashes}{host}", unquote(credentials)) if at else (text, "")


def missing_secrets(needed: Iterable[str], secrets: Secrets) -> tuple[str, ...]:
    """Names of secrets that a crawl was started with and that are not given again."""
    known = {name.lower() for name in secrets.names}
    return tuple(name for name in needed if name.lower() not in known)


def with_secret(secrets: Secrets, name: str, value: str) -> Secrets:
    """`secrets` and the one of that name, as `Secrets.names` calls it."""
    kind, _, key = name.partition(" ")
    if kind == "cookie":
        return msgspec.structs.replace(secrets, cookies=(*secrets.cookies, f"{key}={value}"))
    if kind == "header":
        return msgspec.structs.replace(secrets, headers=(*secrets.headers, (key, value)))
    if ":" not in value:
        raise ConfigError("The credentials need the form USER:PASS.")
    if kind == "proxy":
        return msgspec.structs.replace(secrets, proxy=value)
    return msgspec.structs.replace(secrets, auth=value)


def how_to_give(name: str) -> str:
    """The option and the variable that hold the secret of that name."""
    kind, _, key = name.partition(" ")
    match kind:
        case "cookie":
            return f"--cookie {key}=… or {_COOKIE}"
        case "header":
            return f"--header '{key}: …' or {_HEADER}"
        case "proxy":
            return f"--proxy http://USER:PASS@HOST:PORT or {_PROXY_AUTH}"
        case _:
            return f"--auth USER:PASS or {_AUTH}"


def resolve_start(typed: Iterable[str], *, proxy: str = "") -> tuple[str, ...]:
    """The Addresses that typed URLs mean.

    Where a URL came without a scheme the host is asked whether it speaks TLS, for at most
    PROBE_SECONDS; through a proxy it is taken to. Raises ConfigError, before any host is
    asked.
    """
    found = [urls.from_user(text) for text in typed]
    chosen = [
        addresses[0] if len(addresses) == 1 or proxy or speaks_tls(addresses[0]) else addresses[-1]
        for addresses in found
    ]
    return tuple(dict.fromkeys(chosen))


def first_guess(typed: Iterable[str]) -> tuple[str, ...]:
    """Like `resolve_start`, but asks no host: for checking all else first."""
    return tuple(dict.fromkeys(urls.from_user(text)[0] for text in typed))


def speaks_tls(address: str, seconds: float = PROBE_SECONDS) -> bool:
    """Whether something at an https address answers as TLS does; certificates do not count."""
    host = urls.hostname(address).strip("[]")
    port = urls.host_key(address).removeprefix("https://").rpartition(":")[2]
    number = int(port) if port.isdecimal() else 443
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, number), timeout=seconds) as connection:
            try:
                context.wrap_socket(connection, server_hostname=host).close()
            except (ssl.SSLError, ValueError):
                # On its own port a failed handshake is a fault that the crawl shall tell of.
                return number == 443
    except (OSError, UnicodeError):
        return False
    return True


def _auth_in(start_urls: Sequence[str]) -> str:
    found = {known for text in start_urls if (known := urls.credentials(text))}
    if len(found) > 1:
        raise ConfigError(
            "The start URLs hold different credentials: crawl them one at a time, or give --auth."
        )
    return found.pop() if found else ""


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise ConfigError("--header (or CRAWLTUI_HEADER) needs 'NAME: VALUE', with a colon.")
    return name.strip(), value.strip()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.splitlines() if part.strip())
