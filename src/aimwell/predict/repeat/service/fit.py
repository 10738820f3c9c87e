"""Fit: learn from the shop's past, try the same from earlier days, and keep the model with its card."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.abstentions import beaten_by_rate, usable
from aimwell.predict.repeat.card import RepeatCard, head_cards
from aimwell.predict.repeat.learn import learn
from aimwell.predict.repeat.model import FAMILY, HORIZON_DAYS, RepeatModel
from aimwell.predict.repeat.service.backtest import try_origins
from aimwell.predict.repeat.service.gather import Gathered, gather
from aimwell.predict.repeat.trial import OriginTrial
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["fit_repeat", "read_card"]


def fit_repeat(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    time_zone: str,
    horizon_days: int = HORIZON_DAYS,
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> RepeatCard | Abstention:
    """Fit the repeat model of a shop and keep it in the lake table `models`.

    Fitting the same data again keeps one model.

    Parameters
    ----------
    lake
        The shop's facts and models.
    clock
        Tells when the model was fitted.
    as_of
        The model learns from what happened before; naive UTC.
    time_zone
        As in the shop's settings.
    horizon_days
        The long horizon, 30 days or more.
    known_at
        What Aimwell knew at this moment; None: now.
    seed
        What randomness starts from; equal seeds and data give equal models.
    progress
        Hears of the steps.

    Returns
    -------
    RepeatCard or Abstention
        The latter where the data are too few, or nothing that the model says is better than a share given to everyone; nothing is
        kept then.

    Raises
    ------
    HorizonTooShort
        Below 30 days.
    """
    progress = progress or Silent()
    gathered = gather(
        read_facts(lake=lake, known_at=known_at),
        engine=lake.engine,
        as_of=as_of,
        time_zone=time_zone,
        horizon_days=horizon_days,
        seed=seed,
    )
    present = usable(gathered.present, n_people=gathered.n_people)
    if isinstance(present, Abstention):
        return present
    trials = try_origins(present, gathered.past, horizon_days=horizon_days, seed=seed, progress=progress)
    beaten = beaten_by_rate(trials)
    if beaten is not None:
        return beaten
    progress.start(text("Fitting"), total=1, unit=text("models"))
    model = learn(present, gathered.past, horizon_days=horizon_days, seed=seed)
    progress.done()
    card = _card(model, gathered=gathered, n_drawn=len(present), trials=trials, as_of=as_of)
    keep_fit(FAMILY, model, card, form=card.form, lake=lake, now=clock.now())
    return card


def read_card(*, lake: Lake, model_id: str | None = None) -> RepeatCard:
    """Return the card of a kept model; of the one in use where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return RepeatCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)


def _card(
    model: RepeatModel,
    *,
    gathered: Gathered,
    n_drawn: int,
    trials: tuple[OriginTrial, ...],
    as_of: datetime,
) -> RepeatCard:
    return RepeatCard(
        model_id=model_id_of(FAMILY, as_of=as_of, body=model.as_data()),
        form=model.form,
        as_of=as_of,
        horizon_days=model.horizon_days,
        data_hash=gathered.data_hash,
        n_people=gathered.n_people,
        n_drawn=n_drawn,
        n_days_learned=len(gathered.past),
        memory=model.memory,
        heads=head_cards(model),
        total_weights={total.measure: total.weight for total in model.totals},
        trials=list(trials),
    )
