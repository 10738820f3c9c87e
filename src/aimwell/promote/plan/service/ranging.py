"""Finds what a plan assumes of each offer in past prices, where the campaign wants it from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aimwell.base.words import Sentence
from aimwell.predict.price.discount import answer_to
from aimwell.predict.price.model import FAMILY, PriceModel
from aimwell.predict.service import read_model, versions
from aimwell.promote.plan.assumed import WHY_NOT, Assumed, Incrementality, PastPrices, WhyNot
from aimwell.promote.plan.errors import RangeUnknown
from aimwell.promote.plan.model import Campaign, Offer
from aimwell.storage.lake.lake import Lake

__all__ = ["with_ranges"]


def with_ranges(
    offers: tuple[Offer, ...],
    campaign: Campaign,
    *,
    lake: Lake,
    as_of: datetime,
    kept: Mapping[str, Assumed] | None = None,
) -> tuple[Offer, ...]:
    """Return the offers with what is assumed of each, where the campaign takes that from past prices; else as they are.

    Parameters
    ----------
    offers, campaign
        As files say them.
    lake
        The price models.
    as_of
        The plan's moment, naive UTC. Only a price model as of this moment or before is asked: the one in use, else the newest such one.
    kept
        What a plan that was already made assumes, by offer (`Certificate.assumed`): these count for
        their offers, whatever was fitted since.

    Raises
    ------
    RangeUnknown
        If past prices say nothing that can be used of an offer, and the file states no range to fall back on.
    """
    if campaign.range_source == "stated":
        return offers
    already, fitted = kept or {}, _model_at(as_of, lake=lake)
    return tuple(
        replace(one, assumed=already.get(one.offer_id) or _assumed(one, campaign, fitted)) for one in offers
    )


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """A price model, read once for all offers, and what is told of where a range comes from."""

    model_id: str
    as_of: datetime
    n_weeks: int
    model: PriceModel


def _model_at(moment: datetime, *, lake: Lake) -> _Fitted | None:
    known = [one for one in versions(FAMILY, lake=lake) if one.as_of <= moment]
    if not known:
        return None
    best = max(known, key=lambda one: (one.is_in_use, one.as_of, one.fitted_at, one.model_id))
    stored = read_model(FAMILY, lake=lake, model_id=best.model_id)
    return _Fitted(
        model_id=stored.model_id,
        as_of=stored.as_of,
        n_weeks=int(stored.card["n_weeks"]),
        model=PriceModel.from_data(stored.body),
    )


def _assumed(offer: Offer, campaign: Campaign, fitted: _Fitted | None) -> Assumed:
    found = _from_prices(offer, fitted)
    if isinstance(found, Assumed):
        return found
    if campaign.incrementality is None:
        raise RangeUnknown(offer_id=offer.offer_id, reason=Sentence(WHY_NOT[found]))
    return Assumed(range=campaign.incrementality, why_not=found)


def _from_prices(offer: Offer, fitted: _Fitted | None) -> Assumed | WhyNot:
    if offer.discount_rate is None:
        return "no_discount"
    if fitted is None:
        return "no_model"
    answer = answer_to(offer.discount_rate, fitted.model, product_id=offer.product, category=offer.category)
    if answer is None:
        return "no_product" if offer.product else "no_category"
    if answer.elasticity >= 0:
        return "no_uplift"
    return Assumed(
        range=Incrementality(low=answer.low, mid=answer.mid, high=answer.high),
        prices=PastPrices(
            model_id=fitted.model_id,
            as_of=fitted.as_of.isoformat(),
            n_weeks=fitted.n_weeks,
            scope=answer.scope,
            about=answer.about,
            n_products=answer.n_products,
            n_seen=answer.n_seen,
            discount_rate=answer.discount_rate,
            elasticity=answer.elasticity,
            elasticity_se=answer.elasticity_se,
        ),
    )
