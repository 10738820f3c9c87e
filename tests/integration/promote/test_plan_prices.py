"""Plans whose assumed ranges come from past prices: what they say, what they prove, and when they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import ibis
import pytest

from aimwell.base.clock import FixedClock
from aimwell.promote import verify_plan
from aimwell.promote.plan.errors import InputsChanged, RangeNotLookedUp, RangeUnknown
from aimwell.promote.plan.model import Campaign, Incrementality, Offer
from aimwell.promote.plan.service import Plan, export_plan, plan_campaign, with_ranges
from aimwell.storage.lake.lake import Lake

from .conftest import NOW, campaign, keep_prices, people

N_PEOPLE = 300
TEA = Offer(
    offer_id="tea", name="Tea", channel="sms", contact_milli=4_500, incentive_minor=80, margin_rate=0.4,
    discount_rate=0.2, product="p_tea",
)  # fmt: skip
JUICE = replace(TEA, offer_id="juice", channel="app", product=None, category="juice")
LETTER = replace(TEA, offer_id="letter", channel="post", product=None, discount_rate=None)
STATED = Incrementality(low=0.2, mid=0.4, high=0.6)


def asked(**given: object) -> Campaign:
    usual = {"limits": (), "channel_capacities": {}, "range_source": "prices", "incrementality": None}
    return campaign(N_PEOPLE, **(usual | given))


@pytest.fixture
def make(lake: Lake) -> Callable[..., Plan]:
    def planned(offers: tuple[Offer, ...], wanted: Campaign) -> Plan:
        return plan_campaign(
            ibis.memtable(people(N_PEOPLE)),
            lake=lake,
            clock=FixedClock(NOW),
            offers=with_ranges(offers, wanted, lake=lake, as_of=NOW),
            campaign=wanted,
            as_of=NOW,
        )

    return planned


def exported(lake: Lake, plan: Plan, offers: tuple[Offer, ...], wanted: Campaign, folder: Path) -> Path:
    kept = with_ranges(offers, wanted, lake=lake, as_of=NOW, kept=plan.certificate.assumed)
    export_plan(
        ibis.memtable(people(N_PEOPLE)),
        lake=lake, plan_id=plan.plan_id, offers=kept, campaign=wanted, folder=folder,
    )  # fmt: skip
    return folder


def test_each_offer_has_the_range_that_its_products_say(lake: Lake, make: Callable[..., Plan]) -> None:
    model_id = keep_prices(lake, tea=-2.0, juice=-1.0)
    proof = make((TEA, JUICE), asked()).certificate
    tea, juice = proof.assumed["tea"], proof.assumed["juice"]
    assert tea.range.mid == pytest.approx(1 - 0.8**2)
    assert tea.range.low == pytest.approx(1 - 0.8 ** (2 - 1.644854 * 0.5), abs=1e-6)
    assert tea.range.high == pytest.approx(1 - 0.8 ** (2 + 1.644854 * 0.5), abs=1e-6)
    assert juice.range.mid == pytest.approx(0.2)
    assert tea.prices is not None
    assert (tea.prices.model_id, tea.prices.as_of, tea.prices.n_weeks) == (model_id, NOW.isoformat(), 52)
    assert (tea.prices.scope, juice.prices.scope, juice.prices.about) == ("product", "category", "juice")
    assert proof.incrementality is None
    assert not proof.is_measured
    assert "past prices of the shop" in proof.effect_basis
    assert proof.value_low_milli < proof.value_milli < proof.value_high_milli


@pytest.mark.parametrize(("tea", "juice", "best"), [(-2.0, -1.0, "x"), (-1.0, -2.0, "y")])
def test_what_past_prices_say_decides_who_gets_what(
    lake: Lake, make: Callable[..., Plan], tea: float, juice: float, best: str
) -> None:
    """Equal offers but for their products: everybody gets the one whose buyers answer."""
    keep_prices(lake, tea=tea, juice=juice)
    offers = (replace(TEA, offer_id="x"), replace(TEA, offer_id="y", product="p_juice"))
    plan = make(offers, asked(budget_minor=10**6))
    rows = lake.engine.rows(lake.table("plan_assignments").filter(lambda t: t.plan_id == plan.plan_id))
    assert {row["offer_id"] for row in rows} == {best}


def test_the_verifier_reckons_ranges_and_ends_again(
    lake: Lake, make: Callable[..., Plan], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_prices(lake, tea=-2.0, juice=-1.0)
    wanted = asked(incrementality=STATED)
    offers = (TEA, JUICE, LETTER)
    folder = exported(lake, make(offers, wanted), offers, wanted, tmp_path)
    assert verify_plan.main([str(folder)]) == 0
    told = json.loads((folder / "certificate.json").read_text("utf-8"))

    def spoilt(change: Callable[[dict], object]) -> str:
        wrong = json.loads(json.dumps(told))
        change(wrong)
        (folder / "certificate.json").write_text(json.dumps(wrong), "utf-8")
        assert verify_plan.main([str(folder)]) == 1
        return capsys.readouterr().out

    assert "mid of tea" in spoilt(lambda c: c["assumed"]["tea"]["range"].update(mid=0.5))
    assert "low of juice" in spoilt(lambda c: c["assumed"]["juice"]["prices"].update(elasticity_se=0.1))
    assert "younger" in spoilt(lambda c: c["assumed"]["tea"]["prices"].update(as_of="2999-01-01T00:00:00"))
    assert "neither stated" in spoilt(lambda c: c["assumed"]["letter"]["range"].update(mid=0.5))
    assert "other offers" in spoilt(lambda c: c["assumed"].pop("tea"))
    assert "value_low_milli" in spoilt(lambda c: c.update(value_low_milli=c["value_low_milli"] + 10))
    assert "value_high_milli" in spoilt(lambda c: c.update(value_high_milli=0))


@pytest.mark.parametrize(
    ("offer", "models", "why_not", "told"),
    [
        (LETTER, [{"tea": -2.0}], "no_discount", "names no discount_rate"),
        (TEA, [], "no_model", "no price model was fitted as of the plan's day or before"),
        (TEA, [{"juice": -2.0}], "no_product", "does not know the offer's product"),
        (JUICE, [{"tea": -2.0}], "no_category", "knows no product of the offer's category"),
        (TEA, [{"tea": 0.3}], "no_uplift", "more was sold when it was dearer"),
    ],
)
def test_where_past_prices_say_nothing_it_refuses_or_falls_back_on_what_is_stated(
    lake: Lake, offer: Offer, models: list[dict[str, float]], why_not: str, told: str
) -> None:
    for elasticities in models:
        keep_prices(lake, **elasticities)
    with pytest.raises(RangeUnknown) as caught:
        with_ranges((offer,), asked(), lake=lake, as_of=NOW)
    assert f"`{offer.offer_id}`" in str(caught.value)
    assert told in str(caught.value)
    (found,) = with_ranges((offer,), asked(incrementality=STATED), lake=lake, as_of=NOW)
    assert found.assumed is not None
    assert (found.assumed.range, found.assumed.prices, found.assumed.why_not) == (STATED, None, why_not)


def test_a_doubtful_direction_makes_a_range_that_begins_at_nothing(lake: Lake) -> None:
    keep_prices(lake, tea=-0.5)  # +- 0.82: the interval holds 0
    (found,) = with_ranges((TEA,), asked(), lake=lake, as_of=NOW)
    assert found.assumed.range.low == 0.0
    assert 0.0 < found.assumed.range.mid < found.assumed.range.high


def test_no_price_model_of_later_is_asked(lake: Lake) -> None:
    old = keep_prices(lake, as_of=NOW - timedelta(days=60), tea=-1.0)
    new = keep_prices(lake, as_of=NOW - timedelta(days=1), tea=-2.0)
    later = keep_prices(lake, as_of=NOW + timedelta(seconds=1), tea=-3.0)  # in use, but of the plan's future

    def asked_at(days: int) -> str:
        moment = NOW - timedelta(days=days)
        (found,) = with_ranges((TEA,), asked(), lake=lake, as_of=moment)
        return found.assumed.prices.model_id

    assert (asked_at(0), asked_at(1), asked_at(2), asked_at(-1)) == (new, new, old, later)
    with pytest.raises(RangeUnknown):
        asked_at(61)


def test_an_export_keeps_the_ranges_of_the_plan_though_prices_were_fitted_since(
    lake: Lake, make: Callable[..., Plan], tmp_path: Path
) -> None:
    keep_prices(lake, as_of=NOW - timedelta(days=9), tea=-2.0)
    plan = make((TEA,), asked())
    keep_prices(lake, as_of=NOW - timedelta(days=1), tea=-1.0)
    assert verify_plan.main([str(exported(lake, plan, (TEA,), asked(), tmp_path / "a"))]) == 0
    assert make((TEA,), asked()).plan_id != plan.plan_id  # a new plan asks the new model
    with pytest.raises(InputsChanged, match="offers"):
        exported(lake, plan, (replace(TEA, discount_rate=0.3),), asked(), tmp_path / "b")
    with pytest.raises(InputsChanged, match="campaign"):
        exported(lake, plan, (TEA,), asked(range_source="stated", incrementality=STATED), tmp_path / "c")


def test_ranges_that_nobody_looked_up_are_refused_though_one_is_stated(lake: Lake) -> None:
    with pytest.raises(RangeNotLookedUp, match="with_ranges"):
        plan_campaign(
            ibis.memtable(people(N_PEOPLE)),
            lake=lake,
            clock=FixedClock(NOW),
            offers=(TEA,),
            campaign=asked(incrementality=STATED),
            as_of=NOW,
        )


def test_a_stated_range_needs_no_prices(lake: Lake) -> None:
    offers = (TEA, JUICE)
    stated = asked(range_source="stated", incrementality=STATED)
    assert with_ranges(offers, stated, lake=lake, as_of=NOW) == offers
