"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from aimwell.base.words import Words, text
from aimwell.predict.markdown import page, section, warnings
from aimwell.predict.price.card import PriceCard
from aimwell.predict.price.model import FORECAST_NAMES, Backtest

__all__ = ["card_markdown"]


def card_markdown(card: PriceCard, *, words: Words) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card
        The card.
    words
        The language.
    """
    sections = [_head(card, words), warnings(card.notes(), words), _learned(card, words)]
    if card.backtest is not None:
        sections.append(_tested(card.backtest, words))
    return page(sections)


def _head(card: PriceCard, words: Words) -> str:
    lines = [
        "# " + words.say(text("Price model {model_id}"), model_id=card.model_id),
        words.say(
            text(
                "How weekly units of {n_products} products in {n_categories} categories answer to price and promotion, as of {as_of}. "
                "Learned from {n_rows} weeks of products within {n_weeks} weeks; in {n_moves} of them the price was more than a "
                "tenth off the usual one."
            ),
            n_products=words.number(card.n_products),
            n_categories=words.number(card.n_categories),
            as_of=words.day(card.as_of),
            n_rows=words.number(card.n_rows),
            n_weeks=words.number(card.n_weeks),
            n_moves=words.number(card.n_moves),
        ),
        words.say(text("Data: SHA-256 {data_hash}."), data_hash=card.data_hash),
    ]
    return "\n\n".join(lines)


def _learned(card: PriceCard, words: Words) -> str:
    low, high = card.shop.interval
    tenth, half, most = (words.number(value, decimals=2) for value in card.elasticity_deciles)
    facts = [
        (text("Form"), words.say(FORECAST_NAMES[card.form])),
        (
            text("Elasticity of a product of which nothing is known, with 80% interval"),
            f"{words.number(card.shop.elasticity, decimals=2)} "
            f"({words.number(low, decimals=2)} … {words.number(high, decimals=2)})",
        ),
        (text("Elasticity of products: lowest tenth, middle, highest tenth"), f"{tenth} / {half} / {most}"),
        (
            text("Change of log units under a marked discount, at the same price"),
            words.number(card.shop.lift, decimals=2),
        ),
        (text("Products of positive elasticity"), words.number(card.n_positive)),
        (text("Products with a warning"), words.number(card.n_warnings)),
        (text("Products whose cost is known"), words.number(card.n_own_cost)),
    ]
    rows = [[words.say(name), value] for name, value in facts]
    return section(text("What it learned"), [text("Measure"), text("Value")], rows, words)


def _tested(backtest: Backtest, words: Words) -> str:
    said = words.say(
        text(
            "{n_rows} weeks of {n_products} products after {cuts}, whose prices are given; {n_moved} of them more than a tenth off the "
            "usual price. Of the 80% intervals, {coverage} of the weeks were inside ({moved_coverage} of those with a moved price)."
        ),
        n_rows=words.number(backtest.n_rows),
        n_products=words.number(backtest.n_products),
        cuts=", ".join(words.day(cut) for cut in backtest.cuts),
        n_moved=words.number(backtest.n_moved),
        coverage=words.percent(backtest.coverage, decimals=1),
        moved_coverage=words.percent(backtest.moved_coverage, decimals=1),
    )
    rows = [
        [
            words.say(FORECAST_NAMES[trial.forecast]),
            words.number(trial.rmse, decimals=4),
            words.number(trial.moved_rmse, decimals=4),
        ]
        for trial in backtest.trials
    ]
    headings = [
        text("Forecast"),
        text("Error in log units, all weeks"),
        text("Error in log units, moved prices"),
    ]
    return section(text("Against the truth, beside naive rules"), headings, rows, words) + "\n\n" + said
