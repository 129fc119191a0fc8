"""Each parser in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crawler_core.parse.worker import PARSERS
from tests.core.parse import pages


@pytest.fixture(scope="module", params=PARSERS)
def each_parser(request: pytest.FixtureRequest) -> Iterator[str]:
    """What `pages` parses with, for the tests of a module that say they hold for every parser."""
    pages.parser = request.param
    yield pages.parser
    pages.parser = PARSERS[0]
