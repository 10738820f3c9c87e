"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from aimwell.base.words import Words, text
from aimwell.predict.affinity.card import AffinityCard, trial_name
from aimwell.predict.affinity.model import METHOD_NAMES
from aimwell.predict.affinity.needs import NEEDS_NAMES
from aimwell.predict.markdown import page, section, warnings

__all__ = ["FEATURE_NAMES", "card_markdown"]

FEATURE_NAMES: Mapping[str, str] = {
    "decayed_3": text("Bought in about the last 3 baskets"),
    "decayed_8": text("Bought in about the last 8 baskets"),
    "decayed_20": text("Bought in about the last 20 baskets"),
    "decayed_60": text("Bought in about the last 60 baskets"),
    "n_bought": text("Baskets with the product"),
    "turns_ago": text("Baskets since the last purchase"),
    "days_ago": text("Days from the last purchase to the newest basket"),
    "due": text("Baskets since the last purchase, in the person's usual gaps"),
    "rate": text("Purchases per basket"),
    "n_baskets": text("Baskets of the person"),
    "basket_size": text("Products per basket of the person"),
    "buyer_rate": text("Share of people who bought the product"),
    "rebuy": text("Baskets with the product per buyer"),
    "recent_rate": text("Popularity in the last weeks"),
    "season_rate": text("Popularity in these weeks a year ago"),
    "category_decayed": text("Purchases in the category"),
    "category_days_ago": text("Days since the category was bought"),
    "category_share": text("The category's share of the person's purchases"),
    "related": text("What else the person bought speaks for it"),
}


def card_markdown(card: AffinityCard, *, words: Words) -> str:
    """Return the card as Markdown."""
    sections = [
        _head(card, words),
        warnings(card.notes(), words),
        _trials(card, words),
        _calibration(card, words),
        _needs(card, words),
        _weights(card, words),
    ]
    return page(sections)


def _head(card: AffinityCard, words: Words) -> str:
    counts = ("n_products", "n_shown", "n_categories", "n_related", "n_relations", "n_sample")
    lines = [
        "# " + words.say(text("Affinity model {model_id}"), model_id=card.model_id),
        words.say(
            text(
                "{form}, as of {as_of}. It knows {n_products} products in {n_categories} categories, {n_shown} of which may be "
                "recommended; between the {n_related} most bought it keeps {n_relations} relations. The ranking was learned from "
                "{n_sample} customers with two orders or more, drawn by lot. Potential needs: {needs}."
            ),
            needs=words.say(NEEDS_NAMES[card.needs_form]),
            form=words.say(METHOD_NAMES[card.form]),
            as_of=words.day(card.as_of),
            **{name: words.number(getattr(card, name)) for name in counts},
        ),
        words.say(text("Data: SHA-256 {data_hash}."), data_hash=card.data_hash),
    ]
    return "\n\n".join(lines)


def _trials(card: AffinityCard, words: Words) -> str:
    rows = [
        [
            trial_name(trial).said(words),
            words.say(METHOD_NAMES[name]),
            words.number(trial.n_people),
            *(
                words.percent(value, decimals=1)
                for value in (
                    score.recall,
                    score.ndcg,
                    score.hit_rate,
                    score.repeat_recall,
                    score.explore_recall,
                    score.coverage,
                )
            ),
        ]
        for trial in card.backtest.trials
        for name, score in trial.scores.items()
    ]
    headings = [
        text("Test"),
        text("Lists"),
        text("Customers"),
        text("Recall"),
        text("NDCG"),
        text("With a hit"),
        text("Recall of repeats"),
        text("Recall of new products"),
        text("Coverage"),
    ]
    title = words.say(text("Lists of {k} against the baskets that came"), k=card.backtest.k)
    rates = ", ".join(words.percent(trial.repeat_rate) for trial in card.backtest.trials)
    said = words.say(text("Share of the baskets that was bought before, test by test: {rates}."), rates=rates)
    return section(title, headings, rows, words) + "\n\n" + said


def _calibration(card: AffinityCard, words: Words) -> str:
    rows = [
        [
            trial_name(trial).said(words),
            words.number(one.n_products),
            words.percent(one.said, decimals=1),
            words.percent(one.came, decimals=1),
        ]
        for trial in card.backtest.trials
        for one in trial.calibration
    ]
    headings = [text("Test"), text("Products in lists"), text("Expected"), text("Came")]
    return section(words.say(text("Scores of the boosted lists, by tenths")), headings, rows, words)


def _needs(card: AffinityCard, words: Words) -> str:
    if card.needs is None:
        return ""
    one = card.needs
    named = NEEDS_NAMES["alike"], text("most bought categories")
    rates = [(one.hit_rate, words.percent(one.said, decimals=1)), (one.popular_hit_rate, "–")]
    rows = [
        [words.say(name), words.percent(came, decimals=1), said]
        for name, (came, said) in zip(named, rates, strict=True)
    ]
    title = words.say(
        text("Categories named {horizon_days} days before, {k} of each of {n_people} customers"),
        horizon_days=words.number(one.horizon_days),
        k=words.number(one.k),
        n_people=words.number(one.n_people),
    )
    return section(title, [text("Named"), text("Bought then"), text("Expected")], rows, words)


def _weights(card: AffinityCard, words: Words) -> str:
    ranked = sorted(card.weights.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [[words.say(FEATURE_NAMES[name]), words.percent(share, decimals=1)] for name, share in ranked]
    title = words.say(text("What the blend goes by"))
    return section(title, [text("Feature"), text("Share of the gain")], rows, words)
