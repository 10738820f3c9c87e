"""What is assumed and what was measured, weighed: a small campaign moves little, a large one decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import numpy as np
import pytest
from scipy.stats import norm

from aimwell.predict.effect.linear import Line
from aimwell.predict.effect.measured import Estimate
from aimwell.predict.effect.model import EffectModel, OfferEffect
from aimwell.promote.plan.assumed import Assumed
from aimwell.promote.plan.effects import assumed_choices
from aimwell.promote.plan.errors import RangeNotLookedUp
from aimwell.promote.plan.model import Belief, Campaign, EffectRule, Incrementality, Offer, Problem
from aimwell.promote.policy.beliefs import assumed_spread, beliefs_of, looked_at, with_gains
from aimwell.storage.engines import Engine

ASSUMED = Incrementality(low=0.1, mid=0.3, high=0.5)
SPREAD = 0.4 / (2 * norm.ppf(0.95))
TEA = Offer(
    offer_id="tea", name="Tea", channel="mail", contact_milli=1_000, incentive_minor=60, margin_rate=None
)
PEOPLE = {"person_id": [1, 2, 3], "response_prob": [0.1, 0.2, 0.3], "margin_minor": [500.0, 500.0, 500.0]}


def campaign(**effects: Any) -> Campaign:
    return Campaign(
        name="c",
        currency="EUR",
        budget_minor=10_000,
        horizon_days=30,
        incrementality=ASSUMED,
        salt="c",
        effects=EffectRule(**effects),
    )


def belief(measured: float, error: float) -> Belief:
    """Return one whose prior is 30 with a spread of 12.2: orders worth 100 on average."""
    return Belief(
        offer_id="tea",
        worth_minor=100.0,
        assumed_minor=30.0,
        assumed_se_minor=100 * SPREAD,
        measured_minor=measured,
        measured_se_minor=error,
        model_id="m",
    )


def scores(effects: list[float] | None = None) -> ibis.Table:
    return ibis.memtable(
        {
            "person_id": [1, 2, 3],
            "offer_id": ["tea"] * 3,
            "effect_minor": effects or [-43.8] * 3,
            "effect_se_minor": [37.9] * 3,
            "use_prob": [0.2, 0.4, 0.6],
        }
    )


def one_effect(mean: float, error: float) -> EffectModel:
    """Return a measurement of the offer "tea" that tells nobody apart."""
    effect = OfferEffect(
        mean=Estimate(value=mean, se=error),
        slope=Estimate(value=0.0, se=0.0),
        score=None,
        use=Line(intercept=0.0, slopes=np.zeros(0)),
    )
    return EffectModel(encoding=None, offers={"tea": effect}, horizon_days=30, margin_rate=0.3)  # type: ignore[arg-type]


def test_precisions_add_up() -> None:
    one = belief(-43.8, 37.9)
    prior, evidence = (100 * SPREAD) ** -2, 37.9**-2
    assert one.gain_minor == pytest.approx((30 * prior - 43.8 * evidence) / (prior + evidence))
    assert one.gain_se_minor == pytest.approx((prior + evidence) ** -0.5)


def test_a_small_campaign_moves_little_and_a_large_one_decides() -> None:
    """-43.8 +- 37.9 against 30 +- 12.2: a weight of 9 %; measured with an error of 2, of 97 %."""
    small, large = belief(-43.8, 37.9), belief(-43.8, 2.0)
    assert small.weight == pytest.approx(0.0934, abs=0.001)
    assert small.gain_minor > 20
    assert large.gain_minor < -40


def test_what_is_assumed_for_certain_stays_and_what_is_not_measured_too() -> None:
    sure = replace(belief(-43.8, 1.0), assumed_se_minor=0.0)
    assert (sure.weight, sure.gain_minor) == (0.0, 30.0)
    new = replace(sure, assumed_se_minor=5.0, measured_minor=None, measured_se_minor=None)
    assert (new.weight, new.gain_minor, new.gain_se_minor) == (0.0, 30.0, 5.0)


def test_where_nobody_is_told_apart_people_differ_as_assumed(engine: Engine) -> None:
    made = with_gains(
        ibis.memtable(PEOPLE), scores(), {"tea": belief(-43.8, 37.9)}, offers=[TEA], campaign=campaign()
    )
    rows = engine.rows(made.order_by("person_id"))
    mean = belief(-43.8, 37.9).gain_minor
    # worth 50, 100 and 150: in proportion to it; probabilities of use are weighed alike
    assert [row["gain_tea"] for row in rows] == pytest.approx([mean / 2, mean, mean * 1.5])
    assert rows[1]["sd_tea"] == pytest.approx(belief(-43.8, 37.9).gain_se_minor)
    weight = belief(-43.8, 37.9).weight
    assert rows[0]["use_tea"] == pytest.approx((1 - weight) * 0.1 + weight * 0.2)
    problem = Problem(offers=(TEA,), limits=(), budget_minor=1_000, contacts_per_person=1)
    planned = engine.rows(assumed_choices(made, problem=problem, incrementality=0.3).order_by("person_id"))
    assert planned[1]["value_0"] == pytest.approx(1000 * (mean - 60 * rows[1]["use_tea"]) - 1_000, abs=2)


def test_an_offer_with_a_range_of_its_own_is_weighed_by_that(engine: Engine) -> None:
    """A range from past prices is a prior like a stated one; the measurement counts by how sure both are."""
    wide = Assumed(range=Incrementality(low=0.2, mid=0.6, high=1.0))  # twice the spread of ASSUMED
    priced = replace(TEA, assumed=wide)
    asked = replace(campaign(rule="lower"), range_source="prices")
    rows = engine.rows(
        with_gains(ibis.memtable(PEOPLE), None, {}, offers=[priced], campaign=asked).order_by("person_id")
    )
    assert rows[1]["mean_tea"] == pytest.approx(100 * 0.6)
    assert rows[1]["sd_tea"] == pytest.approx(100 * 2 * SPREAD)
    seen = {"n_0": 1_000, "worth_0": 100.0, "use_0": 0.2, "all_worth_0": 90.0, "all_use_0": 0.2}
    found = one_effect(10.0, 100 * 2 * SPREAD)
    made = beliefs_of(seen, found, model_id="m", scored=["tea"], offers=[priced], campaign=asked)[0]
    assert (made.assumed_minor, made.weight) == (pytest.approx(60.0), pytest.approx(0.5))
    with pytest.raises(RangeNotLookedUp):  # nobody looked: the stated range must not count in silence
        with_gains(ibis.memtable(PEOPLE), None, {}, offers=[TEA], campaign=asked)


def test_where_people_are_told_apart_each_is_weighed_with_what_was_measured(engine: Engine) -> None:
    """Measured 10, 20, 90 with the discount of 60 taken off at each use; a person who was never scored gets the average."""
    table = scores([10.0, 20.0, 90.0]).filter(lambda t: t.person_id != 3)
    by_person = replace(
        belief(50.0, 100 * SPREAD), is_by_person=True
    )  # as sure as the assumption: half and half
    made = with_gains(ibis.memtable(PEOPLE), table, {"tea": by_person}, offers=[TEA], campaign=campaign())
    rows = engine.rows(made.order_by("person_id"))
    assert rows[0]["gain_tea"] == pytest.approx((15 + 10 + 60 * 0.2) / 2)
    assert rows[1]["gain_tea"] == pytest.approx((30 + 20 + 60 * 0.4) / 2)
    assert rows[2]["gain_tea"] == pytest.approx((45 + 50 * 1.5) / 2)
    assert rows[0]["sd_tea"] == pytest.approx(np.hypot(50 * SPREAD, 37.9) / 2)


def test_rules_and_what_plans_assume_by_themselves(engine: Engine) -> None:
    people = ibis.memtable(PEOPLE)
    plain = with_gains(people, None, {}, offers=[TEA], campaign=campaign())
    assert "gain_tea" not in plain.columns  # so the plan is the one it always was
    assert engine.rows(plain.order_by("person_id"))[1]["mean_tea"] == pytest.approx(30)
    careful = with_gains(people, None, {}, offers=[TEA], campaign=campaign(rule="lower", confidence=0.8))
    row = engine.rows(careful.order_by("person_id"))[1]
    assert row["gain_tea"] == pytest.approx(30 - norm.ppf(0.8) * 100 * assumed_spread(ASSUMED))


@pytest.mark.parametrize("n_reached", [200, 20], ids=["enough", "too few"])
def test_the_average_is_that_of_the_people_it_was_measured_with(engine: Engine, n_reached: int) -> None:
    """Those reached order with .4, all others with .1: their orders are worth 200 and 50."""
    n = 400
    likely = [0.4 if k < n_reached else 0.1 for k in range(n)]
    people = {"person_id": list(range(n)), "response_prob": likely, "margin_minor": [500.0] * n}
    table = {
        "person_id": list(range(n)),
        "offer_id": ["tea"] * n,
        "effect_minor": [25.0] * n,
        "effect_se_minor": [5.0] * n,
        "use_prob": [0.5 if k < n_reached else 0.25 for k in range(n)],
    }
    reached = ibis.memtable({"person_id": list(range(n_reached)), "offer_id": ["tea"] * n_reached})
    offers = [TEA, replace(TEA, offer_id="mug")]
    seen = engine.rows(looked_at(ibis.memtable(people), ibis.memtable(table), reached, offers=offers))[0]
    model = one_effect(25.0, 5.0)
    tea, mug = beliefs_of(seen, model, model_id="m", scored=["tea"], offers=offers, campaign=campaign())
    worth, used = (200.0, 0.5) if n_reached == 200 else (57.5, 0.2625)
    assert tea.worth_minor == pytest.approx(worth)
    assert tea.assumed_minor == pytest.approx(0.3 * worth)
    assert tea.measured_minor == pytest.approx(25 + 60 * used)
    assert (mug.measured_minor, mug.weight) == (None, 0.0)
