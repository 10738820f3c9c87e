"""The model card as a page of Markdown, in the reader's language."""

from __future__ import annotations

from aimwell.base.words import Words, text
from aimwell.predict.effect.card import EffectCard
from aimwell.predict.effect.learners import LEARNER_NAMES
from aimwell.predict.effect.measured import Estimate
from aimwell.predict.effect.model import OfferTrial
from aimwell.predict.markdown import page, table, warnings

__all__ = ["card_markdown"]


def card_markdown(card: EffectCard, *, words: Words, currency: str) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    card
        The card.
    words
        The language.
    currency
        ISO 4217 code of the shop.
    """
    sections = [_head(card, words), warnings(card.notes(), words)]
    sections += [_offer(offer, words, currency) for offer in card.offers]
    return page(sections)


def _head(card: EffectCard, words: Words) -> str:
    lines = [
        "# " + words.say(text("Effect model {model_id}"), model_id=card.model_id),
        words.say(
            text(
                "What each offer changes in the profit of the {horizon_days} days after it, as of {as_of}. Learned only from decisions "
                "that were left to chance, with portraits from before them ({n_features} features). Where a cost is unknown, "
                "{margin_rate} of net sales counts as margin."
            ),
            horizon_days=card.horizon_days,
            as_of=words.day(card.as_of),
            n_features=words.number(card.n_features),
            margin_rate=words.percent(card.margin_rate),
        ),
        words.say(text("Data: SHA-256 {data_hash}."), data_hash=card.data_hash),
    ]
    return "\n\n".join(lines)


def _offer(offer: OfferTrial, words: Words, currency: str) -> str:
    def money(estimate: Estimate) -> str:
        low, high = (words.money(end, currency) for end in estimate.interval())
        return f"{words.money(estimate.value, currency)} ({low} … {high})"

    facts = [
        (text("People who got it, and who were left without it by chance"), _sides(offer, words)),
        (text("Campaigns"), f"{offer.n_campaigns}, {words.day(offer.from_at)} – {words.day(offer.to_at)}"),
        (text("Average effect per person, with 95% interval"), money(offer.mean)),
        (text("One spread of people apart, before shrinkage"), money(offer.slope)),
        (text("Share of that difference kept"), words.percent(offer.kept)),
        (text("Gain over chance per person, mean over all budgets"), money(offer.value)),
        (text("Gain over chance of the top 30%, per person"), money(offer.top_gain)),
        (text("Gain of sparing those it would harm, per person"), money(offer.selective_gain)),
    ]
    measured = table(
        [text("Measure"), text("Value")], [[words.say(name), value] for name, value in facts], words
    )
    rows = [
        [
            words.say(LEARNER_NAMES[trial["learner"]]),
            money(Estimate(**trial["value"])),
            money(Estimate(**trial["top_gain"])),
            words.percent(trial["weight"]),
        ]
        for trial in offer.trials
    ]
    headings = [
        text("Learner"),
        text("Gain over chance per person, mean over all budgets"),
        text("Gain over chance of the top 30%, per person"),
        text("Weight"),
    ]
    title = words.say(text("Offer {offer_id}"), offer_id=offer.offer_id)
    return f"## {title}\n\n{measured}\n\n{table(headings, rows, words)}"


def _sides(offer: OfferTrial, words: Words) -> str:
    return f"{words.number(offer.n_treated)} / {words.number(offer.n_control)}"
