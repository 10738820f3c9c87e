"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from aimwell.base.words import Words, text
from aimwell.predict.markdown import page, section, warnings
from aimwell.predict.value.card import FormCard, ModelCard
from aimwell.predict.value.model import FORECAST_NAMES, MEASURES, Backtest, Measure

__all__ = ["card_markdown"]

_MEASURE_NAMES: dict[Measure, str] = {"orders": text("Orders"), "margin": text("Net margin")}


def card_markdown(card: ModelCard, *, words: Words, currency: str) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card
        The card.
    words
        The language.
    currency
        ISO 4217 code of the shop, for margins.
    """
    sections = [_head(card, words), warnings(card.notes(), words), _parameters(card, words)]
    if card.backtest is not None:
        sections += [_trials(card.backtest, words), _errors(card.backtest, words, currency)]
        sections += [_deciles(card.backtest, words, currency, measure) for measure in MEASURES]
    return page(sections)


def _head(card: ModelCard, words: Words) -> str:
    lines = [
        "# " + words.say(text("Value model {model_id}"), model_id=card.model_id),
        words.say(
            text(
                "{form} for orders and Gamma-Gamma for margins, as of {as_of}, for the {horizon_days} days after. "
                "Learned from {n_people} known customers with {n_purchase_days} purchase days; {n_repeaters} of "
                "them came back. Where a cost is unknown, {margin_rate} of net sales counts as margin."
            ),
            form=words.say(FORECAST_NAMES[card.form]),
            as_of=words.day(card.as_of),
            horizon_days=card.horizon_days,
            n_people=words.number(card.n_people),
            n_purchase_days=words.number(card.n_purchase_days),
            n_repeaters=words.number(card.n_repeaters),
            margin_rate=words.percent(card.margin_rate),
        ),
        words.say(
            text("Data: {n_cells} distinct histories at a grain of {grain_days} days, SHA-256 {data_hash}."),
            n_cells=words.number(card.n_cells),
            grain_days=card.grain_days,
            data_hash=card.data_hash,
        ),
    ]
    return "\n\n".join(lines)


def _parameters(card: ModelCard, words: Words) -> str:
    rows = [_parameter_row(form, words) for form in [*card.forms, card.margin]]
    headings = [text("Model"), text("Parameters ± standard error (weeks)"), text("Log-likelihood")]
    return section(text("What it learned"), headings, rows, words)


def _parameter_row(form: FormCard, words: Words) -> list[str]:
    values = ", ".join(
        f"{name} {value:.4g} ± {form.standard_errors[name]:.2g}" for name, value in form.parameters.items()
    )
    return [words.say(FORECAST_NAMES[form.form]), values, words.number(form.log_likelihood, decimals=2)]


def _trials(backtest: Backtest, words: Words) -> str:
    rows = [
        [
            words.say(FORECAST_NAMES[trial.form]),
            words.number(trial.log_score, decimals=4) if trial.log_score is not None else "–",
            words.percent(trial.memory),
        ]
        for trial in backtest.trials
    ]
    headings = [text("Model"), text("Mean log-probability of what happened"), text("Weight of old orders")]
    table = section(text("Which form foretold best"), headings, rows, words)
    return table + "\n\n" + _coverage(backtest, words)


def _coverage(backtest: Backtest, words: Words) -> str:
    return words.say(
        text(
            "Of the 80% intervals, {coverage} of the orders were inside, allowing for whole numbers ({orders} as "
            "stated); of the margins {margin} as stated."
        ),
        coverage=words.percent(backtest.interval_coverage, decimals=1),
        orders=words.percent(backtest.orders_inside_rate, decimals=1),
        margin=words.percent(backtest.margin_inside_rate, decimals=1),
    )


def _errors(backtest: Backtest, words: Words, currency: str) -> str:
    rows = [
        [
            words.say(_MEASURE_NAMES[error.measure]),
            words.say(FORECAST_NAMES[error.forecast]),
            _amount(error.predicted, error.measure, words, currency),
            _amount(error.actual, error.measure, words, currency),
            words.percent(error.bias_rate, decimals=1),
            _amount(error.mae, error.measure, words, currency, decimals=3),
            _amount(error.rmse, error.measure, words, currency, decimals=3),
            words.number(error.correlation, decimals=3),
        ]
        for error in backtest.errors
    ]
    headings = [
        text("Measure"),
        text("Forecast"),
        text("Predicted"),
        text("Came"),
        text("Bias"),
        text("Mean absolute error"),
        text("Root mean square error"),
        text("Correlation"),
    ]
    return section(text("Against the truth, beside naive rules"), headings, rows, words)


def _deciles(backtest: Backtest, words: Words, currency: str, measure: Measure) -> str:
    rows = [
        [
            str(decile.decile),
            words.number(decile.n_people),
            _amount(decile.predicted, measure, words, currency, decimals=2),
            _amount(decile.actual, measure, words, currency, decimals=2),
        ]
        for decile in backtest.deciles
        if decile.measure == measure
    ]
    headings = [text("Tenth of customers"), text("Customers"), text("Predicted each"), text("Came each")]
    return section(_MEASURE_NAMES[measure], headings, rows, words)


def _amount(value: float, measure: Measure, words: Words, currency: str, *, decimals: int = 0) -> str:
    return words.money(value, currency) if measure == "margin" else words.number(value, decimals=decimals)
