"""What the client refuses, what it follows, and where it stops."""

from __future__ import annotations

from itertools import count

import httpcore
import pytest

from aimwell.trust.outbound import (
    AddressRefused,
    AnswerTooLarge,
    NoAnswer,
    NotReached,
    TooManyRedirects,
    UrlRefused,
)
from aimwell.trust.outbound.addresses import networks

from .recorded import OK, RecordedNetwork, client_of

PUBLIC = {"shop.example": ["93.184.216.34"], "other.example": ["93.184.216.35"]}


def redirect(to: str, status: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def test_it_connects_to_the_address_it_has_looked_at_under_the_name_it_was_asked_for() -> None:
    network = RecordedNetwork(OK)
    answer = client_of(network, PUBLIC).request("GET", "https://shop.example/x?y=1")
    assert (answer.status, answer.body) == (200, b"ok")
    assert network.log == ["connect 93.184.216.34 443", "tls shop.example"]
    assert network.streams[0].written.startswith(b"GET /x?y=1 HTTP/1.1\r\nHost: shop.example\r\n")


def test_the_second_address_is_tried_when_the_first_does_not_answer() -> None:
    network = RecordedNetwork(httpcore.ConnectError("no route"), OK)
    client = client_of(network, {"shop.example": ["2606:4700::1", "93.184.216.34"]})
    assert client.request("GET", "https://shop.example/").status == 200
    assert network.log[:2] == ["connect 2606:4700::1 443", "connect 93.184.216.34 443"]


def test_one_private_address_among_public_ones_condemns_the_host() -> None:
    network = RecordedNetwork()
    client = client_of(network, {"shop.example": ["93.184.216.34", "10.0.0.1"]})
    with pytest.raises(AddressRefused) as caught:
        client.request("GET", "https://shop.example/")
    assert caught.value.values == {"host": "shop.example", "address": "10.0.0.1"}
    assert network.log == []


def test_a_name_that_turns_private_later_is_refused_later() -> None:
    """DNS rebinding: each connection asks once, and goes where the answer it looked at says."""
    answers = {"shop.example": ["93.184.216.34"]}
    network = RecordedNetwork(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    client = client_of(network, answers)
    assert client.request("GET", "https://shop.example/").status == 200
    answers["shop.example"] = ["127.0.0.1"]
    with pytest.raises(AddressRefused):
        client.request("GET", "https://shop.example/")
    assert [line for line in network.log if line.startswith("connect")] == ["connect 93.184.216.34 443"]


def test_a_redirect_to_another_host_is_followed_without_the_credentials() -> None:
    network = RecordedNetwork(redirect("https://other.example/b"), OK)
    client = client_of(network, PUBLIC)
    answer = client.request("GET", "https://shop.example/a", headers={"Authorization": "Bearer s3cret"})
    assert answer.status == 200
    assert b"s3cret" in network.streams[0].written
    assert b"s3cret" not in network.streams[1].written


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1/", "https://[::1]/", "https://0x7f.1/", "//169.254.169.254/"]
)
def test_a_redirect_to_a_private_address_is_not_followed(to: str) -> None:
    network = RecordedNetwork(redirect(to), OK)
    with pytest.raises(AddressRefused):
        client_of(network, PUBLIC).request("GET", "https://shop.example/")
    assert network.log == ["connect 93.184.216.34 443", "tls shop.example"]


def test_a_redirect_down_to_http_is_refused_where_only_https_is_allowed() -> None:
    network = RecordedNetwork(redirect("http://shop.example/"), OK)
    with pytest.raises(UrlRefused):
        client_of(network, PUBLIC, schemes=("https",)).request("GET", "https://shop.example/")
    assert len(network.streams) == 1


def test_a_post_is_never_sent_on() -> None:
    network = RecordedNetwork(redirect("https://other.example/", "307 Temporary Redirect"), OK)
    answer = client_of(network, PUBLIC).request("POST", "https://shop.example/", body=b"{}")
    assert answer.status == 307
    assert len(network.streams) == 1


def test_a_long_chain_of_redirects_ends() -> None:
    network = RecordedNetwork(*[redirect("https://shop.example/again")] * 9)
    with pytest.raises(TooManyRedirects):
        client_of(network, PUBLIC, max_redirects=3).request("GET", "https://shop.example/")
    assert len(network.streams) == 4  # the first and three more


def test_a_named_network_may_be_reached_although_it_is_private() -> None:
    network = RecordedNetwork(OK)
    client = client_of(network, {"gateway.local": ["10.1.2.3"]}, allowed=networks(["10.1.2.0/24"]))
    assert client.request("GET", "http://gateway.local/").status == 200
    with pytest.raises(AddressRefused):
        client.request("GET", "http://10.1.3.3/")


def test_an_answer_beyond_the_limit_is_not_read_to_its_end() -> None:
    parts = [b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", *[b"x" * 1000] * 4]
    network = RecordedNetwork(parts)
    with pytest.raises(AnswerTooLarge):
        client_of(network, PUBLIC, max_bytes=1500).request("GET", "https://shop.example/")
    exact = client_of(RecordedNetwork(list(parts)), PUBLIC, max_bytes=4000)
    assert len(exact.request("GET", "https://shop.example/").body) == 4000


def test_a_packed_answer_is_not_unpacked() -> None:
    """So a few bytes cannot become gigabytes."""
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    assert client_of(RecordedNetwork(packed), PUBLIC).request("GET", "https://shop.example/").body == b"abc"


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    """The clock moves a second at each look; each byte comes in time, and the whole does not."""
    ticks = count()
    drops = [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b"x"] * 100]
    client = client_of(RecordedNetwork(drops), PUBLIC, max_seconds=20.0, monotonic=lambda: float(next(ticks)))
    with pytest.raises(NoAnswer):
        client.request("GET", "https://shop.example/")
    assert next(ticks) < 30


def test_what_never_went_out_is_told_from_what_may_have_arrived() -> None:
    refused = RecordedNetwork(httpcore.ConnectError("connection refused"))
    with pytest.raises(NotReached):
        client_of(refused, PUBLIC).request("POST", "https://shop.example/")
    silent = RecordedNetwork([b""])
    with pytest.raises(NoAnswer):
        client_of(silent, PUBLIC).request("POST", "https://shop.example/")


def test_an_unknown_name_is_not_reached() -> None:
    with pytest.raises(NotReached):
        client_of(RecordedNetwork(), {}).request("GET", "https://nowhere.example/")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    network = RecordedNetwork(OK)
    client_of(network, PUBLIC).request("GET", "https://shop.example/")
    assert network.log == ["connect 93.184.216.34 443", "tls shop.example"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https://user:pw@shop.example/",
        "https:///x",
        "gopher://x",
        "",
        "x\n",
    ],
)
def test_other_urls_are_refused_before_anything_is_resolved(url: str) -> None:
    network = RecordedNetwork()
    with pytest.raises(UrlRefused):
        client_of(network, PUBLIC).request("GET", url)
    assert network.log == []
