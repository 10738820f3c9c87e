"""Results in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from aimwell.base.words import Words
from aimwell.promote.measure.explain import (
    attribution_sentence,
    global_sentences,
    offer_sentence,
    power_sentences,
    result_sentences,
)
from aimwell.promote.measure.model import (
    Attribution,
    Balance,
    CampaignResult,
    Carrier,
    Contrast,
    GlobalResult,
    Interval,
    Look,
    PowerCard,
)

WORDS = Words()
BALANCE = Balance(
    counts={"treatment": 9_000, "holdout": 1_000},
    shares={"treatment": 0.9, "holdout": 0.1},
    p_value=1.0,
    is_alarm=False,
)


def contrast(low: float, high: float, *, starts: bool = True, **given: object) -> Contrast:
    interval = Interval(low=low, high=high)
    look = Look(
        day=9,
        at=datetime(2025, 3, 11),
        n_people=10_000,
        n_buyers=12,
        effect_minor=(low + high) / 2,
        error_minor=1.0,
        interval=interval if starts else None,
        fixed=interval,
    )
    made = Contrast(
        arm="treatment",
        against="holdout",
        n_people=9_000,
        n_against=1_000,
        confidence=0.95,
        looks=(look,),
        tells_at=None,
        raw_effect_minor=0.0,
        raw_error_minor=2.0,
        variance_cut=0.4,
        balance=BALANCE,
    )
    return replace(made, **given)


def said(main: Contrast, **given: object) -> list[str]:
    result = CampaignResult(
        campaign_id="spring",
        currency="EUR",
        started_at=datetime(2025, 3, 1),
        ends_at=datetime(2025, 3, 31),
        as_of=datetime(2025, 3, 11),
        known_at=None,
        arms=(),
        result=main,
    )
    return [str(one) for one in result_sentences(replace(result, **given), words=WORDS)]


def test_what_was_earned_is_said_first() -> None:
    # 9,000 people at 20 to 60 cents
    answer, grounds = said(contrast(20.0, 60.0))
    assert answer == (
        "Earned between €1,800.00 and €5,400.00 (€0.20 to €0.60 per person; most likely €3,600.00 in all), after all costs."
    )
    assert grounds.startswith("9,000 people in the arm, 1,000 left alone; right with confidence 95%")
    assert "40% of the variance" in grounds


def test_a_loss_is_said_as_a_loss() -> None:
    assert said(contrast(-60.0, -20.0))[0].startswith(
        "Lost money: between €1,800.00 and €5,400.00 (€0.20 to €0.60"
    )


def test_what_cannot_be_told_is_said_with_the_day_on_which_it_can() -> None:
    waiting = contrast(-10.0, 60.0, tells_at=datetime(2025, 3, 12))
    answer, prospect, *_ = said(waiting)
    assert answer.startswith("Cannot tell: between -€900.00 and €5,400.00")
    assert prospect == "If it goes on as it began: cannot tell before Mar 12, 2025."
    assert said(contrast(-10.0, 60.0))[1] == (
        "If it goes on as it began, it cannot be told before Mar 31, 2025 either, when the campaign ends."
    )
    assert len(said(contrast(-10.0, 60.0), as_of=datetime(2025, 4, 5))) == 2  # over: no prospect


def test_too_few_buyers_are_said() -> None:
    assert said(contrast(-10.0, 60.0, starts=False))[0] == (
        "Cannot tell yet: 12 buyers in the smaller arm, at least 30 are needed before anything is said."
    )


def test_one_customer_who_carries_the_result_is_named() -> None:
    carrier = Carrier(
        person_id=77, arm="treatment", profit_minor=250_000, effect_minor=2.0, interval=None, carries=True
    )
    assert said(contrast(20.0, 60.0, carrier=carrier))[-1] == (
        "One customer carries this result: person 77 with €2,500.00. Without this one person it would be €0.02 per person."
    )
    assert len(said(contrast(20.0, 60.0, carrier=replace(carrier, carries=False)))) == 2


def test_lost_people_come_before_the_answer() -> None:
    alarm = replace(BALANCE, is_alarm=True)
    assert said(contrast(20.0, 60.0, balance=alarm))[0].startswith(
        "Do not trust this result: 9,000 and 1,000 people are in the arms, where 90.0% should be in the first."
    )


def test_people_in_two_arms_are_told() -> None:
    assert said(contrast(20.0, 60.0), n_mixed=3)[-1].startswith("3 people turned out to be one")


def test_offers_and_attribution_have_their_own_words() -> None:
    tea = contrast(20.0, 60.0, offer_id="tea")
    assert str(offer_sentence(tea, currency="EUR", words=WORDS)).startswith(
        "Offer tea: Earned between €1,800.00"
    )
    uneven = replace(tea, balance=replace(BALANCE, is_alarm=True))
    assert "cannot be told" in str(offer_sentence(uneven, currency="EUR", words=WORDS))
    credited = Attribution(offer_id="tea", n_contacted=900, n_orders=40, profit_minor=9_900)
    told = str(attribution_sentence(credited, currency="EUR", words=WORDS))
    assert told.startswith(
        "Diagnostic only: after a contact with tea, 40 orders with a margin of €99.00 followed."
    )


@pytest.fixture
def card() -> PowerCard:
    return PowerCard(
        campaign_id="spring",
        currency="EUR",
        n_treated=9_000,
        n_held_out=1_000,
        power=0.8,
        confidence=0.95,
        smallest_minor=42.0,
        total_minor=378_000.0,
        tells_at=datetime(2025, 3, 31),
        starts_at=datetime(2025, 3, 5),
        expected_minor=60.0,
        expected_at=datetime(2025, 3, 12),
        variance_cut=0.4,
    )


def test_the_power_card_says_how_much_and_by_when(card: PowerCard) -> None:
    first, second = (str(one) for one in power_sentences(card, words=WORDS))
    assert (
        "can tell by Mar 31, 2025 whether it earned €0.42 per person (€3,780.00 in all) or more, with probability 80%"
        in first
    )
    assert second == "The plan expects €0.60 per person: cannot tell before Mar 12, 2025."
    late = replace(card, expected_minor=20.0, expected_at=None)
    assert "too little to be told" in str(power_sentences(late, words=WORDS)[1])
    assert len(power_sentences(replace(card, expected_minor=None), words=WORDS)) == 1


def test_a_campaign_that_can_tell_nothing_is_told_so(card: PowerCard) -> None:
    (only,) = power_sentences(
        replace(card, smallest_minor=None, total_minor=None, starts_at=None), words=WORDS
    )
    assert "too few will buy by Mar 31, 2025 to tell anything" in str(only)


def test_everything_together_is_said_against_the_shop_wide_holdout() -> None:
    result = GlobalResult(
        period=1,
        currency="EUR",
        began_at=datetime(2025, 3, 1),
        ends_at=datetime(2025, 9, 1),
        as_of=datetime(2025, 6, 1),
        known_at=None,
        arms=(),
        result=contrast(20.0, 60.0),
    )
    opening, answer, *_ = (str(one) for one in global_sentences(result, words=WORDS))
    assert (
        opening == "All campaigns since Mar 1, 2025 together, against the 1,000 people whom none may contact:"
    )
    assert answer.startswith("Earned between €1,800.00")
