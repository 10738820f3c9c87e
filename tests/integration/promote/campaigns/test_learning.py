"""The loop of a shop that knows nothing yet: explore, see what comes of it, fit, score, and plan with what was learned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chisquare

from aimwell.base.clock import FixedClock
from aimwell.base.words import Words
from aimwell.intake.facts import FACTS, TOUCHES
from aimwell.predict.effect.service import read_card
from aimwell.predict.effect.tables.decisions import CHANCES
from aimwell.promote.campaigns.replay import replay
from aimwell.promote.campaigns.service.asking import why
from aimwell.promote.campaigns.service.chances import logged_chances
from aimwell.promote.campaigns.service.creating import new_campaign
from aimwell.promote.campaigns.service.life import (
    approve,
    contacts_of,
    decisions_of,
    explorers_of,
    send,
    status,
)
from aimwell.promote.campaigns.service.measuring import measure_round
from aimwell.promote.campaigns.service.planning import plan_round
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.plan.explain import basis, beliefs
from aimwell.promote.plan.service import read_plan
from aimwell.shop import Shop, init_shop, open_shop

from ..outbox.conftest import Recorder
from .conftest import run

N = 2_000
BEFORE = datetime(2025, 3, 1)
NOW = datetime(2025, 3, 1, 10)
AFTER = datetime(2025, 4, 10)
OFFERS = {"comeback_news": -250, "comeback_voucher": 900}  # what each makes those spend more who buy

OFFERS_FILE = """
currency = "EUR"
[[offers]]
id = "comeback_news"
name = "What is new"
channel = "email"
contact_cost = "0.50"
"""
PLAN_FILE = """
name = "spring"
currency = "EUR"
budget = "100.00"
salt = "spring"
assumed_incrementality = { low = 0.1, mid = 0.3, high = 0.5 }
"""


def orders(rows: list[tuple[int, datetime, int]]) -> ibis.Table:
    schema = FACTS["orders"].schema
    told = [
        dict.fromkeys(schema)
        | {"source": "drawn", "order_id": f"{person}-{at:%Y%m%d%H%M}", "person_id": person}
        | {"ordered_at": at, "local_at": at, "known_at": at, "status": "completed", "n_lines": 0}
        | {"items_minor": amount, "currency": "EUR"}
        for person, at, amount in rows
    ]
    return ibis.memtable(pa.Table.from_pylist(told, schema=schema.to_pyarrow()))


def lived_before(ids: list[int]) -> list[tuple[int, datetime, int]]:
    random = np.random.default_rng(5)
    rows = []
    for person in ids:
        day = float(random.uniform(0, 300))
        while day < 420:
            at = BEFORE - timedelta(days=420) + timedelta(days=int(day))
            rows.append((person, at, int(random.gamma(4, 1_500)) + 1))
            day += 1 + random.exponential(random.gamma(2.0, 30.0) + 5)
    return rows


@pytest.fixture(scope="module")
def quiet_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "tea"
    init_shop(folder, currency="EUR", time_zone="UTC")
    with open_shop(folder) as shop:
        ids = np.random.default_rng(4).integers(2**40, 2**62, N).tolist()
        shop.lake.append(FACTS["orders"], orders(lived_before(ids)))
        customers = FACTS["customers"].schema
        known = [
            dict.fromkeys(customers)
            | {"source": "drawn", "account_id": str(person), "person_id": person, "known_at": BEFORE}
            for person in ids
        ]
        shop.lake.append(
            FACTS["customers"], ibis.memtable(pa.Table.from_pylist(known, schema=customers.to_pyarrow()))
        )
    valued(folder, "2025-03-01", "build", "fit", "score")
    path = new_campaign("winback", recipe="winback", folder=folder)[0]
    told = path.read_text("utf-8")
    for old, new in (
        ('purpose = "marketing"', 'purpose = "transactional"'),  # needs no consent
        ('segment = "recipe_winback"', "#"),
        ('budget = "800.00"', 'budget = "20000.00"'),
        ("holdout = 0.1\n", "holdout = 0.15\n"),
        ("random = 0.1 ", "random = 0.0 "),
        ("share = 0.05 ", "share = 0.5 "),
        ("global_holdout = 0.05", "global_holdout = 0.0"),
        ('contact_cost = "0.01"', 'contact_cost = "1.50"'),
        ('incentive_cost = "8.00"', 'incentive_cost = "1.00"'),
    ):
        assert old in told
        told = told.replace(old, new)
    path.write_text(told, "utf-8")
    return folder


_COMMANDS = {
    "build": ("portrait", "build"),
    "fit": ("predict", "fit", "value"),
    "score": ("predict", "score", "value"),
}


def valued(folder: Path, day: str, *steps: str) -> None:
    for step in steps:
        assert run(*_COMMANDS[step], "--as-of", day, "--shop", str(folder)) == 0


@contextmanager
def tools_at(folder: Path, now: datetime) -> Iterator[tuple[Shop, Tools]]:
    channel = Recorder(name="email", kind="webhook")
    with open_shop(folder, clock=FixedClock(now)) as shop, shop.campaigns() as found:
        yield shop, replace(found, channels={"email": channel}, sleep=lambda seconds: None)


@dataclass(frozen=True)
class Launched:
    folder: Path
    n_explorers: int


@pytest.fixture(scope="module")
def first_round(quiet_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    folder = tmp_path_factory.mktemp("first") / "tea"
    shutil.copytree(quiet_shop, folder)
    with tools_at(folder, NOW) as (_, tools):
        planned = plan_round("winback", tools=tools, actor="ann")
        approve("winback", tools=tools, actor="bob")
        assert send("winback", tools=tools, actor="bob").state == "done"
    return Launched(folder=folder, n_explorers=planned.arms["explore"])


def test_the_logged_chances_are_those_that_decided(first_round: Launched) -> None:
    with tools_at(first_round.folder, NOW) as (shop, tools):
        found = status("winback", tools=tools).round
        assert found is not None
        engine, lake = shop.engine, shop.lake
        explorers = engine.rows(explorers_of(found, lake=lake).order_by("person_id"))
        touches = {
            row["person_id"]: row
            for row in engine.rows(lake.table(TOUCHES.name).filter(lambda t: t.arm == "explore"))
        }
        chances: dict[int, dict[str | None, float]] = {}
        for row in engine.rows(lake.table(CHANCES.name).filter(lambda t: t.comparison == "explore")):
            chances.setdefault(row["person_id"], {})[row["offer_id"]] = row["propensity"]
        receipts = engine.rows(decisions_of(found, lake=lake))
    assert 500 < len(explorers) <= first_round.n_explorers
    assert {row["person_id"] for row in receipts if row["arm"] == "explore" and row["is_part"]} == {
        row["person_id"] for row in explorers
    }
    names = [None, *found.terms.offer_ids]
    for row in explorers:
        person = row["person_id"]
        assert touches[person]["offer_id"] == row["offer_id"]
        assert touches[person]["propensity"] == chances[person][row["offer_id"]] == row["propensity"]
        assert sum(chances[person].values()) == pytest.approx(1.0)
    # how often each action was drawn, against the sum of its chances
    drawn = [sum(row["offer_id"] == name for row in explorers) for name in names]
    expected = np.array([row["chances"] for row in explorers]).sum(axis=0)
    assert min(expected) > 50
    assert chisquare(drawn, expected).pvalue > 0.001
    # and among those whose chance of an offer is high and low
    for k in range(1, len(names)):
        prob = np.array([row["chances"][k] for row in explorers])
        took = np.array([row["offer_id"] == names[k] for row in explorers])
        for part in (prob <= np.median(prob), prob > np.median(prob)):
            spread = np.sqrt((prob[part] * (1 - prob[part])).sum())
            assert abs(took[part].sum() - prob[part].sum()) < 4 * spread + 1


def test_what_the_arm_random_got_was_drawn_by_the_logged_chances(quiet_shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tea"
    shutil.copytree(quiet_shop, folder)
    path = folder / "campaigns" / "winback.toml"
    told = path.read_text("utf-8")
    assert "random = 0.0 " in told
    assert "share = 0.5 " in told
    path.write_text(
        told.replace("random = 0.0 ", "random = 0.3 ").replace("share = 0.5 ", "share = 0 "), "utf-8"
    )
    with tools_at(folder, NOW) as (shop, tools):
        plan_round("winback", tools=tools, actor="ann")
        approve("winback", tools=tools, actor="bob")
        assert send("winback", tools=tools, actor="bob").state == "done"
        touches = shop.lake.table(TOUCHES.name)
        got = {
            r["person_id"]: r
            for r in shop.engine.rows(touches.filter(touches.arm.isin(["random", "holdout"])))
        }
        chances = logged_chances(lake=shop.lake, database=shop.database)
        assert chances is not None
        by_lot = shop.engine.rows(chances.filter(chances.comparison == "random"))
    arms = {person: got[person]["arm"] for person in {row["person_id"] for row in by_lot}}
    assert {person for person, arm in arms.items() if arm == "random"} == {
        person for person, row in got.items() if row["arm"] == "random"
    }
    of_arm = [row for row in by_lot if arms[row["person_id"]] == "random"]
    offered = 1 - next(row["propensity"] for row in of_arm if row["offer_id"] is None)
    assert {arms.get(person) for person in arms} == {"random", "holdout"}
    names = sorted({row["offer_id"] for row in of_arm if row["offer_id"]})
    drawn = [
        sum(got[r["person_id"]]["offer_id"] == name for r in of_arm if r["offer_id"] == name)
        for name in names
    ]
    expected = [sum(r["propensity"] / offered for r in of_arm if r["offer_id"] == name) for name in names]
    assert sum(drawn) == pytest.approx(sum(expected))  # everyone in the arm got one
    assert len(names) > 1
    assert chisquare(drawn, expected).pvalue > 0.001
    n_held = sum(arm == "holdout" for arm in arms.values())
    assert n_held / len(arms) == pytest.approx(1 - offered, abs=0.03)


def test_explorers_are_told_replayed_and_taken_off_the_budget(first_round: Launched) -> None:
    words = Words("en", "UTC")
    with tools_at(first_round.folder, NOW) as (shop, tools):
        found = status("winback", tools=tools).round
        assert found is not None
        contacts = shop.engine.rows(contacts_of(found, lake=shop.lake))
        cost = sum(row["cost_milli"] for row in contacts if row["arm"] == "explore")
        explorers = shop.engine.rows(explorers_of(found, lake=shop.lake).order_by("person_id").limit(12))
        for row in explorers:
            told = why(row["person_id"], "winback", tools=tools)
            assert told.replay.verdict == "same"
            said = "\n".join(one.said(words) for one in told.sentences(words=words))
            assert "an explorer" in said
            assert "The lot could fall on nothing with probability" in said
            other = tuple(one for one in found.terms.offer_ids if one not in told.decision.chosen)[:1]
            changed = replace(told.decision, chosen=other)
            assert replay(changed, terms=found.terms, certificate=told.certificate).verdict == "different"
        assert told.certificate.budget_minor == 2_000_000 - -(-cost // 1000)
        measured = measure_round("winback", tools=replace(tools, clock=FixedClock(AFTER)))
    assert {measured.result.arm, measured.result.against} == {"treatment", "holdout"}
    assert "explore" not in {one.arm for one in measured.others}
    assert next(one.n_people for one in measured.arms if one.arm == "explore") > 500


def test_the_next_round_plans_with_what_was_assumed_and_what_was_measured(
    first_round: Launched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One round of 2,000 people measures a small loss, give or take more than that: it must not end what is assumed to pay."""
    folder = tmp_path / "tea"
    shutil.copytree(first_round.folder, folder)
    random = np.random.default_rng(6)
    with open_shop(folder) as shop:
        rows = []
        for row in shop.engine.rows(shop.lake.table(TOUCHES.name).order_by("person_id")):
            if random.random() < 0.5:
                at = NOW + timedelta(days=int(random.integers(1, 29)))
                more = OFFERS.get(row["offer_id"], 0)
                rows.append((row["person_id"], at, int(random.gamma(4, 1_500)) + 1 + more))
        shop.lake.append(FACTS["orders"], orders(rows))
    given = ("--shop", str(folder))
    assert run("predict", "fit", "effect", "--as-of", "2025-04-10", *given) == 0
    valued(folder, "2025-04-10", "build", "score")  # with the values' model of March
    assert run("predict", "score", "effect", *given) == 0
    with tools_at(folder, AFTER) as (shop, tools):
        planned = plan_round("winback", tools=tools, actor="ann")
        touches = shop.engine.rows(shop.lake.table(TOUCHES.name))
        (trial,) = read_card(lake=shop.lake).offers
    proof = planned.plan.certificate
    # the voucher was held from too few; of the news everybody was read whom chance dealt it, explorers and treatment alike
    assert trial.offer_id == "comeback_news"
    got = [row["arm"] for row in touches if row["offer_id"] == "comeback_news"]
    assert got.count("explore") > 100
    assert trial.n_treated == len(got)
    news = next(one for one in proof.beliefs if one.offer_id == "comeback_news")
    voucher = next(one for one in proof.beliefs if one.offer_id == "comeback_voucher")
    assert news.measured_minor is not None
    assert voucher.measured_minor is None
    assert 0.3 < news.weight < 0.8
    assert news.measured_minor < 0 < news.gain_minor < news.assumed_minor
    assert proof.n_contacts > 100
    assert planned.arms["explore"] > 200
    assert not planned.round.terms.is_assumed
    assert str(basis(proof)).startswith("Effects are assumed and measured")
    told = " ".join(str(one) for one in beliefs(proof, words=Words()))
    assert "the measurement counts" in told
    assert "comeback_voucher: not measured yet" in told

    # a plan without a campaign believes the same, says so, goes on treating, and is confirmed
    (folder / "offers.toml").write_text(OFFERS_FILE, "utf-8")
    (folder / "plan.toml").write_text(PLAN_FILE, "utf-8")
    capsys.readouterr()
    assert run("plan", "make", *given) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Effects are assumed and measured" in said
    assert "comeback_news: €2" in said
    with open_shop(folder) as shop:
        assert read_plan(lake=shop.lake).certificate.n_contacts > 100
    assert run("plan", "export", "--out", str(tmp_path / "out"), *given) == 0
    assert run("plan", "verify", str(tmp_path / "out")) == 0
