"""Makes connections: resolves the name itself, looks at every address, and connects to the address it has looked at.

Between look and connection there is no second question to the name service, so an answer that changes cannot slip through.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore

from aimwell.trust.outbound.addresses import Network, is_public
from aimwell.trust.outbound.errors import AddressRefused, NotReached

__all__ = ["CheckedNetwork", "Deadline", "Resolver", "system_addresses"]

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host; raises OSError if there are none."""


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the machine's own resolver finds them, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """When the present request must be over, and whether any of it has gone out.

    Parameters
    ----------
    monotonic
        Seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = float("inf")
        self.has_written = False

    def start(self, seconds: float) -> None:
        """Begin a request that may take so long in all."""
        self._ends_at = self._monotonic() + seconds
        self.has_written = False

    def left(self, timeout: float | None) -> float:
        """Return how long the next step may take, in seconds.

        Raises
        ------
        httpcore.ReadTimeout
            If the time is over.
        """
        left = self._ends_at - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole request took too long")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._deadline.left(timeout)
        self._deadline.has_written = True
        self._inner.write(buffer, left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to public addresses, and to those of networks that were named.

    Parameters
    ----------
    connector
        Connects to a literal address.
    resolve
        Finds the addresses of a host.
    allowed
        Networks that may be reached although they are not public.
    deadline
        Of the present request.
    """

    def __init__(
        self,
        *,
        connector: httpcore.NetworkBackend,
        resolve: Resolver,
        allowed: Sequence[Network],
        deadline: Deadline,
    ) -> None:
        self._connector, self._resolve, self._allowed, self._deadline = connector, resolve, allowed, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers.

        Raises
        ------
        AddressRefused
            If any address of the host is not public.
        NotReached
            If it has none.
        """
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as exc:
            raise NotReached(host=host, detail=exc) from exc
        for address in addresses:
            self._check(host, address)
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in addresses:
            try:
                inner = self._connector.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return _Stream(inner, self._deadline)
        raise failure

    def _check(self, host: str, address: str) -> None:
        """Refuse an address that is neither public nor of a named network; one bad address condemns the host."""
        parsed = ip_address(address)
        is_named = any(parsed.version == network.version and parsed in network for network in self._allowed)
        if not is_named and not is_public(address):
            raise AddressRefused(host=host, address=address)
