"""Results in words: what a campaign earned, lost, or cannot tell yet, and what stands against trusting it.

Every sentence is a marked text with its values, so that a face can say it in the user's language. The first one is the answer.
"""

from __future__ import annotations

from aimwell.base.words import Sentence, Words, text
from aimwell.promote.measure.model import (
    Attribution,
    CampaignResult,
    Carrier,
    Contrast,
    GlobalResult,
    Interval,
    PowerCard,
)
from aimwell.promote.measure.sequential import MIN_BUYERS

__all__ = [
    "attribution_sentence",
    "contrast_sentence",
    "global_sentences",
    "offer_sentence",
    "power_sentences",
    "result_sentences",
]

_ANSWERS = {
    "earned": text(
        "Earned between {low} and {high} ({low_each} to {high_each} per person; most likely {total} in all), after all costs."
    ),
    "lost": text(
        "Lost money: between {low} and {high} ({low_each} to {high_each} per person; most likely {total} in all), after all costs."
    ),
    "cannot_tell": text(
        "Cannot tell: between {low} and {high} ({low_each} to {high_each} per person) is possible, nothing and a loss included."
    ),
    "too_early": text(
        "Cannot tell yet: {n_buyers} buyers in the smaller arm, at least {needed} are needed before anything is said."
    ),
}


def result_sentences(result: CampaignResult, *, words: Words) -> tuple[Sentence, ...]:
    """Say what a campaign earned, then what the reader must know to believe it."""
    main = result.result
    told = [contrast_sentence(main, currency=result.currency, words=words)]
    if main.verdict in ("cannot_tell", "too_early") and result.as_of < result.ends_at:
        told.append(_prospect(main, result, words=words))
    told += _grounds(main, words=words)
    if main.carrier is not None and main.carrier.carries:
        told.append(_carried(main.carrier, currency=result.currency, words=words))
    if result.n_mixed:
        told.append(
            Sentence(
                text("{n} people turned out to be one with somebody in another arm; they are in none."),
                {"n": words.number(result.n_mixed)},
            )
        )
    return _alarm_first(main, told, words=words)


def global_sentences(result: GlobalResult, *, words: Words) -> tuple[Sentence, ...]:
    """Say what all campaigns of a period earned together."""
    main = result.result
    opening = Sentence(
        text("All campaigns since {day} together, against the {n} people whom none may contact:"),
        {"day": words.day(result.began_at), "n": words.number(main.n_against)},
    )
    told = [
        opening,
        contrast_sentence(main, currency=result.currency, words=words),
        *_grounds(main, words=words),
    ]
    if main.carrier is not None and main.carrier.carries:
        told.append(_carried(main.carrier, currency=result.currency, words=words))
    return _alarm_first(main, told, words=words)


def contrast_sentence(contrast: Contrast, *, currency: str, words: Words) -> Sentence:
    """Say the answer of one comparison."""
    verdict, total = contrast.verdict, contrast.total
    if total is None:
        values: dict[str, object] = {"n_buyers": words.number(contrast.last.n_buyers), "needed": MIN_BUYERS}
        return Sentence(_ANSWERS[verdict], values)
    each = total.times(1.0 / contrast.n_people)
    middle = contrast.total_minor
    if verdict == "lost":  # a loss between 3 and 5, not an earning between -5 and -3
        total, each, middle = _turned(total), _turned(each), -middle
    return Sentence(
        _ANSWERS[verdict],
        {
            "low": words.money(round(total.low), currency),
            "high": words.money(round(total.high), currency),
            "low_each": words.money(round(each.low, 1), currency),
            "high_each": words.money(round(each.high, 1), currency),
            "total": words.money(round(middle), currency),
        },
    )


def offer_sentence(contrast: Contrast, *, currency: str, words: Words) -> Sentence:
    """Say the answer of one offer."""
    if contrast.balance.is_alarm:
        return Sentence(
            text("Offer {offer}: cannot be told, the arms were not chosen alike for it."),
            {"offer": contrast.offer_id},
        )
    answer = contrast_sentence(contrast, currency=currency, words=words)
    return Sentence(text("Offer {offer}: {answer}"), {"offer": contrast.offer_id, "answer": answer})


def attribution_sentence(credited: Attribution, *, currency: str, words: Words) -> Sentence:
    """Say what was bought after a contact, and that this is no effect."""
    return Sentence(
        text(
            "Diagnostic only: after a contact with {offer}, {n_orders} orders with a margin of {profit} followed. Most would "
            "have come without it; what counts is the comparison with the holdout."
        ),
        {
            "offer": credited.offer_id,
            "n_orders": words.number(credited.n_orders),
            "profit": words.money(credited.profit_minor, currency),
        },
    )


def power_sentences(card: PowerCard, *, words: Words) -> tuple[Sentence, ...]:
    """Say before the launch what the campaign will be able to tell, and by when."""
    values: dict[str, object] = {
        "treated": words.number(card.n_treated),
        "held": words.number(card.n_held_out),
        "day": words.day(card.tells_at),
    }
    if card.smallest_minor is None or card.total_minor is None or card.starts_at is None:
        template = text(
            "With {treated} people treated and {held} held out, too few will buy by {day} to tell anything. Hold out more "
            "people, take more people in, or measure longer."
        )
        return (Sentence(template, values),)
    first = Sentence(
        text(
            "With {treated} people treated and {held} held out, this campaign can tell by {day} whether it earned {each} per "
            "person ({total} in all) or more, with probability {power}; nothing can be told before {start}."
        ),
        values
        | {
            "each": words.money(round(card.smallest_minor, 1), card.currency),
            "total": words.money(round(card.total_minor), card.currency),
            "power": words.percent(card.power),
            "start": words.day(card.starts_at),
        },
    )
    if card.expected_minor is None:
        return (first,)
    return (first, _expectation(card, words=words))


def _expectation(card: PowerCard, *, words: Words) -> Sentence:
    each = words.money(round(card.expected_minor or 0.0, 1), card.currency)
    if card.expected_at is None:
        return Sentence(
            text(
                "The plan expects {each} per person: too little to be told. Hold out more people, or measure longer."
            ),
            {"each": each},
        )
    return Sentence(
        text("The plan expects {each} per person: cannot tell before {day}."),
        {"each": each, "day": words.day(card.expected_at)},
    )


def _prospect(main: Contrast, result: CampaignResult, *, words: Words) -> Sentence:
    if main.tells_at is None:
        return Sentence(
            text("If it goes on as it began, it cannot be told before {day} either, when the campaign ends."),
            {"day": words.day(result.ends_at)},
        )
    return Sentence(
        text("If it goes on as it began: cannot tell before {day}."), {"day": words.day(main.tells_at)}
    )


def _grounds(main: Contrast, *, words: Words) -> list[Sentence]:
    compared = Sentence(
        text(
            "{n_people} people in the arm, {n_against} left alone; right with confidence {confidence} however often one looks. "
            "What they brought before takes out {cut} of the variance."
        ),
        {
            "n_people": words.number(main.n_people),
            "n_against": words.number(main.n_against),
            "confidence": words.percent(main.confidence),
            "cut": words.percent(main.variance_cut),
        },
    )
    return [compared]


def _carried(carrier: Carrier, *, currency: str, words: Words) -> Sentence:
    return Sentence(
        text(
            "One customer carries this result: person {person} with {profit}. Without this one person it would be {each} per person."
        ),
        {
            "person": carrier.person_id,
            "profit": words.money(carrier.profit_minor, currency),
            "each": words.money(round(carrier.effect_minor, 1), currency),
        },
    )


def _alarm_first(main: Contrast, told: list[Sentence], *, words: Words) -> tuple[Sentence, ...]:
    """Put before everything else that the arms are not what they should be."""
    if not main.balance.is_alarm:
        return tuple(told)
    counts, shares = main.balance.counts, main.balance.shares
    alarm = Sentence(
        text(
            "Do not trust this result: {n_people} and {n_against} people are in the arms, where {share} should be in the first. "
            "Some got lost on the way; find out how before anything else."
        ),
        {
            "n_people": words.number(counts[main.arm]),
            "n_against": words.number(counts[main.against]),
            "share": words.percent(shares[main.arm], decimals=1),
        },
    )
    return (alarm, *told)


def _turned(interval: Interval) -> Interval:
    return Interval(low=-interval.high, high=-interval.low)
