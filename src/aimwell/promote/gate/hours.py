"""When messages may go on a person's wall clock: quiet hours, weekdays, holidays, through changes of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

import holidays

from aimwell.base.clock import local_time, utc_time
from aimwell.promote.gate.model import Hours

__all__ = ["Place", "closed", "has_holidays", "next_open", "whole_minute"]

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_FARTHEST_DAYS = 400  # weekdays and holidays come round within a year
_ANSWERS = 20_000  # a batch asks about few places and minutes, again and again


@dataclass(frozen=True)
class Place:
    """Where a person is: an IANA zone, the country (or part of it, such as DE-BY) and the shop's own days off."""

    zone: str
    region: str
    days_off: frozenset[date] = frozenset()

    def of(self, zone: str | None, region: str | None) -> Place:
        """Return the place of a person; what is not known, or is no zone or country, is taken from this one."""
        return Place(
            zone=zone if zone is not None and zone in _zones() else self.zone,
            region=region if region is not None and has_holidays(region) else self.region,
            days_off=self.days_off,
        )


def closed(at: datetime, *, hours: Hours, place: Place) -> tuple[str, ...]:
    """Return what keeps messages from going at a moment (naive UTC): holiday, weekday, quiet_hours; () if nothing."""
    return _closed(at.replace(second=0, microsecond=0), hours, place)


def next_open(at: datetime, *, hours: Hours, place: Place) -> datetime | None:
    """Return the first whole minute (naive UTC) from `at` on when messages may go; None: not within 400 days.

    The answer can only turn to open when a wall clock comes to a midnight or to the end of a quiet span, or when the
    clock itself is changed. So these moments are tried, in their order.
    """
    return _next_open(whole_minute(at), hours, place)


def whole_minute(at: datetime) -> datetime:
    """Return the first whole minute that is not before a moment."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + _MINUTE


def has_holidays(region: str) -> bool:
    """Say whether the holidays of a country, or a part of one, such as DE or DE-BY, are known."""
    return region.partition("-")[0] in _parts_by_country()


@lru_cache(maxsize=_ANSWERS)
def _closed(minute: datetime, hours: Hours, place: Place) -> tuple[str, ...]:
    local = local_time(minute, place.zone)
    day = local.date()
    found = []
    if hours.keeps_holidays and (day in place.days_off or day in _holidays(place.region, day.year)):
        found.append("holiday")
    if local.weekday() not in hours.weekdays:
        found.append("weekday")
    if any(span.covers(local.hour * 60 + local.minute) for span in hours.quiet):
        found.append("quiet_hours")
    return tuple(found)


@lru_cache(maxsize=_ANSWERS)
def _next_open(at: datetime, hours: Hours, place: Place) -> datetime | None:
    if not _closed(at, hours, place):
        return at
    for n_days in range(_FARTHEST_DAYS):
        start = at + n_days * _DAY
        for moment in sorted(_changes(start, hours, place.zone)):
            if not _closed(moment, hours, place):
                return moment
    return None


def _changes(start: datetime, hours: Hours, zone: str) -> Iterator[datetime]:
    """Yield the moments within `(start, start + 1 day]` at which the answer can turn to open."""
    end = start + _DAY
    day, last = local_time(start, zone).date() - _DAY, local_time(end, zone).date() + _DAY
    while day <= last:  # a day more at both ends: a clock that is put back at midnight comes to a day again
        for minute in {0, *(span.end for span in hours.quiet)}:
            wall = datetime.combine(day, time()) + timedelta(minutes=minute)
            for fold in (0, 1):  # one moment, or both when the clock comes to it twice
                moment = utc_time(wall.replace(fold=fold), zone)
                if start < moment <= end:
                    yield moment
        day += _DAY
    if _offset(start, zone) != _offset(end, zone):
        yield _change_of_clock(start, end, zone)


def _change_of_clock(before: datetime, after: datetime, zone: str) -> datetime:
    """Return the minute at which the zone's clock is put forward or back."""
    while after - before > _MINUTE:
        middle = before + (after - before) // (2 * _MINUTE) * _MINUTE
        if _offset(middle, zone) == _offset(before, zone):
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, zone: str) -> timedelta:
    return local_time(at, zone) - at


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _parts_by_country() -> dict[str, list[str]]:
    return holidays.list_supported_countries()


@lru_cache(maxsize=1_000)
def _holidays(region: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country, with those of the part that the region names if it has some of its own."""
    country, _, part = region.partition("-")
    known = _parts_by_country()[country]
    return frozenset(holidays.country_holidays(country, subdiv=part if part in known else None, years=year))
