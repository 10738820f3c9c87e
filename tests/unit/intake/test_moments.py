"""Dates as people and programs write them."""

from __future__ import annotations

from datetime import datetime

import ibis
import pytest

from aimwell.intake.tables.moments import DateShapes, date_shapes, day_places, moment, patterns

pytestmark = pytest.mark.both_engines


@pytest.fixture
def read(column, values, one_engine):
    """Return a reader of texts: what each means, by what the whole column shows."""

    def run(texts, stated="auto"):
        cell = column(texts)
        looks = one_engine.arrow(patterns(cell))["look"].to_pylist()
        places = one_engine.arrow(day_places(cell)).to_pylist()[0]
        shapes = date_shapes(looks, stated=stated, places=places)
        found = moment(cell, shapes)
        return shapes, values(found.at), values(ibis.ifelse(found.is_utc, "utc", "local"))

    return run


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2017-01-02 03:04:05", datetime(2017, 1, 2, 3, 4, 5)),
        ("2017/1/2 3:04", datetime(2017, 1, 2, 3, 4)),
        ("2017年1月2日 3:04", datetime(2017, 1, 2, 3, 4)),
        ("2017.1.2", datetime(2017, 1, 2)),
        ("20170102", datetime(2017, 1, 2)),
        ("20170102030405", datetime(2017, 1, 2, 3, 4, 5)),
        ("43000", datetime(2017, 9, 22)),  # 1899-12-30 + 43,000 days, as Excel shows it
        ("43000.5", datetime(2017, 9, 22, 12)),
        ("13/2/17 3:04", datetime(2017, 2, 13, 3, 4)),
        ("2.1.2017", datetime(2017, 1, 2)),  # points are European: day first
        ("Jan 5, 2021 10:00", datetime(2021, 1, 5, 10)),
        ("05-Feb-2021", datetime(2021, 2, 5)),
        ("12/31/2017 12:04 AM", datetime(2017, 12, 31, 0, 4)),
        ("12/31/2017 3:04 PM", datetime(2017, 12, 31, 15, 4)),
        ("2017/1/2 下午3:04", datetime(2017, 1, 2, 15, 4)),
        ("2017-02-31", None),
        ("not a date", None),
    ],
)
def test_one_cell(read, written, meant) -> None:
    assert read([written])[1:] == ([meant], ["local"])


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2017-01-02T03:04:05+08:00", datetime(2017, 1, 1, 19, 4, 5)),
        ("2017-01-02 03:04:05 +0800", datetime(2017, 1, 1, 19, 4, 5)),
        ("2017-01-02T03:04:05.123-05:30", datetime(2017, 1, 2, 8, 34, 5, 123000)),
        ("2017-01-02T03:04:05Z", datetime(2017, 1, 2, 3, 4, 5)),
        ("2019-10-01 00:00:00 UTC", datetime(2019, 10, 1)),
        ("1500000000", datetime(2017, 7, 14, 2, 40)),
        ("1500000000123", datetime(2017, 7, 14, 2, 40, 0, 123000)),
    ],
)
def test_a_cell_that_says_its_offset_is_utc(read, written, utc) -> None:
    assert read([written])[1:] == ([utc], ["utc"])


def test_one_day_above_twelve_decides_the_whole_column(read) -> None:
    shapes, found, _ = read(["1/2/2017", "13/2/2017", "31/02/2017"])
    assert shapes.order == "dmy"
    assert found == [datetime(2017, 2, 1), datetime(2017, 2, 13), None]
    assert read(["1/2/2017", "2/13/2017"])[1] == [datetime(2017, 1, 2), datetime(2017, 2, 13)]


def test_nobody_guesses_when_nothing_decides(read) -> None:
    shapes, _, _ = read(["1/2/2017", "3/3/2017"])
    assert shapes.order == "unknown"
    assert shapes.example == "1/2/2017"
    assert read(["1/2/2017"], "mdy")[1] == [datetime(2017, 1, 2)]
    assert read(["1/2/2017"], "dmy")[1] == [datetime(2017, 2, 1)]


def test_equal_day_and_month_read_the_same_both_ways(read) -> None:
    assert read(["3/3/2017"])[1] == [datetime(2017, 3, 3)]


def test_a_column_that_contradicts_itself_is_refused(read) -> None:
    assert read(["13/1/2017", "1/13/2017", "2/1/2017"])[0].order == "unknown"


def test_plain_columns_take_the_short_way(read) -> None:
    assert read(["2017-01-02 03:04:05", None])[0].is_ready
    assert not read(["2017-01-02 03:04:05", "2/13/2017"])[0].is_ready


def test_shapes_mix_within_a_column(read) -> None:
    assert read(["2017-01-02", "43000", "13/2/2017"])[1] == [
        datetime(2017, 1, 2),
        datetime(2017, 9, 22),
        datetime(2017, 2, 13),
    ]


def test_every_reader_compiles_for_spark() -> None:
    table = ibis.table({"text": "string"}, name="t")
    every = frozenset({"ymd", "parts", "compact", "serial", "seconds", "millis", "named"})
    shapes = DateShapes(shapes=every, has_offset=True, has_half_days=True)
    for expr in (
        table.select(at=moment(table.text, shapes).at),
        patterns(table.text),
        day_places(table.text),
    ):
        assert ibis.to_sql(expr, dialect="pyspark")
        assert ibis.to_sql(expr, dialect="duckdb")
