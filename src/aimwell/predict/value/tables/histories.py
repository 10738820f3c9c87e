"""Purchase histories, and the bounded summaries that models are fitted on."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

__all__ = ["binned", "frequency_margins", "histogram", "histories", "outcome_histogram"]


def histories(spent: ir.Table, *, last_on: date) -> ir.Table:
    """Return purchase histories as the models count them.

    Parameters
    ----------
    spent
        Result of `spending`.
    last_on
        Last local day that was observed in full.

    Returns
    -------
    Table
        One row per person: person_id, frequency (purchase days after the first), recency_days (first to last
        purchase), age_days (first purchase to `last_on`), margin_minor.
    """
    age_days = ibis.literal(last_on).cast("date").delta(spent.first_on, unit="day").cast("int64")
    return spent.select(
        "person_id",
        frequency=(spent.n_days - 1).cast("int64"),
        recency_days=spent.last_on.delta(spent.first_on, unit="day").cast("int64"),
        age_days=age_days,
        margin_minor=spent.margin_minor,
    )


def binned(people: ir.Table, *, grain_days: int) -> ir.Table:
    """Return histories with the bins of `grain_days` days they fall into: columns recency_bin and age_bin.

    A cell stands for the mean recency and age of its people, so that coarse bins add no bias of first order.
    """
    return people.mutate(
        recency_bin=(people.recency_days // grain_days).cast("int64"),
        age_bin=(people.age_days // grain_days).cast("int64"),
    )


def histogram(people: ir.Table, *, grain_days: int) -> ir.Table:
    """Return how many people share each history.

    Parameters
    ----------
    people
        Result of `histories`.
    grain_days
        Days of recency and age that count as one; 1 keeps every day apart.

    Returns
    -------
    Table
        One row per (frequency, recency_bin, age_bin): n_people, recency_sum_days, age_sum_days.
    """
    cells = binned(people, grain_days=grain_days)
    return cells.group_by("frequency", "recency_bin", "age_bin").agg(
        n_people=cells.count(), recency_sum_days=cells.recency_days.sum(), age_sum_days=cells.age_days.sum()
    )


def frequency_margins(people: ir.Table, *, step: float) -> ir.Table:
    """Return how many people share each margin per purchase day.

    Parameters
    ----------
    people
        Result of `histories`.
    step
        Means whose natural logarithms fall into one step of this width count as one.

    Returns
    -------
    Table
        One row per (n_orders, margin_bin): n_people, margin_sum_minor. Means not above 0 share the null bin.
    """
    n_orders = people.frequency + 1
    is_positive = people.margin_minor > 0
    mean = ibis.ifelse(is_positive, people.margin_minor, 1) / n_orders
    means = people.mutate(
        n_orders=n_orders,
        margin_bin=ibis.ifelse(is_positive, (mean.ln() / step).floor().cast("int64"), ibis.null("int64")),
    )
    return means.group_by("n_orders", "margin_bin").agg(
        n_people=means.count(), margin_sum_minor=means.margin_minor.sum()
    )


def outcome_histogram(people: ir.Table, outcomes: ir.Table, *, grain_days: int) -> ir.Table:
    """Return histories and what followed: one row per (frequency, recency_bin, age_bin, n_orders) as in `histogram`.

    Parameters
    ----------
    people
        Result of `histories`, up to a cut.
    outcomes
        Result of `spending` after the cut; who is not in it bought nothing.
    grain_days
        As in `histogram`.
    """
    cells = binned(people, grain_days=grain_days)
    after = outcomes.select("person_id", n_orders="n_days")
    joined = cells.left_join(after, "person_id")
    joined = joined.mutate(n_orders=joined.n_orders.fill_null(0))
    return joined.group_by("frequency", "recency_bin", "age_bin", "n_orders").agg(
        n_people=joined.count(),
        recency_sum_days=joined.recency_days.sum(),
        age_sum_days=joined.age_days.sum(),
    )
