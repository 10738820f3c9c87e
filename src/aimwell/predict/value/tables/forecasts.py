"""Forecasts of models and of naive rules beside the truth, and the sums that measure their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from aimwell.predict.value.tables.histories import binned

__all__ = ["MICRO", "decile_sums", "error_sums", "forecasts", "segment_means"]

MICRO = 1_000_000  # forecasts are summed as whole millionths, so that parallel sums are exact
_FREQUENCY_STEPS = (1, 2, 3, 5, 9, 19)  # upper ends of the segments "bought so often again"
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
        Result of `spending` over one horizon after that cut.

    Returns
    -------
    Table
        One row per (frequency_step, silence_step): segment_orders, segment_margin_minor (means, floats).
    """
    joined = _segmented(people).left_join(
        outcomes.select("person_id", n_days="n_days", later_minor="margin_minor"), "person_id"
    )
    means = joined.group_by("frequency_step", "silence_step").agg(
        n_people=joined.count(),
        orders=joined.n_days.fill_null(0).sum(),
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
    margin_bases: Mapping[str, float],
    grain_days: int,
    horizon_days: int,
) -> ir.Table:
    """Every forecast beside the truth.

    Parameters
    ----------
    people
        Result of `histories` up to the cut.
    outcomes, previous
        Results of `spending` over one horizon after and one before the cut.
    segments
        Result of `segment_means` one horizon earlier.
    cell_scores
        One row per (frequency, recency_bin, age_bin): `<form>_orders` and the factor `<form>_margin` per
        form.
    margin_bases
        `v` of Gamma-Gamma per form.
    grain_days, horizon_days
        Of the cells; of all forecasts.

    Returns
    -------
    Table
        One row per person: person_id and, per forecast f in the forms and last_period, rate, segment_mean,
        and for f = actual: `<f>_orders` in millionths of an order, `<f>_margin` in minor units (both int64).
    """
    after = outcomes.select("person_id", after_orders="n_days", after_minor="margin_minor")
    before = previous.select("person_id", before_orders="n_days", before_minor="margin_minor")
    wide = _segmented(binned(people, grain_days=grain_days)).inner_join(
        cell_scores, ["frequency", "recency_bin", "age_bin"]
    )
    wide = wide.left_join(segments, ["frequency_step", "silence_step"])
    wide = wide.left_join(after, "person_id").left_join(before, "person_id")
    expected_days = wide.frequency / ibis.greatest(wide.age_days, 1) * horizon_days
    values: dict[str, tuple[ir.NumericValue, ir.NumericValue]] = {
        "actual": (wide.after_orders, wide.after_minor),
        "last_period": (wide.before_orders, wide.before_minor),
        "rate": (expected_days, expected_days * wide.margin_minor / (wide.frequency + 1)),
        "segment_mean": (wide.segment_orders, wide.segment_margin_minor),
    }
    for form, base in margin_bases.items():
        values[form] = (wide[f"{form}_orders"], (wide.margin_minor + base) * wide[f"{form}_margin"])
    columns = {
        f"{name}_orders": _whole(orders.cast("float64") * MICRO) for name, (orders, _) in values.items()
    }
    columns |= {f"{name}_margin": _whole(margin) for name, (_, margin) in values.items()}
    return wide.select("person_id", **columns)


def _whole(value: ir.NumericValue) -> ir.IntegerValue:
    return value.cast("float64").fill_null(0.0).round().cast("int64")


def error_sums(table: ir.Table, *, forecast: str, measure: str) -> ir.Table:
    """Return the sums from which every error measure of one forecast follows.

    Parameters
    ----------
    table
        Result of `forecasts`.
    forecast, measure
        Name of a forecast; "orders" or "margin".

    Returns
    -------
    Table
        One row: forecast, measure, n_people, predicted, actual, absolute, and the sums of products
        predicted_squared, actual_squared, product (exact decimals; orders in millionths).
    """
    predicted, actual = table[f"{forecast}_{measure}"], table[f"actual_{measure}"]
    wide_predicted, wide_actual = predicted.cast("decimal(38, 0)"), actual.cast("decimal(38, 0)")
    sums = table.agg(
        n_people=table.count(),
        predicted=wide_predicted.sum(),
        actual=wide_actual.sum(),
        absolute=(predicted - actual).abs().cast("decimal(38, 0)").sum(),
        predicted_squared=(wide_predicted * wide_predicted).sum(),
        actual_squared=(wide_actual * wide_actual).sum(),
        product=(wide_predicted * wide_actual).sum(),
    )
    return sums.mutate(forecast=ibis.literal(forecast), measure=ibis.literal(measure))


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
