"""Speed and equality of the value models: fits beside rivals, and ten million people.

    python benchmarks/value.py [--online-retail FILE.csv.gz] [--rivals PYTHON] [--people 10000000]

`--rivals` names a Python that has `lifetimes` or `pymc-marketing` (this one, if not given); who is not installed is left
out. A rival's log-likelihood is ours, evaluated at his parameters, so that all are measured with one rule.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.predict.value.cells import Cells
from aimwell.predict.value.forms import PurchaseForm, fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.model import FORMS
from aimwell.predict.value.predictive import Outlook, score_cells
from aimwell.predict.value.service.gather import cell_table, summarise
from aimwell.predict.value.tables.scores import scored
from aimwell.storage.engines.duckdb import DuckDBEngine

HISTORIES = """
    with days as (select distinct customer, day from purchases where day <= '{end}')
    select count(*) - 1 as frequency, max(day) - min(day) as recency_days, date '{end}' - min(day) as age_days
    from days group by customer
"""
CHUNK = 1_000_000


def cdnow(name: str) -> str:
    """Return the query for (customer, day) of a CDNOW file that `lifetimes` carries."""
    spec = find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("CDNOW is read from the package `lifetimes`; install the extra `bench`.")
    path = Path(spec.submodule_search_locations[0]) / "datasets" / name
    columns = "split_part(line, ' ', {n})"
    customer, day = (columns.format(n=n) for n in ((2, 3) if "sample" in name else (1, 2)))
    return f"""
        select {customer} as customer, strptime({day}, '%Y%m%d')::date as day
        from (select trim(regexp_replace(line, ' +', ' ', 'g')) as line
              from read_csv('{path}', header = false, columns = {{'line': 'varchar'}}, delim = '|'))
        where regexp_matches({day}, '^[0-9]{{8}}$')
    """


def online_retail(path: str) -> str:
    """Return the query for (customer, day) of the UCI Online Retail export."""
    return f"""
        select CustomerID as customer, InvoiceDate::timestamp::date as day
        from read_csv('{path}', types = {{'InvoiceNo': 'varchar', 'StockCode': 'varchar'}})
        where CustomerID is not null and Quantity > 0 and InvoiceNo not like 'C%'
    """


def histories(purchases: str, *, end: str) -> dict[str, np.ndarray]:
    """Return frequency, recency and age in days, one entry per customer."""
    con = duckdb.connect()
    con.sql(f"create table purchases as {purchases}")
    found = con.sql(HISTORIES.format(end=end)).fetchnumpy()
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def cells_of(people: dict[str, np.ndarray]) -> Cells:
    """Return the histogram."""
    distinct, count = np.unique(np.stack(list(people.values())), axis=1, return_counts=True)
    return Cells.from_days(**dict(zip(people, distinct, strict=True)), count=count)


def timed(work: Callable[[], Any], *, repeat: int = 3) -> tuple[float, Any]:
    """Return the shortest of several times, in seconds, and the result."""
    seconds, result = [], None
    for _ in range(repeat):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def rival_fits(people: dict[str, np.ndarray], *, python: str, form: str) -> list[dict[str, Any]]:
    """Return what the rivals that this Python has make of the same customers."""
    script = Path(__file__).with_name("value_rivals.py")
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(
            file, **{name: values / (7 if name != "frequency" else 1) for name, values in people.items()}
        )
        file.flush()
        run = subprocess.run(
            [python, str(script), file.name, form], capture_output=True, text=True, check=False
        )
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines]


def compare(name: str, people: dict[str, np.ndarray], *, rivals: str) -> None:
    """Print our fits and the rivals', with ratios of time and differences of log-likelihood."""
    cells = cells_of(people)
    print(f"\n{name}: {cells.n_people:,.0f} customers, {len(cells.count):,} distinct histories")
    for form in ("bgnbd", "pareto_nbd"):
        kind: type[PurchaseForm] = FORMS[form]
        prior, remark = None, ""
        try:
            fit_form(kind, cells)
        except NoMaximum:  # without a prior some shops have no best fit: nobody ever stops
            prior, remark = kind.prior(cells), "   (with its prior; no maximum without)"
        seconds, fit = timed(lambda kind=kind, prior=prior: fit_form(kind, cells, prior=prior))
        print(
            f"  {form:11s} aimwell         {seconds:8.3f} s   log-likelihood {fit.log_likelihood:13.3f}{remark}"
        )
        for rival in rival_fits(people, python=rivals, form=form):
            logs = np.log([rival["parameters"][parameter] for parameter in kind.names])
            value, _ = kind.log_likelihood(cells, logs)
            ratio = rival["seconds"] / seconds
            print(
                f"  {form:11s} {rival['name']:15s} {rival['seconds']:8.3f} s   log-likelihood {value:13.3f}"
                f"   {ratio:7.1f}x our time, {value - fit.log_likelihood:+.4f}"
            )


def draw_people(folder: Path, *, n_people: int) -> list[str]:
    """Write histories of customers who live the Pareto/NBD story, a million a file."""
    paths = []
    for first in range(0, n_people, CHUNK):
        n = min(CHUNK, n_people - first)
        random = np.random.default_rng(first)
        age = random.integers(0, 730, n)
        rate, stop = random.gamma(0.6, 1 / 80, n), random.gamma(0.6, 1 / 100, n)
        lived = np.minimum(random.exponential(1 / np.maximum(stop, 1e-9)), age)
        frequency = np.minimum(random.poisson(rate * lived), age)
        recency = np.where(
            frequency > 0, np.ceil(lived * random.random(n) ** (1 / np.maximum(frequency, 1))), 0
        )
        recent_share = np.clip(lived - np.maximum(age - 91, 0), 0, None) / np.maximum(lived, 1e-9)
        columns = {
            "person_id": np.arange(first, first + n),
            "frequency": frequency,
            "recent": random.binomial(frequency, recent_share),
            "recency_days": np.minimum(recency, age).astype("int64"),
            "age_days": age,
            "margin_minor": (random.gamma(4, 500, n) * (frequency + 1)).astype("int64"),
        }
        paths.append(str(folder / f"{first}.parquet"))
        pq.write_table(pa.table(columns), paths[-1])
    return paths


def drawn_shop(n_people: int) -> dict[str, np.ndarray]:
    """Return histories of a shop the size of both years of Online Retail."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = draw_people(Path(folder), n_people=n_people)
        table = pq.read_table(path)
    return {name: table[name].to_numpy().astype(float) for name in ("frequency", "recency_days", "age_days")}


def scale(n_people: int) -> None:
    """Print the time of each move for so many people."""
    print(f"\n{n_people:,} drawn people")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = draw_people(folder, n_people=n_people)
        engine = DuckDBEngine(memory_limit="4GB", temp_folder=folder)
        people = engine.read_parquet(paths, schema=ibis.memtable(pq.read_table(paths[0])).schema())
        seconds, summary = timed(lambda: summarise(people, engine=engine), repeat=1)
        print(
            f"  gather       {seconds:8.2f} s   {len(summary.cells.count):,} cells at {summary.grain_days} days"
        )
        fits = {}
        for form, kind in FORMS.items():
            seconds, fits[form] = timed(lambda kind=kind: fit_form(kind, summary.cells), repeat=1)
            print(f"  {form:12s} {seconds:8.2f} s   {fits[form].parameters}")
        margin = fit_gamma_gamma(summary.margins)
        for form in ("bgnbd", "pareto_nbd"):
            outlook = Outlook(fits[form], 13.0)
            seconds, scores = timed(lambda o=outlook: score_cells(o, margin, summary.cells), repeat=1)
            print(f"  score cells  {seconds:8.2f} s   {form}")
        rows = scored(
            people,
            cell_table(summary.keys, vars(scores)),
            grain_days=summary.grain_days,
            margin_base_minor=margin.model.v,
        )
        seconds, _ = timed(
            lambda: engine.write_parquet(rows, str(folder / "scores"), month_of=None, cluster_by=()), repeat=1
        )
        print(f"  score people {seconds:8.2f} s   joined and written")
        engine.close()


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--online-retail", help="the UCI export, CSV, plain or gz")
    parser.add_argument("--rivals", default=sys.executable, help="Python that has the rivals")
    parser.add_argument("--people", type=int, default=10_000_000)
    options = parser.parse_args()
    compare(
        "CDNOW 1/10 sample", histories(cdnow("CDNOW_sample.txt"), end="1997-09-30"), rivals=options.rivals
    )
    compare("CDNOW", histories(cdnow("CDNOW_master.txt"), end="1997-09-30"), rivals=options.rivals)
    if options.online_retail:
        people = histories(online_retail(options.online_retail), end="2011-12-09")
        compare("Online Retail", people, rivals=options.rivals)
    compare("Two years, drawn", drawn_shop(5_000), rivals=options.rivals)
    scale(options.people)


if __name__ == "__main__":
    main()
