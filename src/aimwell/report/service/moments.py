"""Moments on the shop's wall clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

__all__ = ["local_time"]


def local_time(at: datetime, zone: str) -> datetime:
    """Return a naive UTC moment on the wall clock of an IANA zone, naive again."""
    return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
