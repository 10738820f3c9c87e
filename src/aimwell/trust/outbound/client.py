"""The client itself: limits on address, size, time and redirects."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

from aimwell.base.words import Sentence, text
from aimwell.trust.outbound.addresses import Network
from aimwell.trust.outbound.errors import AnswerTooLarge, NoAnswer, NotReached, TooManyRedirects, UrlRefused
from aimwell.trust.outbound.network import CheckedNetwork, Deadline, Resolver, system_addresses

__all__ = ["Answer", "OutboundClient"]

_CONNECTIONS = 4


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class OutboundClient:
    """Sends HTTP requests, to public addresses only; for one thread at a time.

    Every hop of a redirect is looked at again. Proxies of the environment are not used: they would resolve the name elsewhere.

    Parameters
    ----------
    allowed
        Networks that may be reached although they are not public; none by default.
    schemes
        Of URLs that may be asked for.
    max_bytes
        Of an answer's body.
    max_seconds
        Of one request, all its redirects included.
    max_redirects
        Followed for GET and HEAD only; the answer to any other request is returned as it is.
    resolve, connector, monotonic, tls
        What stands in for the machine's resolver, its network and its clock, and whose certificates are trusted.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        schemes: Collection[str] = ("https",),
        max_bytes: int = 1_048_576,
        max_seconds: float = 30.0,
        max_redirects: int = 3,
        resolve: Resolver = system_addresses,
        connector: httpcore.NetworkBackend | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._schemes, self._max_bytes = tuple(schemes), max_bytes
        self._max_seconds, self._max_redirects = max_seconds, max_redirects
        self._deadline = Deadline(monotonic)
        network = CheckedNetwork(
            connector=connector or httpcore.SyncBackend(),
            resolve=resolve,
            allowed=allowed,
            deadline=self._deadline,
        )
        pool = httpcore.ConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(),
            max_connections=_CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=network,
        )
        self._client = httpx.Client(
            transport=_Transport(pool),
            trust_env=False,
            timeout=max_seconds,
            headers={"User-Agent": "Aimwell", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def request(
        self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and return its answer.

        Raises
        ------
        UrlRefused, AddressRefused
            If it is not to be sent at all.
        NotReached
            If nothing of it went out.
        NoAnswer, AnswerTooLarge
            If it went out and no whole answer came.
        TooManyRedirects
            If the chain is too long.
        """
        self._deadline.start(self._max_seconds)
        request = self._request(method, url, body=body, headers=headers or {})
        for _ in range(self._max_redirects + 1):
            self._check(request.url)
            with self._said(request.url.host):
                response = self._client.send(request, stream=True)
                following = response.next_request if method in ("GET", "HEAD") else None
                answer = self._read(response, is_wanted=following is None)
            if following is None:
                return answer
            request = following
        raise TooManyRedirects(host=httpx.URL(url).host, limit=self._max_redirects)

    def _request(self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> httpx.Request:
        try:
            return self._client.build_request(method, url, content=body, headers=dict(headers))
        except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as exc:
            problem = Sentence(text("it cannot be read"))
            raise UrlRefused(host=url[:100], problem=problem, allowed=self._allowed) from exc

    def _check(self, url: httpx.URL) -> None:
        if url.scheme not in self._schemes:
            problem = Sentence(text("its scheme is `{scheme}`"), {"scheme": url.scheme})
        elif url.userinfo:
            problem = Sentence(text("it holds a user or password"))
        elif not url.host:
            problem = Sentence(text("it has no host"))
        else:
            return
        raise UrlRefused(host=url.host, problem=problem, allowed=self._allowed)

    @property
    def _allowed(self) -> str:
        return ", ".join(f"{scheme}://host/path" for scheme in self._schemes)

    @contextmanager
    def _said(self, host: str) -> Iterator[None]:
        """Tell a request that never went out from one that may have been received."""
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.TimeoutException) as exc:
            detail = str(exc) or type(exc).__name__
            if self._deadline.has_written:
                raise NoAnswer(host=host, detail=detail) from exc
            raise NotReached(host=host, detail=detail) from exc

    def _read(self, response: httpx.Response, *, is_wanted: bool) -> Answer:
        """Read an answer up to the limit. It is asked for uncompressed and never unpacked, so the limit is on what is kept."""
        parts: list[bytes] = []
        n_bytes = 0
        try:
            for part in response.iter_raw() if is_wanted else ():
                n_bytes += len(part)
                if n_bytes > self._max_bytes:
                    raise AnswerTooLarge(host=response.url.host, limit=self._max_bytes)
                parts.append(part)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=b"".join(parts))


class _Transport(httpx.BaseTransport):
    """Hands requests to a pool of connections that has a network of its own."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.read(),
            extensions=request.extensions,
        )
        with _translated():
            answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as exc:
        raise httpx.TransportError(str(exc) or type(exc).__name__) from exc
    except httpcore.UnsupportedProtocol as exc:
        raise httpx.UnsupportedProtocol(str(exc)) from exc
