"""How a build keeps each family of models fresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aimwell.base.money import minor_units
from aimwell.base.words import Sentence, text
from aimwell.build.step import Means
from aimwell.people.objections import objectors
from aimwell.predict.affinity.service import fit_affinity, score_affinity
from aimwell.predict.affinity.tables.scores import AFFINITY_SCORES
from aimwell.predict.demand.service import fit_demand, score_demand
from aimwell.predict.demand.tables.forecasts import DEMAND_FORECASTS
from aimwell.predict.demand.told.prices import read_prices
from aimwell.predict.demand.told.promotions import read_promotions
from aimwell.predict.demand.told.stockouts import read_stockouts
from aimwell.predict.effect.service import fit_effect, score_effect
from aimwell.predict.effect.tables.scores import EFFECT_SCORES
from aimwell.predict.model import Abstention
from aimwell.predict.price.model import FAMILY as PRICE
from aimwell.predict.price.service import fit_price, read_responses, score_price
from aimwell.predict.price.tables.responses import PRICE_RESPONSES
from aimwell.predict.repeat.service import fit_repeat, score_repeat
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.service import versions
from aimwell.predict.value.service import fit_value, score_value
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.promote.campaigns.service.chances import logged_chances

__all__ = ["FAMILIES", "Family"]

_Row = TypeVar("_Row")

# Of the shop's folder; each is read if it is there.
_PROMOTIONS = "promotions.csv"
_STOCKOUTS = "stockouts.csv"
_PRICES = "prices.csv"


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
    files
        Files of the shop's folder that its predictions stand on, beside the facts.
    uses
        Other families whose models its predictions stand on; they come before it.
    """

    name: str
    table: str
    fit: Callable[[Means], Any]
    score: Callable[[Means], Sentence | Abstention]
    files: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


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


def _rows(means: Means, name: str, read: Callable[[Path], list[_Row]]) -> list[_Row]:
    path = means.folder / name
    return read(path) if path.exists() else []


def _fit_demand(means: Means) -> Any:
    return fit_demand(
        **_of_shop(means, "clock", "as_of", "time_zone", "country"),
        promotions=_rows(means, _PROMOTIONS, read_promotions),
        stockouts=_rows(means, _STOCKOUTS, read_stockouts),
    )


def _score_demand(means: Means) -> Sentence | Abstention:
    minor = minor_units(means.settings.currency)
    prices = _rows(means, _PRICES, lambda path: read_prices(path, minor_per_unit=minor))
    has_responses = bool(prices and versions(PRICE, lake=means.lake))
    found = score_demand(
        **_of_shop(means, "as_of", "time_zone"),
        promotions=_rows(means, _PROMOTIONS, read_promotions),
        stockouts=_rows(means, _STOCKOUTS, read_stockouts),
        prices=prices,
        responses=read_responses(lake=means.lake) if has_responses else None,
    )
    if isinstance(found, Abstention):
        return found
    if not prices or has_responses:
        return _products(found.n_products, means)
    said = text("{n} products scored; planned prices change sales only, not units: there is no price model")
    return Sentence(said, {"n": means.words.number(found.n_products)})


def _fit_effect(means: Means) -> Any:
    chances = logged_chances(lake=means.lake, database=means.database)
    return fit_effect(**_of_shop(means, "clock", "as_of", "margin_rate"), chances=chances)


def _score_effect(means: Means) -> Sentence:
    found = score_effect(**_of_shop(means, "as_of"))
    return _people(max(one.n_people for one in found), means)


def _score_affinity(means: Means) -> Sentence:
    refusing = objectors(lake=means.lake, database=means.database)
    return _people(score_affinity(**_of_shop(means, "as_of"), objectors=refusing).n_people, means)


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
        score=_score_affinity,
    ),
    Family(
        name="price",
        table=PRICE_RESPONSES.name,
        fit=lambda means: fit_price(**_of_shop(means, "clock", "as_of", "time_zone", "margin_rate")),
        score=lambda means: _products(score_price(**_of_shop(means)).n_products, means),
    ),
    Family(
        name="demand",
        table=DEMAND_FORECASTS.name,
        fit=_fit_demand,
        score=_score_demand,
        files=(_PROMOTIONS, _STOCKOUTS, _PRICES),
        uses=(PRICE,),
    ),
    Family(name="effect", table=EFFECT_SCORES.name, fit=_fit_effect, score=_score_effect),
)
"""In an order in which every family stands behind those that it uses."""
