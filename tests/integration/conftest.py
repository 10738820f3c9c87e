"""A shop folder with drawn orders, for tests that type commands."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.shop import init_shop, open_shop


@pytest.fixture(scope="module")
def drawn_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a shop in Berlin, where 150 people buy in 2024, each at a rate of their own."""
    folder = tmp_path_factory.mktemp("shop") / "toys"
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin")
    random = np.random.default_rng(6)
    schema = FACTS["orders"].schema
    rows = []
    for person in range(1, 151):
        for day in np.append(0, np.cumsum(random.exponential(1 / random.gamma(1.0, 1 / 20), 200))):
            if day < 360:
                at = datetime(2024, 1, 2, 12) + timedelta(days=int(day))
                rows.append(
                    dict.fromkeys(schema)
                    | {"source": "drawn", "order_id": f"{person}-{day}", "person_id": person, "known_at": at}
                    | {"ordered_at": at, "local_at": at, "status": "completed", "n_lines": 0}
                    | {"items_minor": int(random.gamma(4, 1000)) + 1}
                )
    with open_shop(folder) as shop:
        table = pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
        shop.lake.append(FACTS["orders"], ibis.memtable(table))
    return folder
