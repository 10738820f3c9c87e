"""Purchase histories, and the bounded summaries that models are fitted on."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from aimwell.predict.value.cells import RECENT_DAYS

__all__ = ["CELL_KEYS", "binned", "histogram", "histories", "margin_histogram", "outcome_histogram"]

CELL_KEYS = ("frequency", "recent", "recency_bin", "age_bin")


def histories(days: ir.Table, margins: ir.Table, *, last_on: date) -> ir.Table:
    """Return purchase histories as the models count them.

    Parameters
    ----------
    days, margins
        Results of `purchase_days` and `margins` over the same window.
    last_on
        Last local day that was observed in full.

    Returns
    -------
    Table
        One row per person with a purchase: person_id, frequency (purchase days after the first), recent
        (those of them in the last `RECENT_DAYS` days), recency_days (first to last purchase), age_days (first
        purchase to `last_on`), margin_minor.
    """
    recent_from = ibis.literal(last_on - timedelta(days=RECENT_DAYS - 1)).cast("date")
    counts = days.group_by("person_id").agg(
        n_days=days.count(),
        n_recent_days=(days.bought_on >= recent_from).sum(),
        first_on=days.bought_on.min(),
        last_on=days.bought_on.max(),
    )
    is_new = (counts.first_on >= recent_from).cast("int64")  # the first purchase is not a repeat
    joined = counts.left_join(margins, "person_id")
    end_on = ibis.literal(last_on).cast("date")
    return joined.select(
        "person_id",
        frequency=(joined.n_days - 1).cast("int64"),
        recent=(joined.n_recent_days - is_new).cast("int64"),
        recency_days=joined.last_on.delta(joined.first_on, unit="day").cast("int64"),
        age_days=end_on.delta(joined.first_on, unit="day").cast("int64"),
        margin_minor=joined.margin_minor.fill_null(0),
    )


def binned(people: ir.Table, *, grain_days: int) -> ir.Table:
    """Return histories with the bins of `grain_days` days they fall into: columns recency_bin and age_bin."""
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
        One row per (frequency, recent, recency_bin, age_bin): n_people, recency_sum_days, age_sum_days. A
        cell stands for the means of its people, so coarse bins bring no error of first order.
    """
    cells = binned(people, grain_days=grain_days)
    return cells.group_by(*CELL_KEYS).agg(
        n_people=cells.count(),
        recency_sum_days=cells.recency_days.sum().cast("int64"),
        age_sum_days=cells.age_days.sum().cast("int64"),
    )


def outcome_histogram(people: ir.Table, outcomes: ir.Table, *, grain_days: int) -> ir.Table:
    """Return how many people share each history and what they did next.

    Parameters
    ----------
    people
        Result of `histories`, up to a cut.
    outcomes
        Result of `outcomes` after the cut; who is not in it bought nothing.
    grain_days
        As in `histogram`.

    Returns
    -------
    Table
        One row per (frequency, recent, recency_bin, age_bin, n_orders): n_people.
    """
    cells = binned(people, grain_days=grain_days)
    joined = cells.left_join(outcomes.select("person_id", "n_orders"), "person_id")
    joined = joined.mutate(n_orders=joined.n_orders.fill_null(0))
    return joined.group_by(*CELL_KEYS, "n_orders").agg(n_people=joined.count())


def margin_histogram(people: ir.Table, *, step: float) -> ir.Table:
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
    margin_bin = ibis.ifelse(is_positive, (mean.ln() / step).floor().cast("int64"), ibis.null("int64"))
    means = people.mutate(n_orders=n_orders, margin_bin=margin_bin)
    return means.group_by("n_orders", "margin_bin").agg(
        n_people=means.count(), margin_sum_minor=means.margin_minor.sum().cast("int64")
    )
