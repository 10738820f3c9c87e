"""A year ahead by month, beside the same months of the year before, with and without growth, and beside AutoETS.

    python benchmarks/demand_outlook.py [--ets] [--data ../shared/data]

Australian retail turnover: each state is taken as a shop, its industries as categories, seen for ten years; twelve months ahead from eight
Januaries. MASE is relative to the mean absolute change from year to year before; "inside" is the share of months inside the 80 % interval,
for the first and the last six months. `--ets` adds AutoETS of `statsforecast` (extra `bench`), which takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from aimwell.predict.demand.series.models import series_candidates
from aimwell.predict.demand.series.outlook import look_ahead
from demand_rivals import foretell, rivals

AHEAD, SEASON, SEEN = 12, 12, 120
LAST_YEARS = range(2011, 2019)


def states(folder: Path) -> tuple[list[str], list[np.ndarray]]:
    """Return months (YYYY-MM), and of each state (industries, months) turnover; industries with holes are left out."""
    with gzip.open(folder / "aus_retail" / "aus_retail.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            (row["State"], row["Series ID"], row["Month"][:7], float(row["Turnover"]))
            for row in csv.DictReader(file)
        ]
    months = sorted({row[2] for row in rows})
    column = {month: number for number, month in enumerate(months)}
    found = []
    for state in sorted({row[0] for row in rows}):
        series = sorted({row[1] for row in rows if row[0] == state})
        values = np.full((len(series), len(months)), np.nan)
        for name, key, month, turnover in rows:
            if name == state:
                values[series.index(key), column[month]] = turnover
        found.append(values)
    return months, found


def mase(past: np.ndarray, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return (series,)."""
    size = np.abs(past[:, SEASON:] - past[:, :-SEASON]).mean(axis=1)
    return np.asarray(np.abs(truth - said).mean(axis=1) / size)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ets", action="store_true")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    given = parser.parse_args()
    if not (given.data / "aus_retail").exists():
        raise SystemExit(f"Australian retail is not in {given.data}.")
    months, shops = states(given.data)
    errors: dict[str, list[np.ndarray]] = {}
    inside: list[np.ndarray] = []
    forms: list[str] = []
    for year in LAST_YEARS:
        end = months.index(f"{year}-01")
        for values in shops:
            whole = values[np.isfinite(values[:, end - SEEN : end + AHEAD]).all(axis=1)]
            past, truth = whole[:, end - SEEN : end], whole[:, end : end + AHEAD]
            found = look_ahead(past, ahead=AHEAD, factors=np.ones(SEEN + AHEAD))
            forms.append(found.form)
            inside.append((truth >= found.low) & (truth <= found.high))
            said = {
                "Aimwell": found.expected,
                "the year before": past[:, -SEASON:],
                "the year before, grown": series_candidates(past, ahead=AHEAD, season=SEASON)["last_season"],
            }
            if given.ets:
                said["statsforecast: AutoETS"] = foretell(
                    rivals(is_full=False)["AutoETS"], past, ahead=AHEAD, season=SEASON, seconds=600
                )[0].expected
            for name, one in said.items():
                errors.setdefault(name, []).append(mase(past, truth, one))
    print(f"{len(forms)} outlooks; used: { ({form: forms.count(form) for form in sorted(set(forms))}) }")
    for name, found in errors.items():
        print(f"{name:28}{np.nanmean(np.concatenate(found)):8.4f}")
    hits = np.concatenate(inside)
    print(f"inside the 80 % interval: months 1-6 {hits[:, :6].mean():.1%}, 7-12 {hits[:, 6:].mean():.1%}")


if __name__ == "__main__":
    main()
