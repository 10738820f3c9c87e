"""Who orders again, in shops of 50, 200 and 1,000 customers: drawn from real shops, with the product's own code.

    python benchmarks/repeat_small.py [--draws 20] [--online-retail FILE.csv.gz] [--cdnow FILE.txt.gz]

Each draw takes so many customers by lot, fits as of a day and scores everybody; "within 30 days" is laid beside what came. Rivals see the same: the
share of customers who came in the last 30 days, given to everyone; and, for the ranking, recency. Log-losses and AUCs are means over draws;
"better" is the share of draws in which the log-loss is below that of the share. CDNOW comes with `lifetimes` (the extra `bench`).
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.measures import auc, calibration_error, chance_calibration_error, log_loss
from aimwell.predict.repeat.service import fit_repeat, score_repeat
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from repeat import as_orders, cdnow, complete_journey, online_retail, purchases, truth

SIZES, DAYS = (50, 200, 1_000), 30


def drawn(bought: pa.Table, *, cut_on: date, size: int, seed: int) -> pa.Table:
    """Return the purchases of `size` customers who bought before the cut, drawn by lot."""
    con = duckdb.connect()
    con.register("bought", bought)
    known = con.sql(
        f"select distinct person_id from bought where bought_on < '{cut_on}' order by 1"
    ).fetchnumpy()
    chosen = np.random.default_rng(seed).choice(
        known["person_id"], size=min(size, len(known["person_id"])), replace=False
    )
    con.register("chosen", pa.table({"person_id": chosen}))
    found = con.sql(
        "select * from bought semi join chosen using (person_id) order by person_id, bought_on"
    ).arrow()
    return found.read_all() if isinstance(found, pa.RecordBatchReader) else found


def tried(bought: pa.Table, *, cut_on: date, seed: int) -> dict[str, float] | None:
    """Fit, score and measure one shop; None where the family abstained."""
    as_of = datetime.combine(cut_on, datetime.min.time())
    with tempfile.TemporaryDirectory() as name:
        engine = DuckDBEngine(memory_limit="2GB", temp_folder=Path(name), threads=1)
        lake = Lake(Path(name) / "lake", engine=engine)
        for spec in FACTS.values():
            lake.create(spec)
        lake.append(FACTS["orders"], ibis.memtable(as_orders(bought)))
        card = fit_repeat(lake=lake, clock=FixedClock(as_of), as_of=as_of, time_zone="UTC", seed=seed)
        if isinstance(card, Abstention):
            engine.close()
            return None
        score_repeat(lake=lake, as_of=as_of, time_zone="UTC")
        ours = engine.arrow(lake.table(REPEAT_SCORES.name).order_by("person_id"))
        engine.close()
    people, said = ours["person_id"].to_numpy(), ours["p_order_30"].to_numpy()
    came = (truth(bought, people, cut_on=cut_on, seen_days=DAYS).next_days <= DAYS).astype(float)
    before = truth(bought, people, cut_on=cut_on - timedelta(days=DAYS), seen_days=DAYS).next_days <= DAYS
    share = np.full(len(came), np.clip(before.mean(), 0.5 / len(came), 1 - 0.5 / len(came)))
    last = duckdb.connect()
    last.register("bought", bought)
    recency = last.sql(
        f"select max(bought_on) - date '{cut_on}' as ago from bought where bought_on < '{cut_on}' group by person_id order by person_id"
    ).fetchnumpy()["ago"]
    return {
        "auc": auc(came, said) or np.nan,
        "recency": auc(came, np.asarray(recency, dtype=float)) or np.nan,
        "loss": log_loss(came, said),
        "share": log_loss(came, share),
        "error": calibration_error(came, said),
        "chance": chance_calibration_error(said),
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--online-retail")
    parser.add_argument("--cdnow")
    given = parser.parse_args()
    shops = [
        ("Complete Journey", complete_journey(), date(2017, 10, 1)),
        (
            "Online Retail",
            online_retail(given.online_retail) if given.online_retail else None,
            date(2011, 6, 8),
        ),
        ("CDNOW", cdnow(given.cdnow), date(1997, 10, 1)),
    ]
    print(
        f"{'shop':18}{'people':>7}{'said':>6}{'AUC':>7}{'recency':>9}{'log-loss':>10}{'share':>8}{'better':>8}{'error':>8}{'chance':>8}"
    )
    for name, query, cut_on in shops:
        if query is None:
            print(f"{name}: its data are not there")
            continue
        bought = purchases(query)
        for size in SIZES:
            found = [
                tried(drawn(bought, cut_on=cut_on, size=size, seed=seed), cut_on=cut_on, seed=0)
                for seed in range(given.draws)
            ]
            kept = [one for one in found if one is not None]
            mean = {key: float(np.nanmean([one[key] for one in kept])) for key in kept[0]} if kept else {}
            better = np.mean([one["loss"] < one["share"] for one in kept]) if kept else np.nan
            row = "".join(
                f"{mean.get(key, np.nan):{width}}"
                for key, width in (("auc", "7.3f"), ("recency", "9.3f"), ("loss", "10.4f"), ("share", "8.4f"))
            )
            row += f"{better:8.0%}{mean.get('error', np.nan):8.3f}{mean.get('chance', np.nan):8.3f}"
            print(f"{name:18}{size:7,}{len(kept) / len(found):6.0%}{row}", flush=True)


if __name__ == "__main__":
    main()
