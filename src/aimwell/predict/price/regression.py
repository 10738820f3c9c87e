"""Weekly sales in logs: log units = product + week + elasticity * log price + lift * promoted share + noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.price.panel import Array, Panel, per_product
from aimwell.predict.price.shrinkage import Shrunk, shrink

__all__ = ["Regression", "regress"]

LEVEL_HALF_LIFE_WEEKS = 12
_NOISE_WEEKS = 4  # a product's own noise is averaged with everybody's, which counts like so many weeks


@dataclass(frozen=True, kw_only=True)
class Regression:
    """What the weeks of a panel say.

    Attributes
    ----------
    shrunk
        Elasticity and promotion lift (K = 2), per product, category, and of the shop.
    pooled
        The same two of one regression for all products, shape (2,).
    own
        Each product's elasticity from its own weeks alone (ordinary least squares on price); 0 if its price never moved.
    noise_sd
        Spread of the log units of a week around the regression, per product.
    season_sd
        Spread of what a week brings to all products alike; not known of weeks to come.
    mean_inputs
        Mean log price and promoted share, shape (N, 2).
    mean_level, recent_level
        Log units at the mean inputs: over all weeks, and with half the weight every `LEVEL_HALF_LIFE_WEEKS` weeks back.
    recent_plain
        As `recent_level`, of units alone: what a forecast without prices knows.
    """

    shrunk: Shrunk
    pooled: Array
    own: Array
    noise_sd: Array
    season_sd: float
    mean_inputs: Array
    mean_level: Array
    recent_level: Array
    recent_plain: Array


def regress(panel: Panel) -> Regression:
    """Fit a panel; every product must have a week.

    Products differ in level, weeks in what they bring to all products (seasons, holidays): both are taken out first.
    """
    log_units = np.log(panel.units)
    inputs = panel.inputs
    mean_inputs = np.column_stack([per_product(panel, column) for column in inputs.T])
    off = inputs - mean_inputs[panel.product]
    mean_level = per_product(panel, log_units)
    pooled = _pooled(off, log_units - mean_level[panel.product])
    season = _week_effects(panel, log_units - mean_level[panel.product] - off @ pooled)
    in_season = log_units - season
    mean_level = per_product(panel, in_season)
    out = in_season - mean_level[panel.product]
    pooled = _pooled(off, out)
    # The noise is taken twice: around the pooled line, then around the lines that this noise gave.
    first = _shrunk(panel, off, out, noise=_noise(panel, out - off @ pooled))
    shrunk = _shrunk(panel, off, out, noise=_noise(panel, out - _told(first, panel, off)))
    told = _told(shrunk, panel, off)
    recent = 0.5 ** ((panel.week.max() - panel.week) / LEVEL_HALF_LIFE_WEEKS)
    return Regression(
        shrunk=shrunk,
        pooled=pooled,
        own=_own(panel, off[:, 0], out),
        noise_sd=np.sqrt(_noise(panel, out - told)),
        season_sd=float(np.std(season)),
        mean_inputs=mean_inputs,
        mean_level=mean_level,
        recent_level=per_product(panel, in_season - told, weights=recent),
        recent_plain=per_product(panel, in_season, weights=recent),
    )


def _pooled(off: Array, out: Array) -> Array:
    return np.asarray(np.linalg.lstsq(off, out, rcond=None)[0], dtype=float)


def _own(panel: Panel, off_price: Array, out: Array) -> Array:
    moved = np.bincount(panel.product, off_price**2, minlength=panel.n_products)
    together = np.bincount(panel.product, off_price * out, minlength=panel.n_products)
    found: Array = np.where(moved > 1e-9, together / np.maximum(moved, 1e-9), 0.0)
    return found


def _week_effects(panel: Panel, left: Array) -> Array:
    """Return, for each row, what its week brought to all products alike."""
    week = panel.week - panel.week.min()
    total, count = np.bincount(week, left), np.bincount(week)
    effects = total / np.maximum(count, 1)
    centred: Array = effects[week] - effects[week].mean()
    return centred


def _noise(panel: Panel, left: Array) -> Array:
    """Return each product's variance around the regression, drawn towards everybody's."""
    count = np.bincount(panel.product, minlength=panel.n_products)
    squares = np.bincount(panel.product, left**2, minlength=panel.n_products)
    everybody = squares.sum() / max(count.sum() - 2 * panel.n_products, 1)
    freedom = np.maximum(count - 2, 0)
    found: Array = (squares + _NOISE_WEEKS * everybody) / (freedom + _NOISE_WEEKS)
    return np.maximum(found, 1e-6)


def _told(shrunk: Shrunk, panel: Panel, off: Array) -> Array:
    told: Array = (shrunk.product_mean[panel.product] * off).sum(axis=1)
    return told


def _shrunk(panel: Panel, off: Array, out: Array, *, noise: Array) -> Shrunk:
    n, k = panel.n_products, off.shape[1]
    precision, moment = np.zeros((n, k, k)), np.zeros((n, k))
    np.add.at(precision, panel.product, off[:, :, None] * off[:, None, :])
    np.add.at(moment, panel.product, off * out[:, None])
    return shrink(precision / noise[:, None, None], moment / noise[:, None], groups=panel.groups)
