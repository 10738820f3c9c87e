"""The portrait: state, recent facts and tastes joined per person, then one column per trait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.model import TraitBook
from aimwell.portraits.tables.moments import at
from aimwell.portraits.tables.recent import (
    account_facts,
    case_facts,
    recent_orders,
    refund_facts,
    touch_facts,
)
from aimwell.portraits.tables.state import placed
from aimwell.portraits.tables.tastes import brand_totals, category_totals, tastes

__all__ = ["Whole", "ingredients", "portrait", "whole"]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What portraits compare a person with: the whole shop, in three small tables.

    Attributes
    ----------
    categories, brands
        As `category_totals` and `brand_totals` return.
    means
        One row: mean_spend_365d_minor, of the people who bought in 365 days; null if nobody did.
    """

    categories: ir.Table
    brands: ir.Table
    means: ir.Table


def whole(state: ir.Table, facts: Facts, *, as_of: datetime) -> Whole:
    """Return what the whole shop bought, from everybody's state and facts."""
    recent = recent_orders(placed(facts.orders), as_of=as_of)
    mean = recent.spend_365d_minor.sum().cast("float64") / recent.count().nullif(0)
    return Whole(
        categories=category_totals(state),
        brands=brand_totals(state),
        means=recent.agg(mean_spend_365d_minor=mean),
    )


def portrait(
    people: ir.Table, *, book: TraitBook, as_of: datetime, own: tuple[ir.Table, ...] = ()
) -> ir.Table:
    """Return everybody's portrait.

    Parameters
    ----------
    people
        As `ingredients` returns.
    book
        The traits wanted, in order.
    as_of
        The moment, the same that `people` was made for.
    own
        Tables of person_id and columns that the shop's own traits read, one row per person each.

    Returns
    -------
    Table
        One row per person with an account, an order or an event before `as_of`: person_id, as_of, a column per trait.
    """
    table = reduce(_beside, own, people).mutate(as_of=at(as_of))
    table = table.mutate(**{t.name: t.of(table).cast(t.dtype) for t in book if not t.derived})
    for one in book:  # a derived trait may read those before it
        if one.derived:
            table = table.mutate(**{one.name: one.of(table).cast(one.dtype)})
    return table.select("person_id", "as_of", *[t.name for t in book])


def ingredients(state: ir.Table, facts: Facts, *, as_of: datetime, among: Whole | None = None) -> ir.Table:
    """Return all that traits are made of.

    Parameters
    ----------
    state
        Columns of `STATE`, as of the same moment: everybody, or some people.
    facts
        Rows that hold, one `person_id` per person: of the same people.
    as_of
        The moment.
    among
        The whole shop; None: these people are it.

    Returns
    -------
    Table
        One row per person with an account, an order or an event before `as_of`; columns of `STATE`, of the functions in
        `recent`, of `tastes`, and the shop's means: mean_spend_365d_minor (of people who bought in 365 days).
    """
    among = among or whole(state, facts, as_of=as_of)
    everybody = state.outer_join(account_facts(facts.customers, as_of=as_of), "person_id")
    everybody = everybody.mutate(person_id=everybody.person_id.fill_null(everybody.person_id_right)).drop(
        "person_id_right"
    )
    parts = (
        recent_orders(placed(facts.orders), as_of=as_of),
        tastes(state, categories=among.categories, brands=among.brands),
        refund_facts(facts.refunds, as_of=as_of),
        case_facts(facts.cases, as_of=as_of),
        touch_facts(facts.touches, as_of=as_of),
    )
    return reduce(_beside, parts, everybody).cross_join(among.means)


def _beside(left: ir.Table, right: ir.Table) -> ir.Table:
    """Return the left rows with the columns of the right, null where a person has none."""
    joined = left.left_join(right, "person_id")
    return joined.drop("person_id_right") if "person_id_right" in joined.columns else joined
