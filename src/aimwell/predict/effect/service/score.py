"""Score: everyone's effect of every offer, written to the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.portraits.service import snapshot_at
from aimwell.predict.effect.model import FAMILY, EffectModel
from aimwell.predict.effect.tables.scores import EFFECT_SCORES, effects_of, featured
from aimwell.predict.service import read_model
from aimwell.storage.lake.lake import Lake

__all__ = ["ScoreSummary", "score_effect"]


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought, one per offer: people, mean effect, how many gain, the table's version."""

    model_id: str
    offer_id: str
    as_of: datetime
    horizon_days: int
    n_people: int
    mean_effect_minor: float
    positive_rate: float
    version: int


def score_effect(
    *,
    lake: Lake,
    as_of: datetime | None = None,
    model_id: str | None = None,
    progress: Progress | None = None,
) -> tuple[ScoreSummary, ...]:
    """Score everyone with a portrait, and keep the effects in the lake table `effect_scores`.

    Runs inside the engine: linear parts as expressions, trees as a vectorised function.

    Parameters
    ----------
    lake
        Portraits, models and scores.
    as_of
        Which portraits; None: the newest.
    model_id
        The model to use; None: the newest.
    progress
        Hears of the steps.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    NoPortraits, SnapshotUnknown
        When there are no portraits as of this moment.
    """
    progress = progress or Silent()
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = EffectModel.from_data(stored.body)
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    progress.start(text("Scoring"), total=1, unit=text("steps"))
    with lake.engine.stage(featured(lake.table(snapshot.table_name), model.encoding)) as features:
        rows = effects_of(features, model.offers).mutate(
            as_of=ibis.literal(snapshot.as_of).cast("timestamp"),
            model_id=ibis.literal(stored.model_id),
            horizon_days=ibis.literal(model.horizon_days).cast("int64"),
        )
        commit = lake.overwrite(EFFECT_SCORES, rows)
    progress.done()
    kept = lake.table(EFFECT_SCORES.name)
    totals = kept.group_by("offer_id").agg(
        n_people=kept.count(),
        mean_effect_minor=kept.effect_minor.mean(),
        positive_rate=(kept.effect_minor > 0).cast("float64").mean(),
    )
    return tuple(
        ScoreSummary(
            model_id=stored.model_id,
            as_of=snapshot.as_of,
            horizon_days=model.horizon_days,
            version=commit.version,
            **row,
        )
        for row in lake.engine.rows(totals.order_by("offer_id"))
    )
