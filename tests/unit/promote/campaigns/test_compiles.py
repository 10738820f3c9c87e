"""Exploration, beliefs and the sealed last step are expressions over unbound tables, and both engines' dialects can say them."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir
import pytest

from aimwell.base.lottery import Lottery
from aimwell.predict.effect.tables.scores import EFFECT_SCORES
from aimwell.promote.campaigns import tables
from aimwell.promote.campaigns.records import EXPLORERS
from aimwell.promote.plan.effects import assumed_choices
from aimwell.promote.plan.model import Belief, Campaign, Incrementality, Offer, Problem, SealedPrices
from aimwell.promote.plan.tables import armed, settled
from aimwell.promote.policy.beliefs import looked_at, with_gains
from aimwell.promote.policy.chances import chances_of_explorers

AT = datetime(2025, 3, 1)
OFFERS = tuple(
    Offer(offer_id=name, name=name, channel="mail", contact_milli=10, incentive_minor=50, margin_rate=None)
    for name in ("tea", "mug")
)
CAMPAIGN = Campaign(
    name="c-1",
    currency="EUR",
    budget_minor=100,
    horizon_days=30,
    incrementality=Incrementality(low=0.1, mid=0.3, high=0.5),
    salt="c-1",
)
PROBLEM = Problem.of(OFFERS, CAMPAIGN)
TEA = Belief(
    offer_id="tea",
    worth_minor=100.0,
    assumed_minor=30.0,
    assumed_se_minor=12.0,
    measured_minor=10.0,
    measured_se_minor=5.0,
    is_by_person=True,
)


def expressions() -> dict[str, ir.Table]:
    people = ibis.table(
        {"person_id": "int64", "response_prob": "float64", "margin_minor": "float64"}, name="people"
    )
    scores = ibis.table(EFFECT_SCORES.schema, name="scores")
    reached = ibis.table({"person_id": "int64", "offer_id": "string"}, name="reached")
    believed = with_gains(people, scores, {"tea": TEA}, offers=OFFERS, campaign=CAMPAIGN)
    choices = armed(
        assumed_choices(believed, problem=PROBLEM, incrementality=0.3), salt="c-1", holdout_share=0.1
    )
    dealt = choices.mutate(arm=ibis.literal("treatment"))
    found = ibis.table({"person_id": "int64", "explored": "int64", "chances": "array<float64>"}, name="found")
    logged = ibis.table(EXPLORERS.schema, name="logged")
    taken = ibis.table({"person_id": "int64", "offer": "int64"}, name="taken")
    lottery = Lottery.of("c-1", purpose="holdout")
    return {
        "looked_at": looked_at(people, scores, reached, offers=OFFERS),
        "believed": choices,
        "explorable": tables.explorable(dealt, believed, problem=PROBLEM, lottery=lottery, below=1_000),
        "explorers": tables.explorers(found, problem=PROBLEM, campaign_id="c-1", decided_at=AT),
        "own_chances": tables.with_own_chances(
            dealt.select("person_id", "arm", propensity=ibis.literal(0.5)), logged
        ),
        "chances": chances_of_explorers(logged, offer_ids=["tea", "mug"]),
        "settled": settled(choices, taken, problem=PROBLEM, prices=SealedPrices(budget=1 << 20, limits=())),
    }


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
@pytest.mark.parametrize("name", list(expressions()))
def test_it_compiles(name: str, dialect: str) -> None:
    assert "SELECT" in ibis.to_sql(expressions()[name], dialect=dialect)
