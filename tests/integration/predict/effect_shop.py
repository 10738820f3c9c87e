"""A shop with one campaign left to chance, and the truth about it.

People order on the days before; then `tea` goes to 70 % of them, by lot. It makes those with five orders or more spend 30.00 more on
average and leaves the others alone; the margin rate is .5.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa

from aimwell.intake.facts import FACTS
from aimwell.portraits.service import build_portraits
from aimwell.storage.lake.lake import Lake

DECIDED_AT = datetime(2025, 6, 1, 12)
PORTRAITS_AT = datetime(2025, 6, 1)
AS_OF = datetime(2025, 7, 15)
N = 4_000
HORIZON_DAYS = 30
MARGIN_RATE = 0.5


def fill(lake: Lake, *, difference_minor: int = 3_000) -> np.ndarray:
    """Write facts and portraits; return how many orders each person had before."""
    random = np.random.default_rng(11)
    for spec in FACTS.values():
        lake.create(spec)
    n_orders = 1 + random.poisson(3.0, N)
    rows = [
        _order(person, k, DECIDED_AT - timedelta(days=int(random.integers(2, 200))), items_minor=4_000)
        for person in range(N)
        for k in range(n_orders[person])
    ]
    treated = random.random(N) < 0.7
    amount = random.gamma(2.0, 1_500.0, N) + treated * (n_orders >= 5) * difference_minor
    buys = random.random(N) < 0.8
    rows += [
        _order(
            person,
            1_000,
            DECIDED_AT + timedelta(days=int(random.integers(1, 29))),
            items_minor=int(amount[person]),
        )
        for person in np.flatnonzero(buys)
    ]
    lake.append(FACTS["orders"], _table("orders", rows))
    lake.append(
        FACTS["touches"], _table("touches", [_touch(p, is_treated=bool(treated[p])) for p in range(N)])
    )
    build_portraits(
        lake=lake, as_of=PORTRAITS_AT, known_at=datetime(2026, 1, 1), built_at=datetime(2026, 1, 1)
    )
    return n_orders


def person_id(number: int) -> int:
    """Ids as Aimwell gives them: large, and in no order."""
    return (number * 2_654_435_761 + 97) % (2**62)


def _order(number: int, k: int, at: datetime, *, items_minor: int) -> dict[str, object]:
    return dict.fromkeys(FACTS["orders"].schema) | {
        "source": "drawn",
        "order_id": f"{number}-{k}",
        "person_id": person_id(number),
        "ordered_at": at,
        "local_at": at,
        "known_at": at,
        "status": "completed",
        "n_lines": 0,
        "items_minor": items_minor,
        "currency": "EUR",
    }


def _touch(number: int, *, is_treated: bool) -> dict[str, object]:
    return dict.fromkeys(FACTS["touches"].schema) | {
        "campaign_id": "spring",
        "person_id": person_id(number),
        "offer_id": "tea" if is_treated else None,
        "channel": "mail" if is_treated else None,
        "arm": "treatment" if is_treated else "holdout",
        "propensity": 0.7 if is_treated else 0.3,
        "decided_at": DECIDED_AT,
        "known_at": DECIDED_AT,
        "source": "drawn",
    }


def _table(name: str, rows: list[dict[str, object]]) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=FACTS[name].schema.to_pyarrow()))
