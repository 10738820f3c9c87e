"""The sums of each arm, day by day, added up inside the engine: as many rows as arms and days, whatever the number of people.

Profit since the decision only changes on days on which something happens. So the sum of its squares over all people is carried
on by what those days add: (b + y)^2 - b^2 = y (2b + y), for a person with b before the day and y on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.portraits.tables.moments import at, days_between

__all__ = ["arm_figures", "extremes", "paths", "people_sums", "power_sums", "profit_sums"]

_MILLI = 1000.0


def paths(entries: ir.Table, flowed: ir.Table, *, started_at: datetime, cap_minor: int | None) -> ir.Table:
    """Return what each person brought on each day on which something happened, and had brought before.

    Parameters
    ----------
    entries
        person_id (unique), arm, entered_at, `before_k` (milli), and any other columns.
    flowed
        Result of `profit.flows`.
    started_at
        Day 0 is the UTC day of this moment.
    cap_minor
        The profit of one person counts up to this amount either way; None: in full.

    Returns
    -------
    Table
        One row per person and day: columns of `entries`, day (int64), added_minor (float64, of the day), had_minor (float64, before
        the day), is_first_order (bool).
    """
    joined = flowed.inner_join(entries.select("person_id", "entered_at"), "person_id")
    happened_at = ibis.greatest(joined.happened_at, joined.entered_at)
    dated = joined.mutate(day=days_between(at(started_at), happened_at).cast("int64"))
    days = dated.group_by("person_id", "day").agg(
        profit_milli=dated.profit_milli.sum().cast("int64"), n_orders=dated.is_order.sum().cast("int64")
    )
    so_far = ibis.window(group_by="person_id", order_by="day", preceding=None, following=0)
    summed = days.mutate(
        now_milli=days.profit_milli.sum().over(so_far).cast("int64"),
        all_orders=days.n_orders.sum().over(so_far).cast("int64"),
    )
    had = _capped(summed.now_milli - summed.profit_milli, cap_minor)
    changed = summed.select(
        "person_id",
        "day",
        had_minor=had,
        added_minor=_capped(summed.now_milli, cap_minor) - had,
        is_first_order=(summed.n_orders > 0) & (summed.all_orders == summed.n_orders),
    )
    return entries.inner_join(changed, "person_id")


def people_sums(
    entries: ir.Table, *, by: Sequence[str], started_at: datetime, befores: Sequence[str]
) -> ir.Table:
    """Return how many people were dealt out on each day, and the sums and products of what they had brought.

    Parameters
    ----------
    entries
        One row per person (or per person and `by`): entered_at, and the columns named in `by` and `befores` (milli).
    by
        Columns to group by.
    started_at
        Day 0 is the UTC day of this moment.
    befores
        Columns of earlier profit.

    Returns
    -------
    Table
        One row per group and day: n_people, `sum_k`, and `product_k_l` for k <= l (minor units).
    """
    x = {name: entries[name].cast("float64") / _MILLI for name in befores}
    rows = entries.mutate(day=days_between(at(started_at), entries.entered_at).cast("int64"), **x)
    pairs = [(k, m) for k in range(len(befores)) for m in range(k, len(befores))]
    return rows.group_by(*by, "day").agg(
        n_people=rows.count(),
        **{f"sum_{k}": rows[name].sum() for k, name in enumerate(befores)},
        **{f"product_{k}_{m}": (rows[befores[k]] * rows[befores[m]]).sum() for k, m in pairs},
    )


def profit_sums(moved: ir.Table, *, by: Sequence[str], befores: Sequence[str]) -> ir.Table:
    """Return what each day adds to the sums of profit, of its square, and of its products with earlier profit.

    Parameters
    ----------
    moved
        Result of `paths` (or joined with what to group by).
    by, befores
        As in `people_sums`.

    Returns
    -------
    Table
        One row per group and day: n_buyers, profit, square, `cross_k` (minor units).
    """
    y = moved.added_minor
    return moved.group_by(*by, "day").agg(
        n_buyers=moved.is_first_order.sum(),
        profit=y.sum(),
        square=(y * (2.0 * moved.had_minor + y)).sum(),
        **{
            f"cross_{k}": (y * (moved[name].cast("float64") / _MILLI)).sum() for k, name in enumerate(befores)
        },
    )


def extremes(moved: ir.Table, *, arm: str, befores: Sequence[str]) -> ir.Table:
    """Return the person of an arm whose profit is farthest from zero.

    Returns
    -------
    Table
        At most one row: person_id, arm, profit_minor (float64), n_orders_days, and `befores` (milli).
    """
    mine = moved.filter(moved.arm == arm)
    totals = mine.group_by("person_id", "arm").agg(
        profit_minor=mine.added_minor.sum(),
        is_buyer=mine.is_first_order.max(),
        **{name: mine[name].max() for name in befores},
    )
    return totals.order_by(ibis.desc(totals.profit_minor.abs()), "person_id").limit(1)


def power_sums(entries: ir.Table, moved: ir.Table, *, center: float, slopes: Mapping[str, float]) -> ir.Table:
    """Return the sums of powers of what people brought, earlier profit taken out.

    Parameters
    ----------
    entries, moved
        As in `paths`; who brought nothing counts with 0.
    center
        Taken off everybody's profit, minor units.
    slopes
        By column of earlier profit (milli): how much of it is taken off.

    Returns
    -------
    Table
        One row: square, cube, fourth (powers of minor units).
    """
    totals = moved.group_by("person_id").agg(profit_minor=moved.added_minor.sum())
    joined = entries.left_join(totals, "person_id")
    residual: ir.FloatingValue = joined.profit_minor.fill_null(0.0) - center
    for name, slope in slopes.items():
        residual = residual - joined[name].cast("float64") * (slope / _MILLI)
    rest = joined.select(r=residual)
    return rest.agg(square=(rest.r**2).sum(), cube=(rest.r**3).sum(), fourth=(rest.r**4).sum())


def arm_figures(entries: ir.Table, moved: ir.Table) -> ir.Table:
    """Return what each arm holds.

    Returns
    -------
    Table
        One row per arm, sorted: arm, n_people, n_contacted, low_propensity, high_propensity, n_buyers, profit_minor.
    """
    people = entries.group_by("arm").agg(
        n_people=entries.count(),
        n_contacted=entries.is_contacted.sum(),
        low_propensity=entries.low_propensity.min(),
        high_propensity=entries.high_propensity.max(),
    )
    brought = moved.group_by("arm").agg(
        n_buyers=moved.is_first_order.sum(), profit_minor=moved.added_minor.sum()
    )
    joined = people.left_join(brought, "arm")
    return joined.select(
        *people.columns,
        n_buyers=joined.n_buyers.fill_null(0),
        profit_minor=joined.profit_minor.fill_null(0.0).round().cast("int64"),
    ).order_by("arm")


def _capped(milli: ir.IntegerValue, cap_minor: int | None) -> ir.FloatingValue:
    minor = milli.cast("float64") / _MILLI
    return minor if cap_minor is None else minor.clip(lower=-float(cap_minor), upper=float(cap_minor))
