"""Which addresses are public: all that the registries of special purpose do not name."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Network", "is_public", "networks"]

Network = IPv4Network | IPv6Network

# A list of our own, and not `is_global`: what that says has changed between versions of Python.
_SPECIAL_V4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by a provider's customers; a cloud's metadata is at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own service, on an address that is not of any registry
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = IPv6Network(
    "2000::/3"
)  # all else is reserved, unique-local, link-local, multicast, mapped, translated
_SPECIAL_V6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocols: Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside, by way of any relay
        "3fff::/20",
        "3ffe::/16",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches IPv4: judged by what is inside
_EMBEDDED = "5efe"  # ISATAP: the last four bytes are an IPv4 address


def is_public(address: str) -> bool:
    """Say whether an address is one that anybody on the internet may have.

    Not public: private, loopback, link-local, shared, multicast, reserved, documentation and metadata addresses, and IPv6 forms
    that hold any of these.

    Parameters
    ----------
    address
        An IPv4 or IPv6 address as a resolver returns it, with or without a zone.

    References
    ----------
    IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190); RFC 6052 (NAT64); RFC 5214 (ISATAP).
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _SPECIAL_V4)
    if parsed in _NAT64:
        return is_public(str(IPv4Address(int(parsed) & 0xFFFFFFFF)))
    if parsed not in _GLOBAL_V6 or any(parsed in network for network in _SPECIAL_V6):
        return False
    return not _is_isatap(parsed)


def _is_isatap(address: IPv6Address) -> bool:
    return address.exploded.split(":")[5] == _EMBEDDED


def networks(named: Iterable[str]) -> tuple[Network, ...]:
    """Return networks or single addresses by their names, such as 10.1.2.0/24.

    Raises
    ------
    ValueError
        If one is no network.
    """
    return tuple(ip_network(one) for one in named)
