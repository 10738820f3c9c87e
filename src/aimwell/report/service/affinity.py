"""Gathers what the affinity model says, and how it fared on the past."""

from __future__ import annotations

from datetime import datetime

import ibis

from aimwell.base.words import Words
from aimwell.predict.affinity.model import METHOD_NAMES
from aimwell.predict.affinity.service import read_card
from aimwell.predict.affinity.tables.scores import AFFINITY_NEEDS
from aimwell.predict.model import ModelMissing
from aimwell.report.model import AffinityRival, AffinityView, NeedCount
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_affinity"]

_MOST_NEEDS = 8


def gather_affinity(*, lake: Lake, as_of: datetime, words: Words) -> AffinityView | None:
    """Return the affinity model in numbers and sentences; None: there is none that knows nothing after `as_of`."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    last = next((trial for trial in card.backtest.trials if trial.kind == "last"), None)
    if card.as_of > as_of or last is None:
        return None
    rivals = [
        AffinityRival(
            name=words.say(METHOD_NAMES[method]),
            is_model=method == card.form,
            recall=score.recall,
            ndcg=score.ndcg,
            repeat_recall=score.repeat_recall,
            explore_recall=score.explore_recall,
        )
        for method, score in last.scores.items()
    ]
    return AffinityView(
        k=card.backtest.k,
        n_people=last.n_people,
        repeat_rate=last.repeat_rate,
        rivals=tuple(sorted(rivals, key=lambda one: (not one.is_model, -one.recall))),
        needs=_needs(lake, as_of=as_of),
        notes=tuple(note.said(words) for note in card.notes()),
    )


def _needs(lake: Lake, *, as_of: datetime) -> tuple[NeedCount, ...]:
    if not lake.has_table(AFFINITY_NEEDS.name):
        return ()
    rows = lake.table(AFFINITY_NEEDS.name)
    first = rows.filter(rows["rank"] == 1, rows.as_of <= as_of)
    counts = first.group_by("category").agg(n_people=first.count())
    most = counts.order_by(ibis.desc("n_people"), "category").limit(_MOST_NEEDS)
    return tuple(NeedCount(**row) for row in lake.engine.rows(most))
