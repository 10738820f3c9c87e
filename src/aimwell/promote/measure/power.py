"""What a campaign will be able to tell, from how unevenly people spent before it.

The interval at day d has half the width h, a function of the standard error s that the arms themselves will show. An effect leaves zero
outside if its estimate exceeds h. Where few customers spend most, estimate and standard error move together: a small arm without
any of them has a low mean and a small error, one with a few of them both high. To first order the difference of estimate and h has
the variance

    s^2 - 2 h' cov(estimate, s) + h'^2 var(s),
    cov(estimate, s^2) = m3 (1/nA^2 - 1/nB^2),    var(s^2) = (m4 - m2^2) (1/nA^3 + 1/nB^3)

with h' the derivative of h by s and m2, m3, m4 the central moments of what people bring. An effect of h + z times the root of this, z the
normal quantile of the power, is told at that look with this probability; looking on the days before can only add to it.

An effect makes profit more uneven too. Here it is thought to raise everybody's profit by the same share, so that the variance of the
treated arm grows by the square of it; the smallest effect is the one that is told under the variance that it makes itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aimwell.promote.measure.effect import Estimates, estimates
from aimwell.promote.measure.sequential import first_look, half_widths, mixture_constant, normal_quantile
from aimwell.promote.measure.sums import ArmSums, Floats

__all__ = ["Outlook", "Shape", "outlook"]

_ROUNDS = 60
_SETTLED = (
    1e-3  # an effect that goes on growing with the variance it makes is told by no campaign of this size
)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How far from normal it is what one person brings within the horizon: skewness and excess kurtosis, 0 if normal."""

    skewness: float = 0.0
    kurtosis: float = 0.0

    @classmethod
    def of_powers(cls, n_people: float, sums: tuple[float, float, float]) -> Shape:
        """Return the shape from the sums of the second, third and fourth powers of deviations from the mean."""
        square, cube, fourth = (total / n_people for total in sums)
        if square <= 0:
            return cls()
        return cls(skewness=cube / square**1.5, kurtosis=fourth / square**2 - 3.0)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What can be told at the end of each day: arrays over days.

    Attributes
    ----------
    smallest
        Smallest effect per person, on the profit made up to that day, that is told with the stated power; infinite: none yet.
    variance_cut
        Share of the variance, 0..1, that earlier profit takes out on the last day.
    """

    smallest: Floats
    variance_cut: float

    @property
    def first_day(self) -> int | None:
        """The first day on which anything can be told."""
        able = np.isfinite(self.smallest)
        return int(np.argmax(able)) if able.any() else None

    def day_for(self, effect: float) -> int | None:
        """Return the day on which an effect per person is told that comes evenly over all days; None: on none of them."""
        n_days = self.smallest.size
        is_told = abs(effect) * np.arange(1, n_days + 1) / n_days >= self.smallest
        return int(np.argmax(is_told)) if is_told.any() else None


def outlook(
    past: ArmSums, shape: Shape, *, n_treated: int, n_control: int, confidence: float, power: float
) -> Outlook:
    """Return what two arms of some sizes will be able to tell if people go on spending as unevenly as before.

    Parameters
    ----------
    past
        Sums of the people in question over a past window as long as the horizon, as if they had been dealt out at its start.
    shape
        Of what one person brought in that window, earlier profit taken out.
    n_treated, n_control
        People in the two arms.
    confidence
        Of the intervals, 0..1.
    power
        Probability, 0..1, with which an effect is to be told.
    """
    plan = _Plan.of(past, shape, n_treated=n_treated, n_control=n_control, alpha=1.0 - confidence)
    z = normal_quantile(power)
    smallest = plan.told(np.zeros_like(past.profit), z=z)
    for _ in range(_ROUNDS):
        before, smallest = smallest, plan.told(smallest, z=z)
    is_finite = np.isfinite(smallest) & np.isfinite(before)
    change = np.where(is_finite, smallest, 0.0) - np.where(is_finite, before, 0.0)
    is_settled = is_finite & (np.abs(change) <= _SETTLED * smallest)
    return Outlook(smallest=np.where(is_settled, smallest, np.inf), variance_cut=plan.quiet.variance_cut)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Two arms of planned sizes of people like those of the past."""

    quiet: Estimates  # both arms without effect
    mean: Floats
    shape: Shape
    sizes: tuple[float, float]
    constant: float
    alpha: float

    @classmethod
    def of(cls, past: ArmSums, shape: Shape, *, n_treated: int, n_control: int, alpha: float) -> _Plan:
        quiet = _planned(past, n_treated=n_treated, n_control=n_control)
        target = float(quiet.n_people[-1] ** 2 * quiet.variance[-1])
        return cls(
            quiet=quiet,
            mean=past.profit / past.n_people,
            shape=shape,
            sizes=(float(n_treated), float(n_control)),
            constant=mixture_constant(target, alpha=alpha),
            alpha=alpha,
        )

    def told(self, effect: Floats, *, z: float) -> Floats:
        """Return the effect that is told at each look, if effects of this size make profit more uneven."""
        n_days = effect.size
        if first_look(self.quiet) is None:
            return np.full(n_days, np.inf)
        a, b = self.sizes
        spread = 1.0 / a + 1.0 / b
        grown = np.where(self.mean > 0, 1.0 + effect / np.where(self.mean > 0, self.mean, 1.0), 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            variance = self.quiet.variance * (grown**2 / a + 1.0 / b) / spread
        found = replace(self.quiet, variance=np.where(np.isfinite(variance), variance, np.inf))
        halves = half_widths(found, constant=self.constant, alpha=self.alpha)
        slopes = _slopes(found, halves, constant=self.constant / found.n_people**2)
        # what a day adds is about independent of the days before: skewness and kurtosis fall as days add up
        share = np.arange(1, n_days + 1) / n_days
        moves = self.shape.skewness / np.sqrt(share) * (1.0 / a**2 - 1.0 / b**2) / (2.0 * spread**1.5)
        varies = (self.shape.kurtosis / share + 2.0) * (1.0 / a**3 + 1.0 / b**3) / (4.0 * spread**2)
        margin = np.sqrt(np.maximum(1.0 - 2.0 * slopes * moves + slopes**2 * varies, 1.0))
        return np.asarray(halves + z * margin * np.sqrt(found.variance), dtype=np.float64)


def _slopes(found: Estimates, halves: Floats, *, constant: Floats) -> Floats:
    """Return by how much half the width grows with the standard error: h' = s (h^2 / (s^2 + k) + 1) / h."""
    finite = np.where(np.isfinite(halves), halves, 1.0)
    slopes = np.sqrt(found.variance) * (finite**2 / (found.variance + constant) + 1.0) / finite
    return np.where(np.isfinite(halves), slopes, 0.0)


def _planned(past: ArmSums, *, n_treated: int, n_control: int) -> Estimates:
    """Return the estimates of two arms that are both like the past: no effect, the variance of the planned sizes."""
    alike = estimates(past, past)
    scale = past.n_people * (1.0 / n_treated + 1.0 / n_control) / 2.0
    share = min(n_treated, n_control) / past.n_people
    return Estimates(
        n_people=np.full(alike.effect.shape, float(n_treated + n_control)),
        n_buyers=past.n_buyers * share,
        effect=np.zeros_like(alike.effect),
        variance=alike.variance * scale,
        raw_effect=np.zeros_like(alike.effect),
        raw_variance=alike.raw_variance * scale,
        slopes=alike.slopes,
    )
