"""Remembers every scoring, and says when a model is due."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.base.words import Sentence, text
from aimwell.people.model import Facts
from aimwell.people.service import read_facts
from aimwell.portraits.tables.compare import bin_counts, tenths
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.service import versions
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.predict.watch.model import LIMITS, Limits, Profile, due_reason
from aimwell.predict.watch.tables import SCORE_PROFILES, orders_that_came, people_who_came
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["WATCHED", "Watched", "profile_scores", "profiles_of", "refit_reason"]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How a family is watched.

    Attributes
    ----------
    table, column
        Lake table of its scores (one row per person, with as_of and model_id), and the prediction that is watched.
    horizon_days
        What the prediction is over; None: the table's column `horizon_days` says.
    came
        Makes the expression of what came of the sum of predictions: (facts, start=, end=) to one row, `came`.
    """

    table: str
    column: str
    horizon_days: int | None
    came: Callable[..., ir.Table]


WATCHED = {
    "value": Watched(
        table=VALUE_SCORES.name, column="expected_orders", horizon_days=None, came=orders_that_came
    ),
    "repeat": Watched(table=REPEAT_SCORES.name, column="p_order_30", horizon_days=30, came=people_who_came),
}
"""Families whose predictions are sums over people that can be held against the facts; the others are watched by age."""


def profile_scores(family: str, *, lake: Lake) -> Profile | None:
    """Remember the newest scores of a family in a few numbers; None: the family is not watched, or has no scores.

    The bins are those of the model's first scoring, so that later ones can be compared with it. The same scores again
    change nothing.
    """
    watched = WATCHED.get(family)
    if watched is None or not lake.has_table(watched.table):
        return None
    scores = lake.table(watched.table)
    head = lake.engine.rows(_head(scores, watched))[0]
    if not head["n_people"]:
        return None
    earlier = [p for p in profiles_of(family, lake=lake) if p.model_id == head["model_id"]]
    edges = list(earlier[0].edges) if earlier else _edges(scores, watched, lake=lake)
    profile = Profile(family=family, edges=edges, counts=_counts(scores, watched, edges, lake=lake), **head)
    _keep(profile, lake=lake)
    return profile


def profiles_of(family: str, *, lake: Lake) -> list[Profile]:
    """Return what is remembered of a family's scorings, oldest first."""
    if not lake.has_table(SCORE_PROFILES.name):
        return []
    kept = lake.table(SCORE_PROFILES.name)
    rows = lake.engine.rows(kept.filter(kept.family == family).order_by("as_of"))
    return [Profile(**row | {key: json.loads(row[key]) for key in ("edges", "counts")}) for row in rows]


def refit_reason(
    family: str, *, lake: Lake, as_of: datetime, facts: Facts | None = None, limits: Limits = LIMITS
) -> Sentence | None:
    """Return why a family should be fitted (again) now; None: it need not be. See `due_reason`."""
    kept = versions(family, lake=lake)
    if not kept:
        return Sentence(text("never fitted"))
    used = next(one for one in kept if one.is_in_use)
    mine = [p for p in profiles_of(family, lake=lake) if p.model_id == used.model_id and p.as_of <= as_of]
    came = _came(family, mine, facts or read_facts(lake=lake), lake=lake, as_of=as_of)
    newest = max(one.as_of for one in kept)
    return due_reason(mine, came, fitted_as_of=newest, as_of=as_of, limits=limits)


def _came(
    family: str, profiles: Sequence[Profile], facts: Facts, *, lake: Lake, as_of: datetime
) -> dict[datetime, float]:
    """Return what came of the newest scoring whose horizon is over."""
    over = [one for one in profiles if one.ends_at <= as_of]
    if not over:
        return {}
    last = over[-1]
    row = lake.engine.rows(WATCHED[family].came(facts, start=last.as_of, end=last.ends_at))[0]
    return {last.as_of: float(row["came"])}


def _head(scores: ir.Table, watched: Watched) -> ir.Table:
    days: Any = (
        scores.horizon_days.max()
        if watched.horizon_days is None
        else ibis.literal(watched.horizon_days, type="int64")
    )
    return scores.agg(
        model_id=scores.model_id.max(),
        as_of=scores.as_of.max(),
        horizon_days=days,
        n_people=scores.count(),
        foretold=scores[watched.column].sum().fill_null(0).cast("float64"),
    )


def _edges(scores: ir.Table, watched: Watched, *, lake: Lake) -> list[float]:
    found = lake.engine.rows(tenths(scores, [watched.column]))[0][watched.column]
    return sorted(set(found or ()))


def _counts(scores: ir.Table, watched: Watched, edges: Sequence[float], *, lake: Lake) -> list[int]:
    table = bin_counts(scores, edges={watched.column: edges}, named=())
    by_label = {row["label"]: int(row["n_people"]) for row in lake.engine.rows(table)}
    return [by_label.get(str(i), 0) for i in range(len(edges) + 1)] + [by_label.get(None, 0)]


def _keep(profile: Profile, *, lake: Lake) -> None:
    row = vars(profile) | {key: json.dumps(list(getattr(profile, key))) for key in ("edges", "counts")}
    rows = pa.Table.from_pylist([row], schema=SCORE_PROFILES.schema.to_pyarrow())
    txn = Txn(app_id=f"{profile.model_id}:{profile.as_of.isoformat()}")
    lake.append(SCORE_PROFILES, ibis.memtable(rows), txn=txn)
