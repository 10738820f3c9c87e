"""What a discount does, by past price moves: which share of what is sold with it would not have been sold without it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aimwell.predict.price.model import PriceModel
from aimwell.predict.price.response import Response

__all__ = ["Z_90", "DiscountAnswer", "Scope", "answer_to", "incremental_share"]

Z_90 = 1.6448536269514722  # standard normal: nine tenths lie within; what a plan takes low and high for
Scope = Literal["product", "category", "shop"]


@dataclass(frozen=True, kw_only=True)
class DiscountAnswer:
    """How the products that a discount is for answer to it.

    Attributes
    ----------
    scope, about
        What it is for: one product, a category with all below it, or the whole shop; `about` is the product or category, else "".
    discount_rate
        Share taken off the price, 0 < rate < 1.
    elasticity, elasticity_se
        Mean over the products, weighted by what they sell for; with its standard error.
    n_products
        Products in the mean.
    n_seen
        Those of them that were already sold at so low a price; for the others the answer goes beyond what was seen.
    low, mid, high
        Share of what is sold with the discount that would not have been sold without it, 0..1; low and high hold it with 90 %.
    """

    scope: Scope
    about: str
    discount_rate: float
    elasticity: float
    elasticity_se: float
    n_products: int
    n_seen: int
    low: float
    mid: float
    high: float


def incremental_share(discount_rate: float, *, elasticity: float) -> float:
    """Return which share of what is sold at a discount would not have been sold without it.

    Derivation: at constant elasticity e, units are in proportion to price ** e. A discount d multiplies the price by 1 - d and so units by
    f = (1 - d) ** e. Of these f, 1 would have been sold anyway; the rest is there because of the discount:

        share = (f - 1) / f = 1 - 1 / f = 1 - (1 - d) ** (-e)

    This is a plan's `a`: the share of the orders made with an offer that would not have been made without it, if the offer does to an order
    what the same price does to a unit. (The uplift f - 1 is in proportion to what would have been sold anyway, and is not that share.)
    The lift of a mark on the shelf is left out: who is sent an offer sees no shelf. Where less would be sold (e > 0), none is added: 0.

    Parameters
    ----------
    discount_rate
        Share that is taken off the price, 0 < rate < 1.
    elasticity
        Per cent of units for one per cent of price; below 0 where a lower price sells more.

    Examples
    --------
    >>> round(incremental_share(0.2, elasticity=-2.0), 2)
    0.36
    """
    return max(0.0, -math.expm1(-elasticity * math.log1p(-discount_rate)))


def answer_to(
    discount_rate: float, model: PriceModel, *, product_id: str | None = None, category: str | None = None
) -> DiscountAnswer | None:
    """Return how a product, a category or the shop answers to a discount; None where the model knows no such product or category.

    Of several products it is the mean elasticity, weighted by weekly sales in money. Its standard error is the weighted mean of theirs: the
    most it can be, whatever their errors have in common (triangle inequality of standard deviations); products that draw on the same
    category, and weeks that hit all of them, do have much in common.

    Parameters
    ----------
    discount_rate
        Share that is taken off the price, 0 < rate < 1.
    model
        The fitted responses.
    product_id
        One product; None: by category.
    category
        A category with all below it, such as "TEA" or "TEA > GREEN"; one that is finer than the model's stands for the model's category that
        it is in. None: all products.
    """
    scope: Scope = "product" if product_id else "category" if category else "shop"
    chosen = _chosen(model, product_id=product_id, category=category)
    if not chosen:
        return None
    shares = _shares(chosen)
    elasticity = math.fsum(w * one.elasticity for w, one in zip(shares, chosen, strict=True))
    se = math.fsum(w * one.elasticity_sd for w, one in zip(shares, chosen, strict=True))
    low, mid, high = (
        incremental_share(discount_rate, elasticity=e)
        for e in (elasticity + Z_90 * se, elasticity, elasticity - Z_90 * se)
    )
    return DiscountAnswer(
        scope=scope,
        about=product_id or category or "",
        discount_rate=discount_rate,
        elasticity=elasticity,
        elasticity_se=se,
        n_products=len(chosen),
        n_seen=sum(one.seen_low_minor <= one.price_minor * (1.0 - discount_rate) for one in chosen),
        low=low,
        mid=mid,
        high=high,
    )


def _chosen(model: PriceModel, *, product_id: str | None, category: str | None) -> list[Response]:
    if product_id:
        return [model.products[product_id]] if product_id in model.products else []
    ranked = sorted(model.products.values(), key=lambda one: one.product_id)
    return [one for one in ranked if not category or _is_in(one.category, category)]


def _is_in(own: str, category: str) -> bool:
    """Tell whether a product's category, cut to the model's depth, is in the wanted one, or the wanted one in it."""
    return (
        own == category
        or own.startswith(f"{category} > ")
        or (own != "" and category.startswith(f"{own} > "))
    )


def _shares(chosen: Sequence[Response]) -> list[float]:
    """Return each product's share of weekly sales in money; equal shares where none was sold of late."""
    sales = [one.price_minor * one.weekly_units for one in chosen]
    total = math.fsum(sales)
    return [one / total if total > 0 else 1.0 / len(chosen) for one in sales]
