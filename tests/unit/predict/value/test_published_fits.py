"""The fits of the papers, to 0.01 in log-likelihood and three digits in the parameters."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.predict.value.bgnbd import BGNBD
from aimwell.predict.value.cells import Array, Cells, MarginCells
from aimwell.predict.value.forms import PurchaseForm, fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.mbgnbd import MBGNBD
from aimwell.predict.value.pareto_nbd import ParetoNBD


def test_the_sample_is_the_papers(cdnow_sample: Cells, cdnow_full: Cells, cdnow_margins: MarginCells) -> None:
    assert (cdnow_sample.n_people, cdnow_full.n_people, cdnow_margins.n_people) == (2357, 23570, 946)


# BG/NBD and Pareto/NBD: Fader, Hardie, Lee (2005); log-likelihoods also in CLVTools' own tests (-9582.429,
# -9594.976). MBG/NBD: the fit of `lifetimes` 0.11.3.
@pytest.mark.parametrize(
    ("kind", "parameters", "log_likelihood"),
    [
        (BGNBD, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.43),
        (ParetoNBD, {"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, -9594.98),
        (MBGNBD, {"r": 0.5248, "alpha": 6.183, "a": 0.8914, "b": 1.614}, None),
    ],
    ids=lambda v: getattr(v, "form", ""),
)
def test_cdnow_sample(
    kind: type[PurchaseForm], parameters: dict[str, float], log_likelihood: float | None, cdnow_sample: Cells
) -> None:
    fit = fit_form(kind, cdnow_sample)
    assert fit.parameters == pytest.approx(parameters, rel=2e-3)
    if log_likelihood is not None:
        assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.01)


@pytest.mark.parametrize(("kind", "log_likelihood"), [(BGNBD, -95368.44), (ParetoNBD, -95415.12)])
def test_cdnow_full(kind: type[PurchaseForm], log_likelihood: float, cdnow_full: Cells) -> None:
    assert fit_form(kind, cdnow_full).log_likelihood == pytest.approx(log_likelihood, abs=0.01)


# Fader, Hardie (2013), The Gamma-Gamma model of monetary value; log-likelihood from CLVTools' tests (-4055.9177).
def test_gamma_gamma_on_cdnow(cdnow_margins: MarginCells) -> None:
    fit = fit_gamma_gamma(cdnow_margins)
    assert fit.parameters == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, rel=2e-3)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    assert fit.not_positive_rate == 0


def test_standard_errors_are_those_of_the_inverse_hessian(cdnow_sample: Cells) -> None:
    """Measured anew from second differences of the log-likelihood alone, in the parameters themselves."""
    fit = fit_form(BGNBD, cdnow_sample)
    top = np.array(list(fit.parameters.values()))
    steps = np.diag(top * 1e-3)

    def value(parameters: Array) -> float:
        return BGNBD.log_likelihood(cdnow_sample, np.log(parameters))[0]

    hessian = [
        [
            (value(top + a + b) - value(top + a - b) - value(top - a + b) + value(top - a - b))
            / (4 * a.sum() * b.sum())
            for a in steps
        ]
        for b in steps
    ]
    errors = np.sqrt(np.diag(np.linalg.inv(-np.array(hessian))))
    assert list(fit.standard_errors.values()) == pytest.approx(errors, rel=0.01)
