"""Which IP addresses may be connected to. Pure: addresses come in as text.

A public page must not be able to send the crawler into the network that it runs in
(server-side request forgery), while a crawl of one's own loopback or intranet site
must work without an option. So an address that is not globally routable is allowed
only if a start URL lives at an address of the same class.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable

import msgspec

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


class AddressClass(enum.StrEnum):
    """What an address can reach."""

    GLOBAL = "global"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    RESERVED = "reserved"
    MULTICAST = "multicast"


def classify(address: str) -> AddressClass:
    """Return the class of an IPv4 or IPv6 address (a zone as in `fe80::1%eth0` is ignored).

    IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4) are judged by it,
    because that is where the packets go. Raises ValueError if it is no address.
    """
    found = _inner(ipaddress.ip_address(address.partition("%")[0]))
    if found.is_loopback:
        return AddressClass.LOOPBACK
    if found.is_link_local:
        return AddressClass.LINK_LOCAL
    if found.is_multicast:
        return AddressClass.MULTICAST
    if found.is_unspecified or found.is_reserved or _this_network(found):
        return AddressClass.RESERVED
    if isinstance(found, ipaddress.IPv6Address) and found.is_site_local:
        return AddressClass.PRIVATE
    return AddressClass.GLOBAL if found.is_global else AddressClass.PRIVATE


class AddressPolicy(msgspec.Struct, frozen=True):
    """What may be connected to besides globally routable addresses."""

    classes: frozenset[AddressClass] = frozenset()
    """Loopback and private count here; the other classes need `allow_private`."""
    allow_private: bool = False

    def learning(self, addresses: Iterable[str]) -> AddressPolicy:
        """This policy, widened by the classes of a start host's `addresses`."""
        return AddressPolicy(self.classes | frozenset(map(classify, addresses)), self.allow_private)

    def permits(self, address: str) -> bool:
        """True if `address` may be connected to. Multicast never: TCP cannot reach it."""
        found = classify(address)
        if found is AddressClass.GLOBAL:
            return True
        if found is AddressClass.MULTICAST:
            return False
        if self.allow_private:
            return True
        return found in (AddressClass.LOOPBACK, AddressClass.PRIVATE) and found in self.classes


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _this_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # 0.0.0.0/8 reaches this very host on Linux (RFC 1122 §3.2.1.3).
    return isinstance(address, ipaddress.IPv4Address) and address.packed[0] == 0
