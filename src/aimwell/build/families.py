"""How a build keeps each family of models fresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.build.step import Means
from aimwell.predict.affinity.service import fit_affinity, score_affinity
from aimwell.predict.affinity.tables.scores import AFFINITY_SCORES
from aimwell.predict.demand.promotions import Promotion, read_promotions
from aimwell.predict.demand.service import fit_demand, score_demand
from aimwell.predict.demand.stockouts import Stockout, read_stockouts
from aimwell.predict.demand.tables.forecasts import DEMAND_FORECASTS
from aimwell.predict.effect.service import fit_effect, score_effect
from aimwell.predict.effect.tables.scores import EFFECT_SCORES
from aimwell.predict.model import Abstention
from aimwell.predict.price.service import fit_price, score_price
from aimwell.predict.price.tables.responses import PRICE_RESPONSES
from aimwell.predict.repeat.service import fit_repeat, score_repeat
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.value.service import fit_value, score_value
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.promote.campaigns.service.chances import logged_chances

__all__ = ["FAMILIES", "Family"]

_PROMOTIONS = "promotions.csv"  # of the shop's folder: past and planned ones
_STOCKOUTS = "stockouts.csv"  # of the shop's folder: when products could not be bought


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a build keeps one family of models fresh.

    Attributes
    ----------
    name
        As in `aimwell predict fit NAME`.
    table
        Where its predictions are kept.
    fit
        Fits and keeps a model; returns its card, or why it declined.
    score
        Predicts with the model in use, and says what came of it, or why it declined.
    """

    name: str
    table: str
    fit: Callable[[Means], Any]
    score: Callable[[Means], Sentence | Abstention]


def _of_shop(means: Means, *names: str) -> dict[str, Any]:
    """Return what services ask for by these names, beside the lake and the progress that all want."""
    settings = means.settings
    known = {
        "clock": means.clock,
        "as_of": means.as_of,
        "time_zone": settings.time_zone,
        "margin_rate": settings.margin_rate,
        "country": settings.country,
    }
    return {name: known[name] for name in names} | {"lake": means.lake, "progress": means.progress}


def _people(n: int, means: Means) -> Sentence:
    return Sentence(text("{n} people scored"), {"n": means.words.number(n)})


def _products(n: int, means: Means) -> Sentence:
    return Sentence(text("{n} products scored"), {"n": means.words.number(n)})


def _promotions(means: Means) -> list[Promotion]:
    path = means.folder / _PROMOTIONS
    return read_promotions(path) if path.exists() else []


def _stockouts(means: Means) -> list[Stockout]:
    path = means.folder / _STOCKOUTS
    return read_stockouts(path) if path.exists() else []


def _fit_demand(means: Means) -> Any:
    asked = _of_shop(means, "clock", "as_of", "time_zone", "country")
    return fit_demand(**asked, promotions=_promotions(means), stockouts=_stockouts(means))


def _score_demand(means: Means) -> Sentence | Abstention:
    found = score_demand(
        **_of_shop(means, "as_of", "time_zone"), promotions=_promotions(means), stockouts=_stockouts(means)
    )
    return found if isinstance(found, Abstention) else _products(found.n_products, means)


def _fit_effect(means: Means) -> Any:
    chances = logged_chances(lake=means.lake, database=means.database)
    return fit_effect(**_of_shop(means, "clock", "as_of", "margin_rate"), chances=chances)


def _score_effect(means: Means) -> Sentence:
    found = score_effect(**_of_shop(means, "as_of"))
    return _people(max(one.n_people for one in found), means)


FAMILIES = (
    Family(
        name="value",
        table=VALUE_SCORES.name,
        fit=lambda means: fit_value(**_of_shop(means, "clock", "as_of", "time_zone", "margin_rate")),
        score=lambda means: _people(score_value(**_of_shop(means, "as_of", "time_zone")).n_people, means),
    ),
    Family(
        name="repeat",
        table=REPEAT_SCORES.name,
        fit=lambda means: fit_repeat(**_of_shop(means, "clock", "as_of", "time_zone")),
        score=lambda means: _people(score_repeat(**_of_shop(means, "as_of", "time_zone")).n_people, means),
    ),
    Family(
        name="affinity",
        table=AFFINITY_SCORES.name,
        fit=lambda means: fit_affinity(**_of_shop(means, "clock", "as_of")),
        score=lambda means: _people(score_affinity(**_of_shop(means, "as_of")).n_people, means),
    ),
    Family(
        name="demand",
        table=DEMAND_FORECASTS.name,
        fit=_fit_demand,
        score=_score_demand,
    ),
    Family(
        name="price",
        table=PRICE_RESPONSES.name,
        fit=lambda means: fit_price(**_of_shop(means, "clock", "as_of", "time_zone", "margin_rate")),
        score=lambda means: _products(score_price(**_of_shop(means)).n_products, means),
    ),
    Family(name="effect", table=EFFECT_SCORES.name, fit=_fit_effect, score=_score_effect),
)
"""In the order of `aimwell predict`."""
