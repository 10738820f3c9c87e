"""Fit: learn what each offer changes with whom, and keep the model with its card."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import ibis.expr.types as ir

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.predict.effect.abstentions import no_experiment, too_few_decisions
from aimwell.predict.effect.card import EffectCard, offer_trial
from aimwell.predict.effect.choose import Choice, choose
from aimwell.predict.effect.learners import LEARNERS
from aimwell.predict.effect.linear import logistic_ridge
from aimwell.predict.effect.model import FAMILY, EffectModel, OfferEffect
from aimwell.predict.effect.service.gather import Gathered, OfferData, gather
from aimwell.predict.model import Abstention
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_effect", "fit_effect", "read_card"]


def fit_effect(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    margin_rate: float,
    horizon_days: int = 30,
    chances: ir.Table | None = None,
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> EffectCard | Abstention:
    """Fit the effect model of a shop and keep it in the lake table `models`.

    Parameters
    ----------
    lake
        The shop's facts, portraits and models.
    clock
        Tells when the model was fitted.
    as_of
        Outcomes up to here count (naive UTC, exclusive).
    margin_rate
        As in the shop's settings.
    horizon_days
        Profit is counted over so many days after a decision.
    chances
        See `gather`.
    known_at
        What Aimwell knew at this moment; None: now.
    seed
        What all randomness starts from.
    progress
        Hears of every learner tried.

    Returns
    -------
    EffectCard or Abstention
        The latter where chance decided about too little; nothing is kept then. Offers whose effect cannot be told apart between
        people are in the model with their average effect, and the card says so.
    """
    learned = _learn(
        lake=lake,
        as_of=as_of,
        margin_rate=margin_rate,
        horizon_days=horizon_days,
        chances=chances,
        known_at=known_at,
        seed=seed,
        progress=progress or Silent(),
    )
    if isinstance(learned, Abstention):
        return learned
    model, card = learned
    keep_fit(FAMILY, model, card, form="average", lake=lake, now=clock.now())
    return card


def backtest_effect(
    *,
    lake: Lake,
    as_of: datetime,
    margin_rate: float,
    horizon_days: int = 30,
    chances: ir.Table | None = None,
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> EffectCard | Abstention:
    """Return the card that `fit_effect` would keep: every learner is judged on people it did not see. Parameters as there."""
    learned = _learn(
        lake=lake,
        as_of=as_of,
        margin_rate=margin_rate,
        horizon_days=horizon_days,
        chances=chances,
        known_at=known_at,
        seed=seed,
        progress=progress or Silent(),
    )
    return learned if isinstance(learned, Abstention) else learned[1]


def read_card(*, lake: Lake, model_id: str | None = None) -> EffectCard:
    """Return the card of a kept model; of the newest one where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return EffectCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)


def _learn(
    *,
    lake: Lake,
    as_of: datetime,
    margin_rate: float,
    horizon_days: int,
    chances: ir.Table | None,
    known_at: datetime | None,
    seed: int,
    progress: Progress,
) -> tuple[EffectModel, EffectCard] | Abstention:
    gathered = gather(
        lake=lake,
        as_of=as_of,
        horizon_days=horizon_days,
        margin_rate=margin_rate,
        chances=chances,
        known_at=known_at,
        seed=seed,
    )
    if gathered is None or not gathered.offers:
        return _declined(gathered, as_of=as_of, horizon_days=horizon_days)
    choices = _choices(gathered, seed=seed, progress=progress)
    model = EffectModel(
        encoding=gathered.encoding,
        offers={k: _effect(choice, gathered.offers[k]) for k, choice in choices.items()},
        horizon_days=horizon_days,
        margin_rate=margin_rate,
    )
    return model, _card(model, choices=choices, gathered=gathered, as_of=as_of)


def _declined(gathered: Gathered | None, *, as_of: datetime, horizon_days: int) -> Abstention:
    if gathered is None or not gathered.declined:
        return no_experiment(until=as_of - timedelta(days=horizon_days), horizon_days=horizon_days)
    nearest = max(gathered.declined, key=lambda one: min(one["n_treated"], one["n_control"]))
    return too_few_decisions(
        nearest["offer_id"], n_treated=nearest["n_treated"], n_control=nearest["n_control"]
    )


def _choices(gathered: Gathered, *, seed: int, progress: Progress) -> dict[str, Choice]:
    n_fits = len(LEARNERS) * len(gathered.offers)
    progress.start(text("Learning effects"), total=n_fits, unit=text("models"))
    choices = {
        offer_id: choose(data.experiment, seed=seed, progress=progress)
        for offer_id, data in gathered.offers.items()
    }
    progress.done()
    return choices


def _effect(choice: Choice, data: OfferData) -> OfferEffect:
    got_it = data.experiment.is_treated
    use = logistic_ridge(data.experiment.features[got_it], data.has_ordered[got_it].astype(float))
    return OfferEffect.of(choice, use=use)


def _card(
    model: EffectModel, *, choices: dict[str, Choice], gathered: Gathered, as_of: datetime
) -> EffectCard:
    digest = hashlib.sha256("".join(d.experiment.data_hash for d in gathered.offers.values()).encode())
    return EffectCard(
        model_id=model_id_of(FAMILY, as_of=as_of, body=model.as_data()),
        as_of=as_of,
        horizon_days=model.horizon_days,
        margin_rate=model.margin_rate,
        data_hash=digest.hexdigest(),
        n_features=len(model.encoding.features),
        offers=[
            offer_trial(
                choice,
                offer_id=offer_id,
                counts=gathered.offers[offer_id].counts,
                n_drawn=len(gathered.offers[offer_id].experiment),
            )
            for offer_id, choice in choices.items()
        ],
        declined=gathered.declined,
    )
