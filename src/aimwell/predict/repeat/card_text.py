"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from aimwell.base.words import Words, text
from aimwell.predict.markdown import page, section, warnings
from aimwell.predict.repeat.card import RepeatCard
from aimwell.predict.repeat.totals import VALUE_DAYS, Measure
from aimwell.predict.repeat.trial import FORECASTS, HeadError, OriginTrial

__all__ = ["FORM_NAMES", "card_markdown"]

FORM_NAMES = {
    "boosted": text("purchase process and boosted trees"),
    "process": text("purchase process alone"),
}
_MEASURES: dict[Measure, str] = {"orders": text("Orders"), "spend": text("Spend")}


def card_markdown(card: RepeatCard, *, words: Words, currency: str) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card
        The card.
    words
        The language.
    currency
        ISO 4217 code of the shop, for spend.
    """
    sections = [_head(card, words), warnings(card.notes(), words), _heads(card, words)]
    for trial in card.trials:
        sections += [_errors(trial, words), _totals(trial, words, currency), _calibration(trial, words)]
    return page(sections)


def _head(card: RepeatCard, words: Words) -> str:
    lines = [
        "# " + words.say(text("Repeat model {model_id}"), model_id=card.model_id),
        words.say(
            text(
                "{form}, as of {as_of}, for the {horizon_days} days after. Learned from {n_drawn} of {n_people} known customers, "
                "as they were on {n_days} earlier days. Orders older than 13 weeks count {memory} as evidence on the present rate of "
                "buying."
            ),
            form=words.say(FORM_NAMES[card.form]),
            as_of=words.day(card.as_of),
            horizon_days=card.horizon_days,
            n_drawn=words.number(card.n_drawn),
            n_people=words.number(card.n_people),
            n_days=card.n_days_learned,
            memory=words.percent(card.memory),
        ),
        words.say(text("Data: SHA-256 {data_hash}."), data_hash=card.data_hash),
    ]
    return "\n\n".join(lines)


def _heads(card: RepeatCard, words: Words) -> str:
    rows = [
        [
            str(head.days),
            words.say(text("yes")) if head.is_boosted else words.say(text("no")),
            words.number(head.n_rows) if head.is_boosted else "–",
            str(head.window_days) if head.is_boosted else "–",
            words.number(head.of_trees, decimals=2),
            words.number(head.of_process, decimals=2),
        ]
        for head in card.heads
    ]
    headings = [
        text("Within days"),
        text("Boosted"),
        text("Rows learned from"),
        text("Days of outcome"),
        text("Weight of trees"),
        text("Weight of process"),
    ]
    table = section(words.say(text("Who answers")), headings, rows, words)
    weights = words.say(
        text(
            "Weight of the trees in expected orders {orders}, in expected spend {spend}; the rest is the purchase process."
        ),
        orders=words.percent(card.total_weights["orders"]),
        spend=words.percent(card.total_weights["spend"]),
    )
    return table + "\n\n" + weights


def _errors(trial: OriginTrial, words: Words) -> str:
    rows = [_error_row(error, words) for error in trial.heads]
    headings = [
        text("Within days"),
        text("Forecast"),
        text("Expected"),
        text("Came"),
        text("AUC"),
        text("Log-loss"),
        text("Brier score"),
        text("Calibration error"),
        text("By chance alone"),
    ]
    title = words.say(
        text("From {origin} on: {n_people} customers, {seen_days} days"),
        origin=words.day(trial.origin_on),
        n_people=words.number(trial.n_people),
        seen_days=trial.seen_days,
    )
    inside = words.say(
        text(
            "The 80% intervals of the next date held {coverage} of the customers, exact for whole days; {complete} of the intervals "
            "ended within the days seen, and {inside} of those customers came between both ends."
        ),
        coverage=words.percent(trial.coverage, decimals=1),
        complete=words.percent(trial.complete_rate),
        inside="–" if trial.inside_rate is None else words.percent(trial.inside_rate, decimals=1),
    )
    return section(title, headings, rows, words) + "\n\n" + inside


def _error_row(error: HeadError, words: Words) -> list[str]:
    def decimal(value: float | None) -> str:
        return "–" if value is None else words.number(value, decimals=4)

    return [
        str(error.days),
        words.say(FORECASTS[error.forecast]),
        "–" if error.said is None else words.percent(error.said, decimals=1),
        words.percent(error.came, decimals=1),
        *(
            decimal(v)
            for v in (error.auc, error.log_loss, error.brier, error.calibration_error, error.chance_error)
        ),
    ]


def _totals(trial: OriginTrial, words: Words, currency: str) -> str:
    if not trial.totals:
        return ""

    def amount(value: float, measure: Measure, *, decimals: int = 0) -> str:
        return words.money(value, currency) if measure == "spend" else words.number(value, decimals=decimals)

    rows = [
        [
            words.say(_MEASURES[error.measure]),
            words.say(FORECASTS[error.forecast]),
            amount(error.predicted, error.measure),
            amount(error.actual, error.measure),
            words.percent(error.bias_rate, decimals=1),
            amount(error.mae, error.measure, decimals=3),
            amount(error.rmse, error.measure, decimals=3),
        ]
        for error in trial.totals
    ]
    headings = [
        text("Measure"),
        text("Forecast"),
        text("Predicted"),
        text("Came"),
        text("Bias"),
        text("Mean absolute error"),
        text("Root mean square error"),
    ]
    title = words.say(text("Orders and spend in the {days} days from it"), days=VALUE_DAYS)
    return section(title, headings, rows, words)


def _calibration(trial: OriginTrial, words: Words) -> str:
    sections = []
    for days, bins in trial.calibration.items():
        rows = [
            [
                words.number(one.n_people),
                words.percent(one.said, decimals=1),
                words.percent(one.came, decimals=1),
            ]
            for one in bins
        ]
        title = words.say(text("Calibration within {days} days"), days=days)
        sections.append(section(title, [text("Customers"), text("Expected"), text("Came")], rows, words))
    return "\n\n".join(sections)
