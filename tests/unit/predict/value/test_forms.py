"""What holds for every purchase form: exact gradients, probabilities, moments that fit the distribution, simulation."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from aimwell.base.words import Words
from aimwell.predict.value.abstentions import no_form_fits
from aimwell.predict.value.bgnbd import BGNBD
from aimwell.predict.value.cells import Array, Cells, UnusableCells
from aimwell.predict.value.forms import PurchaseForm, fit_form
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.mbgnbd import MBGNBD
from aimwell.predict.value.pareto_nbd import ParetoNBD

KINDS = [BGNBD, MBGNBD, ParetoNBD]
LOGS = {
    "bgnbd": np.log([0.3, 5.0, 0.8, 2.5]),
    "mbgnbd": np.log([0.5, 6.0, 0.9, 1.6]),
    "pareto_nbd": np.log([0.5, 10.0, 0.6, 12.0]),
}


def cells_of(*histories: tuple[float, float, float], count: float = 1.0) -> Cells:
    frequency, recency, age = np.array(histories, dtype=float).T
    return Cells(
        frequency=frequency, recency_weeks=recency, age_weeks=age, count=np.full(len(frequency), count)
    )


MIXED = cells_of((0, 0, 30), (0, 0, 0), (1, 3, 30), (2, 29.9, 30), (30, 25, 39), (400, 150, 156), (1, 12, 12))


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_the_slope_of_the_log_likelihood(kind: type[PurchaseForm]) -> None:
    logs = LOGS[kind.form]
    _, slope = kind.log_likelihood(MIXED, logs)
    step = 1e-5
    measured = [
        (kind.log_likelihood(MIXED, logs + d)[0] - kind.log_likelihood(MIXED, logs - d)[0]) / (2 * step)
        for d in np.eye(4) * step
    ]
    assert slope == pytest.approx(measured, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_people(kind: type[PurchaseForm]) -> None:
    """Three people in one cell are as good as three cells of one."""
    once, _ = kind.log_likelihood(cells_of((2, 10, 30)), LOGS[kind.form])
    thrice, _ = kind.log_likelihood(cells_of((2, 10, 30), count=3), LOGS[kind.form])
    assert thrice == pytest.approx(3 * once)


def test_a_single_cell_by_hand() -> None:
    """One purchase and no repeat, T = 10, r = alpha = 1: BG/NBD gives alpha / (alpha + T) = 1 / 11."""
    value, _ = BGNBD.log_likelihood(cells_of((0, 0, 10)), np.log([1.0, 1.0, 0.5, 2.0]))
    assert value == pytest.approx(np.log(1 / 11))


@pytest.mark.parametrize("kind", KINDS)
def test_moments_agree_with_the_distribution(kind: type[PurchaseForm]) -> None:
    model = kind.from_logs(LOGS[kind.form])
    cells = cells_of((0, 0, 30), (3, 20, 30), (12, 28, 39))
    moments = model.moments(cells, weeks=20)
    n = np.arange(400)
    above = np.array([model.exceeds(cells, weeks=20, n_orders=np.full(3, float(k))) for k in n])
    # E[N] = sum of P(N > n); E[N (N - 1)] = sum of 2 n P(N > n).
    assert moments.mean == pytest.approx(above.sum(axis=0), rel=2e-4)
    assert moments.pairs == pytest.approx((2 * n[:, None] * above).sum(axis=0), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_longer_silence_makes_death_likelier(kind: type[PurchaseForm]) -> None:
    alive = kind.from_logs(LOGS[kind.form]).alive(cells_of((3, 30, 30), (3, 20, 30), (3, 5, 30)))
    assert np.all(np.diff(alive) < 0)
    assert np.all((alive > 0) & (alive <= 1))


def test_only_bgnbd_is_sure_that_a_new_customer_lives() -> None:
    new = cells_of((0, 0, 30))
    alive = {kind.form: kind.from_logs(LOGS[kind.form]).alive(new)[0] for kind in KINDS}
    assert alive["bgnbd"] == 1
    assert alive["mbgnbd"] < 1
    assert alive["pareto_nbd"] < 1


def test_expected_orders_pass_through_a_of_one() -> None:
    """The closed form of BG/NBD divides by a - 1; the quadrature does not notice."""
    cells = cells_of((4, 20, 30))
    around = [
        BGNBD(r=0.3, alpha=5, a=a, b=2.5).moments(cells, weeks=26).mean[0] for a in (0.999999, 1.0, 1.000001)
    ]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-9)


# Fader, Hardie, Lee (2005), Implementing the BG/NBD model for customer base analysis in Excel: customer 0001.
def test_conditional_expectation_of_the_paper() -> None:
    model = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    cells = cells_of((2, 30.43, 38.86))
    assert (model.alive(cells) * model.moments(cells, weeks=39).mean)[0] == pytest.approx(1.226, abs=1e-3)


def stopping_integral(model: ParetoNBD, x: float, recency: float, age: float) -> float:
    """Log of the integral over the moment of stopping, by adaptive quadrature relative to its start."""

    def log_height(u: float) -> float:
        return float(-(model.r + x) * np.log(model.alpha + u) - (model.s + 1) * np.log(model.beta + u))

    start = log_height(recency)
    edges = recency + (age - recency) * np.concatenate([[0.0], np.logspace(-6, 0, 25)])
    pieces = [
        quad(lambda u: np.exp(log_height(u) - start), a, b, epsabs=0, epsrel=1e-11)[0]
        for a, b in pairwise(edges)
    ]
    return float(np.log(model.s * sum(pieces)) + start)


@pytest.mark.parametrize(
    "model",
    [
        ParetoNBD(r=0.55, alpha=10.6, s=0.6, beta=11.7),
        ParetoNBD(r=0.05, alpha=0.01, s=3.0, beta=500.0),
        ParetoNBD(r=5.0, alpha=200.0, s=20.0, beta=0.3),
        ParetoNBD(r=1.4, alpha=1.4, s=1.0, beta=1.4),
    ],
)
@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0, 156), (2, 30, 39), (600, 3, 156), (600, 155, 156)])
def test_pareto_nbd_likelihood_is_stable(model: ParetoNBD, x: float, recency: float, age: float) -> None:
    value, _ = ParetoNBD.log_likelihood(
        cells_of((x, recency, age)), np.log([model.r, model.alpha, model.s, model.beta])
    )
    alive = -(model.r + x) * np.log(model.alpha + age) - model.s * np.log(model.beta + age)
    expected = (
        gammaln(model.r + x)
        - gammaln(model.r)
        + model.r * np.log(model.alpha)
        + model.s * np.log(model.beta)
        + np.logaddexp(alive, stopping_integral(model, x, recency, age))
    )
    assert value == pytest.approx(expected, rel=1e-8)


def simulated(model: PurchaseForm, *, n_people: int, age_weeks: float, horizon: float) -> tuple[Cells, Array]:
    """Draw histories over `age_weeks` and the orders of the `horizon` after, purchase by purchase."""
    random = np.random.default_rng(20260801)
    rate = random.gamma(model.r, 1 / model.alpha, n_people)
    if isinstance(model, ParetoNBD):
        chance = np.zeros(n_people)
        death = random.exponential(1 / random.gamma(model.s, 1 / model.beta, n_people))
    else:
        chance = random.beta(model.a, model.b, n_people)
        death = (
            np.where(random.random(n_people) < chance, 0.0, np.inf)
            if model.extra
            else np.full(n_people, np.inf)
        )
    frequency, recency, after = np.zeros(n_people), np.zeros(n_people), np.zeros(n_people)
    for person in range(n_people):
        at = 0.0
        while True:
            at += random.exponential(1 / rate[person])
            if at > min(death[person], age_weeks + horizon):
                break
            if at <= age_weeks:
                frequency[person] += 1
                recency[person] = at
            else:
                after[person] += 1
            if random.random() < chance[person]:
                break
    people = Cells(
        frequency=frequency,
        recency_weeks=recency,
        age_weeks=np.full(n_people, age_weeks),
        count=np.ones(n_people),
    )
    return people, after


@pytest.mark.parametrize("kind", KINDS)
def test_a_simulated_shop_gives_its_parameters_and_its_future_back(kind: type[PurchaseForm]) -> None:
    truth = kind.from_logs(LOGS[kind.form])
    cells, after = simulated(truth, n_people=4000, age_weeks=60, horizon=26)
    fit = fit_form(kind, cells)
    deviations = (fit.logs - LOGS[kind.form]) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(deviations).max() < 3
    expected = truth.alive(cells) * truth.moments(cells, weeks=26).mean
    noise = np.sqrt(after.var() / len(after))
    assert expected.mean() == pytest.approx(after.mean(), abs=3 * noise)


def test_fifty_customers_with_the_prior_give_sane_parameters() -> None:
    cells, _ = simulated(BGNBD.from_logs(LOGS["bgnbd"]), n_people=50, age_weeks=40, horizon=1)
    fit = fit_form(BGNBD, cells, prior=BGNBD.prior(cells))
    assert all(0.01 < value < 100 for value in fit.parameters.values())
    assert all(0 < error < 5 * fit.parameters[name] for name, error in fit.standard_errors.items())


def test_why_no_form_fits_is_chinese_to_the_last_word() -> None:
    cells = cells_of((0, 0, 10), (0, 0, 20), (0, 0, 30), count=20)
    failures = []
    for kind in (BGNBD, MBGNBD):
        with pytest.raises(NoMaximum) as caught:
            fit_form(kind, cells)
        failures.append(caught.value)
    said = no_form_fits(failures).reason.said(Words("zh"))
    assert "极值处是平的" in said
    assert not re.search("[a-z]{2,} [a-z]{2,}", said), said


def test_nobody_came_back_has_no_maximum_without_a_prior() -> None:
    cells = cells_of((0, 0, 10), (0, 0, 20), (0, 0, 30), count=20)
    with pytest.raises(NoMaximum, match=r"The BG/NBD model has no best fit on these 60 people"):
        fit_form(BGNBD, cells)
    assert fit_form(BGNBD, cells, prior=BGNBD.prior(cells)).has_prior


@pytest.mark.parametrize("kind", KINDS)
def test_forgetting_old_orders_follows_a_change_of_pace(kind: type[PurchaseForm]) -> None:
    """Twenty orders long ago, none in the last quarter but one yesterday: less memory, fewer orders expected."""
    cells = Cells(
        frequency=np.array([20.0]),
        recency_weeks=np.array([51.0]),
        age_weeks=np.array([52.0]),
        count=np.array([1.0]),
        recent=np.array([1.0]),
    )
    model = kind.from_logs(LOGS[kind.form])
    all_counted = model.moments(cells, weeks=13, memory=1.0).mean[0]
    little = model.moments(cells, weeks=13, memory=0.1).mean[0]
    assert little < all_counted / 2


@pytest.mark.parametrize(
    ("history", "problem"),
    [
        ((-1, 0, 3), "whole number"),
        ((0.5, 1, 3), "whole number"),
        ((1, 4, 3), "beyond the age"),
        ((0, 1, 3), "without a repeat"),
    ],
)
def test_impossible_histories_are_refused(history: tuple[float, float, float], problem: str) -> None:
    with pytest.raises(UnusableCells, match=problem):
        cells_of(history)


def test_a_cell_of_nobody_is_refused() -> None:
    with pytest.raises(UnusableCells, match="count"):
        cells_of((1, 2, 3), count=0)
