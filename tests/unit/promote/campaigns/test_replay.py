"""Replaying a receipt: the arithmetic by hand, and a receipt that does not fit is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from aimwell.promote.campaigns.model import Schedule, Terms
from aimwell.promote.campaigns.replay import Decision, replay, worths
from aimwell.promote.measure.arms import ArmShares, arm_of
from aimwell.promote.plan.certificate import Certificate, LimitUse
from aimwell.promote.plan.model import PRICE_UNIT

NOW = datetime(2025, 3, 1)
SHARES = ArmShares(
    treatment=0.6,
    holdout=0.1,
    random=0.2,
    business_as_usual=0.1,
    global_holdout=0.05,
    salt="a",
    global_salt="b",
    rotation_began_at=datetime(2025, 1, 1),
)
TERMS = Terms(
    purpose="marketing",
    currency="EUR",
    margin_rate=0.3,
    horizon_days=30,
    as_of=NOW,
    is_assumed=True,
    model="m",
    arms=SHARES,
    schedule=Schedule(not_before=datetime(2025, 3, 2, 8), days=3),
    contacts_per_person=1,
    business_as_usual="tea",
    offer_ids=("tea", "mug", "pot"),
    offer_names={"tea": "Tea", "mug": "Mug", "pot": "Pot"},
    channels={"tea": "email", "mug": "email", "pot": "sms"},
    segments=("vip",),
    terms=(),
)


def limit(key: str, offer_ids: tuple[str, ...], price_milli: int, segment: str | None = None) -> LimitUse:
    return LimitUse(
        key=key,
        kind="offer",
        offer_ids=offer_ids,
        segment=segment,
        minimum=0,
        maximum=9,
        use=9,
        price_milli=price_milli,
    )


@pytest.fixture
def certificate() -> Certificate:
    """Return one with a budget price of 0.5, a limit on mugs at 300, and one on pots for VIPs at 1000; its gap is 200."""
    return Certificate(
        plan_id="p",
        campaign="spring-1",
        currency="EUR",
        made_at=NOW,
        contacts_per_person=1,
        budget_minor=100,
        budget_price=PRICE_UNIT // 2,
        cost_milli=0,
        value_milli=10_000,
        bound_milli=10_200,
        value_low_milli=None,
        value_high_milli=None,
        n_people=10,
        n_held_out=1,
        n_contacts=5,
        is_proven=True,
        effect_basis="",
        incrementality=None,
        offers=TERMS.offer_ids,
        limits=(limit("offer mug", ("mug",), 300), limit("offer pot in vip", ("pot",), 1000, "vip")),
        holdout={},
        inputs={},
    )


def person_in(arm: str) -> int:
    return next(p for p in range(1, 10_000) if arm_of(p, SHARES, campaign_id="spring-1", now=NOW) == arm)


@pytest.fixture
def decision() -> Callable[..., Decision]:
    def make(arm: str = "treatment", **given: Any) -> Decision:
        values: dict[str, Any] = {
            "campaign_id": "spring-1",
            "plan_id": "p",
            "person_id": person_in(arm),
            "decided_at": NOW,
            "arm": arm,
            "propensity": 0.5,
            "response_prob": 0.2,
            "order_minor": 100.0,
            "margin_minor": 30.0,
            # worth at the prices: tea 1000 - 401 // 2 = 800, mug 1500 - 200 // 2 - 300 = 1100, pot: none
            "value_milli": (1000, 1500, None),
            "cost_milli": (401, 200, None),
            "is_meant": (True, True, False),
            "in_the_way": ("", "", ""),
            "members": (False,),
            "is_part": True,
            "chosen": ("mug",),
        }
        return Decision(**(values | given))

    return make


def test_what_offers_are_worth_at_the_prices(
    decision: Callable[..., Decision], certificate: Certificate
) -> None:
    found = worths(decision(), terms=TERMS, certificate=certificate)
    assert [(one.offer_id, one.net_milli) for one in found] == [("mug", 1100), ("tea", 800)]
    pot = decision(value_milli=(None, None, 1500), cost_milli=(None, None, 0), members=(True,))
    assert worths(pot, terms=TERMS, certificate=certificate)[0].net_milli == 500  # 1500 - 1000: a VIP
    pot = decision(value_milli=(None, None, 1500), cost_milli=(None, None, 0), members=(False,))
    assert worths(pot, terms=TERMS, certificate=certificate)[0].net_milli == 1500


@pytest.mark.parametrize(
    ("given", "verdict", "missed"),
    [
        ({}, "same", 0),
        ({"chosen": ("tea",)}, "different", 300),  # 1100 - 800: more than the gap of 200
        ({"chosen": ("tea",), "value_milli": (1150, 1500, None)}, "edge", 150),  # 1100 - (1150 - 200)
        ({"chosen": ()}, "different", 1100),
        (
            {"chosen": (), "value_milli": (200, 400, None)},
            "same",
            0,
        ),  # both at 0: tea 200 - 200, mug 400 - 100 - 300
        ({"chosen": ("pot",)}, "different", -1),  # was not possible
        ({"arm": "holdout"}, "different", 0),  # the lots say treatment
    ],
)
def test_verdicts(
    decision: Callable[..., Decision],
    certificate: Certificate,
    given: dict[str, Any],
    verdict: str,
    missed: int,
) -> None:
    made = replace(decision(), **given)
    found = replay(made, terms=TERMS, certificate=certificate)
    assert (found.verdict, found.missed_milli) == (verdict, missed)


def test_the_other_arms_follow_their_own_rules(
    decision: Callable[..., Decision], certificate: Certificate
) -> None:
    usual = decision("business_as_usual", chosen=("tea",))
    assert replay(usual, terms=TERMS, certificate=certificate).verdict == "same"
    assert (
        replay(replace(usual, chosen=("mug",)), terms=TERMS, certificate=certificate).verdict == "different"
    )
    drawn = decision("random", chosen=())
    lot = replay(drawn, terms=TERMS, certificate=certificate)
    assert lot.chosen in (("tea",), ("mug",))
    assert lot.verdict == "different"
    assert replay(replace(drawn, chosen=lot.chosen), terms=TERMS, certificate=certificate).verdict == "same"
    left = decision("global_holdout", chosen=())
    assert replay(left, terms=TERMS, certificate=certificate).verdict == "same"
    assert replay(replace(left, chosen=("tea",)), terms=TERMS, certificate=certificate).verdict == "different"


@pytest.mark.parametrize(
    ("arm", "chosen", "settled", "verdict"),
    [
        ("treatment", ("tea",), ("tea",), "same"),  # misses 150 of a gap of 200
        ("treatment", ("mug",), ("tea",), "different"),
        ("treatment", (), (), "different"),  # misses 1100: no last step of this plan can have done that
        ("holdout", (), (), "same"),  # who is held out has no part in the gap
        ("treatment", ("tea",), None, "different"),  # at the edge, but the plan has sealed whom that befell
    ],
)
def test_what_the_last_step_settled_is_replayed(
    decision: Callable[..., Decision],
    certificate: Certificate,
    arm: str,
    chosen: tuple[str, ...],
    settled: tuple[str, ...] | None,
    verdict: str,
) -> None:
    made = decision(arm, value_milli=(1150, 1500, None), chosen=chosen)
    sealed = replace(certificate, settled="digest")
    assert replay(made, terms=TERMS, certificate=sealed, settled=settled).verdict == verdict


def test_an_explorers_lot_is_drawn_again(decision: Callable[..., Decision], certificate: Certificate) -> None:
    terms = replace(TERMS, arms=replace(SHARES, treatment=0.5, explore=0.1))
    ids = (p for p in range(1, 10_000) if arm_of(p, terms.arms, campaign_id="spring-1", now=NOW) == "explore")
    found = set()
    for person, _ in zip(ids, range(40), strict=False):
        made = replace(decision(), arm="explore", person_id=person, chances=(0.4, 0.6, 0.0, 0.0), chosen=())
        lot = replay(made, terms=terms, certificate=certificate)
        assert lot.verdict == ("same" if lot.chosen == () else "different")
        again = replace(made, chosen=lot.chosen)
        assert replay(again, terms=terms, certificate=certificate).verdict == "same"
        found.add(lot.chosen)
    assert found == {(), ("tea",)}


def test_terms_come_back_as_they_were() -> None:
    assert Terms.from_data(TERMS.to_data()) == TERMS
    assert TERMS.measured("spring-1").campaign_id == "spring-1"
