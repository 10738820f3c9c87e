"""Loading: rows per second from a CSV file to the lake, beside plain DuckDB `read_csv` of the same file in the same run.

    python benchmarks/load.py [--rows 2000000] [--folder DIR]

The file has one order line per row (eleven columns, three lines to an order, one customer to ten orders). Three rivals' numbers:
DuckDB only counting what it reads, DuckDB keeping the rows as a table with guessed types, and `aimwell load` doing all it does:
line numbers, dates and amounts checked, accounts admitted to the vault, orders summed, five tables sorted, written and committed.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from aimwell.cli.load import desk_of
from aimwell.intake.service import load_files
from aimwell.shop import init_shop, open_shop

_FILE = """
COPY (
    SELECT
        i // 3 AS order_id,
        'c' || hash(i // 30) % 1000000 AS customer_id,
        strftime(TIMESTAMP '2024-01-01' + INTERVAL (i // 3 * 7) SECOND, '%Y-%m-%d %H:%M:%S') AS order_date,
        'P' || hash(i) % 5000 AS sku,
        'Product number ' || hash(i) % 5000 AS product_name,
        'Category ' || hash(i) % 40 AS category,
        1 + hash(i + 1) % 3 AS quantity,
        (100 + hash(i + 2) % 5000) / 100 AS price,
        'EUR' AS currency,
        'web' AS channel,
        'completed' AS status
    FROM range($rows) AS numbers(i)
) TO '$path' (HEADER)
"""


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def duckdb_count(path: Path) -> None:
    with duckdb.connect() as connection:
        connection.sql(f"SELECT count(*), max(customer_id), sum(price) FROM read_csv('{path}')").fetchall()


def duckdb_table(path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE lines AS FROM read_csv('{path}')")


def aimwell_load(path: Path, folder: Path) -> None:
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin")
    with open_shop(folder) as shop:
        report = load_files([path], desk=desk_of(shop))
    books = report.books
    if not (books.is_balanced and books.n_stored == books.n_received):
        raise SystemExit(f"the books are wrong: {books}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="aimwell-bench-", dir=options.folder))
    try:
        path = scratch / "lines.csv"
        duckdb.execute(_FILE.replace("$rows", str(options.rows)).replace("$path", str(path)))
        seconds = {
            "duckdb read_csv, counted": timed(lambda: duckdb_count(path)),
            "duckdb read_csv, kept as a table": timed(lambda: duckdb_table(path)),
            "aimwell load": timed(lambda: aimwell_load(path, scratch / "shop")),
        }
    finally:
        shutil.rmtree(scratch)
    print(
        f"{options.rows:,} rows; {platform.machine()}, Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )
    base = seconds["duckdb read_csv, kept as a table"]
    for name, spent in seconds.items():
        print(f"{name:34} {spent:7.2f} s {options.rows / spent:12,.0f} rows/s   {spent / base:5.1f} x")


if __name__ == "__main__":
    main()
