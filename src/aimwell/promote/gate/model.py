"""What the gate is asked, what it answers, and the rules it keeps: a shop's manners."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from aimwell.trust.consent.model import ChannelKind, Purpose, Standing

__all__ = [
    "ALL",
    "SUPPRESSION_REASONS",
    "UNITS",
    "Cap",
    "Contact",
    "Hours",
    "Manners",
    "Mute",
    "Send",
    "Span",
    "Suppression",
    "SuppressionReason",
    "Unit",
    "Verdict",
]

Unit = Literal["minute", "hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = get_args(Unit)

SuppressionReason = Literal["hard_bounce", "complaint", "manual", "erasure"]
SUPPRESSION_REASONS: tuple[SuppressionReason, ...] = get_args(SuppressionReason)

ALL = "all"
"""In place of a channel's name: all channels together."""

_LONGEST_MONTH = timedelta(days=31)
_FIXED = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": _LONGEST_MONTH,  # at most; `frees_at` knows how long each is
}


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One message that somebody would like to send.

    `person_id` is the canonical person's; `contact_point` the vault's keyed token of the address ("" when there is none);
    `channel` a channel of the shop and `kind` what kind it is; `message_id` names the message: asking again with the same one
    is asking about the same message.
    """

    person_id: int
    contact_point: str
    channel: str
    kind: ChannelKind
    purpose: Purpose
    campaign_id: str
    message_id: str
    time_zone: str | None  # IANA name; None or unknown: the shop's
    region: str | None  # ISO 3166, such as DE or US-CA; None: the shop's country counts for holidays
    birth_year: int | None
    others: tuple[int, ...] = ()  # further ids of the same person: accounts that are linked

    @property
    def people(self) -> tuple[int, ...]:
        """All ids of the person."""
        return (self.person_id, *self.others)

    @property
    def is_exempt(self) -> bool:
        """Transactional messages know no caps, hours, mutes or wash-out, and count for none."""
        return self.purpose == "transactional"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The gate's answer about one contact.

    Attributes
    ----------
    may
        Whether it may go now.
    reasons
        Codes of all that stands in the way (`explain.REASONS`, or the consent's own); none if it may go.
    retry_at
        If only time stands in the way: the first whole minute (naive UTC) at which nothing would, as things are now.
    consent
        What the consent ledger said.
    caps
        How full each cap that applies was before this message: "email 1 per 7 days" -> "1 of 1".
    """

    may: bool
    reasons: tuple[str, ...]
    retry_at: datetime | None
    consent: Standing
    caps: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cap:
    """At most `limit` messages to a person, and to a contact point, in any `length` units of time.

    The window is rolling: a message counts for so long after it went out, to the microsecond. A month reaches from a day to
    the same day of a later month, or to that month's last day, on the UTC clock; a day is 24 hours.

    Attributes
    ----------
    of
        A channel's name, a kind of channel, or `ALL`.
    """

    of: str
    limit: int
    length: int
    unit: Unit

    @property
    def key(self) -> str:
        """The cap as people write it: "email 1 per 7 days", "all 1 per day"."""
        every = self.unit if self.length == 1 else f"{self.length} {self.unit}s"
        return f"{self.of} {self.limit} per {every}"

    @property
    def longest(self) -> timedelta:
        """No message counts longer than this."""
        return _FIXED[self.unit] * self.length

    def covers(self, channel: str, kind: str) -> bool:
        """Say whether messages of this channel count."""
        return self.of in (ALL, channel, kind)

    def frees_at(self, counted_at: datetime) -> datetime:
        """Return the first moment at which a message of `counted_at` counts no more."""
        if self.unit != "month":
            return counted_at + self.longest
        months = counted_at.year * 12 + counted_at.month - 1 + self.length
        year, month = months // 12, months % 12 + 1
        return counted_at.replace(year=year, month=month, day=min(counted_at.day, monthrange(year, month)[1]))


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of the day on a person's wall clock, in minutes since midnight, `[start, end)`; it may pass midnight."""

    start: int
    end: int

    def covers(self, minute: int) -> bool:
        """Say whether a minute of the day lies in it."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    @property
    def shown(self) -> str:
        """The span as people write it: "21:00-08:00"."""
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.start, self.end))


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When messages of a channel may go, on the person's wall clock."""

    quiet: tuple[Span, ...] = ()
    weekdays: frozenset[int] = frozenset(range(7))  # Monday is 0
    keeps_holidays: bool = False


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a shop behaves towards the people it writes to.

    Attributes
    ----------
    time_zone, country
        The shop's own: for people whose zone or region is not known.
    caps
        All of them hold.
    hours
        Of channels that have none of their own.
    hours_of
        By a channel's name or kind; the name goes first.
    days_off
        Days that are kept like holidays, wherever holidays are kept.
    wash_out_days
        After a complaint the person gets nothing on any channel for so many days of 24 hours.
    exempt_people
        Staff and test persons: for them no cap holds. Everything else does.
    """

    time_zone: str
    country: str
    caps: tuple[Cap, ...] = ()
    hours: Hours = Hours()
    hours_of: Mapping[str, Hours] = field(default_factory=dict)
    days_off: frozenset[date] = frozenset()
    wash_out_days: int = 90
    exempt_people: frozenset[int] = frozenset()

    def hours_for(self, channel: str, kind: str) -> Hours:
        """Return the hours of a channel."""
        return self.hours_of.get(channel) or self.hours_of.get(kind) or self.hours

    @property
    def wash_out(self) -> timedelta:
        """How long a wash-out lasts."""
        return timedelta(days=self.wash_out_days)

    @property
    def memory(self) -> timedelta:
        """Messages older than this count for no cap."""
        return max((cap.longest for cap in self.caps), default=timedelta(0))


@dataclass(frozen=True, kw_only=True)
class Send:
    """A message that counts for caps. `counted_at` is when it was claimed, but never before the person's last one."""

    message_id: str
    person_id: int
    contact_point: str
    channel: str
    kind: str
    counted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """Who is never written to: a contact point, or with `contact_point` "" a person on every channel.

    `person_id` beside a contact point says whose it was (None: not known); after a complaint that person is washed out.
    `source` says where it came from, in a word such as smtp, webhook or hand: never an address.
    """

    person_id: int | None
    contact_point: str
    reason: SuppressionReason
    suppressed_at: datetime
    source: str


@dataclass(frozen=True, kw_only=True)
class Mute:
    """A person who gets no marketing while a case is open. `until` None: until somebody says so.

    It holds from when it is written down, whatever `from_at` says: a wrong clock must not open it.
    """

    person_id: int
    case_id: str
    from_at: datetime
    until: datetime | None
