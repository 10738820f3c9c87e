"""A shop folder with people, addresses, consent, orders, portraits and values, and one campaign from a recipe."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.promote.campaigns.service.creating import new_campaign
from aimwell.promote.campaigns.service.life import approve
from aimwell.promote.campaigns.service.planning import plan_round
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.shop import Shop, init_shop, open_shop
from aimwell.storage.lake.model import TableSpec
from aimwell.trust.consent.model import ConsentEvent

from ..outbox.conftest import Recorder, admit

NOW = datetime(2024, 12, 29, 10)
N_PEOPLE = 400
NO_CONSENT = 40  # the last so many never agreed


def address(number: int) -> str:
    return f"p{number:03}@kunde.de"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def _draw_orders(shop: Shop, ids: list[int]) -> None:
    random = np.random.default_rng(11)
    schema = FACTS["orders"].schema
    rows, lines = [], []
    for place, person in enumerate(ids):
        gap = float(random.gamma(1.2, 60)) + 5
        day = float(random.uniform(0, 200))
        while day < 360:
            at = datetime(2024, 1, 2, 12) + timedelta(days=int(day))
            order = {"source": "drawn", "order_id": f"{person}-{int(day)}", "person_id": person}
            order |= {"known_at": at, "ordered_at": at, "local_at": at, "currency": "EUR"}
            items_minor = int(random.gamma(4, 1500)) + 1
            bought = 4 * (place % 3) + len(lines) % 4  # each person buys from a shelf of their own
            lines.append(
                dict.fromkeys(FACTS["order_lines"].schema)
                | order
                | {"line_no": 1, "product_id": f"P{bought}", "quantity": 1, "net_minor": items_minor}
                | {"is_fee": False, "is_test": False}
            )
            rows.append(
                dict.fromkeys(schema)
                | order
                | {"status": "completed", "n_lines": 1, "items_minor": items_minor}
            )
            day += 1 + random.exponential(gap)
    products = [
        dict.fromkeys(FACTS["products"].schema)
        | {
            "source": "drawn",
            "product_id": f"P{n}",
            "name": f"Tea <{n}>",
            "category": f"Shelf {n // 4} > All",
        }
        | {"price_minor": 900, "currency": "EUR", "known_at": NOW - timedelta(days=300)}
        for n in range(12)
    ]
    for name, drawn in {"orders": rows, "order_lines": lines, "products": products}.items():
        shop.lake.append(FACTS[name], _table(drawn, FACTS[name]))
    customers = FACTS["customers"].schema
    known = [
        dict.fromkeys(customers)
        | {"source": "drawn", "account_id": str(person), "person_id": person, "region": "DE"}
        | {"known_at": NOW - timedelta(days=2), "locale": "zh" if place % 4 == 0 else "de"}
        for place, person in enumerate(ids)
    ]
    table = pa.Table.from_pylist(known, schema=customers.to_pyarrow())
    shop.lake.append(FACTS["customers"], ibis.memtable(table))


def _table(rows: list[dict[str, Any]], spec: TableSpec) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=spec.schema.to_pyarrow()))


@pytest.fixture(scope="session")
def ready_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """Make the folder once; tests copy it."""
    folder = tmp_path_factory.mktemp("shop") / "tea"
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin", country="DE", name="Tee & Co")
    with open_shop(folder) as shop:
        admitted = admit(shop.vault, {str(number): address(number) for number in range(N_PEOPLE)})
        ids = [admitted[str(number)] for number in range(N_PEOPLE)]
        _draw_orders(shop, ids)
        tokens = shop.vault.point_tokens("email", [address(number) for number in range(N_PEOPLE)])
        shop.ledger.record(
            ConsentEvent(
                person_id=person,
                contact_point=str(token),
                channel="email",
                purpose="marketing",
                act="grant",
                source="test",
                notice="1",
                at=NOW - timedelta(days=300),
            )
            for person, token in list(zip(ids, tokens, strict=True))[:-NO_CONSENT]
        )
    with (folder / "aimwell.toml").open("a") as file:
        file.write('\npublic_url = "https://mail.tee.example"\n')
    for command in (("portrait", "build"), ("predict", "fit", "value"), ("predict", "score", "value")):
        assert run(*command, "--as-of", "2024-12-28", "--shop", str(folder)) == 0
    path = new_campaign("winback", recipe="winback", folder=folder)[0]
    # enough people in the holdout, whatever their random ids, and one rule for all others
    written = path.read_text("utf-8").replace("holdout = 0.1\n", "holdout = 0.2\n", 1)
    written = written.replace("random = 0.1 ", "random = 0.0 ").replace("share = 0.05 ", "share = 0 ")
    path.write_text(written, "utf-8")
    return folder, ids


OpenTools = Callable[..., AbstractContextManager[Tools]]


@pytest.fixture
def folder(ready_shop: tuple[Path, list[int]], tmp_path: Path) -> Path:
    copy = tmp_path / "tea"
    shutil.copytree(ready_shop[0], copy)
    return copy


@pytest.fixture
def mail() -> Recorder:
    return Recorder(name="email")


@contextmanager
def _opened(folder: Path, mail: Recorder, *, now: datetime, **changes: object) -> Iterator[Tools]:
    with open_shop(folder, clock=FixedClock(now)) as shop, shop.campaigns() as found:
        yield replace(found, **({"channels": {"email": mail}, "sleep": lambda seconds: None} | changes))


@pytest.fixture
def tools(folder: Path, mail: Recorder) -> OpenTools:
    """Open the shop's tools at a moment, with a channel that only remembers."""
    return lambda *, now=NOW, **changes: _opened(folder, mail, now=now, **changes)


@pytest.fixture(scope="session")
def launched_shop(ready_shop: tuple[Path, list[int]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan and approve the campaign once; tests copy the folder."""
    folder = tmp_path_factory.mktemp("launched") / "tea"
    shutil.copytree(ready_shop[0], folder)
    with _opened(folder, Recorder(name="email"), now=NOW) as found:
        plan_round("winback", tools=found, actor="ann")
        approve("winback", tools=found, actor="bob")
    return folder


@pytest.fixture
def launched(launched_shop: Path, mail: Recorder, tmp_path: Path) -> OpenTools:
    """Open the tools of a shop in which the campaign is planned and approved, and nothing is sent."""
    copy = tmp_path / "launched"
    shutil.copytree(launched_shop, copy)
    return lambda *, now=NOW, **changes: _opened(copy, mail, now=now, **changes)
