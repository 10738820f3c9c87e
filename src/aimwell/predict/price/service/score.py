"""Score: the response of every product of the shop, written to the lake; and the responses as other families use them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.price.model import FAMILY, PriceModel
from aimwell.predict.price.tables.responses import PRICE_RESPONSES, responses_of
from aimwell.predict.price.tables.weeks import shelved
from aimwell.predict.service import read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["ScoreSummary", "read_responses", "score_price"]


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought: products, those with a response of their own, warnings, mean elasticity, the table's version."""

    model_id: str
    as_of: datetime
    n_products: int
    n_own: int
    n_warnings: int
    mean_elasticity: float
    version: int


def score_price(
    *,
    lake: Lake,
    model_id: str | None = None,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ScoreSummary:
    """Write the response of every product, own or its category's, to the lake table `price_responses`.

    Runs inside the engine, over all products. The table's `as_of` is the model's: a response is of the past it was learned from.

    Parameters
    ----------
    lake
        The shop's products, models and scores.
    model_id
        The model to use; None: the one in use.
    known_at
        Which products Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    progress = progress or Silent()
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = PriceModel.from_data(stored.body)
    progress.start(text("Scoring"), total=1, unit=text("steps"))
    facts = read_facts(lake=lake, known_at=known_at)
    products = shelved(facts.products, category_depth=model.category_depth)
    rows = responses_of(products, model).mutate(
        as_of=ibis.literal(stored.as_of).cast("timestamp"), model_id=ibis.literal(stored.model_id)
    )
    commit = lake.overwrite(PRICE_RESPONSES, rows)
    progress.done()
    kept = lake.table(PRICE_RESPONSES.name)
    totals = kept.agg(
        n_products=kept.count(),
        n_own=kept.price_minor.notnull().sum(),
        n_warnings=kept.has_warning.sum(),
        mean_elasticity=kept.elasticity.mean(),
    )
    found = lake.engine.rows(totals)[0]
    return ScoreSummary(model_id=stored.model_id, as_of=stored.as_of, version=commit.version, **found)


def read_responses(*, lake: Lake, model_id: str | None = None) -> PriceModel:
    """Return the responses for use by demand, offers and plan: `read_responses(lake=lake).response("p1").units_factor(1000, 900)`.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    return PriceModel.from_data(read_model(FAMILY, lake=lake, model_id=model_id).body)
