"""Measured effects as a plan takes them: the rule for uncertainty, and discounts that the books have taken off already."""

from __future__ import annotations

from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import kstest, norm

from aimwell.promote.plan.effects import measured_choices
from aimwell.promote.plan.model import Offer, Problem
from aimwell.promote.policy.chances import chances_of_plans, chances_of_random, chances_of_rounds
from aimwell.promote.policy.effects import planned_effects
from aimwell.storage.engines import Engine


def offer(name: str, *, incentive_minor: int = 0) -> Offer:
    return Offer(
        offer_id=name,
        name=name,
        channel="mail",
        contact_milli=1_000,
        incentive_minor=incentive_minor,
        margin_rate=None,
    )


def scores(n: int = 2) -> ibis.Table:
    return ibis.memtable(
        {
            "person_id": list(range(1, n + 1)) * 2,
            "offer_id": ["tea"] * n + ["mug"] * n,
            "effect_minor": [100.0] * n + [40.0] * n,
            "effect_se_minor": [20.0] * n + [10.0] * n,
            "use_prob": [0.5] * n + [0.25] * n,
        }
    )


def test_the_mean_gets_back_the_discount_that_the_plan_takes_off(engine: Engine) -> None:
    """100 measured with the discount of 60 taken off half of the time: 130 before it. The plan: 130 - 1 - 60 / 2 = 99, contact paid."""
    tea = offer("tea", incentive_minor=60)
    effects = planned_effects(scores(), offers=[tea])
    rows = engine.rows(effects.order_by("person_id"))
    assert rows[0] == {"person_id": 1, "offer_id": "tea", "use_prob": 0.5, "gain_minor": 130.0}
    assert len(rows) == 2  # the mug is not planned
    problem = Problem(offers=(tea,), limits=(), budget_minor=1_000, contacts_per_person=1)
    people = ibis.memtable({"person_id": [1, 2]})
    assert engine.rows(measured_choices(effects, people, problem=problem))[0]["value_0"] == 99_000


def test_gifts_stay_apart_and_the_lower_bound_is_lower(engine: Engine) -> None:
    tea = offer("tea", incentive_minor=60)
    apart = planned_effects(scores(), offers=[tea], rule="lower", confidence=0.8, incentives="apart")
    assert engine.rows(apart)[0]["gain_minor"] == pytest.approx(100 - norm.ppf(0.8) * 20)


def test_draws_are_normal_per_person_and_offer_and_repeat_with_the_salt(engine: Engine) -> None:
    offers = [offer("tea"), offer("mug")]

    def drawn(salt: str) -> dict[str, np.ndarray]:
        effects = planned_effects(scores(4_000), offers=offers, rule="draw", salt=salt)
        rows = engine.arrow(effects.order_by("offer_id", "person_id"))
        gains = rows["gain_minor"].to_numpy()
        return {"mug": (gains[:4_000] - 40) / 10, "tea": (gains[4_000:] - 100) / 20}

    one = drawn("a")
    for normals in one.values():
        assert kstest(normals, "norm").pvalue > 0.001
    assert abs(np.corrcoef(one["mug"], one["tea"])[0, 1]) < 0.05
    assert drawn("a")["tea"].tolist() == one["tea"].tolist()
    assert abs(np.corrcoef(drawn("b")["tea"], one["tea"])[0, 1]) < 0.05


def test_chances_of_plans_and_rounds(engine: Engine) -> None:
    """Person 1 has one offer, person 2 two: what two at once do cannot be told. Shares of .855 and .095 are .9 and .1 of both."""
    assigned = {"person_id": [1, 2, 2], "offer_id": ["tea", "tea", "mug"]}
    of_plan = chances_of_plans(
        ibis.memtable({"plan_id": ["p"] * 3, **assigned}),
        ibis.memtable({"plan_id": ["p"], "holdout_share": [0.2]}),
    )
    first, then = datetime(2025, 5, 1), datetime(2025, 5, 2)  # planned twice: the second time counts
    of_round = chances_of_rounds(
        ibis.memtable(
            {
                "campaign_id": ["c"] * 4,
                "arm": ["holdout", "treatment", "treatment", "treatment"],
                "person_id": [1, 2, 2, 3],
                "offer_id": ["tea", "tea", "mug", "tea"],
                "decided_at": [then, then, then, first],
            }
        ),
        ibis.memtable(
            {
                "campaign_id": ["c"] * 3,
                "arm": ["treatment", "holdout", "treatment"],
                "propensity": [0.855, 0.095, 0.95],
                "decided_at": [then, then, first],
            }
        ),
    )
    for table, name, share in ((of_plan, "p", 0.2), (of_round, "c", 0.1)):
        rows = engine.rows(table.order_by(ibis.desc("propensity")))
        assert [(r["campaign_id"], r["comparison"], r["person_id"], r["offer_id"]) for r in rows] == [
            (name, "plan", 1, "tea"),
            (name, "plan", 1, None),
        ]
        assert [r["propensity"] for r in rows] == pytest.approx([1 - share, share])


def test_who_gets_an_offer_by_lot_is_compared_with_a_part_of_the_holdout(engine: Engine) -> None:
    """Shares .6 treated, .2 by lot, .2 held out: a quarter of the holdout stands beside the arm `random`, three quarters beside the plan.

    So both compare at .6 : .15 = .2 : .05 = 4 : 1; of two possible offers the lot gives each with half of .8.
    """
    then, n = datetime(2025, 5, 2), 4_000
    arms = {"random": range(n), "holdout": range(n, 2 * n), "treatment": range(2 * n, 3 * n)}
    shares = {"random": 0.2, "holdout": 0.2, "treatment": 0.6}
    ids = np.random.default_rng(1).integers(-(2**62), 2**62, 3 * n)
    both, only_mug = [7, 9], [None, 9]
    decisions = [
        {
            "campaign_id": "c",
            "decided_at": then,
            "person_id": int(ids[k]),
            "arm": arm,
            "propensity": shares[arm],
        }
        | {"value_milli": both if k % 2 else only_mug}
        for arm, numbers in arms.items()
        for k in numbers
    ]
    contacts = [
        {"campaign_id": "c", "decided_at": then, "person_id": int(ids[k]), "arm": arm, "offer_id": "mug"}
        for arm in ("holdout", "treatment")
        for k in arms[arm]
    ]
    asked = ibis.memtable(pa.Table.from_pylist(decisions))
    by_lot = engine.rows(chances_of_random(asked, {"c": ("tea", "mug")}))
    planned = engine.rows(chances_of_rounds(ibis.memtable(pa.Table.from_pylist(contacts)), asked))
    arm_of = {row["person_id"]: row["arm"] for row in decisions}
    may_have_tea = {row["person_id"] for row in decisions if row["value_milli"] == both}
    for row in by_lot:
        each = 0.4 if row["person_id"] in may_have_tea else 0.8
        assert row["propensity"] == pytest.approx(0.2 if row["offer_id"] is None else each)
    assert {row["person_id"] for row in by_lot if row["offer_id"] == "tea"} < may_have_tea
    beside_random, beside_plan = ({row["person_id"] for row in rows} for rows in (by_lot, planned))
    held = [{person for person in one if arm_of[person] == "holdout"} for one in (beside_random, beside_plan)]
    assert not held[0] & held[1]
    assert len(held[0] | held[1]) == n
    assert len(held[0]) / n == pytest.approx(0.25, abs=0.03)
    assert {arm_of[one] for one in beside_random} == {"random", "holdout"}
    assert [row["propensity"] for row in planned if row["offer_id"]] == pytest.approx(
        [0.8] * (n + len(held[1]))
    )
