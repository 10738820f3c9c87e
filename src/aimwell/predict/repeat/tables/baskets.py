"""Purchase days: what each known person bought on each day, and whom to learn from."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.base.lottery import LOTS, Lottery
from aimwell.people.model import Facts

__all__ = ["baskets", "drawn"]


def baskets(facts: Facts, *, end: datetime) -> ir.Table:
    """Return what each known person bought on each day: several orders of a day are one purchase, as in the value model.

    Parameters
    ----------
    facts
        Orders. Anonymous (null `person_id`) and cancelled ones are left out; an unknown (null) status counts.
    end
        Naive UTC, exclusive.

    Returns
    -------
    Table
        One row per (person_id, bought_on): n_orders, n_lines, spend_minor (goods after discounts) and discount_minor; unknown
        amounts count as 0. `bought_on` is the shop's local day.
    """
    orders = facts.orders
    kept = orders.filter(
        orders.person_id.notnull(),
        orders.ordered_at < ibis.literal(end).cast("timestamp"),
        orders.status.fill_null("") != "cancelled",
    )
    dated = kept.mutate(bought_on=kept.local_at.date())
    return dated.group_by("person_id", "bought_on").agg(
        n_orders=dated.count(),
        n_lines=dated.n_lines.fill_null(0).sum().cast("int64"),
        spend_minor=dated.items_minor.fill_null(0).sum().cast("int64"),
        discount_minor=dated.discount_minor.fill_null(0).sum().cast("int64"),
    )


def drawn(baskets: ir.Table, *, rate: float, seed: int) -> ir.Table:
    """Return the baskets of a part of the people, the same in every engine.

    Parameters
    ----------
    baskets
        Result of `baskets`.
    rate
        Share of the people, 0..1.
    seed
        Draws other people.
    """
    lot = Lottery.of(str(seed), purpose="people to learn repeat from").lot(baskets.person_id)
    return baskets.filter(lot < int(rate * LOTS))
