"""A made-up shop of any number of people, written into lake tables month by month, so that memory does not grow with it.

Every number is a hash of the row's own number, so the same call always makes the same shop. Skew is that of real shops:

- Orders per month and person are log-logistic with tail exponent 2: one percent of the people order an eighth of everything.
- Twenty accounts stand for counters and resellers; the largest has 0.5 % of all orders and events, the k-th a k-th of that.
- Products follow Zipf's law: the first of 50,000 has about 4 % of all lines; a third of the lines come from a person's favourites.

People arrive over two years and stay ten months on average; of 100 who come 85 buy. A person has about 3 orders, 6 lines, 10 events.
Person ids rise with the row number and are spread evenly, as random ids are, so that files are sorted as they are made.
"""

from __future__ import annotations

import json
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from aimwell.base.progress import Progress
from aimwell.intake.facts import CUSTOMERS, EVENTS, ORDER_LINES, ORDERS, PRODUCTS, REFUNDS
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec
from portraits_data import padded

__all__ = ["AS_OF", "day_of_events", "shop_of"]

START = datetime(2023, 1, 1)  # naive UTC
AS_OF = datetime(2025, 1, 1)  # naive UTC
MONTHS = 24
HEADS = 20
HEAD_SHARE = 0.005  # of all orders and events, the largest account's
ORDERS_PER_PERSON = 3
VISITS_PER_PERSON = 2.5

# u(n, stream): a number in [0, 1) for each number; streams are independent of each other.
MACROS = """
    create or replace temp macro u(n, stream) as hash(n * 64 + stream) / 18446744073709551616.0;
    create or replace temp macro draw(n, stream, below) as (hash(n * 64 + stream) % below)::bigint;
    create or replace temp macro moment(day) as make_timestamp({start_us} + (day * 86400)::bigint * 1000000);
    create or replace temp macro sku(product) as 'SKU-' || lpad(product::varchar, 8, '0');
    create or replace temp macro product_of(n, row_no) as case when u(row_no, 13) < 0.35
        then draw(n * 4 + draw(row_no, 14, 4), 15, 240) + 240 * draw(n * 16 + draw(row_no, 14, 16), 16, 208)
        else floor(exp(u(row_no, 17) * ln(50000)))::bigint - 1 end;
"""
# One row per person who is there within days [starts, ends) since START; rates are per month.
PEOPLE = """
    select n, n * {id_step} + draw(n, 1, {id_step}) as person_id, 'a' || n as account_id,
        case when is_head then 0.0 else u(n, 2) * {days} end as arrives,
        case when is_head then {days} else arrives - 304.0 * ln(1.0 - least(u(n, 3), 0.999999)) end as leaves,
        case when is_head then {head_orders} / head_no else 0.23 * sqrt(least(u(n, 4), 0.999999999) / (1.0 - least(u(n, 4), 0.999999999))) end as rate,
        case when is_head then {head_visits} / head_no else 0.2 + 0.55 * rate end as visit_rate,
        greatest({starts}, arrives) as begins, least({ends}, leaves) as stops
    from (select range as n, n // {head_step} + 1 as head_no, n % {head_step} = 7 as is_head from range({n_people}))
    where arrives < {ends} and leaves > {starts}
"""
MONTH_ORDERS = """
    select n, person_id, account_id, order_no, moment(case when i = 0 then arrives else begins + (stops - begins) * u(order_no, 8) end) as ordered_at,
        least(20, 1 + floor(-log2(1.0 - u(order_no, 9))))::bigint as n_lines
    from (
        select *, (n * {months} + {month}) * 1000000 + i as order_no
        from (
            select *, unnest(range((not (arrives >= {starts} and u(n, 6) < 0.85))::bigint,
                1 + floor(rate * (stops - begins) / 30.4375 + u(n * {months} + {month}, 5))::bigint)) as i
            from ({people})
        )
    )
"""
MONTH_LINES = """
    select *, (100 + draw(product, 18, 9900)) * quantity as net_minor
    from (
        select *, product_of(n, line_key) as product, 1 + draw(line_key, 19, 10) // 8 as quantity
        from (select *, order_no * 20 + line_no as line_key from (select *, unnest(range(n_lines)) as line_no from month_orders))
    )
"""
ORDER_ROWS = """
    select 'o' || order_no as order_id, account_id, person_id, ordered_at, ordered_at as local_at,
        case when draw(order_no, 20, 50) = 0 then 'cancelled' else 'completed' end as status,
        case when draw(order_no, 21, 5) = 0 then 'store' else 'web' end as channel,
        case when draw(n, 22, 3) = 0 then 'desktop' else 'mobile' end as device,
        n_lines, items_minor, draw(order_no, 23, 5) // 4 * items_minor // 10 as discount_minor,
        case when items_minor > 4900 then 0 else 490 end as shipping_minor, 0 as tax_minor, items_minor + shipping_minor as total_minor,
        'EUR' as currency, case when draw(order_no, 24, 10) = 0 then 'WELCOME' end as coupon_code, false as is_test
    from month_orders join (select order_no, sum(net_minor)::bigint as items_minor from month_lines group by order_no) using (order_no)
"""
LINE_ROWS = """
    select 'o' || order_no as order_id, line_no + 1 as line_no, account_id, person_id, ordered_at, ordered_at as local_at,
        sku(product) as product_id, quantity, net_minor, draw(line_key, 25, 5) // 4 * net_minor // 10 as discount_minor,
        net_minor * (50 + draw(product, 26, 30)) // 100 as cost_minor, 'EUR' as currency, false as is_fee, false as is_test
    from month_lines
"""
REFUND_ROWS = """
    select 'r' || line_key as refund_id, 'o' || order_no as order_id, line_no + 1 as line_no, sku(product) as product_id, account_id,
        person_id, ordered_at + to_days(1 + draw(line_key, 27, 20)::int) as refunded_at, quantity, net_minor as amount_minor, 'EUR' as currency
    from month_lines where draw(line_key, 28, 30) = 0
"""
EVENT_ROWS = """
    select to_hex(hash(visit_no * 8 + i)) as message_id, account_id, person_id,
        ['Product Viewed', 'Product Viewed', 'Product Viewed', 'Product Viewed', 'Product Viewed', 'Product Viewed', 'Product Viewed',
            'Products Searched', 'Product Added', 'Product Added', 'Checkout Started', 'Page Viewed'][1 + draw(visit_no * 8 + i, 29, 12)] as name,
        moment(day) + to_seconds(i * 40) as occurred_at, occurred_at as local_at, 's' || visit_no as session_id,
        sku(product_of(n, visit_no * 8 + i)) as product_id, 'web' as channel,
        case when draw(n, 22, 3) = 0 then 'desktop' else 'mobile' end as device
    from (
        select *, unnest(range(1 + draw(visit_no, 30, 7))) as i, least(begins + (stops - begins) * u(visit_no, 31), {ends} - 0.01) as day
        from (
            select *, (n * {months} + {month}) * 1000000 + visit as visit_no
            from (
                select *, unnest(range(floor(visit_rate * (stops - begins) / 30.4375 + u(n * {months} + {month}, 32))::bigint)) as visit
                from ({people})
            )
        )
    )
"""
CUSTOMER_ROWS = """
    select account_id, person_id, moment(arrives) as created_at, ['DE', 'FR', 'NL', 'PL', 'IT', 'ES'][1 + draw(n, 33, 6)] as region, 'en' as locale
    from ({people})
"""
PRODUCT_ROWS = """
    select sku(n) as product_id, 'Product ' || n as name, 'Department ' || n % 240 % 20 || ' > Shelf ' || n % 240 as category,
        'Brand ' || draw(n, 34, 2000) as brand, 100 + draw(n, 18, 9900) as price_minor, 'EUR' as currency
    from (select range as n from range(50000))
"""


def shop_of(n_people: int, *, folder: Path, memory_limit: str, threads: int, progress: Progress) -> Path:
    """Return the lake of so many people; it is made once and kept.

    Parameters
    ----------
    n_people
        Accounts; a few who came without any visit or order are people with an account only.
    folder
        Shops of all sizes are kept here.
    memory_limit, threads
        Of the engine that makes them.
    progress
        Hears of the months made.
    """
    root = folder / f"people-{n_people}"
    made = root / "made.json"
    if not made.exists():
        shutil.rmtree(root, ignore_errors=True)
        (root / "tmp").mkdir(parents=True)
        engine = DuckDBEngine(memory_limit=memory_limit, temp_folder=root / "tmp", threads=threads)
        began = time.perf_counter()
        n_rows = _fill(Lake(root / "lake", engine=engine), n_people=n_people, progress=progress)
        seconds = time.perf_counter() - began
        engine.close()
        made.write_text(json.dumps({"seconds": seconds, "rows": n_rows, "bytes": _bytes(root / "lake")}))
    return root / "lake"


def day_of_events(lake: Lake, *, n_people: int) -> int:
    """Append the day after AS_OF, known at its end; returns its number of events."""
    days = (AS_OF - START).days
    engine: Any = lake.engine
    names = _names(n_people, month=MONTHS, starts=days, ends=days + 1)
    _open(engine)
    rows = engine.backend.sql(EVENT_ROWS.format(**names))
    known_at = AS_OF + timedelta(days=1)
    return lake.append(EVENTS, padded(rows, EVENTS, known_at=known_at)).n_rows


def _fill(lake: Lake, *, n_people: int, progress: Progress) -> dict[str, int]:
    engine: Any = lake.engine
    n_rows: dict[str, int] = {}

    def add(spec: TableSpec, rows: ir.Table) -> None:
        n_rows[spec.name] = (
            n_rows.get(spec.name, 0) + lake.append(spec, padded(rows, spec, known_at=AS_OF)).n_rows
        )

    _open(engine)
    add(PRODUCTS, engine.backend.sql(PRODUCT_ROWS))
    days = (AS_OF - START).days
    add(CUSTOMERS, engine.backend.sql(CUSTOMER_ROWS.format(**_names(n_people, month=0, starts=0, ends=days))))
    progress.start(f"Making {n_people:,} people", total=MONTHS, unit="months")
    for month in range(MONTHS):
        starts, ends = (_month(m) - START for m in (month, month + 1))
        names = _names(n_people, month=month, starts=starts.days, ends=ends.days)
        engine.backend.raw_sql(f"create or replace temp table month_orders as {MONTH_ORDERS.format(**names)}")
        engine.backend.raw_sql(f"create or replace temp table month_lines as {MONTH_LINES}")
        add(ORDERS, engine.backend.sql(ORDER_ROWS))
        add(ORDER_LINES, engine.backend.sql(LINE_ROWS))
        add(REFUNDS, engine.backend.sql(REFUND_ROWS))
        add(EVENTS, engine.backend.sql(EVENT_ROWS.format(**names)))
        progress.advance(1)
    progress.done()
    return n_rows


def _open(engine: Any) -> None:
    start_us = int((START - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    for macro in filter(str.strip, MACROS.format(start_us=start_us).split(";")):
        engine.backend.raw_sql(macro)


def _names(n_people: int, *, month: int, starts: int, ends: int) -> dict[str, Any]:
    """Return what the queries of one month name."""
    own = {
        "n_people": n_people,
        "id_step": 2**62 // n_people,
        "days": (AS_OF - START).days,
        "head_step": max(n_people // HEADS, 8),
        "head_orders": HEAD_SHARE * ORDERS_PER_PERSON * n_people / MONTHS,
        "head_visits": HEAD_SHARE * VISITS_PER_PERSON * n_people / MONTHS,
        "starts": starts,
        "ends": ends,
    }
    return {
        "people": PEOPLE.format(**own),
        "months": MONTHS + 1,
        "month": month,
        "ends": ends,
        "starts": starts,
    }


def _month(number: int) -> datetime:
    return datetime(START.year + number // 12, number % 12 + 1, 1)


def _bytes(folder: Path) -> dict[str, int]:
    """Return the size of each table's files."""
    return {table.name: sum(f.stat().st_size for f in table.rglob("*.parquet")) for table in folder.iterdir()}
