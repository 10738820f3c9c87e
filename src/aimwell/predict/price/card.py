"""The model card: what prices were seen, what was learned, how it fared, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from aimwell.base.words import Sentence, text
from aimwell.predict.price.model import FORECAST_NAMES, Backtest, PriceModel
from aimwell.predict.price.panel import Panel
from aimwell.predict.price.response import Response

__all__ = ["PriceCard", "card_of"]

COVERAGE_RANGE = (0.75, 0.85)
_DECILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class PriceCard:
    """All that is known of a price model.

    Attributes
    ----------
    model_id, form, as_of, data_hash
        Which model this is, and what it learned from.
    n_products, n_categories, n_weeks, n_rows, n_moves
        The data: products with a response of their own, their categories, weeks, product-weeks with a sale, those of them whose
        price was more than a tenth off the usual one.
    shop
        The response of a product of which nothing is known.
    elasticity_deciles
        Elasticity of the product at a tenth, half and nine tenths of all.
    n_positive, n_warnings
        Products of positive elasticity, and products with any warning.
    n_own_cost
        Products whose cost is known.
    backtest
        None where the past was too short for one.
    """

    model_id: str
    form: str
    as_of: datetime
    data_hash: str
    n_products: int
    n_categories: int
    n_weeks: int
    n_rows: int
    n_moves: int
    shop: Response
    elasticity_deciles: tuple[float, ...]
    n_positive: int
    n_warnings: int
    n_own_cost: int
    backtest: Backtest | None

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        return asdict(self) | {
            "as_of": self.as_of.isoformat(),
            "elasticity_deciles": list(self.elasticity_deciles),
            "backtest": None if self.backtest is None else self.backtest.as_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PriceCard:
        """Return the card that `as_data` wrote."""
        return cls(
            **dict(data)
            | {
                "as_of": datetime.fromisoformat(data["as_of"]),
                "shop": Response.from_data(data["shop"]),
                "elasticity_deciles": tuple(data["elasticity_deciles"]),
                "backtest": None if data["backtest"] is None else Backtest.from_data(data["backtest"]),
            }
        )

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before using a response, worst first."""
        always = text(
            "Past prices were not set by chance: the shop cut prices when it had a reason (season, stock, a rival), and that reason moves "
            "sales too. Treat a response as a strong hint, and test a price on a part of the products before all."
        )
        notes = [Sentence(always), *_backtest_notes(self.backtest)]
        if self.n_positive:
            template = text(
                "{n_positive} of {n_products} products sold more when they were dearer. They carry a warning, and no price is advised "
                "for them."
            )
            notes.append(Sentence(template, {"n_positive": self.n_positive, "n_products": self.n_products}))
        if self.n_own_cost < self.n_products:
            template = text(
                "The cost of {n_unknown} products is not known; their profit is reckoned with the shop's margin rate."
            )
            notes.append(Sentence(template, {"n_unknown": self.n_products - self.n_own_cost}))
        return notes


def card_of(
    model: PriceModel, panel: Panel, *, model_id: str, as_of: datetime, backtest: Backtest | None
) -> PriceCard:
    """Return the card of a model that was learned from a panel."""
    responses = list(model.products.values())
    elasticities = np.array([one.elasticity for one in responses])
    return PriceCard(
        model_id=model_id,
        form=model.form,
        as_of=as_of,
        data_hash=panel.data_hash,
        n_products=panel.n_products,
        n_categories=len(model.categories),
        n_weeks=panel.n_weeks,
        n_rows=len(panel.week),
        n_moves=sum(one.n_moves for one in responses),
        shop=model.shop,
        elasticity_deciles=tuple(float(value) for value in np.quantile(elasticities, _DECILES)),
        n_positive=int((elasticities >= 0).sum()),
        n_warnings=sum(one.warning is not None for one in responses),
        n_own_cost=sum(one.has_cost for one in responses),
        backtest=backtest,
    )


def _backtest_notes(backtest: Backtest | None) -> list[Sentence]:
    if backtest is None:
        return [
            Sentence(
                text("The past is too short for a back-test: these responses are untested in this shop.")
            )
        ]
    notes = []
    if backtest.form == "pooled":
        template = text(
            "One elasticity for all products foretold better than one per product, so every product is given the shop's."
        )
        notes.append(Sentence(template))
    mine = backtest.trial(backtest.form)
    for rival in backtest.trials:
        if rival.rmse < mine.rmse:
            template = text('Over all weeks, moved prices or not, "{rule}" came closer.')
            notes.append(Sentence(template, {"rule": Sentence(FORECAST_NAMES[rival.forecast])}))
    low, high = COVERAGE_RANGE
    if not low <= backtest.coverage <= high:
        template = text("The 80% intervals of weekly sales held {coverage:.0%} of the weeks.")
        notes.append(Sentence(template, {"coverage": backtest.coverage}))
    return notes
