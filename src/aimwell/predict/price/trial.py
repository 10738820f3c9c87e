"""Forecasts of unseen weeks from a fit of the weeks before, and how far off they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aimwell.predict.price.learn import moved_rows
from aimwell.predict.price.model import Backtest, Trial
from aimwell.predict.price.panel import Array, Flags, Panel
from aimwell.predict.price.regression import Regression, regress
from aimwell.predict.price.response import Z_80

__all__ = ["MIN_WEEKS", "forecasts", "origins", "try_origins"]

MIN_WEEKS = 12  # weeks with a sale that a product must have to be fitted
TEST_WEEKS = 11
MOST_ORIGINS = 2
MIN_TRAINING_WEEKS = 26


def origins(panel: Panel) -> tuple[int, ...]:
    """Return the first weeks of the test windows, the latest first; none where the past is too short.

    Windows are `TEST_WEEKS` long, do not overlap, end with the panel, and have at least `MIN_TRAINING_WEEKS` weeks before them.
    """
    first, end = int(panel.week.min()), int(panel.week.max()) + 1
    cuts = (end - TEST_WEEKS * k for k in range(1, MOST_ORIGINS + 1))
    return tuple(cut for cut in cuts if cut - first >= MIN_TRAINING_WEEKS)


def try_origins(panel: Panel, *, cuts: Sequence[int], first_on: date) -> Backtest:
    """Fit what was known before each cut and compare with the `TEST_WEEKS` weeks after.

    The prices of the tested weeks are given; their units, and what they brought to all products alike, are not.

    Parameters
    ----------
    panel
        The weeks.
    cuts
        First weeks of the windows.
    first_on
        Monday of week 0.
    """
    windows = [_window(panel, cut=cut) for cut in cuts]
    is_moved = np.concatenate([one.is_moved for one in windows])
    is_inside = np.concatenate([one.is_inside for one in windows])
    errors = {name: np.concatenate([one.errors[name] for one in windows]) for name in windows[0].errors}
    return Backtest(
        cuts=tuple(first_on + timedelta(weeks=cut) for cut in cuts),
        n_weeks=TEST_WEEKS,
        n_products=max(one.n_products for one in windows),
        n_rows=len(is_moved),
        n_moved=int(is_moved.sum()),
        trials=[
            Trial(forecast=name, rmse=_rms(off), moved_rmse=_rms(off[is_moved]))
            for name, off in errors.items()
        ],
        coverage=_share(is_inside),
        moved_coverage=_share(is_inside[is_moved]),
    )


def forecasts(fit: Regression, weeks: Panel) -> dict[str, Array]:
    """Return each forecast of the log units of some weeks, whose prices are known."""
    off = weeks.inputs - fit.mean_inputs[weeks.product]
    told = (fit.shrunk.product_mean[weeks.product] * off).sum(axis=1)
    mean = fit.mean_level[weeks.product]
    return {
        "shrunk": fit.recent_level[weeks.product] + told,
        "pooled": mean + off @ fit.pooled,
        "own": mean + off[:, 0] * fit.own[weeks.product],
        "level": fit.recent_plain[weeks.product],
        "mean": mean,
    }


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The rows of one test window: the errors of each forecast, which had moved, which were inside the interval."""

    n_products: int
    errors: dict[str, Array]
    is_moved: Flags
    is_inside: Flags


def _window(panel: Panel, *, cut: int) -> _Window:
    before = panel.rows(panel.week < cut)
    kept = np.bincount(before.product, minlength=panel.n_products) >= MIN_WEEKS
    before, known = before.products(kept), panel.products(kept)
    after = known.rows((known.week >= cut) & (known.week < cut + TEST_WEEKS))
    fit = regress(before)
    log_units = np.log(after.units)
    errors = {name: log_units - forecast for name, forecast in forecasts(fit, after).items()}
    return _Window(
        n_products=after.n_products,
        errors=errors,
        is_moved=moved_rows(after, fit.mean_inputs[:, 0]),
        is_inside=np.abs(errors["shrunk"]) <= Z_80 * _spread(fit, after),
    )


def _spread(fit: Regression, weeks: Panel) -> Array:
    """Return the standard deviation of the shrunk forecast: noise, what weeks bring to all, and the doubt about the coefficients."""
    off = weeks.inputs - fit.mean_inputs[weeks.product]
    doubt = np.einsum("ni,nij,nj->n", off, fit.shrunk.product_cov[weeks.product], off)
    spread: Array = np.sqrt(fit.noise_sd[weeks.product] ** 2 + fit.season_sd**2 + doubt)
    return spread


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0


def _share(inside: Flags) -> float:
    return float(inside.mean()) if len(inside) else 0.0
