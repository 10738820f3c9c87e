"""Fits one purchase model with each rival library that is installed; called by `value.py`, prints a JSON line each."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

LIFETIMES = {
    "bgnbd": ("BetaGeoFitter", {"r": "r", "alpha": "alpha", "a": "a", "b": "b"}),
    "pareto_nbd": ("ParetoNBDFitter", {"r": "r", "alpha": "alpha", "s": "s", "beta": "beta"}),
}
REPEAT = 3
ENOUGH_SECONDS = 20.0
PYMC = {"bgnbd": "BetaGeoModel", "pareto_nbd": "ParetoNBDModel"}


def with_lifetimes(form: str, people: dict[str, np.ndarray]) -> dict[str, float]:
    """Fit by maximum likelihood."""
    import lifetimes

    name, parameters = LIFETIMES[form]
    fitter = getattr(lifetimes, name)(penalizer_coef=0.0)
    fitter.fit(people["frequency"], people["recency_days"], people["age_days"])
    return {ours: float(fitter.params_[theirs]) for ours, theirs in parameters.items()}


def with_pymc_marketing(form: str, people: dict[str, np.ndarray]) -> dict[str, float]:
    """Fit by the maximum of the posterior under the library's own priors."""
    import pandas as pd
    from pymc_marketing import clv

    data = pd.DataFrame(
        {
            "customer_id": np.arange(len(people["frequency"])),
            "frequency": people["frequency"],
            "recency": people["recency_days"],
            "T": people["age_days"],
        }
    )
    model = getattr(clv, PYMC[form])(data=data)
    model.fit(method="map", progressbar=False)
    names = LIFETIMES[form][1]
    return {name: float(model.fit_result[name].to_numpy().ravel()[0]) for name in names}


def report(name: str, fit: Callable[[], dict[str, float]]) -> None:
    """Time a fit, the shortest of three unless it is long, and print it; the import is not counted."""
    seconds: list[float] = []
    while len(seconds) < REPEAT and sum(seconds) < ENOUGH_SECONDS:
        start = time.perf_counter()
        parameters = fit()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"name": name, "seconds": min(seconds), "parameters": parameters}), flush=True)


def main() -> None:
    """Fit the model named by the second argument to the customers in the file named by the first."""
    path, form = sys.argv[1:]
    people = dict(np.load(path))
    if find_spec("lifetimes"):
        importlib.import_module("lifetimes")
        report("lifetimes", lambda: with_lifetimes(form, people))
    if find_spec("pymc_marketing"):
        importlib.import_module("pymc_marketing.clv")
        report("pymc-marketing", lambda: with_pymc_marketing(form, people))


if __name__ == "__main__":
    main()
