"""What the trees see of a series at one moment, for each day ahead: only what was known then."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from aimwell.predict.demand.calendars import calendar_features
from aimwell.predict.demand.panel import Array, Panel

__all__ = ["MIN_HISTORY_DAYS", "features", "levels"]

MIN_HISTORY_DAYS = 56
_WINDOWS = (7, 14, 28, 56, 91, 182)
_WEEKS = (4, 8, 13, 26)
_LOWEST = 0.05  # units a day: keeps scaled sales of rare products finite


def levels(panel: Panel) -> Array:
    """Return (series,): the usual units a day, by which the trees' target is divided."""
    recent, longer = panel.units[:, -56:].mean(axis=1), panel.units[:, -182:].mean(axis=1)
    return np.asarray((recent + 0.25 * longer + _LOWEST) / 1.25)


def features(panel: Panel, *, horizon_days: int, country: str) -> Array:
    """Return what is known at the end of a panel of each series and day ahead.

    Returns
    -------
    array
        (series * horizon_days, features), days of one series together. Amounts are relative to `levels`; missing ones are NaN.
    """
    level = levels(panel)
    still = np.column_stack(
        [
            _windows(panel, level),
            _rhythm(panel, level),
            _prices(panel),
            _trends(panel),
            *_people(panel, level),
        ]
    )
    n_series = len(level)
    ahead = [panel.end_on + timedelta(days=day) for day in range(horizon_days)]
    days = np.column_stack([np.arange(1, horizon_days + 1), calendar_features(ahead, country=country)])
    parts = [
        np.repeat(still[:, None, :], horizon_days, axis=1),
        _weekdays(panel, level, horizon_days=horizon_days),
        np.repeat(days[None, :, :], n_series, axis=0),
        *_promotions(panel, horizon_days=horizon_days),
    ]
    return np.concatenate(parts, axis=2).reshape(n_series * horizon_days, -1)


def _windows(panel: Panel, level: Array) -> Array:
    means = [panel.units[:, -days:].mean(axis=1) / level for days in _WINDOWS]
    return np.column_stack([*means, panel.units.mean(axis=1) / level, np.log(level)])


def _rhythm(panel: Panel, level: Array) -> Array:
    """Return shares of days with sales, spread, jumps from day to day, days since the last and the first sale."""
    units = panel.units
    sold = units > 0
    numbered = np.arange(panel.n_days)
    last = np.where(sold, numbered, -1).max(axis=1)
    first = np.where(sold, numbered, panel.n_days).min(axis=1)
    jumps = np.sqrt(np.mean(np.diff(units, axis=1) ** 2, axis=1))
    return np.column_stack(
        [
            sold[:, -28:].mean(axis=1),
            sold[:, -91:].mean(axis=1),
            units[:, -91:].std(axis=1) / level,
            jumps / level,
            panel.n_days - 1 - last,
            panel.n_days - first,
        ]
    )


def _prices(panel: Panel) -> Array:
    """Return the price of the last week and four weeks relative to that of half a year, and the price itself."""
    usual = _paid(panel, 182)
    return np.column_stack([_paid(panel, 7) / usual, _paid(panel, 28) / usual, np.log(usual)])


def _paid(panel: Panel, days: int) -> Array:
    net, units = panel.net_minor[:, -days:].sum(axis=1), panel.units[:, -days:].sum(axis=1)
    return np.where((units > 0) & (net > 0), net / np.maximum(units, 1e-9), np.nan)


def _trends(panel: Panel) -> Array:
    """Return how the category and the shop moved of late."""
    _, place = np.unique(np.array(panel.categories, dtype=object), return_inverse=True)
    shelf = np.zeros((int(place.max()) + 1, panel.n_days))
    np.add.at(shelf, place, panel.units)
    total = panel.units.sum(axis=0, keepdims=True)
    found = []
    for sums, index in ((shelf, place), (total, np.zeros(len(place), dtype=int))):
        week, month, quarter = (sums[:, -days:].mean(axis=1) + _LOWEST for days in (7, 28, 91))
        found += [(month / quarter)[index], (week / month)[index]]
    return np.column_stack(found)


def _people(panel: Panel, level: Array) -> list[Array]:
    """Return buyers of a week and of four, the share of first ones among them, and how buyers moved in a quarter; none if not counted."""
    if panel.buyers is None or panel.first_buyers is None:
        return []
    week, month, quarter = (panel.buyers[:, -days:].mean(axis=1) for days in (7, 28, 91))
    first_week, first_month = (panel.first_buyers[:, -days:].mean(axis=1) for days in (7, 28))
    found = [
        week / level,
        month / level,
        first_week / (week + _LOWEST),
        first_month / (month + _LOWEST),
        (month + _LOWEST) / (quarter + _LOWEST),
    ]
    return [np.column_stack(found)]


def _promotions(panel: Panel, *, horizon_days: int) -> list[Array]:
    """Return per kind the strength on the day ahead, also relative to the last four weeks, and that of four weeks and of one."""
    ahead = panel.planned(panel.n_days, horizon_days)
    past = panel.planned(panel.n_days - 28, 28)
    found = []
    for kind in range(len(ahead)):
        month, week = past[kind].mean(axis=1), past[kind][:, -7:].mean(axis=1)
        still = np.repeat(np.stack([month, week], axis=1)[:, None, :], horizon_days, axis=1)
        moved = np.stack([ahead[kind], ahead[kind] - month[:, None]], axis=2)
        found.append(np.concatenate([moved, still], axis=2))
    return found


def _weekdays(panel: Panel, level: Array, *, horizon_days: int) -> Array:
    """Return the usual units of the weekday ahead: the series' own over four spans, the category's and the shop's index."""
    ahead = np.arange(horizon_days) % 7
    found = []
    for weeks in _WEEKS:
        n_weeks = min(weeks, panel.n_days // 7)
        folded = panel.units[:, -7 * n_weeks :].reshape(len(level), n_weeks, 7).mean(axis=1)
        found.append(folded[:, ahead] / level[:, None])
    _, place = np.unique(np.array(panel.categories, dtype=object), return_inverse=True)
    shelf = np.zeros((int(place.max()) + 1, 7))
    np.add.at(shelf, place, folded)
    shelf = (shelf + _LOWEST) / (shelf + _LOWEST).mean(axis=1, keepdims=True)
    total = folded.sum(axis=0) + _LOWEST
    found += [shelf[place][:, ahead], np.repeat((total / total.mean())[ahead][None, :], len(level), axis=0)]
    return np.stack(found, axis=2)
