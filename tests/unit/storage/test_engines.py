"""The engine: time zones, streaming, staging, and what its errors say."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import ibis
import pytest

from aimwell.storage.engines import Engine
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import OutOfMemory

pytestmark = pytest.mark.both_engines(part="small")


def moments(*values: datetime) -> ibis.Table:
    return ibis.memtable({"at": list(values)})


def test_wall_clock_and_utc_are_each_others_inverse(engine: Engine) -> None:
    local = moments(datetime(2017, 7, 1, 12), datetime(2017, 1, 1, 12))
    utc = local.select(at=engine.to_utc(local.at, "Europe/London"))
    # London is one hour ahead of UTC in summer and level with it in winter.
    assert engine.arrow(utc).column("at").to_pylist() == [datetime(2017, 7, 1, 11), datetime(2017, 1, 1, 12)]
    back = utc.select(at=engine.to_local(utc.at, "Europe/London"))
    assert engine.arrow(back).column("at").to_pylist() == [datetime(2017, 7, 1, 12), datetime(2017, 1, 1, 12)]


def test_a_time_that_the_clock_skipped_moves_forward(engine: Engine) -> None:
    # On 2017-03-26 London clocks went from 01:00 to 02:00; 01:30 did not exist.
    skipped = moments(datetime(2017, 3, 26, 1, 30))
    utc = engine.arrow(skipped.select(at=engine.to_utc(skipped.at, "Europe/London")))
    assert utc.column("at").to_pylist() == [datetime(2017, 3, 26, 1, 30)]


def test_a_time_that_the_clock_shows_twice_is_the_second_one(engine: Engine) -> None:
    # On 2017-10-29 London clocks went from 02:00 back to 01:00; on 2017-04-02 Lord Howe's went back by half an hour.
    twice = ibis.memtable(
        {"london": [datetime(2017, 10, 29, 1, 30)], "island": [datetime(2017, 4, 2, 1, 45)]}
    )
    utc = twice.select(
        london=engine.to_utc(twice.london, "Europe/London"),
        island=engine.to_utc(twice.island, "Australia/Lord_Howe"),
    )
    assert engine.rows(utc) == [
        {"london": datetime(2017, 10, 29, 1, 30), "island": datetime(2017, 4, 1, 15, 15)}
    ]


def test_rows_stream_in_batches(engine: Engine) -> None:
    numbers = ibis.range(250_000).unnest().name("i").as_table()
    assert sum(batch.num_rows for batch in engine.batches(numbers, size=100_000)) == 250_000


def test_nothing_is_drawn_while_a_query_runs(tmp_path: Path) -> None:
    with closing(DuckDBEngine(memory_limit="100MB", temp_folder=tmp_path)) as engine:
        drawn = engine.backend.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    assert drawn == (False,)


def test_a_staged_table_lives_as_long_as_the_block(engine: Engine) -> None:
    with engine.stage(moments(datetime(2020, 1, 1))) as staged:
        assert engine.rows(staged) == [{"at": datetime(2020, 1, 1)}]
    assert [name for name in engine.backend.list_tables() if name.startswith("stage_")] == []


def test_too_little_memory_is_said_with_the_next_step(tmp_path: object) -> None:
    engine = DuckDBEngine(memory_limit="20MB", temp_folder=tmp_path, threads=1)  # type: ignore[arg-type]
    engine.backend.raw_sql("SET max_temp_directory_size = '0KB'")
    wide = ibis.range(5_000_000).unnest().name("i").as_table()
    with pytest.raises(OSError, match="run the same command again") as caught:
        engine.arrow(wide.order_by((wide.i * 7919) % 5_000_011))
    assert isinstance(caught.value, OutOfMemory) or "disk" in str(caught.value)
    engine.close()
