"""Rivals of `benchmarks/effect.py`, run by a Python of their own: causalml and econml, as their documentation has them.

    PYTHON benchmarks/effect_rivals.py DATA.npz

Reads learn_x, learn_t, learn_y, ask_x; writes the rivals' effects on `ask_x` to DATA.npz.out.npz, and seconds as JSON to stdout.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

Rival = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def standard(x: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both at mean 0 and spread 1 of the first."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread == 0] = 1
    return (x - mean) / spread, (other - mean) / spread


def econml_dr_ridge(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """DR-learner, ridge behind logistic or ridge nuisances."""
    from econml.dr import DRLearner
    from sklearn.linear_model import LogisticRegression, RidgeCV

    x, ask = standard(x, ask)
    learner = DRLearner(
        model_propensity=LogisticRegression(max_iter=500),
        model_regression=RidgeCV(alphas=10.0 ** np.arange(-2, 5)),
        model_final=RidgeCV(alphas=10.0 ** np.arange(0, 6)),
        cv=3,
        random_state=0,
    )
    return np.ravel(learner.fit(y, t, X=x).effect(ask))


def econml_causal_forest(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Causal forest, nuisances as by default."""
    from econml.dml import CausalForestDML

    forest = CausalForestDML(
        discrete_treatment=True, n_estimators=100, min_samples_leaf=100, random_state=0, n_jobs=1, cv=2
    )
    return np.ravel(forest.fit(y, t, X=x).effect(ask))


def causalml_x_lightgbm(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """X-learner with LightGBM regressors."""
    from causalml.inference.meta import BaseXRegressor
    from lightgbm import LGBMRegressor

    part = LGBMRegressor(
        n_estimators=100, learning_rate=0.05, num_leaves=8, verbose=-1, n_jobs=1, random_state=0
    )
    learner = BaseXRegressor(learner=part)
    p = np.full(len(t), t.mean())
    learner.fit(x, t, y, p=p)
    return np.ravel(learner.predict(ask, p=np.full(len(ask), t.mean())))


def causalml_t_logistic(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """T-learner with logistic regression."""
    from causalml.inference.meta import BaseTClassifier
    from sklearn.linear_model import LogisticRegression

    x, ask = standard(x, ask)
    learner = BaseTClassifier(learner=LogisticRegression(max_iter=500))
    learner.fit(x, t, y)
    return np.ravel(learner.predict(ask))


def causalml_s_lightgbm(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """S-learner with LightGBM."""
    from causalml.inference.meta import BaseSClassifier
    from lightgbm import LGBMClassifier

    part = LGBMClassifier(
        n_estimators=100, learning_rate=0.05, num_leaves=8, verbose=-1, n_jobs=1, random_state=0
    )
    learner = BaseSClassifier(learner=part)
    learner.fit(x, t, y)
    return np.ravel(learner.predict(ask))


def causalml_uplift_forest(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Uplift random forest by Kullback-Leibler divergence."""
    from causalml.inference.tree import UpliftRandomForestClassifier

    forest = UpliftRandomForestClassifier(
        control_name="control",
        n_estimators=50,
        max_depth=5,
        min_samples_leaf=200,
        min_samples_treatment=50,
        random_state=0,
        n_jobs=1,
    )
    forest.fit(x, np.where(t == 1, "mail", "control"), y.astype(int))
    return np.ravel(forest.predict(ask))


def response_lightgbm(x: np.ndarray, t: np.ndarray, y: np.ndarray, ask: np.ndarray) -> np.ndarray:
    """Plain response targeting: how likely the treated respond."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(
        n_estimators=100, learning_rate=0.05, num_leaves=8, verbose=-1, n_jobs=1, random_state=0
    )
    return np.asarray(model.fit(x[t == 1], y[t == 1]).predict_proba(ask)[:, 1])


RIVALS: tuple[Rival, ...] = (
    econml_dr_ridge,
    econml_causal_forest,
    causalml_x_lightgbm,
    causalml_t_logistic,
    causalml_s_lightgbm,
    causalml_uplift_forest,
    response_lightgbm,
)


def main(path: str) -> None:
    given = np.load(path)
    data = (given["learn_x"], given["learn_t"], given["learn_y"], given["ask_x"])
    effects, seconds = {}, {}
    for rival in RIVALS:
        try:
            began = time.process_time()
            effects[rival.__name__] = rival(*data)
            seconds[rival.__name__] = time.process_time() - began
        except ImportError as exc:  # who is not installed is left out
            print(f"{rival.__name__}: {exc}", file=sys.stderr)
    np.savez(path + ".out.npz", **effects)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1])
