"""Days that move demand: public holidays of a country, and the great shopping feasts of China and the West."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

import holidays
import numpy as np
import numpy.typing as npt

__all__ = ["CALENDAR_FEATURES", "calendar_features", "chinese_new_year", "thanksgiving"]

_FAR_DAYS = 30  # further away, a feast does not matter
_MAX_YEAR_OFFSET = 1
_SPRING_FESTIVAL = ("Chinese New Year (Spring Festival)", "Chinese New Year")

CALENDAR_FEATURES = (
    "weekday",
    "day_of_month",
    "is_holiday",
    "is_eve",
    "days_to_chinese_new_year",
    "days_to_christmas",
    "days_to_singles_day",
    "days_to_black_friday",
)


@cache
def chinese_new_year(year: int) -> date:
    """Return the first day of the first month of the moon calendar.

    >>> chinese_new_year(2024), chinese_new_year(2025)
    (datetime.date(2024, 2, 10), datetime.date(2025, 1, 29))
    """
    days = holidays.country_holidays("CN", years=year, language="en_US", observed=False)
    # The eve is a day off too in some years; in-lieu days are not the feast.
    names = {day: name.split(";") for day, name in days.items()}
    return min(day for day, said in names.items() if any(one.strip() in _SPRING_FESTIVAL for one in said))


def thanksgiving(year: int) -> date:
    """Return the fourth Thursday of November; the day after is Black Friday.

    >>> thanksgiving(2024)
    datetime.date(2024, 11, 28)
    """
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


def calendar_features(days: Sequence[date], *, country: str) -> npt.NDArray[np.float64]:
    """Return what is known of days to come.

    Parameters
    ----------
    days
        The days.
    country
        ISO 3166 code of the shop, whose public holidays count.

    Returns
    -------
    array
        (len(days), len(CALENDAR_FEATURES)). Distances are in days, negative after the feast, cut off at 30.
    """
    years = range(
        min(days).year - _MAX_YEAR_OFFSET,
        max(days).year + _MAX_YEAR_OFFSET + 1,
    )
    public = set(holidays.country_holidays(country, years=years))
    feasts = (
        [chinese_new_year(year) for year in years],
        [date(year, 12, 25) for year in years],
        [date(year, 11, 11) for year in years],
        [thanksgiving(year) + timedelta(days=1) for year in years],
    )
    rows = [
        [
            day.weekday(),
            day.day,
            day in public,
            day + timedelta(days=1) in public,
            *(_distance(day, dates) for dates in feasts),
        ]
        for day in days
    ]
    return np.array(rows, dtype=np.float64)


def _distance(day: date, feasts: Sequence[date]) -> int:
    nearest = min(((feast - day).days for feast in feasts), key=abs)
    return max(-_FAR_DAYS, min(_FAR_DAYS, nearest))
