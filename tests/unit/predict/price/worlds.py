"""Panels whose elasticities are known, for the tests of price."""

from __future__ import annotations

import numpy as np

from aimwell.predict.price.panel import Array, Panel

WEEKS = 60


def drawn_panel(
    seed: int = 0, *, n_products: int = 60, spread: float = 0.3, noise: float = 0.2
) -> tuple[Panel, Array]:
    """Return a panel and the true elasticities.

    Three categories at -1, -2 and -3; products scatter around them by `spread`. A fifth of the weeks are promotions: 20 % off, all
    units marked, and 0.3 more log units than the price alone brings. Every fifth product never moves its price.
    """
    random = np.random.default_rng(seed)
    category = np.arange(n_products) % 3
    truth = -1.0 - category + random.normal(0, spread, n_products)
    product, week = np.repeat(np.arange(n_products), WEEKS), np.tile(np.arange(WEEKS), n_products)
    moves = (np.arange(n_products) % 5 > 0)[product]
    is_promoted = moves & (random.random(len(product)) < 0.2)
    drift = np.where(moves, random.normal(0, 0.1, len(product)), 0.0)
    log_price = np.log(1000.0) + np.where(is_promoted, np.log(0.8), 0.0) + drift
    season = 0.3 * np.sin(week / 8)
    level = random.normal(4, 0.5, n_products)[product]
    log_units = level + season + truth[product] * (log_price - np.log(1000.0)) + 0.3 * is_promoted
    panel = Panel(
        product_ids=tuple(f"p{i:02}" for i in range(n_products)),
        categories=tuple(f"c{g}" for g in category),
        product=product,
        week=week,
        units=np.exp(log_units + random.normal(0, noise, len(product))),
        price_minor=np.exp(log_price),
        promoted=is_promoted.astype(float),
        unit_cost_minor=np.full(len(product), 600.0),
    )
    return panel, truth
