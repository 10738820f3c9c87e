"""Models and cards as data, what the card warns of, and when value declines."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from aimwell.base.words import Words
from aimwell.predict.value.abstentions import beaten_by_rule, too_few_margins, too_little_data
from aimwell.predict.value.card import ModelCard, form_card
from aimwell.predict.value.card_text import card_markdown
from aimwell.predict.value.cells import Cells, MarginCells
from aimwell.predict.value.forms import fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.model import FORMS, Backtest, Decile, ForecastError, FormTrial, Measure, ValueModel

WORDS = Words("en")


@pytest.fixture(scope="module", params=list(FORMS))
def model(request: pytest.FixtureRequest, cdnow_sample: Cells, cdnow_margins: MarginCells) -> ValueModel:
    return ValueModel(
        fit=fit_form(FORMS[request.param], cdnow_sample),
        margin=fit_gamma_gamma(cdnow_margins),
        memory=0.5,
        horizon_days=91,
        grain_days=1,
        margin_rate=0.3,
    )


def test_a_model_comes_back_from_json_to_the_last_digit(model: ValueModel) -> None:
    back = ValueModel.from_data(json.loads(json.dumps(model.as_data())))
    assert (back.fit.model, back.margin.model, back.memory) == (model.fit.model, model.margin.model, 0.5)
    assert np.array_equal(back.fit.covariance, model.fit.covariance)
    assert back.as_data() == model.as_data()


def error(
    forecast: str, *, measure: Measure = "orders", mae: float, rmse: float, correlation: float = 0.8
) -> ForecastError:
    return ForecastError(
        forecast=forecast,
        measure=measure,
        n_people=100,
        predicted=130,
        actual=100,
        mae=mae,
        rmse=rmse,
        bias_rate=0.3,
        correlation=correlation,
    )


def trialled(*errors: ForecastError) -> Backtest:
    return Backtest(
        cut=datetime(2025, 1, 1),
        horizon_days=91,
        n_people=100,
        chosen="bgnbd",
        trials=[FormTrial(form="bgnbd", log_score=-1.0), FormTrial(form="pareto_nbd", failure="no best fit")],
        errors=[
            error("bgnbd", mae=1.0, rmse=2.0),
            error("bgnbd", measure="margin", mae=1000.0, rmse=2000.0),
            *errors,
        ],
        deciles=[Decile(measure="orders", decile=1, n_people=10, predicted=3.0, actual=2.5)],
        interval_coverage=0.6,
        orders_inside_rate=0.9,
        margin_inside_rate=0.8,
    )


@pytest.fixture
def card(cdnow_sample: Cells, cdnow_margins: MarginCells) -> ModelCard:
    return ModelCard(
        model_id="value-20250401-0123456789ab",
        form="bgnbd",
        as_of=datetime(2025, 4, 1),
        horizon_days=91,
        data_hash="00",
        n_people=2357,
        n_repeaters=946,
        n_purchase_days=4814,
        n_cells=1016,
        grain_days=1,
        margin_rate=0.3,
        memory=0.25,
        forms=[form_card(fit_form(FORMS["bgnbd"], cdnow_sample))],
        margin=form_card(fit_gamma_gamma(cdnow_margins)),
        margin_correlation=0.4,
        not_positive_rate=0.1,
        backtest=trialled(error("rate", mae=0.9, rmse=1.9, correlation=0.7)),
    )


def test_a_card_comes_back_from_json(card: ModelCard) -> None:
    assert ModelCard.from_data(json.loads(json.dumps(card.as_data()))) == card
    untested = replace(card, backtest=None)
    assert ModelCard.from_data(json.loads(json.dumps(untested.as_data()))) == untested


def test_a_card_says_everything_that_speaks_against_it(card: ModelCard) -> None:
    said = [note.said(WORDS) for note in card.notes()]
    assert said == [
        'On orders the rule "each one\'s average rate" came closer to the truth than the model.',
        "Total orders came out +30% against the truth; treat totals with this caution.",
        "Total margin came out +30% against the truth; treat totals with this caution.",
        "The 80% intervals of orders held 60% of the customers.",
        "Who buys more often has other margins per purchase day (correlation 0.40). The margin model assumes no "
        "relation, so margins of the most frequent customers are biased.",
        "10% of the customers brought no positive margin (returns, sales at a loss). The margin model learned from "
        "the others.",
        "Customers of this shop change: orders older than 13 weeks count only 25% as evidence on the present rate "
        "of buying.",
    ]


def test_an_untested_card_says_so(card: ModelCard) -> None:
    notes = replace(card, backtest=None, memory=1.0, margin_correlation=0.0, not_positive_rate=0.0).notes()
    assert [note.said(WORDS) for note in notes] == [
        "The past is too short for a back-test: these predictions are untested in this shop."
    ]


def test_the_page_shows_parameters_errors_and_deciles(card: ModelCard) -> None:
    page = card_markdown(card, words=WORDS, currency="USD")
    assert page.startswith("# Value model value-20250401-0123456789ab\n")
    assert (
        "| BG/NBD | r 0.2426 ± 0.013, alpha 4.414 ± 0.38, a 0.7929 ± 0.19, b 2.426 ± 0.71 | -9,582.43 |"
        in page
    )
    assert "| Orders | each one's average rate | 130 | 100 | 30.0% | 0.900 | 1.900 | 0.700 |" in page
    assert "| Net margin | BG/NBD | $1.30 | $1.00 | 30.0% | $10.00 | $20.00 | 0.800 |" in page
    assert "| 1 | 10 | 3.00 | 2.50 |" in page


def test_declines_below_the_stated_minimum() -> None:
    few = Cells(
        frequency=np.array([0.0, 1.0]),
        recency_weeks=np.array([0.0, 1.0]),
        age_weeks=np.array([2.0, 2.0]),
        count=np.array([20.0, 9.0]),
    )
    abstention = too_little_data(few)
    assert abstention is not None
    assert abstention.reason.said(WORDS) == (
        "Too little to predict from: 29 known customers, 9 of them with purchases on more than one day, over 15 days. "
        "It takes at least 30 customers, 10 who came back, and 28 days. Load more orders, or earlier ones."
    )


def test_does_not_decline_at_the_minimum() -> None:
    enough = Cells(
        frequency=np.array([0.0, 1.0]),
        recency_weeks=np.array([0.0, 1.0]),
        age_weeks=np.array([27 / 7, 27 / 7]),  # the first and the last of 28 days
        count=np.array([20.0, 10.0]),
    )
    assert too_little_data(enough) is None


def test_declines_where_hardly_anyone_brings_margin() -> None:
    margins = MarginCells(
        n_orders=np.ones(2), mean_minor=np.array([10.0, -1.0]), count=np.array([29.0, 500.0])
    )
    abstention = too_few_margins(margins)
    assert abstention is not None
    assert abstention.reason.said(WORDS).startswith(
        "Only 29 customers brought a positive margin; it takes at least 30."
    )


def test_declines_where_a_rule_was_better_in_every_way() -> None:
    abstention = beaten_by_rule(
        trialled(
            error("last_period", mae=0.9, rmse=1.5, correlation=0.9),
            error("rate", mae=0.95, rmse=1.9, correlation=0.81),
        )
    )
    assert abstention is not None
    assert abstention.reason.said(WORDS) == (
        'In the 91 days before this date the rule "repeat last period" foretold orders better than the best model: mean '
        "absolute error 0.900 against 1.000, root mean square error 1.500 against 2.000. Use the rule, or fit again with "
        "more history."
    )


@pytest.mark.parametrize(
    "rival",
    [
        error("rate", mae=0.9, rmse=2.1, correlation=0.9),  # worse squared error
        error("rate", mae=1.1, rmse=1.9, correlation=0.9),  # worse absolute error
        error("rate", mae=0.9, rmse=1.9, correlation=0.7),  # ranks people worse
    ],
)
def test_does_not_decline_where_the_model_is_better_in_some_way(rival: ForecastError) -> None:
    assert beaten_by_rule(trialled(rival)) is None
