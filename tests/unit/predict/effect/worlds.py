"""Experiments drawn from a known truth."""

from __future__ import annotations

import numpy as np

from aimwell.predict.effect.experiment import Experiment
from aimwell.predict.effect.measured import Array


def drawn(
    n: int, *, slope: float, seed: int, mean: float = 1.0, noise: float = 5.0, share: float = 0.5
) -> tuple[Experiment, Array]:
    """Profit 10 + 3 x1 + treated (mean + slope x0) + noise; return the experiment and the true effects."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    effect = mean + slope * x[:, 0]
    treated = random.random(n) < share
    outcome = 10 + 3 * x[:, 1] + treated * effect + noise * random.normal(size=n)
    experiment = Experiment(
        features=x,
        is_treated=treated,
        propensity=np.full(n, share),
        outcome=outcome,
        person=np.arange(n),
    )
    return experiment, effect


def responses(n: int, *, slope: float, seed: int) -> tuple[Experiment, Array]:
    """Return the like with outcomes of 0 and 1: log-odds -1 + 0.5 x1 + treated (0.3 + slope x0)."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3))
    treated = random.random(n) < 0.5

    def chance(is_treated: Array) -> Array:
        line = -1 + 0.5 * x[:, 1] + is_treated * (0.3 + slope * x[:, 0])
        return 1 / (1 + np.exp(-line))

    outcome = (random.random(n) < chance(treated.astype(float))).astype(float)
    experiment = Experiment(
        features=x,
        is_treated=treated,
        propensity=np.full(n, 0.5),
        outcome=outcome,
        person=np.arange(n),
    )
    return experiment, chance(np.ones(n)) - chance(np.zeros(n))
