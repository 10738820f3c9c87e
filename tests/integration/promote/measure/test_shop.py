"""A shop of thousands: dealt out, logged, sent to, and measured; before the launch, after it, and everything together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS, TOUCHES
from aimwell.promote.measure.arms import ArmShares, arms_of, assign, assignment_log
from aimwell.promote.measure.errors import NoComparison, PeriodNotBegun, TermsMissing
from aimwell.promote.measure.model import CampaignResult, Measured, OfferTerms
from aimwell.promote.measure.service import measure, measure_everything, power_card
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

N = 4_000
NOW = datetime(2025, 6, 1)
IDS = np.random.default_rng(12).integers(-(2**62), 2**62, N)
SHARES = ArmShares(
    treatment=0.6,
    holdout=0.4,
    global_holdout=0.1,
    salt="campaigns",
    global_salt="shop",
    rotation_began_at=datetime(2024, 10, 3),
    rotation_days=182,  # the second shop-wide holdout began on 2025-04-03
    washout_days=28,
)
SPRING = Measured(
    campaign_id="spring",
    currency="EUR",
    horizon_days=30,
    margin_rate=0.4,
    terms=(OfferTerms(offer_id="tea", contact_milli=5_000),),
)


def orders(*, lift_minor: int) -> pa.Table:
    """Draw a year before the launch and a month after it; the treated spend some more per order, at no more orders."""
    random = np.random.default_rng(4)
    rate = random.gamma(0.8, 0.03 / 0.8, N)
    arms = arms_of(IDS, SHARES, campaign_id="spring", now=NOW)
    rows = []
    for who in range(N):
        n_days = random.poisson(rate[who] * 395)
        for day in random.integers(0, 395, n_days).tolist():
            at = NOW + timedelta(days=day - 365, hours=int(random.integers(1, 23)))
            items = int(random.gamma(2.0, 2_000.0)) + (
                lift_minor if at >= NOW and arms[who] == "treatment" else 0
            )
            row = {
                "order_id": f"{who}-{len(rows)}",
                "person_id": int(IDS[who]),
                "ordered_at": at,
                "known_at": at,
            }
            rows.append(row | {"status": "paid", "n_lines": 0, "items_minor": items, "source": "till"})
    schema = FACTS["orders"].schema
    return pa.Table.from_pylist([dict.fromkeys(schema) | row for row in rows], schema=schema.to_pyarrow())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[..., Engine]) -> Lake:
    """A shop whose campaign raised each order of the treated by 40.00: 16.00 of margin."""
    folder = tmp_path_factory.mktemp("shop")
    lake = Lake(folder / "lake", engine=open_engine(folder / "engine"))
    lake.append(FACTS["orders"], ibis.memtable(orders(lift_minor=4_000)))
    people = ibis.memtable({"person_id": IDS.tolist()})
    dealt = assign(people, SHARES, campaign_id="spring", now=NOW)
    chosen = people.mutate(
        offer_id=ibis.literal("tea"), channel=ibis.literal("sms"), expected_profit_minor=ibis.literal(10)
    )
    log = assignment_log(dealt, chosen, campaign_id="spring", decided_at=NOW, load_id="spring")
    lake.append(TOUCHES, log)
    return lake


@pytest.fixture(scope="module")
def result(shop: Lake) -> CampaignResult:
    return measure(lake=shop, campaign=SPRING, as_of=NOW + timedelta(days=30))


def test_the_result_is_that_of_the_rows(shop: Lake, result: CampaignResult) -> None:
    """The same by least squares on one row per person, made without the engine."""
    table = orders(lift_minor=4_000).select(["person_id", "ordered_at", "items_minor"]).to_pylist()
    place = {int(person): k for k, person in enumerate(IDS)}
    profit, month, year = np.zeros(N), np.zeros(N), np.zeros(N)
    for row in table:
        k, margin = place[row["person_id"]], round(row["items_minor"] * 400) / 1_000
        since = row["ordered_at"] - NOW
        if since >= timedelta(0):
            profit[k] += margin if since < timedelta(days=30) else 0.0
        else:
            month[k] += margin if since >= timedelta(days=-30) else 0.0
            year[k] += margin if since >= timedelta(days=-365) else 0.0
    arms = arms_of(IDS, SHARES, campaign_id="spring", now=NOW)
    compared = np.isin(arms, ["treatment", "holdout"])
    treated = arms[compared] == "treatment"
    y = profit[compared] - 5.0 * treated
    design = np.column_stack([np.ones(treated.size), treated, month[compared], year[compared]])
    expected = np.linalg.lstsq(design, y, rcond=None)[0][1]
    assert result.result.last.effect_minor == pytest.approx(expected, rel=1e-9)
    assert result.result.raw_effect_minor == pytest.approx(y[treated].mean() - y[~treated].mean(), rel=1e-9)
    assert result.result.variance_cut > 0.1
    figures = {arm.arm: arm for arm in result.arms}
    assert figures["treatment"].n_contacted == figures["treatment"].n_people == int(treated.sum())
    assert figures["global_holdout"].n_contacted == figures["holdout"].n_contacted == 0


def test_what_was_planted_is_found(result: CampaignResult) -> None:
    main = result.result
    assert main.verdict == "earned"
    # about .03 * 30 orders a month at 1,600 more margin, less 5 for the contact
    assert main.last.interval is not None
    assert main.last.interval.low < 0.9 * 1_600 - 5 < main.last.interval.high
    assert main.last.fixed.low > main.last.interval.low  # the price of looking every day
    assert not main.balance.is_alarm
    assert main.carrier is not None
    assert not main.carrier.carries
    assert len(main.looks) == 30
    assert result.attribution[0].n_contacted == main.n_people


def test_lost_touches_raise_the_alarm(shop: Lake) -> None:
    held = shop.table("touches")
    lost = held.filter((held.arm == "holdout") & (held.person_id % 4 == 0))
    lake = Lake(shop.root + "-lost", engine=shop.engine)
    lake.append(TOUCHES, held.anti_join(lost, "person_id"))
    lake.append(FACTS["orders"], shop.table("orders"))
    assert measure(lake=lake, campaign=SPRING, as_of=NOW + timedelta(days=30)).result.balance.is_alarm


def test_power_card_names_what_the_campaign_can_find(shop: Lake, result: CampaignResult) -> None:
    people = ibis.memtable({"person_id": IDS.tolist()})
    card = power_card(people, lake=shop, shares=SHARES, campaign=SPRING, now=NOW, expected_minor=1_400.0)
    assert (card.n_treated, card.n_held_out) == (result.result.n_people, result.result.n_against)
    assert card.smallest_minor is not None
    assert card.starts_at is not None
    # from one row per person: the month before the launch, without what the month and the year before it tell
    month, earlier, year = np.zeros(N), np.zeros(N), np.zeros(N)
    place = {int(person): k for k, person in enumerate(IDS)}
    for row in orders(lift_minor=4_000).select(["person_id", "ordered_at", "items_minor"]).to_pylist():
        days = (NOW - row["ordered_at"]) / timedelta(days=1)
        for window, (low, high) in ((month, (0, 30)), (earlier, (30, 60)), (year, (30, 395))):
            window[place[row["person_id"]]] += 0.4 * row["items_minor"] * (low < days <= high)
    arms = arms_of(IDS, SHARES, campaign_id="spring", now=NOW)
    dealt = np.isin(arms, ["treatment", "holdout"])
    design = np.column_stack([np.ones(dealt.sum()), earlier[dealt], year[dealt]])
    residual = month[dealt] - design @ np.linalg.lstsq(design, month[dealt], rcond=None)[0]
    quiet = residual.std() * np.sqrt(1 / card.n_treated + 1 / card.n_held_out)
    # 3.04 errors of the interval and .84 of the power, and more because the effect makes profit more uneven
    assert 3.87 * quiet < card.smallest_minor < 4.5 * quiet
    assert card.expected_at is not None
    assert card.starts_at <= card.expected_at <= card.tells_at == NOW + timedelta(days=30)
    nothing = power_card(people, lake=shop, shares=SHARES, campaign=SPRING, now=NOW, expected_minor=1.0)
    assert nothing.expected_at is None
    with pytest.raises(NoComparison, match="arm `holdout` has 0 people"):
        power_card(
            people,
            lake=shop,
            shares=replace(SHARES, treatment=1.0, holdout=0.0),
            campaign=SPRING,
            now=NOW,
        )


def test_everything_together_is_measured_against_the_shop_wide_holdout(shop: Lake) -> None:
    ends = SHARES.period_began_at(2)
    given = {"lake": shop, "shares": SHARES, "campaigns": (SPRING,), "currency": "EUR", "margin_rate": 0.4}
    found = measure_everything(**given, period=1, as_of=NOW + timedelta(days=30))
    began = datetime(2025, 5, 1)
    assert (found.began_at, found.ends_at) == (began, ends)
    # by hand: who was in neither holdout before, from 1 May on, contacts at 5 taken off
    first, second = SHARES.global_lottery(0), SHARES.global_lottery(1)
    left = first.lot(IDS) >= first.threshold(0.1)
    held = second.lot(IDS) < second.threshold(0.1)
    known = {row["person_id"] for row in shop.engine.rows(shop.table("touches").select("person_id"))}
    assert known == set(IDS.tolist())
    assert found.result.n_against == int((left & held).sum())
    assert found.result.n_people == int((left & ~held).sum())
    profit = np.zeros(N)
    place = {int(person): k for k, person in enumerate(IDS)}
    for row in orders(lift_minor=4_000).select(["person_id", "ordered_at", "items_minor"]).to_pylist():
        if began <= row["ordered_at"] < NOW + timedelta(days=30):
            profit[place[row["person_id"]]] += round(row["items_minor"] * 400) / 1_000
    profit -= 5.0 * (arms_of(IDS, SHARES, campaign_id="spring", now=NOW) == "treatment")
    raw = profit[left & ~held].mean() - profit[left & held].mean()
    assert found.result.raw_effect_minor == pytest.approx(raw, rel=1e-9)
    with pytest.raises(TermsMissing, match=r"Campaign `spring` sent offer `tea`, whose costs are not given"):
        measure_everything(**given | {"campaigns": ()}, period=1, as_of=NOW + timedelta(days=30))
    with pytest.raises(PeriodNotBegun, match="counts from 2025-05-01"):
        measure_everything(**given, period=1, as_of=began)
