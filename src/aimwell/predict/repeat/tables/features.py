"""Features: what a purchase history looks like from a day, in numbers; the same expression for learning and for scoring.

A missing number is -1: gaps of who bought once, the fifth last purchase of who bought twice. Sums over fractions are taken in whole
small units, so that parallel engines agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import cos, log, pi, sin
from typing import Any

import ibis
import ibis.expr.types as ir

__all__ = ["FEATURES", "HISTORY", "SEASON", "features"]

WINDOWS_DAYS = (7, 14, 28, 56, 91, 182, 364)
SPEND_WINDOWS_DAYS = (28, 91, 364)
HALF_LIVES_DAYS = (14, 28, 91)
PLACES = (2, 3, 5, 10)  # the second last purchase, the third last, ...
LAST_GAPS = (1, 3, 6)
_YEAR_AGO = (335, 364)  # the month after the day, one year ago
_MICRO = 1_000_000
_LOG_STEPS = 10_000  # logarithms are coarser, so that their squares fit
_DAYS_PER_YEAR = 365.25
_MISSING = -1.0

SEASON = ("season_sin", "season_cos", "n_year_ago")
# Columns that the purchase process reads; see `Cells`.
HISTORY = ("frequency", "recent", "recency_days", "age_days", "spend_minor")
FEATURES = (
    "n_days",
    "first_days",
    "since_days",
    *(f"n_{days}d" for days in WINDOWS_DAYS),
    *(f"spend_{days}d" for days in SPEND_WINDOWS_DAYS),
    *(f"recent_{days}d" for days in HALF_LIVES_DAYS),
    *(f"since_{place}" for place in PLACES),
    *(f"gap_last_{n}" for n in LAST_GAPS),
    "gap_mean",
    "gap_sd",
    "gap_max",
    "silence_by_gap_mean",
    "silence_by_gap_last",
    "silence_by_gap_max",
    "trend",
    "spend_per_day",
    "log_spend_mean",
    "log_spend_sd",
    "last_spend",
    "last_lines",
    "lines_per_day",
    "orders_per_day",
    "discount_rate",
    "weekend_rate",
    "same_weekday_rate",
    *SEASON,
)


def features(baskets: ir.Table, *, cuts: Sequence[date]) -> ir.Table:
    """Return the features of everyone who had bought before a day, for each of some days.

    Parameters
    ----------
    baskets
        Result of `baskets`.
    cuts
        Days from which to predict; a row sees purchases before its day only.

    Returns
    -------
    Table
        One row per (person_id, cut_on) with a purchase before the day: seen_on (the newest purchase day that it was made
        from), the int64 columns `HISTORY`, and the float64 columns `FEATURES`.
    """
    days = ibis.memtable({"cut_on": list(cuts)}, schema=ibis.schema({"cut_on": "date"}))
    seen = baskets.cross_join(days)
    seen = seen.filter(seen.bought_on < seen.cut_on)
    return _finished(_summed(_ranked(seen)), cuts=cuts)


def _ranked(seen: ir.Table) -> ir.Table:
    """Add days ago, the place from the end (1: the last purchase) and the gap before each purchase."""
    newest_first = ibis.window(group_by=["person_id", "cut_on"], order_by=seen.bought_on.desc())
    oldest_first = ibis.window(group_by=["person_id", "cut_on"], order_by=seen.bought_on)
    spend: Any = ibis.greatest(seen.spend_minor, 0)
    return seen.mutate(
        ago=seen.cut_on.delta(seen.bought_on, unit="day").cast("int64"),
        place=(ibis.row_number().over(newest_first) + 1).cast("int64"),
        gap=seen.bought_on.delta(seen.bought_on.lag().over(oldest_first), unit="day").cast("int64"),
        log_spend=((spend + 1).cast("float64").ln() * _LOG_STEPS).round().cast("int64"),
    )


def _summed(rows: ir.Table) -> ir.Table:
    sums: dict[str, Any] = {
        "n": rows.count(),
        "seen_on": rows.bought_on.max(),
        "first": rows.ago.max(),
        "since": rows.ago.min(),
        "spend_minor": rows.spend_minor.sum().cast("int64"),
        "discount": rows.discount_minor.sum().cast("int64"),
        "lines": rows.n_lines.sum().cast("int64"),
        "orders": rows.n_orders.sum().cast("int64"),
        "log_spend": rows.log_spend.sum().cast("int64"),
        "log_spend_square": (rows.log_spend * rows.log_spend).sum().cast("int64"),
        "n_gaps": rows.gap.count(),
        "gap": rows.gap.sum().cast("int64"),
        "gap_square": (rows.gap * rows.gap).sum().cast("int64"),
        "gap_max": rows.gap.max(),
        "n_weekend": (rows.bought_on.day_of_week.index() >= 5).cast("int64").sum().cast("int64"),
        "n_same_weekday": (rows.ago % 7 == 0).cast("int64").sum().cast("int64"),
        "n_year_ago": rows.count(where=rows.ago.between(*_YEAR_AGO)),
        "last_spend": rows.spend_minor.max(where=rows.place == 1),
        "last_lines": rows.n_lines.max(where=rows.place == 1),
    }
    sums |= {f"n_{days}d": rows.count(where=rows.ago <= days) for days in WINDOWS_DAYS}
    sums |= {f"spend_{days}d": rows.spend_minor.sum(where=rows.ago <= days) for days in SPEND_WINDOWS_DAYS}
    sums |= {
        f"recent_{days}d": ((rows.ago * (-log(2) / days)).exp() * _MICRO).round().cast("int64").sum()
        for days in HALF_LIVES_DAYS
    }
    sums |= {f"since_{place}": rows.ago.max(where=rows.place == place) for place in PLACES}
    sums |= {f"gap_last_{n}": rows.gap.mean(where=rows.place <= n) for n in LAST_GAPS}
    return rows.group_by("person_id", "cut_on").agg(**sums)


def _finished(sums: ir.Table, *, cuts: Sequence[date]) -> ir.Table:
    n, gap_mean = sums.n.cast("float64"), sums.gap / sums.n_gaps
    log_mean = sums.log_spend / n / _LOG_STEPS
    given: dict[str, Any] = {name: sums[name] for name in FEATURES if name in sums.columns}
    values = given | {
        "n_days": n,
        "first_days": sums["first"],
        "since_days": sums.since,
        **{f"recent_{days}d": sums[f"recent_{days}d"] / _MICRO for days in HALF_LIVES_DAYS},
        "gap_mean": gap_mean,
        "gap_sd": _spread(sums.gap_square / sums.n_gaps, gap_mean),
        "silence_by_gap_mean": sums.since / gap_mean,
        "silence_by_gap_last": sums.since / sums.gap_last_6,
        "silence_by_gap_max": sums.since / sums.gap_max,
        "trend": (sums.n_28d + 0.5) / (sums.n_91d / 3.25 + 0.5),
        "spend_per_day": sums.spend_minor / n,
        "log_spend_mean": log_mean,
        "log_spend_sd": _spread(sums.log_spend_square / n / _LOG_STEPS**2, log_mean),
        "lines_per_day": sums.lines / n,
        "orders_per_day": sums.orders / n,
        "discount_rate": sums.discount / ibis.greatest(sums.spend_minor + sums.discount, 1),
        "weekend_rate": sums.n_weekend / n,
        "same_weekday_rate": sums.n_same_weekday / n,
        "season_sin": _by_cut(sums, {cut: sin(_angle(cut)) for cut in cuts}),
        "season_cos": _by_cut(sums, {cut: cos(_angle(cut)) for cut in cuts}),
    }
    recent = sums.n_91d - (sums["first"] <= 91).cast("int64")  # the first purchase is not a repeat
    return sums.select(
        "person_id",
        "cut_on",
        "seen_on",
        frequency=(sums.n - 1).cast("int64"),
        recent=recent.cast("int64"),
        recency_days=(sums["first"] - sums.since).cast("int64"),
        age_days=(sums["first"] - 1).cast("int64"),
        spend_minor=sums.spend_minor,
        **{name: values[name].cast("float64").fill_null(_MISSING) for name in FEATURES},
    )


def _spread(mean_square: Any, mean: Any) -> Any:
    variance = mean_square - mean * mean
    return ibis.ifelse(variance > 0, variance, 0.0).sqrt()


def _by_cut(sums: ir.Table, values: dict[date, float]) -> ir.Value:
    branches = [(sums.cut_on == ibis.literal(cut), ibis.literal(value)) for cut, value in values.items()]
    return ibis.cases(*branches, else_=0.0)


def _angle(cut: date) -> float:
    return 2 * pi * cut.timetuple().tm_yday / _DAYS_PER_YEAR
