"""Arms are dealt the same everywhere, with the stated probabilities, and rest when they should."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import ibis
import numpy as np
import pytest

from aimwell.intake.facts import TOUCHES
from aimwell.promote.measure.arms import (
    ARMS,
    ArmShares,
    arm_of,
    arms_of,
    assign,
    assignment_log,
    propensity_of,
)
from aimwell.promote.measure.errors import SharesWrong
from aimwell.promote.plan.tables import armed
from aimwell.storage.engines import Engine

BEGAN = datetime(2025, 1, 1)
SHARES = ArmShares(
    treatment=0.6,
    holdout=0.2,
    random=0.15,
    business_as_usual=0.05,
    global_holdout=0.1,
    salt="campaigns",
    global_salt="shop",
    rotation_began_at=BEGAN,
    rotation_days=100,
    washout_days=20,
)
EDGES = [-(2**63), -(2**62), -1, 0, 1, 2**31 - 1, 2**31, 2**62, 2**63 - 1]
IDS = EDGES + np.random.default_rng(3).integers(-(2**63), 2**63 - 1, 3_000).tolist()
MOMENTS = [
    BEGAN + timedelta(days=5),  # the first holdout: nobody left one before
    BEGAN + timedelta(days=119, hours=23),  # the second one, wash-out lasts
    BEGAN + timedelta(days=120),  # the second one, wash-out is over
]


@pytest.mark.both_engines
@pytest.mark.parametrize("now", MOMENTS)
def test_engine_numpy_and_python_deal_alike(engine: Engine, now: datetime) -> None:
    table = ibis.memtable({"place": list(range(len(IDS))), "person_id": IDS})
    rows = engine.rows(assign(table, SHARES, campaign_id="spring", now=now).order_by("place"))
    dealt = [arm_of(person, SHARES, campaign_id="spring", now=now) for person in IDS]
    assert [row["arm"] for row in rows] == dealt
    assert arms_of(np.array(IDS), SHARES, campaign_id="spring", now=now).tolist() == dealt
    assert [row["propensity"] for row in rows] == [propensity_of(arm, SHARES) for arm in dealt]


def test_arms_of_earlier_campaigns_stay_what_they_were() -> None:
    """Of ids 1 to 24, as an earlier version dealt them."""
    shares = replace(SHARES, salt="arms", rotation_days=182)
    dealt = [arm_of(i, shares, campaign_id="winback-1", now=datetime(2025, 3, 1)) for i in range(1, 25)]
    others = {i: arm for i, arm in enumerate(dealt, 1) if arm != "treatment"}
    assert others == {
        2: "business_as_usual",
        4: "business_as_usual",
        11: "business_as_usual",
        15: "holdout",
        23: "global_holdout",
        24: "random",
    }


def dealt_out(now: datetime, *, n: int = 200_000, campaign_id: str = "spring") -> np.ndarray:
    return arms_of(np.arange(n), SHARES, campaign_id=campaign_id, now=now)


@pytest.mark.parametrize("now", [MOMENTS[0], MOMENTS[2]])
def test_each_arm_gets_its_probability(now: datetime) -> None:
    counts = Counter(dealt_out(now).tolist())
    assert counts["resting"] == 0
    for arm in ARMS[:6]:
        prob = propensity_of(arm, SHARES)
        # five standard deviations of a binomial count
        assert abs(counts[arm] - 200_000 * prob) <= 5 * np.sqrt(200_000 * prob * (1 - prob))
    # the shop-wide holdout first (.1), then .6 of the other .9
    assert propensity_of("treatment", SHARES) == pytest.approx(0.54)
    assert sum(propensity_of(arm, SHARES) for arm in ARMS[:6]) == pytest.approx(1.0)


def test_who_leaves_the_shop_wide_holdout_rests_while_the_wash_out_lasts() -> None:
    before, resting, after = (dealt_out(now) for now in MOMENTS)
    was_held, is_held = before == "global_holdout", after == "global_holdout"
    assert (resting[was_held & ~is_held] == "resting").all()
    assert (resting[~was_held] != "resting").all()
    assert ((resting == "global_holdout") == is_held).all()
    # another draw: of those held before a tenth is held again (20,000 * .1 = 2,000, standard deviation 42)
    assert abs(int((was_held & is_held).sum()) - 2_000) < 250
    # given that one was held before, resting has all that the holdout leaves
    assert propensity_of("resting", SHARES) == pytest.approx(0.9)


def test_campaigns_deal_independently_but_share_the_shop_wide_holdout() -> None:
    spring, summer = dealt_out(MOMENTS[0]), dealt_out(MOMENTS[0], campaign_id="summer")
    assert ((spring == "global_holdout") == (summer == "global_holdout")).all()
    both = (spring == "holdout") & (summer == "holdout")
    assert abs(int(both.sum()) - 7_200) < 500  # 200,000 * .9 * .2 * .2, standard deviation 83


def test_a_plan_with_the_campaigns_salt_holds_out_the_same_people(one_engine: Engine) -> None:
    people = ibis.memtable({"person_id": IDS})
    planned = armed(people, salt=SHARES.campaign_salt("spring"), holdout_share=SHARES.holdout)
    held = {row["person_id"] for row in one_engine.rows(planned.filter(planned.is_held_out))}
    dealt = {person: arm_of(person, SHARES, campaign_id="spring", now=MOMENTS[0]) for person in IDS}
    open_ones = {person for person, arm in dealt.items() if arm != "global_holdout"}
    assert held & open_ones == {person for person, arm in dealt.items() if arm == "holdout"}


def test_the_log_holds_everybody_and_no_offer_for_those_left_alone(one_engine: Engine) -> None:
    arms = ["treatment", "treatment", "treatment", "holdout", "global_holdout", "resting", "random"]
    assigned = ibis.memtable({"person_id": list(range(1, 8)), "arm": arms, "propensity": [0.5] * 7})
    chosen = ibis.memtable(
        {
            "person_id": [1, 1, 2, 4, 5, 6, 7],
            "offer_id": ["tea", "ship", "tea", "tea", "tea", "tea", "gift"],
            "channel": ["sms"] * 7,
            "expected_profit_minor": [10, 20, 30, 40, 50, 60, 70],
        }
    )
    log = assignment_log(assigned, chosen, campaign_id="spring", decided_at=BEGAN, load_id="x")
    assert log.schema() == TOUCHES.schema
    rows = one_engine.rows(log.order_by("person_id", "offer_id"))
    found = [(row["person_id"], row["arm"], row["offer_id"], row["expected_profit_minor"]) for row in rows]
    assert found == [
        (1, "treatment", "ship", 20),
        (1, "treatment", "tea", 10),
        (2, "treatment", "tea", 30),
        (3, "treatment", None, None),  # chosen for nothing
        (4, "holdout", None, None),
        (5, "global_holdout", None, None),
        (6, "resting", None, None),
        (7, "random", "gift", 70),
    ]
    assert {(row["campaign_id"], row["decided_at"], row["source"]) for row in rows} == {
        ("spring", BEGAN, "aimwell")
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"treatment": 0.5}, r"`treatment \+ holdout \+ random \+ business_as_usual \+ explore` is 0\.9"),
        ({"global_holdout": 1.5}, r"`global_holdout` is 1\.5; allowed: 0 \.\.\. 1"),
        ({"holdout": -0.2}, "`holdout` is -0.2"),
        ({"washout_days": 101}, r"`washout_days` is 101; allowed: 0 \.\.\. 100"),
        ({"rotation_days": 0}, "`rotation_days` is 0"),
    ],
)
def test_shares_that_make_no_sense_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(SharesWrong, match=said):
        replace(SHARES, **wrong)
