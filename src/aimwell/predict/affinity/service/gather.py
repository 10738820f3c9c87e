"""Gathers baskets into the bounded summaries of one moment: catalogue, counts, pairs, and a sample of people."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from scipy import sparse

from aimwell.base.lottery import LOTS, Lottery
from aimwell.people.model import Facts
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.affinity.ease import ease, related
from aimwell.predict.affinity.histories import Histories, unpacked
from aimwell.predict.affinity.tables import baskets
from aimwell.predict.affinity.world import NO_CATEGORY, Catalogue, Counts, World
from aimwell.storage.engines import Engine

__all__ = [
    "MAX_SAMPLE",
    "Source",
    "code_table",
    "data_hash",
    "gather_catalogue",
    "gather_sample",
    "gather_world",
]

MAX_BOUGHT, MAX_NEW = 30_000, 2_000  # products of a catalogue
MAX_RELATED = (
    4_000  # products between which relations are learned: 64 MB as a matrix, a few seconds to invert
)
N_RELATED_KEPT = 50
# Beyond so many pairs of products of a person, and so many products of people, a lot decides who is counted: a few seconds, 300 MB.
MAX_PAIRS, MAX_BOUGHT_LINES = 100_000_000, 10_000_000
MAX_SAMPLE = 3_000  # people from whom the ranker learns, and on whom it is tested
_LOTTERY = Lottery.of("affinity", purpose="sample")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data of one piece of work come from.

    Attributes
    ----------
    facts, engine
        The shop's facts, and what runs their expressions.
    margin_floor
        Products with a smaller known margin rate are not shown; None: no floor.
    not_shown
        Products that may not be recommended.
    """

    facts: Facts
    engine: Engine
    margin_floor: float | None = None
    not_shown: Collection[str] = ()

    @contextmanager
    def lines(self, as_of: datetime) -> Iterator[ir.Table]:
        """Hold everybody's lines before a moment, computed once."""
        bought = baskets.purchases(self.facts, end=as_of)
        with self.engine.stage(baskets.turns(bought, as_of=as_of)) as staged:
            yield staged

    @contextmanager
    def lines_around(self, cut: datetime, until: datetime) -> Iterator[ir.Table]:
        """Hold everybody's lines before a cut, and as turn 0 their next basket before `until`."""
        bought = baskets.purchases(self.facts, end=until)
        with self.engine.stage(baskets.turns_around(bought, cut=cut, until=until)) as staged:
            yield staged


def gather_catalogue(lines: ir.Table, *, source: Source) -> Catalogue:
    """Return the catalogue of these lines: at most 30,000 bought products and 2,000 new ones."""
    counts = baskets.counts_of_products(lines)
    rows = source.engine.arrow(
        baskets.described_products(
            counts, source.facts.products, depth=CATEGORY_DEPTH, n_bought=MAX_BOUGHT, n_new=MAX_NEW
        )
    )
    names = rows["category"].to_pylist()
    categories = sorted({name for name in names if name})
    place = {name: k for k, name in enumerate(categories)}
    product_ids = rows["product_id"].to_pylist()
    return Catalogue(
        product_ids=product_ids,
        category=np.array([place.get(name, NO_CATEGORY) for name in names], dtype=np.int64),
        categories=categories,
        may_show=_may_show(rows, source=source),
    )


def _may_show(rows: pa.Table, *, source: Source) -> np.ndarray:
    """Say which products may be recommended; an unknown stock or margin (NaN) speaks against none."""
    stock = rows["stock"].to_numpy().astype(float)
    margin_rate = rows["margin_rate"].to_numpy().astype(float)
    may = ~(stock <= 0)
    if source.margin_floor is not None:
        may &= ~(margin_rate < source.margin_floor)
    return np.asarray(may & ~np.isin(rows["product_id"].to_pylist(), list(source.not_shown) or [""]))


def code_table(catalogue: Catalogue, *, n_first: int | None = None) -> ir.Table:
    """Return product_id and code of all products, or of the first ones."""
    ids = list(catalogue.product_ids[:n_first])
    columns = {"product_id": pa.array(ids, pa.string()), "code": pa.array(range(len(ids)), pa.int64())}
    return ibis.memtable(pa.table(columns))


def gather_world(lines: ir.Table, catalogue: Catalogue, *, engine: Engine) -> World:
    """Return what these lines say of a catalogue's products, and which go together."""
    counts = _counts(lines, catalogue, engine=engine)
    first = lines.inner_join(code_table(catalogue, n_first=MAX_RELATED), "product_id")
    with engine.stage(first.select("person_id", "code").distinct()) as bought:
        gram, n_people = _gram(bought, n_items=min(MAX_RELATED, len(catalogue.product_ids)), engine=engine)
    relations = related(ease(gram, n_people=n_people), n_kept=N_RELATED_KEPT)
    return World.of(catalogue, counts, relations)


def _counts(lines: ir.Table, catalogue: Catalogue, *, engine: Engine) -> Counts:
    counted = baskets.counts_of_products(lines).inner_join(code_table(catalogue), "product_id")
    rows = engine.arrow(counted)
    code = rows["code"].to_numpy()
    totals = engine.rows(
        lines.select("person_id", "turn", "days")
        .distinct()
        .agg(
            n_people=lambda t: t.person_id.nunique(),
            all_recent=lambda t: t.count(where=t.days <= baskets.RECENT_DAYS),
            all_season=lambda t: t.count(where=(t.days > 365 - baskets.RECENT_DAYS) & (t.days <= 365)),
        )
    )[0]

    def numbered(name: str) -> np.ndarray:
        values = np.zeros(len(catalogue.product_ids))
        values[code] = rows[name].to_numpy()
        return values

    return Counts(
        n_buyers=numbered("n_buyers"),
        n_baskets=numbered("n_baskets"),
        n_recent=numbered("n_recent"),
        n_season=numbered("n_season"),
        n_people=float(totals["n_people"]),
        all_recent=float(totals["all_recent"]),
        all_season=float(totals["all_season"]),
    )


def _gram(bought: ir.Table, *, n_items: int, engine: Engine) -> tuple[np.ndarray, int]:
    """Return the Gram matrix (n_items, n_items) float32 of people by product, and how many people were counted."""
    sizes = bought.group_by("person_id").agg(n=bought.count())
    totals = {"n_pairs": (sizes.n * (sizes.n + 1) / 2).sum(), "n_lines": sizes.n.sum()}
    total = engine.rows(sizes.agg(**totals))[0]
    share = min(1.0, MAX_PAIRS / (total["n_pairs"] or 1.0), MAX_BOUGHT_LINES / (total["n_lines"] or 1.0))
    rows = engine.arrow(bought if share == 1.0 else _drawn(bought, share=share))
    people, row = np.unique(rows["person_id"].to_numpy(), return_inverse=True)
    # a sparse product takes an eighth of the time of a join and count in the engine
    ones = np.ones(len(row), dtype=np.float32)
    matrix = sparse.csr_array((ones, (row, rows["code"].to_numpy())), shape=(len(people), n_items))
    return (matrix.T @ matrix).toarray(), len(people)


def gather_sample(lines: ir.Table, catalogue: Catalogue, *, engine: Engine) -> Histories:
    """Return the histories of at most about `MAX_SAMPLE` people with two baskets or more, drawn by lot."""
    able = lines.group_by("person_id").agg(n=lines.turn.nunique())
    able = able.filter(able.n >= 2).select("person_id")
    n_able = engine.rows(able.agg(n=able.count()))[0]["n"]
    if n_able > MAX_SAMPLE:
        able = _drawn(able, share=MAX_SAMPLE / n_able)
    kept = baskets.coded(lines.semi_join(able, "person_id"), code_table(catalogue))
    rows = engine.arrow(baskets.packed(kept).order_by("person_id"))
    lists = rows["lines"].combine_chunks()
    lines_, lengths = lists.flatten().to_numpy(), lists.value_lengths().to_numpy()
    # the order within a list is the engine's own and must not matter
    order = np.lexsort((lines_, np.repeat(np.arange(len(lengths)), lengths)))
    return unpacked(lines_[order], lengths)


def data_hash(world: World, sample: Histories) -> str:
    """Return the SHA-256 of what a model is learned from."""
    digest = hashlib.sha256("\n".join(world.catalogue.product_ids).encode())
    for part in (world.buyer_rate, world.recent_rate, world.relations.data, sample.code, sample.days):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _drawn(rows: ir.Table, *, share: float) -> ir.Table:
    """Return the rows of people drawn by lot, the same ones each time."""
    return rows.filter(_LOTTERY.lot(rows.person_id) < round(share * LOTS))
