"""Small campaigns, as arrays and as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aimwell.promote.plan.model import Campaign, Incrementality, Limit, Offer, Problem
from aimwell.promote.plan.prospects import Prospects


@pytest.fixture
def offer() -> Callable[..., Offer]:
    def make(offer_id: str, **given: Any) -> Offer:
        usual = {
            "name": offer_id,
            "channel": "sms",
            "contact_milli": 0,
            "incentive_minor": 0,
            "margin_rate": 0.5,
        }
        return Offer(**{"offer_id": offer_id, **usual, **given})

    return make


@pytest.fixture
def campaign() -> Callable[..., Campaign]:
    def make(**given: Any) -> Campaign:
        usual = {
            "name": "spring",
            "currency": "EUR",
            "budget_minor": 1_000,
            "horizon_days": 30,
            "incrementality": Incrementality(low=0.25, mid=0.5, high=0.75),
            "salt": "spring",
        }
        return Campaign(**{**usual, **given})

    return make


@pytest.fixture
def prospects() -> Callable[..., Prospects]:
    """Make people from lists: value and cost per person and offer in milli, None where not eligible."""

    def make(
        values: list[list[int | None]], costs: list[list[int]], members: list[list[bool]] | None = None
    ) -> Prospects:
        eligible = np.array([[value is not None for value in row] for row in values])
        n_people = len(values)
        return Prospects(
            person_id=np.arange(n_people, dtype=np.int64),
            value=np.array([[value or 0 for value in row] for row in values], dtype=np.float64),
            cost=np.where(eligible, np.array(costs, dtype=np.float64), 0.0),
            eligible=eligible,
            member=np.array(members if members is not None else [[]] * n_people, dtype=bool).reshape(
                n_people, -1
            ),
            draw=np.linspace(0.05, 0.95, n_people),
            weight=np.ones(n_people),
        )

    return make


@pytest.fixture
def problem(offer: Callable[..., Offer], campaign: Callable[..., Campaign]) -> Callable[..., Problem]:
    def make(offers: tuple[Offer, ...] | list[str], **given: Any) -> Problem:
        made = tuple(offer(o) if isinstance(o, str) else o for o in offers)
        return Problem.of(made, campaign(**given))

    return make


def limit(key: str, **given: Any) -> Limit:
    kind = "segment" if "segment" in given else "offer"
    return Limit(**{"key": key, "kind": kind, "offer_ids": (), "segment": None, **given})
