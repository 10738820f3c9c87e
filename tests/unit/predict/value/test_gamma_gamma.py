"""Margins: the gradient, the scale, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.predict.value.cells import MarginCells
from aimwell.predict.value.gamma_gamma import GammaGamma, fit_gamma_gamma


def margin_cells(n_orders: list[float], mean_minor: list[float]) -> MarginCells:
    return MarginCells(
        n_orders=np.array(n_orders), mean_minor=np.array(mean_minor), count=np.ones(len(n_orders))
    )


def test_gradient_is_the_slope_of_the_log_likelihood() -> None:
    cells = margin_cells([1, 2, 40], [12.0, 30.0, 7.5])
    logs = np.log([6.0, 4.0, 15.0])
    _, slope = GammaGamma.log_likelihood(cells, logs)
    step = 1e-5
    measured = [
        (GammaGamma.log_likelihood(cells, logs + d)[0] - GammaGamma.log_likelihood(cells, logs - d)[0])
        / (2 * step)
        for d in np.eye(3) * step
    ]
    assert slope == pytest.approx(measured, rel=1e-6)


def test_cents_and_dollars_give_the_same_model(cdnow_margins: MarginCells) -> None:
    cents = MarginCells(
        n_orders=cdnow_margins.n_orders, mean_minor=cdnow_margins.mean_minor * 100, count=cdnow_margins.count
    )
    in_dollars, in_cents = fit_gamma_gamma(cdnow_margins).model, fit_gamma_gamma(cents).model
    assert (in_cents.p, in_cents.q, in_cents.v) == pytest.approx(
        (in_dollars.p, in_dollars.q, 100 * in_dollars.v)
    )


def test_next_margin_leans_on_the_mean_less_with_every_order() -> None:
    """p = 6, q = 4, v = 15: the population's mean is 6 * 15 / 3 = 30; own orders at 60 pull towards 60."""
    model = GammaGamma(p=6.0, q=4.0, v=15.0)
    n = np.array([1.0, 10.0, 1000.0])
    expected = (15 + n * 60) * 6 / (6 * n + 3)
    assert (15 + n * 60) * model.per_order(n) == pytest.approx(expected)
    assert np.all(np.diff(expected) > 0)
    assert expected[2] == pytest.approx(60, rel=1e-3)


def test_margins_that_are_not_positive_are_left_out_and_counted(cdnow_margins: MarginCells) -> None:
    mixed = MarginCells(
        n_orders=np.append(cdnow_margins.n_orders, [2.0, 1.0]),
        mean_minor=np.append(cdnow_margins.mean_minor, [-5.0, 0.0]),
        count=np.append(cdnow_margins.count, [40.0, 14.0]),
    )
    fit = fit_gamma_gamma(mixed)
    assert fit.not_positive_rate == pytest.approx(54 / 1000)
    assert fit.n_people == 946


def test_correlation_of_frequency_and_margin_among_repeaters() -> None:
    cells = margin_cells([1, 2, 3, 4], [500.0, 10.0, 20.0, 30.0])
    assert fit_gamma_gamma(cells, has_prior=True).correlation == pytest.approx(1.0)


def test_equal_margins_fit_with_the_prior() -> None:
    fit = fit_gamma_gamma(margin_cells([2.0] * 50, [990.0] * 50), has_prior=True)
    assert (fit.model.v + 2 * 990) * fit.model.per_order(np.array([2.0])) == pytest.approx([990], rel=0.1)
