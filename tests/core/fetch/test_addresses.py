"""Which addresses may be connected to: decided on the address, before a byte is sent."""

from __future__ import annotations

import socket

import pytest

from crawler_core.fetch.addresses import AddressClass, AddressPolicy, classify
from crawler_core.model import Outcome
from tests.core.fetch.conftest import MakeFetcher, request
from tests.core.fetch.faultserver import FaultServer, response

CLASSES = {
    "93.184.215.14": AddressClass.GLOBAL,
    "2606:4700::1111": AddressClass.GLOBAL,
    "127.0.0.1": AddressClass.LOOPBACK,
    "127.255.0.9": AddressClass.LOOPBACK,
    "::1": AddressClass.LOOPBACK,
    "::ffff:127.0.0.1": AddressClass.LOOPBACK,
    "64:ff9b::7f00:1": AddressClass.LOOPBACK,
    "2002:7f00:1::": AddressClass.LOOPBACK,
    "10.1.2.3": AddressClass.PRIVATE,
    "172.16.0.1": AddressClass.PRIVATE,
    "192.168.1.1": AddressClass.PRIVATE,
    "100.64.0.1": AddressClass.PRIVATE,
    "fd00::1": AddressClass.PRIVATE,
    "fec0::1": AddressClass.PRIVATE,
    "::ffff:10.0.0.1": AddressClass.PRIVATE,
    "169.254.169.254": AddressClass.LINK_LOCAL,
    "::ffff:169.254.169.254": AddressClass.LINK_LOCAL,
    "64:ff9b::a9fe:a9fe": AddressClass.LINK_LOCAL,
    "fe80::1": AddressClass.LINK_LOCAL,
    "fe80::1%eth0": AddressClass.LINK_LOCAL,
    "0.0.0.0": AddressClass.RESERVED,
    "0.1.2.3": AddressClass.RESERVED,
    "::": AddressClass.RESERVED,
    "240.0.0.1": AddressClass.RESERVED,
    "255.255.255.255": AddressClass.RESERVED,
    "::7f00:1": AddressClass.RESERVED,
    "224.0.0.1": AddressClass.MULTICAST,
    "ff02::1": AddressClass.MULTICAST,
}


@pytest.mark.parametrize("address", CLASSES)
def test_every_address_has_its_class(address: str) -> None:
    """Addresses are classed by what they reach, also through an embedded IPv4 address."""
    assert classify(address) is CLASSES[address]


def test_only_global_addresses_are_allowed_by_default() -> None:
    """A crawl that starts at a public address reaches nothing inside."""
    policy = AddressPolicy().learning(["93.184.215.14"])
    for address, found in CLASSES.items():
        assert policy.permits(address) is (found is AddressClass.GLOBAL)


@pytest.mark.parametrize(
    ("start", "allowed"),
    [
        ("127.0.0.1", {AddressClass.GLOBAL, AddressClass.LOOPBACK}),
        ("10.9.9.9", {AddressClass.GLOBAL, AddressClass.PRIVATE}),
        ("169.254.1.1", {AddressClass.GLOBAL}),
        ("0.0.0.0", {AddressClass.GLOBAL}),
    ],
)
def test_a_start_address_opens_its_own_class_only(start: str, allowed: set[AddressClass]) -> None:
    """Loopback opens loopback, private opens private; link-local opens nothing."""
    policy = AddressPolicy().learning([start])
    assert {found for address, found in CLASSES.items() if policy.permits(address)} == allowed


def test_allow_private_opens_everything_but_multicast() -> None:
    """With the option, only what TCP cannot reach stays closed."""
    policy = AddressPolicy(allow_private=True)
    refused = {found for address, found in CLASSES.items() if not policy.permits(address)}
    assert refused == {AddressClass.MULTICAST}


def test_a_denied_address_is_never_connected_to(make_fetcher: MakeFetcher) -> None:
    """Loopback is not reached, by number or by name, if no start URL lives there."""
    forbidden = FaultServer("127.0.0.2")
    try:
        fetcher = make_fetcher(start_hosts=("93.184.215.14",))
        for host in ("127.0.0.2", "localhost", "[::ffff:127.0.0.2]"):
            result = fetcher.fetch(request(forbidden.url("/", host=host)))
            assert result.outcome is Outcome.POLICY
            assert "not a public address" in result.error
        assert forbidden.connections == 0
    finally:
        forbidden.close()


def test_allow_private_reaches_loopback(server: FaultServer, make_fetcher: MakeFetcher) -> None:
    """The option opens what the start URLs do not."""
    url = server.serve("/", response())
    fetcher = make_fetcher(start_hosts=(), allow_private=True)
    assert fetcher.fetch(request(url)).outcome is Outcome.OK


def test_a_name_is_judged_by_the_address_connected_to(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public name that points inside is refused; of several addresses the allowed are used."""
    answers = {b"inside.test": ["127.0.0.2"], b"both.test": ["10.0.0.7", "127.0.0.1"]}

    def resolve(host: bytes, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 0)) for text in answers[host]]

    url = server.serve("/", response())
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    outside = make_fetcher(start_hosts=("93.184.215.14",))
    assert outside.fetch(request(server.url("/", "inside.test"))).outcome is Outcome.POLICY
    assert server.connections == 0
    loopback = make_fetcher(start_hosts=("127.0.0.1",))
    assert loopback.fetch(request(url)).outcome is Outcome.OK
    assert loopback.fetch(request(server.url("/", "both.test"))).outcome is Outcome.OK
    assert server.heads[-1].startswith(b"GET / HTTP/1.1\r\nHost: both.test:")


def test_a_start_host_without_address_is_learned_later(
    server: FaultServer, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that fails at the start does not lock a loopback crawl out."""
    works = False

    def resolve(host: bytes, *_: object, **__: object) -> list[tuple[object, ...]]:
        if not works:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    server.serve("/", response())
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    fetcher = make_fetcher(start_hosts=("mine.test",))
    assert fetcher.fetch(request(server.url("/", "mine.test"))).outcome is Outcome.DNS
    works = True
    assert fetcher.fetch(request(server.url("/", "mine.test"))).outcome is Outcome.OK
