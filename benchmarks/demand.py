"""Demand by day, week and month, beside rivals in the same run.

    python benchmarks/demand.py [--quick | --full] [--only daily|weekly|monthly|many] [--series 10000] [--data ../shared/data]

Daily: Complete Journey's 1,000 best sellers, 28 days ahead from three moments; error is RMSSE (relative to "tomorrow as today" before the
moment), also weighted by sales. Weekly: the categories of Complete Journey and the product groups of Online Retail, four weeks ahead from three
moments. Monthly: Australian retail turnover by state and industry, 24 months ahead from three moments (the last two sets are read from `--data`, and
left out where they are not). Daily, one of our runs is told what a shop plans: promotions (mailer and display, by week) and that it is closed on 25 December;
one is told of that day only, as its rules are; one of neither. Weekly, one run is told of both and one of neither. Rivals are those of
`statsforecast` (extra `bench`). `--quick` leaves them out, `--full` adds AutoARIMA, which is given the
last ten years of months and takes a quarter of an hour, and the slow models by day.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aimwell.predict.demand.hierarchy import groups, in_periods, periods, summed
from aimwell.predict.demand.intervals import bounds, learn_quantiles, unrest
from aimwell.predict.demand.learn import Horizon, backtest_of, try_horizons
from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.series.models import forecast_series
from demand_data import FIRST, HORIZON, N_DAYS, N_PRODUCTS, aus_retail, complete_journey, online_retail
from demand_rivals import Said, foretell, losses, mean_of, rivals

MONTHS_AHEAD, N_MOMENTS = 24, 3
ARIMA_MONTHS = 120  # it takes 8 s for one series of 36 years


def rmsse(history: np.ndarray, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    usual = np.mean(np.diff(history, axis=1) ** 2, axis=1)
    error = np.mean((truth - said) ** 2, axis=1)
    return np.sqrt(np.divide(error, usual, out=np.full_like(error, np.nan), where=usual > 0))


def bias_by_sales(tried: list[Horizon]) -> float:
    """Return the bias of units times their price: on Complete Journey 99.5 of 100 units belong to one category."""
    said, truth = (
        sum(float((one.past.price_minor() @ values).sum()) for one, values in pairs)
        for pairs in (
            [(one, one.forecasts["combined"]) for one in tried],
            [(one, one.truth) for one in tried],
        )
    )
    return said / truth - 1


def daily(*, size: str) -> None:
    print(f"\nComplete Journey, {N_PRODUCTS:,} products by day, {HORIZON} days ahead from three moments")
    print(f"{'forecast':42}{'RMSSE':>8}{'weighted':>10}{'bias':>8}{'category':>10}{'total':>8}{'seconds':>9}")
    tried: list[Horizon] = []
    for label, has_promotions, has_closed in (
        ("told of both", True, True),
        ("of 25 December", False, True),
        ("of neither", False, False),
    ):
        panel = complete_journey(has_promotions=has_promotions, has_closed=has_closed)
        start = time.perf_counter()
        tried = try_horizons(panel, horizon_days=HORIZON, country="US", seed=0)
        seconds = time.perf_counter() - start
        tested = backtest_of(tried)
        for name in (
            "combined",
            "bottom_up",
            *(() if has_promotions else ("window_average", "tsb", "last_week")),
        ):
            one = tested.trial("product", name)
            above = [tested.trial(level, name).rmsse for level in ("category", "total")]
            took = f"{seconds:9.1f}" if name == "combined" else ""
            row = f"{one.rmsse:8.4f}{one.weighted_rmsse:10.4f}{one.bias_rate:+8.1%}{above[0]:10.4f}{above[1]:8.4f}{took}"
            print(f"{label + ': ' + name:42}{row}")
        print(f"    bias of units times price: {bias_by_sales(tried[1:]):+.1%}")
        inside = ", ".join(f"{key} {rate:.1%}" for key, rate in tested.coverage.items())
        print(f"    inside the 80 % intervals: {inside}")
    names = {"quick": (), "usual": ("seasonal naive",), "full": ("seasonal naive", "AutoTheta", "AutoETS")}[
        size
    ]
    models = rivals(is_full=False) if names else {}
    for name in names:
        if name in models:
            _daily_rival(name, models[name], tried[1:])


def _daily_rival(name: str, make: Callable[[int], object], tried: list[Horizon]) -> None:
    start = time.perf_counter()
    said = [
        np.nan_to_num(foretell(make, one.past.units, ahead=HORIZON, season=7, seconds=600)[0].expected)
        for one in tried
    ]
    seconds = time.perf_counter() - start
    errors = [rmsse(one.past.units, one.truth, s) for one, s in zip(tried, said, strict=True)]
    weights = [one.past.net_minor.sum(axis=1) for one in tried]
    known = [np.isfinite(e) for e in errors]
    weighted = [np.average(e[k], weights=w[k]) for e, w, k in zip(errors, weights, known, strict=True)]
    bias = sum(s.sum() for s in said) / sum(one.truth.sum() for one in tried) - 1
    above = []
    for level in ("category", "total"):
        sums = [
            [summed(v, place, n_keys=len(keys)) for v in (one.past.units, one.truth, s)]
            for one, s in zip(tried, said, strict=True)
            for keys, place in [groups(one.past)[level]]
        ]
        above.append(np.nanmean(np.concatenate([rmsse(*one) for one in sums])))
    row = f"{np.nanmean(np.concatenate(errors)):8.4f}{np.mean(weighted):10.4f}{bias:+8.1%}{above[0]:10.4f}{above[1]:8.4f}{seconds:9.1f}"
    print(f"{'statsforecast: ' + name:42}{row}")


def _header(title: str) -> None:
    print(f"\n{title}")
    print(f"{'forecast':42}{'MASE':>8}{'pinball':>9}{'inside':>8}{'series':>8}{'seconds':>9}")


def _show(
    label: str, moments: list[tuple[np.ndarray, np.ndarray]], said: list[Said], *, season: int, seconds: float
) -> None:
    rows = [
        losses(before, truth, one, season=season) for (before, truth), one in zip(moments, said, strict=True)
    ]
    mase, pinball, inside, n_series = np.mean(rows, axis=0)
    print(f"{label:42}{mase:8.4f}{pinball:9.4f}{inside:8.1%}{n_series:8.0f}{seconds:9.1f}")


def _show_rivals(
    moments: list[tuple[np.ndarray, np.ndarray]], *, season: int, size: str, arima_periods: int | None = None
) -> None:
    """Show each rival and the mean of all."""
    every = []
    for name, make in rivals(is_full=size == "full").items() if size != "quick" else ():
        recent = -arima_periods if arima_periods and name == "AutoARIMA" else None
        found = [
            foretell(make, before[:, recent:], ahead=truth.shape[1], season=season, seconds=600)
            for before, truth in moments
        ]
        every.append([said for said, _ in found])
        _show(
            f"statsforecast: {name}",
            moments,
            every[-1],
            season=season,
            seconds=sum(took for _, took in found),
        )
    if every:
        _show(
            "mean of these",
            moments,
            [mean_of(list(one)) for one in zip(*every, strict=True)],
            season=season,
            seconds=0,
        )


def weekly(*, size: str, data: Path) -> None:
    """Categories by week, without a season: a year of data has none."""
    sets = {
        "Complete Journey, told of both": lambda: complete_journey(has_promotions=True, has_closed=True),
        "Complete Journey, of neither": lambda: complete_journey(has_promotions=False),
    }
    if (data / "online_retail").exists():
        sets["Online Retail"] = lambda: online_retail(data)
    for number, (label, read) in enumerate(sets.items()):
        country = "GB" if label == "Online Retail" else "US"
        if number != 1:  # the second set is the first, with its rivals
            _header(f"{label.split(',')[0]}, categories by week, 4 weeks ahead from three moments")
        start = time.perf_counter()
        tried = try_horizons(read(), horizon_days=HORIZON, country=country, seed=0)
        seconds = time.perf_counter() - start
        for name in ("combined", "bottom_up"):
            weeks = [_weeks(one, name) for one in tried]
            moments = [(before, truth) for before, _, truth in weeks[1:]]
            said = [_with_interval(weeks[:last], weeks[last]) for last in range(1, len(weeks))]
            _show(
                f"Aimwell, {label.partition(', ')[2] or 'all'}: {name}",
                moments,
                said,
                season=1,
                seconds=seconds,
            )
        own = [forecast_series(before, ahead=truth.shape[1], season=1) for before, truth in moments]
        said = [Said(one.expected, one.low, one.high) for one in own]
        _show("Aimwell, the weekly series alone", moments, said, season=1, seconds=0)
        if number != 0:
            _show_rivals(moments, season=1, size=size)


def _weeks(one: Horizon, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys, place = groups(one.past)["category"]
    back = periods(one.past.first_on, n_days=one.past.n_days, grain="week")
    ahead = periods(one.past.end_on, n_days=one.truth.shape[1], grain="week")
    before = in_periods(summed(one.past.units, place, n_keys=len(keys)), back)
    said, truth = (
        in_periods(summed(v, place, n_keys=len(keys)), ahead) for v in (one.forecasts[name], one.truth)
    )
    return before, said, truth


def _with_interval(
    tried: list[tuple[np.ndarray, np.ndarray, np.ndarray]], now: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Said:
    quantiles = learn_quantiles([(said, unrest(before), truth) for before, said, truth in tried])
    before, said, _ = now
    return Said(said, *bounds(said, unrest(before), quantiles))


def monthly(*, size: str, data: Path) -> None:
    if not (data / "aus_retail").exists():
        print(f"\nAustralian retail is not in {data}: left out.")
        return
    _header(f"Australian retail by month, {MONTHS_AHEAD} months ahead from {N_MOMENTS} moments")
    values = aus_retail(data)
    ends = [values.shape[1] - MONTHS_AHEAD * number for number in range(N_MOMENTS, 0, -1)]
    moments = [(values[:, :end], values[:, end : end + MONTHS_AHEAD]) for end in ends]
    start = time.perf_counter()
    own = [forecast_series(before, ahead=MONTHS_AHEAD, season=12) for before, _ in moments]
    seconds = time.perf_counter() - start
    _show(
        "Aimwell", moments, [Said(one.expected, one.low, one.high) for one in own], season=12, seconds=seconds
    )
    _show_rivals(moments, season=12, size=size, arima_periods=ARIMA_MONTHS)


def many(n_series: int) -> None:
    """Repeat the panel to many series and time one fit; and as many series of ten years of months."""
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
    print(f"\n{n_series:,} series by day, four horizons tried: {time.perf_counter() - start:.0f} s")
    start = time.perf_counter()
    forecast_series(random.poisson(50, (n_series, 120)).astype(float), ahead=12, season=12)
    print(f"{n_series:,} series of 120 months, three horizons tried: {time.perf_counter() - start:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", default="usual")
    size.add_argument("--full", dest="size", action="store_const", const="full")
    parser.add_argument("--only", choices=("daily", "weekly", "monthly", "many"))
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    given = parser.parse_args()
    if given.only in (None, "daily"):
        daily(size=given.size)
    if given.only in (None, "weekly"):
        weekly(size=given.size, data=given.data)
    if given.only in (None, "monthly"):
        monthly(size=given.size, data=given.data)
    if given.only in (None, "many"):
        many(given.series)


if __name__ == "__main__":
    main()
