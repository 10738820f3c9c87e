"""Days that people type, as the moments at which they begin on the shop's clock."""

from __future__ import annotations

from datetime import datetime, time

from aimwell.base.clock import local_time, utc_time
from aimwell.shop import Shop

__all__ = ["day_began", "today_began"]


def day_began(day: datetime, shop: Shop) -> datetime:
    """Return the beginning of a day in the shop's zone, as naive UTC."""
    return utc_time(datetime.combine(day.date(), time()), shop.settings.time_zone)


def today_began(shop: Shop) -> datetime:
    """Return the beginning of today in the shop's zone, as naive UTC."""
    return day_began(local_time(shop.clock.now(), shop.settings.time_zone), shop)
