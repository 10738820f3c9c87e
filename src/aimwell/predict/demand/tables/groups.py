"""Who will need what: what each group of customers is expected to buy of each category, up to a common factor."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

__all__ = ["ANONYMOUS", "REACH_DAYS", "group_weights"]

ANONYMOUS = "anonymous"
"""The group of orders that nobody's account is known of."""

REACH_DAYS = 91
"""Days that expected orders are of."""


def group_weights(lines: ir.Table, groups: ir.Table, expected: ir.Table, *, until_on: date) -> ir.Table:
    """Return the units that groups are expected to buy of categories in 91 days.

    Of everybody known: units of the category per purchase day so far, times the purchase days that are expected. Of anonymous orders:
    what was bought in as many days before.

    Parameters
    ----------
    lines
        Result of `sales.sold_lines`.
    groups
        person_id, segment: at most one row per person; who has none is in the group "".
    expected
        person_id, expected_orders: purchase days in 91 days; who has none is left out.
    until_on
        End of the lines, exclusive.

    Returns
    -------
    Table
        One row per segment and category: weight, in thousandths of units.
    """
    known = lines.filter(lines.person_id.notnull())
    days = known.group_by("person_id").agg(n_days=known.day_on.nunique())
    bought = known.group_by("person_id", "category").agg(units=known.units.sum())
    each = bought.inner_join(days, "person_id").inner_join(expected, "person_id")
    each = each.left_join(groups.select("person_id", "segment"), "person_id").drop("person_id_right")
    told = each.select(
        "category", segment=each.segment.fill_null(""), weight=each.units / each.n_days * each.expected_orders
    )
    late = lines.day_on >= (ibis.literal(until_on) - ibis.interval(days=REACH_DAYS)).cast("date")
    nobody = lines.filter(lines.person_id.isnull(), late).select(
        "category", segment=ibis.literal(ANONYMOUS), weight=lines.units.cast("float64")
    )
    both = ibis.union(told, nobody)
    return both.group_by("segment", "category").agg(weight=both.weight.sum())
