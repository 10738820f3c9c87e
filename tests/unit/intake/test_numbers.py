"""Amounts as people and programs write them."""

from __future__ import annotations

from decimal import Decimal

import ibis
import pytest

from aimwell.intake.tables.numbers import decimal_mark, is_plain, number

pytestmark = pytest.mark.both_engines


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1,234.50", "1234.5"),
        ("￥99", "99"),
        ("¥ 1,000", "1000"),
        ("99元", "99"),
        ("£ 5.00", "5"),
        ("US$3.10", "3.1"),
        ("12.50 EUR", "12.5"),
        ("(12.00)", "-12"),
        ("12-", "-12"),
        ("-5", "-5"),
        ("1E+05", "100000"),
        ("abc", None),
        ("=SUM(A1:A2)", None),
        ("1,2,3", None),
        ("999999999999999", None),  # a thousand million million: no amount
        ("NaN", None),
    ],
)
def test_point_decimals(column, values, written, meant) -> None:
    assert values(number(column([written]), mark=".")) == [meant and Decimal(meant)]


@pytest.mark.parametrize(
    ("written", "meant"), [("1.234,50", "1234.5"), ("99,9", "99.9"), ("1.234", "1234"), ("-5,00 €", "-5")]
)
def test_comma_decimals(column, values, written, meant) -> None:
    assert values(number(column([written]), mark=",")) == [Decimal(meant)]


@pytest.mark.parametrize(
    ("looks", "mark"),
    [
        (["9.99"], "."),
        (["9,99"], ","),
        (["9.999,99", "9"], ","),
        (["9,999.99"], "."),
        (["9,999"], "."),
        ([], "."),
    ],
)
def test_the_mark_is_seen_from_the_looks(looks, mark) -> None:
    assert decimal_mark(looks) == mark


def test_plain_columns_take_the_short_way(column, one_engine) -> None:
    cells = {"short": column(["1", "-2.5", None]), "long": column(["1", "2,5"])}
    found = {
        name: one_engine.rows(is_plain(cell).name("is_plain").as_table()) for name, cell in cells.items()
    }
    assert found == {"short": [{"is_plain": True}], "long": [{"is_plain": False}]}


def test_it_compiles_for_spark() -> None:
    table = ibis.table({"text": "string"}, name="t")
    for mark in (".", ",", None):
        assert ibis.to_sql(table.select(n=number(table.text, mark=mark)), dialect="pyspark")
