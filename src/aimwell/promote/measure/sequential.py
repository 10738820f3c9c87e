"""Intervals that hold at all looks together, so that a result may be looked at every day and told on any of them.

The difference of the arms, summed over everybody, is watched as it grows with days and people. Its variance V is the clock. The
normal mixture of Robbins gives a boundary that a Brownian motion of that clock ever leaves, either way, with probability alpha:

    |S(V)| <= sqrt((V + k) log((V + k) / (k alpha^2)))

which is the asymptotic confidence sequence of Waudby-Smith et al. with rho^2 = 1/k. It is narrowest in proportion to the
standard error where V = r k, with r from Lambert's W function; k is set such that this is expected at the end of the horizon
(`target_variance`).

What a person brings so far and what the same person brings later do not vary against each other: who spent more tends to go on
spending more. By Slepian's lemma (for each side) such a sum leaves a boundary no more often than the Brownian motion of the same
clock; returns, which go the other way, are part of the study in `benchmarks/measure.py`. Tests that treat the days of one person as
unrelated would be wrong here.

References
----------
H. Robbins (1970), "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41(5).
I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas (2024), "Time-uniform central limit theory and asymptotic
confidence sequences", Annals of Statistics 52(6).
D. Slepian (1962), "The one-sided barrier problem for Gaussian noise", Bell System Technical Journal 41(2).
M. Schultzberg, S. Ankargren, M. Frånberg (2023), "Bringing sequential testing to experiments with longitudinal data", Spotify.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import lambertw, ndtri

from aimwell.promote.measure.effect import Estimates
from aimwell.promote.measure.sums import ArmSums, Floats

__all__ = [
    "MIN_BUYERS",
    "best_ratio",
    "boundary",
    "first_look",
    "half_widths",
    "mixture_constant",
    "normal_quantile",
    "target_variance",
    "tells_on",
]

MIN_BUYERS = 30
"""Nothing is told before each arm has so many buyers: with fewer, means of what people spend are not nearly normal."""


def normal_quantile(prob: float) -> float:
    """Return the standard normal quantile."""
    return float(ndtri(prob))


@cache
def best_ratio(alpha: float) -> float:
    """Return V / k where the boundary is narrowest in standard deviations (about 8.3 for alpha = 0.05)."""
    return float(-lambertw(-(alpha**2) / np.e, -1).real - 1.0)


def boundary(variance: Floats, *, constant: float, alpha: float) -> Floats:
    """Return how far the sum may be from what it estimates, at all looks together.

    Parameters
    ----------
    variance
        Variance of the sum at each look: the clock.
    constant
        k above, in units of `variance`.
    alpha
        Probability, 0..1, of ever being farther.
    """
    clock = variance + constant
    return np.asarray(np.sqrt(clock * np.log(clock / (constant * alpha**2))), dtype=np.float64)


def mixture_constant(target_variance: float, *, alpha: float) -> float:
    """Return the k whose boundary is narrowest where the clock stands at `target_variance`."""
    return target_variance / best_ratio(alpha)


def first_look(found: Estimates, *, min_buyers: int = MIN_BUYERS) -> int | None:
    """Return the first look that counts: enough buyers in each arm, and some variance; None: not yet."""
    counts = (found.n_buyers >= min_buyers) & (np.nan_to_num(found.variance) > 0)
    return int(np.argmax(counts)) if counts.any() else None


def target_variance(
    found: Estimates, treated: ArmSums, control: ArmSums, *, horizon_days: int, min_buyers: int = MIN_BUYERS
) -> float | None:
    """Return where the clock is expected to stand at the end of the horizon, as seen from the first look that counts.

    That is the larger of two guesses: from how unevenly these people spent in the time before, as much of it as the year before does
    not explain, and from the first look that counts, as if variance grew evenly with days. A guess too small or too large makes the
    intervals a little wider, not wrong; the first alone is noisy where few customers spend most.

    Parameters
    ----------
    found
        Estimates at the ends of day 0, 1, ... of the two arms.
    treated, control
        Their sums; the first column of earlier profit is that of `horizon_days`.
    horizon_days
        The intervals are to be narrowest after so many days.
    min_buyers
        As in `first_look`.

    Returns
    -------
    float or None
        None: no look counts yet.
    """
    first = first_look(found, min_buyers=min_buyers)
    if first is None:
        return None
    n_people = float(found.n_people[first])
    began = float(found.n_people[0])
    more = (n_people - began) / first * (horizon_days - first) if first else 0.0  # people still to come
    sizes = 1.0 / treated.n_people[first] + 1.0 / control.n_people[first]
    planned = (n_people + max(0.0, more)) * n_people * sizes * _earlier_variance(treated, control, day=first)
    seen = n_people**2 * found.variance[first] * max(1.0, horizon_days / (first + 1))
    return float(max(planned, seen))


def _earlier_variance(treated: ArmSums, control: ArmSums, *, day: int) -> float:
    """Return the variance between people of the first column of earlier profit that the rest of the last one does not explain."""
    products = sum(
        arm.before_squared[day] - np.outer(arm.before[day], arm.before[day]) / arm.n_people[day]
        for arm in (treated, control)
    )
    own, both = products[0, 0], products[0, -1] - products[0, 0]
    rest = products[-1, -1] - 2.0 * products[0, -1] + products[0, 0]
    explained = both**2 / rest if rest > 0 else 0.0
    return float(max(0.0, own - explained) / (treated.n_people[day] + control.n_people[day] - 2.0))


def half_widths(
    found: Estimates, *, constant: float | None, alpha: float, min_buyers: int = MIN_BUYERS
) -> Floats:
    """Return half the width of the interval at each look, per person; infinite before the first look that counts."""
    halves = np.full(found.effect.shape, np.inf)
    first = first_look(found, min_buyers=min_buyers)
    if first is not None and constant is not None:
        clock = found.n_people[first:] ** 2 * found.variance[first:]
        halves[first:] = boundary(clock, constant=constant, alpha=alpha) / found.n_people[first:]
    return halves


def tells_on(found: Estimates, *, constant: float, alpha: float, last_day: int) -> int | None:
    """Return the day at whose end zero will be outside, if effect and variance go on growing evenly with days.

    None: it is outside already, or will not be by `last_day`.
    """
    today = found.effect.size - 1
    n_people = float(found.n_people[-1])
    days = np.arange(today, last_day + 1)
    grown = (days + 1) / (today + 1)
    clock = n_people**2 * float(found.variance[-1]) * grown
    is_told = (
        np.abs(float(found.effect[-1])) * grown > boundary(clock, constant=constant, alpha=alpha) / n_people
    )
    return int(days[np.argmax(is_told)]) if is_told.any() and not is_told[0] else None
