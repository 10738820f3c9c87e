"""Qini and uplift curves of a score, their areas as in scikit-uplift, with standard errors by influence functions.

A curve goes through the people from the highest score to the lowest, people with one score together. With T and C the treated and the
controls so far, P and R the responders among them, and N = T + C:

    Qini     Q = P - R T / C          uplift    U = (P / T - R / C) N

An area is the one under the curve less the one under the straight line to its end, over the same of the best order possible.

References
----------
Radcliffe (2007), Using control groups to target on predicted lift, Direct Marketing Analytics Journal 3.
Devriendt, Guns, Verbeke (2020), Learning to rank for uplift modeling, arXiv:2002.05897.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.predict.effect.measured import Array, Measured

__all__ = ["auuc", "qini", "top_effect"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Tally:
    """Counts per block or up to a block: treated, controls, treated responders, control responders; (4, blocks)."""

    counts: Array

    @classmethod
    def of(cls, block: NDArray[np.intp], *, is_treated: Flags, outcome: Array) -> _Tally:
        size = int(block.max()) + 1
        treated = is_treated.astype(float)
        columns = (treated, 1.0 - treated, treated * outcome, (1.0 - treated) * outcome)
        return cls(np.stack([np.bincount(block, weights=c, minlength=size) for c in columns]))


Curve = Callable[[Array], tuple[Array, Array]]


def _qini_curve(total: Array) -> tuple[Array, Array]:
    """Return Q at cumulated counts, and its derivatives in the four counts."""
    treated, controls, earned, given = total
    odds, rate = _ratio(treated, controls), _ratio(given, controls)
    slopes = np.stack([-rate, rate * odds, np.ones_like(odds), -odds])
    return earned - given * odds, slopes


def _uplift_curve(total: Array) -> tuple[Array, Array]:
    """Return U at cumulated counts, and its derivatives in the four counts."""
    treated, controls, earned, given = total
    n = treated + controls
    lift, rate = _ratio(earned, treated), _ratio(given, controls)
    per_treated, per_control = _ratio(n, treated), _ratio(n, controls)
    effect = lift - rate
    slopes = np.stack([effect - lift * per_treated, effect + rate * per_control, per_treated, -per_control])
    return effect * n, slopes


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _area(counts: Array, curve: Curve) -> tuple[float, Array, float, Array]:
    """Return the area under a curve and under its chord, each with derivatives in the counts of every block: (4, blocks)."""
    total = counts.cumsum(axis=1)
    height, slopes = curve(total)
    width = counts[0] + counts[1]
    before = np.concatenate([[0.0], height[:-1]])
    middle = (height + before) / 2
    area = float(middle @ width)
    reach = (width + np.concatenate([width[1:], [0.0]])) / 2  # of one height on the area
    gradient = np.cumsum((slopes * reach)[:, ::-1], axis=1)[:, ::-1].copy()
    gradient[:2] += middle
    n = float(width.sum())
    chord = n * height[-1] / 2
    chord_gradient = np.repeat(slopes[:, -1:] * n / 2, counts.shape[1], axis=1)
    chord_gradient[:2] += height[-1] / 2
    return area, gradient, float(chord), chord_gradient


def _coefficient(
    block: NDArray[np.intp], best: NDArray[np.intp], *, is_treated: Flags, outcome: Array, curve: Curve
) -> Measured:
    """Return the normalised area of an order of blocks; `best` is the order that nothing can beat."""
    rows = np.stack([is_treated, ~is_treated, is_treated * outcome, ~is_treated * outcome])

    def spread(gradient: Array, blocks: NDArray[np.intp]) -> Array:
        return np.asarray((gradient[:, blocks] * rows).sum(axis=0), dtype=np.float64)

    actual, actual_gradient, chord, chord_gradient = _area(
        _Tally.of(block, is_treated=is_treated, outcome=outcome).counts, curve
    )
    perfect, perfect_gradient, _, _ = _area(
        _Tally.of(best, is_treated=is_treated, outcome=outcome).counts, curve
    )
    room = perfect - chord
    value = (actual - chord) / room
    base = spread(chord_gradient, block)
    of_actual = spread(actual_gradient, block) - base
    of_room = spread(perfect_gradient, best) - base
    return Measured(value=value, influence=(of_actual - value * of_room) / room)


def qini(score: Array, *, is_treated: Flags, outcome: Array) -> Measured:
    """Return the Qini coefficient: `sklift.metrics.qini_auc_score`.

    Parameters
    ----------
    score
        Higher: treat first.
    is_treated
        Who was treated.
    outcome
        0 or 1 for each person.

    Returns
    -------
    Measured
        0: no better than chance; 1: no order could be better.
    """
    best = np.where(outcome > 0, np.where(is_treated, 0, 2), 1)
    return _coefficient(
        _blocks(score), _dense(best), is_treated=is_treated, outcome=outcome, curve=_qini_curve
    )


def auuc(score: Array, *, is_treated: Flags, outcome: Array) -> Measured:
    """Return the normalised area under the uplift curve: `sklift.metrics.uplift_auc_score`; parameters as in `qini`."""
    n_control_responders = int(np.sum((outcome > 0) & ~is_treated))
    n_treated_others = int(np.sum((outcome == 0) & is_treated))
    then = outcome if n_control_responders > n_treated_others else is_treated.astype(float)
    best = 2.0 * ((outcome > 0) == is_treated) + then
    return _coefficient(
        _blocks(score), _blocks(best), is_treated=is_treated, outcome=outcome, curve=_uplift_curve
    )


def top_effect(score: Array, *, is_treated: Flags, outcome: Array, share: float = 0.3) -> Measured:
    """Return the mean effect among the top `share` by score: `sklift.metrics.uplift_at_k(strategy="overall")`.

    The place of the cut counts as given in the standard error.
    """
    order = np.argsort(score, kind="mergesort")[::-1]
    is_top = np.zeros(len(score), dtype=bool)
    is_top[order[: int(len(score) * share)]] = True
    influence = np.zeros(len(score))
    means = []
    for arm, sign in ((is_treated, 1.0), (~is_treated, -1.0)):
        inside = is_top & arm
        means.append(float(outcome[inside].mean()))
        influence[inside] = sign * (outcome[inside] - means[-1]) / inside.sum()
    return Measured(value=means[0] - means[1], influence=influence)


def _blocks(score: Array) -> NDArray[np.intp]:
    """Return the place of each score, the highest 0; equal scores share a place."""
    _, place = np.unique(-score, return_inverse=True)
    return np.asarray(place, dtype=np.intp)


def _dense(place: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.asarray(np.unique(place, return_inverse=True)[1], dtype=np.intp)
