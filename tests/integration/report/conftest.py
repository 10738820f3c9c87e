"""A small shop with everything that a report can show: fifteen months of orders, portraits, scores, a plan, and books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.base.settings import Settings
from aimwell.intake.facts import FACTS
from aimwell.intake.rows import Held, LoadRow, add_held, close_load, open_load
from aimwell.portraits.service import build_portraits, snapshot_rows
from aimwell.predict.value.service import fit_value, score_value
from aimwell.promote.plan.model import Campaign, Incrementality, Offer
from aimwell.promote.plan.service.making import plan_campaign
from aimwell.storage.database import Database
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

BEGIN, AS_OF, END = datetime(2023, 7, 1), datetime(2024, 7, 1), datetime(2024, 10, 1)
KNOWN_AT = datetime(2024, 10, 2)
N_PEOPLE = 160
SECRET = "ann@example.org"


@dataclass(frozen=True, kw_only=True)
class SmallShop:
    lake: Lake
    database: Database
    settings: Settings


@pytest.fixture(scope="module")
def bare_shop(
    tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]
) -> Iterator[SmallShop]:
    """A shop with facts only."""
    folder = tmp_path_factory.mktemp("bare")
    yield from _opened(folder, engine=open_engine(folder))


@pytest.fixture(scope="module")
def full_shop(
    tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]
) -> Iterator[SmallShop]:
    """A shop with all that the report reads."""
    folder = tmp_path_factory.mktemp("full")
    for shop in _opened(folder, engine=open_engine(folder)):
        zone = {"time_zone": shop.settings.time_zone}
        for as_of in (AS_OF - timedelta(days=91), AS_OF):
            build_portraits(lake=shop.lake, as_of=as_of, known_at=KNOWN_AT, built_at=KNOWN_AT)
        fit_value(
            lake=shop.lake,
            clock=FixedClock(KNOWN_AT),
            as_of=AS_OF,
            margin_rate=shop.settings.margin_rate,
            **zone,
        )
        score_value(lake=shop.lake, as_of=AS_OF, **zone)
        _plan(shop)
        _books(shop.database)
        yield shop


def _opened(folder: Path, *, engine: Engine) -> Iterator[SmallShop]:
    database = Database.open(f"sqlite:///{folder / 'aimwell.db'}")
    database.upgrade()
    lake = Lake(folder / "lake", engine=engine)
    for name, rows in _facts().items():
        schema = FACTS[name].schema
        filled = [{column: row.get(column) for column in schema} for row in rows]
        lake.append(FACTS[name], ibis.memtable(pa.Table.from_pylist(filled, schema=schema.to_pyarrow())))
    yield SmallShop(
        lake=lake,
        database=database,
        settings=Settings(name="Tea <House> & Co", currency="EUR", time_zone="Europe/Berlin", country="DE"),
    )
    database.close()
    engine.close()


def _facts() -> dict[str, list[dict[str, Any]]]:
    """Return fifteen months of orders of people who begin at different times, buy at different rates, and stop one day."""
    rng = np.random.default_rng(7)
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for person in range(1, N_PEOPLE + 1):
        at = BEGIN + timedelta(days=float(rng.uniform(0, 300)), hours=float(rng.uniform(8, 20)))
        gap_days = float(rng.gamma(2.0, 14.0)) + 3
        stop = at + timedelta(days=float(rng.exponential(300)))
        while at < min(stop, END):
            order, goods = _order(rng, person=person, at=at.replace(microsecond=0), number=len(orders))
            orders.append(order)
            lines += goods
            at += timedelta(days=float(rng.exponential(gap_days)) + 0.5)
    orders += [
        _order(rng, person=None, at=AS_OF - timedelta(days=i), number=10_000 + i)[0] for i in range(1, 20)
    ]
    products = [
        {"product_id": f"p{i}", "category": f"Shelf {i % 4} > Box {i}", "brand": f"Brand {i % 3}"}
        for i in range(12)
    ]
    refunds = [
        {
            "refund_id": "r1",
            "person_id": 1,
            "order_id": "o0",
            "refunded_at": AS_OF - timedelta(days=9),
            "amount_minor": 900,
        }
    ]
    facts = {"orders": orders, "order_lines": lines, "products": products, "refunds": refunds}
    for rows in facts.values():
        for row in rows:
            row |= {"source": "till", "load_id": "l1", "known_at": KNOWN_AT, "currency": "EUR"}
    return {name: facts.get(name, []) for name in FACTS}


def _order(
    rng: np.random.Generator, *, person: int | None, at: datetime, number: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    who = {
        "order_id": f"o{number}",
        "person_id": person,
        "account_id": None if person is None else f"till:{person}",
        "ordered_at": at,
        "local_at": at + timedelta(hours=1),
        "is_test": False,
    }
    lines = [
        {
            **who,
            "line_no": i + 1,
            "product_id": f"p{rng.integers(12)}",
            "quantity": 1,
            "net_minor": int(rng.integers(300, 4000)),
            "discount_minor": 0,
            "cost_minor": 200 if i == 0 else None,
            "is_fee": False,
        }
        for i in range(int(rng.integers(1, 4)))
    ]
    total = sum(line["net_minor"] for line in lines)
    money = {"items_minor": total, "total_minor": total, "discount_minor": 0, "shipping_minor": 0}
    return {**who, **money, "status": "completed", "channel": "web", "n_lines": len(lines)}, lines


def _plan(shop: SmallShop) -> None:
    portraits = snapshot_rows(lake=shop.lake)
    people = portraits.filter(portraits.n_orders > 0).select(
        "person_id", response_prob=ibis.literal(0.3), order_minor=portraits.mean_order_minor
    )
    offer = {"incentive_minor": 100, "margin_rate": 0.5}
    plan_campaign(
        people,
        lake=shop.lake,
        clock=FixedClock(KNOWN_AT),
        offers=(
            Offer(offer_id="tea", name="Tea", channel="mail", contact_milli=20_000, stock=40, **offer),
            Offer(offer_id="cup", name="Cup", channel="app", contact_milli=30_000, **offer),
        ),
        campaign=Campaign(
            name="Summer",
            currency="EUR",
            budget_minor=4_000,
            horizon_days=30,
            incrementality=Incrementality(low=0.1, mid=0.3, high=0.5),
            salt="s",
            holdout_share=0.1,
        ),
        as_of=AS_OF,
    )


def _books(database: Database) -> None:
    row = LoadRow(
        source="till",
        sha256="0" * 64,
        load_id="l1",
        file_name=f"{SECRET}.csv",
        mapping_name="own",
        mapping="",
        columns="[]",
        known_at=KNOWN_AT,
        state="open",
        n_received=2_010,
        n_stored=2_000,
        n_duplicate=7,
        n_quarantined=3,
    )
    with database.begin() as connection:
        open_load(connection, row)
        close_load(connection, row)
        add_held(
            connection,
            [
                Held(
                    source="till",
                    sha256="0" * 64,
                    line_no=i,
                    reason="bad_date",
                    detail="date",
                    is_whole=True,
                    original=SECRET.encode(),
                    quarantined_at=KNOWN_AT,
                )
                for i in range(3)
            ],
        )
