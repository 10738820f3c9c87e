"""The certificate of a plan: what it is worth, what no plan could exceed, and all that is needed to check both.

Weak duality: for any whole prices that are positive only where there is a maximum and negative only where there is a minimum,

    bound = sum over people of their best `contacts_per_person` positive reduced values
            + budget price * budget + sum of limit prices * (maximum if positive, minimum if negative)

with reduced value = value - floor(budget price * cost) - prices of the limits that count the pair. Rounding the budget's
part down can only raise the bound, so it stays true, and in whole numbers it can be computed exactly anywhere.

References
----------
A. M. Geoffrion (1974), "Lagrangean relaxation for integer programming", Mathematical Programming Study 2.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np

from aimwell.base.lottery import Lottery
from aimwell.promote.plan.assumed import Assumed
from aimwell.promote.plan.model import (
    PRICE_UNIT,
    Belief,
    Campaign,
    Limit,
    Offer,
    Prices,
    Problem,
    SealedPrices,
)

__all__ = [
    "FORMAT",
    "Certificate",
    "LimitUse",
    "fingerprint",
    "holdout_rule",
    "limit_use",
    "plan_id_of",
    "sealed",
    "worth",
]

FORMAT = "aimwell-plan-certificate/1"


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """A limit, how much of it a plan uses, and its price in thousandths of a minor unit per contact."""

    key: str
    kind: str
    offer_ids: tuple[str, ...]
    segment: str | None
    minimum: int
    maximum: int | None
    use: int
    price_milli: int

    @property
    def binds(self) -> str | None:
        """Return which end of the limit holds the plan back, if one does."""
        if self.maximum is not None and self.use == self.maximum and self.price_milli > 0:
            return "maximum"
        if self.minimum > 0 and self.use == self.minimum and self.price_milli < 0:
            return "minimum"
        return None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a plan promises, and what proves it; docs/models/plan.md describes every field."""

    plan_id: str
    campaign: str
    currency: str
    made_at: datetime
    contacts_per_person: int
    budget_minor: int
    budget_price: int
    cost_milli: int
    value_milli: int
    bound_milli: int
    value_low_milli: int | None
    value_high_milli: int | None
    n_people: int
    n_held_out: int
    n_contacts: int
    is_proven: bool
    effect_basis: str
    incrementality: Mapping[str, float] | None
    offers: tuple[str, ...]
    limits: tuple[LimitUse, ...]
    holdout: Mapping[str, int]
    inputs: Mapping[str, str]
    beliefs: tuple[Belief, ...] = ()
    settled: str | None = None
    assumed: Mapping[str, Assumed] = field(default_factory=dict)

    @property
    def is_measured(self) -> bool:
        """Say whether some measurement counts in what the plan believes."""
        return self.is_table or any(one.measured_minor is not None for one in self.beliefs)

    @property
    def is_table(self) -> bool:
        """Say whether effects came as a table: then nothing is assumed."""
        return self.incrementality is None and not self.assumed

    @property
    def gap(self) -> float:
        """Share of the bound that the plan may miss at most; 0 if the plan reaches it."""
        return (self.bound_milli - self.value_milli) / max(abs(self.bound_milli), 1)

    def to_json(self) -> str:
        """Return the certificate as JSON, keys sorted, so that equal certificates are equal texts."""
        content = asdict(self) | {
            "format": FORMAT,
            "price_unit": PRICE_UNIT,
            "gap": self.gap,
            "made_at": self.made_at.isoformat(),
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """Return the certificate that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in content.items() if name in known}
        values["made_at"] = datetime.fromisoformat(values["made_at"])
        values["offers"] = tuple(values["offers"])
        values["limits"] = tuple(
            LimitUse(**(limit | {"offer_ids": tuple(limit["offer_ids"])})) for limit in values["limits"]
        )
        values["beliefs"] = tuple(Belief(**one) for one in values.get("beliefs", ()))
        values["assumed"] = {name: Assumed.from_data(one) for name, one in values.get("assumed", {}).items()}
        return cls(**values)


def sealed(prices: Prices, problem: Problem, *, max_cost_milli: int) -> SealedPrices:
    """Return prices as whole numbers of the right sign; products with costs stay within 64 bits."""
    highest = (2**62) // max(max_cost_milli, 1)
    whole = np.round(prices.limits).astype(np.int64)
    whole = np.where(np.isinf(problem.maxima), np.minimum(whole, 0), whole)
    whole = np.where(problem.minima <= 0, np.maximum(whole, 0), whole)
    return SealedPrices(
        budget=min(max(round(prices.budget * PRICE_UNIT), 0), highest),
        limits=tuple(int(price) for price in whole),
    )


def worth(prices: SealedPrices, problem: Problem) -> int:
    """Return what the budget and the limits are worth at sealed prices, in whole milli."""
    total = prices.budget * problem.budget_milli // PRICE_UNIT
    for price, limit in zip(prices.limits, problem.limits, strict=True):
        if price > 0 and limit.maximum is not None:
            total += price * limit.maximum
        elif price < 0:
            total += price * limit.minimum
    return total


def fingerprint(offers: Sequence[Offer], campaign: Campaign, *, people: Mapping[str, int]) -> dict[str, str]:
    """Return SHA-256 of the offers, of the campaign, and of the counts and sums that people and effects left."""
    return {
        "offers": _digest(
            [
                _told(offer, usual={"discount_rate": None, "product": None, "assumed": None})
                for offer in offers
            ]
        ),
        "campaign": _digest(_told(campaign, usual={"range_source": "stated"})),
        "people": _digest(dict(people)),
    }


def plan_id_of(inputs: Mapping[str, str]) -> str:
    """Return the name of the plan that these inputs lead to."""
    return _digest(dict(inputs))[:16]


def limit_use(limit: Limit, *, use: int, price_milli: int) -> LimitUse:
    """Return a limit with its use and price."""
    return LimitUse(**asdict(limit), use=use, price_milli=price_milli)


def holdout_rule(campaign: Campaign) -> dict[str, int]:
    """Return the whole numbers that decide who is held out."""
    lottery = Lottery.of(campaign.salt, purpose="holdout")
    return asdict(lottery) | {"threshold": lottery.threshold(campaign.holdout_share)}


def _told(one: Offer | Campaign, *, usual: Mapping[str, object]) -> dict[str, Any]:
    """Return what is digested: without what came later and says nothing, so that older plans keep their fingerprints."""
    return {name: value for name, value in asdict(one).items() if name not in usual or value != usual[name]}


def _digest(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
