"""Plans over people in a lake, checked by the program that shares no code with them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aimwell.promote import verify_plan
from aimwell.promote.plan.errors import (
    CannotHold,
    InputsChanged,
    NobodyEligible,
    NoPeople,
    OutOfReach,
    PlanMissing,
)
from aimwell.promote.plan.model import PRICE_UNIT, Limit, Problem
from aimwell.promote.plan.records import SETTLED
from aimwell.promote.plan.service import (
    Plan,
    assignments,
    choosing,
    export_plan,
    gathering,
    log_touches,
    open_slider,
    read_plan,
    read_plans,
)
from aimwell.promote.plan.service.gathering import all_choices
from aimwell.promote.plan.service.settling import digest_of
from aimwell.storage.lake.lake import Lake

from .conftest import NOW, MakePlan, campaign, offers, people

VERIFIER = Path(verify_plan.__file__)


def export(
    lake: Lake,
    plan_id: str,
    folder: Path,
    *,
    n_people: int = 600,
    table: pa.Table | None = None,
    **given: object,
) -> Path:
    export_plan(
        ibis.memtable(people(n_people) if table is None else table),
        lake=lake,
        plan_id=plan_id,
        offers=offers(n_people),
        campaign=campaign(n_people, **given),
        folder=folder,
    )
    return folder


def verdict(folder: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(folder)], capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout


@pytest.mark.both_engines
@pytest.mark.parametrize("contacts_per_person", [1, 2])
def test_a_plan_keeps_its_limits_and_its_certificate_is_confirmed(
    make_plan: MakePlan, lake: Lake, tmp_path: Path, contacts_per_person: int
) -> None:
    plan = make_plan(contacts_per_person=contacts_per_person)
    proof = plan.certificate
    assert proof.is_proven
    assert 0 <= proof.gap < 1e-3
    assert 0 < proof.cost_milli <= proof.budget_minor * 1000
    for limit in proof.limits:
        assert limit.minimum <= limit.use <= (limit.maximum if limit.maximum is not None else limit.use)
    assert next(limit.use for limit in proof.limits if limit.key == "offer tea") == 600 // 50
    assert proof.effect_basis.startswith("Effects are assumed, not measured")
    assert proof.value_low_milli < proof.value_milli < proof.value_high_milli
    # low and high: the gain in proportion, the cost the same
    gain = proof.value_milli + proof.cost_milli
    assert proof.value_low_milli == round(gain * 0.2 / 0.4) - proof.cost_milli
    code, told = verdict(
        export(lake, plan.plan_id, tmp_path / "out", contacts_per_person=contacts_per_person)
    )
    assert (code, told[:3]) == (0, "OK:"), told


def test_the_same_inputs_give_the_same_plan_and_it_is_made_once(make_plan: MakePlan, lake: Lake) -> None:
    first = make_plan()
    rows = lake.engine.rows(assignments(lake=lake, plan_id=first.plan_id).count().name("n").as_table())
    assert make_plan() == first
    assert (
        lake.engine.rows(assignments(lake=lake, plan_id=first.plan_id).count().name("n").as_table()) == rows
    )
    assert make_plan(salt="other").plan_id != first.plan_id
    assert len(read_plans(lake=lake)) == 2
    with pytest.raises(PlanMissing, match=first.plan_id):
        read_plan(lake=lake, plan_id="nothing")


@pytest.mark.parametrize("order", ["sorted", "alike"])
def test_sorted_and_equal_people_are_planned_as_well_as_any(
    make_plan: MakePlan, lake: Lake, tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wide way, with a small sample and few waverers, on people in order of worth, and on people all alike."""
    monkeypatch.setattr(gathering, "_SAMPLE", 2_000)
    monkeypatch.setattr(gathering, "_PER_LIMIT", 300)
    monkeypatch.setattr(choosing, "_WAVERERS", 2_000)
    monkeypatch.setattr(choosing, "_PROVE_UP_TO", 100)
    table = people(8_000).sort_by([("response_prob", "descending"), ("order_minor", "descending")])
    table = table.set_column(0, "person_id", pa.array(np.arange(8_000)))
    if order == "alike":
        for name, value in (("response_prob", 0.4), ("order_minor", 2_000), ("lift_tea", 1.0)):
            table = table.set_column(table.column_names.index(name), name, pa.array([value] * 8_000))
    plan = make_plan(8_000, table=table)
    # the bound may count half a person: where all are alike, up to one contact, of at most 2000 x 0.8 x 0.4 x 0.4 = 256
    missing = plan.certificate.bound_milli - plan.certificate.value_milli
    assert 0 <= missing <= (256_000 if order == "alike" else 1e-4 * plan.certificate.bound_milli)
    assert not plan.certificate.is_proven
    code, told = verdict(export(lake, plan.plan_id, tmp_path / "out", n_people=8_000, table=table))
    assert (code, told[:3]) == (0, "OK:"), told


@pytest.mark.both_engines
def test_the_held_out_are_chosen_like_all_others_and_left_alone(make_plan: MakePlan, lake: Lake) -> None:
    plan = make_plan(3_000)
    log_touches(lake=lake, plan_id=plan.plan_id, decided_at=NOW)
    assert log_touches(lake=lake, plan_id=plan.plan_id, decided_at=NOW).is_repeat
    rows = lake.engine.rows(lake.table("touches"))
    treated = [row for row in rows if row["arm"] == "treatment"]
    held = [row for row in rows if row["arm"] == "holdout"]
    assert len(treated) == plan.certificate.n_contacts
    assert all(row["offer_id"] and row["channel"] and row["propensity"] == 0.9 for row in treated)
    assert all(
        row["offer_id"] is None and row["channel"] is None and row["propensity"] == 0.1 for row in held
    )
    assert {row["person_id"] for row in treated}.isdisjoint(row["person_id"] for row in held)
    # of everyone chosen about a tenth is held out: 1 in 10 of some 400, give or take 4 standard deviations of 6
    share = len(held) / len(rows)
    assert abs(share - 0.1) < 4 * (0.09 / len(rows)) ** 0.5
    assert all(row["campaign_id"] == plan.plan_id and row["decided_at"] == NOW for row in rows)


def test_the_curve_never_falls_and_meets_the_plan(make_plan: MakePlan) -> None:
    plan = make_plan(budget_minor=600 * 4)
    profits = [point.profit_milli for point in plan.curve]
    assert profits == sorted(profits)
    slopes = [point.per_unit for point in plan.curve]
    assert slopes == sorted(slopes, reverse=True)
    here = next(point for point in plan.curve if point.budget_minor == 600 * 4)
    assert here.profit_milli == pytest.approx(plan.certificate.bound_milli, rel=1e-9)


@pytest.mark.both_engines
def test_the_slider_answers_for_any_budget(lake: Lake) -> None:
    slider = open_slider(
        ibis.memtable(people(600)), engine=lake.engine, offers=offers(600), campaign=campaign(600)
    )
    for budget_minor in (3_000, 5_000, 9_000):
        slider.learn(budget_minor)
    profits = [slider.at(budget_minor).profit_milli for budget_minor in (3_000, 4_000, 5_000, 7_000, 9_000)]
    assert profits == sorted(profits)
    assert 0 < slider.least_budget_minor < 3_000  # tea for 12 people, and contacts with 6 newcomers


def test_minima_that_no_small_budget_can_pay_shorten_the_curve(make_plan: MakePlan) -> None:
    need = Limit(key="offer tea", kind="offer", offer_ids=("tea",), segment=None, minimum=60)
    plan = make_plan(limits=(need,), budget_minor=3_000)
    assert (
        plan.curve[0].budget_minor > 300
    )  # a tenth, and less than 60 contacts of 4.5 and the incentives cost


@pytest.mark.both_engines
def test_measured_effects_are_said_to_be_measured(lake: Lake, make_plan: MakePlan) -> None:
    from aimwell.base.clock import FixedClock
    from aimwell.promote.plan.service import plan_campaign

    rng = np.random.default_rng(3)
    table = people(200)
    ids = np.repeat(table["person_id"].to_numpy(), 3)
    effects = pa.table(
        {
            "person_id": ids,
            "offer_id": ["tea", "ship", "vip"] * 200,
            "use_prob": rng.random(600) * 0.4,
            "gain_minor": rng.normal(200, 150, 600),
        }
    )
    plan = plan_campaign(
        ibis.memtable(table),
        lake=lake,
        clock=FixedClock(NOW),
        offers=offers(200),
        campaign=campaign(200),
        as_of=NOW,
        effects=ibis.memtable(effects),
    )
    assert plan.certificate.effect_basis.startswith("Effects come from the table of measured effects")
    assert plan.certificate.value_low_milli is None
    rows = lake.engine.rows(assignments(lake=lake, plan_id=plan.plan_id))
    assert rows
    assert all(row["response_ratio"] is None for row in rows)


def test_limits_that_cannot_hold_are_explained(make_plan: MakePlan) -> None:
    def need(minimum: int, offer_id: str = "tea") -> Limit:
        return Limit(
            key=f"offer {offer_id}", kind="offer", offer_ids=(offer_id,), segment=None, minimum=minimum
        )

    with pytest.raises(OutOfReach, match=r"minimum of 200 for `offer vip`.*only \d+ such contacts"):
        make_plan(limits=(need(200, "vip"),))  # some 80 of 600 people are in the segment
    with pytest.raises(CannotHold, match=r"channel sms \(0\.\.75\); offer tea \(100\.\.\)"):
        make_plan(limits=(need(100),))  # 600 / 8 = 75 text messages at most
    with pytest.raises(CannotHold, match=r"budget; offer tea \(50\.\.\)"):
        make_plan(limits=(need(50),), budget_minor=200)  # 50 contacts alone cost 225
    with pytest.raises(CannotHold, match=r"stock of ship \(0\.\.30\); offer ship \(31\.\.\)"):
        make_plan(limits=(need(31, "ship"),))
    nobody = people(600).set_column(4, "in_vip", pa.array([False] * 600))
    with pytest.raises(NobodyEligible, match=r"Offer `vip` can go to nobody.*segment vip"):
        make_plan(table=nobody)
    with pytest.raises(NoPeople, match="0 people"):
        make_plan(table=people(600).slice(0, 0))


def test_a_plan_is_exported_only_with_its_own_inputs(make_plan: MakePlan, lake: Lake, tmp_path: Path) -> None:
    plan = make_plan()
    table = people(600)
    other = table.set_column(1, "response_prob", pc.multiply(table["response_prob"], 0.99))
    with pytest.raises(InputsChanged, match="people"):
        export(lake, plan.plan_id, tmp_path / "out", table=other)
    with pytest.raises(InputsChanged, match="campaign"):
        export(lake, plan.plan_id, tmp_path / "out", budget_minor=1)
    assert not (tmp_path / "out").exists()


def test_the_verifier_finds_every_kind_of_lie(make_plan: MakePlan, lake: Lake, tmp_path: Path) -> None:
    plan = make_plan()
    truth = export(lake, plan.plan_id, tmp_path / "truth")
    for lie, told in _LIES.items():
        folder = tmp_path / lie.__name__
        export(lake, plan.plan_id, folder)
        lie(folder)
        code, said = verdict(folder)
        assert code == 1, lie.__name__
        assert told in said, (lie.__name__, said)
    assert verify_plan.main([str(truth)]) == 0
    assert verify_plan.main([]) == 2
    assert verify_plan.main([str(tmp_path / "nowhere")]) == 1


def _rewrite(folder: Path, name: str, change) -> None:
    """Change rows of a file and certify the changed file, as a skilful liar would."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *change(rows)])
    import hashlib

    _restate(
        folder,
        lambda stated: stated["files"].update(
            {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        ),
    )


def _restate(folder: Path, change) -> None:
    path = folder / "certificate.json"
    stated = json.loads(path.read_text("utf-8"))
    change(stated)
    path.write_text(json.dumps(stated), "utf-8")


def _another_byte(folder: Path) -> None:
    with (folder / "effects.csv").open("a") as file:
        file.write("\n")


def _one_offer_less(folder: Path) -> None:
    _rewrite(folder, "assignment.csv", lambda rows: rows[1:])


def _one_offer_twice(folder: Path) -> None:
    _rewrite(folder, "assignment.csv", lambda rows: [rows[0], *rows])


def _an_offer_out_of_reach(folder: Path) -> None:
    _rewrite(folder, "assignment.csv", lambda rows: [[rows[0][0], "none"], *rows[1:]])


def _better_effects(folder: Path) -> None:
    _rewrite(folder, "effects.csv", lambda rows: [[*row[:2], str(int(row[2]) + 1), row[3]] for row in rows])


def _a_lower_bound(folder: Path) -> None:
    _restate(folder, lambda stated: stated.update(bound_milli=stated["bound_milli"] - 1))


def _other_prices(folder: Path) -> None:
    _restate(folder, lambda stated: stated.update(budget_price=stated["budget_price"] + 9))


def _a_price_of_nothing(folder: Path) -> None:
    def change(stated) -> None:
        limit = next(limit for limit in stated["limits"] if limit["key"] == "segment new")
        limit["price_milli"] = 5  # it has no maximum

    _restate(folder, change)


def _a_wider_limit(folder: Path) -> None:
    def change(stated) -> None:
        limit = next(limit for limit in stated["limits"] if limit["key"] == "offer tea")
        limit["minimum"] = limit["maximum"] = limit["use"] + 1

    _restate(folder, change)


def _a_smaller_budget(folder: Path) -> None:
    _restate(folder, lambda stated: stated.update(budget_minor=1, budget_price=0))


def _another_arm(folder: Path) -> None:
    def change(rows: list[list[str]]) -> list[list[str]]:
        return [[row[0], "0", *row[2:]] for row in rows]

    _rewrite(folder, "people.csv", change)


def _not_sorted(folder: Path) -> None:
    _rewrite(folder, "effects.csv", lambda rows: [*rows[5:], *rows[:5]])


_LIES = {
    _another_byte: "not the file that was certified",
    _one_offer_less: "the certificate says",
    _one_offer_twice: "one twice",
    _an_offer_out_of_reach: "not eligible",
    _better_effects: "the certificate says",
    _a_lower_bound: "bound_milli",
    _other_prices: "bound_milli",
    _a_price_of_nothing: "no maximum",
    _a_wider_limit: "the certificate says",
    _a_smaller_budget: "the certificate says",
    _another_arm: "wrong arm",
    _not_sorted: "sorted",
}


def replayed(lake: Lake, plan: Plan, table: pa.Table, **given: Any) -> tuple[int, int]:
    """Decide everybody again in plain Python; return how many were settled by the last step, and how many came out otherwise."""
    n = table.num_rows
    problem = Problem.of(offers(n), campaign(n, **given))
    choices = all_choices(ibis.memtable(table), None, problem=problem, campaign=campaign(n, **given))
    proof, places = plan.certificate, range(len(problem.offers))
    got: dict[int, list[str]] = {}
    for row in lake.engine.rows(assignments(lake=lake, plan_id=plan.plan_id)):
        got.setdefault(row["person_id"], []).append(row["offer_id"])
    table_of = lake.table(SETTLED.name)
    kept = table_of.filter(table_of.plan_id == plan.plan_id)
    assert digest_of(kept, engine=lake.engine) == proof.settled
    settled: dict[int, list[str]] = {}
    for row in lake.engine.rows(kept):
        settled.setdefault(row["person_id"], []).extend([row["offer_id"]] if row["offer_id"] else [])
    n_wrong = 0
    for row in lake.engine.rows(choices):
        nets = []
        for k in places:
            if row[f"value_{k}"] is not None:
                offer_id = problem.offers[k].offer_id
                charged = proof.budget_price * row[f"cost_{k}"] // PRICE_UNIT + sum(
                    limit.price_milli
                    for limit in proof.limits
                    if offer_id in limit.offer_ids
                    and (limit.segment is None or row[f"member_{problem.segments.index(limit.segment)}"])
                )
                nets.append((row[f"value_{k}"] - charged, offer_id))
        best = sorted(nets, key=lambda one: -one[0])[: proof.contacts_per_person]
        chosen = settled.get(row["person_id"], [offer_id for net, offer_id in best if net > 0])
        n_wrong += sorted(chosen) != sorted(got.get(row["person_id"], []))
    return len(settled), n_wrong


@pytest.mark.both_engines
@pytest.mark.parametrize("contacts_per_person", [1, 2])
def test_prices_and_the_sealed_last_step_lead_to_the_plan_again(
    make_plan: MakePlan, lake: Lake, contacts_per_person: int
) -> None:
    plan = make_plan(contacts_per_person=contacts_per_person)
    n_settled, n_wrong = replayed(lake, plan, people(600), contacts_per_person=contacts_per_person)
    assert n_wrong == 0
    assert 0 < n_settled < 30


def test_of_many_people_the_last_step_settles_few(
    make_plan: MakePlan, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wide way: prices move after everyone decided, and nobody whom that concerns is forgotten."""
    monkeypatch.setattr(gathering, "_SAMPLE", 2_000)
    monkeypatch.setattr(gathering, "_PER_LIMIT", 300)
    monkeypatch.setattr(choosing, "_WAVERERS", 2_000)
    monkeypatch.setattr(choosing, "_PROVE_UP_TO", 100)
    table = people(8_000)
    n_settled, n_wrong = replayed(lake, make_plan(8_000, table=table), table)
    assert n_wrong == 0
    assert 0 < n_settled < 100
