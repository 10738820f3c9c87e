"""Effects of everyone, inside the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from aimwell.predict.effect.choose import EXTREME
from aimwell.predict.effect.features import Encoding
from aimwell.predict.effect.learners import Effect, Term
from aimwell.predict.effect.linear import Line
from aimwell.predict.effect.model import OfferEffect
from aimwell.predict.effect.trees import Trees
from aimwell.predict.functions import over_rows
from aimwell.storage.lake.model import TableSpec

__all__ = ["EFFECT_SCORES", "effects_of", "featured"]

# One row per person and offer: the newest scores. Money in minor units of profit within `horizon_days`, before the contact's cost.
EFFECT_SCORES = TableSpec(
    name="effect_scores",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "offer_id": "string",
            "as_of": "timestamp",
            "model_id": "string",
            "horizon_days": "int64",
            "effect_minor": "float64",
            "effect_se_minor": "float64",  # posterior: of the average, and of how people differ
            "use_prob": "float64",
        }
    ),
    cluster_by=("person_id",),
)


def featured(portraits: ir.Table, encoding: Encoding) -> ir.Table:
    """Return person_id and one float64 column `f_<number>` per feature."""
    columns = {f"f_{k}": feature.of_column(portraits) for k, feature in enumerate(encoding.features)}
    return portraits.select("person_id", **columns)


def effects_of(features: ir.Table, offers: Mapping[str, OfferEffect]) -> ir.Table:
    """Return the effects of all offers on everyone.

    Linear parts are expressions; trees are a vectorised function over Arrow arrays.

    Parameters
    ----------
    features
        Result of `featured`, kept (staged): it is read once per offer.
    offers
        The effects.

    Returns
    -------
    Table
        One row per person and offer: person_id, offer_id, effect_minor, effect_se_minor, use_prob.
    """
    return ibis.union(*(_of_offer(features, offer_id, effect) for offer_id, effect in offers.items()))


def _of_offer(features: ir.Table, offer_id: str, effect: OfferEffect) -> ir.Table:
    score: Any = ibis.literal(0.0) if effect.score is None else _summed(features, effect.score)
    scored = features.select(
        "person_id", score=score.clip(-EXTREME, EXTREME), use_prob=_line(features, effect.use)
    )
    variance = effect.mean.se**2 + (scored.score * effect.slope.se) ** 2
    return scored.select(
        "person_id",
        offer_id=ibis.literal(offer_id),
        effect_minor=effect.mean.value + effect.slope.value * scored.score,
        effect_se_minor=variance.sqrt(),
        use_prob=scored.use_prob,
    )


def _summed(features: ir.Table, effect: Effect) -> ir.FloatingValue:
    total: Any = ibis.literal(effect.constant)
    for term in effect.terms:
        total = total + term.factor * _term(features, term)
    return total


def _term(features: ir.Table, term: Term) -> ir.FloatingValue:
    if isinstance(term.part, Line):
        return _line(features, term.part)
    if isinstance(term.part, Trees):
        columns: list[Any] = [features[name] for name in features.columns if name.startswith("f_")]
        told = [] if term.told is None else [ibis.literal(term.told)]
        return _forest(term.part.text)(ibis.array([*columns, *told]))
    raise TypeError(f"{type(term.part).__name__} has no expression")


def _line(features: ir.Table, line: Line) -> ir.FloatingValue:
    total: Any = ibis.literal(line.intercept)
    for k, slope in enumerate(line.slopes.tolist()):
        if slope != 0.0:
            total = total + slope * features[f"f_{k}"]
    if not line.is_logistic:
        return total
    # 1 / (1 + exp(-x)) without overflow
    small = (-total.abs()).exp()
    return (total < 0).ifelse(small, 1.0) / (1.0 + small)


def _forest(text: str) -> Callable[[ir.Value], ir.Value]:
    """Return the function of an engine that predicts with these trees from an array of features."""

    def predict(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return _grown(text).predict(rows)[:, None]

    found = over_rows(predict, name="trees", equal=text)
    return lambda features: found(features)[0]


@lru_cache(maxsize=64)
def _grown(text: str) -> Trees:
    return Trees(text)
