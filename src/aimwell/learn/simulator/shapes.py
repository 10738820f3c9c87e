"""The shape of a shop's sales: a few numbers by which a simulated shop and a real one are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shape", "shape"]

_MIN_GAPS = 5  # fewer tell nothing about how regular somebody is


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Shape of sales; a purchase is a day on which a person ordered.

    Attributes
    ----------
    repeat_rate
        Share of buyers with a second purchase.
    purchases_mean, purchases_median
        Per buyer.
    gap_mean, gap_median, gap_p90
        Days from one purchase to the next.
    gap_variation
        Median over people with enough gaps of standard deviation over mean: 1 is pure chance, less is regular.
    lines_mean, lines_median
        Lines (or pieces, where the data have those) per purchase.
    value_mean, value_median, value_variation
        Money per purchase; standard deviation over mean.
    person_value_variation
        Standard deviation over mean of people's mean purchase.
    top_tenth, top_fifth
        Share of all money that the best tenth and fifth of buyers bring.
    """

    repeat_rate: float
    purchases_mean: float
    purchases_median: float
    gap_mean: float
    gap_median: float
    gap_p90: float
    gap_variation: float
    lines_mean: float
    lines_median: float
    value_mean: float
    value_median: float
    value_variation: float
    person_value_variation: float
    top_tenth: float
    top_fifth: float


def shape(person: NDArray[Any], day: NDArray[Any], lines: NDArray[Any], value: NDArray[Any]) -> Shape:
    """Return the shape of some orders, a row each; orders of one person and day are one purchase.

    Parameters
    ----------
    person, day
        Whole numbers.
    lines, value
        Lines and money of each order; orders that brought no money are left out.
    """
    paid = value > 0
    keys, at = np.unique(np.stack([person[paid], day[paid]]), axis=1, return_inverse=True)
    lines, value = np.bincount(at.ravel(), lines[paid]), np.bincount(at.ravel(), value[paid])
    _, buyer, purchases = np.unique(keys[0], return_inverse=True, return_counts=True)
    money = np.bincount(buyer, value)
    gaps, whose = np.diff(keys[1])[np.diff(keys[0]) == 0], buyer[1:][np.diff(keys[0]) == 0]
    best = np.sort(money)[::-1]
    return Shape(
        repeat_rate=float(np.mean(purchases > 1)),
        purchases_mean=float(purchases.mean()),
        purchases_median=float(np.median(purchases)),
        gap_mean=float(gaps.mean()),
        gap_median=float(np.median(gaps)),
        gap_p90=float(np.quantile(gaps, 0.9)),
        gap_variation=_variation_of_gaps(gaps, whose),
        lines_mean=float(lines.mean()),
        lines_median=float(np.median(lines)),
        value_mean=float(value.mean()),
        value_median=float(np.median(value)),
        value_variation=float(value.std() / value.mean()),
        person_value_variation=float((money / purchases).std() / (money / purchases).mean()),
        top_tenth=float(best[: -(-best.size // 10)].sum() / best.sum()),
        top_fifth=float(best[: -(-best.size // 5)].sum() / best.sum()),
    )


def _variation_of_gaps(gaps: NDArray[Any], whose: NDArray[np.intp]) -> float:
    count, total = np.bincount(whose), np.bincount(whose, gaps)
    squares = np.bincount(whose, gaps.astype(np.float64) ** 2)
    enough = count >= _MIN_GAPS
    if not enough.any():
        return float("nan")
    mean = total[enough] / count[enough]
    variance = (squares[enough] / count[enough] - mean**2) * count[enough] / (count[enough] - 1)
    return float(np.median(np.sqrt(np.maximum(variance, 0.0)) / mean))
