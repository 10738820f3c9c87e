"""Functions of an engine over whole columns: what NumPy and LightGBM say of people, batch by batch, where the people are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["over_lists", "over_rows"]

_Array = npt.NDArray[Any]
_Work = Callable[[_Array, _Array], tuple[_Array, _Array]]


def over_lists(work: _Work, *, name: str, of: dt.DataType, equal: str) -> Callable[[ir.Value], ir.ArrayValue]:
    """Return a function from lists of numbers to lists of fractions.

    Parameters
    ----------
    work
        Gets the numbers of a batch of lists, one list behind the other, and how many each list has; returns the same of its
        answers, a list for each.
    name
        What it is, a word.
    of
        Type of the numbers.
    equal
        Engines know functions by name: work that says the same has an equal text here, other work another one.
    """

    def run(rows: pa.ListArray | pa.ChunkedArray) -> pa.ListArray:
        lists = rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
        if not len(lists):
            return pa.array([], type=pa.list_(pa.float64()))
        numbers = lists.flatten().to_numpy(zero_copy_only=False).astype(of.to_numpy(), copy=False)
        values, lengths = work(numbers, lists.value_lengths().to_numpy(zero_copy_only=False))
        ends = np.r_[0, np.cumsum(lengths)].astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(values, type=pa.float64()))

    run.__name__ = f"{name}_{hashlib.sha256(equal.encode()).hexdigest()[:16]}"
    signature = ((dt.Array(of),), dt.Array(dt.float64))
    made: Callable[[ir.Value], ir.ArrayValue] = ibis.udf.scalar.pyarrow(run, signature=signature)
    return made


def over_rows(
    work: Callable[[_Array], _Array], *, name: str, equal: str
) -> Callable[[ir.Value], ir.ArrayValue]:
    """Return a function from lists of fractions, all of one length, to lists of fractions of one length.

    Parameters
    ----------
    work
        From (n, d) to (n, m).
    name, equal
        As for `over_lists`.
    """

    def each(values: _Array, lengths: _Array) -> tuple[_Array, _Array]:
        found = work(values.reshape(len(lengths), -1))
        return found.ravel(), np.full(len(found), found.shape[1])

    return over_lists(each, name=name, of=dt.float64, equal=equal)
