"""The clock is an argument, so that a whole day can be simulated and replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "FixedClock", "SystemClock"]


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
