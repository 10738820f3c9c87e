"""Orders and spend to come: trees learn what the purchase process misses, and its total is kept.

The process foretells the total of a shop well and single people less so; boosted trees the other way round (they missed totals by
20-40 % in our measurements). So the logarithm of the process's expectation is what the trees start from, their say is weighed out of
time, and the sum over the people of the model's own day is put back to the process's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.heads import (
    FEATURE_DAYS,
    MIN_ROWS,
    Setup,
    inputs,
    known_frames,
    spans_a_year,
    trial_frames,
)
from aimwell.predict.repeat.measures import deviances, is_clearly_less
from aimwell.predict.repeat.process import View
from aimwell.predict.repeat.tables.training import TOTAL_DAYS
from aimwell.predict.repeat.trees import grow, raw_scores
from aimwell.predict.value.cells import Array

__all__ = ["VALUE_DAYS", "Measure", "Total", "learn_total"]

VALUE_DAYS = 91
"""Horizon of expected orders and spend, days; the value model's."""
Measure = Literal["orders", "spend"]
_WEIGHTS = (0.25, 0.5, 0.75, 1.0)
_N_TREES = 80
_LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Total:
    """Expected orders or spend.

    Attributes
    ----------
    measure
        Which.
    window_days
        The outcomes that the trees learned from.
    trees
        Text, or None: the process answers alone.
    weight
        Of the trees' say, 0..1, chosen out of time.
    factor
        Puts the total back to the process's.
    has_season, n_rows
        As in `Head`.
    """

    measure: Measure
    window_days: int
    trees: str | None
    weight: float
    factor: float
    has_season: bool
    n_rows: int

    def expected(self, features: Array, view: View) -> Array:
        """Return purchase days, or minor units, within `VALUE_DAYS`."""
        process = base(self.measure, view, days=VALUE_DAYS)
        if self.trees is None:
            return process
        raw = raw_scores(self.trees, inputs(features, view, has_season=self.has_season))
        return np.asarray(process * np.exp(self.weight * raw) * self.factor, dtype=np.float64)


def base(measure: Measure, view: View, *, days: int) -> Array:
    """Return what the process expects."""
    orders = np.maximum(view.orders[days], _LEAST)
    return orders if measure == "orders" else orders * np.maximum(view.per_day_minor, _LEAST)


def learn_total(frames: Sequence[Frame], *, measure: Measure, present: Frame, setup: Setup) -> Total:
    """Learn to foretell orders or spend.

    Parameters
    ----------
    frames
        Days to learn from, the newest first.
    measure
        What.
    present
        The people of the model's own day, over whom the total is kept.
    setup
        Until when outcomes are known, and more.
    """
    for window in sorted(TOTAL_DAYS, reverse=True):
        trials = trial_frames(frames, window_days=window, until=setup.until)
        if not trials or sum(len(f) for f in trials[-1][1]) < MIN_ROWS:
            continue
        weight = _weight(trials, measure=measure, window=window, setup=setup)
        if weight == 0:
            break
        known = known_frames(frames, window_days=window, until=setup.until)
        total = Total(
            measure=measure,
            window_days=window,
            trees=_grown(known, measure=measure, window=window, setup=setup),
            weight=weight,
            factor=1.0,
            has_season=spans_a_year(known),
            n_rows=sum(len(frame) for frame in known),
        )
        return _recalibrated(total, present, setup=setup)
    return Total(
        measure=measure,
        window_days=VALUE_DAYS,
        trees=None,
        weight=0.0,
        factor=1.0,
        has_season=False,
        n_rows=0,
    )


def _recalibrated(total: Total, present: Frame, *, setup: Setup) -> Total:
    view = _view(present, days=VALUE_DAYS, setup=setup)
    mine = total.expected(present.features, view).sum()
    factor = float(base(total.measure, view, days=VALUE_DAYS).sum() / mine)
    return Total(**vars(total) | {"factor": factor})


def _weight(
    trials: Sequence[tuple[Frame, list[Frame]]], *, measure: Measure, window: int, setup: Setup
) -> float:
    """Return the weight that foretold best out of time, totals kept; 0 where none clearly beat the process."""
    parts: dict[float, list[Array]] = {weight: [] for weight in (0.0, *_WEIGHTS)}
    for frame, earlier in trials:
        view = _view(frame, days=window, setup=setup)
        text = _grown(earlier, measure=measure, window=window, setup=setup)
        raw = raw_scores(text, inputs(frame.features, view, has_season=spans_a_year(earlier)))
        process, came = base(measure, view, days=window), _came(frame, measure, window)
        unit = max(float(came.mean()), _LEAST)
        for weight, losses in parts.items():
            said = process * np.exp(weight * raw)
            said *= process.sum() / said.sum()
            losses.append(deviances(np.maximum(came, 0.0) / unit, said / unit))
    losses_of = {weight: np.concatenate(losses) for weight, losses in parts.items()}
    best = min(losses_of, key=lambda weight: (float(losses_of[weight].mean()), weight))
    return best if is_clearly_less(losses_of[best], losses_of[0.0]) else 0.0


def _grown(frames: Sequence[Frame], *, measure: Measure, window: int, setup: Setup) -> str:
    views = [_view(frame, days=window, setup=setup) for frame in frames]
    has_season = spans_a_year(frames)
    seen = [inputs(f.features, v, has_season=has_season) for f, v in zip(frames, views, strict=True)]
    came = np.concatenate([np.maximum(_came(frame, measure, window), 0.0) for frame in frames])
    unit = max(float(came.mean()), _LEAST)  # money is learned in units of its mean
    expected = np.concatenate([base(measure, view, days=window) for view in views])
    return grow(
        np.concatenate(seen),
        came / unit,
        objective="poisson",  # for money too: it asks for the right mean and no more
        n_trees=_N_TREES,
        seed=setup.seed,
        offset=np.log(expected / unit),
    )


def _view(frame: Frame, *, days: int, setup: Setup) -> View:
    return frame.view(memory=setup.memory, within_days=FEATURE_DAYS, orders_days=(days,))


def _came(frame: Frame, measure: Measure, days: int) -> Array:
    return frame.orders[days] if measure == "orders" else frame.spend[days]
