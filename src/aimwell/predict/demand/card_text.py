"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from aimwell.base.words import Words, text
from aimwell.predict.demand.card import DemandCard
from aimwell.predict.demand.model import FORECAST_NAMES, LEVEL_NAMES
from aimwell.predict.markdown import page, section, warnings

__all__ = ["GRAIN_NAMES", "card_markdown"]

GRAIN_NAMES = {"day": text("Day"), "week": text("Week"), "month": text("Month")}
_KINDS = {
    "regular": text("products sold on most days"),
    "intermittent": text("products sold on few days"),
    "category": LEVEL_NAMES["category"],
    "total": LEVEL_NAMES["total"],
}


def card_markdown(card: DemandCard, *, words: Words) -> str:
    """Return the card as Markdown in the language of `words`."""
    sections = [
        _head(card, words),
        warnings(card.notes(), words),
        _weights(card, words),
        _errors(card, words),
        _coverage(card, words),
    ]
    return page(sections)


def _head(card: DemandCard, words: Words) -> str:
    said = words.say(
        text(
            "Units of {n_products} products and {n_pools} pools of other products, as of {as_of}, for the {horizon_days} days after. "
            "Learned from {n_units} units over {n_days} days."
        ),
        n_products=words.number(card.n_products),
        n_pools=words.number(card.n_pools),
        as_of=words.day(card.as_of),
        horizon_days=words.number(card.horizon_days),
        n_units=words.number(card.n_units),
        n_days=words.number(card.n_days),
    )
    data = words.say(text("Data: SHA-256 {data_hash}."), data_hash=card.data_hash)
    title = "# " + words.say(text("Demand model {model_id}"), model_id=card.model_id)
    return "\n\n".join([title, said, data])


def _weights(card: DemandCard, words: Words) -> str:
    rows = [
        [words.say(_KINDS[kind]), words.say(FORECAST_NAMES[name]), words.percent(weight)]
        for kind, weights in (*card.weights.items(), *card.upper_weights.items())
        for name, weight in weights.items()
        if weight >= 0.005
    ]
    headings = [text("Of what"), text("Forecast"), text("Weight")]
    return section(text("What is combined"), headings, rows, words)


def _errors(card: DemandCard, words: Words) -> str:
    rows = [
        [
            words.say(LEVEL_NAMES[one.level]),
            words.say(FORECAST_NAMES[one.forecast]),
            words.number(one.rmsse, decimals=3),
            words.number(one.weighted_rmsse, decimals=3),
            words.percent(one.bias_rate, decimals=1),
        ]
        for one in card.backtest.trials
    ]
    headings = [
        text("Level"),
        text("Forecast"),
        text("Error (RMSSE)"),
        text("Error, weighted by sales"),
        text("Bias"),
    ]
    return section(text("Against the truth, beside naive rules"), headings, rows, words)


def _coverage(card: DemandCard, words: Words) -> str:
    rows = [
        [words.say(LEVEL_NAMES[level]), words.say(GRAIN_NAMES[grain]), words.percent(rate, decimals=1)]
        for key, rate in card.backtest.coverage.items()
        for level, grain in [key.split("/")]
    ]
    if not rows:
        return ""
    headings = [text("Level"), text("Grain"), text("Inside the 80% interval")]
    return section(text("Intervals"), headings, rows, words)
