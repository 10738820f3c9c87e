"""What people have said about being contacted, and what follows from it for one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

__all__ = [
    "ALL",
    "CHANNELS",
    "PARENT",
    "PURPOSES",
    "UNDATED",
    "Act",
    "Asked",
    "ChannelKind",
    "ConsentEvent",
    "Purpose",
    "Reason",
    "Scope",
    "Standing",
]

Purpose = Literal["marketing", "transactional", "analytics", "sharing", "personalisation"]
ChannelKind = Literal["email", "sms", "wechat", "push", "post", "webhook"]
Act = Literal["grant", "deny", "withdraw"]
Reason = Literal[
    "granted", "not_needed", "no_consent", "withdrawn", "denied", "expired", "too_young", "region_unknown"
]

ALL: Literal[""] = ""
"""In place of a channel or a contact point: all there are, also those to come."""

Scope = ChannelKind | Literal[""]
"""The channel an act is about; `ALL` means every one."""

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CHANNELS: tuple[ChannelKind, ...] = get_args(ChannelKind)

PARENT = "parent"
"""The source of a consent that a parent or guardian gave for a child; no other speaks for one who is too young."""


UNDATED = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC is the house rule
"""The time of a grant of which nobody knows when it was given: whatever else was said counts as later."""


@dataclass(frozen=True, kw_only=True)
class ConsentEvent:
    """One act of consent, as it happened.

    Attributes
    ----------
    person_id
        Who acted.
    contact_point
        The vault's token of the address it is about, never the address; `ALL` is every point of the channel.
    channel
        What the point belongs to; `ALL` is every channel, and then the point is `ALL` too.
    act
        "grant"; "deny": asked, and said no; "withdraw": takes an earlier grant back.
    source
        Where it was said: a shop system's name, "preference centre", "one-click", "staff"; `PARENT` for a child.
    notice
        Version of the notice that the person saw; empty where none is known.
    at
        When, naive UTC; `UNDATED` if that is not known.
    expires_at
        From this moment (naive UTC) a grant holds no longer; None: until it is withdrawn.
    proof
        Words of our own, or what `sealed_proof` made of words from outside, which may hold identifiers.
    """

    person_id: int
    contact_point: str
    channel: Scope
    purpose: Purpose
    act: Act
    source: str
    notice: str
    at: datetime
    expires_at: datetime | None = None
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question: may this person be contacted at this point, for this purpose.

    Attributes
    ----------
    contact_point
        The vault's token; `ALL` where the channel has none: then only what was said of the whole channel counts.
    channel
        `ALL` for purposes that have no channel (analytics, sharing, personalisation).
    region
        ISO 3166 code of a country or of a part of it ("CN", "US-CA"); None or any other text: unknown.
    birth_year
        None: not known, and then no age is checked.
    others
        Further ids of the same person (accounts that are linked): what they said of all points counts as well.
    """

    person_id: int
    contact_point: str
    channel: Scope
    purpose: Purpose
    region: str | None = None
    birth_year: int | None = None
    others: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The answer.

    Attributes
    ----------
    reason
        "granted", "not_needed" (the purpose needs no consent, and nobody objected); else why not: "no_consent", "withdrawn",
        "denied", "expired", "too_young", "region_unknown" (old enough in some regions but not in all, and the region is
        not known).
    proof_id
        Number of the act in the ledger that decided, or None if none did.
    rule
        The policy rule that decided, such as "gdpr.marketing" or "house.marketing".
    """

    is_allowed: bool
    reason: Reason
    proof_id: int | None
    rule: str
