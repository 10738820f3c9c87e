"""Fit: the responses of all products, tested on the last weeks, kept as a model with its card."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.model import Abstention
from aimwell.predict.price.abstentions import beaten_without_price, too_little_moved
from aimwell.predict.price.card import PriceCard, card_of
from aimwell.predict.price.learn import learn_responses
from aimwell.predict.price.model import FAMILY
from aimwell.predict.price.service.gather import gather
from aimwell.predict.price.trial import origins, try_origins
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["fit_price", "read_card"]


def fit_price(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    time_zone: str,
    margin_rate: float,
    category_depth: int = CATEGORY_DEPTH,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> PriceCard | Abstention:
    """Fit the price model of a shop and keep it in the lake table `models`.

    It is tried on the last weeks first. Where one elasticity for all products foretold those weeks better than one per product, all
    products are given the shop's; where prices did not help at all, nothing is kept.

    Parameters
    ----------
    lake
        The shop's facts and models.
    clock
        Tells when the model was fitted.
    as_of
        The model learns from whole weeks before; naive UTC.
    time_zone, margin_rate
        As in the shop's settings.
    category_depth
        Steps of the category path that make a category.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Returns
    -------
    PriceCard or Abstention
        The latter where too few products or moves were seen, or prices did not help to foretell.
    """
    progress = progress or Silent()
    progress.start(text("Fitting"), total=3, unit=text("steps"))
    facts = read_facts(lake=lake, known_at=known_at)
    found = gather(facts, engine=lake.engine, as_of=as_of, time_zone=time_zone, category_depth=category_depth)
    progress.advance(1)
    declined = too_little_moved(found.panel)
    if declined is not None:
        return declined
    cuts = origins(found.panel)
    backtest = try_origins(found.panel, cuts=cuts, first_on=found.first_on) if cuts else None
    progress.advance(1)
    beaten = beaten_without_price(backtest) if backtest else None
    if beaten is not None:
        return beaten
    form = backtest.form if backtest else "shrunk"
    model = learn_responses(found.panel, form=form, margin_rate=margin_rate, category_depth=category_depth)
    model_id = model_id_of(FAMILY, as_of=as_of, body=model.as_data())
    card = card_of(model, found.panel, model_id=model_id, as_of=as_of, backtest=backtest)
    keep_fit(FAMILY, model, card, form=model.form, lake=lake, now=clock.now())
    progress.done()
    return card


def read_card(*, lake: Lake, model_id: str | None = None) -> PriceCard:
    """Return the card of a kept model; of the one in use where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return PriceCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)
