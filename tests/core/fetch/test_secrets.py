"""Credentials, cookies and extra headers go where they belong, and nowhere else."""

from __future__ import annotations

import pytest

from crawler_core.config import Secrets
from crawler_core.errors import ConfigError
from tests.core.fetch.conftest import MakeFetcher, request
from tests.core.fetch.faultserver import FaultServer, response

SECRETS = Secrets(
    auth="me:wörd",
    cookies=("a=1", "b=2"),
    headers=(("X-Key", "k1"), ("accept", "text/html")),
)


def test_secrets_are_sent_when_the_request_says_so(
    server: FaultServer, make_fetcher: MakeFetcher
) -> None:
    """Basic credentials, one Cookie header and the extra headers, which replace our own."""
    fetcher = make_fetcher(SECRETS)
    fetcher.fetch(request(server.serve("/", response()), secrets=True))
    lines = server.heads[0].decode().splitlines()
    assert "Authorization: Basic bWU6d8O2cmQ=" in lines
    assert "Cookie: a=1; b=2" in lines
    assert "X-Key: k1" in lines
    assert [line for line in lines if line.lower().startswith("accept:")] == ["accept: text/html"]


def test_secrets_are_not_sent_otherwise(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A request to any other host carries none of them, also on the same connection."""
    fetcher = make_fetcher(SECRETS)
    url = server.serve("/", response())
    fetcher.fetch(request(url, secrets=True))
    fetcher.fetch(request(url))
    for secret in (b"uthorization", b"ookie", b"X-Key", b"k1"):
        assert secret in server.heads[0]
        assert secret not in server.heads[1]
    assert server.connections == 1


def test_a_header_may_name_the_host(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """A Host header that people give is sent once, in place of the URL's."""
    fetcher = make_fetcher(Secrets(headers=(("Host", "virtual.test"),)))
    fetcher.fetch(request(server.serve("/", response()), secrets=True))
    hosts = [line for line in server.heads[0].splitlines() if line.lower().startswith(b"host")]
    assert hosts == [b"Host: virtual.test"]


@pytest.mark.parametrize(
    "secrets",
    [
        Secrets(headers=(("Bad Name", "hidden"),)),
        Secrets(headers=(("", "hidden"),)),
        Secrets(headers=(("X-Key", "hidden\r\nX-More: 1"),)),
        Secrets(headers=(("Content-Length", "7hidden"),)),
        Secrets(cookies=("a=hidden\n",)),
    ],
)
def test_what_cannot_be_sent_is_told_without_its_value(
    make_fetcher: MakeFetcher, secrets: Secrets
) -> None:
    """A header that would break requests is refused at the start, its value unsaid."""
    with pytest.raises(ConfigError) as raised:
        make_fetcher(secrets)
    assert "hidden" not in str(raised.value)


def test_the_user_agent_can_be_chosen(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """The option replaces the product's own name."""
    fetcher = make_fetcher(user_agent="Mine/2.0 (me@example.org)")
    fetcher.fetch(request(server.serve("/", response())))
    assert b"\r\nUser-Agent: Mine/2.0 (me@example.org)\r\n" in server.heads[0]
