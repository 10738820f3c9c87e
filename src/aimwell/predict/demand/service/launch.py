"""Launches: what products that were never sold will sell in their first days, computed when asked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aimwell.base.words import Sentence, text
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.demand.launch import (
    MIN_LAUNCHES,
    Launch,
    LaunchForecast,
    LaunchForm,
    LaunchTrial,
    Plan,
    foretell,
    split_day,
    try_launches,
)
from aimwell.predict.demand.service.gather import Source
from aimwell.predict.demand.tables.launches import launches, older_products, shelf_prices
from aimwell.predict.demand.told.launches import Announced
from aimwell.predict.model import Abstention
from aimwell.storage.lake.lake import Lake

__all__ = ["HORIZONS", "LaunchOutlook", "ProductLaunch", "demand_launch"]

HORIZONS = (7, 28, 91)
_MAX_DAYS = 3_660
_MAX_LAUNCHES = 50_000
_SETTLED_DAYS = 56  # who sold nothing in the first eight weeks of the data was not there yet
_THOUSAND = 1000.0


@dataclass(frozen=True, kw_only=True)
class ProductLaunch:
    """What one announced product is expected to sell within one horizon; `refusal`: why nothing is said of it."""

    product_id: str
    horizon_days: int
    form: LaunchForm | None
    forecast: LaunchForecast | None
    refusal: Sentence | None = None


@dataclass(frozen=True, kw_only=True)
class LaunchOutlook:
    """All announced products by horizon, and how launches of the past were foretold, by horizon; None: too few to try."""

    products: Sequence[ProductLaunch]
    trials: Mapping[int, LaunchTrial | None]


def demand_launch(
    announced: Sequence[Announced],
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    known_at: datetime | None = None,
) -> LaunchOutlook | Abstention:
    """Foretell the first 7, 28 and 91 days of products that were never sold.

    Parameters
    ----------
    announced
        The products.
    lake, as_of, time_zone, known_at
        As in `fit_demand`.

    Returns
    -------
    LaunchOutlook or Abstention
        The latter where the shop launched fewer than 30 products whose first week is over.
    """
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=CATEGORY_DEPTH,
        max_products=0,
        known_at=known_at,
    )
    lines = source.lines(_MAX_DAYS)
    prices = {row["category"]: row["price_minor"] for row in lake.engine.rows(shelf_prices(lines))}
    first = lake.engine.rows(lines.agg(day_on=lines.day_on.min()))[0]["day_on"]
    found: list[ProductLaunch] = []
    trials: dict[int, LaunchTrial | None] = {}
    for days in HORIZONS:
        past = [] if first is None else _past(source, first, days=days, prices=prices)
        if len(past) < MIN_LAUNCHES:
            if days == HORIZONS[0]:
                return _too_few(len(past))
            continue
        trials[days] = _trial(source, past, days=days)
        found += _said(announced, past, trials[days], source=source, days=days, prices=prices)
    return LaunchOutlook(products=found, trials=trials)


def _past(source: Source, first: date, *, days: int, prices: Mapping[str, float]) -> list[Launch]:
    table = launches(
        source.lines(_MAX_DAYS),
        from_on=first + timedelta(days=_SETTLED_DAYS),
        until_on=source.until_on,
        horizon_days=days,
        most=_MAX_LAUNCHES,
    )
    return [
        Launch(
            category=row["category"],
            first_on=row["first_on"],
            units=row["units"] / _THOUSAND,
            price_ratio=_ratio(
                row["net_minor"] * _THOUSAND / row["units"] if row["units"] else 0.0,
                prices.get(row["category"]),
            ),
        )
        for row in source.lake.engine.rows(table.order_by("first_on", "product_id"))
    ]


def _trial(source: Source, past: Sequence[Launch], *, days: int) -> LaunchTrial | None:
    cut_on = split_day(past)
    return try_launches(past, cut_on=cut_on, horizon_days=days, older=_older(source, cut_on, days=days))


def _older(source: Source, until_on: date, *, days: int) -> dict[str, float]:
    table = older_products(source.lines(_MAX_DAYS), until_on=until_on, horizon_days=days)
    return {row["category"]: row["units"] / _THOUSAND for row in source.lake.engine.rows(table)}


def _said(
    announced: Sequence[Announced],
    past: Sequence[Launch],
    trial: LaunchTrial | None,
    *,
    source: Source,
    days: int,
    prices: Mapping[str, float],
) -> list[ProductLaunch]:
    form: LaunchForm = trial.form if trial is not None else "analogy"
    good = [one for one in announced if one.category in prices]
    plans = [
        Plan(category=one.category, price_ratio=_ratio(one.price_minor, prices[one.category])) for one in good
    ]
    forecasts = dict(zip([one.product_id for one in good], foretell(past, plans), strict=True))
    older = _older(source, source.until_on, days=days) if form == "older_products" else {}
    found = []
    for one in announced:
        forecast = forecasts.get(one.product_id)
        refusal = None if forecast is not None else _unknown(one, prices)
        if forecast is not None and form != "analogy":
            forecast = _by_rule(forecast, one.category, past=past, older=older)
        found.append(
            ProductLaunch(
                product_id=one.product_id,
                horizon_days=days,
                form=None if forecast is None else form,
                forecast=forecast,
                refusal=refusal,
            )
        )
    return found


def _by_rule(
    forecast: LaunchForecast, category: str, *, past: Sequence[Launch], older: Mapping[str, float]
) -> LaunchForecast:
    """Return a forecast whose mean is the rule's, its interval moved in proportion."""
    own = [one.units for one in past if one.category == category] or [one.units for one in past]
    expected = older.get(category, sum(own) / len(own))
    ratio = expected / forecast.expected if forecast.expected else 1.0
    return LaunchForecast(
        expected=expected,
        median=forecast.median * ratio,
        low=forecast.low * ratio,
        high=forecast.high * ratio,
        level=forecast.level,
        n_launches=forecast.n_launches,
    )


def _ratio(price_minor: float | None, usual: float | None) -> float:
    return price_minor / usual if price_minor and usual else 1.0


def _unknown(one: Announced, prices: Mapping[str, float]) -> Sentence:
    near = difflib.get_close_matches(one.category, list(prices), n=3, cutoff=0.3)
    near += [path for path in sorted(prices) if one.category and one.category in path and path not in near][
        :3
    ]
    template = text('nothing was ever sold in the category "{category}"; near it: {near}')
    return Sentence(template, {"category": one.category, "near": "; ".join(near[:3]) or "–"})


def _too_few(n_launches: int) -> Abstention:
    template = text(
        "Too little to predict from: {n_launches} products were launched after the first eight weeks of the data and are a week old; it takes {least}."
    )
    values = {"n_launches": n_launches, "least": MIN_LAUNCHES}
    return Abstention(code="too_few_launches", reason=Sentence(template, values))
