"""Look-alikes: people whose categories are most like those of a group, by a naive Bayes score inside the engine."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

__all__ = ["alike", "profiles"]

_PRIOR_PEOPLE = 5.0  # what everybody's share of a category weighs beside the group's own people
_N_REASONS = 3


def profiles(lines: ir.Table, shelf: ir.Table) -> ir.Table:
    """Return the categories that each person bought from: distinct person_id and category.

    Parameters
    ----------
    lines
        Result of `turns`.
    shelf
        product_id and category (null: unknown).
    """
    known = shelf.filter(shelf.category.notnull())
    return lines.inner_join(known, "product_id").select("person_id", "category").distinct()


def alike(bought: ir.Table, members: ir.Table, *, k: int) -> ir.Table:
    """Return the people most like a group who are not in it.

    A category's weight is the log of the odds of having bought from it within the group over those of everybody; a person's score is
    the sum over their categories.

    Parameters
    ----------
    bought
        Result of `profiles`, staged.
    members
        person_id of the group.
    k
        How many people.

    Returns
    -------
    Table
        Up to `k` rows, the most alike first: person_id, score, because_categories (the three that weigh most).
    """
    weights = _weights(bought, members)
    others = bought.anti_join(members, "person_id").inner_join(weights, "category")
    scored = others.group_by("person_id").agg(score=others.weight.sum())
    best = scored.order_by(ibis.desc("score"), "person_id").limit(k)
    strongest = ibis.window(group_by="person_id", order_by=[ibis.desc("weight"), "category"])
    places = others.semi_join(best, "person_id").mutate(place=ibis.row_number().over(strongest))
    top = places.filter(places.place < _N_REASONS, places.weight > 0)
    why = top.group_by("person_id").agg(because_categories=top.category.collect(order_by=top.place))
    return best.left_join(why, "person_id").select("person_id", "score", "because_categories")


def _weights(bought: ir.Table, members: ir.Table) -> ir.Table:
    """Return category and weight."""
    inside = bought.semi_join(members, "person_id")
    n_inside = inside.person_id.nunique().name("n_members").as_table()
    n_all = bought.person_id.nunique().name("n_people").as_table()
    counts = bought.group_by("category").agg(n=bought.count())
    own = inside.group_by("category").agg(n_own=inside.count())
    both = counts.left_join(own, "category").drop("category_right").cross_join(n_inside).cross_join(n_all)
    share = (both.n + 1) / (both.n_people + 2)
    own_share = (both.n_own.fill_null(0) + _PRIOR_PEOPLE * share) / (both.n_members + _PRIOR_PEOPLE)
    odds = own_share / (1 - own_share) / (share / (1 - share))
    # floats summed in another order differ in the last digits: weights are kept in thousandths
    return both.select("category", weight=(odds.ln() * 1000).round().cast("int64") / 1000)
