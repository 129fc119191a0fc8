"""How much of a body is read, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from crawler_core.config import PAGE_SNIFF_BYTES
from crawler_core.fetch.decode import PIECE, Decoder
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.heads import Head, Kind, wants_body
from crawler_core.model import Purpose

ROBOTS_BYTES = 512 * 1024
"""RFC 9309 §2.5 asks for at least 500 KiB."""
DRAIN_SECONDS = 2.0
"""A connection is worth no longer wait than a new one costs."""


class Body(msgspec.Struct):
    """What was read of one body."""

    data: bytes = b""
    is_read: bool = False
    """True if it was read to its end or to the cap, and kept."""
    is_html: bool = False
    size: int | None = None
    transferred: int | None = None
    is_cut: bool = False
    is_whole: bool = False
    """True if nothing of it is left on the connection."""


def read_body(
    chunks: Iterator[bytes], head: Head, purpose: Purpose, max_body: int, exchange: Exchange
) -> Body:
    """Read as much of `chunks` (undecoded) as `purpose` asks for.

    Raises DecodeError for damaged compression, and what the connection raises.
    """
    if not wants_body(head, purpose):
        return _passed_over(chunks, head, exchange, 0)
    cap = ROBOTS_BYTES if purpose is Purpose.ROBOTS else max_body
    sniffing = purpose is Purpose.CRAWL and head.kind is Kind.UNSAID
    decoder = Decoder(head.get("content-encoding"), cap)
    transferred = 0
    for chunk in chunks:
        transferred += len(chunk)
        wants_more = decoder.feed(chunk)
        if sniffing:
            looks_html = decoder.starts_with(b"<")
            if looks_html is False:
                return _passed_over(chunks, head, exchange, transferred)
            sniffing = looks_html is None
        # Compressed bytes that never become output must not flow without end either.
        if not wants_more or transferred > cap + PIECE:
            return _kept(decoder, transferred, head, is_html=not sniffing, is_cut=True)
    decoder.finish()
    if sniffing:
        return Body(size=head.content_length, is_whole=True)
    return _kept(decoder, transferred, head, is_html=True, is_cut=False)


def _kept(decoder: Decoder, transferred: int, head: Head, *, is_html: bool, is_cut: bool) -> Body:
    data = decoder.body
    return Body(
        data=data,
        is_read=True,
        is_html=is_html and head.kind is not Kind.OTHER,
        size=len(data),
        transferred=transferred,
        is_cut=is_cut,
        is_whole=not is_cut,
    )


def _passed_over(chunks: Iterator[bytes], head: Head, exchange: Exchange, taken: int) -> Body:
    body = Body(is_html=head.kind is Kind.HTML, size=head.content_length)
    length = 0 if head.has_no_body else head.content_length
    is_short = head.is_chunked if length is None else length <= PAGE_SNIFF_BYTES
    if head.keeps_connection and is_short:
        body.is_whole = _drained(chunks, exchange, taken)
    return body


def _drained(chunks: Iterator[bytes], exchange: Exchange, taken: int) -> bool:
    """Read the rest of a small body so that its connection can be kept; True if it ended.

    Its faults do not matter: the answer is known already.
    """
    exchange.hasten(DRAIN_SECONDS)
    try:
        for chunk in chunks:
            taken += len(chunk)
            if taken > PAGE_SNIFF_BYTES:
                return False
    except Exception:
        return False
    return True
