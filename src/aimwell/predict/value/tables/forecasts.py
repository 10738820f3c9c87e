"""Forecasts of models and of naive rules beside the truth, and the sums that measure their errors."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from aimwell.predict.value.tables.histories import CELL_KEYS, binned

__all__ = ["MICRO", "covered", "decile_sums", "error_sums", "forecasts", "segment_means"]

MICRO = 1_000_000  # forecasts are summed as whole millionths, so that parallel sums are exact
_FREQUENCY_STEPS = (0, 1, 2, 3, 5, 9, 19, 39, 79)  # upper ends of the segments "bought so often again"
_SILENCE_STEPS = (7, 14, 30, 60, 90, 180, 365)  # upper ends, days since the last purchase


def _segmented(people: ir.Table) -> ir.Table:
    silence_days = people.age_days - people.recency_days
    return people.mutate(
        frequency_step=_step(people.frequency, _FREQUENCY_STEPS),
        silence_step=_step(silence_days, _SILENCE_STEPS),
    )


def _step(value: ir.IntegerValue, ends: Sequence[int]) -> ir.IntegerValue:
    branches = [(value <= end, ibis.literal(index)) for index, end in enumerate(ends)]
    return ibis.cases(*branches, else_=len(ends)).cast("int64")


def segment_means(people: ir.Table, outcomes: ir.Table) -> ir.Table:
    """Return what people of a recency x frequency segment did next, on average.

    Parameters
    ----------
    people
        Result of `histories`, up to an earlier cut.
    outcomes
        Result of `outcomes` over one horizon after that cut.

    Returns
    -------
    Table
        One row per (frequency_step, silence_step): segment_orders, segment_margin_minor (means, floats).
    """
    joined = _segmented(people).left_join(
        outcomes.select("person_id", later_orders="n_orders", later_minor="margin_minor"), "person_id"
    )
    means = joined.group_by("frequency_step", "silence_step").agg(
        n_people=joined.count(),
        orders=joined.later_orders.fill_null(0).sum(),
        margin=joined.later_minor.fill_null(0).sum(),
    )
    return means.select(
        "frequency_step",
        "silence_step",
        segment_orders=means.orders / means.n_people,
        segment_margin_minor=means.margin / means.n_people,
    )


def forecasts(
    people: ir.Table,
    *,
    outcomes: ir.Table,
    previous: ir.Table,
    segments: ir.Table,
    cell_scores: ir.Table,
    forms: Sequence[str],
    margin_base_minor: float,
    grain_days: int,
    horizon_days: int,
) -> ir.Table:
    """Return every forecast beside the truth.

    Parameters
    ----------
    people
        Result of `histories` up to the cut.
    outcomes, previous
        Results of `outcomes` over one horizon after and one before the cut.
    segments
        Result of `segment_means` one horizon earlier.
    cell_scores
        One row per (frequency, recent, recency_bin, age_bin): `<form>_orders` and the factor `<form>_margin`
        per form.
    forms
        Names of the models.
    margin_base_minor
        `v` of Gamma-Gamma.
    grain_days, horizon_days
        Of the cells; of all forecasts.

    Returns
    -------
    Table
        One row per person: person_id and, per forecast f in the forms and last_period, rate, segment_mean,
        and for f = actual: `<f>_orders` in millionths of an order, `<f>_margin` in minor units (both int64).
    """
    after = outcomes.select("person_id", after_orders="n_orders", after_minor="margin_minor")
    before = previous.select("person_id", before_orders="n_orders", before_minor="margin_minor")
    wide = _segmented(binned(people, grain_days=grain_days)).inner_join(cell_scores, CELL_KEYS)
    wide = wide.left_join(segments, ["frequency_step", "silence_step"])
    wide = wide.left_join(after, "person_id").left_join(before, "person_id")
    expected_days = wide.frequency / ibis.greatest(wide.age_days, 1) * horizon_days
    values: dict[str, tuple[ir.NumericValue, ir.NumericValue]] = {
        "actual": (wide.after_orders, wide.after_minor),
        "last_period": (wide.before_orders, wide.before_minor),
        "rate": (expected_days, expected_days * wide.margin_minor / (wide.frequency + 1)),
        "segment_mean": (wide.segment_orders, wide.segment_margin_minor),
    }
    base = wide.margin_minor + margin_base_minor
    values |= {form: (wide[f"{form}_orders"], base * wide[f"{form}_margin"]) for form in forms}
    columns = {
        f"{name}_orders": _whole(orders.cast("float64") * MICRO) for name, (orders, _) in values.items()
    }
    columns |= {f"{name}_margin": _whole(margin) for name, (_, margin) in values.items()}
    return wide.select("person_id", **columns)


def _whole(value: ir.NumericValue) -> ir.IntegerValue:
    return value.cast("float64").fill_null(0.0).round().cast("int64")


def error_sums(table: ir.Table, *, forecasts: Sequence[str]) -> ir.Table:
    """Return the sums from which every error measure of the forecasts follows.

    Parameters
    ----------
    table
        Result of `forecasts`.
    forecasts
        Names of forecasts in it.

    Returns
    -------
    Table
        One row per (forecast, measure), measure "orders" or "margin": n_people, predicted, actual, absolute,
        and the sums of products predicted_squared, actual_squared, product (exact decimals; orders in
        millionths).
    """
    return ibis.union(
        *[_error_sums(table, forecast, measure) for forecast in forecasts for measure in ("orders", "margin")]
    )


def _error_sums(table: ir.Table, forecast: str, measure: str) -> ir.Table:
    predicted, actual = (table[f"{name}_{measure}"].cast("decimal(38, 0)") for name in (forecast, "actual"))
    sums = table.agg(
        n_people=table.count(),
        predicted=predicted.sum(),
        actual=actual.sum(),
        absolute=(predicted - actual).abs().sum(),
        predicted_squared=(predicted * predicted).sum(),
        actual_squared=(actual * actual).sum(),
        product=(predicted * actual).sum(),
    )
    named = sums.mutate(forecast=ibis.literal(forecast), measure=ibis.literal(measure))
    return named.select("forecast", "measure", *sums.columns)


def decile_sums(table: ir.Table, *, forecast: str, measure: str) -> ir.Table:
    """Return predicted against actual, by tenths of the people ordered by the forecast.

    Returns
    -------
    Table
        One row per decile (1: highest forecasts): n_people, predicted, actual. Equal forecasts are ordered by
        person.
    """
    predicted = table[f"{forecast}_{measure}"]
    tenth = ibis.ntile(10).over(order_by=[predicted.desc(), table.person_id])
    ranked = table.select(decile=tenth + 1, predicted=predicted, actual=table[f"actual_{measure}"])
    return ranked.group_by("decile").agg(
        n_people=ranked.count(),
        predicted=ranked.predicted.cast("decimal(38, 0)").sum(),
        actual=ranked.actual.cast("decimal(38, 0)").sum(),
    )


def covered(scores: ir.Table, outcomes: ir.Table) -> ir.Table:
    """Return how many people ended inside their intervals.

    Parameters
    ----------
    scores
        Result of `scored`.
    outcomes
        Result of `outcomes` over the horizon of the scores.

    Returns
    -------
    Table
        One row: n_people, n_orders_inside, n_margin_inside.
    """
    after = outcomes.select("person_id", after_orders="n_orders", after_minor="margin_minor")
    joined = scores.left_join(after, "person_id")
    orders, margin = joined.after_orders.fill_null(0), joined.after_minor.fill_null(0)
    return joined.agg(
        n_people=joined.count(),
        n_orders_inside=orders.between(joined.orders_low, joined.orders_high).sum().cast("int64"),
        n_margin_inside=margin.between(joined.margin_low_minor, joined.margin_high_minor).sum().cast("int64"),
    )
