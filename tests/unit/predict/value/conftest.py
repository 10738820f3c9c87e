"""The CDNOW purchases of Fader and Hardie, read from the data files that `lifetimes` carries; its code is not imported."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aimwell.predict.value.cells import Cells, MarginCells

CALIBRATION_END = date(1997, 9, 30)  # last day of the 39 weeks that the papers fit


def purchases(name: str) -> list[tuple[str, date, float]]:
    """Return (customer, day, dollars) of every line of the sample or the master file."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / name
    rows = [line.split() for line in path.read_text().splitlines()]
    return [
        (row[0], datetime.strptime(row[-3], "%Y%m%d").date(), float(row[-1]))  # noqa: DTZ007  # a day, no moment
        for row in rows
        if len(row) >= 4 and row[-3].isdigit()
    ]


def by_day(name: str) -> list[dict[date, float]]:
    """Return what each customer spent per purchase day of the calibration."""
    spent: dict[str, dict[date, float]] = defaultdict(dict)
    for customer, day, dollars in purchases(name):
        if day <= CALIBRATION_END:
            spent[customer][day] = spent[customer].get(day, 0.0) + dollars
    return list(spent.values())


def cells(name: str) -> Cells:
    """Return the histogram of the calibration."""
    histories = np.array(
        [
            (len(days) - 1, (max(days) - min(days)).days, (CALIBRATION_END - min(days)).days)
            for days in by_day(name)
        ]
    )
    distinct, count = np.unique(histories, axis=0, return_counts=True)
    return Cells.from_days(
        frequency=distinct[:, 0], recency_days=distinct[:, 1], age_days=distinct[:, 2], count=count
    )


def repeat_margins(name: str) -> MarginCells:
    """Return the mean of each customer's repeat purchases, the first one left out, as the papers do."""
    repeats = [[days[day] for day in sorted(days)[1:]] for days in by_day(name)]
    kept = [values for values in repeats if values and sum(values) > 0]
    return MarginCells(
        n_orders=np.array([len(values) for values in kept], dtype=float),
        mean_minor=np.array([sum(values) / len(values) for values in kept]),
        count=np.ones(len(kept)),
    )


@pytest.fixture(scope="session")
def cdnow_sample() -> Cells:
    """2,357 customers, the 1/10 sample of the papers."""
    return cells("CDNOW_sample.txt")


@pytest.fixture(scope="session")
def cdnow_full() -> Cells:
    """All 23,570 customers."""
    return cells("CDNOW_master.txt")


@pytest.fixture(scope="session")
def cdnow_margins() -> MarginCells:
    """The 946 customers of the sample who came back."""
    return repeat_margins("CDNOW_sample.txt")
