"""Fractions in SQL: written so that every engine takes them for doubles, as the expression says."""

from __future__ import annotations

from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot.expressions as sge

__all__ = ["DoubleLiterals"]


class DoubleLiterals:
    """Has a compiler write 0.5 as 0.5e0: both engines take the former for a decimal, and each computes with decimals in its own way.

    To be named before Ibis' compiler. It is none itself: Ibis would give it methods for all operations, over the engine's own.
    """

    SIMPLE_OPS: ClassVar[dict[type[ops.Node], str]] = {}
    """Ibis makes methods of these anew for every subclass, over its own; those it made for the parent stay."""

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: dt.DataType) -> Any:  # noqa: N802
        """Return the literal as SQL."""
        found = super().visit_NonNullLiteral(op, value=value, dtype=dtype)  # type: ignore[misc]  # the compiler's
        is_plain = dtype.is_floating() and isinstance(found, sge.Literal | sge.Neg)  # not NaN, nor infinite
        return _double(float(value)) if is_plain else found


def _double(value: float) -> sge.Expression:
    digits = repr(abs(value))
    number = sge.Literal.number(digits if "e" in digits else f"{digits}e0")
    return sge.Neg(this=number) if value < 0 else number
