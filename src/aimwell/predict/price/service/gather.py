"""Gathers weekly sales of products into the panel that price is fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa

from aimwell.base.clock import local_time
from aimwell.people.model import Facts
from aimwell.predict.price.panel import Array, Integers, Panel
from aimwell.predict.price.tables.weeks import most_sold, product_weeks, shelved
from aimwell.predict.price.trial import MIN_WEEKS
from aimwell.storage.engines import Engine

__all__ = ["MAX_PRODUCTS", "MAX_WEEKS", "Gathered", "gather"]

MAX_PRODUCTS = 5_000
_THOUSAND = 1000.0  # units and prices are summed as whole thousandths
MAX_WEEKS = 156  # with MAX_PRODUCTS at most 780,000 rows, whatever the number of people


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The panel, and the Monday of its week 0."""

    panel: Panel
    first_on: date


def gather(facts: Facts, *, engine: Engine, as_of: datetime, time_zone: str, category_depth: int) -> Gathered:
    """Return the whole weeks of the shop before a moment.

    The bound: `MAX_PRODUCTS` products, those sold in most weeks, times `MAX_WEEKS` weeks. The week under way at `as_of` is left out.

    Parameters
    ----------
    facts, engine
        The shop's facts, and what runs their expressions.
    as_of
        Only lines before this moment; naive UTC.
    time_zone
        The shop's zone; weeks begin on its Mondays.
    category_depth
        Steps of the category path that make a category.
    """
    until_on = _monday(local_time(as_of, time_zone).date())
    from_on = until_on - timedelta(weeks=MAX_WEEKS)
    weeks = product_weeks(facts, as_of=as_of, from_on=from_on, until_on=until_on)
    with engine.stage(weeks) as staged:
        rows = engine.arrow(
            most_sold(staged, limit=MAX_PRODUCTS, min_weeks=MIN_WEEKS).order_by("product_id", "week_on")
        )
    ids, product = np.unique(np.array(rows["product_id"].to_pylist(), dtype=object), return_inverse=True)
    wanted = ibis.memtable(pa.table({"product_id": pa.array(ids, pa.string())}))
    shelf = shelved(facts.products, category_depth=category_depth).semi_join(wanted, "product_id")
    names = {row["product_id"]: row["category"] for row in engine.rows(shelf)}
    panel = _panel(rows, product=product, from_on=from_on)
    return Gathered(
        panel=replace(panel, product_ids=tuple(ids), categories=tuple(names.get(one, "") for one in ids)),
        first_on=from_on,
    )


def _panel(rows: pa.Table, *, product: Integers, from_on: date) -> Panel:
    def numbers(name: str) -> Array:
        return np.asarray(rows[name].to_numpy(), dtype=float)

    days = np.array(rows["week_on"].to_pylist(), dtype="datetime64[D]") - np.datetime64(from_on, "D")
    units, costed = numbers("units"), numbers("costed_units")
    with np.errstate(divide="ignore", invalid="ignore"):  # a week without any known cost has none
        unit_cost = np.where(costed > 0, numbers("cost_minor") / (costed / _THOUSAND), np.nan)
    return Panel(
        product_ids=(),
        categories=(),
        product=product.astype(np.int64),
        week=(days.astype(np.int64) // 7),
        units=units / _THOUSAND,
        price_minor=numbers("prices_milli") / numbers("n_lines") / _THOUSAND,
        promoted=numbers("promoted_units") / units,
        unit_cost_minor=unit_cost,
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
