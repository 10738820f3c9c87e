"""The effect per person by intention to treat, its variance reduced with profit before the decision.

With one coefficient vector for both arms, from the variation within the arms, this is the coefficient of the arm in the least
squares regression of profit on arm and earlier profits; the variance does not assume that the arms vary alike.

References
----------
A. Deng, Y. Xu, R. Kohavi, T. Walker (2013), "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data" (CUPED), WSDM.
W. Lin (2013), "Agnostic notes on regression adjustments to experimental data", Annals of Applied Statistics 7(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.promote.measure.sums import ArmSums, Floats

__all__ = ["Estimates", "estimates"]


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Effects per person at each look, arrays over looks: with earlier profit taken out, and plain (`raw`).

    Attributes
    ----------
    n_people
        In both arms.
    n_buyers
        In the arm with fewer of them.
    effect, variance
        Difference of the adjusted means, and its squared standard error; NaN while an arm has fewer than 2 people.
    raw_effect, raw_variance
        The same without adjustment.
    slopes
        (D, K) how much profit goes with earlier profits.
    """

    n_people: Floats
    n_buyers: Floats
    effect: Floats
    variance: Floats
    raw_effect: Floats
    raw_variance: Floats
    slopes: Floats

    @property
    def variance_cut(self) -> float:
        """Share of the variance, 0..1, that the adjustment took out at the last look."""
        raw = float(self.raw_variance[-1])
        return max(0.0, 1.0 - float(self.variance[-1]) / raw) if raw > 0 else 0.0


def estimates(treated: ArmSums, control: ArmSums) -> Estimates:
    """Return the effect of one arm against another at each look.

    Parameters
    ----------
    treated, control
        Sums of the two arms over the same days.
    """
    arms = [_Within.of(arm) for arm in (treated, control)]
    products = arms[0].x_products + arms[1].x_products
    slopes = np.einsum(
        "dkl,dl->dk",
        np.linalg.pinv(products, rcond=1e-10, hermitian=True),
        arms[0].yx_products + arms[1].yx_products,
    )
    raw_effect = arms[0].y_mean - arms[1].y_mean
    shift = np.einsum("dk,dk->d", slopes, arms[0].x_mean - arms[1].x_mean)
    return Estimates(
        n_people=treated.n_people + control.n_people,
        n_buyers=np.minimum(treated.n_buyers, control.n_buyers),
        effect=raw_effect - shift,
        variance=sum((arm.variance_of_mean(slopes) for arm in arms), start=np.zeros_like(raw_effect)),
        raw_effect=raw_effect,
        raw_variance=sum(
            (arm.variance_of_mean(0.0 * slopes) for arm in arms), start=np.zeros_like(raw_effect)
        ),
        slopes=slopes,
    )


@dataclass(frozen=True)
class _Within:
    """Means of an arm, and sums of squares and products around them."""

    n: Floats
    y_mean: Floats
    x_mean: Floats
    y_squares: Floats
    x_products: Floats
    yx_products: Floats

    @classmethod
    def of(cls, arm: ArmSums) -> _Within:
        n = np.where(arm.n_people < 2, np.nan, arm.n_people)
        safe = np.maximum(arm.n_people, 1.0)
        x_mean = arm.before / safe[:, None]
        return cls(
            n=n,
            y_mean=arm.profit / n,
            x_mean=x_mean,
            y_squares=arm.profit_squared - arm.profit**2 / safe,
            x_products=arm.before_squared - np.einsum("dk,dl->dkl", arm.before, x_mean),
            yx_products=arm.profit_before - arm.profit[:, None] * x_mean,
        )

    def variance_of_mean(self, slopes: Floats) -> Floats:
        residual = (
            self.y_squares
            - 2.0 * np.einsum("dk,dk->d", slopes, self.yx_products)
            + np.einsum("dk,dkl,dl->d", slopes, self.x_products, slopes)
        )
        return np.asarray(np.maximum(residual, 0.0) / (self.n - 1.0) / self.n, dtype=np.float64)
