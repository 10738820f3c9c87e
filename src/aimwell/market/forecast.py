"""An honest forecast from a handful of yearly figures: growth that fades, or growth that stays, whichever did better on its own past.

Log growth is spread evenly over missing years. "Fading" takes the mean log growth of the last two years and lets it shrink by `FADE`
each year ahead (a damped trend: Gardner, McKenzie 1985, Management Science 31(10)). "Steady" is the naive drift: the mean log growth of
all years goes on. Both are tried on every year that has at least `MIN_GROWTHS` growths before it and a figure of its own and of the
year before: a year on the straight line knows what came after it.

The interval comes from those errors one year ahead, s (root mean square, n of them), by Student's t with n degrees of freedom. An error
of steady growth in log value after h years is s * sqrt(h + h^2 / k) (h years' surprises, and a mean growth known from k years); of fading
growth, where a surprise in growth lives on and fades, s * sqrt(sum over j of ((1 - f^j) / (1 - f))^2), j = 1..h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from aimwell.base.words import text
from aimwell.market.model import Series

__all__ = ["METHOD_NAMES", "Forecast", "ForecastYear", "Method", "forecast"]

FADE = 0.85
MIN_GROWTHS = 3
_COVERAGE = 0.8
Array = npt.NDArray[np.float64]
Method = Literal["fading", "steady"]
METHOD_NAMES: dict[Method, str] = {
    "fading": text("growth that fades"),
    "steady": text("growth that stays as it was"),
}


@dataclass(frozen=True, kw_only=True)
class ForecastYear:
    """One year ahead: the median and the ends of the 80 % interval, in the series' unit."""

    year: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The years after a series.

    Attributes
    ----------
    method
        The one whose absolute error was smaller on the series' own past; fading growth at a tie.
    errors
        Mean absolute error in log value one year ahead, by method.
    n_tested
        Years that the methods were tried on.
    years
        The forecast, by year.
    """

    method: Method
    errors: dict[Method, float]
    n_tested: int
    years: Sequence[ForecastYear]


def forecast(series: Series, *, until: int) -> Forecast | None:
    """Return the years after the last figure, to `until` inclusive; None if fewer than two years can be tried on.

    Parameters
    ----------
    series
        At least six years long, as a rule: `MIN_GROWTHS` growths and two years to try on.
    until
        Last year.
    """
    logs = _yearly(series)
    growths = np.diff(logs)
    tests = [k for k in range(MIN_GROWTHS, len(growths)) if _is_told(series, k)]
    if len(tests) < 2:
        return None
    off = {
        name: np.array([growths[k] - rule(growths[:k], 1)[0] for k in tests]) for name, rule in _RULES.items()
    }
    errors: dict[Method, float] = {name: float(np.abs(one).mean()) for name, one in off.items()}
    method: Method = "fading" if errors["fading"] <= errors["steady"] else "steady"
    n_years = until - series.points[-1].year
    middle = logs[-1] + np.cumsum(_RULES[method](growths, n_years))
    spread = np.sqrt(np.mean(off[method] ** 2)) * _reach(method, n_years, n_growths=len(growths))
    half = student.ppf(0.5 + _COVERAGE / 2, len(tests)) * spread
    first = series.points[-1].year + 1
    return Forecast(
        method=method,
        errors=errors,
        n_tested=len(tests),
        years=[
            ForecastYear(year=first + h, value=float(v), low=float(low), high=float(high))
            for h, (v, low, high) in enumerate(
                zip(np.exp(middle), np.exp(middle - half), np.exp(middle + half), strict=True)
            )
        ],
    )


def _yearly(series: Series) -> Array:
    """Return the log value of every year, missing ones on a straight line."""
    years = np.array([one.year for one in series.points], dtype=float)
    logs = np.log([one.value for one in series.points])
    return np.asarray(np.interp(np.arange(years[0], years[-1] + 1), years, logs), dtype=float)


def _is_told(series: Series, k: int) -> bool:
    """Say whether both years of growth number k have figures."""
    first = series.points[0].year
    return {first + k, first + k + 1} <= {one.year for one in series.points}


def _fading(growths: Array, n_years: int) -> Array:
    faded: Array = growths[-2:].mean() * FADE ** np.arange(1, n_years + 1)
    return faded


def _steady(growths: Array, n_years: int) -> Array:
    return np.full(n_years, growths.mean())


_RULES: dict[Method, Callable[[Array, int], Array]] = {"fading": _fading, "steady": _steady}


def _reach(method: Method, n_years: int, *, n_growths: int) -> Array:
    """Return the error of log value after 1..n years, in units of the error of one year."""
    h = np.arange(1, n_years + 1, dtype=float)
    if method == "steady":
        return np.asarray(np.sqrt(h + h**2 / n_growths), dtype=float)
    return np.asarray(np.sqrt(np.cumsum(((1 - FADE**h) / (1 - FADE)) ** 2)), dtype=float)
