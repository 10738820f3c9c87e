"""Outlook: what the next months are expected to bring, computed when asked, from whole months of the shop's past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import holidays
import ibis
import numpy as np

from aimwell.base.words import Sentence, text
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.demand.panel import Array
from aimwell.predict.demand.series.outlook import (
    MIN_MONTHS,
    OUTLOOK_NAMES,
    Outlook,
    look_ahead,
    months_after,
    moon_factors,
)
from aimwell.predict.demand.service.gather import Source
from aimwell.predict.demand.tables.sales import day_sums, month_sums
from aimwell.predict.model import Abstention
from aimwell.storage.lake.lake import Lake

__all__ = ["MonthAhead", "OutlookBy", "ShopOutlook", "demand_outlook"]

OutlookBy = Literal["total", "category", "channel"]
_MAX_DAYS = 3_660
_MAX_KEYS = 200
_FULL_SEASONS = 24
_THOUSAND = 1000.0
_MOON = "Chinese New Year"


@dataclass(frozen=True, kw_only=True)
class MonthAhead:
    """One month of one key.

    Attributes
    ----------
    key
        The category or channel; "" for the whole shop, and for keys without a series of their own.
    month_on
        Its first day.
    expected_units, low_units, high_units
        Units, with the 80 % interval.
    expected_revenue_minor, low_revenue_minor, high_revenue_minor
        Sales after discounts, in minor units.
    """

    key: str
    month_on: date
    expected_units: float
    low_units: float
    high_units: float
    expected_revenue_minor: int
    low_revenue_minor: int
    high_revenue_minor: int


@dataclass(frozen=True, kw_only=True)
class ShopOutlook:
    """The months, and what to know of them.

    Attributes
    ----------
    months
        By key, those of most expected sales first, and month.
    first_on, n_months
        The whole months that were learned from.
    notes
        Which forecast was used and what it was tried against; what was not seen.
    """

    months: Sequence[MonthAhead]
    first_on: date
    n_months: int
    notes: Sequence[Sentence]


@dataclass(frozen=True, kw_only=True)
class _Months:
    """Whole months: keys, and (keys, months) of units and sales."""

    keys: Sequence[str]
    months: Sequence[date]
    units: Array
    net_minor: Array


def demand_outlook(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    country: str,
    months: int = 12,
    by: OutlookBy = "total",
    known_at: datetime | None = None,
) -> ShopOutlook | Abstention:
    """Foretell the months after the last whole one before `as_of`.

    Parameters
    ----------
    lake, time_zone, country, known_at
        As in `fit_demand`.
    as_of
        Only what was sold before is seen; the month under way is left out, and foretold.
    months
        How many.
    by
        The whole shop, its categories, or its channels; at most 200 keys, whose months are made to add up to those of the whole shop.

    Returns
    -------
    ShopOutlook or Abstention
        The latter where there are fewer than 13 whole months.
    """
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=CATEGORY_DEPTH,
        max_products=0,
        known_at=known_at,
    )
    whole = _gather(source, by="total")
    if whole is None or len(whole.months) < MIN_MONTHS:
        return _too_short(0 if whole is None else len(whole.months))
    parts = whole if by == "total" else _gather(source, by=by)
    factors = _factors(source, whole.months, ahead=months, country=country)
    found = {
        name: look_ahead(getattr(whole, name), ahead=months, factors=factors)
        for name in ("units", "net_minor")
    }
    shown = found
    if parts is not None and parts is not whole:
        shown = {
            name: _added_up(look_ahead(getattr(parts, name), ahead=months, factors=factors), found[name])
            for name in found
        }
    return ShopOutlook(
        months=_rows(parts or whole, shown, ahead=months),
        first_on=whole.months[0],
        n_months=len(whole.months),
        notes=_notes(found["net_minor"], n_months=len(whole.months), has_moon=bool((factors != 1).any())),
    )


def _gather(source: Source, *, by: OutlookBy) -> _Months | None:
    """Return whole months: from the first after the first sale, to the last that is over."""
    lines = source.lines(_MAX_DAYS)
    key = {
        "total": ibis.literal(""),
        "category": lines.category,
        "channel": lines.channel,
    }[by]
    rows = source.lake.engine.rows(month_sums(lines, key, max_keys=_MAX_KEYS))
    first = source.lake.engine.rows(lines.agg(day_on=lines.day_on.min()))[0]["day_on"]
    if first is None:
        return None
    begin = date(first.year, first.month, 1)
    begin = begin if first == begin else months_after(begin, 2)[1]
    end = source.until_on.replace(day=1)
    n_months = (end.year - begin.year) * 12 + end.month - begin.month
    if n_months < 1:
        return None
    months = months_after(begin, n_months)
    keys = sorted({row["key"] for row in rows})
    column, place = {month: n for n, month in enumerate(months)}, {one: n for n, one in enumerate(keys)}
    units, net = np.zeros((2, len(keys), n_months))
    for row in rows:
        if row["month_on"] in column:
            units[place[row["key"]], column[row["month_on"]]] = max(row["units"], 0) / _THOUSAND
            net[place[row["key"]], column[row["month_on"]]] = max(row["net_minor"], 0)
    return _Months(keys=keys, months=months, units=units, net_minor=net)


def _factors(source: Source, past: Sequence[date], *, ahead: int, country: str) -> Array:
    """Return what Chinese New Year makes of each month, past and to come; ones where the country does not keep it."""
    months = months_after(past[0], len(past) + ahead)
    kept = holidays.country_holidays(country, years=past[-1].year, language="en_US").values()
    if not any(_MOON in name for name in kept):
        return np.ones(len(months))
    rows = source.lake.engine.rows(day_sums(source.lines(_MAX_DAYS)))
    first_on = min(row["day_on"] for row in rows)
    daily = np.zeros((source.until_on - first_on).days)
    for row in rows:
        daily[(row["day_on"] - first_on).days] = row["net_minor"]
    return moon_factors(daily, first_on=first_on, months=months)


def _added_up(parts: Outlook, whole: Outlook) -> Outlook:
    """Return the parts moved in proportion, so that each month is that of the whole shop."""
    sums = parts.expected.sum(axis=0)
    ratio = np.divide(whole.expected[0], sums, out=np.ones_like(sums), where=sums > 0)
    return Outlook(
        form=parts.form,
        expected=parts.expected * ratio,
        low=parts.low * ratio,
        high=parts.high * ratio,
        errors=parts.errors,
        n_trials=parts.n_trials,
    )


def _rows(parts: _Months, shown: dict[str, Outlook], *, ahead: int) -> list[MonthAhead]:
    to_come = months_after(parts.months[-1] + timedelta(days=31), ahead)
    units, money = shown["units"], shown["net_minor"]
    best_first = sorted(range(len(parts.keys)), key=lambda n: (-money.expected[n].sum(), parts.keys[n]))
    return [
        MonthAhead(
            key=parts.keys[n],
            month_on=month,
            expected_units=float(units.expected[n, column]),
            low_units=float(units.low[n, column]),
            high_units=float(units.high[n, column]),
            expected_revenue_minor=round(float(money.expected[n, column])),
            low_revenue_minor=round(float(money.low[n, column])),
            high_revenue_minor=round(float(money.high[n, column])),
        )
        for n in best_first
        for column, month in enumerate(to_come)
    ]


def _notes(found: Outlook, *, n_months: int, has_moon: bool) -> list[Sentence]:
    notes = []
    used = Sentence(OUTLOOK_NAMES[found.form])
    if found.errors:
        rivals = {name: error for name, error in found.errors.items() if name != found.form}
        best = min(rivals, key=lambda name: rivals[name])
        template = text(
            "Forecast: {used}; tried on {n_trials} past horizons, error {error:.2f} against {rival_error:.2f} of: {rival}."
        )
        values = {"used": used, "n_trials": found.n_trials, "error": found.errors[found.form]}
        notes.append(
            Sentence(template, values | {"rival_error": rivals[best], "rival": Sentence(OUTLOOK_NAMES[best])})
        )
    else:
        notes.append(
            Sentence(
                text("Forecast: {used}; the past is too short to try it, so treat it as a guess."),
                {"used": used},
            )
        )
    if n_months < _FULL_SEASONS:
        template = text(
            "Only {n_months} whole months: the season of the year is not known, and no month is told from another."
        )
        notes.append(Sentence(template, {"n_months": n_months}))
    if has_moon:
        notes.append(
            Sentence(text("Chinese New Year is taken out of past months and put into those it falls in."))
        )
    return notes


def _too_short(n_months: int) -> Abstention:
    template = text(
        "An outlook takes at least {min_months} whole months of sales; there are {n_months}. The weeks ahead: `aimwell demand show --grain week`."
    )
    return Abstention(
        code="too_few_months", reason=Sentence(template, {"min_months": MIN_MONTHS, "n_months": n_months})
    )
