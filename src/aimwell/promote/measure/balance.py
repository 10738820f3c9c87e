"""Whether arms hold as many people as they should, told at any time: a sequential multinomial test.

Under the right probabilities the Bayes factor of a Dirichlet mixture against them is a martingale that starts at 1. It ever
reaches 1 / alpha with probability at most alpha (Ville), so the alarm may be looked at as often as one likes.

References
----------
M. Lindon, A. Malek (2022), "Anytime-valid inference for multinomial count data", NeurIPS.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from aimwell.promote.measure.sums import Floats

__all__ = ["LEVEL", "log_bayes_factor", "ratio_p_value"]

LEVEL = 0.001
"""An alarm means lost people, not a result; so false alarms are kept to one campaign in a thousand."""

_PRIOR = 100.0  # the mixture is about as sure as this many people: deviations of a few per cent are what is looked for


def log_bayes_factor(counts: Floats, shares: Floats) -> Floats:
    """Return the logarithm of the Bayes factor against `shares`.

    Parameters
    ----------
    counts
        (D, A) people by look and arm.
    shares
        (A,) expected shares of the arms, together 1.
    """
    prior = _PRIOR * shares
    n_people = counts.sum(axis=-1)
    mixture = (
        gammaln(_PRIOR) - gammaln(_PRIOR + n_people) + (gammaln(prior + counts) - gammaln(prior)).sum(axis=-1)
    )
    return np.asarray(mixture - (counts * np.log(shares)).sum(axis=-1), dtype=np.float64)


def ratio_p_value(counts: Floats, shares: Floats) -> float:
    """Return the p-value that holds at all looks together: one over the largest Bayes factor so far, at most 1."""
    return float(np.exp(-max(0.0, float(log_bayes_factor(counts, shares).max()))))
