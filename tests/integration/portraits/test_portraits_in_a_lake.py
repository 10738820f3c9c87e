"""Portraits in a lake on disk: folding forward, snapshots, comparing, picking people."""

import csv
import json
from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.tables import ALIASES
from aimwell.portraits.errors import NoPortraits, PersonUnknown, SampleTooLarge, SnapshotUnknown
from aimwell.portraits.segments import BUILT_IN_SEGMENTS
from aimwell.portraits.service import (
    build_portraits,
    drift,
    portrait_of,
    refresh_state,
    segment_count,
    segment_export,
    segment_list,
    snapshot_at,
    snapshot_rows,
    snapshots,
    stage_flow,
    state_at,
    survey,
)
from aimwell.portraits.specs import STATE, STATE_MARKS

MONDAY = datetime(2024, 6, 3)
TUESDAY = MONDAY + timedelta(days=1)
LONG_AGO = datetime(2024, 1, 1)


def _append(lake, name, *rows):
    spec = FACTS[name]
    quiet = {"known_at": LONG_AGO, "quantity": 1, "net_minor": 100, "items_minor": 100, "discount_minor": 0}
    whole = []
    for row in rows:
        full = quiet | dict(row)
        if spec.month_of:
            full.setdefault("local_at", full[spec.month_of])
        whole.append({c: full.get(c) for c in spec.schema})
    lake.append(
        spec, ibis.memtable(pa.Table.from_pylist(whole, schema=spec.schema.to_pyarrow()), schema=spec.schema)
    )


def _order(person, order_id, at, **more):
    return {"person_id": person, "order_id": order_id, "ordered_at": at, "product_id": "tea", **more}


@pytest.fixture
def shop(lake):
    """Four people with orders, lines and views up to Monday."""
    orders = [
        _order(p, f"o{p}{i}", LONG_AGO + timedelta(days=20 * i + p)) for p in (1, 2, 3, 4) for i in range(p)
    ]
    _append(lake, "orders", *orders)
    _append(lake, "order_lines", *orders)
    views = [
        {"person_id": p, "name": "Product Viewed", "occurred_at": MONDAY - timedelta(days=p)}
        for p in (1, 2, 5)
    ]
    _append(lake, "events", *views)
    _append(lake, "products", {"product_id": "tea", "category": "Food > Tea", "brand": "Leaf"})
    return lake


def _state(lake):
    table = lake.table(STATE.name)
    alive = table.filter(table.n_events.notnull() | table.n_lines.notnull())
    sort = {name: alive[name].sort() for name, dtype in STATE.schema.items() if dtype.is_array()}
    return lake.engine.rows(alive.mutate(**sort).order_by("person_id"))


def _built_anew(lake, *, as_of, known_at):
    lake.overwrite(STATE_MARKS, lake.table(STATE_MARKS.name).limit(0))
    refresh_state(lake=lake, as_of=as_of, known_at=known_at)
    return _state(lake)


def _touched(lake):
    return lake.engine.rows(lake.table(STATE_MARKS.name).order_by(ibis.desc("step")).limit(1))[0]["n_people"]


CHANGES = (
    pytest.param(lambda lake: None, 0, id="nothing"),
    pytest.param(
        lambda lake: _append(
            lake, "events", {"person_id": 9, "name": "x", "occurred_at": MONDAY, "known_at": TUESDAY}
        ),
        1,
        id="somebody new",
    ),
    pytest.param(
        lambda lake: _append(lake, "orders", _order(2, "late", LONG_AGO, known_at=TUESDAY)),
        1,
        id="a late order",
    ),
    pytest.param(
        lambda lake: lake.merge(
            FACTS["orders"],
            lake.table("orders")
            .filter(ibis._.order_id == "o10")
            .mutate(status=ibis.literal("cancelled"), known_at=ibis.literal(TUESDAY)),
            on=("order_id",),
            supersede=TUESDAY,
        ),
        1,
        id="an order is cancelled",
    ),
    pytest.param(
        lambda lake: lake.merge(
            FACTS["products"],
            lake.table("products").mutate(category=ibis.literal("Drinks"), known_at=ibis.literal(TUESDAY)),
            on=("product_id",),
            supersede=TUESDAY,
        ),
        4,
        id="a product is moved",
    ),
    pytest.param(
        lambda lake: lake.append(
            ALIASES,
            ibis.memtable(
                [
                    {
                        "person_id": 5,
                        "canonical_id": 1,
                        "evidence": "email",
                        "linked_at": TUESDAY,
                        "unlinked_at": None,
                    }
                ],
                schema=ALIASES.schema,
            ),
        ),
        2,
        id="two people are one",
    ),
)


@pytest.mark.parametrize(("change", "n_touched"), CHANGES)
def test_folding_forward_touches_whom_it_must_and_equals_building_anew(shop, change, n_touched):
    refresh_state(lake=shop, as_of=MONDAY, known_at=MONDAY)
    change(shop)
    refresh_state(lake=shop, as_of=TUESDAY, known_at=TUESDAY)
    folded = _state(shop)
    assert _touched(shop) == n_touched
    assert folded == _built_anew(shop, as_of=TUESDAY, known_at=TUESDAY)


@pytest.mark.both_engines
def test_all_changes_at_once_are_folded_alike(shop):
    refresh_state(lake=shop, as_of=MONDAY, known_at=MONDAY)
    for change in CHANGES:
        change.values[0](shop)
    refresh_state(lake=shop, as_of=TUESDAY, known_at=TUESDAY)
    folded = _state(shop)
    assert folded == _built_anew(shop, as_of=TUESDAY, known_at=TUESDAY)
    assert [row["person_id"] for row in folded] == [1, 2, 3, 4, 9]


def test_a_state_is_built_in_parts_when_there_is_much(shop, monkeypatch):
    refresh_state(lake=shop, as_of=MONDAY, known_at=MONDAY)
    whole = _state(shop)
    monkeypatch.setattr(shop.engine, "rows_at_once", 4)
    assert _built_anew(shop, as_of=MONDAY, known_at=MONDAY) == whole


def test_portraits_drawn_in_parts_are_the_same(shop, monkeypatch):
    _append(shop, "customers", {"person_id": 8, "account_id": "no order", "created_at": LONG_AGO})
    whole, parted = [], []
    for rows, at_once in ((whole, None), (parted, 4)):
        monkeypatch.setattr(shop.engine, "rows_at_once", at_once)
        _build(shop, MONDAY)
        rows += shop.engine.rows(snapshot_rows(lake=shop).order_by("person_id"))
    assert len(parted) == 6
    assert parted == whole


def test_a_moment_before_the_state_gets_one_of_its_own_and_leaves_the_kept_one(shop):
    refresh_state(lake=shop, as_of=TUESDAY, known_at=TUESDAY)
    version = shop.version(STATE.name)
    with state_at(lake=shop, as_of=LONG_AGO + timedelta(days=3), known_at=TUESDAY) as state:
        assert {row["person_id"] for row in shop.engine.rows(state)} == {1, 2}  # first orders on day 1 and 2
    assert shop.version(STATE.name) == version


def _build(lake, as_of, **more):
    return build_portraits(lake=lake, as_of=as_of, known_at=TUESDAY, built_at=TUESDAY, **more)


@pytest.mark.both_engines
def test_a_snapshot_is_kept_and_found(shop):
    with pytest.raises(NoPortraits):
        snapshot_at(lake=shop)
    old, new = _build(shop, LONG_AGO + timedelta(days=30)), _build(shop, MONDAY)
    assert snapshots(lake=shop) == (new, old)
    assert (new.n_people, snapshot_at(lake=shop)) == (5, new)
    rows = shop.engine.rows(snapshot_rows(lake=shop).order_by("person_id"))
    assert [row["n_orders"] for row in rows] == [1, 2, 3, 4, 0]
    with pytest.raises(SnapshotUnknown, match=r"some as of: 2024-06-03T00:00:00, 2024-01-31T00:00:00"):
        snapshot_at(lake=shop, as_of=TUESDAY)


def test_flow_and_drift_between_two_snapshots(shop):
    _build(shop, LONG_AGO + timedelta(days=10))
    _build(shop, MONDAY)
    flow = stage_flow(lake=shop, before=LONG_AGO + timedelta(days=10), after=MONDAY)
    # everybody had one order by 11 January; person 5 came by a view
    assert {(r["before"], r["after"]): r["n_people"] for r in flow} == {
        ("purchase", "purchase"): 1,
        ("purchase", "loyalty"): 3,
        (None, "interest"): 1,
    }
    found = drift(lake=shop, before=LONG_AGO + timedelta(days=10), after=MONDAY)
    assert found.traits[0].stability_index >= found.traits[-1].stability_index >= 0
    stage = next(one for one in found.traits if one.trait == "aipl_stage")
    assert {b.label: (b.n_before, b.n_after) for b in stage.bins if b.label == "purchase"} == {
        "purchase": (4, 1)
    }


def test_a_survey_of_everybody_has_no_error_and_too_large_ones_are_refused(shop):
    _build(shop, MONDAY)
    found = survey(lake=shop, size=5, repeats=3, seed=1)
    assert max(line.error_worst for line in found.lines) < 1e-9
    orders = next(line for line in found.lines if line.name == "n_orders")
    assert orders.census == 2.0  # (1 + 2 + 3 + 4 + 0) / 5
    with pytest.raises(SampleTooLarge, match="size <= 5"):
        survey(lake=shop, size=6, repeats=1, seed=1)


def test_one_person_on_one_screen(shop):
    _build(shop, MONDAY)
    seen = portrait_of(lake=shop, person_id=3, n_orders=2)
    assert seen.traits["n_orders"] == 3
    assert [order.order_id for order in seen.last_orders] == ["o32", "o31"]
    with pytest.raises(PersonUnknown, match="person 77"):
        portrait_of(lake=shop, person_id=77)


@pytest.mark.both_engines
def test_segments_are_counted_listed_and_exported(shop, tmp_path):
    _build(shop, MONDAY)
    loyal = BUILT_IN_SEGMENTS["aipl_loyalty"]
    assert segment_count(lake=shop, segment=loyal) == 3
    sizes = {row["name"]: row["n_people"] for row in segment_list(lake=shop, book=BUILT_IN_SEGMENTS)}
    assert (sizes["aipl_loyalty"], sizes["aipl_purchase"], sizes["aipl_interest"]) == (3, 1, 1)
    path = tmp_path / "loyal.csv"
    columns = ["n_orders", "top_categories", "last_ordered_at"]
    assert segment_export(lake=shop, segment=loyal, path=path, columns=columns) == 3
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["person_id"] for row in rows] == ["2", "3", "4"]
    for kind, read in (
        ("jsonl", lambda p: [json.loads(line) for line in p.read_text().splitlines()]),
        ("parquet", lambda p: pq.read_table(p).to_pylist()),
    ):
        path = tmp_path / f"loyal.{kind}"
        segment_export(lake=shop, segment=loyal, path=path, file_format=kind, columns=columns)
        assert [row["n_orders"] for row in read(path)] == [2, 3, 4]
    assert sorted(p.suffix for p in tmp_path.glob("loyal*")) == [".csv", ".jsonl", ".parquet"]
