"""Fit: learn what goes with what and how to rank it, keep the model and its card."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.affinity.card import AffinityCard
from aimwell.predict.affinity.model import FAMILY, AffinityModel, Backtest
from aimwell.predict.affinity.needs import NeedsTrial, learn_needs, try_needs
from aimwell.predict.affinity.service.backtest import backtest_source
from aimwell.predict.affinity.service.gather import Source, data_hash
from aimwell.predict.affinity.service.trial import Learned, learn
from aimwell.predict.model import Abstention
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["fit_affinity", "read_card"]


def fit_affinity(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    horizon_days: int = 28,
    k: int = 10,
    margin_floor: float | None = None,
    not_shown: Collection[str] = (),
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> AffinityCard | Abstention:
    """Test on the past, learn from everything before `as_of`, and keep the model.

    Parameters
    ----------
    lake
        The shop's facts, and where the model is kept.
    clock
        Says when it was fitted.
    as_of
        Baskets before this moment are learned from; naive UTC.
    horizon_days, k, margin_floor, not_shown, known_at, seed, progress
        As for `backtest_affinity`.

    Returns
    -------
    AffinityCard or Abstention
        The card of the model that was kept, or why there is none.
    """
    progress = progress or Silent()
    facts = read_facts(lake=lake, known_at=known_at)
    source = Source(facts=facts, engine=lake.engine, margin_floor=margin_floor, not_shown=not_shown)
    tested = backtest_source(
        source, as_of=as_of, horizon_days=horizon_days, k=k, seed=seed, progress=progress
    )
    if isinstance(tested, Abstention):
        return tested
    progress.start(text("Learning affinities"), total=1, unit=text("models"))
    with source.lines(as_of) as lines:
        learned = learn(lines, from_turn=0, source=source, seed=seed)
    if isinstance(learned, Abstention):
        return learned
    needs = try_needs(learned.sample, learned.world, horizon_days=horizon_days)
    progress.done()
    model = _model(learned, tested, needs, horizon_days=horizon_days)
    card = _card(model, learned, tested, needs, as_of=as_of)
    keep_fit(FAMILY, model, card, form=card.form, lake=lake, now=clock.now())
    return card


def read_card(*, lake: Lake, model_id: str | None = None) -> AffinityCard:
    """Return the card of the newest model, or of the one with this name.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return AffinityCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)


def _model(
    learned: Learned, tested: Backtest, tried: NeedsTrial | None, *, horizon_days: int
) -> AffinityModel:
    needs = learn_needs(learned.sample, learned.world, horizon_days=horizon_days)
    has_won = tried is not None and tried.hit_rate > tried.popular_hit_rate
    return AffinityModel(
        form=tested.form,
        world=learned.world,
        ranker=learned.ranker if tested.form == "boosted" else None,
        needs=needs if has_won or needs.form == "none" else needs.popular(),
    )


def _card(
    model: AffinityModel, learned: Learned, tested: Backtest, needs: NeedsTrial | None, *, as_of: datetime
) -> AffinityCard:
    world = model.world
    return AffinityCard(
        model_id=model_id_of(FAMILY, as_of=as_of, body=model.as_data()),
        form=model.form,
        as_of=as_of,
        data_hash=data_hash(world, learned.sample),
        n_products=world.n_items,
        n_related=world.relations.shape[0],
        n_relations=world.relations.nnz,
        n_categories=len(world.catalogue.categories),
        n_shown=int(world.catalogue.may_show.sum()),
        n_sample=learned.sample.n_people,
        needs_form=model.needs.form,
        needs=needs,
        weights=learned.ranker.weights,
        backtest=tested,
    )
