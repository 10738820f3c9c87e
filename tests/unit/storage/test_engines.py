"""The engine: time zones, streaming, staging, and what its errors say."""

from __future__ import annotations

from datetime import datetime

import ibis
import pytest

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import OutOfMemory


def moments(*values: datetime) -> ibis.Table:
    return ibis.memtable({"at": list(values)})


def test_wall_clock_and_utc_are_each_others_inverse(engine: DuckDBEngine) -> None:
    local = moments(datetime(2017, 7, 1, 12), datetime(2017, 1, 1, 12))
    utc = local.select(at=engine.to_utc(local.at, "Europe/London"))
    # London is one hour ahead of UTC in summer and level with it in winter.
    assert engine.arrow(utc).column("at").to_pylist() == [datetime(2017, 7, 1, 11), datetime(2017, 1, 1, 12)]
    back = utc.select(at=engine.to_local(utc.at, "Europe/London"))
    assert engine.arrow(back).column("at").to_pylist() == [datetime(2017, 7, 1, 12), datetime(2017, 1, 1, 12)]


def test_a_time_that_the_clock_skipped_moves_forward(engine: DuckDBEngine) -> None:
    # On 2017-03-26 London clocks went from 01:00 to 02:00; 01:30 did not exist.
    skipped = moments(datetime(2017, 3, 26, 1, 30))
    utc = engine.arrow(skipped.select(at=engine.to_utc(skipped.at, "Europe/London")))
    assert utc.column("at").to_pylist() == [datetime(2017, 3, 26, 1, 30)]


def test_rows_stream_in_batches(engine: DuckDBEngine) -> None:
    numbers = ibis.range(250_000).unnest().name("i").as_table()
    assert sum(batch.num_rows for batch in engine.batches(numbers, size=100_000)) == 250_000


def test_a_staged_table_lives_as_long_as_the_block(engine: DuckDBEngine) -> None:
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
