"""Days that people type, as the moments at which they begin on the shop's clock."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from aimwell.shop import Shop

__all__ = ["day_began", "today_began"]


def day_began(day: datetime, shop: Shop) -> datetime:
    """Return the beginning of a day in the shop's zone, as naive UTC."""
    zone = ZoneInfo(shop.settings.time_zone)
    return datetime.combine(day.date(), time(), tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def today_began(shop: Shop) -> datetime:
    """Return the beginning of today in the shop's zone, as naive UTC."""
    now = shop.clock.now().replace(tzinfo=ZoneInfo("UTC"))
    return day_began(now.astimezone(ZoneInfo(shop.settings.time_zone)), shop)
