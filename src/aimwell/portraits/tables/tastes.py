"""Tastes: what a person buys more of than everybody does, and how dear a shelf they buy from.

How often a person p bought from category c (n) is compared with how often they would have if they bought like everybody
(e = their purchases x the category's share of all purchases). The plain ratio n / e is wild for rare categories: one
purchase where 0.001 is expected is not a hobby. So it is shrunk towards 1 by a Gamma prior worth `PRIOR_PURCHASES`
purchases: lift = (n + a) / (e + a), the posterior mean of a Poisson rate ratio.

References
----------
DuMouchel, W. (1999). Bayesian data mining in large frequency tables, with an application to the FDA spontaneous
reporting system. The American Statistician 53(3), 177-190.
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

__all__ = ["PRIOR_PURCHASES", "TOP", "brand_totals", "category_totals", "tastes"]

PRIOR_PURCHASES = 2
TOP = 3
# Lifts are compared and stored in thousandths, so that rounding of floats never decides an order.
_LIFT_STEPS = 1000


def tastes(state: ir.Table, *, categories: ir.Table, brands: ir.Table) -> ir.Table:
    """Return each person's strongest categories and brands, and their price level.

    Parameters
    ----------
    state
        Columns of `STATE`, everybody or some.
    categories, brands
        What everybody bought: as `category_totals` and `brand_totals` return.

    Returns
    -------
    Table
        One row per person with a line of known category or brand: top_categories, top_brands (names, strongest first, at
        most 3), category_lifts, brand_lifts (in the same order), shelf_net_minor (what they paid) and
        expected_net_minor (what the same pieces cost at the mean price of their categories).
    """
    by_category = _by_category(_entries(state, "categories", total="n_known_lines"), categories)
    by_brand = _by_brand(_entries(state, "brands", total="n_brand_lines"), brands)
    joined = by_category.outer_join(by_brand, "person_id")
    return joined.mutate(person_id=joined.person_id.fill_null(joined.person_id_right)).drop("person_id_right")


def category_totals(state: ir.Table) -> ir.Table:
    """Return one row per category that anybody bought: name, all_lines, all_quantity, all_net_minor, grand_lines (of all)."""
    bought = _entries(state, "categories", total="n_known_lines")
    totals = bought.group_by("name").agg(
        all_lines=_sum(bought.n_lines),
        all_quantity=_sum(bought.milli_quantity),
        all_net_minor=_sum(bought.net_minor),
    )
    return _with_grand_total(totals)


def brand_totals(state: ir.Table) -> ir.Table:
    """Return one row per brand that anybody bought: name, all_lines, grand_lines (of all)."""
    bought = _entries(state, "brands", total="n_brand_lines")
    return _with_grand_total(bought.group_by("name").agg(all_lines=_sum(bought.n_lines)))


def _entries(state: ir.Table, column: str, *, total: str) -> ir.Table:
    """Return one row per entry of a list in the state: person_id, own_lines (all of the person's), and the entry's fields."""
    rows = state.select("person_id", own_lines=state[total], entry=state[column].unnest())
    return rows.select(
        "person_id", "own_lines", **{name: rows.entry[name] for name in rows.entry.type().names}
    )


def _by_category(bought: ir.Table, totals: ir.Table) -> ir.Table:
    rows = bought.join(totals, "name")
    usual_price = rows.all_net_minor.cast("float64") / rows.all_quantity.nullif(0)
    expected = (rows.milli_quantity * usual_price).floor().cast("int64")  # whole, so that sums have no order
    strongest = _strongest(rows)
    found = rows.group_by("person_id").agg(
        strongest=strongest,
        shelf_net_minor=_sum(rows.net_minor),
        expected_net_minor=_sum(expected),
    )
    return found.select(
        "person_id",
        "shelf_net_minor",
        "expected_net_minor",
        top_categories=_names(found.strongest),
        category_lifts=_lifts(found.strongest),
    )


def _by_brand(bought: ir.Table, totals: ir.Table) -> ir.Table:
    rows = bought.join(totals, "name")
    found = rows.group_by("person_id").agg(strongest=_strongest(rows))
    return found.select("person_id", top_brands=_names(found.strongest), brand_lifts=_lifts(found.strongest))


def _with_grand_total(totals: ir.Table) -> ir.Table:
    return totals.cross_join(totals.agg(grand_lines=_sum(totals.all_lines)))


def _strongest(rows: ir.Table) -> Any:
    """Return the aggregate that lists the `TOP` entries above average, strongest first, then by name."""
    seen = (rows.n_lines + PRIOR_PURCHASES).cast("float64") * rows.grand_lines
    expected = rows.own_lines * rows.all_lines + PRIOR_PURCHASES * rows.grand_lines
    lift = (seen * _LIFT_STEPS / expected).round().cast("int64")
    entry = ibis.struct({"weakness": -lift, "name": rows.name})
    return entry.collect(where=lift > _LIFT_STEPS)


def _names(strongest: Any) -> Any:
    return strongest.sort()[:TOP].map(lambda entry: entry["name"])


def _lifts(strongest: Any) -> Any:
    return strongest.sort()[:TOP].map(lambda entry: -entry["weakness"] / _LIFT_STEPS)


def _sum(values: Any) -> Any:
    return values.sum().fill_null(0)
