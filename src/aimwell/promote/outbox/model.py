"""What the outbox holds: messages and their states, how long to wait after a failure, and what a sender needs of others.

States of a message::

    queued ──► sending ──► sent | refused | dead
      ▲  │        │
      │  │        └──► queued again (the server said later; the gate said later; its sender died)
      │  └──► skipped (nobody to send to, or the gate said no) | stopped
      └── resume

`sending` is written down before anything is handed over, with the number of the sender. A sender that dies leaves such
messages behind; whoever sends next takes them back and sends them again under the same id.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

from aimwell.promote.channels.model import Message
from aimwell.trust.consent.model import ChannelKind, Purpose

__all__ = [
    "AT_ONCE",
    "MESSAGE_STATES",
    "Composer",
    "Directory",
    "Entry",
    "HandedOver",
    "MessageState",
    "Pace",
    "Parcel",
    "Point",
    "Progress",
    "Receipt",
    "RunState",
    "back_off_seconds",
    "message_id_of",
]

MessageState = Literal["queued", "sending", "sent", "refused", "dead", "skipped", "stopped"]
MESSAGE_STATES: tuple[MessageState, ...] = get_args(MessageState)
RunState = Literal["queued", "sending", "paused", "stopped", "done"]

AT_ONCE = datetime(1970, 1, 1)  # noqa: DTZ001  # naive UTC; due whatever a clock that jumps may say

_FIRST_WAIT_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 6 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One message to be: to whom, about what, through which channel. It holds no address and no content.

    Attributes
    ----------
    message_id
        `message_id_of` the four columns after it; the key by which a message is never made twice.
    offer_id
        What is offered; None: a message about no offer.
    step
        Number of the message in a series to one person, from 0.
    region, birth_year, time_zone, locale
        What is known of the person that the gate and the template need; None: unknown.
    others
        Ids of accounts that are linked to the person: their addresses are the person's too, and so is what they said.
    facts
        What the template says of the person, by name; no identifier is among it.
    products
        Ids of the products that the message shows, the first slot first.
    n_attempts
        How often it was handed over to the channel.
    """

    message_id: str
    campaign_id: str
    person_id: int
    offer_id: str | None
    step: int = 0
    channel: str
    purpose: Purpose
    region: str | None = None
    birth_year: int | None = None
    time_zone: str | None = None
    locale: str | None = None
    others: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    products: tuple[str, ...] = ()
    n_attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of one try of a message, and why; rows of `outbox_receipts`, never changed."""

    message_id: str
    campaign_id: str
    person_id: int
    offer_id: str | None
    at: datetime
    outcome: str
    reasons: tuple[str, ...] = ()
    detail: str = ""
    consent_reason: str | None = None
    consent_rule: str | None = None
    consent_proof: int | None = None
    caps: Mapping[str, str] = field(default_factory=dict)
    n_attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """A message that went out or may have, and the keyed token of the address that it went to ("": the channel has none)."""

    message_id: str
    campaign_id: str
    person_id: int
    offer_id: str | None
    channel: str
    contact_point: str
    n_attempts: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a campaign's messages are: how many are in each state, and when the next queued one is due."""

    campaign_id: str
    state: RunState
    counts: Mapping[MessageState, int]
    next_due_at: datetime | None

    @property
    def n_left(self) -> int:
        """How many are not decided yet."""
        return self.counts["queued"] + self.counts["sending"]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a sender goes about its work.

    Attributes
    ----------
    window
        At most so many messages are in flight at once: so many a killed sender may repeat.
    seconds
        A batch is made so small that its hand-over takes about this long at most; pause, stop and withdrawals are seen between.
    most_attempts
        After so many tries a message is dead.
    down_after
        After so many messages in a row that the channel put off, it is taken for down and left alone for a while.
    """

    window: int = 50
    seconds: float = 10.0
    most_attempts: int = 12
    down_after: int = 10


@dataclass(frozen=True, kw_only=True)
class Point:
    """One way to reach a person: the keyed token of an address, and the address itself, in memory only.

    Both are empty for channels that know people by their id.
    """

    token: str
    address: str = field(repr=False)


class Directory(Protocol):
    """Finds addresses, in the vault, at the moment of sending."""

    def __call__(self, person_ids: Sequence[int], kind: ChannelKind) -> Mapping[int, Sequence[Point]]:
        """Return the points of each of these people, the preferred first; who has none may be missing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """An entry and the point that it is for."""

    entry: Entry
    point: Point


class Composer(Protocol):
    """Writes messages at the moment of sending."""

    def __call__(self, parcels: Sequence[Parcel]) -> Mapping[str, Message | str]:
        """Return for each message id the message, or a code that says why there is none."""
        ...


def message_id_of(campaign_id: str, person_id: int, offer_id: str | None, *, step: int = 0) -> str:
    """Return the id of a message: the same for the same campaign, person, offer and step, so that it is never made twice.

    >>> message_id_of("spring-1", 7, "tea")
    'd3bd66c9db5e31bdb1a4c8b9cfd6c5c3'
    """
    told = "\n".join((campaign_id, str(person_id), offer_id or "", str(step)))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def back_off_seconds(key: str, n_failures: int, *, at_least: float | None = None) -> float:
    """Return how long to wait after failure number 1, 2, 3, ...: about 30, 60, 120 ... seconds, at most about 6 hours.

    Each wait is multiplied by a number between 0.5 and 1.5, drawn from a generator that `key` and the number of failures
    seed: messages that failed together do not come back together, and a replay waits as long.

    Parameters
    ----------
    key
        The message id or channel name.
    n_failures
        How often it failed, from 1.
    at_least
        What the other side asked for, in seconds.
    """
    wait = min(_FIRST_WAIT_SECONDS * 2.0 ** min(n_failures - 1, 30), _LONGEST_WAIT_SECONDS)
    jittered = wait * (0.5 + random.Random(f"{key}:{n_failures}").random())  # noqa: S311  # spreads load, hides nothing
    return max(jittered, at_least or 0.0)
