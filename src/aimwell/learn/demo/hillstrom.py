"""Hillstrom's e-mail experiment: 64,000 customers, by chance a men's e-mail, a women's, or none; visits and purchases of two weeks.

Published openly by Kevin Hillstrom (MineThatData E-Mail Analytics and Data Mining Challenge, 2008); the file is unchanged but compressed.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from importlib import resources
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
from numpy.typing import NDArray

__all__ = ["FEATURES", "MAILS", "Mail", "Outcome", "Task", "features", "hillstrom", "task"]

Mail = Literal["women", "men", "both"]
Outcome = Literal["visit", "conversion", "spend"]
MAILS: tuple[Mail, ...] = get_args(Mail)
FEATURES = ("recency", "history", "mens", "womens", "newbie", "zip_code", "channel", "history_segment")
_NONE = "No E-Mail"
_SENT: dict[Mail, tuple[str, ...]] = {
    "women": ("Womens E-Mail",),
    "men": ("Mens E-Mail",),
    "both": ("Womens E-Mail", "Mens E-Mail"),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question to the experiment: (n, d) features with texts as one column per level, who was mailed, and the outcome."""

    features: NDArray[np.float64]
    is_treated: NDArray[np.bool_]
    outcome: NDArray[np.float64]


def hillstrom() -> pa.Table:
    """Return all rows: the columns of `FEATURES`, segment (the e-mail), visit, conversion (0, 1) and spend (dollars)."""
    path = resources.files("aimwell.learn.demo") / "hillstrom.csv.gz"
    with path.open("rb") as file, gzip.open(file) as plain:
        return csv.read_csv(plain)


def features(rows: pa.Table) -> NDArray[np.float64]:
    """Return what was known of each customer before, as numbers: texts as one column per level, in order of their names."""
    columns = []
    for name in FEATURES:
        values = rows[name]
        if pa.types.is_string(values.type):
            texts = np.array(values.to_pylist())
            columns += [(texts == level).astype(float) for level in np.unique(texts)]
        else:
            columns.append(values.cast(pa.float64()).to_numpy())
    return np.column_stack(columns)


def task(mail: Mail, outcome: Outcome) -> Task:
    """Return the customers who got this mail or none."""
    rows = hillstrom()
    segment = np.array(rows["segment"].to_pylist())
    asked = np.isin(segment, (*_SENT[mail], _NONE))
    return Task(
        features=features(rows)[asked],
        is_treated=segment[asked] != _NONE,
        outcome=rows[outcome].cast(pa.float64()).to_numpy()[asked],
    )
