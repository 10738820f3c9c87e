"""Intervals: exact quantiles of orders, margins that scale, doubt that grows with few customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aimwell.predict.value.bgnbd import BGNBD
from aimwell.predict.value.cells import Array, Cells, MarginCells
from aimwell.predict.value.forms import Fit, fit_form
from aimwell.predict.value.gamma_gamma import GammaGamma, MarginFit, fit_gamma_gamma
from aimwell.predict.value.pareto_nbd import ParetoNBD
from aimwell.predict.value.predictive import HIGH, LOW, Outlook, score_cells
from aimwell.predict.value.trial import MEMORIES, interval_coverage, log_score, try_memories

PEOPLE = Cells(
    frequency=np.array([0.0, 1.0, 8.0, 120.0]),
    recency_weeks=np.array([0.0, 20.0, 35.0, 38.0]),
    age_weeks=np.array([39.0, 39.0, 39.0, 39.0]),
    count=np.ones(4),
)


@pytest.fixture(scope="module")
def fit(cdnow_sample: Cells) -> Fit:
    return fit_form(BGNBD, cdnow_sample)


@pytest.fixture(scope="module")
def margin(cdnow_margins: MarginCells) -> MarginFit:
    return fit_gamma_gamma(cdnow_margins)


def test_likely_models_have_the_covariance_of_the_fit(fit: Fit) -> None:
    points = np.array(
        [np.log([m.r, m.alpha, m.a, m.b]) for m in Outlook(fit, 39.0).likely if isinstance(m, BGNBD)]
    )
    assert points.mean(axis=0) == pytest.approx(fit.logs)
    assert (points - fit.logs).T @ (points - fit.logs) / len(points) == pytest.approx(fit.covariance)


@pytest.mark.parametrize("level", [LOW, 0.5, HIGH])
def test_quantile_is_the_smallest_number_that_is_enough(fit: Fit, level: float) -> None:
    orders = Outlook(fit, 39.0).distribution(PEOPLE)
    found = orders.quantile(level)
    assert np.all(orders.exceeds(found) <= 1 - level)
    one_less = np.where(found > 0, orders.exceeds(np.maximum(found - 1, 0)), 1.0)
    assert np.all(one_less > 1 - level)


def test_scores_of_a_heavy_buyer(fit: Fit, margin: MarginFit) -> None:
    scores = score_cells(Outlook(fit, 39.0), margin, PEOPLE)
    assert scores.alive_prob[3] * 120 / 2 < scores.orders[3] < 120  # bought 120 in 39 weeks, and may stop
    assert scores.orders_low[3] < scores.orders[3] < scores.orders_high[3]
    assert scores.margin_low[3] < scores.margin[3] < scores.margin_high[3]
    assert np.all(scores.orders_low <= scores.orders_high)


def test_expected_margin_is_orders_times_the_margin_of_gamma_gamma(fit: Fit, margin: MarginFit) -> None:
    """Eight repeats at a mean of 30: (v + 9 * 30) * p / (9 p + q - 1) per order."""
    scores = score_cells(Outlook(fit, 39.0), margin, PEOPLE)
    model = margin.model
    per_order = (model.v + 9 * 30) * model.p / (9 * model.p + model.q - 1)
    assert (model.v + 9 * 30) * scores.margin[2] == pytest.approx(scores.orders[2] * per_order)


@pytest.mark.parametrize("person", [2, 3])
def test_margin_interval_holds_four_fifths(fit: Fit, person: int) -> None:
    """Parameters known: draw who lives, how often he buys, what an order brings."""
    random = np.random.default_rng(7)
    gamma = GammaGamma(p=3.0, q=4.0, v=50.0)
    known = MarginFit(
        model=gamma,
        logs=np.log([3.0, 4.0, 50.0]),
        covariance=np.eye(3) * 1e-8,
        log_likelihood=0.0,
        has_prior=False,
        n_people=1,
        not_positive_rate=0.0,
        correlation=0.0,
    )
    scores = score_cells(Outlook(without_doubt(fit), 39.0), known, PEOPLE)
    orders = drawn_orders(fit, random, person=person, n_draws=20_000)
    n = PEOPLE.frequency[person] + 1
    base = gamma.v + n * 30
    nu = random.gamma(gamma.p * n + gamma.q, 1 / base, len(orders))
    drawn = np.where(orders > 0, random.gamma(gamma.p * np.maximum(orders, 1)) / nu, 0.0)
    assert drawn.mean() == pytest.approx(base * scores.margin[person], rel=0.03)
    below, above = (
        np.mean(drawn < base * scores.margin_low[person]),
        np.mean(drawn > base * scores.margin_high[person]),
    )
    if person == 2:  # more than a tenth brings nothing: the interval begins at 0
        assert (below, above) == pytest.approx((0.0, 0.1), abs=0.02)
    else:  # who buys often until he stops has two humps: one gamma over both is off by a few points
        assert 1 - below - above == pytest.approx(0.8, abs=0.05)


def without_doubt(fit: Fit) -> Fit:
    return replace(fit, covariance=fit.covariance * 1e-8)


def drawn_orders(fit: Fit, random: np.random.Generator, *, person: int, n_draws: int) -> Array:
    """Draw the next 39 weeks of one of PEOPLE by the story of BG/NBD."""
    model = fit.model
    assert isinstance(model, BGNBD)
    frequency = PEOPLE.frequency[person]
    is_alive = random.random(n_draws) < model.alive(PEOPLE)[person]
    rate = random.gamma(model.r + frequency, 1 / (model.alpha + 39), n_draws)
    until_stop = random.geometric(random.beta(model.a, model.b + frequency, n_draws))
    return np.where(is_alive, np.minimum(random.poisson(rate * 39), until_stop), 0).astype(float)


def test_few_customers_give_wider_intervals(cdnow_sample: Cells) -> None:
    few = replace(cdnow_sample, count=cdnow_sample.count / 40)
    widths = []
    for cells in (cdnow_sample, few):
        fit = fit_form(ParetoNBD, cells, prior=ParetoNBD.prior(cells))
        orders = Outlook(fit, 39.0).distribution(PEOPLE)
        widths.append((orders.quantile(HIGH) - orders.quantile(LOW)).sum())
    assert widths[1] > widths[0]


def test_doubt_about_margins_widens_intervals_as_far_as_one_leans_on_the_population(
    fit: Fit, margin: MarginFit
) -> None:
    """With p = .5, q = 4 a customer of 9 purchase days leans on it with 3 / (4.5 + 3), one of 121 with 3 / 63.5."""
    spread = replace(margin, model=GammaGamma(p=0.5, q=4.0, v=50.0))
    doubtful = replace(spread, covariance=np.eye(3) * 0.2)
    sure, unsure = (score_cells(Outlook(fit, 39.0), m, PEOPLE).margin_high for m in (spread, doubtful))
    assert unsure[2] > sure[2] * 1.02
    assert unsure[3] == pytest.approx(sure[3], rel=0.01)


def test_log_score_is_the_mean_log_probability(fit: Fit) -> None:
    outlook = Outlook(fit, 39.0)
    someone = PEOPLE.part(np.array([0]))
    none = 1 - fit.model.alive(someone) * fit.model.exceeds(someone, weeks=39.0, n_orders=np.zeros(1))
    assert log_score(outlook, someone, np.zeros(1)) == pytest.approx(float(np.log(none)[0]))


def test_memory_is_found_where_customers_change(fit: Fit) -> None:
    """All slowed down to a tenth in the last quarter and stay there: the shortest memory foretells best."""
    n = 200
    cells = Cells(
        frequency=np.full(n, 41.0),
        recency_weeks=np.full(n, 51.0),
        age_weeks=np.full(n, 52.0),
        count=np.ones(n),
        recent=np.ones(n),
    )
    after = np.random.default_rng(3).poisson(1.0, n).astype(float)
    assert try_memories(Outlook(fit, 13.0), cells, after).outlook.memory == min(MEMORIES)


def test_coverage_of_a_calibrated_model_is_four_fifths(fit: Fit) -> None:
    drawn = drawn_orders(fit, np.random.default_rng(11), person=2, n_draws=4000)
    alike = PEOPLE.part(np.full(len(drawn), 2))
    assert interval_coverage(Outlook(without_doubt(fit), 39.0), alike, drawn) == pytest.approx(0.8, abs=0.02)
