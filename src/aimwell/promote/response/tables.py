"""People as a plan wants them: the chance of an order, its worth, the taste for each offer, and the segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from aimwell.promote.plan.model import Offer

__all__ = ["PRIOR_PURCHASES", "order_outlook", "people_to_plan", "tastes_for"]

# A person's share of a category is shrunk to everybody's by so many purchases, as in the portrait's tastes.
PRIOR_PURCHASES = 2.0


def order_outlook(portraits: ir.Table, values: ir.Table, *, horizon_days: int) -> ir.Table:
    """Return how likely each person orders within the horizon, and what such an order is worth.

    With x the orders that the value model expects over its own horizon of d days, a person orders at least once within
    `horizon_days` with probability 1 - exp(-x * horizon_days / d): orders of one person as a Poisson process.

    Parameters
    ----------
    portraits
        person_id, mean_order_minor (null: no order yet).
    values
        Columns of `value_scores`.
    horizon_days
        The campaign's horizon.

    Returns
    -------
    Table
        One row per person with a value score: person_id, n_expected_orders (within the horizon), response_prob (0..1),
        order_minor and margin_minor (floats, per order; null where no order is expected).
    """
    both = values.inner_join(portraits.select("person_id", "mean_order_minor"), "person_id")
    expected = both.expected_orders * horizon_days / both.horizon_days
    return both.select(
        "person_id",
        n_expected_orders=expected,
        response_prob=1.0 - (-expected).exp(),
        order_minor=both.mean_order_minor.cast("float64"),
        margin_minor=both.expected_margin_minor / both.expected_orders.nullif(0.0),
    )


def tastes_for(state: ir.Table, offers: Sequence[Offer]) -> ir.Table:
    """Return each person's share of lines that are in each offer's category, shrunk to everybody's share.

    Parameters
    ----------
    state
        Columns of the portraits' state: person_id, n_orders, n_known_lines, categories.
    offers
        Those with a category: `"GROCERY"` takes everything below it, `"GROCERY > CHEESE"` that shelf only.

    Returns
    -------
    Table
        One row per person with a line of known category: person_id, lines_per_order, and share_<offer_id> (0..1).
    """
    rows = state.filter(state.n_known_lines > 0).select(
        "person_id", "n_orders", "n_known_lines", entry=state.categories.unnest()
    )
    counts = {o.offer_id: _lines_in(rows, str(o.category)) for o in offers}
    own = rows.group_by("person_id").agg(
        n_orders=rows.n_orders.max(),
        n_known_lines=rows.n_known_lines.max(),
        **{f"n_{offer_id}": n for offer_id, n in counts.items()},
    )
    everybody = own.agg(
        all_lines=own.n_known_lines.sum(),
        **{f"all_{offer_id}": own[f"n_{offer_id}"].sum() for offer_id in counts},
    )
    joined = own.cross_join(everybody)
    own_lines = joined.n_known_lines + PRIOR_PURCHASES
    return joined.select(
        "person_id",
        lines_per_order=joined.n_known_lines / joined.n_orders.nullif(0),
        **{
            f"share_{i}": (joined[f"n_{i}"] + PRIOR_PURCHASES * joined[f"all_{i}"] / joined.all_lines)
            / own_lines
            for i in counts
        },
    )


def people_to_plan(
    outlook: ir.Table,
    tastes: ir.Table,
    members: ir.Table,
    *,
    offers: Sequence[Offer],
    renamed: Mapping[str, str],
) -> ir.Table:
    """Return the input of a plan with assumed effects (`aimwell.promote.plan.effects.assumed_choices`).

    A person who is expected to buy n lines, a share s of them in an offer's category, buys there at least once with
    probability 1 - exp(-n s). `lift_<offer_id>` is that over `response_prob`, so that their product is the chance that the
    offer is used.

    Parameters
    ----------
    outlook
        Result of `order_outlook`.
    tastes
        Result of `tastes_for` for the offers with a category; nobody's taste is known: an empty table.
    members
        One row per person: person_id and a boolean column per segment.
    offers
        All offers.
    renamed
        For each column of `members` the name it gets: `in_<segment>` or `can_<offer_id>`.

    Returns
    -------
    Table
        One row per person of `outlook`.
    """
    known = outlook.left_join(tastes, "person_id").drop("person_id_right")
    n_lines = known.n_expected_orders * known.lines_per_order
    lifts = {
        f"lift_{o.offer_id}": (1.0 - (-n_lines * known[f"share_{o.offer_id}"]).exp())
        / known.response_prob.nullif(0.0)
        for o in offers
        if o.category is not None
    }
    base = known.select("person_id", "response_prob", "order_minor", "margin_minor", **lifts)
    flags = members.select("person_id", **{new: members[old] for old, new in renamed.items()})
    return base.left_join(flags, "person_id").drop("person_id_right")


def _lines_in(rows: ir.Table, category: str) -> ir.IntegerScalar:
    """Return the aggregate that counts the lines of a category and of all below it."""
    is_inside = (rows.entry["name"] == category) | rows.entry["name"].startswith(f"{category} > ")
    return rows.entry["n_lines"].sum(where=is_inside).fill_null(0)
