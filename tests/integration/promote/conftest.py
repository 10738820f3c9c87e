"""Campaigns over people in an engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.predict.model import FittedModel
from aimwell.predict.price.model import FAMILY, PriceModel
from aimwell.predict.price.response import Response
from aimwell.predict.service import keep_model, model_id_of
from aimwell.promote.plan.model import Campaign, Incrementality, Limit, Offer
from aimwell.promote.plan.service import Plan, plan_campaign
from aimwell.storage.lake.lake import Lake

NOW = datetime(2025, 3, 1, 12)
MakePlan = Callable[..., Plan]


def offers(n_people: int) -> tuple[Offer, ...]:
    return (
        Offer(offer_id="tea", name="Tea", channel="sms", contact_milli=4_500, incentive_minor=80, margin_rate=0.4),
        Offer(offer_id="ship", name="Shipping", channel="app", contact_milli=0, incentive_minor=150, margin_rate=0.5, stock=n_people // 20),
        Offer(offer_id="vip", name="Present", channel="sms", contact_milli=4_500, incentive_minor=300, margin_rate=0.8, segment="vip"),
    )  # fmt: skip


def campaign(n_people: int, **given: Any) -> Campaign:
    usual = {
        "name": "spring",
        "currency": "EUR",
        "budget_minor": n_people * 8,
        "horizon_days": 30,
        "incrementality": Incrementality(low=0.2, mid=0.4, high=0.6),
        "salt": "spring",
        "holdout_share": 0.1,
        "channel_capacities": {"sms": n_people // 8},
        "limits": (
            Limit(key="offer tea", kind="offer", offer_ids=("tea",), segment=None, minimum=n_people // 50, maximum=n_people // 50),
            Limit(key="segment new", kind="segment", offer_ids=(), segment="new", minimum=n_people // 100),
        ),
    }  # fmt: skip
    return Campaign(**{**usual, **given})


def people(n_people: int, *, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "person_id": rng.integers(-(2**63), 2**63 - 1, n_people),
            "response_prob": rng.beta(1.5, 5.0, n_people),
            "order_minor": rng.lognormal(7.5, 0.6, n_people).astype(np.int64),
            "lift_tea": rng.lognormal(0.0, 0.6, n_people),
            "in_vip": rng.random(n_people) < 0.15,
            "in_new": rng.random(n_people) < 0.03,
        }
    )


@pytest.fixture
def make_plan(lake: Lake) -> MakePlan:
    """Plan the campaign over so many people, with changes."""

    def make(
        n_people: int = 600,
        *,
        table: pa.Table | None = None,
        what: tuple[Offer, ...] | None = None,
        **given: Any,
    ) -> Plan:
        return plan_campaign(
            ibis.memtable(people(n_people) if table is None else table),
            lake=lake,
            clock=FixedClock(NOW),
            offers=what or offers(n_people),
            campaign=campaign(n_people, **given),
            as_of=NOW,
        )

    return make


def keep_prices(lake: Lake, *, as_of: datetime = NOW, **elasticities: float) -> str:
    """Keep a price model that knows one product per category, `p_<category>`, by its elasticity, each +- 0.5; return its id."""
    products = {
        f"p_{category}": Response(
            product_id=f"p_{category}",
            category=category,
            elasticity=elasticity,
            elasticity_sd=0.5,
            lift=0.0,
            lift_sd=0.1,
            covariance=0.0,
            n_weeks=50,
            n_moves=20,
            overlap=0.0,
            shrinkage=0.0,
            price_minor=1000.0,
            weekly_units=10.0,
            unit_cost_minor=600.0,
            has_cost=True,
            seen_low_minor=700.0,
            seen_high_minor=1100.0,
        )
        for category, elasticity in elasticities.items()
    }
    shop = next(iter(products.values()))
    model = PriceModel(form="shrunk", shop=shop, categories={}, products=products, category_depth=2)
    model_id = model_id_of(FAMILY, as_of=as_of, body=model.as_data())
    fitted = FittedModel(
        model_id=model_id,
        family=FAMILY,
        form="shrunk",
        as_of=as_of,
        fitted_at=as_of,
        data_hash="-",
        body=model.as_data(),
        card={"n_weeks": 52},
    )
    keep_model(fitted, lake=lake)
    return model_id
