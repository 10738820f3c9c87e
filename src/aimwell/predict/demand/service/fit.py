"""Fit: trees and weights, tested on the last horizons, kept as a model with its card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.demand.abstentions import too_little_sold
from aimwell.predict.demand.card import DemandCard
from aimwell.predict.demand.learn import Learned, backtest_of, learn, try_horizons
from aimwell.predict.demand.model import FAMILY, Backtest, DemandModel
from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.service.gather import MAX_PRODUCTS, Source, gather
from aimwell.predict.demand.told.promotions import Promotion
from aimwell.predict.demand.told.stockouts import Stockout
from aimwell.predict.model import Abstention
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_demand", "fit_demand", "read_card"]


def fit_demand(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    time_zone: str,
    country: str,
    horizon_days: int = 28,
    max_products: int = MAX_PRODUCTS,
    category_depth: int = CATEGORY_DEPTH,
    promotions: Sequence[Promotion] = (),
    stockouts: Sequence[Stockout] = (),
    seed: int = 0,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> DemandCard | Abstention:
    """Fit the demand model of a shop and keep it in the lake table `models`.

    Up to four past horizons are foretold first, each from what was known before. Where a naive rule beat the combination
    of forecasts at the level of products, the rule alone is used.

    Parameters
    ----------
    lake
        The shop's facts and models.
    clock
        Tells when the model was fitted.
    as_of
        The model learns from whole local days before; naive UTC.
    time_zone, country
        As in the shop's settings; the country's holidays count.
    horizon_days
        How far it looks ahead.
    max_products
        So many products have a series of their own; the others are pooled by category.
    category_depth
        Steps of the category path that make a category.
    promotions
        Past and planned ones.
    stockouts
        Days on which products could not be bought; their units are taken as usual, not as none. Rows of the product
        `stockouts.WHOLE_SHOP` are days on which the shop is closed.
    seed
        What chance starts from; equal seeds, equal models.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Returns
    -------
    DemandCard or Abstention
        The latter where the past is too short or hardly anything was sold; nothing is kept then.
    """
    progress = progress or Silent()
    progress.start(text("Fitting"), total=2, unit=text("steps"))
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=category_depth,
        max_products=max_products,
        promotions=promotions,
        stockouts=stockouts,
        known_at=known_at,
    )
    panel = gather(source, horizon_days=horizon_days)
    progress.advance(1)
    declined = too_little_sold(panel, horizon_days=horizon_days)
    if declined is not None:
        return declined
    learned = learn(panel, horizon_days=horizon_days, country=country, seed=seed)
    model = _model(learned, source, horizon_days=horizon_days, country=country, kinds=panel.promotion_kinds)
    card = _card(model, learned, panel, as_of=as_of)
    keep_fit(FAMILY, model, card, form="combined", lake=lake, now=clock.now())
    progress.done()
    return card


def backtest_demand(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    country: str,
    horizon_days: int = 28,
    max_products: int = MAX_PRODUCTS,
    category_depth: int = CATEGORY_DEPTH,
    promotions: Sequence[Promotion] = (),
    stockouts: Sequence[Stockout] = (),
    seed: int = 0,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> Backtest | Abstention:
    """Foretell past horizons, each from what was known before, and compare; parameters as of `fit_demand`, keeps nothing."""
    progress = progress or Silent()
    progress.start(text("Back-testing"), total=2, unit=text("steps"))
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=category_depth,
        max_products=max_products,
        promotions=promotions,
        stockouts=stockouts,
        known_at=known_at,
    )
    panel = gather(source, horizon_days=horizon_days)
    progress.advance(1)
    declined = too_little_sold(panel, horizon_days=horizon_days)
    if declined is not None:
        return declined
    tested = backtest_of(try_horizons(panel, horizon_days=horizon_days, country=country, seed=seed))
    progress.done()
    return tested


def read_card(*, lake: Lake, model_id: str | None = None) -> DemandCard:
    """Return the card of a kept model; of the one in use where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return DemandCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)


def _model(
    learned: Learned, source: Source, *, horizon_days: int, country: str, kinds: Sequence[str]
) -> DemandModel:
    return DemandModel(
        trees=learned.trees,
        weights=learned.weights,
        upper_weights=learned.upper_weights,
        quantiles=learned.quantiles,
        horizon_days=horizon_days,
        country=country,
        category_depth=source.category_depth,
        max_products=source.max_products,
        promotion_kinds=list(kinds),
        has_buyers=True,
    )


def _card(model: DemandModel, learned: Learned, panel: Panel, *, as_of: datetime) -> DemandCard:
    n_products = sum(1 for key in panel.keys if key)
    return DemandCard(
        model_id=model_id_of(FAMILY, as_of=as_of, body=model.as_data()),
        as_of=as_of,
        horizon_days=model.horizon_days,
        data_hash=panel.data_hash,
        first_on=panel.first_on,
        n_days=panel.n_days,
        n_products=n_products,
        n_pools=len(panel.keys) - n_products,
        n_units=round(float(panel.units.sum())),
        promotion_kinds=list(panel.promotion_kinds),
        n_filled_days=panel.n_filled_days,
        n_closed_days=int(panel.closed[: panel.n_days].sum()),
        weights=learned.weights,
        upper_weights=learned.upper_weights,
        backtest=learned.backtest,
    )
