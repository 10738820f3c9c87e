"""Tries forecasts on past horizons, weighs them, learns intervals, and forecasts what comes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aimwell.predict.demand.blend import DEFAULT_WEIGHTS, blended, learn_weights, only
from aimwell.predict.demand.features import MIN_HISTORY_DAYS
from aimwell.predict.demand.hierarchy import groups, in_periods, is_open_in, periods, summed
from aimwell.predict.demand.intervals import inside_rate, learn_quantiles, unrest
from aimwell.predict.demand.model import GRAINS, Backtest, Trial
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.rules import RULES
from aimwell.predict.demand.trees import grow, tree_forecast
from aimwell.predict.demand.upper import (
    DEFAULT_WEIGHTS as DEFAULT_UPPER_WEIGHTS,
)
from aimwell.predict.demand.upper import (
    UPPER_LEVELS,
    Upper,
    UpperWeights,
    learn_upper,
    reconcile,
    upper_of,
)

__all__ = [
    "MAX_CUTS",
    "Horizon",
    "Learned",
    "backtest_of",
    "best_forecast",
    "forecast_units",
    "learn",
    "min_days",
    "try_horizons",
]

MAX_CUTS = 4
_SUMMED = ("product", "category", "total")
Tried = list[tuple[Array, Array, Array]]


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """One horizon of the past: what was known, what each forecast said, and what came.

    Attributes
    ----------
    past
        The panel before.
    forecasts
        By name, (series, days); "bottom_up" is their combination, "combined" that reconciled with categories and total.
    upper
        What was said of categories and total.
    truth
        (series, days); 0 on closed days, as in the forecasts.
    """

    past: Panel
    forecasts: Mapping[str, Array]
    upper: Mapping[str, Upper]
    truth: Array

    @property
    def upper_truth(self) -> dict[str, Array]:
        """What came, by category and in total."""
        return {
            level: summed(self.truth, place, n_keys=len(keys))
            for level, (keys, place) in groups(self.past).items()
            if level in UPPER_LEVELS
        }


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Trees for the future, the weights of the forecasts, the quantiles of their errors, and how the past went."""

    trees: str
    weights: Mapping[str, Mapping[str, float]]
    upper_weights: UpperWeights
    quantiles: Mapping[str, Sequence[float]]
    backtest: Backtest


def min_days(horizon_days: int) -> int:
    """Return the days of sales that it takes: to learn, and to be tried twice."""
    return MIN_HISTORY_DAYS + 3 * horizon_days


def forecast_units(
    panel: Panel,
    trees: str,
    *,
    weights: Mapping[str, Mapping[str, float]],
    upper_weights: UpperWeights,
    horizon_days: int,
    country: str,
) -> Array:
    """Return (series, horizon_days): expected units of each series, reconciled with categories and total."""
    found, upper = _said(panel, trees, weights=weights, horizon_days=horizon_days, country=country)
    return reconcile(panel, found["bottom_up"], upper, upper_weights)


def try_horizons(panel: Panel, *, horizon_days: int, country: str, seed: int) -> list[Horizon]:
    """Foretell up to four past horizons, the oldest first; weights come from the horizons before each."""
    most = (panel.n_days - MIN_HISTORY_DAYS - horizon_days) // horizon_days
    tried: list[Horizon] = []
    weights: Mapping[str, Mapping[str, float]] = dict.fromkeys(("regular", "intermittent"), DEFAULT_WEIGHTS)
    upper_weights = DEFAULT_UPPER_WEIGHTS
    for number in range(min(MAX_CUTS, most), 0, -1):
        end = panel.n_days - horizon_days * number
        past = panel.until(end)
        truth = panel.units[:, end : end + horizon_days] * panel.is_open(end, horizon_days)
        trees = grow(past, horizon_days=horizon_days, country=country, seed=seed)
        found, upper = _said(past, trees, weights=weights, horizon_days=horizon_days, country=country)
        found["combined"] = reconcile(past, found["bottom_up"], upper, upper_weights)
        tried.append(Horizon(past=past, forecasts=found, upper=upper, truth=truth))
        weights = learn_weights(found, truth, units=past.units)
        upper_weights = _upper_weights(tried)
    return tried


def learn(panel: Panel, *, horizon_days: int, country: str, seed: int) -> Learned:
    """Try the past, then grow trees on all of it. Where a rule beat the combination, the rule alone is used, level by level."""
    tried = try_horizons(panel, horizon_days=horizon_days, country=country, seed=seed)
    backtest = backtest_of(tried)
    used = {level: best_forecast(backtest, level) for level in _SUMMED}
    last = tried[-1]
    upper_weights = _upper_weights(tried)
    return Learned(
        trees=grow(panel, horizon_days=horizon_days, country=country, seed=seed),
        weights=learn_weights(last.forecasts, last.truth, units=last.past.units)
        if used["product"] == "combined"
        else only(used["product"]),
        upper_weights={
            level: weights if used[level] == "combined" else {used[level]: 1.0}
            for level, weights in upper_weights.items()
        },
        quantiles={key: learn_quantiles(found) for key, found in _by_level_and_grain(tried, used).items()},
        backtest=backtest,
    )


def _said(
    panel: Panel, trees: str, *, weights: Mapping[str, Mapping[str, float]], horizon_days: int, country: str
) -> tuple[dict[str, Array], dict[str, Upper]]:
    """Return what each forecast says of each series, and of categories and total; 0 on closed days."""
    is_open = panel.is_open(panel.n_days, horizon_days)
    found = {name: rule(panel.units, horizon_days) for name, rule in RULES.items()}
    found["trees"] = tree_forecast(trees, panel, horizon_days=horizon_days, country=country)
    found["bottom_up"] = blended(weights, found, units=panel.units)
    found = {name: said * is_open for name, said in found.items()}
    return found, upper_of(panel, found, horizon_days=horizon_days)


def _upper_weights(tried: Sequence[Horizon]) -> UpperWeights:
    return learn_upper([one.upper for one in tried], [one.upper_truth for one in tried])


def best_forecast(backtest: Backtest, level: str) -> str:
    """Return "combined", or the rule that beat it at a level."""
    best = min(RULES, key=lambda name: backtest.trial(level, name).rmsse)
    wins = backtest.trial(level, "combined").rmsse < backtest.trial(level, best).rmsse
    return "combined" if wins else best


def backtest_of(tried: Sequence[Horizon]) -> Backtest:
    """Measure horizons; the oldest only teaches weights and intervals where there are others."""
    shown = tried[1:] or tried
    names = ("combined", "bottom_up", "trees", *RULES)
    return Backtest(
        cuts=[one.past.end_on for one in shown],
        horizon_days=int(shown[0].truth.shape[1]),
        trials=[_trial(level, name, shown) for level in _SUMMED for name in names],
        coverage=_coverage(tried) if len(tried) > 1 else {},
    )


def _trial(level: str, name: str, tried: Sequence[Horizon]) -> Trial:
    errors, weights, expected_sum, truth_sum = [], [], 0.0, 0.0
    for one in tried:
        keys, place = groups(one.past)[level]
        expected, truth, before, sales = (
            summed(values, place, n_keys=len(keys))
            for values in (one.forecasts[name], one.truth, one.past.units, one.past.net_minor)
        )
        usual = np.mean(np.diff(before, axis=1) ** 2, axis=1)
        known = usual > 0  # what was never sold before has no scale
        errors.append(np.sqrt(np.mean((truth - expected) ** 2, axis=1)[known] / usual[known]))
        weights.append(np.maximum(sales.sum(axis=1)[known], 0.0))
        expected_sum, truth_sum = expected_sum + expected.sum(), truth_sum + truth.sum()
    means = [
        float(np.average(e, weights=w if w.sum() > 0 else None)) for e, w in zip(errors, weights, strict=True)
    ]
    return Trial(
        level=level,
        forecast=name,
        n_series=len(errors[-1]),
        rmsse=float(np.mean(np.concatenate(errors))),
        weighted_rmsse=float(np.mean(means)),
        bias_rate=float(expected_sum / truth_sum - 1) if truth_sum > 0 else 0.0,
    )


def _by_level_and_grain(tried: Sequence[Horizon], used: Mapping[str, str]) -> dict[str, Tried]:
    """Return expected units, unrest and truth of each horizon by "level/grain", of the forecast used at each level."""
    found: dict[str, Tried] = {}
    for one in tried:
        first_on, end_on = one.past.first_on, one.past.end_on
        for level in _SUMMED:
            keys, place = groups(one.past)[level]
            before, expected, truth = (
                summed(values, place, n_keys=len(keys))
                for values in (one.past.units, one.forecasts[used[level]], one.truth)
            )
            for grain in GRAINS:
                history = periods(first_on, n_days=one.past.n_days, grain=grain)[-91:]
                spans = periods(end_on, n_days=truth.shape[1], grain=grain)
                ahead = list(itertools.compress(spans, is_open_in(one.past, spans)))
                if ahead:
                    restless = unrest(in_periods(before, history))
                    row = in_periods(expected, ahead), restless, in_periods(truth, ahead)
                    found.setdefault(f"{level}/{grain}", []).append(row)
    return found


def _coverage(tried: Sequence[Horizon]) -> dict[str, float]:
    """Return the share inside intervals that were learned on the horizons before each."""
    hits: dict[str, list[Mapping[str, float]]] = {}
    used = dict.fromkeys(_SUMMED, "combined")
    for number in range(1, len(tried)):
        quantiles = {k: learn_quantiles(v) for k, v in _by_level_and_grain(tried[:number], used).items()}
        for key, found in _by_level_and_grain([tried[number]], used).items():
            if key in quantiles:
                hits.setdefault(key, []).append(inside_rate(found, quantiles[key]))
    return {
        key: sum(one["n"] * one["rate"] for one in found) / sum(one["n"] for one in found)
        for key, found in hits.items()
    }
