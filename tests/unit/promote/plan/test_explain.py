from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from aimwell.base.words import Words
from aimwell.promote.plan.assumed import Assumed, Incrementality, PastPrices
from aimwell.promote.plan.certificate import Certificate, LimitUse
from aimwell.promote.plan.explain import assumptions, basis, binding, marginal, reasons
from aimwell.promote.plan.model import PRICE_UNIT

WORDS = Words("en")


def certificate(**given: Any) -> Certificate:
    usual = {
        "plan_id": "p",
        "campaign": "spring",
        "currency": "EUR",
        "made_at": datetime(2025, 1, 1),
        "contacts_per_person": 1,
        "budget_minor": 100,
        "budget_price": 0,
        "cost_milli": 0,
        "value_milli": 900,
        "bound_milli": 1_000,
        "value_low_milli": None,
        "value_high_milli": None,
        "n_people": 1,
        "n_held_out": 0,
        "n_contacts": 0,
        "is_proven": False,
        "effect_basis": "measured",
        "incrementality": None,
        "offers": (),
        "limits": (),
        "holdout": {},
        "inputs": {},
    }
    return Certificate(**{**usual, **given})


def limit(**given: Any) -> LimitUse:
    usual = {
        "key": "offer tea",
        "kind": "offer",
        "offer_ids": ("tea",),
        "segment": None,
        "minimum": 0,
        "maximum": 9,
    }
    return LimitUse(**{**usual, **given})


def test_one_more_unit_of_budget_in_words() -> None:
    assert marginal(certificate(budget_price=PRICE_UNIT // 4), words=WORDS).said(WORDS) == (
        "€100 more budget would earn about €25.00 more profit, after its own cost."
    )
    assert "earn nothing more" in marginal(certificate(), words=WORDS).said(WORDS)


def test_only_what_binds_is_named_the_costliest_first() -> None:
    proof = certificate(
        limits=(
            limit(use=9, price_milli=2_000),
            limit(key="channel sms", kind="channel", use=5, maximum=5, price_milli=150_000),
            limit(key="stock of tea", kind="stock", use=3, maximum=3, price_milli=0),  # used up, but for nothing
            limit(key="offer a in vip", kind="offer_segment", offer_ids=("a",), segment="vip", minimum=4, maximum=None, use=4, price_milli=-30_000),
            limit(use=8, price_milli=0),
        )
    )  # fmt: skip
    assert [sentence.said(WORDS) for sentence in binding(proof, words=WORDS)] == [
        "channel sms: all 5 are used; one more would earn €1.50.",
        "offer a in segment vip: no more than the 4 demanded; one fewer would earn €0.30.",
        "offer tea: all 9 are used; one more would earn €0.02.",
    ]


def test_reasons_are_the_notable_ratios_the_strongest_first() -> None:
    row = {
        "response_prob": 0.62,
        "response_ratio": 1.5,
        "margin_ratio": 0.9,
        "liking_ratio": 2.25,
        "value_milli": 345_600,
    }
    told = [reason.said(WORDS) for reason in reasons(row, currency="EUR", words=WORDS)]
    assert told == [
        "is 2.2 times as likely as average to want just this",
        "orders within the horizon with probability 62%, 1.5 times the average",
        "this offer is expected to earn €3.46 after its costs, the best that budget and limits leave",
    ]


def test_reasons_of_measured_effects_are_the_profit_alone() -> None:
    row = dict.fromkeys(("response_prob", "response_ratio", "margin_ratio", "liking_ratio")) | {
        "value_milli": 1_000
    }
    assert len(reasons(row, currency="EUR", words=WORDS)) == 1


def test_every_plan_says_whether_its_effects_are_assumed() -> None:
    assumed = certificate(incrementality={"low": 0.05, "mid": 0.15, "high": 0.3})
    assert basis(assumed).said(WORDS).startswith("Effects are assumed, not measured")
    assert "0.15 (between 0.05 and 0.3)" in basis(assumed).said(WORDS)
    assert basis(certificate()).said(WORDS).startswith("Effects come from the table of measured effects")


def test_a_certificate_survives_json() -> None:
    proof = certificate(
        limits=(limit(use=9, price_milli=2_000),), incrementality={"mid": 0.5}, offers=("tea",)
    )
    assert Certificate.from_json(proof.to_json()) == proof
    assert proof.gap == pytest.approx(0.1)  # (1000 - 900) / 1000


def test_a_range_from_past_prices_says_what_it_is_from_and_a_stated_one_why_it_counts() -> None:
    prices = PastPrices(
        model_id="price-1",
        as_of="2024-12-30T00:00:00",
        n_weeks=60,
        scope="category",
        about="TEA",
        n_products=12,
        n_seen=5,
        discount_rate=0.15,
        elasticity=-2.0,
        elasticity_se=0.5,
    )
    proof = certificate(
        assumed={
            "tea": Assumed(range=Incrementality(low=0.1, mid=0.3, high=0.5), prices=prices),
            "gift": Assumed(range=Incrementality(low=0.05, mid=0.15, high=0.3), why_not="no_discount"),
        }
    )
    tea, gift = (one.said(WORDS) for one in assumptions(proof, words=WORDS))
    assert tea == (
        "tea: at 15.0% off, past prices say that 30.0% of the orders with it would not have been made without it (90% interval 10.0% to "
        "50.0%); elasticity -2.00 ± 0.50 from 12 products of TEA over 60 weeks before Dec 30, 2024, 5 of them seen that cheap (model "
        "price-1)."
    )
    assert gift == (
        "gift: past prices are not used, because the offer names no discount_rate; the stated range counts: 15.0% (between 5.0% and 30.0%)."
    )
    one = replace(prices, scope="product", about="sencha", n_products=1, n_seen=0)
    own = certificate(assumed={"tea": Assumed(range=Incrementality(low=0.1, mid=0.3, high=0.5), prices=one)})
    said = assumptions(own, words=WORDS)[0].said(WORDS)
    assert "from product sencha over 60 weeks before Dec 30, 2024, never seen that cheap (model" in said
    assert "past prices of the shop" in basis(proof).said(WORDS)
    assert Certificate.from_json(proof.to_json()) == proof
    assert assumptions(certificate(), words=WORDS) == ()
