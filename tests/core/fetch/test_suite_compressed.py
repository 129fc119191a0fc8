"""The compressed bodies of the shared suite: real ones are read, damaged and huge ones told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler_core.fetch.decode import DecodeError, Decoder

MB = 1024 * 1024

pytestmark = pytest.mark.suite


@pytest.fixture
def folder() -> Path:
    suites = os.environ.get("CRAWLTUI_SUITES", "")
    if not suites:
        pytest.skip("CRAWLTUI_SUITES names no folder of test suites")
    return Path(suites) / "naughty" / "compressed"


def decoded(coding: str, path: Path) -> bytes:
    decoder = Decoder(coding, 64 * MB)
    assert decoder.feed(path.read_bytes())
    decoder.finish()
    return decoder.body


def test_all_forms_of_one_page_are_equal(folder: Path) -> None:
    """Stacked codings give what the single one gives, raw deflate what zlib gives."""
    page = decoded("gzip", folder / "html-gzip.bin")
    assert b"<html" in page.lower()
    assert decoded("gzip, deflate", folder / "html-gzip-deflate.bin") == page
    assert decoded("gzip, deflate, gzip", folder / "html-gzip-deflate-gzip.bin") == page
    page = decoded("deflate", folder / "html-rawdeflate.bin")
    assert b"<html" in page.lower()
    assert decoded("deflate", folder / "html-zlibdeflate.bin") == page


def test_a_file_of_many_blocks_is_whole(folder: Path) -> None:
    """A packed feed is the feed."""
    packed = folder / "feed-sample1.xml.gz"
    assert decoded("gzip", packed) == (folder / "feed-sample1.xml").read_bytes()


@pytest.mark.parametrize(
    "name", ["truncated-crc-error.gz", "truncated-crc-error-short.gz", "unexpected-eof.gz"]
)
def test_truncated_files_are_errors(folder: Path, name: str) -> None:
    """A file whose end is missing is never a page."""
    with pytest.raises(DecodeError):
        decoded("gzip", folder / name)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bombs_are_cut(folder: Path, coding: str) -> None:
    """A bomb of 11 MB stops at the limit."""
    decoder = Decoder(coding, MB)
    assert not decoder.feed((folder / f"bomb-{coding}.bin").read_bytes())
    assert len(decoder.body) == MB
