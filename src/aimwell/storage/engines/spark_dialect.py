"""Ibis on Spark, made to answer like the other engines where Spark's own ways differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyspark.sql.types as pt
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkType as PlainSparkType
from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.datatypes import PySparkType as PlainSqlType
from ibis.backends.sql.rewrites import Select
from ibis.common.patterns import replace
from ibis.expr.operations.udf import InputType
from ibis.formats.pyarrow import PyArrowData
from pyspark.sql import DataFrame
from pyspark.sql.pandas.functions import arrow_udf

from aimwell.storage.engines.fractions import DoubleLiterals

__all__ = ["SparkBackend", "counted", "spark_schema"]

_BLANK = r"[ \t\n\r\x0B\x0C]"

ibis.pyspark  # noqa: B018  # the first look at it registers the options that its compiler reads


class _SqlType(PlainSqlType):
    """A naive timestamp is Spark's TIMESTAMP_NTZ: its plain TIMESTAMP is an instant that hangs on the session's zone."""

    @classmethod
    def _from_ibis_Timestamp(cls, dtype: dt.Timestamp) -> sge.DataType:  # noqa: N802
        kind = sge.DataType.Type
        return sge.DataType(this=kind.TIMESTAMPLTZ if dtype.timezone else kind.TIMESTAMPNTZ)


@replace(Select)
def _distinct_then_sorted(_: Any) -> Any:
    """Sort what is distinct, outside: Ibis' own rewrite for Spark adds the columns of the filter to what is distinct."""
    if not (_.distinct and _.sort_keys):
        return _
    inner = _.copy(sort_keys=())
    named = {value: ops.Field(inner, name) for name, value in inner.values.items()}
    sort_keys = tuple(key.replace(named, filter=ops.Value) for key in _.sort_keys)
    return Select(inner, selections={n: ops.Field(inner, n) for n in inner.values}, sort_keys=sort_keys)


class _Compiler(DoubleLiterals, PySparkCompiler):
    type_mapper = _SqlType
    post_rewrites = (_distinct_then_sorted,)

    def visit_ArrayIndex(self, op: ops.ArrayIndex, *, arg: Any, index: Any) -> Any:  # noqa: ARG002, N802
        return self.f.anon.get(arg, index)  # no such place: null, where `element_at` raises

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> Any:  # noqa: N802
        if to.is_integer() and op.arg.dtype.is_floating():
            arg = self.f.anon.rint(arg)  # to the nearest, as other engines do; Spark cuts off
        elif to.is_integer() and op.arg.dtype.is_decimal():
            arg = self.f.round(arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_IsNull(self, op: ops.IsNull, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return arg.is_(NULL)  # Ibis has NaN be null here, and nowhere else

    def visit_NotNull(self, op: ops.NotNull, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return arg.is_(NULL).not_()

    def visit_StringSplit(self, op: ops.StringSplit, *, arg: Any, delimiter: Any) -> Any:  # noqa: ARG002, N802
        quoted = self.f.concat(sge.convert("\\Q"), delimiter, sge.convert("\\E"))
        return self.f.anon.split(arg, quoted)  # Spark splits at a pattern, Ibis at a text

    def visit_Strip(self, op: ops.Strip, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return self._stripped("^{0}+|{0}+$", arg)

    def visit_LStrip(self, op: ops.LStrip, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return self._stripped("^{0}+", arg)

    def visit_RStrip(self, op: ops.RStrip, *, arg: Any) -> Any:  # noqa: ARG002, N802
        return self._stripped("{0}+$", arg)

    def _stripped(self, pattern: str, arg: Any) -> Any:
        # Ibis has Spark trim a list of characters, two of which get lost on the way: it would strip the letters v and f.
        return self.f.regexp_replace(arg, sge.convert(pattern.format(_BLANK)), sge.convert(""))

    def visit_TimestampTruncate(self, op: ops.TimestampTruncate, *, arg: Any, unit: Any) -> Any:  # noqa: N802
        return self.cast(super().visit_TimestampTruncate(op, arg=arg, unit=unit), op.dtype)


def _whole_columns(function: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    def run(*columns: pa.Array) -> pa.Array:  # PySpark learns from these types what it is to hand over
        return function(*columns)

    return run


def counted(frame: Any) -> tuple[DataFrame, Any]:
    """Return the frame, and what knows its number of rows, as `get["n_rows"]`, once it has been run.

    PySpark has two kinds of everything, for sessions with a driver of their own and for Connect, and chooses by how the
    process began; here the frame tells, so that both kinds may live in one process.
    """
    if type(frame).__module__.startswith("pyspark.sql.connect"):
        from pyspark.sql.connect import functions, observation
    else:
        from pyspark.sql import functions, observation  # type: ignore[no-redef]
    seen = observation.Observation()
    return frame.observe(seen, functions.count(functions.lit(1)).alias("n_rows")), seen


class SparkBackend(Backend):
    """Ibis' own backend, with rows of this process going over as Arrow, to functions too: no type takes a way through pandas."""

    compiler = _Compiler()

    def _register_udfs(self, expr: ir.Expr) -> None:
        super()._register_udfs(expr)
        for function in expr.op().find(ops.ScalarUDF):
            if function.__input_type__ == InputType.PYARROW:  # Ibis calls these once a row
                whole = arrow_udf(_whole_columns(function.__func__), _spark_type(function.dtype))  # type: ignore[call-overload]
                self._session.udf.register(self.compiler.__sql_name__(function), whole)

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        rows = PyArrowData.convert_table(op.data.to_pyarrow(op.schema), op.schema)
        frame = self._session.createDataFrame(rows, schema=spark_schema(op.schema))
        frame.createOrReplaceTempView(op.name)

    def frame(self, expr: ir.Table) -> DataFrame:
        """Return an expression as a data frame, with just the types that the expression says."""
        self._run_pre_execute_hooks(expr)
        frame = self._session.sql(self.compile(expr))
        wanted = spark_schema(expr.schema())
        if [field.dataType for field in frame.schema] == [field.dataType for field in wanted]:
            return frame
        return frame.selectExpr(
            *(
                f"CAST(`{field.name}` AS {field.dataType.simpleString()}) AS `{field.name}`"
                for field in wanted
            )
        )


def spark_schema(schema: ibis.Schema) -> pt.StructType:
    """Return the columns and types as Spark names them; naive timestamps are TIMESTAMP_NTZ."""
    return pt.StructType([pt.StructField(name, _spark_type(dtype)) for name, dtype in schema.items()])


def _spark_type(dtype: dt.DataType) -> pt.DataType:
    if dtype.is_timestamp():
        return pt.TimestampType() if dtype.timezone else pt.TimestampNTZType()
    if dtype.is_array():
        return pt.ArrayType(_spark_type(dtype.value_type))
    if dtype.is_map():
        return pt.MapType(_spark_type(dtype.key_type), _spark_type(dtype.value_type))
    if dtype.is_struct():
        return pt.StructType([pt.StructField(name, _spark_type(t)) for name, t in dtype.items()])
    return PlainSparkType.from_ibis(dtype)
