"""A year ahead: months of sales from whole months before, with the feast that moves with the moon taken out and put back.

The forecast is that of `models.forecast_series`; it is tried on past horizons beside the same months of the year before, with and without the growth that all
series shared, and where one of these came closer, it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from aimwell.base.words import text
from aimwell.predict.demand.calendars import chinese_new_year
from aimwell.predict.demand.panel import Array
from aimwell.predict.demand.series.models import SeriesForecast, forecast_series, series_candidates

__all__ = [
    "MIN_MONTHS",
    "OUTLOOK_NAMES",
    "Outlook",
    "OutlookForm",
    "look_ahead",
    "months_after",
    "moon_factors",
]

OutlookForm = Literal["combined", "last_year", "last_year_grown"]
OUTLOOK_NAMES: Mapping[OutlookForm, str] = {
    "combined": text("models of the monthly series"),
    "last_year": text("the same months of the year before"),
    "last_year_grown": text("the same months of the year before, grown as all did"),
}
MIN_MONTHS = 13
_SEASON = 12
_MAX_TRIALS = 3
_STEP = 6  # months between trials
_BINS = ((-21, -14), (-14, -7), (-7, 0), (0, 7), (7, 14))  # days around Chinese New Year, half-open
_AROUND = (-49, 35)  # days that tell what is usual
_PRIOR_YEARS = 1.0
_LEAST_RATIO = 0.05
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What months are expected to bring.

    Attributes
    ----------
    form
        The forecast that is used.
    expected, low, high
        (series, months); the 80 % interval.
    errors
        By forecast: the mean absolute error of past horizons, relative to the mean absolute change from year to year; empty: none could be tried.
    n_trials
        Horizons tried.
    """

    form: OutlookForm
    expected: Array
    low: Array
    high: Array
    errors: Mapping[OutlookForm, float]
    n_trials: int


def months_after(month: date, n: int) -> list[date]:
    """Return the first days of `n` months, from `month` on.

    >>> months_after(date(2024, 12, 1), 2)
    [datetime.date(2024, 12, 1), datetime.date(2025, 1, 1)]
    """
    first = month.year * 12 + month.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + n)]


def look_ahead(values: Array, *, ahead: int, factors: Array) -> Outlook:
    """Foretell months of many series of one shop.

    Parameters
    ----------
    values
        (series, months), not negative: whole months only; `MIN_MONTHS` at least.
    ahead
        Months to foretell.
    factors
        (months + ahead,): what Chinese New Year makes of each month, as of `moon_factors`; ones where it does not matter.
    """
    n_months = values.shape[1]
    bare = values / factors[:n_months]
    ends = [n_months - ahead - _STEP * step for step in range(_MAX_TRIALS)]
    ends = [end for end in ends if end >= max(2 * _SEASON, ahead + 1)]
    errors = _tried(bare, ends, ahead=ahead)
    form: OutlookForm = min(errors, key=lambda name: errors[name]) if errors else "combined"
    said = forecast_series(bare, ahead=ahead, season=_SEASON)
    expected = said.expected if form == "combined" else _naive(bare, ahead=ahead)[form]
    to_come = factors[n_months:]
    low, high = _around(expected, said)
    return Outlook(
        form=form,
        expected=expected * to_come,
        low=low * to_come,
        high=high * to_come,
        errors=errors,
        n_trials=len(ends),
    )


def moon_factors(daily: Array, *, first_on: date, months: Sequence[date]) -> Array:
    """Return (months,): how much more (1.1) or less (0.9) a month brings because of the days around Chinese New Year in it.

    For each past feast with whole surroundings, the mean of each week around it is laid beside the median of the days further off; the ratios
    of all years are averaged and drawn to 1, the fewer the years the more.

    Parameters
    ----------
    daily
        (days,) what the whole shop sold.
    first_on
        The first of these days.
    months
        First days of months, past and to come.
    """
    rates = _moon_rates(daily, first_on=first_on)
    found = []
    for month in months:
        days = [month + timedelta(days=n) for n in range((months_after(month, 2)[1] - month).days)]
        distances = [
            min(((day - chinese_new_year(year)).days for year in (day.year, day.year + 1)), key=abs)
            for day in days
        ]
        found.append(np.mean([_rate_at(one, rates) for one in distances]))
    return np.array(found)


def _moon_rates(daily: Array, *, first_on: date) -> Array:
    years = range(first_on.year, (first_on + timedelta(days=len(daily))).year + 1)
    ratios = []
    for year in years:
        feast = (chinese_new_year(year) - first_on).days
        if feast + _AROUND[0] < 0 or feast + _AROUND[1] > len(daily):
            continue
        outside = [
            *range(feast + _AROUND[0], feast + _BINS[0][0]),
            *range(feast + _BINS[-1][1], feast + _AROUND[1]),
        ]
        usual = float(np.median(daily[outside]))
        if usual > 0:
            ratios.append([daily[feast + begin : feast + end].mean() / usual for begin, end in _BINS])
    logs = np.log(np.maximum(np.array(ratios).reshape(-1, len(_BINS)), _LEAST_RATIO))
    return np.asarray(np.exp(logs.sum(axis=0) / (len(logs) + _PRIOR_YEARS)))


def _rate_at(distance: int, rates: Array) -> float:
    return next(
        (float(rate) for (begin, end), rate in zip(_BINS, rates, strict=True) if begin <= distance < end), 1.0
    )


def _naive(values: Array, *, ahead: int) -> dict[OutlookForm, Array]:
    """Return the same months of the year before, and these grown as all series did."""
    last = values[:, -_SEASON:][:, np.arange(ahead) % _SEASON]
    grown = series_candidates(values, ahead=ahead, season=_SEASON)["last_season"]
    return {"last_year": last, "last_year_grown": grown if values.shape[1] >= 2 * _SEASON else last}


def _tried(values: Array, ends: Sequence[int], *, ahead: int) -> dict[OutlookForm, float]:
    """Return the errors of past horizons by forecast; of sums larger than chance alone every series counts alike."""
    found: dict[OutlookForm, list[float]] = {}
    for end in ends:
        past, truth = values[:, :end], values[:, end : end + ahead]
        size = np.abs(past[:, _SEASON:] - past[:, :-_SEASON]).mean(axis=1) + _TINY
        known = past[:, -_SEASON:].sum(axis=1) > 0
        said = {
            "combined": forecast_series(past, ahead=ahead, season=_SEASON).expected,
            **_naive(past, ahead=ahead),
        }
        for name, one in said.items():
            off = np.abs(truth - one).mean(axis=1) / size
            found.setdefault(name, []).append(float(off[known].mean()))
    return {name: float(np.mean(one)) for name, one in found.items()}


def _around(expected: Array, said: SeriesForecast) -> tuple[Array, Array]:
    """Return the ends of the intervals, which were learned from the errors of the combined forecast, around the one that is used."""
    return np.maximum(expected + said.low - said.expected, 0.0), expected + said.high - said.expected
