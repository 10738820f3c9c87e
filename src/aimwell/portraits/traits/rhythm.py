"""Rhythm: how regularly, and is the next order late. Gaps are between successive days with an order."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between
from aimwell.portraits.traits.arithmetic import rate

__all__ = ["RHYTHM"]


def _span(p: ir.Table) -> Any:
    """Return the sum of all gaps: first to last order day."""
    return p.last_order_on.delta(p.first_order_on, unit="day")


def _mean(p: ir.Table) -> Any:
    return rate(_span(p), p.n_order_days - 1)


def _sd(p: ir.Table) -> Any:
    """Return the sample standard deviation of the gaps, from their number, sum and sum of squares."""
    gaps = p.n_order_days - 1
    spread = (gaps * p.gap_days_squared - _span(p) * _span(p)).cast("float64")
    return (spread / (gaps * (gaps - 1)).nullif(0)).sqrt()


RHYTHM = (
    Trait(
        name="mean_gap_days",
        group="rhythm",
        dtype="float64",
        unit="days",
        meaning=text("Mean days between order days; empty with fewer than two."),
        sources=("orders",),
        of=_mean,
    ),
    Trait(
        name="sd_gap_days",
        group="rhythm",
        dtype="float64",
        unit="days",
        meaning=text(
            "Spread (standard deviation) of the days between order days; empty with fewer than three."
        ),
        sources=("orders",),
        of=_sd,
    ),
    Trait(
        name="gap_variation_ratio",
        group="rhythm",
        dtype="float64",
        unit="ratio",
        meaning=text(
            "Spread of the gaps over their mean: 0 is a clock, 1 is chance; empty with fewer than three order days."
        ),
        sources=("orders",),
        of=lambda p: _sd(p) / _mean(p).nullif(0),
    ),
    Trait(
        name="overdue_ratio",
        group="rhythm",
        dtype="float64",
        unit="ratio",
        meaning=text(
            "Days since the last order over the mean gap: above 1 the next order is late; empty with fewer than two order days."
        ),
        sources=("orders",),
        of=lambda p: days_between(p.last_ordered_at, p.as_of) / _mean(p).nullif(0),
    ),
    Trait(
        name="next_expected_on",
        group="rhythm",
        dtype="date",
        unit="date",
        meaning=text("Last order day plus the mean gap; empty with fewer than two order days."),
        sources=("orders",),
        of=lambda p: p.last_order_on + _mean(p).round().cast("int64").as_interval("D"),
    ),
)
