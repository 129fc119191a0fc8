"""Heads of requests and answers: what is sent, and what is kept of what comes back. Pure."""

from __future__ import annotations

import base64
import enum
import functools
import re
from collections.abc import Iterable, Sequence

import msgspec

from crawler_core.config import Secrets
from crawler_core.errors import ConfigError
from crawler_core.model import Purpose
from crawler_core.text import MAX_CHARACTERS, clean

HOMEPAGE = "https://crawltui.example/bot"
ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
ACCEPT_ENCODING = "gzip, deflate"
MAX_HEADERS = 100

RawHeaders = Sequence[tuple[bytes, bytes]]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "te", "upgrade"})
_CREDENTIALS = re.compile(r"//[^/?#@\s]*@")


def user_agent(chosen: str, version: str) -> str:
    """The User-Agent sent: the chosen one, else the product with a page that explains it."""
    return chosen or f"crawltui/{version} (+{HOMEPAGE})"


class RequestHeaders:
    """The headers of every request, made and checked once.

    Raises ConfigError if a secret header cannot be sent (its value is not repeated).
    """

    def __init__(self, agent: str, secrets: Secrets) -> None:
        own = [("User-Agent", agent), ("Accept", ACCEPT), ("Accept-Encoding", ACCEPT_ENCODING)]
        secret = _secret_headers(secrets)
        named = {name.lower() for name, _ in secret}
        self._open = _encoded(own)
        self._secret = _encoded([pair for pair in own if pair[0].lower() not in named] + secret)
        self._names_host = "host" in named

    def for_host(self, authority: str, *, with_secrets: bool) -> list[tuple[bytes, bytes]]:
        """The headers of a request to `authority` (host and port as in the URL)."""
        if with_secrets and self._names_host:
            return self._secret
        rest = self._secret if with_secrets else self._open
        return [(b"Host", authority.encode("ascii")), *rest]


def as_block(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The header section of a request as it is sent, with the empty line that ends it."""
    return b"".join([b"%b: %b\r\n" % pair for pair in headers]) + b"\r\n"


def _secret_headers(secrets: Secrets) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    given = {name.lower() for name, _ in secrets.headers}
    if secrets.auth and "authorization" not in given:
        token = base64.b64encode(secrets.auth.encode()).decode("ascii")
        found.append(("Authorization", f"Basic {token}"))
    if secrets.cookies and "cookie" not in given:
        found.append(("Cookie", "; ".join(secrets.cookies)))
    found += secrets.headers
    for name, value in found:
        if not _TOKEN.fullmatch(name):
            raise ConfigError("--header needs NAME: VALUE, with letters, digits and - in the name.")
        if name.lower() in _FRAMING:
            raise ConfigError(f"--header cannot set {name}: it belongs to the connection itself.")
        if _CONTROL.search(value):
            option = "--cookie" if name == "Cookie" else "--header"
            raise ConfigError(f"{option}: the value of {name} holds a line break or control sign.")
    return found


def _encoded(pairs: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.strip().encode()) for name, value in pairs]


class Kind(enum.Enum):
    """What the Content-Type says of a body."""

    HTML = 1
    OTHER = 2
    UNSAID = 3


class Field(msgspec.Struct, frozen=True, gc=False):
    """One header of an answer."""

    name: str
    """In lower case, not cleaned."""
    text: str
    """Decoded (UTF-8, else latin-1), not cleaned."""
    kept: tuple[str, str]
    """Name and value as they are recorded: clean, and without secrets."""


def field_of(name: bytes, value: bytes) -> Field:
    """Decode one header.

    Values of cookies and credentials in Location are left out of what is kept: they are
    secrets of the site, and a record is read by many.
    """
    lower = name.decode("latin-1").lower()
    text = _text(value)
    return Field(lower, text, (clean(lower, 200), _discreet(lower, clean(text, MAX_CHARACTERS))))


class Head:
    """Status and headers of one answer, decoded and not yet cleaned; names in lower case."""

    __slots__ = ("_fields", "_values", "http_version", "status")

    def __init__(self, status: int, http_version: str, fields: Sequence[Field]) -> None:
        self.status = status
        self.http_version = http_version
        self._fields = fields
        self._values = {field.name: field.text for field in fields}
        if len(self._values) < len(fields):
            self._join_repeated()

    @classmethod
    def of_raw(cls, status: int, http_version: str, raw: RawHeaders) -> Head:
        """The head whose headers are `raw`, names and values as sent."""
        return cls(status, http_version, [field_of(name, value) for name, value in raw])

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> str:
        """The values of header `name`, joined by ", "; "" if absent."""
        return self._values.get(name, "")

    @property
    def location(self) -> str:
        """The first Location, as sent; "" if absent or empty."""
        if "location" not in self._values:
            return ""
        return next(field.text.strip() for field in self._fields if field.name == "location")

    @property
    def kind(self) -> Kind:
        """What the last Content-Type says (of several, browsers heed the last)."""
        return _kind(self.get("content-type"))

    @property
    def content_length(self) -> int | None:
        """The declared bytes of the body; None if not (or not sensibly) declared."""
        text = self.get("content-length").partition(",")[0].strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    @property
    def is_chunked(self) -> bool:
        """True if the body marks its own end."""
        return "chunked" in self.get("transfer-encoding").lower() or self.is_http2

    @property
    def has_no_body(self) -> bool:
        """True for statuses that never have one (RFC 9110 §6.4.1)."""
        return self.status in (204, 304)

    @property
    def is_http2(self) -> bool:
        """True if the answer came as frames of a connection that serves many answers."""
        return self.http_version == "HTTP/2"

    @property
    def keeps_connection(self) -> bool:
        """False if the server said that it closes the connection after this answer."""
        said = self.get("connection").lower()
        return "close" not in said and (self.http_version != "HTTP/1.0" or "keep-alive" in said)

    def kept(self) -> tuple[tuple[str, str], ...]:
        """What is recorded: cleaned, at most 100 headers of 2,000 characters each."""
        return tuple([field.kept for field in self._fields[:MAX_HEADERS]])

    def _join_repeated(self) -> None:
        values: dict[str, list[str]] = {}
        for field in self._fields:
            values.setdefault(field.name, []).append(field.text)
        self._values = {name: ", ".join(texts) for name, texts in values.items()}


def wants_body(head: Head, purpose: Purpose) -> bool:
    """True if the body is read to its end and kept (an undeclared type is looked at first)."""
    if purpose is Purpose.ROBOTS:
        return True
    return purpose is Purpose.CRAWL and head.kind is not Kind.OTHER


@functools.lru_cache(maxsize=256)
def _kind(content_type: str) -> Kind:
    essence = content_type.split(",")[-1].partition(";")[0].strip().lower()
    if essence in ("text/html", "application/xhtml+xml"):
        return Kind.HTML
    return Kind.OTHER if content_type.strip() else Kind.UNSAID


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _discreet(name: str, value: str) -> str:
    if name == "set-cookie":
        return value.partition("=")[0] + "=…"
    return _CREDENTIALS.sub("//", value) if name == "location" else value
