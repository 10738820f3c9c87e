"""What people brought after a decision: profit and orders within the horizon."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.predict.value.tables.spending import margin_amounts

__all__ = ["brought"]


def brought(
    decisions: ir.Table, facts: Facts, *, end: datetime, horizon_days: int, margin_rate: float
) -> ir.Table:
    """Return what each decision was followed by, within [decided_at, decided_at + horizon).

    Parameters
    ----------
    decisions
        (campaign_id, person_id, offer_id), none null, and decided_at; few enough to be joined.
    facts
        Orders, order lines and refunds; what counts as margin says `margins`. The cost of the contact is not in it; a discount is,
        because lines are booked net of it.
    end
        End of what is known, exclusive, naive UTC; decisions end a horizon before it.
    horizon_days, margin_rate
        See `margins`.

    Returns
    -------
    Table
        The same rows with profit_minor (int64) and has_ordered (bool).
    """
    keys = ("campaign_id", "person_id", "offer_id")
    window = ibis.interval(days=horizon_days)
    asked = decisions.select(*keys, "decided_at").distinct()
    amounts = margin_amounts(facts, start=None, end=end).semi_join(asked, "person_id")
    near = asked.inner_join(amounts, "person_id")
    near = near.filter(near.at >= near.decided_at, near.at < near.decided_at + window)
    sums = near.group_by(*keys).agg(known=near.known_minor.sum(), rated=near.rated_minor.sum())
    profit = sums.select(
        *keys, profit_minor=(sums.known + (sums.rated * margin_rate).round().cast("int64")).cast("int64")
    )
    placed = facts.orders.filter(facts.orders.status.fill_null("") != "cancelled")
    bought = asked.inner_join(placed.select("person_id", at="ordered_at"), "person_id")
    bought = bought.filter(bought.at >= bought.decided_at, bought.at < bought.decided_at + window)
    buyers = bought.select(*keys).distinct().mutate(has_ordered=True)
    joined = decisions.left_join(profit, keys).drop(*(f"{k}_right" for k in keys))
    joined = joined.left_join(buyers, keys).drop(*(f"{k}_right" for k in keys))
    return joined.mutate(
        profit_minor=joined.profit_minor.fill_null(0),
        has_ordered=joined.has_ordered.fill_null(ibis.literal(value=False)),
    )
