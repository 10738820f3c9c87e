"""Who will need what: the forecasts of categories, split over groups of customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir

from aimwell.portraits.errors import NoPortraits, TraitNotThere
from aimwell.portraits.service import newest_snapshot
from aimwell.predict.demand.model import FAMILY, DemandModel
from aimwell.predict.demand.service.gather import Source
from aimwell.predict.demand.service.use import forecasts
from aimwell.predict.demand.tables.groups import ANONYMOUS, group_weights
from aimwell.predict.lists import predicted_at
from aimwell.predict.service import read_model
from aimwell.predict.traits import PredictionMissing
from aimwell.storage.lake.lake import Lake

__all__ = ["Expected", "GroupDemand", "expected_orders", "group_demand", "groups_of", "split"]

_MIX_DAYS = 364  # a whole year, so that every season counts alike
_SCORES, _EXPECTED, _BY = "repeat_scores", "expected_orders", "rfm_segment"


@dataclass(frozen=True)
class Expected:
    """Units, and the sales that they bring in minor units."""

    units: float = 0.0
    revenue_minor: float = 0.0

    def __add__(self, other: Expected) -> Expected:
        return Expected(self.units + other.units, self.revenue_minor + other.revenue_minor)


@dataclass(frozen=True, kw_only=True)
class GroupDemand:
    """What one group of customers is expected to buy of one category within the horizon.

    Attributes
    ----------
    group, category
        Which; the group "" has no value of the trait, the group "anonymous" no account.
    expected_units, expected_revenue_minor
        Units, and the sales that they bring in minor units of the shop's currency, at the category's mean price.
    category_rate
        Share of all that is bought of the category.
    times_average
        Units per person of the group, relative to those per person of everybody known; None for anonymous orders.
    """

    group: str
    category: str
    expected_units: float
    expected_revenue_minor: int
    category_rate: float
    times_average: float | None


def group_demand(
    *, lake: Lake, time_zone: str, by: str = _BY, known_at: datetime | None = None
) -> list[GroupDemand]:
    """Return what each group will need of each category, by group and sales, the most first.

    Units of the kept forecasts of categories are split as their customers are expected to buy: each one's own mix so far, times the
    purchase days that the family `repeat` expects.

    Parameters
    ----------
    lake
        Forecasts, scores of repeat and portraits.
    time_zone
        As in the shop's settings.
    by
        Trait with texts as values that makes the groups; read from the newest portraits that are not younger than the forecasts.
    known_at
        What Aimwell knew of sales at this moment; None: now.

    Raises
    ------
    NoForecast, PredictionMissing, NoPortraits, TraitNotThere
        Where something that it stands on is not there.
    """
    rows = forecasts(lake=lake, level="category", grain="day")
    as_of = rows[0]["as_of"]
    model = DemandModel.from_data(read_model(FAMILY, lake=lake, model_id=rows[0]["model_id"]).body)
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=model.category_depth,
        max_products=model.max_products,
        known_at=known_at,
    )
    groups = groups_of(lake, by=by, as_of=as_of)
    weights = group_weights(
        source.lines(_MIX_DAYS),
        groups,
        expected_orders(lake, as_of=as_of),
        until_on=source.until_on,
    )
    whole: dict[str, Expected] = defaultdict(Expected)
    for row in rows:
        whole[row["key"]] += Expected(row["expected_units"], row["expected_revenue_minor"])
    sizes = {
        row["segment"]: row["n"] for row in lake.engine.rows(groups.group_by("segment").agg(n=groups.count()))
    }
    return split(lake.engine.rows(weights), whole, sizes)


def groups_of(lake: Lake, *, by: str, as_of: datetime) -> ir.Table:
    """Return person_id and segment: a trait's value in the newest portraits that are not younger than a moment, "" for none."""
    found = newest_snapshot(lake=lake, as_of=as_of)
    if found is None:
        raise NoPortraits()
    table = lake.table(found.table_name)
    if by not in table.columns or not table[by].type().is_string():
        raise TraitNotThere(day=f"{found.as_of:%Y-%m-%d}", names=by)
    return table.select("person_id", segment=table[by].fill_null(""))


def expected_orders(lake: Lake, *, as_of: datetime) -> ir.Table:
    """Return person_id and expected_orders (purchase days in 91 days), predicted as of a moment or before."""
    made = predicted_at(lake, _SCORES)
    if made is None or made > as_of:
        found = "-" if made is None else f"{made:%Y-%m-%d}"
        raise PredictionMissing(names=_EXPECTED, family="repeat", day=f"{as_of:%Y-%m-%d}", found=found)
    return lake.table(_SCORES).select("person_id", _EXPECTED)


def split(
    weights: list[dict[str, Any]], expected: Mapping[str, Expected], sizes: Mapping[str, int]
) -> list[GroupDemand]:
    """Return units and sales of categories split by weight.

    Parameters
    ----------
    weights
        Rows of `group_weights`; categories without units of their own are pooled in "".
    expected
        Of each category.
    sizes
        People of each group.
    """
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in weights:
        sums[row["segment"], row["category"] if row["category"] in expected else ""] += row["weight"]
    whole: dict[str, float] = defaultdict(float)
    of_known: dict[str, float] = defaultdict(float)
    for (group, category), weight in sums.items():
        whole[category] += weight
        of_known[category] += 0.0 if group == ANONYMOUS else weight
    n_people = sum(sizes.values())
    found = []
    for (group, category), weight in sums.items():
        of_all = expected.get(category, Expected())
        rate = weight / whole[category] if whole[category] else 0.0
        usual = of_known[category] / n_people if n_people else 0.0
        each = weight / sizes[group] if sizes.get(group) else None
        found.append(
            GroupDemand(
                group=group,
                category=category,
                expected_units=of_all.units * rate,
                expected_revenue_minor=round(of_all.revenue_minor * rate),
                category_rate=rate,
                times_average=each / usual if each is not None and usual and group != ANONYMOUS else None,
            )
        )
    return sorted(found, key=lambda one: (one.group, -one.expected_revenue_minor, one.category))
