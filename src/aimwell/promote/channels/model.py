"""What is handed to a channel, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

__all__ = ["Channel", "ChannelKind", "CheckableChannel", "Delivery", "Message", "Outcome"]

ChannelKind = Literal["email", "sms", "wechat", "push", "post", "webhook"]

Outcome = Literal["sent", "deferred", "refused", "unknown"]
"""sent: the next hop has taken it. deferred: nothing was taken, try again. refused: never again, as it is.
unknown: the connection broke after the data were handed over, so it may have been taken."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to one address.

    Attributes
    ----------
    message_id
        The idempotency key: letters, digits and ``._-``, at most 200. A repeat carries the same.
    address
        E-mail address, phone number, open id: what the channel's kind of contact point is.
    text, html, subject, template_id, params
        As `aimwell.promote.content.model.Content` has them.
    headers
        More header lines of an e-mail; those that the channel writes itself may not be among them.
    unsubscribe_url
        Where one POST withdraws consent (RFC 8058); None for what needs no consent.
    """

    message_id: str
    person_id: int
    campaign_id: str
    offer_id: str | None
    channel: str
    address: str
    subject: str | None
    text: str
    html: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    unsubscribe_url: str | None = None
    template_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one message. `detail` is for people who run the shop and holds no address."""

    message_id: str
    outcome: Outcome
    detail: str
    retry_after_seconds: float | None = None
    provider_id: str | None = None


class Channel(Protocol):
    """A way out. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name in channels.toml."""
        ...

    @property
    def kind(self) -> ChannelKind:
        """What its addresses are."""
        ...

    @property
    def rate_per_second(self) -> float | None:
        """Messages per second that the sender must not exceed; None: as fast as it goes."""
        ...

    def send(self, messages: Sequence[Message]) -> Iterator[Delivery]:
        """Send messages and yield what became of each, in the same order, as each is decided; never raises for one of them."""
        ...

    def close(self) -> None:
        """Let go of connections; the next `send` makes new ones."""
        ...


class CheckableChannel(Channel, Protocol):
    """A channel that can be tried without sending anything."""

    def check(self) -> None:
        """Go as far as possible without sending.

        Raises
        ------
        ChannelDown
            If the other side cannot be reached or does not let us in.
        """
        ...
