"""Gathers daily sales into the panel that demand is fitted on and scored from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from aimwell.base.clock import local_time
from aimwell.people.service import read_facts
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.tables.sales import channel_days, pooled_days, segment_days, sold_lines
from aimwell.predict.demand.told.promotions import Promotion, promotion_days
from aimwell.predict.demand.told.stockouts import Stockout, closed_days, stockout_days
from aimwell.storage.lake.lake import Lake

__all__ = ["MAX_CATEGORIES", "MAX_DAYS", "MAX_PRODUCTS", "Source", "gather", "shares"]

MAX_PRODUCTS = 2_000
MAX_CATEGORIES = 200
MAX_DAYS = 1_096  # with the above at most 2.4 million rows, whatever the number of people and orders
_RECENT_DAYS = 182
_SHARE_DAYS = 56
_MAX_KEYS = 50
_THOUSAND = 1000.0  # units are summed as whole thousandths


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data of one piece of work come from.

    Attributes
    ----------
    lake
        The shop's facts.
    as_of
        Only lines before this moment; naive UTC. The local day under way then is left out.
    time_zone, category_depth, max_products
        The shop's zone; steps of the category path that make a category; how many products have a series of their own.
    promotions
        Past and planned ones.
    stockouts
        Days without stock, and closed days of the whole shop; their sales are filled by what was usual.
    known_at
        What Aimwell knew at this moment; None: now.
    """

    lake: Lake
    as_of: datetime
    time_zone: str
    category_depth: int
    max_products: int
    promotions: Sequence[Promotion] = ()
    stockouts: Sequence[Stockout] = ()
    known_at: datetime | None = None

    @property
    def until_on(self) -> date:
        """The first local day that counts as the future."""
        return local_time(self.as_of, self.time_zone).date()

    def lines(self, days: int) -> ir.Table:
        """Return the lines of so many days before."""
        return sold_lines(
            read_facts(lake=self.lake, known_at=self.known_at),
            as_of=self.as_of,
            from_on=self.until_on - timedelta(days=days),
            until_on=self.until_on,
            category_depth=self.category_depth,
        )


def gather(source: Source, *, horizon_days: int, kinds: Sequence[str] | None = None) -> Panel:
    """Return daily sales from the first sale to the day before `as_of`.

    The bound: `max_products` products of most recent sales and `MAX_CATEGORIES` pools, times `MAX_DAYS` days.

    Parameters
    ----------
    source
        The data.
    horizon_days
        Days ahead for which promotions and closed days are wanted.
    kinds
        Kinds of promotions that are wanted; None: all.
    """
    table = pooled_days(
        source.lines(MAX_DAYS),
        max_products=source.max_products,
        max_categories=MAX_CATEGORIES,
        recent_from=source.until_on - timedelta(days=_RECENT_DAYS),
    )
    rows = source.lake.engine.arrow(table.order_by("category", "key", "day_on"))
    wanted = sorted({one.kind for one in source.promotions}) if kinds is None else list(kinds)
    panel = _panel(rows, source=source, kinds=wanted, horizon_days=horizon_days)
    is_out = stockout_days(source.stockouts, keys=panel.keys, first_on=panel.first_on, n_days=panel.n_days)
    return panel.uncensored(is_out)


def shares(source: Source, *, segments: ir.Table | None) -> dict[str, dict[str, tuple[float, float]]]:
    """Return per level "channel" and "segment" each key's share of units and of sales over the last eight weeks.

    At most 50 keys a level; smaller ones become "". Shares sum to 1.
    """
    lines = source.lines(_SHARE_DAYS)
    engine = source.lake.engine
    found = {}
    for level, table in (("channel", channel_days(lines)), ("segment", segment_days(lines, segments))):
        rows = sorted(engine.rows(table), key=lambda row: (-row["units"], row["key"]))
        units, net = sum(row["units"] for row in rows), sum(row["net_minor"] for row in rows)
        kept: dict[str, tuple[float, float]] = {}
        for number, row in enumerate(rows):
            key = row["key"] if number < _MAX_KEYS else ""
            share = row["units"] / units, row["net_minor"] / net if net else 0.0
            before = kept.get(key, (0.0, 0.0))
            kept[key] = (before[0] + share[0], before[1] + share[1])
        found[level] = kept
    return found


def _panel(rows: pa.Table, *, source: Source, kinds: Sequence[str], horizon_days: int) -> Panel:
    names = list(zip(rows["key"].to_pylist(), rows["category"].to_pylist(), strict=True))
    series = {name: number for number, name in enumerate(dict.fromkeys(names))}
    until = np.datetime64(source.until_on, "D")
    days = np.array(rows["day_on"].to_pylist(), dtype="datetime64[D]")
    first = days.min() if len(days) else until
    column = (days - first).astype(np.int64)
    place = np.array([series[name] for name in names], dtype=np.int64)
    n_days = int((until - first).astype(np.int64))
    keys = tuple(key for key, _ in series)

    def filled(name: str) -> Array:
        table = np.zeros((len(series), n_days))
        table[place, column] = rows[name].to_numpy()
        return table

    first_on: date = first.astype(object)
    return Panel(
        keys=keys,
        categories=tuple(category for _, category in series),
        units=filled("units") / _THOUSAND,
        net_minor=filled("net_minor"),
        buyers=filled("buyers"),
        first_buyers=filled("first_buyers"),
        first_on=first_on,
        promotion=promotion_days(
            source.promotions, keys=keys, kinds=kinds, first_on=first_on, n_days=n_days + horizon_days
        ),
        promotion_kinds=tuple(kinds),
        closed=closed_days(source.stockouts, first_on=first_on, n_days=n_days + horizon_days),
    )
