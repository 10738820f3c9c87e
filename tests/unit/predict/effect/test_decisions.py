"""Decisions left to chance, as tables: who is compared with whom, with which probability, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.predict.effect.model import Design
from aimwell.predict.effect.service.gather import designs_of
from aimwell.predict.effect.tables.decisions import (
    CHANCES,
    arm_counts,
    by_chances,
    by_designs,
    pair_counts,
    sampled,
    single_decisions,
)
from aimwell.predict.effect.tables.outcomes import brought
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines(part="small")

MAY = datetime(2025, 5, 1)
JUNE = datetime(2025, 6, 1)
TOUCHES = FACTS["touches"].schema


def touches(*rows: tuple[str, int, str | None, str, float]) -> ibis.Table:
    """(campaign, person, offer, arm, propensity), all decided on the first of May."""
    names = ("campaign_id", "person_id", "offer_id", "arm", "propensity")
    laid = [dict.fromkeys(TOUCHES) | dict(zip(names, row, strict=True)) | {"decided_at": MAY} for row in rows]
    return ibis.memtable(laid, schema=TOUCHES)


def laid_out(name: str, rows: list[dict[str, Any]]) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=FACTS[name].schema.to_pyarrow()))


def told(engine: Engine, table: ibis.Table, *keys: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[key] for key in keys) for row in engine.rows(table))


def test_one_offer_for_all_is_compared_with_its_holdout(engine: Engine) -> None:
    """Shares .76 and .19 of everyone, .05 in the shop-wide holdout: .8 of those who were in the one or the other."""
    log = touches(
        ("c", 1, "tea", "treatment", 0.76),
        ("c", 2, "tea", "treatment", 0.76),
        ("c", 3, None, "holdout", 0.19),
        ("c", 4, None, "global_holdout", 0.05),
    )
    decisions = single_decisions(log, until=JUNE)
    designs = designs_of(engine.rows(arm_counts(decisions)))
    assert designs == [
        Design(campaign_id="c", offer_id="tea", arm="treatment", treated_prob=pytest.approx(0.8))
    ]
    pairs = by_designs(decisions, designs)
    assert pairs is not None
    rows = told(engine, pairs, "person_id", "offer_id", "is_treated")
    assert rows == [(1, "tea", True), (2, "tea", True), (3, "tea", False)]
    assert {round(row["propensity"], 9) for row in engine.rows(pairs)} == {0.8}


def test_propensities_of_their_own_are_taken_person_by_person(engine: Engine) -> None:
    log = touches(
        ("c", 1, "tea", "treatment", 0.9), ("c", 2, "tea", "treatment", 0.6), ("c", 3, None, "holdout", 0.3)
    )
    decisions = single_decisions(log, until=JUNE)
    pairs = by_designs(decisions, designs_of(engine.rows(arm_counts(decisions))))
    assert pairs is not None
    assert [p for _, p in told(engine, pairs, "person_id", "propensity")] == pytest.approx([0.9, 0.6, 0.7])


def test_a_choice_of_offers_needs_its_chances_written_down(engine: Engine) -> None:
    """Held out: 3 would have got tea, 4 a mug, 5 was chosen for nothing. Person 6 got both; that tells of neither."""
    log = touches(
        ("c", 1, "tea", "treatment", 0.8),
        ("c", 2, "mug", "treatment", 0.8),
        ("c", 3, None, "holdout", 0.2),
        ("c", 4, None, "holdout", 0.2),
        ("c", 5, None, "holdout", 0.2),
        ("c", 6, "tea", "treatment", 0.8),
        ("c", 6, "mug", "treatment", 0.8),
    )
    decisions = single_decisions(log, until=JUNE)
    assert designs_of(engine.rows(arm_counts(decisions))) == []
    chances = [
        {"campaign_id": "c", "comparison": "plan", "person_id": person, "offer_id": offer, "propensity": p}
        for person, meant in ((1, "tea"), (2, "mug"), (3, "tea"), (4, "mug"))
        for offer, p in ((meant, 0.8), (None, 0.2))
    ]
    pairs = by_chances(decisions, ibis.memtable(chances, schema=CHANCES.schema))
    assert told(engine, pairs, "person_id", "offer_id", "is_treated") == [
        (1, "tea", True),
        (2, "mug", True),
        (3, "tea", False),
        (4, "mug", False),
    ]
    assert {round(row["propensity"], 9) for row in engine.rows(pairs)} == {0.8}


def test_explorers_are_compared_offer_by_offer(engine: Engine) -> None:
    """Nothing .5, tea .3, mug .2. Who got tea is compared about tea: .3 / .8; who got nothing about both; never across."""
    log = touches(("x", 1, "tea", "explore", 0.3), ("x", 2, None, "explore", 0.5))
    chances = [
        {"campaign_id": "x", "comparison": "explore", "person_id": person, "offer_id": offer, "propensity": p}
        for person in (1, 2)
        for offer, p in ((None, 0.5), ("tea", 0.3), ("mug", 0.2))
    ]
    pairs = by_chances(single_decisions(log, until=JUNE), ibis.memtable(chances, schema=CHANCES.schema))
    rows = told(engine, pairs, "person_id", "offer_id", "is_treated", "propensity")
    assert rows == [
        (1, "tea", True, pytest.approx(0.3 / 0.8)),
        (2, "mug", False, pytest.approx(0.2 / 0.7)),
        (2, "tea", False, pytest.approx(0.3 / 0.8)),
    ]


def test_decisions_too_young_are_left_out(engine: Engine) -> None:
    log = touches(("c", 1, "tea", "treatment", 0.8))
    assert engine.rows(single_decisions(log, until=MAY)) == []


def test_sampling_sides_at_rates_of_their_own_keeps_the_probability_right(engine: Engine) -> None:
    """e = .9, treated at 1/9, controls all: as many of both, so .5."""
    random = np.random.default_rng(0)
    n = 20_000
    rows = {
        "campaign_id": ["c"] * n,
        "person_id": list(range(1, n + 1)),
        "offer_id": ["tea"] * n,
        "decided_at": [MAY] * n,
        "is_treated": (random.random(n) < 0.9).tolist(),
        "propensity": [0.9] * n,
    }
    rates = ibis.memtable({"offer_id": ["tea"], "rate_treated": [1 / 9], "rate_control": [1.0]})
    drawn = sampled(ibis.memtable(rows), rates=rates, seed=0)
    counts = {row["is_treated"]: row["n_rows"] for row in engine.rows(pair_counts(drawn))}
    assert counts[False] == n - sum(rows["is_treated"])
    assert counts[True] == pytest.approx(2_000, abs=150)
    assert {round(row["propensity"], 9) for row in engine.rows(drawn)} == {0.5}
    again = sampled(ibis.memtable(rows), rates=rates, seed=1)
    both = {row["person_id"] for row in engine.rows(again.filter(again.is_treated))}
    first = {row["person_id"] for row in engine.rows(drawn.filter(drawn.is_treated))}
    assert len(both & first) < 0.2 * len(first)  # other seeds draw others


def test_profit_and_orders_within_the_horizon(engine: Engine) -> None:
    """Ann orders for 1,000 on the last day of 30 (margin .4), and for 500 a day later; a refund of 200 counts, a cancelled order not."""
    ann, bob = 1, 2
    orders = [
        dict.fromkeys(FACTS["orders"].schema)
        | {"source": "s", "order_id": name, "person_id": person, "ordered_at": at, "status": status}
        | {"n_lines": 0, "items_minor": items}
        for name, person, at, status, items in (
            ("before", ann, datetime(2025, 4, 30, 23), "completed", 9_000),
            ("first", ann, MAY, "completed", 300),
            ("last", ann, datetime(2025, 5, 30, 23), "completed", 1_000),
            ("after", ann, datetime(2025, 5, 31), "completed", 500),
            ("off", bob, datetime(2025, 5, 10), "cancelled", 700),
        )
    ]
    refund = dict.fromkeys(FACTS["refunds"].schema) | {
        "source": "s",
        "order_id": "last",
        "person_id": ann,
        "refunded_at": datetime(2025, 5, 30, 23, 30),
        "amount_minor": 200,
    }
    tables = {
        name: ibis.memtable(spec.schema.to_pyarrow().empty_table(), schema=spec.schema)
        for name, spec in FACTS.items()
    }
    facts = Facts(
        **tables
        | {
            "orders": laid_out("orders", orders),
            "refunds": laid_out("refunds", [refund]),
        }
    )
    decisions = ibis.memtable(
        [
            {"campaign_id": "c", "person_id": person, "offer_id": "tea", "decided_at": MAY}
            for person in (ann, ann, bob)  # Ann stands in two comparisons
        ]
    )
    rows = told(
        engine,
        brought(decisions, facts, end=JUNE, horizon_days=30, margin_rate=0.4),
        "person_id",
        "profit_minor",
        "has_ordered",
    )
    assert rows == [(ann, 440, True), (ann, 440, True), (bob, 0, False)]  # (300 + 1,000 - 200) x .4
