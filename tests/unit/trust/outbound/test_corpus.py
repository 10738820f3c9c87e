"""GUARANTEES 27: at least 300 URLs that lead to private addresses, however they are written: 0 connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from aimwell.base.errors import UserError
from aimwell.trust.outbound.addresses import networks

from .recorded import RecordedNetwork, client_of

TARGETS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",  # of containers
    "100.100.100.200",  # of Alibaba Cloud
    "100.64.0.1",
    "168.63.129.16",  # of Azure
    "192.0.0.192",  # of Oracle Cloud
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
]
IPV6 = [
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "fec0::1",
    "2001:db8::1",
    "2001::1",
    "100::1",
]


def spellings(address: str) -> Iterator[str]:
    """Yield the ways to write an IPv4 address that resolvers and URL parsers are known to read."""
    number = int(IPv4Address(address))
    a, b, c, d = address.split(".")
    yield address
    yield str(number)
    yield hex(number)
    yield hex(number).upper().replace("0X", "0x")
    yield f"0{number:o}"
    yield ".".join(hex(int(part)) for part in (a, b, c, d))
    yield ".".join(f"0{int(part):o}" for part in (a, b, c, d))
    yield ".".join(f"{int(part):#06x}" for part in (a, b, c, d))
    yield f"{a}.{int(b) * 65536 + int(c) * 256 + int(d)}"
    yield f"{a}.{b}.{int(c) * 256 + int(d)}"
    yield f"0x{int(a):x}.0{int(b):o}.{int(c) * 256 + int(d)}"
    for form in ("::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "::{}"):
        yield f"[{form.format(address)}]"
    yield f"[{IPv6Address(int(IPv6Address('2002::')) | number << 80)}]"  # 6to4
    yield f"[{IPv6Address(int(IPv6Address('2001::')) | (number ^ 0xFFFFFFFF))}]"  # Teredo's client
    yield f"[2606:4700::5efe:{address}]"  # ISATAP
    yield "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in address)  # full-width digits
    yield address.replace(".", "\N{IDEOGRAPHIC FULL STOP}")
    yield address + "."


def corpus() -> list[str]:
    """Return all URLs: spellings, ports and paths, names that resolve to the targets, tricks with @ and #."""
    urls = []
    for place, target in enumerate(TARGETS):
        urls += [f"http://{spelling}/latest/meta-data/" for spelling in spellings(target)]
        urls += [f"https://{target}:8443/", f"http://user@{target}/", f"http://shop.example@{target}/"]
        urls += [
            f"http://name{place}.example/",
            f"https://name{place}.example:443/x",
            f"http://both{place}.example/",
        ]
    urls += [f"http://[{address}]:{port}/" for address in IPV6 for port in (80, 443)]
    urls += ["http://localhost/", "http://localhost./", "http://shop.example#@127.0.0.1/"]
    return urls


NAMES = {f"name{place}.example": [target] for place, target in enumerate(TARGETS)} | {
    f"both{place}.example": ["93.184.216.34", target] for place, target in enumerate(TARGETS)
}
LOCAL = {"localhost": ["127.0.0.1", "::1"], "localhost.": ["127.0.0.1"]}


def test_no_url_of_the_corpus_leads_to_a_connection() -> None:
    urls = corpus()
    assert len(set(urls)) >= 300
    network = RecordedNetwork()
    client = client_of(network, NAMES | LOCAL)
    refused = 0
    for url in urls:
        try:
            client.request("GET", url)
        except UserError:
            refused += 1
    assert network.log == []
    assert refused == len(urls)


def test_no_redirect_to_the_corpus_leads_to_a_second_connection() -> None:
    for url in corpus():
        location = url.encode("utf-8")
        answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        network = RecordedNetwork(answer)
        client = client_of(network, NAMES | LOCAL | {"start.example": ["93.184.216.34"]})
        with suppress(UserError):
            client.request("GET", "http://start.example/")
        assert network.log == ["connect 93.184.216.34 80"], url


def test_the_corpus_would_connect_if_addresses_were_not_looked_at() -> None:
    """Guards the test itself: with every network allowed, most of the same URLs do connect."""
    network = RecordedNetwork()
    client = client_of(network, NAMES | LOCAL, allowed=networks(["0.0.0.0/0", "::/0"]))
    connected = 0
    for url in corpus():
        try:
            connected += client.request("GET", url).status == 200
        except UserError:
            continue
    assert connected > 250
