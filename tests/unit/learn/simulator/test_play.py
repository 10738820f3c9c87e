"""Playing campaigns, and files with and without dirt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aimwell.learn.simulator.accounts import accounts, customers_table
from aimwell.learn.simulator.campaigns import plan_of, read_contacts, read_deals, remembered, to_remember
from aimwell.learn.simulator.dirt import dirtied_events, dirtied_lines
from aimwell.learn.simulator.errors import TouchesUnusable
from aimwell.learn.simulator.footprints import visit_events
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import WHOLE_SHOP, Deal, Dirt, Touches
from aimwell.learn.simulator.play import Plan, play
from aimwell.learn.simulator.saving import truth_table
from aimwell.learn.simulator.tables import Teller
from aimwell.learn.simulator.truth import truth
from aimwell.learn.simulator.world import World
from aimwell.trust.vault.forms import matched_form

Make = Callable[..., World]


def everyone(day: int, n: int, deal: int = 1) -> Touches:
    return Touches.on(day, np.arange(n), np.full(n, deal))


def test_without_contacts_both_lives_are_one(world: Make, deals: Sequence[Deal]) -> None:
    nobody = Touches.on(60, np.empty(0, dtype=int), np.empty(0, dtype=int))
    (played,) = play(world(), since=60, days=30, plan=Plan(touches=nobody, deals=deals))
    for name in ("customers", "order_lines", "events", "cases"):
        assert getattr(played.happened, name).equals(getattr(played.otherwise, name))
    assert played.happened.order_lines.num_rows > 100
    assert played.effects.num_rows == 0


def test_the_effects_are_the_truth_and_what_happened(world: Make, deals: Sequence[Deal]) -> None:
    made = world("grocery")
    (played,) = play(made, since=60, days=40, plan=Plan(touches=everyone(60, 2_000), deals=deals))
    life = Life(made)
    life.live(60)
    effects = played.effects
    assert effects["expected_effect_minor"].to_numpy() == pytest.approx(truth(life, deals).effect[:, 1])
    assert (effects["person"].to_numpy() == np.arange(2_000)).all()

    def profit(lines: pa.Table) -> float:
        start = datetime(2024, 3, 1, 5)  # day 60 begins in New York
        new = lines.filter(pc.greater_equal(lines["placed_at"], pa.scalar(start)))
        kept = new.filter(pc.is_null(new["refunded"]))
        return 100 * (pc.sum(kept["net"]).as_py() - pc.sum(kept["cost"]).as_py())

    realised = profit(played.happened.order_lines) - profit(played.otherwise.order_lines)
    delivered = pc.sum(effects["is_delivered"]).as_py()
    told = pc.sum(effects["realised_effect_minor"]).as_py()
    # what comes back after the last day is in the truth and not yet in the files: at most a few lines
    assert told == pytest.approx(realised - delivered, abs=0.02 * abs(realised))


def test_earlier_contacts_have_made_people_what_they_are(world: Make, deals: Sequence[Deal]) -> None:
    made = world("grocery")
    now, before = (
        Plan(touches=everyone(60, 2_000), deals=deals),
        Plan(touches=everyone(40, 2_000), deals=deals),
    )
    (fresh,), (tired,) = (
        play(made, since=60, days=10, plan=now),
        play(made, since=60, days=10, plan=now, earlier=before),
    )
    opened = [pc.sum(played.effects["is_opened"]).as_py() for played in (fresh, tired)]
    assert opened[1] < opened[0]


def test_lines_that_come_back_now_are_told_again(world: Make, deals: Sequence[Deal]) -> None:
    nobody = Touches.on(60, np.empty(0, dtype=int), np.empty(0, dtype=int))
    made = world("gift-shop", people=6_000)
    (played,) = play(made, since=60, days=30, plan=Plan(touches=nobody, deals=deals))
    lines = played.happened.order_lines
    start = pa.scalar(datetime(2024, 3, 1, 5))
    old = lines.filter(pc.less(lines["placed_at"], start))
    back = old.filter(pc.is_valid(old["refunded_at"]))
    assert old.num_rows > 5
    assert set(back["order"].to_pylist()) == set(old["order"].to_pylist())  # whole orders, each with a return
    assert pc.max(back["refunded_at"]).as_py() < datetime(2024, 3, 31, 5)
    assert pc.all(pc.equal(back["refunded"], back["net"])).as_py()


def test_a_world_can_be_played_from_its_first_day(world: Make, deals: Sequence[Deal]) -> None:
    (played,) = play(world(), since=0, days=30, plan=Plan(touches=everyone(0, 2_000), deals=deals))
    assert played.happened.order_lines.num_rows > 100
    assert played.effects.num_rows == 2_000


def test_contacts_on_other_days_are_refused(world: Make, deals: Sequence[Deal]) -> None:
    with pytest.raises(TouchesUnusable, match="60 … 89"):
        next(play(world(), since=60, days=30, plan=Plan(touches=everyone(90, 10), deals=deals)))


def test_a_plan_is_read_from_files_and_remembered(tmp_path: Path, world: Make) -> None:
    made = world(zone="Asia/Shanghai", currency="CNY")
    (tmp_path / "deals.toml").write_text(
        '[[deals]]\noffer_id = "tea"\nchannel = "sms"\ndiscount_rate = 0.1\ncategory = "Home > Glass"\ncontact_cost = "0.045"\n'
        '[[deals]]\noffer_id = "all"\nchannel = "wechat"\n'
    )
    deals = read_deals(tmp_path / "deals.toml", world=made)
    assert deals == (
        Deal(offer_id="tea", channel="sms", discount_rate=0.1, category=6, contact_milli=4_500),
        Deal(offer_id="all", channel="wechat", discount_rate=0.0, category=WHOLE_SHOP, contact_milli=0),
    )
    (tmp_path / "touches.csv").write_text(
        "account,offer_id,at\na2,all,2024-01-10 23:30:00\na1,tea,2024-01-11 02:00:00\n"
    )
    people = pa.table({"account": ["a1", "a2"], "person": [7, 8]})
    plan = plan_of(read_contacts(tmp_path / "touches.csv"), deals, world=made, people=people)
    # 23:30 UTC is 07:30 of the next day in Shanghai
    assert [plan.touches.person.tolist(), plan.touches.deal.tolist()] == [[8, 7], [1, 0]]
    assert [plan.touches.day.tolist(), plan.touches.hour.tolist()] == [[10, 10], [7, 10]]
    again = remembered(to_remember(plan))
    assert again is not None
    assert [again.deals[d] for d in again.touches.deal] == [deals[1], deals[0]]
    assert again.touches.day.tolist() == [10, 10]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deals = 3", "deals"),
        ('[[deals]]\noffer_id = "x"\nchannel = "fax"', "channel"),
        ('[[deals]]\noffer_id = "x"\nchannel = "sms"\ncategory = "Tea"', "Tea"),
        ("[[", "TOML"),
    ],
)
def test_bad_deals_are_refused_with_their_place(tmp_path: Path, world: Make, text: str, said: str) -> None:
    (tmp_path / "deals.toml").write_text(text)
    with pytest.raises(TouchesUnusable, match=said):
        read_deals(tmp_path / "deals.toml", world=world())


def test_bad_contacts_are_refused(tmp_path: Path, world: Make, deals: Sequence[Deal]) -> None:
    people = pa.table({"account": ["a1"], "person": [7]})
    for rows, said in (
        ("account,offer_id,at\nzz,news,2024-01-10", "zz"),
        ("account,offer_id,at\na1,old,2024-01-10", "old"),
        ("account,offer_id,at\na1,news,soon", "soon"),
        ("who,what\n1,2", "who, what"),
    ):
        (tmp_path / "touches.csv").write_text(rows)
        with pytest.raises(TouchesUnusable, match=said):
            plan_of(read_contacts(tmp_path / "touches.csv"), deals, world=world(), people=people)


def told(made: World, days: int) -> tuple[Teller, pa.Table, pa.Table]:
    life = Life(made)
    teller = Teller(life=life, known=accounts(life), until=days)
    lived = life.live(days)
    return (
        teller,
        pa.concat_tables(teller.order_lines(lived.orders)),
        pa.concat_tables(visit_events(teller, lived.visits)),
    )


def test_dirt_is_what_was_asked_for(world: Make) -> None:
    _, lines, events = told(world(people=6_000), 120)
    dirt = Dirt(duplicate_rate=0.05, late_rate=0.1, clock_rate=0.02, test_rate=0.03)
    found = dirtied_lines(lines, dirt, seed=1)
    assert (
        found.counts["duplicates"] + found.counts["tests"] + lines.num_rows
        == found.rows.num_rows + found.late.num_rows
    )
    for kind, rate in (("duplicates", 0.05), ("late", 0.1), ("clocks", 0.02), ("tests", 0.03)):
        assert found.counts[kind] / lines.num_rows == pytest.approx(rate, rel=0.35), kind
    late, usual = set(found.late["order"].to_pylist()), set(found.rows["order"].to_pylist())
    assert not late & usual  # orders are late as a whole
    tests = found.rows.filter(pc.equal(found.rows["tags"], "test"))
    assert set(tests["account"].to_pylist()) == {"tester"}
    assert not set(tests["order"].to_pylist()) & set(lines["order"].to_pylist())
    clean = dirtied_lines(lines, Dirt(), seed=1)
    assert clean.rows.equals(lines)
    assert set(clean.counts.values()) == {0}
    moved = dirtied_events(events, dirt, seed=1)
    assert moved.counts["clocks"] / events.num_rows == pytest.approx(0.02, rel=0.2)


def test_nothing_is_told_before_it_is_known(world: Make) -> None:
    teller, lines, events = told(world(people=4_000), 120)
    end = datetime(2024, 4, 30, 4)  # day 120 begins in New York
    assert pc.max(lines["placed_at"]).as_py() < end
    assert pc.max(lines["refunded_at"]).as_py() < end
    assert pc.max(events["at"]).as_py() < end
    orders = teller.life.copy()
    assert orders.day == 120


def test_orders_and_events_have_ids_of_their_own(world: Make) -> None:
    _, lines, events = told(world(people=4_000), 120)
    assert len(set(zip(lines["order"].to_pylist(), lines["line"].to_pylist(), strict=True))) == lines.num_rows
    assert len(set(events["event_id"].to_pylist())) == events.num_rows
    named = set(events["name"].to_pylist())
    assert named == {"Product Viewed", "Products Searched", "Product Added"}


def test_accounts_of_one_person_can_be_linked_or_not(world: Make) -> None:
    life = Life(world(people=4_000, market="china"))
    known = accounts(life)
    table = customers_table(life, known, until=10_000)
    assert len(set(known.key.to_pylist())) == len(known.key) == table.num_rows
    n_each = np.bincount(known.person)
    assert (n_each > 1).mean() == pytest.approx(0.12, abs=0.03)
    assert n_each.max() == 3
    emails = [matched_form("email", value, region="CN") for value in table["email"].to_pylist()]
    phones = [
        matched_form("phone", value, region="CN") if value else None for value in table["phone"].to_pylist()
    ]
    assert None not in emails
    second = np.flatnonzero(known.nth > 0)
    first = known.begin[known.person[second]]
    same_email = [emails[a] == emails[b] for a, b in zip(first, second, strict=True)]
    same_phone = [
        phones[a] is not None and phones[a] == phones[b] for a, b in zip(first, second, strict=True)
    ]
    assert 0.3 < np.mean(same_email) < 0.7
    assert 0.4 < np.mean(same_phone) < 0.9
    main = known.nth == 0
    assert (
        len({e for e, is_main in zip(emails, main, strict=True) if is_main}) == 4_000
    )  # nobody shares with others
    used = known.used(life, np.arange(4_000), np.full(4_000, 200))
    assert (known.person[used] == np.arange(4_000)).all()
    assert (known.since[used] <= 200)[life.people.born <= 200].all()


def test_the_truth_table_has_a_row_per_account(world: Make) -> None:
    life = Life(world())
    known = accounts(life)
    table = truth_table(life, known)
    assert table.num_rows == len(known.key)
    tastes = np.stack([table[f"taste_{n}"].to_numpy() for n in range(12)])
    assert tastes.sum(axis=0) == pytest.approx(1.0, abs=1e-5)
    assert set(table["kind"].to_pylist()) == {"ordinary", "sure", "dog", "hunter"}
