"""Content codings: all that browsers read, nothing that is damaged, and no bomb."""

from __future__ import annotations

import functools
import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.fetch.decode import TRUNCATED, DecodeError, Decoder
from crawler_core.model import Outcome
from tests.core.fetch.conftest import Get, MakeFetcher, request
from tests.core.fetch.faultserver import FaultServer, response

PAGE = b"<title>compressed</title>" + bytes(range(256)) * 40
MB = 1024 * 1024
gzipped = functools.partial(gzip.compress, mtime=0)  # equal bytes in every test process


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def decoded(coding: str, data: bytes, limit: int = 10 * MB, step: int = 0) -> bytes:
    decoder = Decoder(coding, limit)
    for start in range(0, len(data), step or len(data) or 1):
        if not decoder.feed(data[start : start + (step or len(data))]):
            return decoder.body
    decoder.finish()
    return decoder.body


CODED: dict[str, tuple[str, bytes]] = {
    "none": ("", PAGE),
    "identity": ("identity", PAGE),
    "a charset by mistake": ("UTF-8", PAGE),
    "gzip": ("gzip", gzipped(PAGE)),
    "x-gzip": ("X-GZIP", gzipped(PAGE)),
    "deflate, zlib": ("deflate", zlib.compress(PAGE)),
    "deflate, raw": ("deflate", raw_deflate(PAGE)),
    "two members": ("gzip", gzipped(PAGE[:100]) + gzipped(PAGE[100:])),
    "empty member first": ("gzip", gzipped(b"") + gzipped(PAGE)),
    "zero padding": ("gzip", gzipped(PAGE) + bytes(512)),
    "trailing garbage": ("gzip", gzipped(PAGE) + b"\x1fgarbage"),
    "gzip twice": ("gzip, gzip", gzipped(gzipped(PAGE))),
    "deflate, then gzip": ("deflate, gzip", gzipped(zlib.compress(PAGE))),
    "three": ("gzip, identity, deflate", zlib.compress(gzipped(PAGE))),
}


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize("name", CODED)
def test_every_form_is_decoded_wherever_it_is_cut(name: str, step: int) -> None:
    """Codings, members and stacks give the page, however the network cuts them."""
    coding, data = CODED[name]
    assert decoded(coding, data, step=step) == PAGE


@given(st.binary(max_size=3000), st.integers(1, 500), st.sampled_from(["gzip", "deflate"]))
def test_what_is_packed_comes_back(data: bytes, step: int, coding: str) -> None:
    """Any bytes survive packing, cutting and unpacking."""
    packed = gzipped(data) if coding == "gzip" else zlib.compress(data)
    assert decoded(coding, packed, step=step) == data


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip", "deflate, gzip"])
def test_every_truncation_is_an_error(coding: str) -> None:
    """However much of the end is missing, it is never a shorter page or an empty one."""
    pack: dict[str, Callable[[bytes], bytes]] = {"gzip": gzipped, "deflate": zlib.compress}
    data = PAGE[:300]
    for name in coding.split(", "):
        data = pack[name](data)
    for length in range(1, len(data)):
        with pytest.raises(DecodeError, match=TRUNCATED):
            decoded(coding, data[:length])


@pytest.mark.parametrize(
    ("coding", "data", "phrase"),
    [
        ("gzip", PAGE, "body is not gzip"),
        ("deflate", b"\xff\xff\xff", "damaged"),
        ("gzip", gzipped(PAGE)[:-8] + bytes(8), "damaged"),
        ("gzip", gzipped(PAGE)[:-4] + bytes(4), "damaged"),
        ("deflate", zlib.compress(PAGE)[:-4] + bytes(4), "damaged"),
        ("gzip, gzip", gzipped(PAGE), "body is not gzip"),
        ("br", PAGE, "content-encoding br was not asked for"),
        ("gzip, zstd", PAGE, "content-encoding zstd was not asked for"),
        ("\x1b[31m", PAGE, "was not asked for"),
        ("gzip," * 6, PAGE, "6 content-encodings are stacked"),
    ],
)
def test_damage_is_an_error(coding: str, data: bytes, phrase: str) -> None:
    """What does not match its Content-Encoding is told in one clean phrase."""
    with pytest.raises(DecodeError, match=phrase) as raised:
        decoded(coding, data)
    assert str(raised.value).isprintable()


def bomb(megabytes: int) -> Iterator[bytes]:
    """A gzip of zeros, made piece by piece."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    zeros = bytes(MB)
    for _ in range(megabytes):
        yield packer.compress(zeros)
    yield packer.flush()


BOMB = b"".join(bomb(100))
BOMBS = {
    "gzip": BOMB,
    "gzip, gzip": gzipped(BOMB),
    "deflate, gzip, gzip": gzipped(gzipped(zlib.compress(bytes(100 * MB), 9))),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_costs_no_more_than_the_limit(coding: str) -> None:
    """100 MB of zeros in a few bytes are cut at the limit, in memory close to it."""
    limit = 4 * MB
    tracemalloc.start()
    try:
        decoder = Decoder(coding, limit)
        assert not decoder.feed(BOMBS[coding])
        body = decoder.body
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(body), decoder.cut) == (limit, True)
    assert peak < limit + 2 * MB


def test_the_limit_itself_is_no_cut() -> None:
    """A body of exactly the limit is whole; one byte more is cut."""
    assert decoded("gzip", gzipped(PAGE), limit=len(PAGE)) == PAGE
    decoder = Decoder("gzip", len(PAGE) - 1)
    assert not decoder.feed(gzipped(PAGE))
    assert decoder.body == PAGE[:-1]


def test_members_without_output_end_too() -> None:
    """Ten thousand empty members are read in passing."""
    assert decoded("gzip", gzipped(b"") * 10_000 + gzipped(b"x")) == b"x"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzipped(PAGE)[:-20]),
        ("gzip", gzipped(PAGE)[:5]),
        ("gzip", PAGE),
        ("br", PAGE),
        ("gzip", gzipped(PAGE)[:-8] + bytes(8)),
    ],
)
def test_a_page_that_cannot_be_decoded_is_a_protocol_error(
    server: FaultServer, get: Get, coding: str, body: bytes
) -> None:
    """Damaged compression is never an empty 200."""
    url = server.serve("/", response(body, headers=f"Content-Encoding: {coding}"))
    result = get(url)
    assert (result.outcome, result.status_code) == (Outcome.PROTOCOL_ERROR, 0)
    assert (result.body, result.body_read) == (b"", False)


def test_a_gzip_of_two_members_is_read_whole(server: FaultServer, get: Get) -> None:
    """All members count, size is what they hold and transferred what came."""
    packed = gzipped(PAGE) + gzipped(b"<p>more")
    url = server.serve("/", response(packed, headers="Content-Encoding: gzip"))
    result = get(url)
    assert result.body == PAGE + b"<p>more"
    assert (result.size, result.transferred) == (len(result.body), len(packed))


def test_compressed_bytes_without_output_are_cut(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """An endless run of empty members ends at the cap of what is transferred."""
    empty = gzipped(b"") * 2000
    head = response(b"", length=None, headers="Content-Encoding: gzip")
    pieces = itertools.chain([head], itertools.repeat(empty))
    url = server.serve("/", lambda talk: talk.drip(pieces, 0))
    result = make_fetcher(max_body=10_000, timeout=10).fetch(request(url))
    assert (result.outcome, result.body) == (Outcome.TOO_LARGE, b"")
    assert result.wire_bytes < 300_000
