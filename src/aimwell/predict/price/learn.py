"""From a panel to a model: the responses of products, categories and the shop, with the prices that were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.price.model import Form, PriceModel
from aimwell.predict.price.panel import MOVED, Array, Flags, Integers, Panel, per_product
from aimwell.predict.price.regression import Regression, regress
from aimwell.predict.price.response import Response
from aimwell.predict.price.shrinkage import Shrunk

__all__ = ["QUARTER_WEEKS", "learn_responses", "moved_rows"]

QUARTER_WEEKS = 13
_EDGES = (0.05, 0.95)
_STILL = 1e-12  # variances below are rounding


def learn_responses(panel: Panel, *, form: Form, margin_rate: float, category_depth: int) -> PriceModel:
    """Return the model of a panel; every product must have a week.

    Parameters
    ----------
    panel
        The weeks.
    form
        "pooled" gives every product the shop's response.
    margin_rate
        Share of the price that is margin where a product's cost is not known, 0..1.
    category_depth
        Steps of the category path in `panel`; only noted.
    """
    found = regress(panel)
    shrunk = found.shrunk if form == "shrunk" else _levelled(found)
    anyone = shrunk.between_products + shrunk.between_categories
    first = np.unique(panel.groups, return_index=True)[1]
    names = [panel.categories[place] for place in first]
    return PriceModel(
        form=form,
        shop=_unseen(shrunk.mean, anyone, category=""),
        categories={
            name: _unseen(
                shrunk.category_mean[g], shrunk.category_cov[g] + shrunk.between_products, category=name
            )
            for g, name in enumerate(names)
            if name
        },
        products=_seen(panel, found, shrunk, margin_rate=margin_rate),
        category_depth=category_depth,
    )


def moved_rows(panel: Panel, mean_log_price: Array) -> Flags:
    """Say of each row whether its price is more than a tenth off the product's usual one, up or down alike in logs."""
    moved: Flags = np.abs(np.log(panel.price_minor) - mean_log_price[panel.product]) > np.log1p(MOVED)
    return moved


def _levelled(found: Regression) -> Shrunk:
    """Return the pooled regression as a posterior: one answer for all, with the doubt how far products differ from it."""
    shrunk = found.shrunk
    n_products, n_groups = len(shrunk.product_mean), len(shrunk.category_mean)
    apart = shrunk.between_products + shrunk.between_categories
    return Shrunk(
        mean=found.pooled,
        between_categories=shrunk.between_categories,
        between_products=shrunk.between_products,
        category_mean=np.tile(found.pooled, (n_groups, 1)),
        category_cov=np.tile(shrunk.between_categories, (n_groups, 1, 1)),
        product_mean=np.tile(found.pooled, (n_products, 1)),
        product_cov=np.tile(apart, (n_products, 1, 1)),
        own_cov=np.tile(shrunk.between_products, (n_products, 1, 1)),
    )


def _unseen(mean: Array, cov: Array, *, category: str) -> Response:
    return Response(
        product_id="",
        category=category,
        **_coefficients(mean, cov),
        n_weeks=0,
        n_moves=0,
        overlap=0.0,
        shrinkage=1.0,
        price_minor=0.0,
        weekly_units=0.0,
        unit_cost_minor=0.0,
        has_cost=False,
        seen_low_minor=0.0,
        seen_high_minor=0.0,
    )


def _coefficients(mean: Array, cov: Array) -> dict[str, float]:
    return {
        "elasticity": float(mean[0]),
        "elasticity_sd": float(np.sqrt(cov[0, 0])),
        "lift": float(mean[1]),
        "lift_sd": float(np.sqrt(cov[1, 1])),
        "covariance": float(cov[0, 1]),
    }


def _seen(panel: Panel, found: Regression, shrunk: Shrunk, *, margin_rate: float) -> dict[str, Response]:
    n_weeks = np.bincount(panel.product, minlength=panel.n_products)
    is_moved = moved_rows(panel, found.mean_inputs[:, 0])
    n_moves = np.bincount(panel.product, is_moved, minlength=panel.n_products)
    shares = np.clip(shrunk.own_cov[:, 0, 0] / shrunk.between_products[0, 0], 0.0, 1.0)
    overlaps = _overlap(panel, found.mean_inputs)
    lows, highs = _seen_range(panel)
    quarter = _quarter(panel)
    costs = np.where(np.isnan(quarter.unit_cost), quarter.price * (1 - margin_rate), quarter.unit_cost)
    return {
        product_id: Response(
            product_id=product_id,
            category=panel.categories[i],
            **_coefficients(shrunk.product_mean[i], shrunk.product_cov[i]),
            n_weeks=int(n_weeks[i]),
            n_moves=int(n_moves[i]),
            overlap=float(overlaps[i]),
            shrinkage=float(shares[i]),
            price_minor=float(quarter.price[i]),
            weekly_units=float(quarter.weekly_units[i]),
            unit_cost_minor=float(costs[i]),
            has_cost=bool(~np.isnan(quarter.unit_cost[i])),
            seen_low_minor=float(lows[i]),
            seen_high_minor=float(highs[i]),
        )
        for i, product_id in enumerate(panel.product_ids)
    }


def _overlap(panel: Panel, mean_inputs: Array) -> Array:
    """Return each product's squared correlation of log price and promoted share; 0 where one of them never moved."""
    price, promoted = (panel.inputs - mean_inputs[panel.product]).T
    together = per_product(panel, price * promoted) ** 2
    apart = per_product(panel, price**2) * per_product(panel, promoted**2)
    return np.where(apart > _STILL, together / np.maximum(apart, _STILL), 0.0)


def _seen_range(panel: Panel) -> tuple[Array, Array]:
    """Return the range of weekly prices per product, without the rarest at both ends."""
    order = np.argsort(panel.product, kind="stable")
    ends = np.cumsum(np.bincount(panel.product, minlength=panel.n_products))[:-1]
    edges = [np.quantile(prices, _EDGES) for prices in np.split(panel.price_minor[order], ends)]
    lows, highs = np.array(edges).T
    return lows, highs


@dataclass(frozen=True, kw_only=True)
class _Quarter:
    price: Array
    weekly_units: Array
    unit_cost: Array  # NaN: not known


def _quarter(panel: Panel) -> _Quarter:
    """Return the last quarter's means; of a product that was not sold in it, the means of all its weeks."""
    n_weeks = min(QUARTER_WEEKS, panel.n_weeks)
    recent = panel.week > panel.week.max() - n_weeks
    was_sold = np.bincount(panel.product, recent, minlength=panel.n_products) > 0
    kept = recent | ~was_sold[panel.product]
    units = np.bincount(panel.product[recent], panel.units[recent], minlength=panel.n_products)
    has_cost = kept & ~np.isnan(panel.unit_cost_minor)
    cost = per_product(panel.rows(has_cost), panel.unit_cost_minor[has_cost], weights=panel.units[has_cost])
    is_known = _has(panel.product[has_cost], panel.n_products)
    return _Quarter(
        price=per_product(panel.rows(kept), panel.price_minor[kept], weights=panel.units[kept]),
        weekly_units=units / n_weeks,
        unit_cost=np.where(is_known, cost, np.nan),
    )


def _has(product: Integers, n_products: int) -> Flags:
    found: Flags = np.bincount(product, minlength=n_products) > 0
    return found
