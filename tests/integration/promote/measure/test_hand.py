"""A campaign small enough to be measured by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import numpy as np
import pytest

from aimwell.promote.measure.errors import NoComparison, NotAssigned, PropensitiesDiffer, TermsMissing
from aimwell.promote.measure.model import Measured, OfferTerms
from aimwell.promote.measure.service import measure
from aimwell.storage.lake.lake import Lake

from .conftest import Rows, line, order, touch

START = datetime(2025, 3, 1, 10)
SPRING = Measured(
    campaign_id="spring",
    currency="EUR",
    horizon_days=10,
    margin_rate=0.5,
    terms=(
        OfferTerms(offer_id="tea", contact_milli=500),
        OfferTerms(offer_id="gift", contact_milli=500, incentive_minor=80),
    ),
)


def day(n: int, hour: int = 12) -> datetime:
    """Return noon of a day of March; day 0 is the last of February."""
    return datetime(2025, 2, 28, hour) + timedelta(days=n)


@pytest.fixture
def spring(write: Rows) -> None:
    """Three people treated (1, 2, 3), three held out (11, 12, 13)."""
    write(
        "touches",
        touch(1, "treatment", START, offer_id="tea"),
        touch(2, "treatment", START, offer_id="gift"),
        touch(3, "treatment", START),
        *(touch(person, "holdout", START) for person in (11, 12, 13)),
    )
    write(
        "orders",
        order("a", 1, day(2), n_lines=2),
        order("b", 2, day(4), items_minor=2_000),  # no lines known: half of it is margin
        order("b2", 2, day(5), items_minor=9_999, status="cancelled"),
        order("c", 11, day(3), n_lines=1),
        order("d", 12, day(12), items_minor=5_000),  # after the horizon, which ends on day 11 at 10:00
        order("e", 13, day(-8), n_lines=1),  # before the decision
    )
    write(
        "order_lines",
        line("a", 1, day(2), 1_000, cost_minor=600),
        line("a", 1, day(2), 300, line_no=2, is_fee=True),
        line("c", 11, day(3), 800),
        line("e", 13, day(-8), 600, cost_minor=200),
    )
    write(
        "refunds",
        # a quarter of order b, told of only later; half of it had been margin
        {"refund_id": "x", "order_id": "b", "person_id": 2, "refunded_at": day(6), "amount_minor": 500, "known_at": day(20)},
        # of an order before the decision: not this campaign's
        {"refund_id": "y", "order_id": "e", "person_id": 13, "refunded_at": day(5), "amount_minor": 600},
    )  # fmt: skip


@pytest.mark.both_engines(part="small")
@pytest.mark.usefixtures("spring")
def test_profit_and_effect_are_those_by_hand(lake: Lake) -> None:
    found = measure(lake=lake, campaign=SPRING, as_of=day(30))
    # treated: 1: 400 margin - .5 contact; 2: 1000 - 500 * 1000/2000 refund - .5 contact - 80 gift; 3: 0
    # held out: 11: 800 * .5; 12: nothing within the horizon; 13: nothing since the decision
    arms = {arm.arm: arm for arm in found.arms}
    assert arms["treatment"].profit_minor == 1_069  # 399.5 + 669.5
    assert arms["holdout"].profit_minor == 400
    assert (arms["treatment"].n_contacted, arms["treatment"].n_buyers, arms["holdout"].n_buyers) == (2, 2, 1)
    main = found.result
    assert main.raw_effect_minor == pytest.approx(1_069 / 3 - 400 / 3)  # 223
    # only 13 brought something before (400): slope = (0 - 3 * 400/3 * 400/3) / (400^2 - 400^2 / 3) = -1/2
    assert main.last.effect_minor == pytest.approx(223 - 200 / 3)  # 223 - (-1/2) (0 - 400/3)
    # variance of a mean: residuals of the treated around 1069/3; of those held out 400, 0, 200 around 200
    treated = np.var([399.5, 669.5, 0.0], ddof=1) / 3
    assert main.last.error_minor == pytest.approx(np.sqrt(treated + 40_000 / 3))
    assert main.raw_error_minor == pytest.approx(np.sqrt(treated + np.var([400, 0, 0], ddof=1) / 3))
    assert main.last.interval is None  # three buyers
    assert main.verdict == "too_early"


@pytest.mark.usefixtures("spring")
def test_each_day_shows_what_had_happened_by_then(lake: Lake) -> None:
    looks = measure(lake=lake, campaign=SPRING, as_of=day(30)).result.looks
    assert [look.day for look in looks] == list(range(30))
    assert looks[0].at == datetime(2025, 3, 2)
    # plain effects would be -1/3 (two contacts at .5, over three), then 399, ...; here with earlier profit taken out:
    # held out 13 is the only one with any, and until day 3 nobody held out bought, so the slope is 0
    assert looks[0].effect_minor == pytest.approx(-1 / 3)
    assert looks[1].effect_minor == pytest.approx(399 / 3)
    assert looks[2].effect_minor == pytest.approx(399 / 3 - 400 / 3 - 200 / 3)
    assert looks[3].effect_minor == pytest.approx((399 + 920) / 3 - 200)
    assert looks[5].effect_minor == pytest.approx((399 + 670) / 3 - 200)
    assert looks[-1].effect_minor == looks[5].effect_minor


@pytest.mark.usefixtures("spring")
def test_a_refund_that_comes_to_light_later_restates_the_result(lake: Lake) -> None:
    before = measure(lake=lake, campaign=SPRING, as_of=day(30), known_at=day(19))
    after = measure(lake=lake, campaign=SPRING, as_of=day(30), known_at=day(20))
    assert before.arms[1].profit_minor - after.arms[1].profit_minor == 250
    assert measure(lake=lake, campaign=SPRING, as_of=day(6, 11)).arms[1].profit_minor == 1_319


@pytest.mark.usefixtures("spring")
def test_a_declared_cap_bounds_what_one_person_counts(lake: Lake) -> None:
    capped = Measured(
        campaign_id="spring", currency="EUR", horizon_days=10, margin_rate=0.5, terms=SPRING.terms, cap_minor=500
    )  # fmt: skip
    found = measure(lake=lake, campaign=capped, as_of=day(30)).arms
    assert {arm.arm: arm.profit_minor for arm in found} == {"treatment": 900, "holdout": 400}  # 399.5 + 500


@pytest.mark.usefixtures("spring")
def test_a_coupon_tells_which_order_uses_the_offer(lake: Lake) -> None:
    terms = (SPRING.terms[0], OfferTerms(offer_id="gift", incentive_minor=80, coupon_code="GIFT"))
    coded = Measured(campaign_id="spring", currency="EUR", horizon_days=10, margin_rate=0.5, terms=terms)
    found = measure(lake=lake, campaign=coded, as_of=day(30)).arms
    assert found[1].profit_minor == round(
        399.5 + 750
    )  # nobody used the code: no gift, and no cost of contact


@pytest.mark.usefixtures("spring")
def test_last_touch_stands_beside_and_is_not_the_result(lake: Lake) -> None:
    credited = {one.offer_id: one for one in measure(lake=lake, campaign=SPRING, as_of=day(30)).attribution}
    assert (credited["tea"].n_orders, credited["tea"].profit_minor) == (1, 400)
    assert (credited["gift"].n_orders, credited["gift"].profit_minor) == (1, 1_000)


@pytest.mark.usefixtures("spring")
def test_offers_are_compared_among_those_for_whom_they_were_chosen(lake: Lake) -> None:
    chosen = ibis.memtable(
        {"person_id": [1, 2, 3, 11, 12, 13], "offer_id": ["tea", "gift", "tea", "tea", "gift", "tea"]}
    )
    (tea,) = measure(
        lake=lake, campaign=SPRING, as_of=day(30), intended=chosen
    ).offers  # gift: one person per arm
    assert (tea.offer_id, tea.n_people, tea.n_against) == ("tea", 2, 2)
    assert tea.raw_effect_minor == pytest.approx(399.5 / 2 - 400 / 2)
    assert tea.confidence == 0.95


def test_what_cannot_be_measured_is_refused_in_words(lake: Lake, write: Rows) -> None:
    with pytest.raises(NotAssigned, match=r"`spring` has no touches"):
        measure(lake=lake, campaign=SPRING, as_of=day(30))
    write("touches", *(touch(person, "treatment", START, offer_id="tea") for person in (1, 2, 3)))
    with pytest.raises(NoComparison, match="arm `holdout` has 0 people"):
        measure(lake=lake, campaign=SPRING, as_of=day(30))
    write("touches", *(touch(person, "holdout", START) for person in (11, 12)))
    bare = Measured(campaign_id="spring", currency="EUR", horizon_days=10, margin_rate=0.5)
    with pytest.raises(TermsMissing, match=r"sent offer `tea`.*Given: –"):
        measure(lake=lake, campaign=bare, as_of=day(30))
    write("touches", touch(13, "holdout", START, propensity=0.3))
    with pytest.raises(PropensitiesDiffer, match=r"from 0\.3 to 0\.5"):
        measure(lake=lake, campaign=SPRING, as_of=day(30))


@pytest.mark.usefixtures("spring")
def test_who_is_found_to_be_in_two_arms_is_in_none(lake: Lake, write: Rows) -> None:
    write("touches", touch(3, "holdout", START))
    found = measure(lake=lake, campaign=SPRING, as_of=day(30))
    assert found.n_mixed == 1
    assert (found.result.n_people, found.result.n_against) == (2, 3)
