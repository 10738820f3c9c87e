"""E-mail over SMTP: one connection that is kept, and for every message what became of it.

References
----------
RFC 5321 (SMTP): 2xx taken, 4xx not now, 5xx never; after the last line of the data only the server knows.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from aimwell.base.clock import Clock
from aimwell.promote.channels.errors import ChannelDown, MessageUnfit
from aimwell.promote.channels.fitness import checked, deferred, refused, without_addresses
from aimwell.promote.channels.mail import MailFrom, compose, envelope_address
from aimwell.promote.channels.model import ChannelKind, Delivery, Message

__all__ = ["Security", "SmtpChannel", "SmtpServer"]

Security = Literal["starttls", "tls", "none"]

_LEADING_DOT = re.compile(rb"(?m)^\.")
_QUEUED_AS = re.compile(r"queued as (\S{1,100})", re.IGNORECASE)
_CLOSING = 421
_GO_ON = 354


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over, and how.

    Attributes
    ----------
    timeout_seconds
        Of each step; a server that is slower than this is given up.
    """

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0


class SmtpChannel:
    """Sends e-mails to a server, one after the other over one connection.

    Parameters
    ----------
    name
        In channels.toml.
    tls
        Whose certificates are trusted; None: those that the machine trusts.
    """

    kind: ChannelKind = "email"

    def __init__(
        self,
        *,
        name: str,
        server: SmtpServer,
        sender: MailFrom,
        clock: Clock,
        rate_per_second: float | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name, self.rate_per_second = name, rate_per_second
        self.server, self.sender = server, sender
        self._clock, self._tls = clock, tls
        self._connection: smtplib.SMTP | None = None

    def send(self, messages: Sequence[Message]) -> Iterator[Delivery]:
        """Send messages and yield what became of each; once the server is out of reach, the rest of them is deferred at once."""
        down: ChannelDown | None = None
        for message, problem in checked(messages, kind=self.kind):
            if problem is not None:
                yield refused(message, problem)
                continue
            if down is None:
                try:
                    yield self._send(message)
                except MessageUnfit as exc:
                    yield refused(message, exc)
                    continue
                except ChannelDown as exc:
                    down = exc
                else:
                    continue
            yield deferred(message, down)

    def check(self) -> None:
        """Connect and log in, and send nothing.

        Raises
        ------
        ChannelDown
        """
        self.close()
        self._connected()
        self.close()

    def close(self) -> None:
        """Say goodbye to the server."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.quit()
            self._drop()

    def _send(self, message: Message) -> Delivery:
        recipient = envelope_address(message.address)
        mail = compose(message, sender=self.sender, now=self._clock.now())
        answer = self._begun(message, recipient)
        if answer is not None:
            return answer
        return self._hand_over(message, mail)

    def _begun(self, message: Message, recipient: str) -> Delivery | None:
        """Name sender and recipient; return what became of the message if it ends there.

        A connection that was kept may have been closed meanwhile: nothing was handed over, so a new one is tried, once.
        """
        was_kept = self._connection is not None
        try:
            return self._named(message, recipient)
        except ChannelDown:
            raise
        except OSError as exc:  # smtplib's own errors are some too
            self._drop()
            if not was_kept:
                raise self._down(exc) from exc
        return self._begun(message, recipient)

    def _named(self, message: Message, recipient: str) -> Delivery | None:
        connection = self._connected()
        code, said = connection.mail(self.sender.envelope)
        if not _is_taken(
            code
        ):  # our own address is not the recipient's fault: try again, whatever the number
            return self._turned_down(message, min(code, 499), said)
        code, said = connection.rcpt(recipient)
        if not _is_taken(code):
            return self._turned_down(message, code, said)
        code, said = connection.docmd("DATA")
        return None if code == _GO_ON else self._turned_down(message, code, said)

    def _hand_over(self, message: Message, mail: bytes) -> Delivery:
        """Send the data; from here on only the server knows whether it has the message."""
        connection = self._connected()
        try:
            connection.send(_LEADING_DOT.sub(b"..", mail) + b".\r\n")
            code, said = connection.getreply()
        except OSError as exc:
            self._drop()
            return self._unknown(message, str(exc))
        line = _line(code, said)
        if code >= 400:
            return self._turned_down(message, code, said)
        if not _is_taken(code):
            self._drop()
            return self._unknown(message, line)
        queued = _QUEUED_AS.search(line)
        return Delivery(
            message_id=message.message_id,
            outcome="sent",
            detail=line,
            provider_id=queued[1] if queued else None,
        )

    def _unknown(self, message: Message, said: str) -> Delivery:
        detail = without_addresses(f"after the data: {said}")
        return Delivery(message_id=message.message_id, outcome="unknown", detail=detail)

    def _turned_down(self, message: Message, code: int, said: bytes) -> Delivery:
        """Return what a number means that does not take the message, and make the connection ready for the next."""
        if code == _CLOSING:
            self._drop()
        elif self._connection is not None:
            try:
                self._connection.rset()
            except OSError:
                self._drop()
        line = _line(code, said)
        return refused(message, line) if code >= 500 else deferred(message, line)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            try:
                self._connection = self._opened()
            except OSError as exc:
                raise self._down(exc) from exc
        return self._connection

    def _opened(self) -> smtplib.SMTP:
        server, own_name = self.server, self.sender.domain  # else smtplib asks the name service for one
        tls = self._tls or ssl.create_default_context()
        wait = server.timeout_seconds
        connection: smtplib.SMTP = (
            smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=wait, context=tls)
            if server.security == "tls"
            else smtplib.SMTP(server.host, server.port, own_name, timeout=wait)
        )
        try:
            if server.security == "starttls":
                connection.starttls(context=tls)
            connection.ehlo_or_helo_if_needed()
            if server.user is not None and server.password is not None:
                connection.login(server.user, server.password)
        except OSError:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _down(self, exc: Exception) -> ChannelDown:
        return ChannelDown(channel=self.name, detail=without_addresses(str(exc)) or type(exc).__name__)


def _is_taken(code: int) -> bool:
    return 200 <= code < 300


def _line(code: int, said: bytes) -> str:
    return without_addresses(f"{code} {said.decode('utf-8', 'replace')}")
