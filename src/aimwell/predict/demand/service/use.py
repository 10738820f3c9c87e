"""Use of the forecasts: look at them, order stock, pace a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis

from aimwell.predict.demand.errors import NoForecast
from aimwell.predict.demand.model import Grain, Level
from aimwell.predict.demand.stock import StockOnHand, purchase_units, stock_level
from aimwell.predict.demand.tables.forecasts import DEMAND_FORECASTS
from aimwell.storage.lake.lake import Lake

__all__ = ["StockAdvice", "budget_pace", "forecasts", "stock_advice"]


@dataclass(frozen=True, kw_only=True)
class StockAdvice:
    """What to have of one product.

    Attributes
    ----------
    product_id
        The product.
    lead_units
        Units expected until a delivery ordered today is there.
    reorder_point
        Order when stock on hand and on its way falls to this: it lasts over the lead time with the service level's probability.
    order_up_to
        Order so many that stock on hand and on its way reaches this: it lasts over lead time and review interval.
    purchase_units
        Units to buy now for that; None where stock on hand is not known.
    """

    product_id: str
    lead_units: float
    reorder_point: int
    order_up_to: int
    purchase_units: int | None


def forecasts(
    *,
    lake: Lake,
    level: Level = "total",
    key: str | None = None,
    grain: Grain = "day",
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return kept forecasts of one level and grain, by key and day; of the `limit` keys of most expected revenue.

    Raises
    ------
    NoForecast
        Where there is none.
    """
    if not lake.has_table(DEMAND_FORECASTS.name):
        raise NoForecast(level=level, key=key or "", grain=grain)
    table = lake.table(DEMAND_FORECASTS.name)
    wanted = table.filter(table.level == level, table.grain == grain)
    if key is not None:
        wanted = wanted.filter(wanted.key == key)
    if limit is not None:
        sums = wanted.group_by("key").agg(all_minor=wanted.expected_revenue_minor.sum())
        top = sums.order_by(ibis.desc("all_minor"), "key").limit(limit)
        wanted = wanted.semi_join(top, "key")
    rows = lake.engine.rows(wanted.order_by("key", "period_start"))
    if not rows:
        raise NoForecast(level=level, key=key or "", grain=grain)
    return rows


def stock_advice(
    *,
    lake: Lake,
    lead_days: int,
    review_days: int = 7,
    service_level: float = 0.95,
    on_hand: Mapping[str, StockOnHand] | None = None,
    limit: int | None = None,
) -> list[StockAdvice]:
    """Return reorder point and order-up-to level of each product, those of most expected revenue first.

    Parameters
    ----------
    lake
        The kept forecasts.
    lead_days
        From order to delivery.
    review_days
        From one look at the stock to the next.
    service_level
        Probability in (0, 1) that stock lasts.
    on_hand
        What is there and on its way, by product.
    limit
        So many products; None: all.

    Raises
    ------
    NoForecast
        Where there is none.
    """
    rows = forecasts(lake=lake, level="product", grain="day", limit=limit)
    by_product: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_product.setdefault(row["key"], []).append(row)
    ranked = sorted(
        by_product.items(), key=lambda item: (-sum(row["expected_revenue_minor"] for row in item[1]), item[0])
    )
    return [
        _advice(
            key,
            days,
            lead_days=lead_days,
            review_days=review_days,
            service_level=service_level,
            on_hand=(on_hand or {}).get(key),
        )
        for key, days in ranked
    ]


def budget_pace(budget_minor: int, days: Sequence[Mapping[str, Any]]) -> dict[date, int]:
    """Spread a budget over the days of a forecast in proportion to expected revenue; to the last minor unit.

    Parameters
    ----------
    budget_minor
        The budget.
    days
        Rows of `forecasts`: period_start, expected_revenue_minor.

    Examples
    --------
    >>> rows = [{"period_start": date(2025, 1, day), "expected_revenue_minor": day} for day in (1, 2)]
    >>> list(budget_pace(100, rows).values())
    [33, 67]
    """
    weights = [max(0, int(row["expected_revenue_minor"])) for row in days]
    if not sum(weights):
        weights = [1] * len(weights)
    found, spent, seen = {}, 0, 0
    for row, weight in zip(days, weights, strict=True):
        seen += weight
        until_now = round(budget_minor * seen / sum(weights))
        found[row["period_start"]] = until_now - spent
        spent = until_now
    return found


def _advice(
    product_id: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    lead_days: int,
    review_days: int,
    service_level: float,
    on_hand: StockOnHand | None,
) -> StockAdvice:
    """Sum independent days: variances add, so the interval of the sum is the root of the sum of squared widths."""
    expected = sum(row["expected_units"] for row in rows)
    width = sum((row["high_units"] - row["low_units"]) ** 2 for row in rows) ** 0.5
    lead, both = (
        stock_level(
            expected,
            low=expected - width / 2,
            high=expected + width / 2,
            days=len(rows),
            level_days=days,
            service_level=service_level,
        )
        for days in (lead_days, lead_days + review_days)
    )
    return StockAdvice(
        product_id=product_id,
        lead_units=lead.expected_units,
        reorder_point=lead.units,
        order_up_to=both.units,
        purchase_units=purchase_units(both.units, on_hand) if on_hand else None,
    )
