"""The clock is an argument, so that a whole day can be simulated and replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["Clock", "FixedClock", "SystemClock", "local_time", "utc_time"]


class Clock(Protocol):
    """Tells the present moment as naive UTC, the way every `_at` column stores it."""

    def now(self) -> datetime:
        """Return the present moment, UTC without zone, to the microsecond."""
        ...


class SystemClock:
    """The machine's clock; made in `shop.py` only."""

    def now(self) -> datetime:
        """Return the present moment, UTC without zone."""
        return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for tests and replays."""

    moment: datetime

    def now(self) -> datetime:
        """Return always the same moment."""
        return self.moment


def local_time(at: datetime, zone: str) -> datetime:
    """Return a naive UTC moment on the wall clock of an IANA zone, naive again."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def utc_time(local: datetime, zone: str) -> datetime:
    """Return naive wall-clock time of an IANA zone as naive UTC."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
