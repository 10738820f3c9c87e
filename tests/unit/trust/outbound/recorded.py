"""A network of nobody: names and connections are made up, and every connection is counted."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpcore

from aimwell.trust.outbound import OutboundClient

_TLS = ssl.create_default_context()  # takes long to make
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class RecordedStream(httpcore.MockStream):
    """Answers what it was given; remembers what was written and under which name TLS was begun."""

    def __init__(self, parts: list[bytes], log: list[str]) -> None:
        super().__init__(list(parts))
        self.log = log
        self.written = b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.written += buffer

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self.log.append(f"tls {server_hostname}")
        return self


class RecordedNetwork(httpcore.NetworkBackend):
    """Takes every connection and answers each with the next of its answers."""

    def __init__(self, *answers: bytes | list[bytes] | Exception) -> None:
        self.answers = list(answers)
        self.log: list[str] = []
        self.streams: list[RecordedStream] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        self.log.append(f"connect {host} {port}")
        answer = self.answers.pop(0) if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        stream = RecordedStream([answer] if isinstance(answer, bytes) else answer, self.log)
        self.streams.append(stream)
        return stream


def names(known: Mapping[str, Sequence[str]]) -> Callable[[str, int], list[str]]:
    """Resolve these names, and literal addresses as the machine reads them, however they are written."""

    def resolve(host: str, port: int) -> list[str]:
        if host in known:
            return list(known[host])
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    return resolve


def client_of(network: RecordedNetwork, known: Mapping[str, Sequence[str]], **more: Any) -> OutboundClient:
    """Return a client on this network, with these names."""
    given = {"schemes": ("https", "http"), "tls": _TLS} | more
    return OutboundClient(connector=network, resolve=names(known), **given)
