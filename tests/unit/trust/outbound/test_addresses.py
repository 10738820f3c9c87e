"""Every special network's first and last address, and the addresses just outside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_network

import pytest

from aimwell.trust.outbound.addresses import is_public, networks

# IANA's IPv4 special-purpose registry, multicast, and one cloud's own address
SPECIAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
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
    "168.63.129.16/32",
]


@pytest.mark.parametrize("named", SPECIAL)
def test_a_special_network_is_not_public_from_first_to_last_address(named: str) -> None:
    network = IPv4Network(named)
    assert not is_public(str(network[0]))
    assert not is_public(str(network[-1]))


@pytest.mark.parametrize(
    "outside",
    [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "168.63.129.15",
        "223.255.255.255",
    ],
)
def test_the_address_just_outside_is_public(outside: str) -> None:
    assert is_public(outside)


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "::7f00:1",  # IPv4-compatible
        "::ffff:127.0.0.1",  # mapped
        "::ffff:8.8.8.8",  # mapped too: no resolver returns it for a public host
        "::ffff:0:127.0.0.1",  # translated (RFC 2765)
        "64:ff9b::127.0.0.1",  # NAT64 of loopback
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",  # Teredo
        "2001:db8::1",
        "2002:7f00:1::",  # 6to4 of loopback
        "2002:808:808::",  # and of anything
        "2606:4700::5efe:10.0.0.1",  # ISATAP
        "3fff::1",
        "3ffe::1",
        "fc00::1",
        "fd00:ec2::254",  # a cloud's metadata
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ],
)
def test_ipv6_that_is_special_or_holds_another_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["2606:4700:4700::1111", "2a00:1450:4001::5", "64:ff9b::8.8.8.8"])
def test_ipv6_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_networks_are_named_with_or_without_a_length() -> None:
    assert networks(["10.1.2.0/24", "127.0.0.1"]) == (ip_network("10.1.2.0/24"), ip_network("127.0.0.1/32"))
    assert IPv4Address("127.0.0.1") in networks(["127.0.0.1"])[0]
