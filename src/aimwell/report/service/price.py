"""Gathers what the price model says, and how it fared on the past."""

from __future__ import annotations

import math
from datetime import datetime

from aimwell.base.words import Words
from aimwell.people.model import Facts
from aimwell.predict.model import ModelMissing
from aimwell.predict.price.card import PriceCard
from aimwell.predict.price.model import FORECAST_NAMES
from aimwell.predict.price.response import Response
from aimwell.predict.price.service import read_card, read_responses
from aimwell.predict.products import product_names
from aimwell.report.model import PriceRival, PriceView, ProductResponse
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_price"]

_MOST_PRODUCTS = 12


def gather_price(facts: Facts, *, lake: Lake, as_of: datetime, words: Words) -> PriceView | None:
    """Return the price model in numbers and sentences; None: there is none that knows nothing after `as_of`."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    if card.as_of > as_of:
        return None
    model = read_responses(lake=lake, model_id=card.model_id)
    sound = [one for one in model.products.values() if one.warning is None]
    sound.sort(key=lambda one: (-one.weekly_units * one.price_minor, one.product_id))
    return PriceView(
        n_products=card.n_products,
        n_moves=card.n_moves,
        usual=card.elasticity_deciles[1],
        promotion_lift=math.expm1(card.shop.lift),
        products=_products(sound[:_MOST_PRODUCTS], facts=facts, lake=lake),
        rivals=_rivals(card, words=words),
        notes=tuple(note.said(words) for note in card.notes()),
    )


def _products(responses: list[Response], *, facts: Facts, lake: Lake) -> tuple[ProductResponse, ...]:
    ids = [one.product_id for one in responses]
    found = product_names(ids, products=facts.products, engine=lake.engine)
    shown = []
    for one in responses:
        low, high = one.interval
        name = f"{found.get(one.product_id, '')} {one.product_id}".strip()
        shown.append(ProductResponse(name=name, elasticity=one.elasticity, low=low, high=high))
    return tuple(shown)


def _rivals(card: PriceCard, *, words: Words) -> tuple[PriceRival, ...]:
    if card.backtest is None:
        return ()
    return tuple(
        PriceRival(
            name=words.say(FORECAST_NAMES[one.forecast]),
            is_model=one.forecast == card.backtest.form,
            rmse=one.rmse,
            moved_rmse=one.moved_rmse,
        )
        for one in card.backtest.trials
    )
