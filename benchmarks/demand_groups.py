"""Who will need what: the split of each category over groups of customers, beside shares of the past.

    python benchmarks/demand_groups.py demo-shop --as-of 2017-10-01     # the shop that `make demo` makes

The shop needs portraits and scores of `repeat` as of that day, and orders of the 28 days from it. Error: of each category, half the sum
of absolute errors of the groups' shares of units (0: right, 1: all in wrong groups); the mean over categories weighs them by sales.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from aimwell.people.service import read_facts
from aimwell.predict.demand.service.who import expected_orders, groups_of
from aimwell.predict.demand.tables.groups import group_weights
from aimwell.predict.demand.tables.sales import sold_lines
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

HORIZON_DAYS, MIX_DAYS = 28, 364
TRAITS = ("rfm_segment", "top_category")


def table_of(rows: ir.Table, value: str, *, engine: DuckDBEngine) -> pd.DataFrame:
    """Return categories in rows, groups in columns."""
    found = engine.arrow(rows.select("category", "segment", value)).to_pandas()
    return found.pivot_table(index="category", columns="segment", values=value, aggfunc="sum", fill_value=0)


def summed(lines: ir.Table, groups: ir.Table) -> ir.Table:
    joined = lines.left_join(groups, "person_id")
    told = joined.select("category", "units", "net_minor", segment=joined.segment.fill_null(""))
    return told.group_by("category", "segment").agg(units=told.units.sum(), net=told.net_minor.sum())


def error(said: pd.DataFrame, truth: pd.DataFrame, weights: pd.Series) -> float:
    said = said.reindex(index=truth.index, columns=truth.columns, fill_value=0)
    usual = said.sum() / said.to_numpy().sum()  # for what was never sold before
    share = said.div(said.sum(axis=1), axis=0).apply(lambda row: row.fillna(usual), axis=1)
    off = (share - truth.div(truth.sum(axis=1), axis=0)).abs().sum(axis=1) / 2
    return float((off * weights).sum() / weights.sum())


def splits(lake: Lake, *, by: str, as_of: datetime, day: date) -> Mapping[str, float]:
    """Return the error of each way to split."""
    engine = lake.engine
    groups = groups_of(lake, by=by, as_of=as_of)
    facts = read_facts(lake=lake)

    def lines(first: date, last: date) -> ir.Table:
        until = as_of + (last - day)
        return sold_lines(facts, as_of=until, from_on=first, until_on=last, category_depth=2)

    came = summed(lines(day, day + timedelta(days=HORIZON_DAYS)), groups)
    truth = table_of(came, "units", engine=engine)
    weights = table_of(came, "net", engine=engine).sum(axis=1).clip(lower=0)
    mine = group_weights(
        lines(day - timedelta(days=MIX_DAYS), day), groups, expected_orders(lake, as_of=as_of), until_on=day
    )
    found = {"Aimwell": error(table_of(mine, "weight", engine=engine), truth, weights)}
    for days in (56, 91, MIX_DAYS):
        past = table_of(summed(lines(day - timedelta(days=days), day), groups), "units", engine=engine)
        found[f"shares of the category, {days} days"] = error(past, truth, weights)
    late = table_of(summed(lines(day - timedelta(days=56), day), groups), "units", engine=engine)
    whole = pd.DataFrame([late.sum()] * len(truth), index=truth.index)
    return found | {"shares of all, 56 days": error(whole, truth, weights)}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shop", type=Path)
    parser.add_argument("--as-of", type=datetime.fromisoformat, default=datetime(2017, 10, 1))
    parser.add_argument("--utc-hour", type=int, default=4, help="of the shop's midnight")
    options = parser.parse_args()
    as_of = options.as_of + timedelta(hours=options.utc_hour)
    engine = DuckDBEngine(memory_limit="4GB", temp_folder=Path(tempfile.mkdtemp()))
    for by in TRAITS:
        print(f"groups by {by}")
        found = splits(
            Lake(options.shop / "lake", engine=engine), by=by, as_of=as_of, day=options.as_of.date()
        )
        for name, off in found.items():
            print(f"  {name:34s} {off:.4f}  {off / found['Aimwell']:.2f}")


if __name__ == "__main__":
    main()
