"""Features: what a model sees of a portrait, as numbers; the same in NumPy and inside an engine.

* a number: as it is, or as sign(x) ln(1 + |x|) where a few are far larger than most; missing ones get the mean,
* a truth: 1 or 0; missing counts as no,
* a level of a text: 1 where it is that level,
* a gap: 1 where the number is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aimwell.predict.effect.measured import Array

__all__ = ["Encoding", "Feature", "learn_encoding"]

_MAX_LEVELS = 12
_MIN_SHARE = 0.005  # a level, truth or gap that fewer (or all but fewer) have is left out
_SKEWED = 3.0
_KEPT_OUT = frozenset({"person_id", "as_of"})


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One number made from one column of a portrait.

    Attributes
    ----------
    column
        The column.
    kind
        See the module.
    fill
        What a missing number becomes, after the logarithm; 0 else.
    level
        The text that counts, for levels.
    """

    column: str
    kind: Literal["number", "log", "truth", "level", "gap"]
    fill: float = 0.0
    level: str = ""

    @property
    def name(self) -> str:
        """A name for people."""
        return {"level": f"{self.column} = {self.level}", "gap": f"{self.column} ?"}.get(
            self.kind, self.column
        )

    def of_array(self, values: pa.ChunkedArray) -> Array:
        """Return the feature of every row of the column."""
        if self.kind == "level":
            return _flags(pc.equal(values.cast(pa.string()), self.level))
        if self.kind == "truth":
            return _flags(values)
        numbers = _numbers(values)
        is_missing = np.isnan(numbers)
        if self.kind == "gap":
            return is_missing.astype(float)
        if self.kind == "log":
            numbers = np.sign(numbers) * np.log(1.0 + np.abs(numbers))
        return np.where(is_missing, self.fill, numbers)

    def of_column(self, portraits: ir.Table) -> ir.FloatingValue:
        """Return the feature as an expression."""
        value = portraits[self.column]
        if self.kind == "level":
            return (value == self.level).cast("float64").fill_null(0.0)
        if self.kind == "truth":
            return value.cast("float64").fill_null(0.0)
        number = value.cast("float64")
        is_missing = number.isnull() | number.isnan()
        if self.kind == "gap":
            return is_missing.cast("float64")
        if self.kind == "log":
            number = (number < 0).ifelse(-1.0, 1.0) * (number.abs() + 1.0).ln()
        return is_missing.ifelse(self.fill, number)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """The features of a model, in order."""

    features: tuple[Feature, ...]

    def of_arrow(self, portraits: pa.Table) -> Array:
        """Return the matrix of a bounded table: (rows, features)."""
        columns = [feature.of_array(portraits[feature.column]) for feature in self.features]
        return np.column_stack(columns) if columns else np.empty((portraits.num_rows, 0))

    def as_data(self) -> list[dict[str, Any]]:
        """Return the encoding as JSON values."""
        return [asdict(feature) for feature in self.features]

    @classmethod
    def from_data(cls, data: Sequence[Mapping[str, Any]]) -> Encoding:
        """Return the encoding that `as_data` wrote."""
        return cls(features=tuple(Feature(**one) for one in data))


def learn_encoding(portraits: pa.Table, *, columns: Sequence[str]) -> Encoding:
    """Return the features that some columns have to offer.

    Columns of dates, lists and other types, and features that hardly vary, are left out.

    Parameters
    ----------
    portraits
        A bounded sample.
    columns
        Which of its columns may be used.
    """
    found = [
        feature
        for column in (columns if portraits.num_rows else ())
        if column not in _KEPT_OUT
        for feature in _features(column, portraits[column])
    ]
    return Encoding(features=tuple(found))


def _features(column: str, values: pa.ChunkedArray) -> list[Feature]:
    kind = values.type
    if pa.types.is_boolean(kind):
        share = float(_flags(values).mean())
        return [Feature(column=column, kind="truth")] if _is_varied(share) else []
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _levels(column, values)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return []
    numbers = _numbers(values)
    is_missing = np.isnan(numbers)
    present = numbers[~is_missing]
    found = []
    if len(present) and float(np.mean(present != np.median(present))) >= _MIN_SHARE:
        logged = np.sign(present) * np.log(1.0 + np.abs(present))
        is_skewed = abs(_skewness(present)) > max(_SKEWED, abs(_skewness(logged)))
        fill = float(np.mean(logged if is_skewed else present))
        found.append(Feature(column=column, kind="log" if is_skewed else "number", fill=fill))
    if _is_varied(float(is_missing.mean())):
        found.append(Feature(column=column, kind="gap"))
    return found


def _levels(column: str, values: pa.ChunkedArray) -> list[Feature]:
    counts = sorted(
        ((int(c["counts"]), str(c["values"])) for c in pc.value_counts(values.drop_null()).to_pylist()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return [
        Feature(column=column, kind="level", level=level)
        for count, level in counts[:_MAX_LEVELS]
        if _is_varied(count / len(values))
    ]


def _is_varied(share: float) -> bool:
    return _MIN_SHARE <= share <= 1 - _MIN_SHARE


def _skewness(values: Array) -> float:
    spread = float(values.std())
    return float(np.mean(((values - values.mean()) / spread) ** 3)) if spread > 0 else 0.0


def _flags(values: pa.ChunkedArray) -> Array:
    return np.asarray(values.cast(pa.float64()).fill_null(0.0).to_numpy(), dtype=np.float64)


def _numbers(values: pa.ChunkedArray) -> Array:
    return np.asarray(values.cast(pa.float64()).fill_null(float("nan")).to_numpy(), dtype=np.float64)
