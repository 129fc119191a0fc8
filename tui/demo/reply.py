"""What the demo site answers: a value that the server only has to send."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

Headers = tuple[tuple[str, str], ...]
HTML = "text/html; charset=utf-8"


class Ending(Enum):
    """How the transfer of a body ends."""

    WHOLE = "whole"
    SHORT = "short"
    """All of the body is sent, but a longer Content-Length was promised; then the line closes."""
    RESET = "reset"
    """Half of the body is sent, then the connection is reset."""
    CHUNKED = "chunked"
    """The body is sent in chunks, without a Content-Length."""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: `delay` is in seconds before its first byte; header values are latin-1."""

    status: int
    headers: Headers
    body: bytes
    delay: float = 0.0
    ending: Ending = Ending.WHOLE
    lane: str = ""
    """Answers of one lane are given one after the other, however many ask at once."""


Answer = Callable[[int], Response]
"""From how often a target was requested before (0 at first) to what it answers now."""


def html(
    body: str | bytes,
    status: int = 200,
    *,
    delay: float = 0.02,
    headers: Headers = (),
    content_type: str = HTML,
    ending: Ending = Ending.WHOLE,
    lane: str = "",
) -> Response:
    """An HTML answer; a str is sent as UTF-8."""
    data = body.encode() if isinstance(body, str) else body
    return Response(status, (("Content-Type", content_type), *headers), data, delay, ending, lane)


def redirect(location: str, status: int = 302, *, delay: float = 0.02) -> Response:
    """A redirect with the small body that most servers send along."""
    body = f"<!doctype html><title>Moved</title><h1>Moved</h1><p>{status}</p>".encode()
    return Response(status, (("Content-Type", HTML), ("Location", location)), body, delay)


def file(data: bytes, content_type: str, *, delay: float = 0.02) -> Response:
    """A file of any type."""
    return Response(200, (("Content-Type", content_type),), data, delay)


def latency(target: str) -> float:
    """The fixed latency of a target: 0.02 to 0.30 s, mostly short, 0.1 s in the mean."""
    share = fraction("latency " + target)
    return 0.02 + 0.28 * share * share * math.sqrt(share)


def fraction(text: str) -> float:
    """A number from 0 to below 1 that is always the same for the same text."""
    return (zlib.crc32(text.encode("utf-8", "surrogateescape")) & 0xFFFFFF) / 0x1000000
